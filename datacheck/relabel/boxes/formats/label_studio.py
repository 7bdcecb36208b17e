"""Label Studio: images with rectangles that can be moved, deleted, added and given another class."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datacheck.relabel.boxes.drawn import Drawn, answers_of_image, asked_boxes, shown_boxes, skipped
from datacheck.relabel.boxes.images import BoxImage, KnownBox
from datacheck.relabel.boxes.queue import BoxQueue
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

LABEL = "box"
"""The control with the classes."""

NOTHING = "nothing"
"""The control that says that all given boxes of an image are wrong."""

NOTHING_WORDS = "none of the given boxes is right"

_REGION = re.compile(r"datacheck-(\d+)")
"""The id of a region that was exported; a region that people draw has one of the tool's own."""

INSTRUCTION = (
    "Each picture shows the boxes of the dataset; the text above says what is in doubt. Correct what is wrong: the "
    "class, the place, boxes that are too many or missing. Submit a picture without a change where all is right."
)


@dataclass(frozen=True)
class LabelStudioBoxes:
    """Tasks as JSON with the config beside them; answers from ``Export > JSON``."""

    name: str = "label-studio"

    def export(self, queue: BoxQueue, links: Links, target: Path) -> list[Path]:
        """Write the tasks, and the labelling config as ``<name>.config.xml``."""
        return write_tasks(target, [box_task(row, queue, links) for row in queue.rows()], box_config(queue))

    def read(self, source: Path, queue: BoxQueue, annotator: str) -> Iterator[dict[str, Any]]:
        """Yield the answers of a JSON export."""
        return box_answers_of(json_items(source), queue, {}, annotator)


def box_config(queue: BoxQueue) -> str:
    """Return the labelling config: the reason, the picture, and a rectangle for each class."""
    control = f'RectangleLabels name="{LABEL}" toName="image" canRotate="false" strokeWidth="2"'
    nothing = (
        f'  <Choices name="{NOTHING}" toName="image" choice="single" showInline="true">\n'
        f'    <Choice value="{NOTHING_WORDS}"/>\n'
        "  </Choices>\n"
    )
    return image_config(control, queue.classes, nothing)


def box_task(item: Mapping[str, Any], queue: BoxQueue, links: Links) -> dict[str, Any]:
    """Return one image as a task: its boxes are the prediction, and its place in the queue the prediction's score."""
    image = queue.images.images[item["sample_id"]]
    reasons = {row["annotation_id"]: row["reason"] for row in item["questions"] if row["annotation_id"] is not None}
    regions = [region(each, image, reasons.get(each.annotation_id)) for each in shown_boxes(image)]
    return image_task(item, queue, links, reason_text(item, image), regions)


def reason_text(item: Mapping[str, Any], image: BoxImage) -> str:
    """Return what is in doubt in an image, a sentence a question."""
    numbers = {each.annotation_id: place for place, each in enumerate(shown_boxes(image), 1)}
    words = []
    for row in item["questions"]:
        place = numbers.get(row["annotation_id"])
        what = "" if place is None else f"box {place} ({row['given']}) "
        words.append(f"{what}{row['reason'] if place is None or row['kind'] != 'class' else _looks(row)}")
    return "; ".join(words)


def _looks(row: Mapping[str, Any]) -> str:
    return str(row["reason"]).partition(", ")[2] or str(row["reason"])


def region(box: KnownBox, image: BoxImage, reason: str | None) -> dict[str, Any]:
    """Return a box as a region in percent of the image; its id names the box.

    Examples
    --------
    >>> box = KnownBox(7, "cup", (5.0, 0.0, 10.0, 20.0), "cup", (5.0, 0.0, 10.0, 20.0))
    >>> found = region(box, BoxImage("a.jpg", "a.jpg", 50, 100, (box,), None), None)
    >>> found["id"], found["value"]["x"], found["value"]["width"], found["value"]["height"]
    ('datacheck-7', 10.0, 10.0, 20.0)
    """
    left, top, right, bottom = box.box
    name = f"datacheck-{box.annotation_id}"
    return {
        **region_about(name, "rectanglelabels", LABEL, image.width, image.height),
        "value": {
            "x": 100 * left / image.width,
            "y": 100 * top / image.height,
            "width": 100 * (right - left) / image.width,
            "height": 100 * (bottom - top) / image.height,
            "rotation": 0,
            "rectanglelabels": [box.label],
        },
        **({} if reason is None else {"meta": {"text": [reason]}}),
    }


def box_answers_of(
    tasks: Iterator[Any], queue: BoxQueue, people: Mapping[int, str], annotator: str
) -> Iterator[dict[str, Any]]:
    """Yield the answers of each annotation of each exported task; ``people`` names the users by their number."""
    asked = asked_boxes(queue)
    return image_answers(
        tasks,
        queue.images.images,
        annotators(people, annotator),
        skipped,
        lambda annotation, image, about: _answers(annotation, image, asked[image.sample_id], about),
    )


def _answers(
    annotation: Mapping[str, Any], image: BoxImage, asked: set[int], about: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    results = [mapping(each) for each in sequence(annotation.get("result"))]
    drawn = []
    for each in results:
        if each.get("from_name") != LABEL:
            continue
        found = _drawn(each, image)
        if isinstance(found, str):
            yield {**about, "problem": found}
            return
        drawn.append(found)
    kept = any(each.annotation_id is not None for each in drawn)
    started = isinstance(annotation.get("parent_prediction"), int)  # somebody saw the given boxes and deleted them
    meant = started or any(each.get("from_name") == NOTHING for each in results)
    if shown_boxes(image) and not kept and not meant:
        why = f"none of the {len(shown_boxes(image))} given boxes is in the answer: start from the given boxes"
        yield {**about, "problem": f"{why}, or choose '{NOTHING_WORDS}'"}
        return
    yield from answers_of_image(image, drawn, asked, about)


def _drawn(result: Mapping[str, Any], image: BoxImage) -> Drawn | str:
    """Return a region as a box, or what is wrong with it."""
    value = mapping(result.get("value"))
    labels = sequence(value.get("rectanglelabels"))
    sides = [value.get(name) for name in ("x", "y", "width", "height")]
    name = str(result.get("id"))
    if len(labels) != 1 or not isinstance(labels[0], str):
        return f"region {name[:40]!r}: expected one class, found {len(labels)}"
    if any(isinstance(side, bool) or not isinstance(side, int | float) for side in sides):
        return f"region {name[:40]!r}: expected x, y, width and height in percent, found {sides!r:.80}"
    if value.get("rotation") not in (None, 0):
        return f"region {name[:40]!r}: it is rotated, and boxes are upright"
    x, y, width, height = (float(side) / 100 for side in sides if side is not None)
    known = _REGION.fullmatch(name)
    box = (x * image.width, y * image.height, (x + width) * image.width, (y + height) * image.height)
    return Drawn(int(known[1]) if known else None, labels[0], box, name)


FORMAT = LabelStudioBoxes()
