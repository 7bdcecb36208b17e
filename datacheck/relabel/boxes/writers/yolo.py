"""YOLO: the lines that are corrected, in their own spacing and number of decimals."""

from __future__ import annotations

import re
from collections.abc import Sequence

from datacheck.errors import RelabelError
from datacheck.relabel.boxes.writers.base import (
    ROUNDED_SHARES,
    SHARE_DECIMALS,
    Added,
    Change,
    ImageEdits,
    Replacement,
    check_given,
    check_result,
    corners_of,
    in_style,
    mapped,
    replaced,
    respelled,
)
from datacheck.sources.annotations.base import Box, ParsedFile, ParsedObject
from datacheck.sources.annotations.yolo import parse

_BOM = b"\xef\xbb\xbf"
_WORD = re.compile(r"[^\s,]+")
"""A number of a line; the numbers are separated by spaces, tabs or commas."""


def write(content: bytes, images: Sequence[ImageEdits]) -> bytes:
    r"""Return a label file with corrected lines; all other lines stay as they are, byte by byte.

    Examples
    --------
    >>> change = Change(2, "1", (0.4, 0.3, 0.6, 0.7), new_name="0")
    >>> write(b"0 .5 .5 .2 .2\r\n1\t0.5 0.5 0.2 0.4\r\n", [ImageEdits("a.jpg", (100, 50), (change,))])
    b'0 .5 .5 .2 .2\r\n0\t0.5 0.5 0.2 0.4\r\n'
    """
    (edits,) = images
    before = parse(content)
    objects = {each.line: each for each in before.objects}
    start = len(_BOM) if content.startswith(_BOM) else 0
    lines = content[start:].decode().splitlines(keepends=True)
    changes = edits.by_line()
    for change in edits.changes:
        check_given(change, objects.get(change.line), f"the label file of {edits.uri!r}, line")
    kept = [
        _changed(line, changes[number], objects[number]) if number in changes else line
        for number, line in enumerate(lines, start=1)
        if number not in changes or not changes[number].deleted
    ]
    added = "".join(_new_line(each, lines, before) for each in edits.added)
    text = "".join(kept)
    if added and text and not text.endswith(("\n", "\r")):
        text += _line_end(lines)
        added = added.removesuffix(_line_end(lines))
    written = content[:start] + (text + added).encode()
    check_result(before, parse(written), edits, ROUNDED_SHARES)
    return written


def _changed(line: str, change: Change, found: ParsedObject) -> str:
    """Return a line with another class or place."""
    words = list(_WORD.finditer(line))
    edits = []
    if change.new_name is not None:
        edits.append(Replacement(*words[0].span(), _class_like(change.new_name, words[0][0])))
    if change.new_box is not None:
        numbers, values = words[1:5], _centred(change.new_box)
        if found.shape in ("polygon", "oriented box") and found.points is not None:
            numbers = words[1:]
            values = list(change.new_points) or mapped(found.points, found.box, change.new_box)
        edits += respelled(line, numbers, values, SHARE_DECIMALS)
    return replaced(line, edits)


def _class_like(name: str, old: str) -> str:
    """Return a class number with as many decimals as the old one: some tools write ``0.0``."""
    return name + old[old.index(".") :] if re.fullmatch(r"\d+\.0*", old) else name


def _centred(box: Box) -> list[float]:
    left, top, right, bottom = box
    return [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top]


def _new_line(added: Added, lines: Sequence[str], before: ParsedFile) -> str:
    """Return the line of a new object: a polygon of its corners in a file of regions, since the two do not mix."""
    shapes = {each.shape for each in before.objects}
    if "keypoints" in shapes:
        raise RelabelError("an object with key points cannot be added as a box")
    regions = bool(shapes & {"polygon", "oriented box"})
    values = list(added.points) or corners_of(added.box) if regions else _centred(added.box)
    like = [word for line in lines for word in line.replace(",", " ").split()[1:]]
    return " ".join([added.name, *(in_style(value, like, SHARE_DECIMALS) for value in values)]) + _line_end(lines)


def _line_end(lines: Sequence[str]) -> str:
    """Return how the first line of a file ends."""
    first = lines[0] if lines else ""
    return first[len(first.rstrip("\r\n")) :] or "\n"
