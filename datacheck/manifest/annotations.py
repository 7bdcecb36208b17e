"""Boxes and regions: what an image's annotation file says, a list of objects a sample."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike, NDArray

SHAPES = ("box", "polygon", "mask", "oriented box", "keypoints")
"""What an object was drawn as; the column ``shape`` holds the index. Of each, the enclosing box is kept as well."""

OBJECT = pa.struct(
    [
        ("class_id", pa.int32()),
        ("written", pa.string()),
        ("left", pa.float64()),
        ("top", pa.float64()),
        ("right", pa.float64()),
        ("bottom", pa.float64()),
        ("shape", pa.int8()),
        ("points", pa.list_(pa.float32())),
        ("crowd", pa.bool_()),
        ("difficult", pa.bool_()),
        ("line", pa.int64()),
    ]
)
"""One box or region.

``class_id`` is the index into the manifest's classes, -1 where the class is not among the declared ones; ``written``
is then what the file says. ``left`` to ``bottom`` are as written (``right`` may be left of ``left``), in the unit of
the format; ``points`` are x and y in turn. ``line`` is where it stands in the file.
"""

PROBLEM = pa.struct([("line", pa.int64()), ("what", pa.string())])
"""A part of an annotation file that cannot be read: its line, 0 for the whole file, and what is wrong with it."""

ANNOTATION_COLUMNS: Mapping[str, pa.DataType] = {
    "annotation_file": pa.dictionary(pa.int32(), pa.string()),
    "annotated_width": pa.int32(),
    "annotated_height": pa.int32(),
    "annotated_image": pa.string(),
    "annotated_objects": pa.list_(OBJECT),
    "annotation_problems": pa.list_(PROBLEM),
}
"""The columns of a manifest with boxes: the file they come from, the image's size and file name as that file states
them, the objects, and the parts that cannot be read."""


class Unit(StrEnum):
    """What the coordinates of a format count."""

    PIXELS = "pixels"
    SHARES = "shares"
    """Shares of the image's width and height, 0 to 1."""


@dataclass(frozen=True)
class AnnotationFormat:
    """What is true of all annotations of a dataset.

    Attributes
    ----------
    name
        The format, such as ``YOLO``.
    unit
        What its coordinates count.
    place
        What the column ``line`` counts: ``line``, ``object``, ``annotation id``.
    declared
        Whether the classes come from a list in the dataset, or only from the objects.
    class_ids
        The number of each class in the format's files, where it has numbers.
    orphans, n_orphans
        Some annotations that belong to no image, and how many there are.
    """

    name: str
    unit: Unit
    place: str = "line"
    declared: bool = False
    class_ids: tuple[int, ...] = ()
    orphans: tuple[str, ...] = ()
    n_orphans: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the format as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the format that `to_json` wrote."""
        return cls(
            **{
                **value,
                "unit": Unit(value["unit"]),
                "class_ids": tuple(value["class_ids"]),
                "orphans": tuple(value["orphans"]),
            }
        )


def object_lists(values: Mapping[str, Any], offsets: ArrayLike) -> pa.ListArray:
    """Return the column ``annotated_objects``: one list of objects an image.

    Parameters
    ----------
    values
        The fields of `OBJECT` by name, one value an object each.
    offsets
        Where each image's objects begin, and where the last one's end; [N + 1].
    """
    arrays = [each if isinstance(each := values[one.name], pa.Array) else pa.array(each, one.type) for one in OBJECT]
    objects = pa.StructArray.from_arrays(arrays, fields=list(OBJECT))
    return pa.ListArray.from_arrays(pa.array(np.asarray(offsets, dtype=np.int32)), objects)


@dataclass
class ObjectRows:
    """Collects the objects of the images, one image after the other, and makes Arrow columns of them.

    Examples
    --------
    >>> rows = ObjectRows()
    >>> rows.add((1.0, 2.0, 4.0, 6.0), class_id=0, line=1)
    >>> rows.end_image()
    >>> rows.end_image(problems=[(3, "expected 5 numbers, found 2")])
    >>> [len(each) for each in rows.columns()["annotated_objects"].to_pylist()]
    [1, 0]
    """

    values: dict[str, list[Any]] = field(default_factory=lambda: {each.name: [] for each in OBJECT})
    offsets: list[int] = field(default_factory=lambda: [0])
    problems: list[list[dict[str, Any]]] = field(default_factory=list)

    def add(
        self,
        box: tuple[float, float, float, float],
        *,
        class_id: int,
        line: int,
        written: str | None = None,
        shape: str = "box",
        points: Sequence[float] | None = None,
        crowd: bool = False,
        difficult: bool = False,
    ) -> None:
        """Add an object of the present image."""
        values = self.values
        values["class_id"].append(class_id)
        values["written"].append(written)
        for name, value in zip(("left", "top", "right", "bottom"), box, strict=True):
            values[name].append(value)
        values["shape"].append(SHAPES.index(shape))
        values["points"].append(points)
        values["crowd"].append(crowd)
        values["difficult"].append(difficult)
        values["line"].append(line)

    def end_image(self, problems: Iterable[tuple[int, str]] = ()) -> None:
        """Say that the present image has no more objects, and what could not be read of it."""
        self.offsets.append(len(self.values["line"]))
        self.problems.append([{"line": line, "what": what} for line, what in problems])

    def columns(self) -> dict[str, pa.Array]:
        """Return the columns ``annotated_objects`` and ``annotation_problems``."""
        return {
            "annotated_objects": object_lists(self.values, self.offsets),
            "annotation_problems": pa.array(self.problems, pa.list_(PROBLEM)),
        }


@dataclass(frozen=True)
class Objects:
    """All boxes and regions of a dataset as arrays, one value an object; M objects.

    Attributes
    ----------
    row
        Row of the manifest that each belongs to; int64 [M].
    class_id
        Index into the manifest's classes, -1 for a class that is not declared; int32 [M].
    boxes
        Left, top, right, bottom as written, in the format's unit; float64 [M, 4].
    shape
        Index into `SHAPES`; int8 [M].
    crowd, difficult
        Flags of the format; bool [M].
    line
        Where each stands in its file; int64 [M].
    """

    row: NDArray[np.int64]
    class_id: NDArray[np.int32]
    boxes: NDArray[np.float64]
    shape: NDArray[np.int8]
    crowd: NDArray[np.bool_]
    difficult: NDArray[np.bool_]
    line: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.row)

    @classmethod
    def of_column(cls, column: pa.ChunkedArray) -> Self:
        """Return the objects of a column ``annotated_objects``."""
        column = column.combine_chunks()
        row = pc.list_parent_indices(column).to_numpy().astype(np.int64)
        flat = pc.list_flatten(column)
        names = [each.name for each in OBJECT if each.name not in ("points", "written")]
        values = {
            name: pc.struct_field(flat, name).to_numpy(zero_copy_only=False) if len(flat) else np.empty(0)
            for name in names
        }
        boxes = np.stack([values[name] for name in ("left", "top", "right", "bottom")], axis=1).reshape(-1, 4)
        return cls(
            row=row,
            class_id=values["class_id"].astype(np.int32),
            boxes=boxes.astype(np.float64),
            shape=values["shape"].astype(np.int8),
            crowd=values["crowd"].astype(bool),
            difficult=values["difficult"].astype(bool),
            line=values["line"].astype(np.int64),
        )


def with_classes(lists: pa.ListArray, before: Sequence[Hashable], after: Sequence[Hashable]) -> pa.ListArray:
    """Return a column of objects with their classes as indices into another list, which holds all of the first.

    Parameters
    ----------
    lists
        A column ``annotated_objects``, in one piece.
    before, after
        The classes that its indices are of, and those that they shall be of: names or numbers.
    """
    if list(before) == list(after):
        return lists
    position = {each: number for number, each in enumerate(after)}
    lookup = np.array([*(position[each] for each in before), -1], dtype=np.int32)
    flat = lists.flatten()
    values = {each.name: flat.field(each.name) for each in OBJECT}
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    changed = {**values, "class_id": lookup[values["class_id"].to_numpy()]}
    return object_lists(changed, np.concatenate([[0], np.cumsum(lengths)]))


def class_lists(objects: Objects, n_rows: int, read: NDArray[np.bool_], classes: Sequence[str]) -> pa.Array:
    """Return which classes the objects of each image have, null where its annotations are missing; shape [N].

    Parameters
    ----------
    objects
        The objects of all images.
    n_rows
        How many images there are.
    read
        Whether the annotations of each image were found; shape [N].
    classes
        The class names.
    """
    known = objects.class_id >= 0
    n_classes = max(1, len(classes))
    cells = np.unique(objects.row[known] * n_classes + objects.class_id[known])
    rows, ids = cells // n_classes, cells % n_classes
    offsets = np.searchsorted(rows, np.arange(n_rows + 1))
    names = pa.array(list(classes), pa.string()).take(pa.array(ids)) if len(ids) else pa.array([], pa.string())
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), names, mask=pa.array(~read))
