"""Where boxes are: how much each looks like an object, and where a model would rather draw it.

Boxes are moved and drawn at empty places on purpose, and ridge regressions on what a frozen network sees in and around
each learn the way back (box regression, Girshick et al. 2014) and to tell objects from empty places. All is out of
sample by image. The scores of the planted faults say which share of such faults a cut finds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from datacheck.annotations.shifts import empty_places, moved_by, offsets, paired_iou, shifted
from datacheck.labels.fault_count import FaultCount, fault_interval
from datacheck.models.components import Components
from datacheck.models.kernel import kernel_features
from datacheck.models.ridge import KERNEL_PENALTY, FoldSums
from datacheck.text import plural

Floats = NDArray[np.float64]

MOVED = (0.3, 0.8)
"""Overlap of the moved copies that the regression learns from."""

CLEARLY_MOVED = 0.6
"""Overlap up to which a moved copy counts as a fault."""

EMPTY = 0.2
"""Largest overlap with a box at which a place counts as empty."""

MOST_PLANTED, MOST_COPIES = 2_500, 4
"""Planted boxes of each kind that suffice, and copies of one box at most."""

RECALL = 0.5
"""Share of the planted faults that the cut of the lists finds: the median of their scores."""

MOST_LISTED = 0.25
"""Share of the boxes: where a cut names more, the probe does not tell the planted faults from the given boxes."""

FEWEST_PLANTED = 30
"""Planted faults from which a cut is made: with fewer the share that it finds is not known."""

N_FOLDS = 5
"""Each model learns from 80 % of the images."""

HEAT_WEIGHT = 0.5
"""Weight of the heat at the centre of a box beside its emptiness, which has 1; chosen on two draws of the raccoons."""

N_LANDMARKS, N_COMPONENTS = 1536, 192
"""Landmarks of the kernel, and principal components of each kind of features."""


@dataclass(frozen=True)
class Planted:
    """Given boxes, moved copies of them, and empty places; n in all.

    ``source`` is the place among these of the given box that each comes from (of an empty place one of its image),
    ``kind`` 0 for given, 1 for moved, 2 for empty; [n]. ``boxes`` are in pixels, [n, 4].
    """

    source: NDArray[np.int64]
    boxes: Floats
    kind: NDArray[np.int8]

    def take(self, order: NDArray[np.integer]) -> Planted:
        """Return some of them in another order; the source of each must be among them."""
        place = np.full(len(self.kind), -1, dtype=np.int64)
        place[order] = np.arange(len(order))
        return Planted(place[self.source[order]], self.boxes[order], self.kind[order])


@dataclass(frozen=True)
class Placement:
    """What is known of the place of some boxes; [B] each.

    Attributes
    ----------
    objects
        Which of the manifest's objects, ascending.
    emptiness
        How little each looks like an object, about 0 for objects and 1 for empty places.
    shift
        1 - intersection over union of the given box with the corrected one.
    corrected
        Left, top, right, bottom in pixels as a model would draw it, [B, 4].
    planted_empty, planted_shift
        ``emptiness`` of empty places and ``shift`` of boxes that were moved on purpose; [E] and [S].
    """

    objects: NDArray[np.int64]
    emptiness: Floats
    shift: Floats
    corrected: Floats
    planted_empty: Floats
    planted_shift: Floats

    def spurious(self, recall: float) -> NDArray[np.int64]:
        """Return which boxes look emptier than the cut that finds this share of empty places, the emptiest first."""
        return _above(self.emptiness, self.planted_empty, recall)

    def misplaced(self, recall: float) -> NDArray[np.int64]:
        """Return which boxes are further off than the cut that finds this share of moved ones; no spurious one."""
        found = _above(self.shift, self.planted_shift, recall)
        return found[~np.isin(found, self.spurious(recall))]

    def why_no_list(self, n_listed: int, planted: Floats) -> str | None:
        """Return why a list is worth nothing: too few planted faults, or they do not stand out; None where it is."""
        if len(planted) < FEWEST_PLANTED:
            return f"needs {FEWEST_PLANTED} places for planted faults, found {len(planted)}"
        if n_listed > MOST_LISTED * len(self.objects):
            return (
                f"the probe is too weak: the cut that finds half of the faults that were planted names {n_listed:,} of "
                f"{len(self.objects):,} boxes"
            )
        return None

    def n_spurious(self) -> FaultCount:
        """Return how many boxes hold no object."""
        return self._counted(self.emptiness, self.planted_empty, "hold no object")

    def n_misplaced(self) -> FaultCount:
        """Return how many boxes are as far off as the moved copies, without those that look empty."""
        shift = np.delete(self.shift, self.spurious(RECALL))
        return self._counted(shift, self.planted_shift, f"overlap their object by {CLEARLY_MOVED} or less")

    def _counted(self, given: Floats, planted: Floats, wrong: str) -> FaultCount:
        n = len(self.objects)
        return FaultCount(fault_interval(given, planted, n), f"of {plural(n, 'box', 'boxes')} {wrong}")


def with_heat(placement: Placement, given: Floats, empty: Floats) -> Placement:
    """Return a placement whose emptiness counts what the search for objects sees at the centre of each box, too.

    Parameters
    ----------
    placement
        By the pictures in and around the boxes.
    given, empty
        Heat at the given boxes and at the empty places, 1 for the centre of an object, NaN where it is not known; [B]
        and [E].

    Examples
    --------
    >>> nothing = np.empty(0)
    >>> before = Placement(np.array([4]), np.array([0.6]), nothing, nothing, np.array([0.9, 0.7]), nothing)
    >>> after = with_heat(before, np.array([0.9]), np.array([0.3, np.nan]))
    >>> after.emptiness.round(2).tolist(), after.planted_empty.round(2).tolist()
    ([0.43], [0.83, 0.7])
    """

    def mixed(emptiness: Floats, heat: Floats) -> Floats:
        seen = (emptiness + HEAT_WEIGHT * (1 - np.clip(heat, 0, 1))) / (1 + HEAT_WEIGHT)
        return np.where(np.isnan(heat), emptiness, seen)

    return replace(
        placement,
        emptiness=mixed(placement.emptiness, given),
        planted_empty=mixed(placement.planted_empty, empty),
    )


def _above(scores: Floats, planted: Floats, recall: float) -> NDArray[np.int64]:
    if len(planted) < FEWEST_PLANTED:
        return np.empty(0, dtype=np.int64)
    found = np.flatnonzero(scores > np.quantile(planted, 1 - recall))
    return found[np.argsort(-scores[found], kind="stable")]


def plant(row: NDArray[np.int64], boxes: Floats, frame: Floats, seed: int) -> Planted:
    """Return boxes with moved copies of them and empty places beside them.

    Parameters
    ----------
    row, boxes, frame
        The image of each box, ascending, the boxes in pixels, and the size of the image; [N], [N, 4], [N, 2].
    seed
        Of the places.
    """
    rng = np.random.default_rng(seed)
    copies = int(np.clip(MOST_PLANTED // max(len(row), 1), 1, MOST_COPIES))
    some = [rng.permutation(len(row))[: max(MOST_PLANTED, 1)] for _ in range(copies)]
    drawn = [(one, shifted(boxes[one], frame[one], rng, *MOVED)) for one in some]
    of, moved = np.concatenate([one[at] for one, (at, _) in drawn]), np.concatenate([box for _, (_, box) in drawn])
    at, places = empty_places(row, boxes, frame, min(MOST_PLANTED, max(len(row), MOST_PLANTED // 4)), rng, EMPTY)
    return Planted(
        np.concatenate([np.arange(len(row)), of, at]),
        np.concatenate([boxes, moved, places]),
        np.repeat(np.arange(3, dtype=np.int8), (len(row), len(of), len(at))),
    )


def place(
    planted: Planted,
    objects: NDArray[np.int64],
    groups: NDArray[np.int64],
    pooled: NDArray[np.float32],
    grid: NDArray[np.float32],
    seed: int,
) -> Placement:
    """Return what is known of the place of each given box, out of sample.

    Parameters
    ----------
    planted
        Given boxes, moved ones and empty places, n in all.
    objects
        The numbers of the given boxes among the manifest's objects, in the order of ``planted``, [B].
    groups
        What stays in one fold, of each of the n, [n].
    pooled, grid
        What a network sees in and around each: without and with the places, [n, D] and [n, G].
    seed
        Of folds and landmarks.
    """
    rng = np.random.default_rng(seed)
    given, source = planted.kind == 0, planted.source
    names, codes = np.unique(groups, return_inverse=True)
    fold = (rng.permutation(len(names)) % N_FOLDS)[codes]
    sizes = np.log(np.maximum(planted.boxes[:, 2:] - planted.boxes[:, :2], 1.0))
    fine, coarse = _components(grid), _components(pooled)
    by_place = kernel_features(fine, N_LANDMARKS, rng)
    by_all = kernel_features(np.concatenate([fine, coarse, _scaled(sizes)], axis=1), N_LANDMARKS, rng)
    change = np.zeros((len(given), 4))
    moved = planted.kind == 1
    change[moved] = offsets(planted.boxes[moved], planted.boxes[source[moved]])
    corrected = moved_by(planted.boxes, _held_out(by_place, change, given | moved, fold))
    empty = _held_out(by_all, (planted.kind == 2).astype(np.float64)[:, None], ~moved, fold)[:, 0]
    shift = 1 - paired_iou(planted.boxes, corrected)
    far = moved & (paired_iou(planted.boxes, planted.boxes[source]) <= CLEARLY_MOVED)
    order = np.argsort(objects)
    return Placement(
        objects[order],
        empty[given][order],
        shift[given][order],
        corrected[given][order],
        empty[planted.kind == 2],
        shift[far],
    )


def _components(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return principal components of directions from the mean, at a common scale."""
    x = np.asarray(features, dtype=np.float32) - features.mean(axis=0)
    x /= np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-9)
    return np.asarray(Components.fit(x, N_COMPONENTS).project(x), dtype=np.float32)


def _scaled(values: Floats) -> NDArray[np.float32]:
    """Return sizes at a scale at which they count about as much as the features, whose rows have length 1."""
    spread = np.maximum(values.std(axis=0), 1e-9)
    return np.asarray(0.1 * (values - values.mean(axis=0)) / spread, dtype=np.float32)


def _held_out(
    features: NDArray[np.float32], targets: Floats, trains: NDArray[np.bool_], fold: NDArray[np.int64]
) -> Floats:
    """Return out-of-sample outputs of a ridge regression that learns from the rows that train; [n, K]."""
    x = np.concatenate([features, np.ones((len(features), 1), dtype=np.float32)], axis=1)
    mean = targets[trains].mean(axis=0)
    held = [np.flatnonzero(fold == one) for one in range(N_FOLDS)]
    sums = FoldSums.of(x, targets - mean, [rows[trains[rows]] for rows in held])
    found = np.zeros(targets.shape)
    for rows, weights in zip(held, sums.coefficients(KERNEL_PENALTY), strict=True):
        found[rows] = x[rows] @ weights + mean
    return found
