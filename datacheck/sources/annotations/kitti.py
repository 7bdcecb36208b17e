"""KITTI's label files: a line an object, its class and its box by the corners in pixels among 15 values.

See the development kit of the KITTI object benchmark: type, truncated, occluded, alpha, then left, top, right and
bottom of the box from 0, and what is known of the object in space. ``DontCare`` marks regions that are not judged.
"""

from __future__ import annotations

import math

from datacheck.sources.annotations.base import ParsedFile, ParsedObject

NAME = "KITTI"
"""What the format is called in manifests."""

DONT_CARE = "DontCare"
"""The class of regions in which objects are not annotated one by one."""

_BOX = slice(4, 8)
"""Where the box stands among the values of a line."""


def parse(data: bytes) -> ParsedFile:
    r"""Read one label file.

    Examples
    --------
    >>> file = parse(b"Car 0.0 0 -1.6 10.0 20.0 60.5 50.0 1.5 1.6 3.7 2.8 1.8 8.4 -1.5\nCar\n")
    >>> file.objects[0].box, file.problems
    ((10.0, 20.0, 60.5, 50.0), [(2, "expected a class and at least 7 numbers, found 'Car'")])
    """
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        return ParsedFile.unreadable("expected text, found bytes that are no UTF-8")
    file = ParsedFile()
    for number, line in enumerate(lines, start=1):
        words = line.split()
        if not words:
            continue
        try:
            left, top, right, bottom = map(float, words[_BOX])
        except ValueError:
            left = top = right = bottom = math.nan
        if not all(map(math.isfinite, (left, top, right, bottom))):
            file.problems.append((number, f"expected a class and at least 7 numbers, found {line.strip()[:60]!r}"))
            continue
        file.objects.append(ParsedObject(words[0], (left, top, right, bottom), number, crowd=words[0] == DONT_CARE))
    return file
