"""Folds: stratified, and samples that belong together are never separated.

Written here rather than taken from scikit-learn's ``StratifiedGroupKFold``, which visits each group in Python: for
20,000 groups it takes 8 s where this takes 0.06 s.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from datacheck.errors import ProbeError

TIE_BREAK = 1e-9
"""Weight of even fold sizes beside even classes: it only decides between folds that are equal for the classes."""

MOST_NAMED = 10
"""Classes that a note names."""


@dataclass(frozen=True)
class Folds:
    """Which fold holds each sample out.

    Attributes
    ----------
    fold
        int16, shape [N]; -1 where a sample takes no part.
    n_folds
        How many there are.
    notes
        What the user should know, such as classes that are rarer than the folds; a sentence each.
    """

    fold: NDArray[np.int16]
    n_folds: int
    notes: tuple[str, ...] = ()


def join_groups(*columns: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """Return one group number for each sample; samples that share a group in any column share it here.

    Parameters
    ----------
    columns
        Group numbers, each of shape [N]; -1 for a sample that is alone in that column.

    Examples
    --------
    >>> join_groups(np.array([0, 0, -1, -1]), np.array([-1, 3, 3, -1])).tolist()
    [0, 0, 0, 1]
    """
    n = len(columns[0])
    edges = [_chain(np.asarray(column)) for column in columns]
    first = np.concatenate([pair[0] for pair in edges])
    second = np.concatenate([pair[1] for pair in edges])
    graph = coo_matrix((np.ones(len(first), dtype=bool), (first, second)), shape=(n, n))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def _chain(groups: NDArray[np.integer[Any]]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Link each member of a group to the next one."""
    order = np.argsort(groups, kind="stable")
    ordered = groups[order]
    linked = (ordered[1:] == ordered[:-1]) & (ordered[1:] >= 0)
    return order[:-1][linked], order[1:][linked]


def assign_folds(
    strata: NDArray[np.integer[Any]],
    groups: NDArray[np.integer[Any]],
    *,
    n_folds: int,
    seed: int,
    names: tuple[str, ...] = (),
    usable: NDArray[np.bool_] | None = None,
) -> Folds:
    """Assign groups to folds so that each class is spread evenly; the same for the same seed.

    Groups of several samples are assigned first, the largest before the others, each to the fold where it leaves the
    classes most even. Then single samples, class by class in a shuffled order, each to the fold that has the fewest of
    its class.

    Parameters
    ----------
    strata
        Class, or bin of a regression target, shape [N]; -1 where there is none.
    groups
        Samples of one number stay together, shape [N], no -1.
    n_folds
        At least 2.
    seed
        Of the shuffling.
    names
        Name of each class, for the notes.
    usable
        Samples that take part, shape [N]; all by default.

    Raises
    ------
    ProbeError
        When there are fewer groups than folds could ever hold apart.

    Examples
    --------
    >>> found = assign_folds(np.array([0, 0, 1, 1]), np.array([0, 1, 2, 3]), n_folds=2, seed=0)
    >>> sorted(found.fold[:2].tolist()), sorted(found.fold[2:].tolist())
    ([0, 1], [0, 1])
    """
    if n_folds < 2:
        raise ProbeError(f"expected 2 or more folds, found {n_folds}: out-of-sample needs a part that is held out")
    rows = np.arange(len(strata)) if usable is None else np.flatnonzero(usable)
    _, group = np.unique(np.asarray(groups)[rows], return_inverse=True)
    n_groups = int(group.max()) + 1 if len(group) else 0
    if n_groups < n_folds:
        raise ProbeError(
            f"expected at least {n_folds} independent samples (duplicates and groups count once) for {n_folds} folds, "
            f"found {n_groups} in {len(rows)} rows: give fewer folds, or check the group column"
        )
    stratum = np.asarray(strata)[rows].astype(np.int64)
    stratum = np.where(stratum < 0, stratum.max(initial=0) + 1, stratum)
    by_group = _assign(stratum, group, n_groups, n_folds, np.random.default_rng(seed))
    fold = np.full(len(strata), -1, dtype=np.int16)
    fold[rows] = by_group[group]
    return Folds(fold, n_folds, _rare_notes(np.asarray(strata)[rows], group, n_folds, names))


def _assign(
    stratum: NDArray[np.int64], group: NDArray[np.intp], n_groups: int, n_folds: int, rng: np.random.Generator
) -> NDArray[np.int16]:
    n_strata = int(stratum.max()) + 1
    sizes = np.bincount(group, minlength=n_groups)
    fold_of = np.full(n_groups, -1, dtype=np.int16)
    shuffled = rng.permutation(n_groups)
    counts = np.zeros((n_folds, n_strata))
    by_group = np.argsort(group, kind="stable")
    starts = np.concatenate(([0], np.cumsum(sizes)))
    weight = 1 / np.maximum(np.bincount(stratum, minlength=n_strata), 1)
    many = shuffled[sizes[shuffled] > 1]
    for number in many[np.argsort(-sizes[many], kind="stable")]:
        members = np.bincount(stratum[by_group[starts[number] : starts[number + 1]]], minlength=n_strata)
        cost = (counts * members * weight).sum(axis=1) + TIE_BREAK * counts.sum(axis=1)
        chosen = int(cost.argmin())
        fold_of[number] = chosen
        counts[chosen] += members
    single = shuffled[sizes[shuffled] == 1]
    single_stratum = stratum[by_group[starts[single]]]
    for value in np.unique(single_stratum):
        numbers = single[single_stratum == value]
        fold_of[numbers] = _level(counts[:, value], counts.sum(axis=1), len(numbers))
        counts[:, value] += np.bincount(fold_of[numbers], minlength=n_folds)
    return fold_of


def _level(have: NDArray[np.float64], total: NDArray[np.float64], n: int) -> NDArray[np.int16]:
    """Return n folds that bring the counts of one class as level as they can be."""
    height = np.sort(have)
    deep = int(np.ceil((n + height.sum()) / len(have))) + 1
    fold = np.repeat(np.arange(len(have)), deep)
    level = np.tile(np.arange(deep), len(have))
    free = level >= have[fold]
    fold, level = fold[free], level[free]
    order = np.lexsort((fold, total[fold], level))
    return fold[order][:n].astype(np.int16)


def _rare_notes(
    strata: NDArray[np.integer[Any]], group: NDArray[np.intp], n_folds: int, names: tuple[str, ...]
) -> tuple[str, ...]:
    """Name classes that some fold lacks."""
    labelled = strata >= 0
    pairs = np.unique(np.stack([strata[labelled], group[labelled]]), axis=1)
    independent = np.bincount(pairs[0].astype(np.int64), minlength=len(names)) if pairs.size else np.zeros(len(names))
    rare = [index for index in range(len(names)) if 0 < independent[index] < n_folds]
    absent = [names[index] for index in range(len(names)) if independent[index] == 0]
    notes = []
    if rare:
        listed = ", ".join(f"{names[index]} ({int(independent[index])})" for index in rare[:MOST_NAMED])
        notes.append(
            f"{len(rare)} of {len(names)} classes have fewer independent samples than the {n_folds} folds: {listed}; "
            "check their labels by eye: the probe has seen too few, and never predicts a class that has a single sample"
        )
    if absent:
        notes.append(
            f"no sample is labelled {', '.join(absent[:MOST_NAMED])}: the probe cannot predict what it has not seen"
        )
    return tuple(notes)
