"""A small part of a dataset for quick experiments: every class of every split, in whole groups."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def small_part(
    strata: NDArray[np.integer[Any]], groups: NDArray[np.integer[Any]], share: float, *, seed: int
) -> NDArray[np.int64]:
    """Return rows that hold about a share of each stratum, in whole groups, ascending; shape [n].

    Strata of few groups are served first. Groups are drawn at random, and one is taken if it brings its stratum nearer
    to the share. A stratum gets at least one group, the smallest where all are too large.

    Parameters
    ----------
    strata
        Stratum of each sample, such as its class in its split; shape [N].
    groups
        Samples of one number stay together; shape [N].
    share
        In (0, 1].
    seed
        Of the draws.

    Examples
    --------
    >>> strata, groups = np.repeat([0, 1], [80, 20]), np.arange(100) // 2
    >>> rows = small_part(strata, groups, 0.1, seed=0)
    >>> np.bincount(strata[rows]).tolist(), np.bincount(groups[rows])[groups[rows]].min()
    ([8, 2], np.int64(2))
    """
    rng = np.random.default_rng(seed)
    _, stratum = np.unique(strata, return_inverse=True)
    _, group = np.unique(groups, return_inverse=True)
    sizes = np.bincount(stratum)
    wanted = np.maximum(np.rint(share * sizes), 1)
    # How many samples of each stratum each group holds, for the pairs that occur.
    pairs, counts = np.unique(np.stack([stratum, group]), axis=1, return_counts=True)
    by_group: dict[int, list[tuple[int, int]]] = {}
    for (place, number), count in zip(pairs.T.tolist(), counts.tolist(), strict=True):
        by_group.setdefault(number, []).append((place, count))
    held = np.zeros(len(sizes))
    taken = np.zeros(len(by_group), dtype=bool)

    def take(number: int) -> None:
        taken[number] = True
        for place, count in by_group[number]:
            held[place] += count

    n_groups = np.bincount(pairs[0])
    for place in np.argsort(n_groups, kind="stable").tolist():
        own = np.flatnonzero(pairs[0] == place)
        for at in rng.permutation(own).tolist():
            number, count = int(pairs[1, at]), int(counts[at])
            lacking = wanted[place] - held[place]
            if lacking <= 0:
                break
            if not taken[number] and count < 2 * lacking:
                take(number)
        if not held[place]:
            take(int(pairs[1, own[counts[own].argmin()]]))
    return np.flatnonzero(taken[group])
