"""Pairs of rows as arrays of shape [P, 2], first below second."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]


def not_among(pairs: Rows, known: Rows) -> NDArray[np.bool_]:
    """Return which pairs are not among the known ones; shape [P].

    Examples
    --------
    >>> not_among(np.array([[0, 1], [0, 2]]), np.array([[0, 2]])).tolist()
    [True, False]
    """
    size = 1 + max(int(pairs.max(initial=0)), int(known.max(initial=0)))
    return ~np.isin(pairs[:, 0] * size + pairs[:, 1], known[:, 0] * size + known[:, 1])


def first_of_each(pairs: Rows) -> NDArray[np.bool_]:
    """Return, of pairs in which equal ones stand together, which are the first of theirs; shape [P].

    Examples
    --------
    >>> first_of_each(np.array([[0, 1], [0, 1], [0, 2]])).tolist()
    [True, False, True]
    """
    first = np.ones(len(pairs), dtype=bool)
    first[1:] = (pairs[1:] != pairs[:-1]).any(axis=1)
    return first
