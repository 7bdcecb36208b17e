"""Imports that strangers made up: refused row by row or as a whole, in bounded time and memory."""

from __future__ import annotations

import json
import resource
from contextlib import suppress
from pathlib import Path

import pytest

from datacheck.errors import RelabelError
from datacheck.relabel.formats import FORMATS, import_answers
from datacheck.relabel.formats.reading import json_items
from datacheck.relabel.queue import RelabelQueue


def annotated(sample_id: object, choice: object, number: object = 1) -> dict[str, object]:
    value = {"choices": [choice]}
    result = [{"from_name": "label", "to_name": "image", "type": "choices", "value": value}]
    return {
        "data": {"datacheck_id": sample_id},
        "annotations": [{"id": number, "completed_by": 1, "was_cancelled": False, "result": result}],
    }


def test_one_bad_row_costs_one_row(queue: RelabelQueue, tmp_path: Path) -> None:
    good = queue.sample_ids[0]
    entries = [
        annotated("../../etc/passwd", "bird", 1),
        annotated(good, "bird", 2),
        annotated(good, "<script>alert(1)</script>", 3),
        annotated(good, {"$ne": 1}, 4),
        annotated({"a": 1}, "bird", 5),
        annotated("\ud800", "bird", 6),
        annotated(good, "bird", "x"),
        "text",
        {"data": None, "annotations": None},
        {"data": {"datacheck_id": good}, "annotations": [None, 5, []]},
        annotated(good, "<img src=x onerror=alert(1)>", 7),
    ]
    path = tmp_path / "export.json"
    path.write_text(json.dumps(entries))
    answers, refusals = import_answers(path, queue, "label-studio")
    assert answers.table["label"].to_pylist() == ["bird", "<img src=x onerror=alert(1)>"]
    reasons = [refusal.reason for refusal in refusals]
    assert len(reasons) == 10
    assert str(refusals[0]) == "entry 1, sample '../../etc/passwd': the sample is not in the queue"
    assert reasons[1].startswith("label '<script>alert(1)</script>' is not among the 7 classes")
    assert reasons[2] == "expected a class name, found {'$ne': 1}"
    assert any("export as JSON" in reason for reason in reasons)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 100,
        b"{",
        b"[",
        b"[1, 2",
        b'[{"a": ',
        b"\xff\xfe",
        b"<a>",
        b"null",
        b"[]x",
        b"a,b\n1,2\n",
        b"[1e999999]",
    ],
    ids=lambda content: repr(content[:8]),
)
def test_no_file_passes_for_answers(name: str, content: bytes, queue: RelabelQueue, tmp_path: Path) -> None:
    path = tmp_path / "export"
    path.write_bytes(content)
    answers = None
    with suppress(RelabelError):
        answers, _ = import_answers(path, queue, name)
    assert answers is None or len(answers) == 0


@pytest.mark.parametrize("name", FORMATS)
def test_missing_files_and_folders_are_said(name: str, queue: RelabelQueue, tmp_path: Path) -> None:
    with pytest.raises(RelabelError, match="found nothing"):
        import_answers(tmp_path / "nowhere", queue, name)
    with pytest.raises(RelabelError, match=r"found a folder|found none"):
        import_answers(tmp_path, queue, name)


@pytest.mark.parametrize("name", ["label-studio", "argilla", "prodigy", "labelbox"])
def test_deep_nesting_is_refused(name: str, queue: RelabelQueue, tmp_path: Path) -> None:
    path = tmp_path / "deep.json"
    for depth in (100, 100_000):
        path.write_text(
            "[" + "[" * depth + "]" * depth + "]" if name in {"label-studio", "argilla"} else "[" * depth + "]" * depth
        )
        with pytest.raises(RelabelError, match="nested deeper than 64"):
            import_answers(path, queue, name)


def test_entities_in_xml_are_refused(queue: RelabelQueue, tmp_path: Path) -> None:
    path = tmp_path / "laughs.xml"
    path.write_text(
        '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;">]><annotations>&y;</annotations>'
    )
    with pytest.raises(RelabelError, match="declares a document type"):
        import_answers(path, queue, "cvat")
    path.write_text('<annotations><image name="../../etc/passwd"><tag label="bird"/></image></annotations>')
    answers, refusals = import_answers(path, queue, "cvat")
    assert len(answers) == 0
    assert str(refusals[0]) == "image '../../etc/passwd': the image is not in the queue"
    path.write_text("<annotations>" + "<a>" * 100 + "</a>" * 100 + "</annotations>")
    with pytest.raises(RelabelError, match="nested deeper than 64"):
        import_answers(path, queue, "cvat")


@pytest.mark.parametrize(("source", "n_answers"), [("auto", 0), ("semi-auto", 0), ("file", 0), ("manual", 1), ("", 1)])
def test_only_tags_that_people_set_are_answers_in_cvat(
    source: str, n_answers: int, queue: RelabelQueue, tmp_path: Path
) -> None:
    name = str(queue.table["uri"][0])
    path = tmp_path / "cvat.xml"
    path.write_text(f'<annotations><image name="{name}"><tag label="bird" source="{source}"/></image></annotations>')
    answers, refusals = import_answers(path, queue, "cvat")
    assert (len(answers), refusals) == (n_answers, [])


def test_a_hundred_megabytes_stream(tmp_path: Path) -> None:
    path = tmp_path / "big.json"
    entry = json.dumps({"data": {"datacheck_id": "x", "pad": "p" * 2000}, "annotations": []})
    with path.open("w") as file:
        file.write("[" + entry)
        for _ in range(50_000):
            file.write("," + entry)
        file.write("]")
    assert path.stat().st_size > 100 * 10**6
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert sum(1 for _ in json_items(path)) == 50_001
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024


@pytest.mark.parametrize("start", ['[{"data": "', "[[1,", '[{"a": 1} {'])
def test_a_hundred_megabytes_that_never_end_are_given_up(start: str, tmp_path: Path) -> None:
    path = tmp_path / "endless.json"
    with path.open("w") as file:
        file.write(start)
        for _ in range(100):
            file.write("1," * 500_000)
    with pytest.raises(RelabelError, match=r"does not end within|expected ',' or ']'"):
        for _ in json_items(path):
            pass


def test_a_line_without_end_is_given_up(queue: RelabelQueue, tmp_path: Path) -> None:
    path = tmp_path / "endless.jsonl"
    path.write_bytes(b'{"a": "' + b"x" * (40 * 2**20))
    with pytest.raises(RelabelError, match="line 1: longer than"):
        import_answers(path, queue, "prodigy")
