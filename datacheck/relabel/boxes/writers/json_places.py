"""Where the values of a JSON text stand, so that some can be replaced and the rest stays as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from datacheck.errors import RelabelError
from datacheck.relabel.boxes.writers.base import Replacement

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"[^\s,\[\]]+")


@dataclass(frozen=True)
class Value:
    """A value, and where it stands: from ``start`` to before ``end``."""

    start: int
    end: int
    value: Any


def json_text(content: bytes, place: str) -> str:
    """Return the text of a JSON file, a byte order mark included.

    Raises
    ------
    RelabelError
        When it is no UTF-8.
    """
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise RelabelError(f"expected JSON in UTF-8 in {place}, found: {error}") from None


def skip_space(text: str, at: int) -> int:
    """Return where the next character stands that is no white space."""
    found = _SPACE.match(text, at)
    return at if found is None else found.end()


def top(text: str) -> int:
    """Return where the value of a whole text starts."""
    return skip_space(text, 1 if text.startswith("\ufeff") else 0)


def members(text: str, start: int) -> dict[str, Value]:
    """Return the members of the object that starts at a place; of a repeated key the last one.

    Examples
    --------
    >>> found = members('{"a": [1, 2], "b": "x"}', 0)
    >>> found["a"].value, (found["b"].start, found["b"].end)
    ([1, 2], (19, 22))
    """
    found = {}
    at = skip_space(text, start + 1)
    while text[at] != "}":
        key, at = _DECODER.raw_decode(text, at)
        at = skip_space(text, skip_space(text, at) + 1)
        value, end = _DECODER.raw_decode(text, at)
        found[key] = Value(at, end, value)
        at = skip_space(text, end)
        if text[at] == ",":
            at = skip_space(text, at + 1)
    return found


def elements(text: str, start: int) -> Iterator[Value]:
    """Yield the elements of the list that starts at a place."""
    at = skip_space(text, start + 1)
    while text[at] != "]":
        value, end = _DECODER.raw_decode(text, at)
        yield Value(at, end, value)
        at = skip_space(text, end)
        if text[at] == ",":
            at = skip_space(text, at + 1)


def numbers(text: str, start: int, end: int) -> list[re.Match[str]]:
    """Return the numbers of a list, however deep, as they are written."""
    return list(_NUMBER.finditer(text, start, end))


def without(items: Sequence[Value], removed: set[int], inside: tuple[int, int] | None = None) -> list[Replacement]:
    """Return what takes some elements out of a list, each with the comma and the white space that belong to it.

    Parameters
    ----------
    items, removed
        The elements, and the places of those that are taken out.
    inside
        From where to where the list's content stands, if nothing is put into it: where nothing is left it is emptied.

    Examples
    --------
    >>> from datacheck.relabel.boxes.writers.base import replaced
    >>> text = "[1, 2,  3]"
    >>> items = list(elements(text, 0))
    >>> [replaced(text, without(items, gone)) for gone in ({0}, {1}, {2}, {0, 1, 2})]
    ['[2,  3]', '[1,  3]', '[1, 2]', '[]']
    """
    if inside is not None and items and len(removed) == len(items):
        return [Replacement(*inside, "")]
    found = []
    kept_before = False
    for number, item in enumerate(items):
        if number not in removed:
            kept_before = True
        elif kept_before:
            found.append(Replacement(items[number - 1].end, item.end, ""))
        else:
            found.append(Replacement(item.start, items[number + 1].start if number + 1 < len(items) else item.end, ""))
    return found


def appended(text: str, start: int, end: int, items: Sequence[Value], removed: set[int], new: str) -> Replacement:
    """Return what puts an element at the end of a list, with the white space of the others.

    Parameters
    ----------
    text, start, end
        The text, and where the list stands in it.
    items, removed
        Its elements, and which of them are taken out.
    new
        The text of the new element; of several, joined by `separator`.
    """
    if not items:
        return Replacement(start + 1, start + 1, new)
    comma = separator(text, start, items) if len(removed) < len(items) else ""
    return Replacement(items[-1].end, items[-1].end, comma + new)


def separator(text: str, start: int, items: Sequence[Value]) -> str:
    """Return what stands between the elements of a list."""
    if len(items) > 1:
        return text[items[0].end : items[1].start]
    if not items:
        return ", "
    gap = _member_gap(text, items[0])
    comma, space = gap[: gap.index(",") + 1], gap[gap.index(",") + 1 :]
    return comma + (text[start + 1 : items[0].start] or space)


def _member_gap(text: str, item: Value) -> str:
    """Return what stands between the first two members of an object: a comma with its white space."""
    if text[item.start] != "{" or len(item.value) < 2:
        return ", "
    places = sorted(members(text, item.start).values(), key=lambda one: one.start)
    gap = text[places[0].end : places[1].start]
    return gap[: gap.index('"')]


def in_shape_of(text: str, like: Value, values: dict[str, str]) -> str:
    """Return an object with the members of another one that are given here, in its order and white space.

    Examples
    --------
    >>> text = '{ "id": 7, "score": 0.5, "bbox": [1, 2] }'
    >>> in_shape_of(text, Value(0, len(text), {"id": 7, "score": 0.5}), {"bbox": "[3, 4]", "id": "8"})
    '{ "id": 8, "bbox": [3, 4] }'
    """
    found = members(text, like.start)
    keys = [key for key in found if key in values]
    first = text[like.start + 1 : skip_space(text, like.start + 1)]
    last = text[max(one.end for one in found.values()) : like.end - 1]
    places = sorted(found.values(), key=lambda one: one.start)
    before = text[like.start : places[0].start]
    colon = before[before.rindex('"') + 1 :]
    between = _member_gap(text, like)
    parts = [f"{json.dumps(key, ensure_ascii=False)}{colon}{values[key]}" for key in keys]
    return "{" + first + between.join(parts) + last + "}"
