"""CVAT for images 1.1: boxes with an attribute that names them out, the boxes as people left them back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from datacheck.errors import RelabelError
from datacheck.relabel.boxes.drawn import Drawn, answers_of_image, asked_boxes, shown_boxes
from datacheck.relabel.boxes.queue import BoxQueue
from datacheck.relabel.formats.base import problem, stable_id
from datacheck.relabel.formats.cvat import printable
from datacheck.relabel.formats.links import Links
from datacheck.relabel.formats.reading import read_xml
from datacheck.storage import write_text

_ATTRIBUTE = "datacheck_box"
"""The attribute that names a box; boxes that people draw have it empty."""

_SIDES = ("xtl", "ytl", "xbr", "ybr")


@dataclass(frozen=True)
class CvatBoxes:
    """Annotations to upload into a task made of the same images, whose frames are named by their path below the root.

    An image that is in the export was answered as its boxes are.
    """

    name: str = "cvat"

    def export(self, queue: BoxQueue, links: Links, target: Path) -> list[Path]:
        """Write the XML, and the list of the images to upload as ``<name>.images.txt``."""
        names = [printable(links.relative(row)) for row in queue.rows()]
        images = [
            _image(number, name, queue, row["sample_id"])
            for number, (name, row) in enumerate(zip(names, queue.rows(), strict=True))
        ]
        listing = target.with_name(f"{target.stem}.images.txt")
        write_text(listing, "".join(f"{name}\n" for name in names))
        write_text(target, _document(queue, images))
        return [target, listing]

    def read(self, source: Path, queue: BoxQueue, annotator: str) -> Iterator[dict[str, Any]]:
        """Yield the answers of an export."""
        reading = _Reading(annotator)
        read_xml(source, reading.start, reading.end)
        frames = {image.uri: image for image in queue.images.images.values()}
        asked = asked_boxes(queue)
        for name, drawn in reading.images:
            image = frames.get(name)
            if image is None:
                yield problem("the image is not in the queue", f"image {name[:80]!r}")
                continue
            about = {
                "submission": f"cvat:{stable_id(reading.task, image.sample_id, reading.annotator)}",
                "annotator": reading.annotator,
                "answered_at": reading.updated,
                "tool": "cvat",
                "where": f"image {name[:80]!r}",
            }
            if shown_boxes(image) and drawn and all(each.annotation_id is None for each in drawn):
                why = f"no box has the attribute {_ATTRIBUTE!r}, by which the given boxes are found again"
                yield {**about, "sample_id": image.sample_id, "problem": why}
                continue
            yield from answers_of_image(image, drawn, asked[image.sample_id], about)


def _document(queue: BoxQueue, images: list[str]) -> str:
    declared = "".join(
        f"        <label><name>{escape(name)}</name><type>rectangle</type><attributes><attribute>"
        f"<name>{_ATTRIBUTE}</name><mutable>False</mutable><input_type>text</input_type><default_value></default_value>"
        "<values></values></attribute></attributes></label>\n"
        for name in queue.classes
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n  <meta>\n    <task>\n'
        f"      <name>{escape(f'datacheck {queue.identity}'.strip())}</name>\n      <size>{len(images)}</size>\n"
        f"      <labels>\n{declared}      </labels>\n    </task>\n  </meta>\n{''.join(images)}</annotations>\n"
    )


def _image(number: int, name: str, queue: BoxQueue, sample_id: str) -> str:
    image = queue.images.images[sample_id]
    boxes = "".join(
        f'    <box label={quoteattr(each.label or "")} source="file" occluded="0" '
        + " ".join(f'{key}="{side:.2f}"' for key, side in zip(_SIDES, each.box, strict=True))
        + f' z_order="0"><attribute name="{_ATTRIBUTE}">{each.annotation_id}</attribute></box>\n'
        for each in shown_boxes(image)
    )
    return (
        f'  <image id="{number}" name={quoteattr(name)} width="{image.width}" height="{image.height}">\n{boxes}'
        "  </image>\n"
    )


@dataclass
class _Reading:
    """Collects the boxes while the XML is read."""

    annotator: str
    images: list[tuple[str, list[Drawn]]] = field(default_factory=list)
    place: list[str] = field(default_factory=list)
    task: str = ""
    updated: str | None = None
    box: dict[str, str] | None = None
    attribute: str = ""
    number: int | None = None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if not self.place and name != "annotations":
            raise RelabelError(f"expected CVAT's <annotations>, found <{name}>: export as 'CVAT for images 1.1'")
        self.place.append(name)
        if name == "image":
            self.images.append((attributes.get("name", ""), []))
        elif name == "box":
            self.box, self.number = attributes, None
        elif name == "attribute":
            self.attribute = attributes.get("name", "")

    def end(self, name: str, text: str) -> None:
        place = tuple(self.place)
        self.place.pop()
        if place[-2:] == ("assignee", "username"):
            self.annotator = text.strip() or self.annotator
        elif place[-2:] in {("task", "id"), ("job", "id")}:
            self.task = text.strip()
        elif place[-2:] in {("task", "updated"), ("job", "updated")}:
            self.updated = text.strip() or None
        elif place[-2:] == ("box", "attribute") and self.attribute == _ATTRIBUTE and text.strip().isdigit():
            self.number = int(text)
        elif name == "box" and self.box is not None and self.images:
            self.images[-1][1].append(self._drawn(self.box))
            self.box = None

    def _drawn(self, box: dict[str, str]) -> Drawn:
        try:
            left, top, right, bottom = (float(box.get(side, "")) for side in _SIDES)
        except ValueError:
            raise RelabelError(f"expected the corners of a box, found {str(box)[:120]}") from None
        drawn = self.images[-1][1]
        return Drawn(self.number, box.get("label"), (left, top, right, bottom), f"new-{len(drawn)}")


FORMAT = CvatBoxes()
