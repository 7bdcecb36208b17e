"""COCO: the regions in question as run lengths out, the same file with other categories back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datacheck.relabel.formats.base import problem, stable_id
from datacheck.relabel.formats.coco import IMAGE_KEY, read_coco
from datacheck.relabel.formats.links import Links
from datacheck.relabel.formats.reading import mapping, sequence
from datacheck.relabel.masks.answers import Verdict, rows_of_verdict
from datacheck.relabel.masks.formats.label_studio import reason_text
from datacheck.relabel.masks.queue import MaskQueue, asked_region
from datacheck.relabel.submissions import Row
from datacheck.storage import write_text

QUESTION_KEY = "datacheck_question"
"""The key by which an annotation is found again."""


@dataclass(frozen=True)
class CocoMasks:
    """Regions in COCO's uncompressed run lengths, which pycocotools and its like read.

    A region in question has its given category; one that may be missing has the suggested one. Back, an annotation of
    another category changes the class of its pixels; a missing region whose annotation is gone is not drawn.
    """

    name: str = "coco"

    def export(self, queue: MaskQueue, links: Links, target: Path) -> list[Path]:
        """Write the images, the regions in question, and why each is asked about."""
        number = {name: place for place, name in enumerate(queue.classes, 1)}
        images: list[dict[str, Any]] = []
        annotations: list[dict[str, Any]] = []
        for image_id, row in enumerate(queue.rows(), 1):
            image = queue.images.images[row["sample_id"]]
            named = {"id": image_id, "file_name": links.relative(row), "width": image.width, "height": image.height}
            images.append({**named, IMAGE_KEY: image.sample_id, "reason": reason_text(row["questions"])})
            annotations += [_annotation(each, image_id, number) for each in row["questions"] if each["runs"]]
        value = {
            "info": {"description": "regions to check", "datacheck_dataset": queue.identity},
            "images": images,
            "annotations": [{"id": place, **each} for place, each in enumerate(annotations, 1)],
            "categories": [{"id": place, "name": name} for name, place in number.items()],
        }
        write_text(target, json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n")
        return [target]

    def read(self, source: Path, queue: MaskQueue, annotator: str) -> Iterator[Row]:
        """Yield the answers: an image that the file lists was answered as its annotations are."""
        value = read_coco(source)
        names = {each.get("id"): each.get("name") for each in map(mapping, sequence(value.get("categories")))}
        label_of: dict[int, Any] = {}
        for each in map(mapping, sequence(value.get("annotations"))):
            number = each.get(QUESTION_KEY)
            if isinstance(number, int):
                label_of[number] = names.get(each.get("category_id"))
        listed = {mapping(each).get(IMAGE_KEY) for each in sequence(value.get("images"))}
        dataset = mapping(value.get("info")).get("datacheck_dataset")
        if not listed & set(queue.sample_ids):
            yield problem(f"no image has {IMAGE_KEY!r} of the queue")
        for row in queue.table.to_pylist():
            if row["sample_id"] not in listed or row["kind"] == "random":
                continue
            name = f"coco:{stable_id(str(row['question']), row['mask_hash'], annotator)}"
            about = {"submission": name, "annotator": annotator, "tool": "coco", "dataset": dataset}
            about["where"] = f"question {row['question']}"
            verdict, label = _verdict(row, label_of)
            if verdict is None:
                why = f"no annotation has {QUESTION_KEY!r} {row['question']}"
                yield {**about, "sample_id": row["sample_id"], "problem": why}
                continue
            yield from rows_of_verdict(row, verdict, label, about)


def _annotation(row: Row, image_id: int, number: dict[str, int]) -> dict[str, Any]:
    region = asked_region(row)
    label = row["suggested"] if row["kind"] == "missing" else row["given"]
    return {
        "image_id": image_id,
        "category_id": number[label],
        "segmentation": {"size": [row["height"], row["width"]], "counts": row["runs"]},
        "bbox": [row["left"], row["top"], row["right"] - row["left"], row["bottom"] - row["top"]],
        "area": int(region.sum()),
        "iscrowd": 0,
        QUESTION_KEY: row["question"],
        "kind": row["kind"],
        "suggested_category_id": number[row["suggested"]],
    }


def _verdict(row: Row, label_of: dict[int, Any]) -> tuple[Verdict | None, str | None]:
    label = label_of.get(row["question"])
    if row["kind"] == "missing":
        if row["question"] not in label_of:
            return Verdict.GIVEN, None
        return (Verdict.SUGGESTED, None) if label == row["suggested"] else (Verdict.CLASS, label)
    if row["question"] not in label_of:
        return None, None
    return (Verdict.GIVEN, None) if label == row["given"] else (Verdict.CLASS, label)


FORMATS = {"coco": CocoMasks()}
"""By the names of the command line."""
