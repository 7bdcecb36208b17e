"""Hugging Face's column ``objects``: the boxes and categories of an image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from datacheck.manifest import AnnotationFormat, Task, Unit
from datacheck.sources.annotations.base import ParsedFile, ParsedObject, annotation_columns
from datacheck.sources.base import SourceOptions

NAME = "Hugging Face objects"
"""What the format is called in manifests."""

CATEGORIES = ("category", "categories", "label", "labels", "category_id")
"""Names of the field of the classes."""


@dataclass(frozen=True)
class ObjectsColumn:
    """The annotations of a column ``objects``.

    Attributes
    ----------
    columns
        The columns of a manifest with boxes.
    classes
        The class names.
    kind
        What is true of all boxes.
    """

    columns: dict[str, Any]
    classes: tuple[str, ...]
    kind: AnnotationFormat


def is_objects(kind: pa.DataType) -> bool:
    """Return whether a column holds boxes: a struct of lists, or a list of structs, with the field ``bbox``."""
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        kind = kind.value_type
    return bool(pa.types.is_struct(kind)) and "bbox" in {field.name for field in kind}


def objects_column(table: pa.Table, options: SourceOptions) -> str | None:
    """Return the column of boxes, unless the caller asks for another task."""
    if options.task not in (None, Task.DETECTION) or options.label is not None:
        return None
    return next((field.name for field in table.schema if is_objects(field.type)), None)


def read_objects(column: pa.ChunkedArray, feature: Any, names: tuple[str, ...] | None) -> ObjectsColumn:
    """Read a column of boxes as left, top, width and height in pixels.

    Parameters
    ----------
    column
        A column for which `is_objects` holds.
    feature
        Its feature, which names the classes of numbers.
    names
        Class names that the caller gave.

    Examples
    --------
    >>> objects = [{"bbox": [[1.0, 2.0, 4.0, 5.0]], "category": ["cup"]}]
    >>> found = read_objects(pa.chunked_array([objects]), None, None)
    >>> found.classes, found.columns["labels"].to_pylist()
    (('cup',), [['cup']])
    """
    names = names or _class_names(feature)
    files = [None if value is None else parsed_objects(value) for value in column.to_pylist()]
    columns, classes = annotation_columns(files, [None] * len(files), names, numbered=names is not None)
    del columns["annotation_file"]
    class_ids = () if names is None else tuple(range(len(names)))
    kind = AnnotationFormat(NAME, Unit.PIXELS, "object", declared=names is not None, class_ids=class_ids)
    return ObjectsColumn(columns, classes, kind)


def parsed_objects(value: Any) -> ParsedFile:
    """Return the boxes of one image, as the column holds them; ``line`` counts them."""
    rows = value if isinstance(value, list) else _rows(value)
    file = ParsedFile()
    for number, row in enumerate(rows, start=1):
        box, name = row.get("bbox"), next((row[key] for key in CATEGORIES if row.get(key) is not None), None)
        if not isinstance(box, list) or len(box) != 4 or any(side is None for side in box):
            file.problems.append((number, f"expected four numbers in bbox, found {str(box)[:60]}"))
            continue
        left, top, width, height = map(float, box)
        file.objects.append(ParsedObject(str(name), (left, top, left + width, top + height), number))
    return file


def _rows(value: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a struct of lists as a list of structs."""
    boxes = value.get("bbox") or []
    lists = {key: values for key, values in value.items() if isinstance(values, list) and len(values) == len(boxes)}
    return [{key: values[k] for key, values in lists.items()} for k in range(len(boxes))]


def _class_names(feature: Any) -> tuple[str, ...] | None:
    """Return the names of the first ``ClassLabel`` in a feature, however deep it stands."""
    if isinstance(feature, Mapping):
        if feature.get("_type") == "ClassLabel" and feature.get("names"):
            return tuple(feature["names"])
        found = (_class_names(value) for value in feature.values())
        return next((names for names in found if names), None)
    if isinstance(feature, list):
        return next((names for each in feature if (names := _class_names(each))), None)
    return None
