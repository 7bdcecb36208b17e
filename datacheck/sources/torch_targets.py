"""The boxes that detection datasets of torch give with each image: dicts of tensors, or lists of dicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from datacheck.sources.annotations.base import Box, ParsedFile, ParsedObject

TARGET_KEYS = ("target", "targets", "annotations", "annotation", "objects", "labels")
"""Where an item that is a mapping keeps the boxes, unless it has the field ``boxes`` itself."""

_BOXES, _BBOX = "boxes", "bbox"
"""The field of torchvision's detection models, and that of COCO's and KITTI's entries."""

_CLASSES = ("labels", "category_id", "class_labels", "category", "label", "type", "name")
"""Names of the field of the classes, torchvision's first."""

_ONE_CLASS = "object"
"""The class of boxes that come without any."""


def holds_boxes(target: Any) -> bool:
    """Return whether a target says where objects are.

    Examples
    --------
    >>> holds_boxes({"boxes": [], "labels": []}), holds_boxes([{"bbox": [1, 2, 3, 4], "category_id": 7}])
    (True, True)
    >>> holds_boxes({"keypoints": []}), holds_boxes([1, 2]), holds_boxes([])
    (False, False, False)
    """
    if isinstance(target, Mapping):
        return _BOXES in target or _BBOX in target or _voc_objects(target) is not None
    if isinstance(target, list | tuple):
        return bool(target) and all(isinstance(each, Mapping) and (_BBOX in each or _BOXES in each) for each in target)
    return False


def read_target(target: Any) -> ParsedFile | None:
    """Return what a target says, boxes by left, top, right and bottom; None where there is none.

    ``boxes`` are corners unless their type says another format (torchvision's ``BoundingBoxes``); ``bbox`` is left,
    top, width and height as in COCO and WIDER FACE, corners where the entry has KITTI's field ``type``.

    Examples
    --------
    >>> read_target({"boxes": [[1, 2, 9, 8]], "labels": [3]}).objects[0].box
    (1.0, 2.0, 9.0, 8.0)
    >>> read_target([{"bbox": [1, 2, 8, 6], "category_id": 3}]).objects[0]
    ParsedObject(name='3', box=(1.0, 2.0, 9.0, 8.0), line=1, shape='box', points=None, crowd=False, difficult=False)
    """
    if target is None:
        return None
    if isinstance(target, Mapping):
        entries = _voc_objects(target)
        return _of_fields(target) if entries is None else _of_voc(entries)
    file = ParsedFile()
    for number, entry in enumerate(target, start=1):
        if not isinstance(entry, Mapping):
            file.problems.append((number, f"expected a mapping with bbox, found {str(entry)[:60]}"))
            continue
        key = _BBOX if _BBOX in entry else _BOXES
        form = "XYXY" if "type" in entry or key == _BOXES else "XYWH"
        _add(file, number, entry.get(key), form, _first(entry), bool(entry.get("iscrowd", False)))
    return file


def _of_fields(target: Mapping[str, Any]) -> ParsedFile:
    key = _BOXES if _BOXES in target else _BBOX
    boxes = target[key]
    kind = getattr(boxes, "format", None)
    form = getattr(kind, "name", None) or ("XYXY" if key == _BOXES else "XYWH")
    rows, labels, crowds = _plain(boxes) or [], _plain(_first(target)), _plain(target.get("iscrowd"))
    if rows and not isinstance(rows[0], list | tuple):
        rows = [rows]
    file = ParsedFile()
    if labels is not None and (not isinstance(labels, list | tuple) or len(labels) != len(rows)):
        many = len(labels) if isinstance(labels, list | tuple) else 1
        return ParsedFile.unreadable(f"expected as many labels as boxes, found {many} and {len(rows)}")
    for number, box in enumerate(rows, start=1):
        crowd = isinstance(crowds, list | tuple) and len(crowds) == len(rows) and bool(crowds[number - 1])
        _add(file, number, box, form, None if labels is None else labels[number - 1], crowd)
    return file


def _add(file: ParsedFile, number: int, box: Any, form: str, label: Any, crowd: bool) -> None:
    values = _plain(box)
    try:
        first, second, third, fourth = (float(side) for side in values)
        if not np.isfinite([first, second, third, fourth]).all():
            raise ValueError("a side is not finite")
    except (TypeError, ValueError):
        file.problems.append((number, f"expected four numbers in a box, found {str(values)[:60]}"))
        return
    name = _ONE_CLASS if label is None else str(_plain(label))
    file.objects.append(ParsedObject(name, _corners((first, second, third, fourth), form), number, crowd=crowd))


def _corners(values: Box, form: str) -> Box:
    first, second, third, fourth = values
    if form == "XYWH":
        return (first, second, first + third, second + fourth)
    if form == "CXCYWH":
        return (first - third / 2, second - fourth / 2, first + third / 2, second + fourth / 2)
    return values


def _first(entry: Mapping[str, Any]) -> Any:
    return next((entry[key] for key in _CLASSES if entry.get(key) is not None), None)


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else value


def _voc_objects(target: Mapping[str, Any]) -> Sequence[Any] | None:
    """Return the objects of a VOC file as torchvision reads it; None for another target."""
    inner = target.get("annotation")
    if not isinstance(inner, Mapping):
        return None
    found = inner.get("object", [])
    return found if isinstance(found, list) else [found]


def _of_voc(entries: Sequence[Any]) -> ParsedFile:
    file = ParsedFile()
    for number, entry in enumerate(entries, start=1):
        box = entry.get("bndbox") if isinstance(entry, Mapping) else None
        sides = [box.get(side) for side in ("xmin", "ymin", "xmax", "ymax")] if isinstance(box, Mapping) else None
        _add(file, number, sides, "XYXY", entry.get("name") if isinstance(entry, Mapping) else None, False)
    return file
