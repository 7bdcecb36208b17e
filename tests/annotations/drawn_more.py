"""Drawn datasets in formats that keep all boxes in one file: CVAT, tables, and Hugging Face's column ``objects``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import quoteattr

from datacheck.rules import RuleContext
from datacheck.scanning import scan
from datacheck.sources import open_source
from datacheck.sources.annotations.base import ParsedObject
from tests.annotations.drawn import CLASSES, FORMATS, HEIGHT, WIDTH, Drawn, Objects, draw

ALL_FORMATS = (*FORMATS, "CVAT", "a table", "Open Images", "Hugging Face objects")
"""Every format that a folder of images with boxes can be in; Open Images is a table of shares."""


@dataclass(frozen=True)
class DrawnInAny:
    """A dataset on disk in any of `ALL_FORMATS`: what is written, and the stated sizes of some images."""

    root: Path
    form: str
    objects: Objects
    sizes: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    def write(self, extra: Callable[[Path], None] | None = None) -> RuleContext:
        """Write images and annotations, change files by ``extra``, and return the scanned dataset."""
        if self.form in FORMATS:
            return Drawn(self.root, self.form, self.objects, self.sizes).write(extra)
        (self.root / "images").mkdir(parents=True, exist_ok=True)
        for number, name in enumerate(self.objects):
            draw(self.objects[name], number).save(self.root / "images" / name, quality=90)
        writers = {"CVAT": _cvat, "a table": _table, "Open Images": _shares, "Hugging Face objects": _objects}
        writer = writers[self.form]
        name, text = writer(self.objects, self.sizes)
        (self.root / name).write_text(text)
        if extra is not None:
            extra(self.root)
        manifest = open_source(self.root)
        return RuleContext(manifest, scan(manifest, jobs=1).measurements)


def _cvat(objects: Objects, sizes: Mapping[str, tuple[int, int]]) -> tuple[str, str]:
    labels = "".join(f"<label><name>{name}</name></label>" for name in CLASSES)
    lines = [f"<annotations><meta><task><labels>{labels}</labels></task></meta>"]
    for number, (name, found) in enumerate(objects.items()):
        width, height = sizes.get(name, (WIDTH, HEIGHT))
        lines.append(f'<image id="{number}" name={quoteattr("images/" + name)} width="{width}" height="{height}">')
        lines += [_shape(each) for each in found]
        lines.append("</image>")
    return "annotations.xml", "\n".join([*lines, "</annotations>\n"])


def _shape(each: ParsedObject) -> str:
    if each.points is None:
        left, top, right, bottom = each.box
        return f'<box label={quoteattr(each.name)} xtl="{left}" ytl="{top}" xbr="{right}" ybr="{bottom}"/>'
    points = ";".join(f"{x},{y}" for x, y in zip(each.points[0::2], each.points[1::2], strict=True))
    return f'<polygon label={quoteattr(each.name)} points="{points}"/>'


def _table(objects: Objects, sizes: Mapping[str, tuple[int, int]]) -> tuple[str, str]:
    lines = ["filename,width,height,class,xmin,ymin,xmax,ymax"]
    for name, found in objects.items():
        width, height = sizes.get(name, (WIDTH, HEIGHT))
        start = f"images/{name},{width},{height}"
        lines += [f"{start},{each.name},{','.join(map(str, each.box))}" for each in found]
        if not found:
            lines.append(f"{start},,,,,")
    return "labels.csv", "\n".join(lines) + "\n"


def _shares(objects: Objects, sizes: Mapping[str, tuple[int, int]]) -> tuple[str, str]:
    lines = ["ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded"]
    for name, found in objects.items():
        for each in found:
            left, top, right, bottom = (side / (WIDTH, HEIGHT)[axis % 2] for axis, side in enumerate(each.box))
            sides = ",".join(f"{side:.6f}" for side in (left, right, top, bottom))
            lines.append(f"{name.removesuffix('.jpg')},xclick,{each.name},1,{sides},0")
    return "annotations-bbox.csv", "\n".join(lines) + "\n"


def _objects(objects: Objects, sizes: Mapping[str, tuple[int, int]]) -> tuple[str, str]:
    lines = []
    for name, found in objects.items():
        boxes = [[left, top, right - left, bottom - top] for left, top, right, bottom in (each.box for each in found)]
        value = {"bbox": boxes, "category": [each.name for each in found]}
        lines.append(json.dumps({"file_name": f"images/{name}", "objects": value}) + "\n")
    return "metadata.jsonl", "".join(lines)
