"""What the pixels of masks stand for: the value that does not count, and the classes of colours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

USUAL_IGNORED = 255
"""The value of pixels that do not count where none is declared, as tools and data loaders have it."""

COLOUR_BASE = 1 << 8
"""A colour is kept as one number: red, green and blue to this base."""


@dataclass(frozen=True)
class MaskFormat:
    """How the pixels of masks are read.

    Attributes
    ----------
    ignore_index
        The declared value of pixels that do not count; None where none is declared, so that `USUAL_IGNORED` is taken.
    colours
        Pairs of a colour, as one number, and the number of its class, where masks are read by a table of colours. A
        colour outside it becomes a negative number (`unknown_colour`).
    names
        What the table calls each number: the classes, and behind them what is no declared class.
    table
        The table's file, relative to the root; empty without one.

    Examples
    --------
    >>> MaskFormat().ignored, MaskFormat(ignore_index=11).ignored
    (255, 11)
    """

    ignore_index: int | None = None
    colours: tuple[tuple[int, int], ...] = ()
    names: tuple[str, ...] = ()
    table: str = ""

    @property
    def ignored(self) -> int:
        """The value of pixels that do not count."""
        return USUAL_IGNORED if self.ignore_index is None else self.ignore_index

    def is_unknown(self, value: int) -> bool:
        """Return whether a value stands for a colour that the table lacks."""
        return bool(self.colours) and value < 0

    def colour_of(self, value: int) -> int:
        """Return the colour that a value was read from, the first of several; without a table they are the same."""
        if not self.colours:
            return value
        if value < 0:
            return unknown_colour(value)
        return next((colour for colour, number in self.colours if number == value), value)

    def value_name(self, value: int, *, colour: bool) -> str:
        """Return a value in words: the class by the table, or its colour, or the number.

        Examples
        --------
        >>> form = MaskFormat(colours=((128, 0),), names=("sky",))
        >>> form.value_name(0, colour=True), form.value_name(unknown_colour(200), colour=True)
        ('sky', '(0, 0, 200)')
        >>> MaskFormat().value_name(7, colour=False), MaskFormat().value_name(7, colour=True)
        ('7', '(0, 0, 7)')
        """
        if self.is_unknown(value):
            return colour_name(unknown_colour(value))
        if 0 <= value < len(self.names):
            return self.names[value]
        return colour_name(value) if colour and not self.colours else str(value)

    def to_json(self) -> dict[str, Any]:
        """Return the format as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> MaskFormat:
        """Rebuild the format from `to_json`."""
        colours = tuple((int(colour), int(number)) for colour, number in value["colours"])
        return cls(value["ignore_index"], colours, tuple(value["names"]), value["table"])


def unknown_colour(value: int) -> int:
    """Return what a colour that a table lacks is kept as; and of that, the colour.

    Examples
    --------
    >>> unknown_colour(200), unknown_colour(-201)
    (-201, 200)
    """
    return -1 - value


def colour_name(value: int) -> str:
    """Return a colour that is kept as one number in words.

    Examples
    --------
    >>> colour_name(255 * 256 * 256 + 128)
    '(255, 0, 128)'
    """
    rest, blue = divmod(value, COLOUR_BASE)
    red, green = divmod(rest, COLOUR_BASE)
    return f"({red}, {green}, {blue})"
