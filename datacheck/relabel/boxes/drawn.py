"""From the boxes that an annotation tool gives back to answers: what is changed, gone or new, matched by ids."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from datacheck.relabel.boxes.answers import SIDES, BoxAnswer
from datacheck.relabel.boxes.images import BoxImage, KnownBox
from datacheck.relabel.boxes.outlines import Outline
from datacheck.relabel.boxes.queue import BoxQueue
from datacheck.sources.annotations.base import Box

UNMOVED = 0.25
"""Pixels by which all sides of a box may differ and it counts as unmoved: tools round."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Drawn:
    """A box in a tool: the annotation id it was exported with, None for a new one; its class; its box in pixels.

    ``name`` is what the tool calls it, ``outline`` its polygon in pixels, where it is drawn as one.
    """

    annotation_id: int | None
    label: str | None
    box: Box
    name: str
    outline: Outline = ()


def shown_boxes(image: BoxImage) -> list[KnownBox]:
    """Return the boxes that tools are given: those with a class and an id of their own."""
    return [each for each in image.boxes if each.label is not None and image.box(each.annotation_id) is each]


def asked_boxes(queue: BoxQueue) -> dict[str, set[int]]:
    """Return the boxes that each image is asked about: all of an image that was drawn at random."""
    asked: dict[str, set[int]] = {}
    for row in queue.table.to_pylist():
        of_image = asked.setdefault(row["sample_id"], set())
        if row["annotation_id"] is None:
            of_image.update(each.annotation_id for each in shown_boxes(queue.images.images[row["sample_id"]]))
        else:
            of_image.add(row["annotation_id"])
    return asked


def answers_of_image(
    image: BoxImage, drawn: Iterable[Drawn], asked: Iterable[int], about: Mapping[str, Any]
) -> Iterator[Row]:
    """Yield the answers that a person gave by leaving the boxes of an image as they are drawn now.

    Parameters
    ----------
    image
        The image as it was exported.
    drawn
        Its boxes now.
    asked
        Annotation ids of the boxes that the person was asked about: they are accepted where they stay as they are.
    about
        ``submission``, ``annotator`` and the other columns that all the answers share.

    Examples
    --------
    >>> box = KnownBox(7, "cup", (0.0, 0.0, 9.0, 9.0), "cup", (0.0, 0.0, 9.0, 9.0))
    >>> image = BoxImage("a.jpg", "a.jpg", 20, 20, (box,), None)
    >>> now = [Drawn(7, "jar", (0.0, 0.0, 9.0, 9.0), "r1"), Drawn(None, "cup", (1.0, 1.0, 5.0, 5.0), "r2")]
    >>> [(row["answer"], row["annotation_id"], row["label"]) for row in answers_of_image(image, now, [7], {})]
    [('change', 7, 'jar'), ('add', None, 'cup')]
    """
    known = {each.annotation_id: each for each in shown_boxes(image)}
    name = about.get("submission", "")
    seen: set[int] = set()
    any_drawn = False
    for each in drawn:
        any_drawn = True
        old = known.get(each.annotation_id) if each.annotation_id is not None else None
        if old is None or old.annotation_id in seen:  # a copy of a box keeps its id in some tools
            yield {**about, **_row(f"{name}:new:{each.name}", image, BoxAnswer.ADD, None, each.label, each)}
            continue
        seen.add(old.annotation_id)
        label = each.label if each.label != old.label else None
        moved = _is_moved(each, old)
        key = f"{name}:{old.annotation_id}"
        if label is not None or moved:
            place = each if moved else None
            yield {**about, **_row(key, image, BoxAnswer.CHANGE, old.annotation_id, label, place)}
        elif old.annotation_id in asked:
            yield {**about, **_row(key, image, BoxAnswer.ACCEPT, old.annotation_id)}
    for number in known.keys() - seen:
        yield {**about, **_row(f"{name}:{number}", image, BoxAnswer.DELETE, number)}
    if not known and not any_drawn:
        yield {**about, **_row(f"{name}:image", image, BoxAnswer.ACCEPT, None)}


def _is_moved(now: Drawn, old: KnownBox) -> bool:
    places = (now.outline, old.outline) if now.outline and old.outline else (now.box, old.box)
    if len(places[0]) != len(places[1]):
        return True
    return any(abs(one - two) > UNMOVED for one, two in zip(*places, strict=True))


def skipped(image: BoxImage, about: Mapping[str, Any]) -> Row:
    """Return the answer of somebody who skipped an image."""
    return {**about, **_row(f"{about['submission']}:skip", image, BoxAnswer.SKIP, None)}


def _row(
    answer_id: str, image: BoxImage, answer: BoxAnswer, number: int | None, label: str | None = None,
    place: Drawn | None = None,
) -> Row:  # fmt: skip
    sides = dict.fromkeys(SIDES) if place is None else dict(zip(SIDES, place.box, strict=True))
    return {
        "answer_id": answer_id,
        "sample_id": image.sample_id,
        "annotation_id": number,
        "answer": answer.value,
        "label": label,
        **sides,
        "points": list(place.outline) if place is not None and place.outline else None,
    }
