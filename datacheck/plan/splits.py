"""A repaired split: nothing that belongs together is apart, every class is in every split, and little is moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.plan.items import Measured, PlanItem

Codes = NDArray[np.int64]

SHARES = {"train": 0.7, "val": 0.15, "test": 0.15}
"""What is proposed where the data came without a split."""


@dataclass(frozen=True)
class Flaws:
    """What is wrong: groups that straddle splits, their samples, and (class, split) pairs without a sample."""

    straddling_groups: int
    straddling_samples: int
    missing: tuple[tuple[int, int], ...]


def split_flaws(
    split: NDArray[np.integer[Any]], codes: NDArray[np.integer[Any]], groups: Codes, n_splits: int, n_classes: int
) -> Flaws:
    """Count the flaws of a split.

    Parameters
    ----------
    split, codes
        Split and class of each sample, -1 for none; shape [N].
    groups
        Samples of one number belong together; shape [N].
    n_splits, n_classes
        How many there are.

    Examples
    --------
    >>> split_flaws(np.array([0, 1, 0]), np.array([0, 0, 0]), np.array([5, 5, 6]), 2, 1)
    Flaws(straddling_groups=1, straddling_samples=2, missing=())
    """
    inside = split >= 0
    straddling = _straddling(split, groups)
    counts = np.zeros((n_classes, n_splits), dtype=np.int64)
    known = inside & (codes >= 0)
    np.add.at(counts, (codes[known], split[known]), 1)
    missing = tuple((int(k), int(s)) for k, s in zip(*np.nonzero(counts == 0), strict=True) if counts[k].any())
    return Flaws(len(np.unique(groups[straddling])), int(straddling.sum()), missing)


def repair_split(
    split: NDArray[np.integer[Any]],
    codes: NDArray[np.integer[Any]],
    groups: Codes,
    n_splits: int,
    n_classes: int,
    *,
    seed: int,
) -> Codes:
    """Return a split in which no group straddles, and every class with enough groups is everywhere.

    A straddling group goes whole to the split that holds most of it (the first, on a tie). A class that a split misses
    gets its share of that split from the split that has most of it, in whole groups, and never its last group there.
    Rows without a split keep none.
    """
    repaired = split.astype(np.int64).copy()
    for rows in _members(groups[_straddling(split, groups)], np.flatnonzero(_straddling(split, groups))):
        inside = rows[repaired[rows] >= 0]
        repaired[inside] = np.bincount(repaired[inside], minlength=n_splits).argmax()
    sizes = np.bincount(repaired[repaired >= 0], minlength=n_splits)
    rng = np.random.default_rng(seed)
    for code, place in split_flaws(repaired, codes, groups, n_splits, n_classes).missing:
        _fill(repaired, codes, groups, code, place, sizes / max(sizes.sum(), 1), rng)
    return repaired


def propose_split(codes: NDArray[np.integer[Any]], groups: Codes, *, seed: int) -> Codes:
    """Deal rows to train (0), val (1) and test (2), stratified by class and in whole groups; shape [N].

    Examples
    --------
    >>> np.bincount(propose_split(np.repeat([0, 1], 100), np.arange(200), seed=0)).tolist()
    [140, 30, 30]
    """
    from datacheck.models.folds import assign_folds

    n_parts = 20
    n_groups = len(np.unique(groups))
    if n_groups < 3:
        return np.zeros(len(codes), dtype=np.int64)
    part = assign_folds(codes, groups, n_folds=min(n_parts, n_groups), seed=seed).fold.astype(np.int64)
    n_held = max(1, round(SHARES["val"] * (int(part.max()) + 1)))
    return np.where(part < n_held, 1, np.where(part < 2 * n_held, 2, 0)).astype(np.int64)


def split_item(
    before: NDArray[np.integer[Any]],
    after: Codes,
    codes: NDArray[np.integer[Any]],
    groups: Codes,
    splits: Sequence[str],
    classes: Sequence[str],
    *,
    seed: int,
) -> PlanItem:
    """Say what a repair changes, or that there is nothing to repair."""
    if not (before >= 0).any():
        sizes = {name: int((after == place).sum()) for place, name in enumerate(splits)}
        return PlanItem(
            kind="splits",
            name="proposed_split",
            verdict="do",
            summary="the data came without a split: take the proposed one ("
            + ", ".join(f"{name} {size:,}" for name, size in sizes.items())
            + "), stratified by class, groups and duplicates kept together",
            settings={"sizes": sizes, "seed": seed},
        )
    flaws = split_flaws(before, codes, groups, len(splits), len(classes))
    left = split_flaws(after, codes, groups, len(splits), len(classes))
    moved = np.flatnonzero(before != after)
    moves = {
        f"{splits[a]} to {splits[b]}": int(((before == a) & (after == b)).sum())
        for a in range(len(splits))
        for b in range(len(splits))
        if a != b and ((before == a) & (after == b)).any()
    }
    named = [f"{classes[k]} in {splits[s]}" for k, s in flaws.missing]
    measured = tuple(
        Measured(metric=metric, value=float(now), baseline=float(was), n=len(before), seeds=(seed,), method="counted")
        for metric, was, now in (
            ("samples_across_splits", flaws.straddling_samples, left.straddling_samples),
            ("classes_missing_from_a_split", len(flaws.missing), len(left.missing)),
        )
    )
    settings = {
        "moved": moves,
        "missing_before": named[:50],
        "missing_after": [f"{classes[k]} in {splits[s]}" for k, s in left.missing][:50],
        "seed": seed,
    }
    if not len(moved):
        fine = not flaws.missing
        return PlanItem(
            kind="splits",
            name="given_split",
            verdict="nothing to do",
            settings=settings,
            measured=measured,
            summary="the split is sound: nothing straddles splits, and every class is in each"
            if fine
            else f"too few samples to bring {', '.join(named[:5])}: collect them (nothing straddles splits)",
        )
    why = []
    if flaws.straddling_groups:
        n = flaws.straddling_groups
        why.append(f"{n} group{'s' * (n != 1)} of duplicates or of one origin straddle{'s' * (n == 1)} splits")
    if flaws.missing:
        why.append(
            f"missing {'is' if len(named) == 1 else 'are'} {', '.join(named[:3])}{' …' if len(named) > 3 else ''}"
        )
    return PlanItem(
        kind="splits",
        name="repaired_split",
        verdict="do",
        settings=settings,
        measured=measured,
        summary=f"move {len(moved)} of {len(before):,} samples ({_listed(moves)}): {' and '.join(why)}",
    )


def _listed(moves: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in moves.items())


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


def _members(groups: Codes, rows: Codes) -> list[Codes]:
    """Rows by group."""
    order = np.argsort(groups, kind="stable")
    cuts = np.flatnonzero(np.diff(groups[order])) + 1
    return [part for part in np.split(rows[order], cuts) if len(part)]


def _fill(
    split: Codes,
    codes: NDArray[np.integer[Any]],
    groups: Codes,
    code: int,
    place: int,
    shares: NDArray[np.float64],
    rng: np.random.Generator,
) -> None:
    """Move whole groups of a class into a split that misses it."""
    rows = np.flatnonzero((codes == code) & (split >= 0))
    giver = int(np.bincount(split[rows], minlength=len(shares)).argmax())
    wanted = max(1, round(float(shares[place]) * len(rows)))
    from_giver = rows[split[rows] == giver]
    candidates = _members(groups[from_giver], from_giver)
    for number in rng.permutation(len(candidates))[: max(0, len(candidates) - 1)]:
        if wanted <= 0:
            break
        whole = np.flatnonzero((groups == groups[candidates[number][0]]) & (split == giver))
        split[whole] = place
        wanted -= len(candidates[number])
