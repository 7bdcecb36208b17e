"""COCO: one JSON file for many images, boxes by left, top, width and height in pixels, regions as polygons or RLE."""

from __future__ import annotations

import json
import math
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from datacheck.errors import SourceError
from datacheck.manifest.annotations import PROBLEM, SHAPES, object_lists
from datacheck.sources.files import check_regular

_KEYS = (b'"images"', b'"annotations"', b'"categories"')
"""The three lists of a COCO file."""

_PROBE_BYTES = 1 << 16
"""Bytes at the start and at the end of a JSON file that are searched for `_KEYS`."""

_FEWEST_KEYS = 2
"""How many of `_KEYS` must be there."""

_MOST_BYTES = 1 << 32
"""A JSON file of more than 4 GB is not read at once."""

MOST_ORPHANS = 3
"""Annotations without an image that are named; all are counted."""


class _Image(msgspec.Struct, gc=False):
    id: int | str
    file_name: str = ""
    width: float | None = None
    height: float | None = None


class _Annotation(msgspec.Struct, gc=False):
    image_id: int | str
    category_id: int | None = None
    bbox: tuple[float, float, float, float] | None = None
    id: int | str | None = None
    iscrowd: bool | int = 0
    segmentation: msgspec.Raw = msgspec.Raw()


class _Category(msgspec.Struct, gc=False):
    id: int
    name: str


class _File(msgspec.Struct):
    images: list[_Image]
    annotations: list[_Annotation]
    categories: list[_Category] = []


_POLYGONS = msgspec.json.Decoder(list[list[float]])
"""Made once: to make it takes as long as to read a polygon."""


@dataclass
class CocoFile:
    """What one COCO file holds.

    Attributes
    ----------
    file_names, widths, heights
        One an image: its file, and the size that is stated for it (0 where none is).
    categories
        Class name by its number, in the order of the numbers.
    objects
        The column ``annotated_objects``, one list an image, its classes as indices into ``categories``.
    problems
        The column ``annotation_problems``, one list an image.
    orphans, n_orphans
        Some annotations of images that are not listed, and how many there are.
    n_objects
        Annotations with a box.
    """

    file_names: list[str]
    widths: list[int]
    heights: list[int]
    categories: dict[int, str]
    objects: pa.Array
    problems: pa.Array
    orphans: list[str]
    n_orphans: int
    n_objects: int


def looks_like_coco(path: Path) -> bool:
    """Return whether a JSON file has COCO's lists, by its start and end."""
    try:
        with path.open("rb") as file:
            start = file.read(_PROBE_BYTES)
            file.seek(0, 2)
            file.seek(max(len(start), file.tell() - _PROBE_BYTES))
            ends = start + file.read()
    except OSError:
        return False
    return start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") and sum(key in ends for key in _KEYS) >= _FEWEST_KEYS


def read_coco(path: Path) -> CocoFile:
    """Read a COCO file; annotations that are not as the format asks are problems of their image.

    Raises
    ------
    SourceError
        When the file is no JSON, or has no lists of images and annotations.
    """
    size = check_regular(path).stat().st_size
    if size > _MOST_BYTES:
        raise SourceError(f"expected a COCO file of up to 4 GB, found {size:,} bytes in {path}: split it")
    return _decoded(path.read_bytes(), path)


def coco_in_memory(content: Mapping[str, Any], name: str) -> CocoFile:
    """Return what the content of a COCO file holds that was read before, such as by pycocotools.

    ``name`` is what holds it, for messages.

    Examples
    --------
    >>> content = {"images": [], "annotations": [], "categories": [{"id": 7, "name": "cup"}]}
    >>> coco_in_memory(content, "a Dataset").categories
    {7: 'cup'}
    """
    kept = {key: content[key] for key in ("images", "annotations", "categories") if key in content}
    return _decoded(msgspec.json.encode(kept), Path(name))


def _decoded(data: bytes, path: Path) -> CocoFile:
    try:
        return _assemble(msgspec.json.decode(data, type=_File), {}, path)
    except msgspec.ValidationError:
        content, problems = _leniently(data, path)
        return _assemble(content, problems, path)
    except (msgspec.DecodeError, RecursionError) as error:
        raise SourceError(f"expected JSON in {path}, found: {error}; export the annotations again") from error


def _leniently(data: bytes, path: Path) -> tuple[_File, dict[int | str, list[tuple[int, str]]]]:
    """Read a file in which some entries have other types than the format's: those become problems by image."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise SourceError(f"expected JSON in {path}, found: {error}; export the annotations again") from error
    lists = [value.get(key) if isinstance(value, dict) else None for key in ("images", "annotations", "categories")]
    if not isinstance(lists[0], list) or not isinstance(lists[1], list):
        kind = f"the keys {sorted(value)[:5]}" if isinstance(value, dict) else f"a {type(value).__name__}"
        raise SourceError(f"expected COCO's lists 'images' and 'annotations' in {path}, found {kind}")
    images = _entries(lists[0], _Image, "images", "an id and a file_name", path)
    categories = _entries(lists[2] or [], _Category, "categories", "a whole number as id, and a name", path)
    annotations: list[_Annotation] = []
    problems: dict[int | str, list[tuple[int, str]]] = {}
    for number, item in enumerate(lists[1], start=1):
        if (each := _as(item, _Annotation)) is not None:
            annotations.append(each)
            continue
        found = item if isinstance(item, dict) else {}
        image_id, own = found.get("image_id"), found.get("id")
        what = f"expected image_id, category_id and four numbers in bbox, found {str(found.get('bbox', item))[:60]}"
        key = image_id if isinstance(image_id, int | str) else ""
        problems.setdefault(key, []).append((own if isinstance(own, int) else number, what))
    return _File(images, annotations, categories), problems


def _entries(items: list[object], kind: type[Any], key: str, wanted: str, path: Path) -> list[Any]:
    """Return all entries of a list; without all of them nothing could be said of the others' annotations."""
    found = [_as(item, kind) for item in items]
    if wrong := [item for item, each in zip(items, found, strict=True) if each is None]:
        what = f"{len(wrong):,} of {len(items):,} that are not so, the first is {str(wrong[0])[:80]}"
        raise SourceError(f"{path}: expected {wanted} in each entry of {key!r}, found {what}")
    return found


def _as(value: object, kind: type[Any]) -> Any:
    if isinstance(value, dict):  # a Raw field takes bytes only
        value = {**value, "segmentation": msgspec.Raw(msgspec.json.encode(value.get("segmentation")))}
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return None


@dataclass
class _Columns:
    """The objects as columns of numbers, in the order of the file."""

    row: array[int] = field(default_factory=lambda: array("q"))
    class_id: array[int] = field(default_factory=lambda: array("i"))
    written: list[str | None] = field(default_factory=list)
    box: array[float] = field(default_factory=lambda: array("d"))
    shape: array[int] = field(default_factory=lambda: array("b"))
    crowd: array[int] = field(default_factory=lambda: array("b"))
    line: array[int] = field(default_factory=lambda: array("q"))
    points: array[float] = field(default_factory=lambda: array("f"))
    ends: array[int] = field(default_factory=lambda: array("q", [0]))


def _assemble(content: _File, problems: Mapping[int | str, list[tuple[int, str]]], path: Path) -> CocoFile:
    categories = {each.id: each.name for each in sorted(content.categories, key=lambda each: each.id)}
    position = {number: index for index, number in enumerate(categories)}
    row_of = {each.id: row for row, each in enumerate(content.images)}
    columns = _Columns()
    orphans: list[str] = []
    n_orphans, boxless = 0, list[tuple[int | str, int]]()
    for number, each in enumerate(content.annotations, start=1):
        line = each.id if isinstance(each.id, int) else number
        if (row := row_of.get(each.image_id)) is None:
            n_orphans += 1
            if len(orphans) < MOST_ORPHANS:
                orphans.append(f"{path.name!r} annotation id {line} (image id {each.image_id})")
        elif each.bbox is not None:
            _add(columns, each, row, line, position)
        elif each.category_id is not None:
            boxless.append((each.image_id, line))
    content.annotations.clear()  # with them goes the text of the file, most of the memory
    found = {key: list(each) for key, each in problems.items()}
    for image_id, line in boxless if columns.row else ():  # a file without any box is about something else
        found.setdefault(image_id, []).append((line, "expected four numbers in bbox, found none"))
    listed = [[{"line": line, "what": what} for line, what in found.get(each.id, ())] for each in content.images]
    return CocoFile(
        file_names=[each.file_name for each in content.images],
        widths=[int(each.width or 0) for each in content.images],
        heights=[int(each.height or 0) for each in content.images],
        categories=categories,
        objects=_objects(columns, len(content.images)),
        problems=pa.array(listed, pa.list_(PROBLEM)),
        orphans=orphans,
        n_orphans=n_orphans,
        n_objects=len(columns.row),
    )


def _add(columns: _Columns, each: _Annotation, row: int, line: int, position: Mapping[int, int]) -> None:
    assert each.bbox is not None
    left, top, width, height = each.bbox
    index = position.get(each.category_id, -1) if each.category_id is not None else -1
    columns.row.append(row)
    columns.class_id.append(index)
    columns.written.append(None if index >= 0 else str(each.category_id))
    columns.box.extend((left, top, left + width, top + height))
    columns.crowd.append(bool(each.iscrowd))
    columns.line.append(line)
    shape, points = _region(bytes(each.segmentation))
    columns.shape.append(SHAPES.index(shape))
    columns.points.extend(array("f", points))  # twice as fast as number by number
    columns.ends.append(len(columns.points))


def _region(segmentation: bytes) -> tuple[str, list[float]]:
    """Return the shape of an object and the points of its polygon; of one in several parts, no points are kept."""
    if segmentation.startswith(b"{"):
        return "mask", []
    if not segmentation.startswith(b"[["):
        return "box", []
    try:
        parts = _POLYGONS.decode(segmentation)
    except msgspec.DecodeError:
        return "box", []
    single = len(parts) == 1 and len(parts[0]) % 2 == 0 and math.isfinite(sum(parts[0]))
    return "polygon", parts[0] if single else []


def _objects(columns: _Columns, n_images: int) -> pa.Array:
    """Return the objects as one list an image."""
    row = np.frombuffer(columns.row, dtype=np.int64) if columns.row else np.empty(0, np.int64)
    order = np.argsort(row, kind="stable")
    taken = pa.array(order)
    boxes = (np.frombuffer(columns.box) if columns.box else np.empty(0)).reshape(-1, 4)[order]
    points = pa.ListArray.from_arrays(
        pa.array(np.frombuffer(columns.ends, dtype=np.int64).astype(np.int32)),
        pa.array(np.frombuffer(columns.points, dtype=np.float32) if columns.points else np.empty(0, np.float32)),
    )

    def of(values: Any, kind: Any) -> NDArray[Any]:
        return np.asarray(values, dtype=kind)[order]

    values = {
        "class_id": of(columns.class_id, np.int32),
        "written": pa.array(columns.written, pa.string()).take(taken),
        **dict(zip(("left", "top", "right", "bottom"), boxes.T, strict=True)),
        "shape": of(columns.shape, np.int8),
        "points": points.take(taken),
        "crowd": of(columns.crowd, bool),
        "difficult": np.zeros(len(row), dtype=bool),
        "line": of(columns.line, np.int64),
    }
    return object_lists(values, np.searchsorted(row[order], np.arange(n_images + 1)))
