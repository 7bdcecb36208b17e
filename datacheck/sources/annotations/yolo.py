"""YOLO's label files: a line an object, its class number and its place as shares of the image.

Five numbers are a box (class, centre x and y, width, height); nine are an oriented box by its corners; any other odd
count from seven on is a polygon; an even count is a box followed by key points. Of all but boxes the enclosing box is
kept beside the points. See the documentation of Ultralytics on detection, segmentation, oriented boxes and pose.
"""

from __future__ import annotations

import math

from datacheck.manifest import Unit
from datacheck.sources.annotations.base import LabelFileFormat, ParsedFile, ParsedObject, WriteRequest

_BOX_NUMBERS = 5
"""A class and a box."""

_BOX_WITH_SCORE = 6
"""A class, a box and a confidence, as predictions are saved."""

_ORIENTED_NUMBERS = 9
"""A class and four corners: an oriented box, or a polygon of four points, which looks the same."""

_POLYGON_NUMBERS = 7
"""A class and at least three points."""


def parse(data: bytes) -> ParsedFile:
    r"""Read one label file.

    Examples
    --------
    >>> parse(b"0 0.5 0.5 0.2 0.4\nring\n").objects[0].box
    (0.4, 0.3, 0.6, 0.7)
    >>> parse(b"0 0.5 0.5 0.2 0.4\nring\n").problems
    [(2, "expected a class number and at least 4 coordinates, found 'ring'")]
    """
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        return ParsedFile.unreadable("expected text of numbers, found bytes that are no UTF-8")
    file = ParsedFile()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        found = _object(line, number)
        if isinstance(found, ParsedObject):
            file.objects.append(found)
        else:
            file.problems.append((number, found))
    return file


def _object(line: str, number: int) -> ParsedObject | str:
    """Return the object of a line, or why there is none."""
    words = line.replace(",", " ").split()
    try:
        values = [float(word) for word in words]
    except ValueError:
        values = []
    if len(values) < _BOX_NUMBERS:
        return f"expected a class number and at least 4 coordinates, found {line.strip()[:60]!r}"
    if not all(map(math.isfinite, values)):
        return f"expected numbers, found {line.strip()[:60]!r}"
    if "," in line and any(value > 1 for value in values[1:_BOX_NUMBERS]):  # another format, such as VisDrone's
        return f"expected numbers from 0 to 1 with spaces between them, found {line.strip()[:60]!r}"
    name = words[0] if values[0] != int(values[0]) else str(int(values[0]))
    rest = values[1:]
    if len(values) in (_BOX_NUMBERS, _BOX_WITH_SCORE):
        return ParsedObject(name, _corners(rest), number)
    if len(values) >= _POLYGON_NUMBERS and len(values) % 2:
        shape = "oriented box" if len(values) == _ORIENTED_NUMBERS else "polygon"
        xs, ys = rest[0::2], rest[1::2]
        return ParsedObject(name, (min(xs), min(ys), max(xs), max(ys)), number, shape, tuple(rest))
    return ParsedObject(name, _corners(rest), number, "keypoints", tuple(rest[4:]))


def _corners(values: list[float]) -> tuple[float, float, float, float]:
    x, y, width, height = values[:4]
    return (x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def write(request: WriteRequest) -> bytes:
    r"""Write one label file; the boxes are shares of the image.

    Examples
    --------
    >>> write(WriteRequest("a.jpg", 100, 50, [ParsedObject("0", (0.4, 0.3, 0.6, 0.7), 1)]))
    b'0 0.5 0.5 0.2 0.4\n'
    """
    lines = []
    for each in request.objects:
        left, top, right, bottom = each.box
        numbers: tuple[float, ...] = ((left + right) / 2, (top + bottom) / 2, right - left, bottom - top)
        if each.shape in ("polygon", "oriented box") and each.points is not None:
            numbers = each.points
        elif each.shape == "keypoints" and each.points is not None:
            numbers = (*numbers, *each.points)
        lines.append(" ".join([each.name, *(f"{value:.10g}" for value in numbers)]) + "\n")
    return "".join(lines).encode()


FORMAT = LabelFileFormat("YOLO", "txt", Unit.SHARES, parse, write, numbered=True)
