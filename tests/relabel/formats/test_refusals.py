"""A refusal names the entry as the annotation tool does, the sample, and the fault; an empty export is no success."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from datacheck.relabel.formats import import_answers
from datacheck.relabel.queue import RelabelQueue


def label_studio(sample_id: str, result: list[dict[str, Any]]) -> str:
    annotation = {"id": 7, "completed_by": 1, "was_cancelled": False, "result": result}
    return json.dumps([{"id": 12, "data": {"datacheck_id": sample_id}, "annotations": [annotation]}])


def labelbox(sample_id: str, name: str, answer: dict[str, Any]) -> str:
    label = {"id": "cl9", "label_details": {"created_by": "ann"},
             "annotations": {"classifications": [{"name": name, **answer}]}}  # fmt: skip
    return json.dumps({"data_row": {"global_key": sample_id}, "projects": {"p": {"labels": [label]}}}) + "\n"


def choices(control: str, *words: str) -> dict[str, Any]:
    return {"from_name": control, "to_name": "image", "type": "choices", "value": {"choices": list(words)}}


NO_CONFIG = "use the labelling config that datacheck wrote"
CASES: dict[str, tuple[str, Any, str]] = {
    "another control": (
        "label-studio", lambda s: label_studio(s, [choices("kind", "bird")]),
        f"task 12, sample SAMPLE: its result is of the control 'kind', expected 'label': {NO_CONFIG}"),
    "nothing chosen": (
        "label-studio", lambda s: label_studio(s, []),
        "task 12, sample SAMPLE: the annotation was submitted without a choice"),
    "two classes": (
        "label-studio", lambda s: label_studio(s, [choices("label", "bird", "cat")]),
        "task 12, sample SAMPLE: expected one class, found 2: 'bird' and 'cat'"),
    "a class and no class": (
        "label-studio", lambda s: label_studio(s, [choices("label", "bird"), choices("no_class", "ambiguous")]),
        "task 12, sample SAMPLE: expected a class or one of 'none of these' and 'ambiguous', "
        "found 'bird' and 'ambiguous'"),
    "another classification": (
        "labelbox", lambda s: labelbox(s, "kind", {"radio_answer": {"name": "bird"}}),
        "label cl9, sample SAMPLE: it has the classification 'kind', expected 'label': name it so in the ontology"),
    "no classification": (
        "labelbox", lambda s: labelbox(s, "label", {}),
        "label cl9, sample SAMPLE: the classification 'label' has no answer"),
    "another question": (
        "argilla", lambda s: json.dumps([{"id": s, "responses": {"kind": [{"value": "bird", "user_id": "u"}]}}]),
        "record SAMPLE, sample SAMPLE: it has responses to 'kind', expected the question 'label': name it so in the "
        "settings"),
    "accepted nothing": (
        "prodigy", lambda s: json.dumps({"datacheck_id": s, "answer": "accept", "accept": []}) + "\n",
        "task of SAMPLE, sample SAMPLE: it was accepted without an option"),
    "another answer": (
        "prodigy", lambda s: json.dumps({"datacheck_id": s, "answer": "maybe"}) + "\n",
        "task of SAMPLE, sample SAMPLE: expected the answer accept, reject or ignore, found 'maybe'"),
    "another word": (
        "csv", lambda s: f"sample_id,answer\n{s},perhaps\n",
        "row 1, sample SAMPLE: expected an answer among label, skip, none-of-these, ambiguous, found 'perhaps'"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_refusal_names_entry_sample_and_fault(name: str, queue: RelabelQueue, tmp_path: Path) -> None:
    tool, make, message = CASES[name]
    sample_id = queue.sample_ids[0]
    path = tmp_path / "export"
    path.write_text(make(sample_id))
    answers, refusals = import_answers(path, queue, tool)
    assert len(answers) == 0
    assert [str(refusal) for refusal in refusals] == [message.replace("SAMPLE", repr(sample_id))]


def test_shapes_in_cvat_are_named(queue: RelabelQueue, tmp_path: Path) -> None:
    name = str(queue.table["uri"][0])
    path = tmp_path / "cvat.xml"
    path.write_text(
        f'<annotations><image name="{name}"><box label="bird"/></image><image name="{name}"/></annotations>'
    )
    _, refusals = import_answers(path, queue, "cvat")
    sample_id = queue.sample_ids[0]
    message = f"image {name!r}, sample {sample_id!r}: it has <box>, but no <tag>: label images with tags"
    assert [str(refusal) for refusal in refusals] == [message]
