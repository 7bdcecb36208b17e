"""Label Studio: images with rectangles that can be moved, deleted, added and given another class."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datacheck.relabel.boxes.drawn import Drawn, answers_of_image, asked_boxes, shown_boxes, skipped
from datacheck.relabel.boxes.images import BoxImage, KnownBox
from datacheck.relabel.boxes.outlines import FEWEST, Outline, bounds, outline_of
from datacheck.relabel.boxes.queue import BoxQueue
from datacheck.relabel.formats.label_studio import named_elements
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
from datacheck.relabel.masks.formats.brush import unpack_brush

LABEL, POLYGON, BRUSH = "box", "polygon", "brush"
"""The controls with the classes; the second and third are there where some objects are polygons."""

_KINDS = {LABEL: "rectanglelabels", POLYGON: "polygonlabels", BRUSH: "brushlabels"}
"""What the regions of a control are called."""

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
    """Return the labelling config: the reason, the picture, and a rectangle for each class.

    Where some objects are polygons there is a polygon and a brush for each class, too.
    """
    control = f'RectangleLabels name="{LABEL}" toName="image" canRotate="false" strokeWidth="2"'
    polygons = any(each.outline for image in queue.images.images.values() for each in image.boxes)
    more = "".join(
        f'  <{kind} name="{name}" toName="image">\n{named_elements("Label", queue.classes)}  </{kind}>\n'
        for kind, name in (("PolygonLabels", POLYGON), ("BrushLabels", BRUSH))
        if polygons
    )
    nothing = (
        f'  <Choices name="{NOTHING}" toName="image" choice="single" showInline="true">\n'
        f'    <Choice value="{NOTHING_WORDS}"/>\n'
        "  </Choices>\n"
    )
    return image_config(control, queue.classes, more + nothing)


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
    control = POLYGON if box.outline else LABEL
    name, kind = f"datacheck-{box.annotation_id}", _KINDS[control]
    corners = zip(box.outline[0::2], box.outline[1::2], strict=True)
    place: dict[str, Any] = {
        "x": 100 * left / image.width,
        "y": 100 * top / image.height,
        "width": 100 * (right - left) / image.width,
        "height": 100 * (bottom - top) / image.height,
        "rotation": 0,
    }
    if box.outline:
        place = {"points": [[100 * x / image.width, 100 * y / image.height] for x, y in corners], "closed": True}
    return {
        **region_about(name, kind, control, image.width, image.height),
        "value": {**place, kind: [box.label]},
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
        if each.get("from_name") not in _KINDS:
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
    value, control = mapping(result.get("value")), str(result.get("from_name"))
    labels = sequence(value.get(_KINDS[control]))
    sides = [value.get(name) for name in ("x", "y", "width", "height")]
    name = str(result.get("id"))
    if len(labels) != 1 or not isinstance(labels[0], str):
        return f"region {name[:40]!r}: expected one class, found {len(labels)}"
    known = _REGION.fullmatch(name)
    number = int(known[1]) if known else None
    if control != LABEL:
        try:
            outline = _outline(value, control, image)
        except ValueError as error:
            return f"region {name[:40]!r}: {error}"
        return Drawn(number, labels[0], bounds(outline), name, outline)
    if any(isinstance(side, bool) or not isinstance(side, int | float) for side in sides):
        return f"region {name[:40]!r}: expected x, y, width and height in percent, found {sides!r:.80}"
    if value.get("rotation") not in (None, 0):
        return f"region {name[:40]!r}: it is rotated, and boxes are upright"
    x, y, width, height = (float(side) / 100 for side in sides if side is not None)
    box = (x * image.width, y * image.height, (x + width) * image.width, (y + height) * image.height)
    return Drawn(number, labels[0], box, name)


def _outline(value: Mapping[str, Any], control: str, image: BoxImage) -> Outline:
    """Return the outline of a polygon or of brushed pixels; raise a `ValueError` where there is none."""
    if control == BRUSH:
        return outline_of(unpack_brush(sequence(value.get("rle")), image.height, image.width))
    corners = [sequence(each) for each in sequence(value.get("points"))]
    numbers = [side for each in corners for side in each]
    whole = len(corners) >= FEWEST and all(len(each) == 2 for each in corners)
    if not whole or any(isinstance(side, bool) or not isinstance(side, int | float) for side in numbers):
        raise ValueError(f"expected at least {FEWEST} points in percent, found {str(value.get('points'))[:80]}")
    size = (image.width, image.height)
    return tuple(side * size[place % 2] / 100 for place, side in enumerate(numbers))


FORMAT = LabelStudioBoxes()
