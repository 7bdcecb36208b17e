"""One person's answers about boxes on the review page, saved at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from datacheck.errors import RelabelError
from datacheck.relabel.boxes.answers import SIDES, BoxAnswer, BoxAnswers, accept_boxes
from datacheck.relabel.boxes.drawn import Drawn, answers_of_image, asked_boxes, shown_boxes, skipped
from datacheck.relabel.boxes.images import BoxImage
from datacheck.relabel.boxes.queue import BoxQueue
from datacheck.relabel.formats.reading import mapping, sequence
from datacheck.relabel.review.session import now
from datacheck.relabel.review.submissions import PersonsAnswers
from datacheck.relabel.submissions import Row


@dataclass
class BoxReviewSession:
    """The images with their boxes, the answers of one person, and undo.

    Attributes
    ----------
    queue
        The questions.
    path
        ``boxes/answers.parquet``; written whole at each answer.
    annotator
        Who answers.
    clock
        Returns the time, ISO 8601.
    """

    queue: BoxQueue
    path: Path
    annotator: str
    clock: Callable[[], str] = now

    def __post_init__(self) -> None:
        self._mine.load()

    def given_answers(self) -> dict[str, list[Row]]:
        """Return this person's rows by image."""
        return self._mine.given(self.queue.sample_ids)

    def receive(self, body: Mapping[str, Any]) -> None:
        """Save how a person left an image: ``id``, ``boxes`` (each ``id``, ``label``, ``box``), or ``skip``.

        Raises
        ------
        RelabelError
            When the image is not in the queue, or a box does not fit; nothing is saved then.
        """
        image = self.queue.images.images.get(str(body.get("id")))
        if image is None:
            raise RelabelError("the image is not in the queue")
        about = self._mine.about(image.sample_id, body.get("seconds"))
        if body.get("skip") is True:
            rows = [skipped(image, about)]
        else:
            drawn = [_drawn(mapping(each), number) for number, each in enumerate(sequence(body.get("boxes")))]
            rows = list(answers_of_image(image, drawn, self._asked[image.sample_id], about))
        self._mine.save(image.sample_id, rows, lambda rows: accept_boxes(rows, self.queue.images))

    def undo(self) -> str | None:
        """Take the last answer back and return its image, None where there is none."""
        return self._mine.undo()

    def overview(self) -> dict[str, Any]:
        """Return all images with their boxes and this person's answers, as the page needs them."""
        mine = self.given_answers()
        return {
            "classes": list(self.queue.classes),
            "annotator": self.annotator,
            "counts": self.queue.counts,
            "items": [self._item(row, mine.get(row["sample_id"])) for row in self.queue.rows()],
        }

    def _item(self, row: Mapping[str, Any], answered: list[Row] | None) -> dict[str, Any]:
        image = self.queue.images.images[row["sample_id"]]
        return {
            "id": image.sample_id,
            "width": image.width,
            "height": image.height,
            "fixed": image.fixed,
            "questions": [_question(each) for each in row["questions"]],
            "given": [
                {"id": each.annotation_id, "label": each.label, "box": list(each.box), "fixed": each.fixed}
                for each in shown_boxes(image)
            ],
            "now": None if answered is None else _now(image, answered),
            "skipped": answered is not None and answered[0]["answer"] == BoxAnswer.SKIP.value,
        }

    @cached_property
    def _asked(self) -> dict[str, set[int]]:
        return asked_boxes(self.queue)

    @cached_property
    def _mine(self) -> PersonsAnswers[BoxAnswers]:
        return PersonsAnswers(BoxAnswers, self.path, self.queue.identity, self.annotator, self.clock)


def _question(row: Mapping[str, Any]) -> dict[str, Any]:
    sides = [row[f"suggested_{side}"] for side in SIDES]
    return {
        "box": row["annotation_id"],
        "kind": row["kind"],
        "reason": row["reason"],
        "suggested": row["suggested"],
        "place": None if None in sides else sides,
        "probability": row["error_probability"],
    }


def _drawn(each: Mapping[str, Any], number: int) -> Drawn:
    sides, name, label = sequence(each.get("box")), each.get("id"), each.get("label")
    if len(sides) != len(SIDES) or any(isinstance(side, bool) or not isinstance(side, int | float) for side in sides):
        raise RelabelError(f"expected left, top, right and bottom of a box, found {str(sides)[:80]}")
    if name is not None and not isinstance(name, int):
        raise RelabelError(f"expected the number of a box, found {str(name)[:40]!r}")
    left, top, right, bottom = map(float, sides)
    return Drawn(name, label if isinstance(label, str) else None, (left, top, right, bottom), f"new-{number}")


def _now(image: BoxImage, rows: list[Row]) -> list[dict[str, Any]]:
    """Return the boxes of an image as somebody left them."""
    by_id = {row["annotation_id"]: row for row in rows if row["annotation_id"] is not None}
    found = []
    for each in shown_boxes(image):
        row = by_id.get(each.annotation_id, {"answer": BoxAnswer.ACCEPT.value, "label": None, "left": None})
        if row["answer"] != BoxAnswer.DELETE.value:
            box = list(each.box) if row["left"] is None else [row[side] for side in SIDES]
            found.append({"id": each.annotation_id, "label": row["label"] or each.label, "box": box})
    added = (row for row in rows if row["answer"] == BoxAnswer.ADD.value)
    return found + [{"id": None, "label": row["label"], "box": [row[side] for side in SIDES]} for row in added]
