"""What the names of one listing suggest about its pairing: other sort orders, and rows at which a shift may begin."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from datacheck.manifest import natural_key

Indices = NDArray[np.int64]

HINT_SHARE = 0.5
"""Half of the shifts are expected to begin at a hinted row: a lost file often leaves a gap in the numbers, a lost line
in a list of labels never does."""

REVERSED = "the labels are in reverse order"

_LAST_NUMBER = re.compile(r"(\d+)(\D*)$")


def irregular_rows(uris: Sequence[str | None]) -> Indices:
    """Rows whose file name does not follow the one before it as most names do; ascending.

    A skipped or repeated number, another folder, prefix or ending, or no name at all. Where a file is missing or one
    too many, the names are irregular, and the labels may be shifted from there on.

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
    """The text around the last number of a name, and that number."""
    found = None if uri is None else _LAST_NUMBER.search(uri)
    if found is None or uri is None:
        return None
    return (uri[: found.start()], found.group(2)), int(found.group(1))


def change_prior(rows: Indices, n_rows: int, hints: Indices) -> NDArray[np.float64]:
    """Log-probability that a shift begins at each of some rows, before content is seen.

    `HINT_SHARE` of the probability is spread over the hinted rows, where there are any, the rest over all rows. The
    more rows are hinted at, the less each hint weighs.

    Examples
    --------
    >>> change_prior(np.array([3, 4]), 100, np.array([4])).round(1).tolist()
    [-5.3, -0.7]
    """
    if not len(hints):
        return np.full(len(rows), -np.log(max(1, n_rows)))
    everywhere = (1 - HINT_SHARE) / max(1, n_rows)
    return np.log(everywhere + np.where(np.isin(rows, hints), HINT_SHARE / len(hints), 0))


def order_hypotheses(n_rows: int, uris: Sequence[str | None] | None) -> dict[str, Indices]:
    """Orders of the whole listing that may repair it, by their description: row n gets the label of row ``source[n]``.

    Examples
    --------
    >>> {words: source.tolist() for words, source in order_hypotheses(3, ["a1", "a10", "a2"]).items()}
    {'the labels are in reverse order': [2, 1, 0],
     'the samples are in number order (2 before 10), their labels in text order (10 before 2)': [0, 2, 1],
     'the samples are in text order (10 before 2), their labels in number order (2 before 10)': [0, 2, 1]}
    """
    orders = {REVERSED: np.arange(n_rows)[::-1].copy()}
    if uris is None or any(uri is None for uri in uris):
        return orders
    names = [str(uri) for uri in uris]
    by_text = np.array(sorted(range(n_rows), key=lambda row: names[row]), dtype=np.int64)
    by_number = np.array(sorted(range(n_rows), key=lambda row: natural_key(names[row])), dtype=np.int64)
    if (by_text == by_number).all():
        return orders
    for words, wanted, listed in (
        ("the samples are in number order (2 before 10), their labels in text order (10 before 2)", by_text, by_number),
        ("the samples are in text order (10 before 2), their labels in number order (2 before 10)", by_number, by_text),
    ):
        source = np.empty(n_rows, dtype=np.int64)
        source[wanted] = listed
        orders[words] = source
    return orders
