"""Drawn images with known boxes, written in every format."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from datacheck.rules import RuleContext
from datacheck.scanning import scan
from datacheck.sources import open_source
from datacheck.sources.annotations.base import LabelFileFormat, ParsedObject, WriteRequest
from datacheck.sources.annotations.label_files import LABEL_FILE_FORMATS

CLASSES = ("ring", "box", "cone")
WIDTH, HEIGHT = 96, 72
FORMATS = ("YOLO", "Pascal VOC", "LabelMe", "COCO")

Objects = dict[str, list[ParsedObject]]


def drawn_objects(n_images: int = 40, seed: int = 0, edge: int = 4) -> Objects:
    """Return one to three objects an image, in pixels, at random places that do not overlap much."""
    rng = np.random.default_rng(seed)
    found: Objects = {}
    for number in range(n_images):
        objects = []
        for line in range(1, 2 + number % 3):
            width, height = rng.integers(12, 26), rng.integers(12, 26)
            left = rng.integers(edge, 30) + 26 * (line - 1)
            top = rng.integers(edge, HEIGHT - 30)
            box = (float(left), float(top), float(min(left + width, WIDTH - 4)), float(top + height))
            objects.append(ParsedObject(CLASSES[rng.integers(3)], box, line))
        found[f"{number:04d}.jpg"] = objects
    return found


@dataclass(frozen=True)
class Drawn:
    """A dataset on disk: which format, and what is written."""

    root: Path
    form: str
    objects: Objects
    sizes: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    def write(self, extra: Callable[[Path], None] | None = None) -> RuleContext:
        """Write images and annotations, change files by ``extra``, and return the scanned dataset."""
        (self.root / "images").mkdir(parents=True, exist_ok=True)
        for number, name in enumerate(self.objects):
            draw(self.objects[name], number).save(self.root / "images" / name, quality=90)
        if self.form == "COCO":
            write_coco(self.root / "instances.json", self.objects, self.sizes)
        else:
            kind = next(kind for kind in LABEL_FILE_FORMATS if kind.name == self.form)
            write_label_files(self.root, kind, self.objects, self.sizes)
        if extra is not None:
            extra(self.root)
        manifest = open_source(self.root)
        return RuleContext(manifest, scan(manifest, jobs=1).measurements)


def draw(objects: list[ParsedObject], seed: int) -> Image.Image:
    """Draw the objects on noise."""
    rng = np.random.default_rng([7, seed])
    image = Image.fromarray(rng.integers(90, 140, (HEIGHT, WIDTH, 3), dtype=np.uint8))
    pen = ImageDraw.Draw(image)
    for each in objects:
        left, right = sorted((each.box[0], each.box[2]))
        top, bottom = sorted((each.box[1], each.box[3]))
        if each.name == "ring":
            pen.ellipse((left, top, right, bottom), outline=(200, 40, 40), width=3)
        elif each.name == "box":
            pen.rectangle((left, top, right, bottom), fill=(40, 40, 200))
        else:
            pen.polygon([(left, bottom), ((left + right) / 2, top), (right, bottom)], fill=(40, 180, 40))
    return image


def write_label_files(
    root: Path, kind: LabelFileFormat, objects: Objects, sizes: Mapping[str, tuple[int, int]]
) -> None:
    """Write one label file an image, and for YOLO the class names."""
    (root / "labels").mkdir(exist_ok=True)
    if kind.numbered:
        (root / "data.yaml").write_text(f"train: images\nnames: [{', '.join(CLASSES)}]\n")
    for name, found in objects.items():
        width, height = sizes.get(name, (WIDTH, HEIGHT))
        rows = [in_shares(each) for each in found] if kind.numbered else found
        content = kind.write(WriteRequest(name, width, height, rows))
        (root / "labels" / name).with_suffix(f".{kind.extension}").write_bytes(content)


def in_shares(each: ParsedObject) -> ParsedObject:
    """Return an object with YOLO's class number and shares of the image."""
    left, top, right, bottom = each.box
    number = str(CLASSES.index(each.name)) if each.name in CLASSES else each.name
    points = each.points
    if points is not None:
        points = tuple(value / (WIDTH, HEIGHT)[place % 2] for place, value in enumerate(points))
    box = (left / WIDTH, top / HEIGHT, right / WIDTH, bottom / HEIGHT)
    return replace(each, name=number, box=box, points=points)


def write_coco(path: Path, objects: Objects, sizes: Mapping[str, tuple[int, int]]) -> None:
    """Write a COCO file."""
    images, annotations = [], []
    for number, (name, found) in enumerate(objects.items(), start=1):
        width, height = sizes.get(name, (WIDTH, HEIGHT))
        images.append({"id": number, "file_name": name, "width": width, "height": height})
        for each in found:
            left, top, right, bottom = each.box
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": CLASSES.index(each.name) + 1 if each.name in CLASSES else int(each.name),
                    "bbox": [left, top, right - left, bottom - top],
                    "iscrowd": 0,
                    **({"segmentation": [list(each.points)]} if each.points is not None else {}),
                }
            )
    categories = [{"id": number, "name": name} for number, name in enumerate(CLASSES, start=1)]
    path.write_text(json.dumps({"images": images, "annotations": annotations, "categories": categories}))
