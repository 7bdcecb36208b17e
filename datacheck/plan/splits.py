"""The planned split: groups stay whole, training is served first, every class with enough samples is in every split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.plan.items import Measured, PlanItem, counted
from datacheck.text import plural

Codes = NDArray[np.int64]

SHARES = {"train": 0.7, "val": 0.15, "test": 0.15}
"""Sizes of the splits that are proposed where the data came without one: common shares for data of moderate size."""

NAMED = 5
"""A sentence names at most this many classes."""

LISTED = 50
"""Settings list at most this many (class, split) pairs."""


@dataclass(frozen=True)
class Members:
    """What a split divides.

    Attributes
    ----------
    codes
        Class of each sample, -1 for none; shape [N].
    groups
        Samples of one number belong together; shape [N].
    splits, classes
        Names.
    train
        Which of the splits is trained on.
    """

    codes: Codes
    groups: Codes
    splits: tuple[str, ...]
    classes: tuple[str, ...]
    train: int = 0

    @cached_property
    def group_counts(self) -> Codes:
        """How many groups hold each class; shape [K]."""
        known = self.codes >= 0
        pairs = np.unique(np.stack([self.codes[known], self.groups[known]]), axis=1)
        return np.bincount(pairs[0], minlength=len(self.classes)).astype(np.int64)

    def counts(self, split: NDArray[np.integer[Any]]) -> Codes:
        """How many samples of each class each split holds; shape [K, S]."""
        counts = np.zeros((len(self.classes), len(self.splits)), dtype=np.int64)
        known = (split >= 0) & (self.codes >= 0)
        np.add.at(counts, (self.codes[known], split[known]), 1)
        return counts

    def names(self, missing: tuple[tuple[int, int], ...]) -> list[str]:
        """Return (class, split) pairs in words."""
        return [f"{self.classes[k]} in {self.splits[s]}" for k, s in missing]


@dataclass(frozen=True)
class Flaws:
    """What is wrong: groups that straddle splits, their samples, and (class, split) pairs without a sample."""

    straddling_groups: int
    straddling_samples: int
    missing: tuple[tuple[int, int], ...]


def split_flaws(split: NDArray[np.integer[Any]], members: Members) -> Flaws:
    """Count the flaws of a split (shape [N], -1 for samples that are in none).

    Examples
    --------
    >>> members = Members(np.array([0, 0, 0]), np.array([5, 5, 6]), ("train", "test"), ("cat",))
    >>> split_flaws(np.array([0, 1, 0]), members)
    Flaws(straddling_groups=1, straddling_samples=2, missing=())
    """
    straddling = _straddling(split, members.groups)
    counts = members.counts(split)
    missing = tuple((int(k), int(s)) for k, s in zip(*np.nonzero(counts == 0), strict=True) if counts[k].any())
    return Flaws(len(np.unique(members.groups[straddling])), int(straddling.sum()), missing)


def repair_split(split: NDArray[np.integer[Any]], members: Members, *, seed: int) -> Codes:
    """Return a split in which no group straddles, and every class with enough groups is everywhere.

    A straddling group goes whole to the split that holds most of it (the first, on a tie). A class that a split misses
    gets its share of that split from the split that has most of it, in whole groups; training is served first. No
    group moves that is the last one of a class in its split, or a training group of a class with fewer groups than
    there are splits. Rows without a split keep none.
    """
    repaired = split.astype(np.int64).copy()
    straddling = np.flatnonzero(_straddling(split, members.groups))
    for rows in _parts(members.groups[straddling], straddling):
        inside = rows[repaired[rows] >= 0]
        repaired[inside] = np.bincount(repaired[inside], minlength=len(members.splits)).argmax()
    sizes = np.bincount(repaired[repaired >= 0], minlength=len(members.splits))
    shares = sizes / max(sizes.sum(), 1)
    rng = np.random.default_rng(seed)
    missing = split_flaws(repaired, members).missing
    for code, place in sorted(missing, key=lambda pair: pair[1] != members.train):
        _fill(repaired, members, (code, place), float(shares[place]), rng)
    return repaired


def propose_split(members: Members, *, seed: int) -> Codes:
    """Divide rows by `SHARES`, each class by itself and in whole groups; shape [N].

    A class of three or more groups is in every split; all samples of a smaller one are trained on.

    Examples
    --------
    >>> members = Members(np.repeat([0, 1, 2], [100, 4, 2]), np.arange(106), tuple(SHARES), ("a", "b", "c"))
    >>> members.counts(propose_split(members, seed=0)).tolist()
    [[70, 15, 15], [2, 1, 1], [2, 0, 0]]
    """
    rng = np.random.default_rng(seed)
    n_classes = len(members.classes) + 1
    # Unlabelled samples are a class of their own.
    codes = np.where(members.codes < 0, n_classes - 1, members.codes)
    _, group = np.unique(members.groups, return_inverse=True)
    sizes = np.bincount(group)
    pairs = np.unique(np.stack([codes, group]), axis=1)
    n_groups = np.bincount(pairs[0], minlength=n_classes)
    # A group counts as its rarest class, and rare classes are served first.
    order = pairs[:, np.lexsort((pairs[0], n_groups[pairs[0]], pairs[1]))]
    rarest = order[0, np.unique(order[1], return_index=True)[1]]
    mixed = np.isin(group, np.flatnonzero(np.bincount(pairs[1]) > 1))
    place = np.full(len(sizes), -1, dtype=np.int64)
    for code in np.argsort(n_groups, kind="stable"):
        own = rng.permutation(np.flatnonzero(rarest == code))
        others = group[mixed & (codes == code)]
        held = np.bincount(place[others][place[others] >= 0], minlength=len(SHARES))
        place[own] = deal(sizes[own], held)
    return repair_split(place[group], members, seed=seed)


def deal(sizes: Codes, held: Codes) -> Codes:
    """Return a split for each group of one class, such that `SHARES` are met as well as whole groups allow; shape [G].

    Parameters
    ----------
    sizes
        Samples in each group; shape [G].
    held
        Samples of the class that each split holds already; shape [3].

    Examples
    --------
    >>> deal(np.array([1]), np.zeros(3, int)).tolist(), deal(np.array([5, 5, 5]), np.zeros(3, int)).tolist()
    ([0], [0, 1, 2])
    """
    have = held.astype(np.float64)
    places = np.zeros(len(sizes), dtype=np.int64)
    if len(sizes) + np.count_nonzero(have) < len(SHARES):
        return places
    n_samples = have.sum() + sizes.sum()
    wanted = np.maximum(np.array(list(SHARES.values())) * n_samples, 1)
    wanted[0] = max(n_samples - wanted[1:].sum(), 1)
    by_size = np.argsort(-sizes, kind="stable")
    n_large = int((sizes > 1).sum())
    for turn, number in enumerate(by_size[:n_large]):
        lacking = wanted - have
        if len(sizes) - turn <= np.count_nonzero(have == 0):
            lacking[have > 0] = -np.inf
        places[number] = int(lacking.argmax())
        have[places[number]] += sizes[number]
    # Groups of one: first into the splits that have none, then each where most is lacking.
    singles = by_size[n_large:]
    empty = np.flatnonzero(have == 0)[: len(singles)]
    have[empty] += 1
    levels = (wanted - have)[:, None] - np.arange(len(singles))
    filled = np.argsort(-levels, axis=None, kind="stable")[: len(singles) - len(empty)] // max(len(singles), 1)
    places[singles] = np.concatenate([empty, filled])
    return places


def split_item(before: NDArray[np.integer[Any]], after: Codes, members: Members, *, seed: int) -> PlanItem:
    """Say which split to use, what a repair changes, or that there is nothing to repair."""
    flaws, left = split_flaws(before, members), split_flaws(after, members)
    settings = {"missing_after": members.names(left.missing)[:LISTED], "seed": seed}
    untrained = _untrained(after, members)
    if not (before >= 0).any():
        sizes = {name: int((after == place).sum()) for place, name in enumerate(members.splits)}
        few = members.names(tuple(pair for pair in left.missing if pair[1] != members.train))
        return PlanItem(
            kind="splits",
            name="proposed_split",
            verdict="do",
            summary="the data came without a split: use the proposed one ("
            + ", ".join(f"{name} {size:,}" for name, size in sizes.items())
            + "), stratified by class, with groups and duplicates kept together"
            + (f"; too few samples for {_named(few)}" if few else "")
            + untrained,
            settings={"sizes": sizes, **settings},
        )
    moved = before != after
    pairs, counts = np.unique(np.stack([before[moved], after[moved]]), axis=1, return_counts=True)
    moves = {f"{members.splits[a]} to {members.splits[b]}": int(n) for a, b, n in zip(*pairs, counts, strict=True)}
    numbers = {
        "samples_across_splits": (flaws.straddling_samples, left.straddling_samples),
        "classes_missing_from_a_split": (len(flaws.missing), len(left.missing)),
    }
    return PlanItem(
        kind="splits",
        name="repaired_split" if moves else "given_split",
        verdict="do" if moves else "nothing to do",
        settings={"moved": moves, "missing_before": members.names(flaws.missing)[:LISTED], **settings},
        measured=tuple(
            Measured(metric=metric, estimate=counted(now, n=len(before)), baseline=float(was), seeds=(seed,))
            for metric, (was, now) in numbers.items()
        ),
        summary=_repair(moves, flaws, members) + untrained,
    )


def _repair(moves: Mapping[str, int], flaws: Flaws, members: Members) -> str:
    """Say what is moved and why; or what is missing and cannot be mended."""
    if moves:
        listed = ", ".join(f"{count:,} {name}" for name, count in moves.items())
        total = plural(len(members.codes), "sample")
        return f"move {sum(moves.values()):,} of {total} ({listed}): {_why(flaws, members)}"
    if flaws.missing:
        named = _named(members.names(flaws.missing))
        return f"too few samples to fill {named}: collect more; no group is in more than one split"
    return "the split needs no repair: no group is in more than one split, and every class with samples is in each"


def _untrained(split: Codes, members: Members) -> str:
    """Name the classes that have no training sample; empty where there are none."""
    none = np.flatnonzero(members.counts(split)[:, members.train] == 0)
    if not len(none):
        return ""
    return f"; without a training sample: {_named([members.classes[code] for code in none])}"


def _why(flaws: Flaws, members: Members) -> str:
    why = []
    if flaws.straddling_groups:
        why.append(f"{plural(flaws.straddling_groups, 'group')} of duplicates or of one origin in more than one split")
    if flaws.missing:
        why.append(f"no sample of {_named(members.names(flaws.missing))}")
    return " and ".join(why)


def _named(names: list[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _straddling(split: NDArray[np.integer[Any]], groups: Codes) -> NDArray[np.bool_]:
    """Which samples are in a group that has members in several splits; shape [N]."""
    inside = split >= 0
    _, group = np.unique(groups, return_inverse=True)
    n_groups = int(group.max()) + 1 if len(group) else 0
    low, high = np.full(n_groups, np.iinfo(np.int64).max), np.full(n_groups, -1)
    np.minimum.at(low, group[inside], split[inside])
    np.maximum.at(high, group[inside], split[inside])
    across: NDArray[np.bool_] = inside & (low < high)[group]
    return across


def _parts(groups: Codes, rows: Codes) -> list[Codes]:
    """Rows by group."""
    order = np.argsort(groups, kind="stable")
    cuts = np.flatnonzero(np.diff(groups[order])) + 1
    return [part for part in np.split(rows[order], cuts) if len(part)]


def _fill(split: Codes, members: Members, gap: tuple[int, int], share: float, rng: np.random.Generator) -> None:
    """Move whole groups of a class into a split that misses it, none that another class cannot do without."""
    code, place = gap
    rows = np.flatnonzero((members.codes == code) & (split >= 0))
    giver = int(np.bincount(split[rows], minlength=len(members.splits)).argmax())
    wanted = max(1, round(share * len(rows)))
    left = members.counts(split)[:, giver]
    bound = (members.group_counts < len(members.splits)) & (giver == members.train)
    for group in rng.permutation(np.unique(members.groups[rows[split[rows] == giver]])):
        if wanted <= 0:
            break
        whole = np.flatnonzero((members.groups == group) & (split == giver))
        moved = np.bincount(members.codes[whole][members.codes[whole] >= 0], minlength=len(members.classes))
        if (bound | (left <= moved))[moved > 0].any():
            continue
        split[whole] = place
        left = left - moved
        wanted -= int(moved[code])
