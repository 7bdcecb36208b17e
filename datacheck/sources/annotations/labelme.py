"""LabelMe: a JSON file an image, its shapes as points in pixels."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from datacheck.manifest import Unit
from datacheck.sources.annotations.base import (
    LabelFileFormat,
    ParsedFile,
    ParsedObject,
    WriteRequest,
    file_name_of,
    object_text,
)

_FEWEST_POINTS = {"rectangle": 2, "polygon": 3}
"""Points that a shape needs; others are kept as the box around their points."""


def parse(data: bytes) -> ParsedFile:
    """Read one annotation file.

    Examples
    --------
    >>> shape = b'{"label": "cup", "points": [[1, 2], [9, 8]], "shape_type": "rectangle"}'
    >>> parse(b'{"shapes": [' + shape + b']}').objects[0].box
    (1.0, 2.0, 9.0, 8.0)
    """
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        return ParsedFile.unreadable(f"expected JSON, found: {error}")
    shapes = value.get("shapes") if isinstance(value, dict) else None
    if not isinstance(shapes, list):
        return ParsedFile.unreadable("expected LabelMe's list 'shapes', found none")
    file = ParsedFile(width=_size(value, "imageWidth"), height=_size(value, "imageHeight"))
    file.image = file_name_of(object_text(value, "imagePath"))
    for number, shape in enumerate(shapes, start=1):
        found = _object(shape, number)
        if isinstance(found, ParsedObject):
            file.objects.append(found)
        else:
            file.problems.append((number, found))
    return file


def _size(value: Mapping[str, Any], key: str) -> int | None:
    found = value.get(key)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def _object(shape: Any, number: int) -> ParsedObject | str:
    if not isinstance(shape, dict):
        return f"expected a shape with a label and points, found {str(shape)[:60]!r}"
    label, kind = object_text(shape, "label"), object_text(shape, "shape_type") or "polygon"
    if not label:
        return "expected a label, found none"
    try:
        points = [(float(x), float(y)) for x, y in shape.get("points", ())]
    except (TypeError, ValueError):
        points = []
    numbers = [number for point in points for number in point]
    if len(points) < _FEWEST_POINTS.get(kind, 1) or not all(map(math.isfinite, numbers)):
        return f"expected the points of a {kind}, found {str(shape.get('points'))[:60]!r}"
    if kind == "circle" and len(points) == 2:
        (x, y), edge = points[0], points[1]
        radius = math.dist((x, y), edge)
        return ParsedObject(label, (x - radius, y - radius, x + radius, y + radius), number)
    xs, ys = numbers[0::2], numbers[1::2]
    box = (min(xs), min(ys), max(xs), max(ys))
    if kind == "rectangle":
        return ParsedObject(label, box, number)
    return ParsedObject(label, box, number, "polygon", tuple(numbers))


def write(request: WriteRequest) -> bytes:
    """Write one annotation file; the boxes are in pixels."""
    shapes: list[dict[str, Any]] = []
    for each in request.objects:
        left, top, right, bottom = each.box
        points: list[list[float]] = [[left, top], [right, bottom]]
        kind = "rectangle"
        if each.shape == "polygon" and each.points is not None:
            points = [list(point) for point in zip(each.points[0::2], each.points[1::2], strict=True)]
            kind = "polygon"
        shapes.append({"label": each.name, "points": points, "group_id": None, "shape_type": kind, "flags": {}})
    value: dict[str, Any] = {
        "version": "5.0.1",
        "flags": {},
        "shapes": shapes,
        "imagePath": request.image,
        "imageData": None,
        "imageHeight": request.height,
        "imageWidth": request.width,
    }
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


FORMAT = LabelFileFormat("LabelMe", "json", Unit.PIXELS, parse, write, place="shape")
