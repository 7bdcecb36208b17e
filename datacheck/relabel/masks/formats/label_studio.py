"""Label Studio: images whose regions are brushes that can be repainted, erased, added and given another class."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.annotations.runs import runs_of
from datacheck.relabel.formats.label_studio_images import (
    annotators,
    image_answers,
    image_config,
    image_task,
    region_about,
    write_tasks,
)
from datacheck.relabel.formats.links import Links
from datacheck.relabel.formats.reading import json_items, mapping, sequence
from datacheck.relabel.masks.answers import MaskAnswer
from datacheck.relabel.masks.formats.brush import pack_brush, unpack_brush
from datacheck.relabel.masks.images import MaskImage
from datacheck.relabel.masks.queue import MaskQueue, asked_region
from datacheck.relabel.submissions import Row

LABEL = "mask"
"""The control with the classes."""

BACKGROUND = 0
"""The value of the class that needs no brush: what nobody paints is of it."""

_REGION = re.compile(r"datacheck-(\d+)-(\d+)")
"""The id of a region that was exported: the number of its class, and its own number."""

_REST = 0
"""The number of the region that holds all of a class that is not asked about."""

INSTRUCTION = (
    "Each picture shows the regions of its mask; the text above says what is in doubt. Correct what is wrong: choose "
    "another class for a region, paint what is missing in its class, erase what is too much. What is painted in a new "
    "class counts before what was given. Submit a picture without a change where all is right."
)

OF_OBJECTS = " Leave a pixel of background between a new object and its neighbours."
"""What is added where each object has a mask of its own."""


@dataclass(frozen=True)
class LabelStudioMasks:
    """Tasks as JSON with the config beside them; answers from ``Export > JSON``."""

    name: str = "label-studio"

    def export(self, queue: MaskQueue, links: Links, target: Path) -> list[Path]:
        """Write the tasks, and the labelling config as ``<name>.config.xml``."""
        tasks = [mask_task(row, queue, links) for row in queue.rows()]
        return write_tasks(target, tasks, mask_config(queue), indent=None)  # run lengths are long

    def read(self, source: Path, queue: MaskQueue, annotator: str) -> Iterator[Row]:
        """Yield the answers of a JSON export."""
        return mask_answers_of(json_items(source), queue, {}, annotator)


def mask_config(queue: MaskQueue) -> str:
    """Return the labelling config: the reason, the picture, and a brush for each class."""
    return image_config(f'BrushLabels name="{LABEL}" toName="image"', queue.classes)


def mask_task(item: Mapping[str, Any], queue: MaskQueue, links: Links) -> dict[str, Any]:
    """Return one image as a task: its regions are the prediction, and its place in the queue the prediction's score."""
    image = queue.images.images[item["sample_id"]]
    asked = [row for row in item["questions"] if row["runs"]]
    codes = queue.images.codes(queue.images.pixels(image.sample_id))
    shown = shown_regions(codes, [asked_region(row) for row in asked if row["kind"] != "missing"], queue)
    regions = [brush_region(name, inside, queue.classes[code], image) for (code, name), inside in shown.items()]
    return image_task(item, queue, links, reason_text(item["questions"]), regions)


def reason_text(questions: list[Row]) -> str:
    """Return what is in doubt in an image, a sentence a question, with the place."""
    words = []
    for row in questions:
        if row["kind"] == "random":
            words.append("a random image: is anything wrong or missing?")
            continue
        x, y = (100 * (row[low] + row[high]) / 2 / row[size] for low, high, size in _AXES)
        words.append(f"at x {x:.0f} %, y {y:.0f} %: {row['reason']}")
    return "; ".join(words)


_AXES = (("left", "right", "width"), ("top", "bottom", "height"))
"""The sides of a box along each axis, and the size that they are a share of."""


def shown_regions(
    codes: NDArray[np.int16], asked: list[NDArray[np.bool_]], queue: MaskQueue
) -> dict[tuple[int, str], NDArray[np.bool_]]:
    """Return the regions that people are given, by class number and id: those in question, and the rest of each class.

    The background is not among them, but where it is in question: nobody paints it.
    """
    found: dict[tuple[int, str], NDArray[np.bool_]] = {}
    rest = codes.copy()
    for number, region in enumerate(asked, start=1):
        inside = region & (rest >= 0)
        if inside.any():
            code = int(codes[inside][0])
            found[code, f"datacheck-{code}-{number}"] = inside
            rest[inside] = -1
    for code in np.unique(rest[rest >= 0]).tolist():
        if queue.images.values[code] != BACKGROUND:
            found[code, f"datacheck-{code}-{_REST}"] = rest == code
    return found


def brush_region(name: str, inside: NDArray[np.bool_], label: str, image: MaskImage) -> dict[str, Any]:
    """Return a region as Label Studio has it."""
    return {
        **region_about(name, "brushlabels", LABEL, image.width, image.height),
        "value": {"format": "rle", "rle": pack_brush(inside), "brushlabels": [label]},
    }


def mask_answers_of(tasks: Iterator[Any], queue: MaskQueue, people: Mapping[int, str], annotator: str) -> Iterator[Row]:
    """Yield the answers of each annotation of each exported task; ``people`` names the users by their number."""
    asked: dict[str, list[Row]] = {}
    for row in queue.table.to_pylist():
        asked.setdefault(row["sample_id"], []).append(row)
    return image_answers(
        tasks,
        queue.images.images,
        annotators(people, annotator),
        lambda image, about: {**about, "answer": MaskAnswer.SKIP.value},
        lambda annotation, image, about: _answers(annotation, queue, asked[image.sample_id], about),
    )


def _answers(
    annotation: Mapping[str, Any], queue: MaskQueue, asked: list[Row], about: Mapping[str, Any]
) -> Iterator[Row]:
    """Yield that the image is right as it is, and then what is painted otherwise."""
    sample_id = asked[0]["sample_id"]
    codes = queue.images.codes(queue.images.pixels(sample_id))
    questions = [asked_region(row) for row in asked if row["runs"] and row["kind"] != "missing"]
    given = shown_regions(codes, questions, queue)
    try:
        drawn = _drawn(annotation, queue, codes.shape)
    except ValueError as error:
        yield {**about, "problem": str(error)}
        return
    started = isinstance(annotation.get("parent_prediction"), int)  # somebody saw the given regions and erased them
    if given and not started and not any(_REGION.fullmatch(name) for name, _, _ in drawn):
        why = f"none of the {len(given)} given regions is in the answer: start from the given regions"
        yield {**about, "problem": why}
        return
    after, lost = painted(codes, given, [(code, inside) for _, code, inside in drawn], queue)
    if lost:
        why = f"{lost:,} pixels are of no class any more, and there is no background: paint them in a class"
        yield {**about, "problem": why}
        return
    yield {**about, "answer_id": f"{about['submission']}:0", "answer": MaskAnswer.ACCEPT.value, "runs": None}
    for code in np.unique(after[after != codes]).tolist():
        runs = runs_of((after == code) & (codes != code))
        answer = {"answer": MaskAnswer.PAINT.value, "label": queue.classes[code], "runs": runs}
        yield {**about, "answer_id": f"{about['submission']}:{code + 1}", **answer}


def painted(
    codes: NDArray[np.int16],
    given: Mapping[tuple[int, str], NDArray[np.bool_]],
    drawn: list[tuple[int, NDArray[np.bool_]]],
    queue: MaskQueue,
) -> tuple[NDArray[np.int16], int]:
    """Return the mask that an annotation leaves, and how many pixels are left without a class.

    A brush of another class than the mask's counts before one of the same class, and a later one before an earlier one.
    A given pixel without a brush becomes background.
    """
    after = codes.copy()
    kept = np.zeros(codes.shape, dtype=bool)
    for code, inside in drawn:
        kept |= inside & (codes == code)
    shown = np.logical_or.reduce(list(given.values())) if given else np.zeros(codes.shape, dtype=bool)
    erased = shown & ~kept
    background = next((code for code, value in enumerate(queue.images.values) if value == BACKGROUND), None)
    if background is not None:
        after[erased] = background
    for code, inside in drawn:
        other = inside & (codes != code)
        after[other] = code
        erased &= ~inside
    return after, 0 if background is not None else int(erased.sum())


def _drawn(
    annotation: Mapping[str, Any], queue: MaskQueue, shape: tuple[int, ...]
) -> list[tuple[str, int, NDArray[np.bool_]]]:
    """Return id, class number and pixels of each brush of an annotation.

    Raises
    ------
    ValueError
        When one is damaged.
    """
    found = []
    for each in map(mapping, sequence(annotation.get("result"))):
        if each.get("from_name") != LABEL:
            continue
        name, value = str(each.get("id")), mapping(each.get("value"))
        labels = sequence(value.get("brushlabels"))
        if len(labels) != 1 or labels[0] not in queue.classes:
            raise ValueError(f"region {name[:40]!r}: expected one of the classes, found {str(labels)[:60]}")
        try:
            inside = unpack_brush(sequence(value.get("rle")), *shape)
        except ValueError as error:
            raise ValueError(f"region {name[:40]!r}: {error}") from None
        found.append((name, queue.classes.index(labels[0]), inside))
    return found


FORMATS = {"label-studio": LabelStudioMasks()}
"""By the names of the command line."""
