"""Why two listings do not line up: from the positions of matching names, and from the sort order of each listing."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from datacheck.pairing.name_matching import stem
from datacheck.pairing.repairs import Cause, Diagnosis

Positions = NDArray[np.int64]


def pairing_cause(given: Sequence[int] | Positions, expected: Sequence[int] | Positions) -> Diagnosis | None:
    """Return how a pairing went wrong, from positions alone; None when every pair is right.

    Parameters
    ----------
    given
        Position of the label that each image was given, ascending; shape [N].
    expected
        Position of the label that each image should have, -1 where that is not known; shape [N].

    Examples
    --------
    >>> pairing_cause([0, 1, 2, 3, 4, 5], [0, 1, 3, 4, 5, 2]).detail
    'the labels are shifted by 1 from position 2 on'
    >>> pairing_cause([0, 1, 2], [2, 1, 0]).cause
    <Cause.REVERSED: 'reversed'>
    """
    all_given, all_expected = np.asarray(given, np.int64), np.asarray(expected, np.int64)
    known = np.flatnonzero(all_expected >= 0)
    wrong = known[all_given[known] != all_expected[known]]
    if not len(wrong):
        return None
    first, end = int(wrong[0]), int(wrong[-1]) + 1
    rows = known[(known >= first) & (known < end)]
    given_in, expected_in = all_given[rows], all_expected[rows]
    to_the_end = not (known >= end).any()
    whole = 2 * len(rows) > len(known) and len(wrong) >= len(known) - 1
    tests = (_missing_or_shift, _reversed, _rolled, _swapped)
    found = next(filter(None, (test(given_in, expected_in, to_the_end) for test in tests)), None)
    cause, shift = found or (Cause.SHUFFLED, 0)
    if cause is Cause.SHUFFLED:
        whole = 2 * len(rows) > len(known)
    span = f"from position {first} {'on' if to_the_end else f'to {end - 1}'}"
    return Diagnosis(cause, _words(cause, shift, span, whole), first, end, shift)


def _missing_or_shift(given: Positions, expected: Positions, to_the_end: bool) -> tuple[Cause, int] | None:
    if not (np.all(np.diff(expected) > 0) and np.all(np.diff(given) > 0)):
        return None
    offsets = expected - given
    return (Cause.SHIFT, int(offsets[0])) if (offsets == offsets[0]).all() else (Cause.MISSING_FILES, 0)


def _reversed(given: Positions, expected: Positions, to_the_end: bool) -> tuple[Cause, int] | None:
    falling = len(expected) > 2 and np.all(np.diff(given) > 0) and np.all(np.diff(expected) < 0)
    return (Cause.REVERSED, 0) if falling else None


def _rolled(given: Positions, expected: Positions, to_the_end: bool) -> tuple[Cause, int] | None:
    """A rotation up to the end: everything moves by k rows, and the k labels at one end move to the other."""
    starts = _run_starts(given, expected)
    if not to_the_end or len(starts) != 2 or 2 * starts[1] == len(given):
        return None
    longer = starts[1] if 2 * starts[1] < len(given) else 0
    return Cause.SHIFT, int((expected - given)[longer])


def _swapped(given: Positions, expected: Positions, to_the_end: bool) -> tuple[Cause, int] | None:
    """Two blocks changed places, with or without other rows between them."""
    starts = _run_starts(given, expected)
    exchanged = len(starts) in {2, 3} and np.all(np.diff(expected[starts]) < 0)
    return (Cause.SWAPPED_BLOCK, 0) if exchanged else None


def _run_starts(given: Positions, expected: Positions) -> Positions:
    return np.concatenate([[0], np.flatnonzero(np.diff(expected - given)) + 1]).astype(np.int64)


def _words(cause: Cause, shift: int, span: str, whole: bool) -> str:
    return {
        Cause.SHIFT: f"the labels are shifted by {shift} {span}",
        Cause.MISSING_FILES: f"files are missing on one side, and each one shifts all labels after it, {span}",
        Cause.REVERSED: "one listing is in reverse order" if whole else f"the labels are reversed {span}",
        Cause.SWAPPED_BLOCK: f"two blocks of labels changed places {span}",
    }.get(cause, "the two orders are unrelated" if whole else f"the labels are shuffled {span}")


_DIGITS = re.compile(r"\d+")
_MARKS = re.compile(r"[\W_]+")


def _natural(name: str) -> str:
    return _DIGITS.sub(lambda run: (run.group().lstrip("0") or "0").zfill(24), name)


_IGNORING_CASE = ", ignoring case"

ORDERS: dict[str, Callable[[str], str]] = {
    "text": lambda name: name,
    "natural": _natural,
    "text, ignoring case": str.casefold,
    "natural, ignoring case": lambda name: _natural(name.casefold()),
    "locale": lambda name: _MARKS.sub("", name.casefold()),
}
"""The orders in which programs list files, by name, each as a sort key."""


def sort_orders(names: Sequence[str]) -> frozenset[str]:
    """Return the names of the `ORDERS` that a listing is in, by full names or by stems.

    Examples
    --------
    >>> sorted(sort_orders(["a1", "a2", "a10"]))
    ['natural', 'natural, ignoring case']
    """
    found: set[str] = set()
    stems: list[str] = []
    cased = any(name != name.casefold() for name in names)
    for order, key in ORDERS.items():
        plain = order.removesuffix(_IGNORING_CASE)
        if plain != order and not cased:
            found |= {order} if plain in found else set()
            continue
        if _ascending(names, key):
            found.add(order)
            continue
        stems = stems or [stem(name) for name in names]
        if _ascending(stems, key):
            found.add(order)
    return frozenset(found)


def _ascending(names: Sequence[str], key: Callable[[str], str]) -> bool:
    return all(a <= b for a, b in pairwise(map(key, names)))


def order_cause(images: Sequence[str], labels: Sequence[str]) -> tuple[Cause, str] | None:
    """Return the two sort orders that explain a wrong pairing, from the names; None when none do.

    Examples
    --------
    >>> order_cause(["1", "2", "10"], ["1", "10", "2"])[1]
    'the images are in natural order (2 before 10), the labels in lexicographic order (10 before 2)'
    """
    image_orders, label_orders = sort_orders(images), sort_orders(labels)
    if not image_orders or not label_orders or image_orders & label_orders:
        return None
    for cause, one, other in _CLASHES:
        for flipped, (left, right) in enumerate(((image_orders, label_orders), (label_orders, image_orders))):
            if one in left and other in right:
                words = [_ORDER_WORDS[one], _ORDER_WORDS[other]]
                first, second = reversed(words) if flipped else words
                return cause, f"the images are in {first}, the labels in {second}"
    return None


_CLASHES = (
    (Cause.NATURAL_ORDER, "natural", "text"),
    (Cause.NATURAL_ORDER, "natural, ignoring case", "text, ignoring case"),
    (Cause.CASE, "text, ignoring case", "text"),
    (Cause.CASE, "natural, ignoring case", "natural"),
    (Cause.NATURAL_ORDER, "natural, ignoring case", "text"),
    (Cause.NATURAL_ORDER, "text, ignoring case", "natural"),
    (Cause.LOCALE, "locale", "text"),
    (Cause.LOCALE, "locale", "text, ignoring case"),
    (Cause.LOCALE, "locale", "natural"),
    (Cause.LOCALE, "locale", "natural, ignoring case"),
)

_ORDER_WORDS = {
    "text": "lexicographic order (10 before 2)",
    "natural": "natural order (2 before 10)",
    "text, ignoring case": "lexicographic order ignoring case (a before B)",
    "natural, ignoring case": "natural order ignoring case (a before B, 2 before 10)",
    "locale": "the order of a locale (case and punctuation ignored)",
}
