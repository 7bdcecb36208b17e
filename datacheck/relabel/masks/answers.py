"""Answers of people about masks: what they say of pixels, one row a region and submission, from any tool."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

import numpy as np
import pyarrow as pa

from datacheck.annotations.runs import region_of, runs_of
from datacheck.errors import did_you_mean
from datacheck.relabel.answers import Refusal
from datacheck.relabel.masks.images import MaskImage
from datacheck.relabel.masks.queue import MaskQueue, asked_region, concerned, patches_of
from datacheck.relabel.submissions import Row, RowFile, Submissions, accept_submissions, why_no_answer

VERSION = 1
"""Version of ``masks/answers.parquet``."""


class MaskAnswer(StrEnum):
    """What a person says of pixels."""

    ACCEPT = "accept"
    PAINT = "paint"
    UNSURE = "unsure"
    SKIP = "skip"


class Verdict(StrEnum):
    """What a person says of a question; each becomes rows of `MaskAnswer`."""

    GIVEN = "given"
    SUGGESTED = "suggested"
    CLASS = "class"
    UNSURE = "unsure"
    SKIP = "skip"


MASK_ANSWERS_SCHEMA = pa.schema(
    [
        pa.field("answer_id", pa.string(), nullable=False),
        pa.field("submission", pa.string(), nullable=False),
        pa.field("sample_id", pa.string(), nullable=False),
        pa.field("question", pa.int64()),
        pa.field("annotator", pa.string(), nullable=False),
        pa.field("answer", pa.string(), nullable=False),
        pa.field("label", pa.string()),
        pa.field("runs", pa.list_(pa.int64())),
        pa.field("answered_at", pa.string()),
        pa.field("seconds", pa.float32()),
        pa.field("tool", pa.string(), nullable=False),
        pa.field("comment", pa.string()),
    ]
)
"""Columns of ``masks/answers.parquet``.

``answer`` is ``accept`` (the pixels of ``runs`` are right as the mask has them; null: all of the image), ``paint``
(they are of the class ``label``), ``unsure`` or ``skip`` (nothing is said of them). Rows of one submission count in
their order: a later one paints over an earlier one. ``runs`` are run lengths as COCO has them. ``question`` is that of
the queue, null where somebody drew by themselves. ``answered_at`` is ISO 8601.
"""


class MaskAnswers(Submissions):
    """Answers about the masks of one dataset: ``masks/answers.parquet``."""

    FILE = RowFile("datacheck.mask_answers", "answers about masks", MASK_ANSWERS_SCHEMA, VERSION)


def rows_of_verdict(
    queue_row: Row, verdict: Verdict, label: str | None, about: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return the rows of an answer to a question.

    Parameters
    ----------
    queue_row
        The question.
    verdict, label
        What somebody said; the class where the verdict is ``class``.
    about
        ``submission``, ``annotator`` and the other columns that all the rows share.
    """
    shared = {**about, "sample_id": queue_row["sample_id"], "question": queue_row["question"]}
    name = about.get("submission", "")
    if verdict in (Verdict.UNSURE, Verdict.SKIP):
        return [{**shared, "answer_id": f"{name}:0", "answer": MaskAnswer(verdict.value).value}]
    if verdict is Verdict.GIVEN:
        runs = None if queue_row["kind"] == "random" else runs_of(concerned(queue_row))
        return [{**shared, "answer_id": f"{name}:0", "answer": MaskAnswer.ACCEPT.value, "runs": runs}]
    painted = [(label, asked_region(queue_row))] if verdict is Verdict.CLASS else patches_of(queue_row)
    if not painted or not any(region.any() for _, region in painted):
        return [{**shared, "answer_id": f"{name}:0", "problem": "the question has no region to change"}]
    rows = [
        {**shared, "answer_id": f"{name}:{k}", "answer": MaskAnswer.PAINT.value, "label": each, "runs": runs_of(region)}
        for k, (each, region) in enumerate(painted, start=1)
    ]
    keep = {
        **shared,
        "answer_id": f"{name}:0",
        "answer": MaskAnswer.ACCEPT.value,
        "runs": runs_of(concerned(queue_row)),
    }
    return [keep, *rows]


def accept_masks(rows: Iterable[Mapping[str, Any]], queue: MaskQueue) -> tuple[MaskAnswers, list[Refusal]]:
    """Check the rows of an import against the queue that they are about.

    Parameters
    ----------
    rows
        Dictionaries with the columns of `MASK_ANSWERS_SCHEMA`. Besides: ``problem``, why a row is no answer,
        ``dataset``, the identity of the dataset that it belongs to, and ``where``, how the tool names it.
    queue
        The questions.

    Returns
    -------
    answers, refusals
        What is sound, and each row that is not with its reason. A submission with a refused row is refused whole.
    """
    taken, refusals = accept_submissions(rows, lambda row: _why_refused(row, queue))
    return MaskAnswers.from_rows(taken, queue.identity), refusals


def _why_refused(row: Mapping[str, Any], queue: MaskQueue) -> str | None:
    reason = why_no_answer(row, queue.identity)
    if reason is not None:
        return reason
    image = queue.images.images.get(row["sample_id"])
    if image is None:
        return "the image is not in the queue"
    try:
        answer = MaskAnswer(row["answer"])
    except ValueError:
        return f"expected an answer among {', '.join(MaskAnswer)}, found {row['answer']!r:.80}"
    label, runs = row.get("label"), row.get("runs")
    if (label is not None) != (answer is MaskAnswer.PAINT):
        return f"expected {'a' if answer is MaskAnswer.PAINT else 'no'} class with the answer {answer.value}"
    if label is not None and label not in queue.classes:
        hint = did_you_mean(str(label)[:100], queue.classes)
        return f"class {label!r:.80} is not among the {len(queue.classes)} classes{hint}"
    if runs is None:
        return "expected the pixels that are painted" if answer is MaskAnswer.PAINT else None
    return _why_no_runs(runs, image)


def _why_no_runs(runs: Any, image: MaskImage) -> str | None:
    whole = isinstance(runs, list) and all(isinstance(one, int) and not isinstance(one, bool) for one in runs)
    try:
        if whole and len(runs) <= image.width * image.height + 1:
            region_of(np.asarray(runs, dtype=np.int64).tolist(), image.height, image.width)
            return None
    except (ValueError, OverflowError) as error:
        return str(error)
    return f"expected run lengths of {image.width} x {image.height} pixels, found {runs!r:.60}"
