"""CVAT for images 1.1: suggestions as automatic tags out, the people's tags back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from datacheck.errors import RelabelError
from datacheck.manifest import Task
from datacheck.manifest.readers import FileReader, SampleReadError
from datacheck.relabel.formats.base import (
    CLASS_TASKS,
    NO_CLASS_WORDS,
    PREFIX,
    Row,
    answer_of,
    problem,
    split_no_class,
    stable_id,
)
from datacheck.relabel.formats.links import Links
from datacheck.relabel.formats.reading import read_xml
from datacheck.relabel.label_text import class_names
from datacheck.relabel.queue import RelabelQueue
from datacheck.storage import write_text

_AUTOMATIC = frozenset({"auto", "semi-auto", "file"})
"""Sources of a tag that nobody set by hand."""
_SKIP = "skip"

_SHAPES = frozenset({"box", "polygon", "polyline", "points", "ellipse", "cuboid", "mask", "skeleton"})
"""Annotations that are no class of the whole image."""


@dataclass(frozen=True)
class Cvat:
    """Annotations to upload into a task made of the same images, whose frames are named by their path below the root.

    A suggestion is a tag of the source ``auto``. Only tags that people set are answers, so a suggestion that nobody
    touched counts as not answered: people set the tag of the right class, or one of ``datacheck: none of these``,
    ``datacheck: ambiguous`` and ``datacheck: skip``.
    """

    name: str = "cvat"
    tasks: frozenset[Task] = CLASS_TASKS

    def export(self, queue: RelabelQueue, links: Links, target: Path) -> list[Path]:
        """Write the XML, and the list of the images to upload as ``<name>.images.txt``."""
        items = queue.rows()
        names = [printable(links.relative(row)) for row in items]
        repeated = [name for name, count in Counter(names).items() if count > 1]
        if repeated:
            raise RelabelError(
                f"CVAT names frames by their path, and {len(repeated)} paths occur twice, such as {repeated[0]!r}: "
                "use label-studio, csv or parquet"
            )
        images = [
            _image(number, name, row, queue.task, links.size(row))
            for number, (name, row) in enumerate(zip(names, items, strict=True))
        ]
        listing = target.with_name(f"{target.stem}.images.txt")
        write_text(listing, "".join(f"{name}\n" for name in names))
        write_text(target, _document(queue, images))
        return [target, listing]

    def read(self, source: Path, queue: RelabelQueue, annotator: str) -> Iterator[Row]:
        """Yield the answers of an export."""
        reading = _Reading(queue, _frames(queue), annotator)
        read_xml(source, reading.start, reading.end)
        return iter(reading.rows)


def _document(queue: RelabelQueue, images: list[str]) -> str:
    labels = [*queue.classes, *(PREFIX + word for word in (*NO_CLASS_WORDS, _SKIP))]
    declared = "".join(
        f"        <label><name>{escape(name)}</name><type>tag</type><attributes><attribute><name>confidence</name>"
        "<mutable>False</mutable><input_type>text</input_type><default_value></default_value><values></values>"
        "</attribute></attributes></label>\n"
        for name in labels
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n  <meta>\n    <task>\n'
        f"      <name>{escape(f'datacheck {queue.identity}'.strip())}</name>\n      <size>{len(images)}</size>\n"
        f"      <labels>\n{declared}      </labels>\n    </task>\n  </meta>\n{''.join(images)}</annotations>\n"
    )


def _image(number: int, name: str, row: Mapping[str, Any], task: Task, size: tuple[int, int]) -> str:
    sure = "" if row["confidence"] is None else f"{row['confidence']:.4f}"
    tags = "".join(
        f'    <tag label={quoteattr(suggestion)} source="auto"><attribute name="confidence">{sure}</attribute></tag>\n'
        for suggestion in class_names(row["suggested"], task)
    )
    return f'  <image id="{number}" name={quoteattr(name)} width="{size[0]}" height="{size[1]}">\n{tags}  </image>\n'


def printable(name: str) -> str:
    """Return a frame's name, unless XML cannot hold it."""
    if any(ord(letter) < 32 or 0xD800 <= ord(letter) < 0xE000 or letter in "\ufffe\uffff" for letter in name):
        raise RelabelError(f"CVAT's XML cannot hold the path {name!r}: use label-studio, csv or parquet")
    return name


def _frames(queue: RelabelQueue) -> dict[str, str]:
    """Return the sample of each frame by the frame's name."""
    frames: dict[str, str] = {}
    if queue.root is None:
        return frames
    reader = FileReader(queue.root)
    root = reader.path("")
    for sample_id, uri in zip(queue.sample_ids, queue.table["uri"].to_pylist(), strict=True):
        try:
            frames[reader.path(uri or "").relative_to(root).as_posix()] = sample_id
        except SampleReadError:
            continue
    return frames


@dataclass
class _Reading:
    """Collects the answers while the XML is read."""

    queue: RelabelQueue
    frames: Mapping[str, str]
    annotator: str
    rows: list[Row] = field(default_factory=list)
    place: list[str] = field(default_factory=list)
    task: str = ""
    updated: str | None = None
    image: str | None = None
    tags: list[str] = field(default_factory=list)
    shapes: set[str] = field(default_factory=set)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if not self.place and name != "annotations":
            raise RelabelError(f"expected CVAT's <annotations>, found <{name}>: export as 'CVAT for images 1.1'")
        self.place.append(name)
        if name == "image":
            self.image, self.tags, self.shapes = attributes.get("name", ""), [], set()
        elif name in _SHAPES and self.image is not None:
            self.shapes.add(name)
        elif name == "tag" and self.image is not None and attributes.get("source", "manual") not in _AUTOMATIC:
            self.tags.append(attributes.get("label", ""))

    def end(self, name: str, text: str) -> None:
        place = tuple(self.place)
        self.place.pop()
        if place[-2:] == ("assignee", "username"):
            self.annotator = text.strip() or self.annotator
        elif place[-2:] in {("task", "id"), ("job", "id")}:
            self.task = text.strip()
        elif place[-2:] in {("task", "updated"), ("job", "updated")}:
            self.updated = text.strip() or None
        elif name == "image" and self.image is not None:
            if self.tags:
                self.rows.append(self._row(self.image, self.tags))
            elif self.shapes:
                why = f"it has <{'> and <'.join(sorted(self.shapes))}>, but no <tag>: label images with tags"
                self.rows.append(
                    problem(why, f"image {self.image[:80]!r}") | {"sample_id": self.frames.get(self.image)}
                )
            self.image = None

    def _row(self, image: str, tags: list[str]) -> Row:
        sample_id = self.frames.get(image)
        if sample_id is None:
            return problem("the image is not in the queue", f"image {image[:80]!r}")
        if tags == [PREFIX + _SKIP]:
            chosen: Row = {"answer": "skip", "label": None}
        else:
            chosen = answer_of(*split_no_class(tags), self.queue.task)
        return {
            "answer_id": f"cvat:{stable_id(self.task, sample_id, self.annotator)}",
            "sample_id": sample_id,
            "annotator": self.annotator,
            "answered_at": self.updated,
            "tool": "cvat",
            "where": f"image {image[:80]!r}",
            **chosen,
        }


FORMAT = Cvat()
