"""What the writers of all formats share: the edits of an image, replacements in a text, and numbers in its style."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from datacheck.errors import RelabelError
from datacheck.sources.annotations.base import Box, ParsedFile, ParsedObject

PIXEL_DECIMALS, SHARE_DECIMALS = 2, 6
"""Least decimals of a new number: 0.01 of a pixel, and 0.000001 of a side, 0.004 pixels of 4,000."""

MOST_DECIMALS = 10
"""More decimals than this are an effect of binary numbers, not of a style."""

ROUNDED_PIXELS, ROUNDED_SHARES = 0.51, 2e-6
"""How far a written corner may be from the decided one: files of whole pixels round."""


@dataclass(frozen=True)
class Change:
    """What becomes of one object of an annotation file.

    Attributes
    ----------
    line
        Where it stands in the file, as in the column ``line`` of the manifest.
    given, box
        Its class as the file writes it, and left, top, right, bottom in the unit of the format, by the manifest.
    new_name, new_box
        What they become; None where they stay.
    deleted
        Whether the object is taken out.
    new_points
        The new outline of a polygon, x and y in turn in the unit of the format; empty where it stays.
    """

    line: int
    given: str
    box: Box
    new_name: str | None = None
    new_box: Box | None = None
    deleted: bool = False
    new_points: Sequence[float] = ()


@dataclass(frozen=True)
class Added:
    """A new object: its class as the file writes it, and left, top, right, bottom in the unit of the format.

    ``points`` is the outline of a polygon, x and y in turn; empty for a box.
    """

    name: str
    box: Box
    points: Sequence[float] = ()


@dataclass(frozen=True)
class ImageEdits:
    """What changes in the annotations of one image; ``size`` is its width and height in pixels."""

    uri: str
    size: tuple[int, int]
    changes: tuple[Change, ...] = ()
    added: tuple[Added, ...] = ()

    def by_line(self) -> dict[int, Change]:
        """Return the changes by the place of their object."""
        return {change.line: change for change in self.changes}


Writer = Callable[[bytes, Sequence[ImageEdits]], bytes]
"""Returns the corrected content of an annotation file; see `datacheck.relabel.boxes.writers.formats`."""


@dataclass(frozen=True)
class Replacement:
    """Text that takes the place of a part of another one, from ``start`` to before ``end``."""

    start: int
    end: int
    text: str


def replaced(text: str, replacements: Iterable[Replacement]) -> str:
    """Return a text with some parts replaced; all others stay as they are.

    Examples
    --------
    >>> replaced("a 1 b", [Replacement(2, 3, "22"), Replacement(5, 5, "!")])
    'a 22 b!'
    """
    parts = []
    at = 0
    for one in sorted(replacements, key=lambda each: (each.start, each.end)):
        assert one.start >= at, "replacements do not overlap"
        parts += [text[at : one.start], one.text]
        at = one.end
    return "".join([*parts, text[at:]])


def in_style(value: float, like: Sequence[str], least: int, *, whole: bool = False) -> str:
    """Return a number as the others of its file are written.

    Parameters
    ----------
    value
        The number.
    like
        Numbers of the file as text.
    least
        Decimals that are needed.
    whole
        Whether whole numbers are written where all others are whole.

    Examples
    --------
    >>> in_style(12.3456, ["10", "20"], 2, whole=True), in_style(12.3456, ["10.0", "20.5"], 2)
    ('12', '12.35')
    >>> in_style(0.25, ["0.500000", "0.125000"], 6), in_style(0.25, ["0.5", "0.125"], 6)
    ('0.250000', '0.25')
    """
    decimals = [_decimals(each) for each in like]
    if whole and like and not any(decimals) and not any("." in each for each in like):
        return str(math.floor(value + 0.5))  # ties all upwards, so that a side keeps its length
    most = max([least, *decimals])
    text = f"{value:.{most}f}"
    if decimals and len(set(decimals)) == 1 and decimals[0] == most:
        return text
    short = text.rstrip("0")
    return short + "0" if short.endswith(".") else short


def respelled(
    text: str, old: Sequence[re.Match[str]], values: Sequence[float], least: int, *, whole: bool = False
) -> list[Replacement]:
    """Return what puts other numbers in the place of those of a list, in their style and with their separators.

    Numbers that stay keep their text. The list may get longer or shorter, by pairs.

    Examples
    --------
    >>> text = "[[1, 2], [3, 4]]"
    >>> old = list(re.finditer("[0-9]+", text))
    >>> replaced(text, respelled(text, old, [1, 2, 5, 6, 7, 8], 2, whole=True))
    '[[1, 2], [5, 6], [7, 8]]'
    """
    like = [each[0] for each in old]
    new = [in_style(value, like, least, whole=whole) for value in values]
    if len(old) == len(values):
        return [
            Replacement(*each.span(), spelled)
            for each, spelled, value in zip(old, new, values, strict=True)
            if abs(float(each[0]) - value) >= 0.1**least
        ]
    between = [text[one.end() : two.start()] for one, two in pairwise(old)]
    parts = [new[0]]
    for place, spelled in enumerate(new[1:]):
        parts += [between[place % 2], spelled]
    return [Replacement(old[0].start(), old[-1].end(), "".join(parts))]


def _decimals(text: str) -> int:
    found = re.fullmatch(r"[-+]?\d*\.(\d*)", text.strip())
    return min(len(found[1]), MOST_DECIMALS) if found else 0


def check_given(change: Change, found: ParsedObject | None, place: str) -> None:
    """Raise where an object in the file is not the one that the manifest knows.

    Raises
    ------
    RelabelError
        When it differs.
    """
    if found is None or found.name != change.given or tuple(found.box) != tuple(change.box):
        was = "nothing" if found is None else f"class {found.name!r} at {_corners(found.box)}"
        raise RelabelError(
            f"{place} {change.line}: expected class {change.given!r} at {_corners(change.box)} as in the audit, found "
            f"{was}: the file has changed since; audit it again"
        )


def _corners(box: Sequence[float]) -> str:
    return ", ".join(f"{side:.6g}" for side in box)


def check_result(before: ParsedFile, after: ParsedFile, edits: ImageEdits, tolerance: float) -> None:
    """Raise where a corrected file does not hold exactly the decided objects.

    Raises
    ------
    RelabelError
        When it differs.
    """
    changes = edits.by_line()
    expected = []
    for each in before.objects:
        change = changes.get(each.line, Change(each.line, each.name, each.box))
        if not change.deleted:
            box, moved = change.new_box or each.box, change.new_box is not None
            points = change.new_points or (each.points if not moved else None)
            expected.append((change.new_name or each.name, box, points, moved))
    expected += [(each.name, each.box, None, True) for each in edits.added]
    same = len(after.objects) == len(expected) and len(after.problems) == len(before.problems)
    for found, (name, box, points, moved) in zip(after.objects, expected, strict=False):
        reach = tolerance if moved else 0.0
        same = same and found.name == name and _are_near(found.box, box, reach)
        same = same and (points is None or _are_near(found.points or (), points, reach))
    if not same:
        raise RelabelError(f"the annotations of {edits.uri!r} could not be corrected without other changes")


def _are_near(found: Sequence[float], wanted: Sequence[float], reach: float) -> bool:
    return len(found) == len(wanted) and all(abs(one - two) <= reach for one, two in zip(found, wanted, strict=True))


def mapped(points: Sequence[float], before: Box, after: Box) -> list[float]:
    """Return the corners of a rectangle, x and y in turn, moved from one box to another.

    Examples
    --------
    >>> mapped([0, 0, 2, 0, 2, 2, 0, 2], (0, 0, 2, 2), (1, 1, 5, 2))
    [1, 1, 5, 1, 5, 2, 1, 2]
    """
    found = []
    for number, value in enumerate(points):
        axis = number % 2
        near_first = abs(value - before[axis]) <= abs(value - before[axis + 2])
        found.append(after[axis] if near_first else after[axis + 2])
    return found


def corners_of(box: Box) -> list[float]:
    """Return the four corners of a box as a polygon, x and y in turn."""
    left, top, right, bottom = box
    return [left, top, right, top, right, bottom, left, bottom]


def is_rectangle(points: Sequence[float], box: Box, tolerance: float) -> bool:
    """Return whether a polygon is the outline of its box: only then is moving the box the same as moving it.

    Examples
    --------
    >>> is_rectangle([0, 0, 2, 0, 2, 1, 0, 1], (0, 0, 2, 1), 0.0), is_rectangle([0, 0, 2, 0, 1, 1], (0, 0, 2, 1), 0.0)
    (True, False)
    """
    corners = list(zip(points[0::2], points[1::2], strict=True))
    if len(corners) == len(box) + 1 and corners[0] == corners[-1]:  # the first point again closes it
        corners = corners[:-1]
    if len(corners) != len(box):
        return False
    left, top, right, bottom = box
    around = ((left, top), (right, top), (right, bottom), (left, bottom))
    at = [
        next((k for k, (x, y) in enumerate(around) if abs(a - x) <= tolerance and abs(b - y) <= tolerance), None)
        for a, b in corners
    ]
    if None in at:
        return False
    steps = {(one - two) % len(around) for one, two in zip(at, [*at[1:], at[0]], strict=True)}  # type: ignore[operator]
    return steps in ({1}, {len(around) - 1})
