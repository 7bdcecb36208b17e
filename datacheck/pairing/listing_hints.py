"""What the names of a listing say about its pairing: other orders, and rows at which something may have slipped."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from datacheck.manifest import natural_key

Indices = NDArray[np.int64]

_LAST_NUMBER = re.compile(r"(\d+)(\D*)$")


def irregular_rows(uris: Sequence[str | None]) -> Indices:
    """Rows whose file name does not follow from the one before it as most do; ascending.

    A number that is missed or repeated, another folder, prefix or ending, or no name at all: where a file is missing or
    one too many, names tell, and labels slip.

    Examples
    --------
    >>> irregular_rows(["a1.png", "a2.png", "a3.png", "a5.png", "a6.png", "a6 copy.png", "a7.png"]).tolist()
    [3, 5, 6]
    """
    steps = []
    parsed = [_parsed(uri) for uri in uris]
    for earlier, later in pairwise(parsed):
        same_form = earlier is not None and later is not None and earlier[0] == later[0]
        steps.append(later[1] - earlier[1] if same_form and earlier is not None and later is not None else None)
    if not steps:
        return np.zeros(0, dtype=np.int64)
    usual, count = Counter(steps).most_common(1)[0]
    if usual is None or 2 * count < len(steps):
        return np.zeros(0, dtype=np.int64)
    return np.array([row for row, step in enumerate(steps, start=1) if step != usual], dtype=np.int64)


def _parsed(uri: str | None) -> tuple[tuple[str, str], int] | None:
    """What stands around the last number of a name, and that number."""
    found = None if uri is None else _LAST_NUMBER.search(uri)
    if found is None or uri is None:
        return None
    return (uri[: found.start()], found.group(2)), int(found.group(1))


def log_prior(rows: Indices, n_rows: int, hints: Indices) -> NDArray[np.float64]:
    """Log-probability that something slipped at some rows: half of it on the hints, where there are any.

    The more rows are hinted at, the less each hint says.

    Examples
    --------
    >>> log_prior(np.array([3, 4]), 100, np.array([4])).round(1).tolist()
    [-5.3, -0.7]
    """
    if not len(hints):
        return np.full(len(rows), -np.log(max(1, n_rows)))
    return np.log(0.5 / max(1, n_rows) + np.where(np.isin(rows, hints), 0.5 / len(hints), 0))


def whole_orders(n_rows: int, uris: Sequence[str | None] | None) -> dict[str, Indices]:
    """Whole re-orderings that a listing may need, by name: row n should have the label of row ``source[n]``.

    Examples
    --------
    >>> {name: source.tolist() for name, source in whole_orders(3, ["a1", "a10", "a2"]).items()}
    {'reversed': [2, 1, 0], 'text-for-number order': [0, 2, 1], 'number-for-text order': [0, 2, 1]}
    """
    orders = {"reversed": np.arange(n_rows)[::-1].copy()}
    if uris is None or any(uri is None for uri in uris):
        return orders
    words = [str(uri) for uri in uris]
    by_text = np.array(sorted(range(n_rows), key=lambda row: words[row]), dtype=np.int64)
    by_number = np.array(sorted(range(n_rows), key=lambda row: natural_key(words[row])), dtype=np.int64)
    if (by_text == by_number).all():
        return orders
    for name, wanted, listed in (
        ("text-for-number order", by_number, by_text),
        ("number-for-text order", by_text, by_number),
    ):
        source = np.empty(n_rows, dtype=np.int64)
        source[wanted] = listed
        orders[name] = source
    return orders
