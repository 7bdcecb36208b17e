"""Answers of people about boxes: one row a box and submission, from any tool."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

import pyarrow as pa

from datacheck.errors import did_you_mean
from datacheck.relabel.answers import Refusal
from datacheck.relabel.boxes.images import BoxImage, BoxImages
from datacheck.relabel.boxes.outlines import FEWEST, bounds, crosses_itself
from datacheck.relabel.submissions import RowFile, Submissions, accept_submissions, why_no_answer

VERSION = 2
"""Version of ``boxes/answers.parquet``: 2 added the outlines of polygons."""

SIDES = ("left", "top", "right", "bottom")

LEAST_SIDE = 1.0
"""Pixels that both sides of a box need: files of whole pixels cannot hold less."""


_ROUNDED = 0.01
"""Pixels by which the box around an outline may differ from the given one."""


class BoxAnswer(StrEnum):
    """What a person says of a box."""

    ACCEPT = "accept"
    DELETE = "delete"
    CHANGE = "change"
    ADD = "add"
    SKIP = "skip"


BOX_ANSWERS_SCHEMA = pa.schema(
    [
        pa.field("answer_id", pa.string(), nullable=False),
        pa.field("submission", pa.string(), nullable=False),
        pa.field("sample_id", pa.string(), nullable=False),
        pa.field("annotation_id", pa.int64()),
        pa.field("annotator", pa.string(), nullable=False),
        pa.field("answer", pa.string(), nullable=False),
        pa.field("label", pa.string()),
        *(pa.field(side, pa.float64()) for side in SIDES),
        pa.field("points", pa.list_(pa.float64())),
        pa.field("answered_at", pa.string()),
        pa.field("seconds", pa.float32()),
        pa.field("tool", pa.string(), nullable=False),
        pa.field("comment", pa.string()),
    ]
)
"""Columns of ``boxes/answers.parquet``.

``submission`` names one person's answer to one image in its tool: a later import of it replaces all its rows.
``annotation_id`` names the box as in `datacheck.relabel.boxes.images.KnownBox`, null for a box that is added, for a
skipped image, and where an image without boxes is right as it is. ``answer`` is ``accept`` (the box is right),
``delete``, ``change`` (``label`` is the new class, ``left`` to ``bottom`` the new box in pixels; null where it stays),
``add`` (both are given) or ``skip`` (no answer to the image). ``points`` is the new outline of a polygon, x and y in
turn, beside the box around it; null where only the box is new. A box that a submission does not name was seen and left
as it is. ``answered_at`` is ISO 8601.
"""


class BoxAnswers(Submissions):
    """Answers about the boxes of one dataset: ``boxes/answers.parquet``."""

    FILE = RowFile("datacheck.box_answers", "answers about boxes", BOX_ANSWERS_SCHEMA, VERSION)


def accept_boxes(rows: Iterable[Mapping[str, Any]], images: BoxImages) -> tuple[BoxAnswers, list[Refusal]]:
    """Check the rows of an import against the images that they are about.

    Parameters
    ----------
    rows
        Dictionaries with the columns of `BOX_ANSWERS_SCHEMA`. Besides: ``problem``, why a row is no answer,
        ``dataset``, the identity of the dataset that it belongs to, and ``where``, how the tool names it.
    images
        The images that may be answered.

    Returns
    -------
    answers, refusals
        What is sound, and each row that is not with its reason. A submission with a refused row is refused whole: a
        part of it would say that its other boxes are right.
    """
    taken, refusals = accept_submissions(rows, lambda row: _why_refused(row, images))
    return BoxAnswers.from_rows(taken, images.identity), refusals


def _why_refused(row: Mapping[str, Any], images: BoxImages) -> str | None:
    reason = why_no_answer(row, images.identity)
    if reason is not None:
        return reason
    image = images.images.get(row["sample_id"])
    if image is None:
        return "the image is not in the queue"
    try:
        answer = BoxAnswer(row["answer"])
    except ValueError:
        return f"expected an answer among {', '.join(BoxAnswer)}, found {row['answer']!r:.80}"
    return _why_box_refused(row, answer, image, images.classes)


def _why_box_refused(
    row: Mapping[str, Any], answer: BoxAnswer, image: BoxImage, classes: tuple[str, ...]
) -> str | None:
    number, label = row.get("annotation_id"), row.get("label")
    if answer in (BoxAnswer.ADD, BoxAnswer.SKIP) or (answer is BoxAnswer.ACCEPT and number is None):
        if number is not None:
            return f"expected no annotation_id with the answer {answer.value}, found {number!r}"
    elif not isinstance(number, int) or image.box(number) is None:
        n_same = sum(each.annotation_id == number for each in image.boxes)
        if n_same > 1:
            return f"annotation {number} is there {n_same} times in this image: give each its own id"
        return f"expected the annotation_id of a box of this image, found {number!r:.40}"
    if label is not None and label not in classes:
        hint = did_you_mean(str(label)[:100], classes)
        return f"class {label!r:.80} is not among the {len(classes)} classes{hint}"
    sides = [row.get(side) for side in SIDES]
    given = [side for side in sides if side is not None]
    if answer is BoxAnswer.ADD and (label is None or not given):
        return "expected a class and a box with the answer add"
    if answer is BoxAnswer.CHANGE and label is None and not given:
        return "expected a class or a box with the answer change, found neither"
    if answer not in (BoxAnswer.ADD, BoxAnswer.CHANGE) and (label is not None or given):
        return f"expected neither class nor box with the answer {answer.value}"
    points = row.get("points")
    if points is not None and not given:
        return "expected a box around the points"
    if points is not None and (why := _why_outline_refused(points, sides)):
        return why
    return _why_place_refused(sides, image) if given else None


def _why_outline_refused(points: Any, sides: list[Any]) -> str | None:
    whole = isinstance(points, list | tuple) and len(points) >= 2 * FEWEST and len(points) % 2 == 0
    if not whole or any(not isinstance(side, int | float) or not math.isfinite(side) for side in points):
        return f"expected x and y of at least {FEWEST} corners in pixels, found {points!r:.80}"
    if crosses_itself(points):
        return "two edges of the polygon cross each other"
    near = all(abs(one - two) < _ROUNDED for one, two in zip(bounds(points), sides, strict=True) if two is not None)
    return None if near else "expected left to bottom of the box around the points"


def _why_place_refused(sides: list[Any], image: BoxImage) -> str | None:
    if any(isinstance(side, bool) or not isinstance(side, int | float) or not math.isfinite(side) for side in sides):
        return f"expected left, top, right and bottom in pixels, found {sides!r:.80}"
    left, top, right, bottom = sides
    if image.width and image.height:
        left, right = max(left, 0.0), min(right, float(image.width))
        top, bottom = max(top, 0.0), min(bottom, float(image.height))
    if right - left < LEAST_SIDE or bottom - top < LEAST_SIDE:
        return f"expected a box of at least {LEAST_SIDE:.0f} pixel in width and height inside the image, found {sides}"
    return None
