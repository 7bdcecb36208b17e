"""Run lengths of regions, as COCO has them: how many pixels in turn are outside and inside, column by column."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def runs_of(inside: NDArray[np.bool_]) -> list[int]:
    """Return the run lengths of a region [h, w], the pixels outside first.

    Examples
    --------
    >>> runs_of(np.array([[False, True], [False, True], [True, False]]))
    [2, 3, 1]
    >>> runs_of(np.array([[True]]))
    [0, 1]
    """
    flat = np.asarray(inside, dtype=np.int8).ravel(order="F")
    edges = np.flatnonzero(np.diff(flat)) + 1
    lengths: list[int] = np.diff([0, *edges.tolist(), len(flat)]).tolist()
    return [0, *lengths] if len(flat) and flat[0] else lengths


def region_of(runs: Sequence[int], height: int, width: int) -> NDArray[np.bool_]:
    """Return the region of run lengths, [h, w].

    Raises
    ------
    ValueError
        When the lengths are negative, or not as many as the pixels.

    Examples
    --------
    >>> region_of([2, 3, 1], 3, 2).astype(int).tolist()
    [[0, 1], [0, 1], [1, 0]]
    """
    lengths = np.asarray(runs, dtype=np.int64)
    if (lengths < 0).any() or int(lengths.sum()) != height * width:
        raise ValueError(f"expected run lengths of {height * width:,} pixels in all, found {int(lengths.sum()):,}")
    flat = np.repeat(np.arange(len(lengths)) % 2 == 1, lengths)
    return flat.reshape((height, width), order="F")


def box_of(inside: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """Return left, top, right, bottom of a region [h, w] in pixels; zeros for an empty one.

    Examples
    --------
    >>> box_of(np.array([[False, False, False], [False, True, True]]))
    (1, 1, 3, 2)
    """
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    if not len(rows):
        return (0, 0, 0, 0)
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
