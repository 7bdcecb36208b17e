"""Tables with a row a box: the image, the class, and the four numbers."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from datacheck.manifest import AnnotationFormat, Objects, Unit, class_lists, natural_sorted
from datacheck.manifest.annotations import PROBLEM, object_lists

_CORNERS = (
    ("xmin", "ymin", "xmax", "ymax"),
    ("x1", "y1", "x2", "y2"),
    ("left", "top", "right", "bottom"),
    ("bboxxmin", "bboxymin", "bboxxmax", "bboxymax"),
    ("xtl", "ytl", "xbr", "ybr"),
)
"""Names of the columns of left, top, right and bottom, without underscores and in lower case."""

_EXTENTS = (
    ("x", "y", "w", "h"),
    ("x", "y", "width", "height"),
    ("left", "top", "width", "height"),
    ("xmin", "ymin", "width", "height"),
    ("bboxx", "bboxy", "bboxwidth", "bboxheight"),
    ("boxx", "boxy", "boxw", "boxh"),
)
"""Names of the columns of left, top, width and height."""

_CLASS_NAMES = (
    "class",
    "label",
    "classname",
    "labelname",
    "category",
    "categoryname",
    "name",
    "species",
    "classid",
    "target",
)
"""Names of the column of the class, the likeliest first."""

_FILE_NAMES = ("filename", "file", "imagepath", "path", "image", "imagename", "imageid", "imgpath", "filepath", "img")
"""Names of the column of the image, the likeliest first."""

_SIZES = (("width", "height"), ("imagewidth", "imageheight"), ("imgwidth", "imgheight"))
"""Names of the columns of the image's size, where they are not those of the box."""

_LIST_NAMES = ("bbox", "box", "boundingbox")
"""Names of a column that holds all four numbers: left, top, width and height, as in COCO."""

_UNNAMED = ("column2", "column3", "column4", "column5")
"""Names that the columns of a box get in a table without a header: the image, four numbers, the class."""

_MOSTLY = 0.98
"""Share of the rows whose third and fourth number must be larger than the first two to be right and bottom."""

ONE_CLASS = "object"
"""The class of boxes in a table without a column of classes."""

_LARGEST_SHARE = 1.01
"""Numbers up to this one, not all whole, are shares of the image; some boxes may lie outside of theirs."""


@dataclass(frozen=True)
class BoxColumns:
    """Which columns of a table say where the boxes are.

    Attributes
    ----------
    file
        The column of the image.
    numbers
        The four columns of a box; one column that holds them all.
    corners
        Whether the last two are right and bottom; else they are width and height.
    label
        The column of the class; None where there is none.
    size
        The columns of the image's width and height; None where there are none.
    """

    file: str
    numbers: tuple[str, ...]
    corners: bool
    label: str | None
    size: tuple[str, str] | None

    @property
    def own(self) -> tuple[str, ...]:
        """The columns about boxes, all but that of the image."""
        names = (*self.numbers, *(self.size or ()), *(() if self.label is None else (self.label,)))
        return tuple(dict.fromkeys(names))

    @property
    def words(self) -> str:
        """What the columns were read as, for the user."""
        what = "left, top, right, bottom" if self.corners else "left, top, width, height"
        label = "no column of classes" if self.label is None else f"class = {self.label!r}"
        return f"a row a box: image = {self.file!r}, {label}, {what} = {', '.join(map(repr, self.numbers))}"


def find_box_columns(table: pa.Table, path: str | None = None, label: str | None = None) -> BoxColumns | None:
    """Return which columns of a table say boxes; None for a table without boxes.

    Parameters
    ----------
    table
        Any table.
    path, label
        The columns of the image and of the class that the caller named.

    Examples
    --------
    >>> table = pa.table({"filename": ["a.jpg"], "class": ["cup"], "xmin": [1], "ymin": [2], "xmax": [9], "ymax": [8]})
    >>> find_box_columns(table).words
    "a row a box: image = 'filename', class = 'class', left, top, right, bottom = 'xmin', 'ymin', 'xmax', 'ymax'"
    """
    by_word = {re.sub(r"[^a-z0-9]", "", name.lower()): name for name in reversed(table.column_names)}
    file = path or next((by_word[word] for word in _FILE_NAMES if word in by_word), None)
    if file is None or not (_is_text(table, file) or path is not None):
        return None
    for corners, candidates in ((True, _CORNERS), (False, _EXTENTS)):
        for words in candidates:
            names = tuple(by_word[word] for word in words if word in by_word)
            if len(names) == len(words) and all(_is_number(table, name) for name in names):
                return _with_rest(by_word, file, names, corners, label)
    if all(name in table.column_names and _is_number(table, name) for name in _UNNAMED):
        rest = table.column_names[len(_UNNAMED) + 1 :]
        return BoxColumns(file, _UNNAMED, _are_corners(table), label or next(iter(rest), None), None)
    names = tuple(by_word[word] for word in _LIST_NAMES if word in by_word)[:1]
    if names and _four_numbers(table[names[0]]) is not None:
        return _with_rest(by_word, file, names, False, label)
    return None


def _are_corners(table: pa.Table) -> bool:
    left, top, right, bottom = (np.asarray(pc.cast(table[name], pa.float64()).to_numpy()) for name in _UNNAMED)
    known = ~np.isnan(left + top + right + bottom)
    return bool(known.any()) and float(((right > left) & (bottom > top))[known].mean()) >= _MOSTLY


def _with_rest(
    by_word: Mapping[str, str], file: str, numbers: tuple[str, ...], corners: bool, label: str | None
) -> BoxColumns:
    label = label or next((by_word[word] for word in _CLASS_NAMES if word in by_word and by_word[word] != file), None)
    pairs = ((by_word[one], by_word[two]) for one, two in _SIZES if one in by_word and two in by_word)
    size = next((pair for pair in pairs if not set(pair) & set(numbers)), None)
    return BoxColumns(file, numbers, corners, label, size)


def _is_text(table: pa.Table, name: str) -> bool:
    kind = table.schema.field(name).type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind))


def _is_number(table: pa.Table, name: str) -> bool:
    kind = table.schema.field(name).type
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _four_numbers(column: pa.ChunkedArray) -> NDArray[np.float64] | None:
    """Return a column of lists, or of their texts, as numbers, NaN where one is missing; [M, 4]; None for others."""
    found = np.full((len(column), 4), np.nan)
    for row, value in enumerate(column.to_pylist()):
        if value is None or value == "":
            continue
        try:
            numbers = json.loads(value) if isinstance(value, str) else value
            found[row] = [float(each) for each in numbers]
        except (ValueError, TypeError):
            return None
    return found


@dataclass(frozen=True)
class GroupedBoxes:
    """The boxes of a table, one list an image.

    Attributes
    ----------
    first_rows
        The row of each image's first box.
    columns
        The columns of annotations, an entry an image.
    classes
        The class names.
    kind
        What is true of all boxes.
    """

    first_rows: pa.Table
    columns: dict[str, pa.Array]
    classes: tuple[str, ...]
    kind: AnnotationFormat


def group_boxes(table: pa.Table, columns: BoxColumns) -> GroupedBoxes:
    """Return the boxes of a table with a row a box, one list an image; rows without numbers are images without a box.

    Examples
    --------
    >>> table = pa.table({"image": ["b.jpg", "a.jpg", "b.jpg"], "x": [1, 2, 3], "y": [1, 1, 1], "w": [4, 4, 4],
    ...                   "h": [5, 5, 5], "class": ["cup", "cup", "jar"]})
    >>> found = group_boxes(table, find_box_columns(table))
    >>> found.first_rows["image"].to_pylist(), found.columns["labels"].to_pylist()
    (['b.jpg', 'a.jpg'], [['cup', 'jar'], ['cup']])
    """
    numbers, names = _numbers(table, columns), _names(table, columns)
    order, row, first = _by_image(table[columns.file].to_pylist())
    given = ~np.isnan(numbers).all(axis=1)
    whole = np.asarray(~np.isnan(numbers).any(axis=1))
    classes = tuple(natural_sorted({name for name, has in zip(names, whole, strict=True) if has and name is not None}))
    kept = order[whole[order]]
    corners = numbers[kept].copy()
    if not columns.corners:
        corners[:, 2:] += corners[:, :2]
    values = _values(kept, corners, [names[k] for k in kept], classes)
    lists = object_lists(values, np.searchsorted(row[kept], np.arange(len(first) + 1)))
    problems: list[list[dict[str, Any]]] = [[] for _ in first]
    for k in np.flatnonzero(given & ~whole):
        problems[row[k]].append({"line": int(k) + 1, "what": "expected four numbers, found fewer"})
    objects = Objects.of_column(pa.chunked_array([lists]))
    found = {
        "annotated_objects": lists,
        "annotation_problems": pa.array(problems, pa.list_(PROBLEM)),
        "labels": class_lists(objects, len(first), np.ones(len(first), dtype=bool), classes),
    }
    first_rows = table.take(pa.array(first))
    if columns.size is not None:
        for name, size in zip(("annotated_width", "annotated_height"), columns.size, strict=True):
            found[name] = pc.cast(first_rows[size], pa.int32(), safe=False)
    kind = AnnotationFormat("a table", Unit.SHARES if _are_shares(numbers[whole]) else Unit.PIXELS, place="row")
    return GroupedBoxes(first_rows, found, classes, kind)


def _are_shares(numbers: NDArray[np.float64]) -> bool:
    """Return whether most boxes, [M, 4], are in shares of their image."""
    within = np.abs(numbers).max(axis=1, initial=0.0) <= _LARGEST_SHARE
    return bool(2 * within.sum() > len(numbers) and (numbers[within] != np.round(numbers[within])).any())


def _values(
    rows: NDArray[np.int64], corners: NDArray[np.float64], names: Sequence[str | None], classes: Sequence[str]
) -> dict[str, Any]:
    """Return the fields of the objects that some rows are."""
    position = {name: number for number, name in enumerate(classes)}
    return {
        "class_id": [position.get(name or "", -1) for name in names],
        "written": [None if name in position else str(name) for name in names],
        **dict(zip(("left", "top", "right", "bottom"), corners.T, strict=True)),
        "shape": np.zeros(len(rows), dtype=np.int8),
        "points": pa.nulls(len(rows), pa.list_(pa.float32())),
        "crowd": np.zeros(len(rows), dtype=bool),
        "difficult": np.zeros(len(rows), dtype=bool),
        "line": rows + 1,
    }


def _numbers(table: pa.Table, columns: BoxColumns) -> NDArray[np.float64]:
    if len(columns.numbers) == 1:
        found = _four_numbers(table[columns.numbers[0]])
        assert found is not None, "the column was chosen for it"
        return found
    parts = [pc.cast(table[name], pa.float64()).to_numpy() for name in columns.numbers]
    return np.stack([np.where(np.isfinite(part), part, np.nan) for part in parts], axis=1)


def _names(table: pa.Table, columns: BoxColumns) -> list[str | None]:
    if columns.label is None:
        return [ONE_CLASS] * table.num_rows
    values = table[columns.label].to_pylist()
    return [None if value is None else str(value) for value in values]


def _by_image(uris: Sequence[str | None]) -> tuple[NDArray[np.int64], NDArray[np.int64], list[int]]:
    """Return the rows ordered by image, the image of each row, and the first row of each image."""
    number: dict[str | None, int] = {}
    first: list[int] = []
    image = np.empty(len(uris), dtype=np.int64)
    for row, uri in enumerate(uris):
        if uri not in number:
            number[uri] = len(first)
            first.append(row)
        image[row] = number[uri]
    return np.argsort(image, kind="stable"), image, first
