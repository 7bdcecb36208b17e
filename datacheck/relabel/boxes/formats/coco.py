"""COCO: the images of the queue with all their boxes out, the same file with corrected annotations back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datacheck.relabel.boxes.drawn import Drawn, answers_of_image, asked_boxes, shown_boxes
from datacheck.relabel.boxes.formats.label_studio import reason_text
from datacheck.relabel.boxes.queue import BoxQueue
from datacheck.relabel.formats.base import problem, stable_id
from datacheck.relabel.formats.coco import IMAGE_KEY, read_coco
from datacheck.relabel.formats.links import Links
from datacheck.relabel.formats.reading import mapping, sequence
from datacheck.storage import write_text

BOX_KEY = "datacheck_box"
"""The key by which an annotation is found again; a new one has none."""


@dataclass(frozen=True)
class CocoBoxes:
    """For tools and scripts that keep the keys of an annotation that they do not know."""

    name: str = "coco"

    def export(self, queue: BoxQueue, links: Links, target: Path) -> list[Path]:
        """Write the images, their boxes, and why each is asked about."""
        number = {name: place for place, name in enumerate(queue.classes, 1)}
        images: list[dict[str, Any]] = []
        annotations: list[dict[str, Any]] = []
        for image_id, row in enumerate(queue.rows(), 1):
            image = queue.images.images[row["sample_id"]]
            named = {"id": image_id, "file_name": links.relative(row), "width": image.width, "height": image.height}
            images.append({**named, IMAGE_KEY: image.sample_id, "reason": reason_text(row, image)})
            for each in shown_boxes(image):
                left, top, right, bottom = each.box
                annotations.append(
                    {
                        "id": len(annotations) + 1,
                        "image_id": image_id,
                        "category_id": number[each.label or ""],
                        "bbox": [left, top, right - left, bottom - top],
                        "area": (right - left) * (bottom - top),
                        "iscrowd": 0,
                        BOX_KEY: each.annotation_id,
                    }
                )
        categories = [{"id": place, "name": name} for name, place in number.items()]
        value = {
            "info": {"description": "boxes to check", "datacheck_dataset": queue.identity},
            "images": images,
            "annotations": annotations,
            "categories": categories,
        }
        write_text(target, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
        return [target]

    def read(self, source: Path, queue: BoxQueue, annotator: str) -> Iterator[dict[str, Any]]:
        """Yield the answers: an image that the file lists was answered as its annotations are."""
        value = read_coco(source)
        names = {each.get("id"): each.get("name") for each in map(mapping, sequence(value.get("categories")))}
        drawn: dict[Any, list[Drawn | str]] = {}
        for each in map(mapping, sequence(value.get("annotations"))):
            drawn.setdefault(str(each.get("image_id")), []).append(_drawn(each, names))
        asked = asked_boxes(queue)
        dataset = mapping(value.get("info")).get("datacheck_dataset")
        for entry in map(mapping, sequence(value.get("images"))):
            image = queue.images.images.get(str(entry.get(IMAGE_KEY)))
            if image is None:
                yield problem(
                    f"the image has no {IMAGE_KEY!r} of the queue", f"image {str(entry.get('file_name'))[:80]!r}"
                )
                continue
            about = {
                "submission": f"coco:{stable_id(image.sample_id, annotator)}",
                "annotator": annotator,
                "tool": "coco",
                "dataset": dataset,
                "where": f"image {image.uri!r}",
            }
            boxes = drawn.get(str(entry.get("id")), [])
            wrong = [each for each in boxes if isinstance(each, str)]
            if wrong:
                yield {**about, "sample_id": image.sample_id, "problem": wrong[0]}
                continue
            found = [each for each in boxes if isinstance(each, Drawn)]
            if shown_boxes(image) and found and all(each.annotation_id is None for each in found):
                why = f"no annotation has the key {BOX_KEY!r}, by which the given boxes are found again"
                yield {**about, "sample_id": image.sample_id, "problem": why}
                continue
            yield from answers_of_image(image, found, asked[image.sample_id], about)


def _drawn(each: dict[str, Any], names: dict[Any, Any]) -> Drawn | str:
    box, name = sequence(each.get("bbox")), names.get(each.get("category_id"))
    if len(box) != 4 or any(isinstance(side, bool) or not isinstance(side, int | float) for side in box):
        return f"annotation {each.get('id')}: expected four numbers in bbox, found {str(each.get('bbox'))[:60]}"
    if not isinstance(name, str):
        return f"annotation {each.get('id')}: expected one of the categories, found {str(each.get('category_id'))[:40]}"
    left, top, width, height = map(float, box)
    known = each.get(BOX_KEY)
    number = known if isinstance(known, int) and not isinstance(known, bool) else None
    return Drawn(number, name, (left, top, left + width, top + height), str(each.get("id")))


FORMAT = CocoBoxes()
