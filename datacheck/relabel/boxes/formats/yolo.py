"""YOLO: a folder with the images of the queue and a label file for each out, the same folder with other lines back.

The lines of a label file have no ids. A box is found again by its place: each given box belongs to the line that
overlaps most with it, by at least half. A box that was moved further is gone and another one is new: the same
corrected file.
"""

from __future__ import annotations

import csv
import io
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from scipy.optimize import linear_sum_assignment

from datacheck.annotations.shifts import paired_iou
from datacheck.errors import RelabelError
from datacheck.relabel.boxes.drawn import Drawn, answers_of_image, asked_boxes, shown_boxes
from datacheck.relabel.boxes.formats.label_studio import reason_text
from datacheck.relabel.boxes.images import BoxImage, KnownBox
from datacheck.relabel.boxes.queue import BoxQueue
from datacheck.relabel.formats.base import stable_id
from datacheck.relabel.formats.csv import shielded
from datacheck.relabel.formats.links import Links
from datacheck.relabel.formats.reading import open_bounded
from datacheck.sources.annotations import yolo
from datacheck.sources.annotations.base import ParsedObject, WriteRequest
from datacheck.storage import new_folder, write_text

IMAGES, LABELS, NAMES, REASONS, DESCRIPTION = "images", "labels", "classes.txt", "questions.csv", "data.yaml"
"""What is in the folder: images, label files of the same paths, class names, what is in doubt, YOLO's description."""

SAME_PLACE = 0.5
"""Least intersection over union of a given box and its line."""

SAME_CLASS = 1e-3
"""What an equal class adds to the overlap: two boxes at one place are told apart by it."""


@dataclass(frozen=True)
class YoloBoxes:
    """For tools that open a folder of images with YOLO's label files, such as labelImg."""

    name: str = "yolo"

    def export(self, queue: BoxQueue, links: Links, target: Path) -> list[Path]:
        """Write images and label files into a new folder, with the class names and why each image is asked about."""
        number = {name: place for place, name in enumerate(queue.classes)}
        reasons = io.StringIO()
        table = csv.writer(reasons, lineterminator="\n")
        table.writerow(["image", "question"])
        with new_folder(target) as folder:
            for row in queue.rows():
                image = queue.images.images[row["sample_id"]]
                path = posixpath.normpath(image.uri)
                objects = [
                    ParsedObject(str(number[each.label or ""]), _shares(each, image), place)
                    for place, each in enumerate(shown_boxes(image), 1)
                ]
                picture, labels = folder / IMAGES / path, (folder / LABELS / path).with_suffix(".txt")
                content = links.content(row)  # refuses a path that leads out of the dataset
                for place in (picture, labels):
                    place.parent.mkdir(parents=True, exist_ok=True)
                picture.write_bytes(content)
                labels.write_bytes(yolo.write(WriteRequest(path, image.width, image.height, objects)))
                table.writerow([shielded(path), shielded(reason_text(row, image))])
            names = [name.replace("\n", " ") for name in queue.classes]
            write_text(folder / NAMES, "".join(f"{name}\n" for name in names))
            described = {"path": ".", "train": IMAGES, "val": IMAGES, "names": dict(enumerate(names))}
            write_text(folder / DESCRIPTION, yaml.safe_dump(described, sort_keys=False, allow_unicode=True))
            write_text(folder / REASONS, reasons.getvalue())
        return [target / DESCRIPTION]

    def read(self, source: Path, queue: BoxQueue, annotator: str) -> Iterator[dict[str, Any]]:
        """Yield the answers: an image with a label file was answered as its lines are."""
        labels = source / LABELS
        if not labels.is_dir():
            raise RelabelError(f"expected the exported folder with {LABELS}/ in it, found none at {source}")
        asked = asked_boxes(queue)
        for image in queue.images.images.values():
            path = (labels / posixpath.normpath(image.uri)).with_suffix(".txt")
            if not path.is_file() or not path.resolve().is_relative_to(labels.resolve()):
                continue
            about = {
                "submission": f"yolo:{stable_id(image.sample_id, annotator)}",
                "annotator": annotator,
                "tool": "yolo",
                "dataset": queue.identity,
                "where": f"{LABELS}/{path.relative_to(labels).as_posix()}",
            }
            drawn = _drawn(path, image, queue.classes)
            if isinstance(drawn, str):
                yield {**about, "sample_id": image.sample_id, "problem": drawn}
            elif shown_boxes(image) and drawn and all(each.annotation_id is None for each in drawn):
                yield {**about, "sample_id": image.sample_id, "problem": "no line is at the place of a given box"}
            else:
                yield from answers_of_image(image, drawn, asked[image.sample_id], about)


def _drawn(path: Path, image: BoxImage, classes: tuple[str, ...]) -> list[Drawn] | str:
    with open_bounded(path) as file:
        found = yolo.parse(file.read())
    if found.problems:
        line, what = found.problems[0]
        return f"line {line}: {what}"
    unknown = next((each for each in found.objects if not _is_class(each.name, classes)), None)
    if unknown is not None:
        return f"line {unknown.line}: expected a class from 0 to {len(classes) - 1}, found {unknown.name}"
    size = (image.width, image.height) * 2
    boxes = [tuple(share * side for share, side in zip(each.box, size, strict=True)) for each in found.objects]
    labels = [classes[int(each.name)] for each in found.objects]
    known = shown_boxes(image)
    ids: dict[int, int] = {}
    if boxes and known:
        overlap = paired_iou(np.array(boxes)[:, None], np.array([each.box for each in known])[None])
        same = np.array([[label == each.label for each in known] for label in labels])
        for at, number in zip(*linear_sum_assignment(overlap + SAME_CLASS * same, maximize=True), strict=True):
            if overlap[at, number] >= SAME_PLACE:
                ids[int(at)] = known[number].annotation_id
    return [
        Drawn(ids.get(line), label, (box[0], box[1], box[2], box[3]), str(line + 1))
        for line, (box, label) in enumerate(zip(boxes, labels, strict=True))
    ]


def _is_class(name: str, classes: tuple[str, ...]) -> bool:
    return name.isdecimal() and int(name) < len(classes)


def _shares(known: KnownBox, image: BoxImage) -> tuple[float, float, float, float]:
    left, top, right, bottom = known.box
    return left / image.width, top / image.height, right / image.width, bottom / image.height


FORMAT = YoloBoxes()
