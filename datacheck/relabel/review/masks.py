"""One person's answers about regions of masks on the review page, saved at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from datacheck.annotations.runs import runs_of
from datacheck.errors import RelabelError
from datacheck.relabel.masks.answers import MaskAnswer, MaskAnswers, Verdict, accept_masks, rows_of_verdict
from datacheck.relabel.masks.queue import MaskQueue, asked_region, patches_of
from datacheck.relabel.review.session import now
from datacheck.relabel.review.submissions import PersonsAnswers
from datacheck.relabel.submissions import Row


@dataclass
class MaskReviewSession:
    """The regions in question, the answers of one person, and undo.

    Attributes
    ----------
    queue
        The questions.
    path
        ``masks/answers.parquet``; written whole at each answer.
    annotator
        Who answers.
    clock
        Returns the time, ISO 8601.
    """

    queue: MaskQueue
    path: Path
    annotator: str
    clock: Callable[[], str] = now

    def __post_init__(self) -> None:
        self._mine.load()

    def given_answers(self) -> dict[str, list[Row]]:
        """Return this person's rows by question, as text."""
        return self._mine.given(self._items)

    def receive(self, body: Mapping[str, Any]) -> None:
        """Save the answer to a region: ``question``, ``verdict`` of `Verdict`, and ``label`` where it is ``class``.

        Raises
        ------
        RelabelError
            When the question is not in the queue, or the answer does not fit it; nothing is saved then.
        """
        number, said, label = body.get("question"), body.get("verdict"), body.get("label")
        row = self._questions.get(number) if type(number) is int else None
        if row is None:
            raise RelabelError("the region is not in the queue")
        try:
            verdict = Verdict(str(said))
        except ValueError:
            raise RelabelError(f"expected an answer among {', '.join(Verdict)}, found {said!r:.40}") from None
        if verdict is not Verdict.CLASS:
            label = None
        elif not isinstance(label, str):
            raise RelabelError("expected a class")
        item = _item_of(row)
        rows = rows_of_verdict(row, verdict, label, self._mine.about(item, body.get("seconds")))
        problem = next((each["problem"] for each in rows if each.get("problem")), None)
        if problem is not None:
            raise RelabelError(problem)
        self._mine.save(item, rows, lambda rows: accept_masks(rows, self.queue))

    def undo(self) -> int | None:
        """Take the last answer back and return the number of its question, None where there is none."""
        item = self._mine.undo()
        return None if item is None else self._items[item]

    def overview(self) -> dict[str, Any]:
        """Return all regions with this person's answers; `region` has the pixels of one."""
        mine = self.given_answers()
        return {
            "classes": list(self.queue.classes),
            "annotator": self.annotator,
            "counts": self.queue.counts,
            "items": [_told(row, mine.get(_item_of(row))) for row in self._questions.values()],
        }

    def region(self, number: int) -> dict[str, Any]:
        """Return the pixels of a question as run lengths: ``given`` and ``suggested``; of a random image ``parts``.

        ``parts`` are the regions of each class of the whole mask, without those of value 0.

        Raises
        ------
        RelabelError
            When the question is not in the queue.
        """
        row = self._questions.get(number)
        if row is None:
            raise RelabelError("the region is not in the queue")
        if row["kind"] == "random":
            return {"parts": self._parts(row["sample_id"])}
        given, suggested = asked_region(row), asked_region(row)
        if row["kind"] == "missing":
            given = given & False
        elif row["kind"] == "border":
            for label, patch in patches_of(row):
                suggested = suggested | patch if label == row["given"] else suggested & ~patch
        return {"given": runs_of(given), "suggested": runs_of(suggested)}

    def _parts(self, sample_id: str) -> list[dict[str, Any]]:
        images = self.queue.images
        codes = images.codes(images.pixels(sample_id))
        shown = [k for k, value in enumerate(images.values) if value != 0 and (codes == k).any()]
        return [{"label": images.classes[k], "runs": runs_of(codes == k)} for k in shown]

    @cached_property
    def _questions(self) -> dict[int, Row]:
        return self.queue.questions()

    @cached_property
    def _items(self) -> dict[str, int]:
        return {_item_of(row): number for number, row in self._questions.items()}

    @cached_property
    def _mine(self) -> PersonsAnswers[MaskAnswers]:
        return PersonsAnswers(MaskAnswers, self.path, self.queue.identity, self.annotator, self.clock)


def _item_of(row: Row) -> str:
    """Return the name of a question that no other question about other pixels has."""
    return f"{row['question']}:{row['mask_hash']}"


def _told(row: Row, answered: list[Row] | None) -> dict[str, Any]:
    told = {name: row[name] for name in ("question", "kind", "given", "suggested", "reason", "width", "height")}
    return {**told, "id": row["sample_id"], "answer": None if answered is None else _answer(row, answered)}


def _answer(row: Row, answered: list[Row]) -> dict[str, Any]:
    """Return the verdict that rows of answers come from."""
    painted = [each for each in answered if each["answer"] == MaskAnswer.PAINT.value]
    if not painted:
        kept = answered[0]["answer"]
        return {"verdict": Verdict.GIVEN.value if kept == MaskAnswer.ACCEPT.value else kept, "label": None}
    suggested = {(each["label"], tuple(each["runs"])) for each in row["patches"] or ()}
    if suggested == {(each["label"], tuple(each["runs"])) for each in painted}:
        return {"verdict": Verdict.SUGGESTED.value, "label": None}
    return {"verdict": Verdict.CLASS.value, "label": painted[0]["label"]}
