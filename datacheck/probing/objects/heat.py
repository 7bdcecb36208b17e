"""Heat maps of objects: where a regression on what a network sees at the places of images expects centres of boxes.

The targets are those of CenterNet (Zhou et al. 2019): a Gaussian at each centre, and there the way to the centre and
the size. A ridge regression on frozen features learns them: principal components of each place and its eight
neighbours, with random ReLU features (Rahimi and Recht 2008). All is out of sample by image.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from datacheck.annotations.shifts import paired_iou
from datacheck.models.components import Components
from datacheck.models.ridge import FoldSums

Floats = NDArray[np.float64]
Features = NDArray[np.float32]

N_COMPONENTS, N_RANDOM = 96, 512
"""Principal components of a place, and random features of it and its neighbours."""

FITTED_PLACES, MOST_PLACES = 20_000, 24_000
"""Places from which the components and the regressions are fitted: more cost time and change little."""

WIDTH, LEAST_WIDTH = 0.15, 0.5
"""Standard deviation of the Gaussian at a centre as a share of the box, and its least in places."""

WARM, HOT = 0.05, 0.6
"""Heat above which a place is fitted on in any case, and above which it also tells the way to the centre."""

FLOOR = 0.05
"""Predicted heat below which a peak is noise."""

PENALTY = 30.0
"""Of the regressions: as heavy as 30 places."""

MOST_OVERLAP = 0.4
"""Overlap of two predicted boxes beyond which the weaker is left out (non-maximum suppression)."""

VARIANCE_FLOOR = 1e-3
"""Least variance by which a component is scaled."""


@dataclass(frozen=True)
class Target:
    """What is to be learned of the places of an image, h x w of them.

    ``heat`` is 1 at a centre and 0 far from all, NaN where nothing is to be learned, [h * w]; ``change`` is the way to
    the centre in places and the logarithms of width and height in places, NaN far from all, [h * w, 4].
    """

    heat: Floats
    change: Floats


def target(shape: tuple[int, int], boxes: Floats, unclear: Floats) -> Target:
    """Return the targets of an image.

    Parameters
    ----------
    shape
        Height and width in places.
    boxes
        Boxes to be found, left, top, right, bottom in places, [n, 4].
    unclear
        Boxes of which nothing is known, such as crowds, [m, 4].

    Examples
    --------
    >>> found = target((3, 3), np.array([[1.0, 1.0, 2.0, 2.0]]), np.empty((0, 4)))
    >>> found.heat.reshape(3, 3).round(2).tolist()
    [[0.02, 0.14, 0.02], [0.14, 1.0, 0.14], [0.02, 0.14, 0.02]]
    """
    height, width = shape
    x, y = (each.ravel() for each in np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5))
    heat, change = np.zeros(height * width), np.full((height * width, 4), np.nan)
    for box in unclear:
        heat[(x >= box[0]) & (x <= box[2]) & (y >= box[1]) & (y <= box[3])] = np.nan
    for box in boxes:
        centre, size = (box[:2] + box[2:]) / 2, np.maximum(box[2:] - box[:2], 1e-3)
        spread = np.maximum(WIDTH * size, LEAST_WIDTH)
        here = np.exp(-(((x - centre[0]) / spread[0]) ** 2 + ((y - centre[1]) / spread[1]) ** 2) / 2)
        near = (here > min(HOT, max(0.99 * float(here.max()), WARM))) & (here >= np.nan_to_num(heat))
        way = np.stack([centre[0] - x[near], centre[1] - y[near]], axis=1)
        change[near] = np.concatenate([way, np.broadcast_to(np.log(size), way.shape)], axis=1)
        heat = np.maximum(heat, here)
    return Target(heat, change)


def places(maps: Sequence[NDArray[np.float16]], rng: np.random.Generator) -> list[Features]:
    """Return principal components of what is seen at each place of each image, rows of length 1; [h, w, D] each."""
    share = FITTED_PLACES / sum(each.shape[0] * each.shape[1] for each in maps)
    some = [_some(each.reshape(-1, each.shape[2]), share, rng) for each in maps]
    rows = np.concatenate(some).astype(np.float32)
    mean, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-6
    found = Components.fit((rows - mean) / spread, N_COMPONENTS)
    # Half of the way to equal variances: with equal ones noise counts as much as what is common to objects.
    scale = np.maximum(found.variances, VARIANCE_FLOOR) ** 0.25
    result = []
    for each in maps:
        projected = found.project((each.astype(np.float32) - mean) / spread) / scale.astype(np.float32)
        result.append(projected / np.maximum(np.linalg.norm(projected, axis=2, keepdims=True), 1e-9))
    return result


def _some(rows: NDArray[Any], share: float, rng: np.random.Generator) -> NDArray[Any]:
    return rows[rng.random(len(rows)) < share]


def _around(seen: Features) -> Features:
    """Return what is seen at each place and at its eight neighbours, [h * w, 9 D]."""
    height, width, depth = seen.shape
    wide = np.pad(seen, ((1, 1), (1, 1), (0, 0)), mode="edge")
    parts = [wide[y : y + height, x : x + width] for y in range(3) for x in range(3)]
    return np.concatenate(parts, axis=2).reshape(height * width, 9 * depth)


@dataclass(frozen=True)
class HeatModel:
    """Regressions that were each fitted without the images of one fold.

    ``projection`` and ``bias`` make the random features, [9 D, R] and [R]; ``heat`` and ``change`` are the coefficients
    of each fold, [F] and [F, 4]; ``mean``, ``low`` and ``high`` are of the changes fitted on, [4].
    """

    projection: Features
    bias: Features
    heat: tuple[Floats, ...]
    change: tuple[Floats, ...]
    mean: Floats
    low: Floats
    high: Floats

    def predict(self, seen: Features, fold: int) -> tuple[Floats, Floats]:
        """Return heat and changes at the places of an image of a fold; [h, w] and [h, w, 4]."""
        x = _lifted(_around(seen), self.projection, self.bias)
        shape = seen.shape[:2]
        change = np.clip(x @ self.change[fold].astype(np.float32) + self.mean, self.low, self.high)
        heat = np.asarray(x @ self.heat[fold].astype(np.float32), dtype=np.float64)
        return heat.reshape(shape), np.asarray(change, dtype=np.float64).reshape(*shape, 4)


def _lifted(x: Features, projection: Features, bias: Features) -> Features:
    ones = np.ones((len(x), 1), dtype=np.float32)
    return np.concatenate([np.maximum(x @ projection + bias, 0), x, ones], axis=1, dtype=np.float32)


def fit_heat(
    seen: Sequence[Features], targets: Sequence[Target], fold: NDArray[np.int64], rng: np.random.Generator
) -> HeatModel:
    """Fit a regression for each fold on the images of the others.

    All places near an object are fitted on, and a random part of the others that stands for all of them; of more than
    half of `MOST_PLACES` of the first, a random part too.

    Parameters
    ----------
    seen, targets
        Of each image.
    fold
        Of each image, from 0.
    rng
        Draws the places and the random features.
    """
    chosen = _chosen(targets, rng)
    x = np.concatenate([_around(each)[rows] for each, (rows, _) in zip(seen, chosen, strict=True)])
    heat = np.concatenate([each.heat[rows] for each, (rows, _) in zip(targets, chosen, strict=True)])
    change = np.concatenate([each.change[rows] for each, (rows, _) in zip(targets, chosen, strict=True)])
    weights = np.concatenate([weight for _, weight in chosen])
    of = np.repeat(fold, [len(rows) for rows, _ in chosen])
    width = x.shape[1]
    projection = (rng.normal(size=(width, N_RANDOM)) * np.sqrt(2 / 9)).astype(np.float32)
    bias = (0.3 * rng.normal(size=N_RANDOM)).astype(np.float32)
    x = _lifted(x, projection, bias)
    known = np.isfinite(change[:, 0])
    mean = change[known].mean(axis=0)
    folds = [np.flatnonzero(of == one) for one in range(int(fold.max()) + 1)]
    by_heat = FoldSums.of(x, heat[:, None], folds, weights.astype(np.float32))
    by_change = FoldSums.of(x, np.nan_to_num(change - mean), [rows[known[rows]] for rows in folds])
    return HeatModel(
        projection,
        bias,
        tuple(each[:, 0] for each in by_heat.coefficients(PENALTY)),
        tuple(by_change.coefficients(PENALTY)),
        mean,
        change[known].min(axis=0),
        change[known].max(axis=0),
    )


def _chosen(targets: Sequence[Target], rng: np.random.Generator) -> list[tuple[NDArray[np.int64], Floats]]:
    """Return which places of each image are fitted on, and how many places each stands for."""
    heat = np.concatenate([each.heat for each in targets])
    warm, cold = heat > WARM, heat <= WARM
    near = min(1.0, MOST_PLACES / 2 / max(warm.sum(), 1))
    far = min(1.0, (MOST_PLACES - near * warm.sum()) / max(cold.sum(), 1))
    share = np.where(warm, near, np.where(cold, far, 0.0))
    kept = rng.random(len(heat)) < share
    ends = np.cumsum([len(each.heat) for each in targets])[:-1]
    parts = zip(np.split(kept, ends), np.split(share, ends), strict=True)
    return [(np.flatnonzero(kept), 1 / share[kept]) for kept, share in parts]


def peaks(heat: Floats, change: Floats) -> Iterator[tuple[Floats, float]]:
    """Yield the boxes at the peaks of a heat map, in places, and the heat of each, the hottest first.

    A box that overlaps a hotter one by more than `MOST_OVERLAP` is left out.

    Parameters
    ----------
    heat, change
        As predicted, [h, w] and [h, w, 4].

    Examples
    --------
    >>> heat, change = np.zeros((5, 5)), np.zeros((5, 5, 4))
    >>> heat[2, 3] = 0.8
    >>> [(box.tolist(), value) for box, value in peaks(heat, change)]
    [([3.0, 2.0, 4.0, 3.0], 0.8)]
    """
    highest = cv2.dilate(heat, np.ones((3, 3), dtype=np.uint8))
    y, x = np.nonzero((heat >= highest) & (heat > FLOOR))
    way = np.clip(change[y, x, :2], -1, 1)
    centre = np.stack([x, y], axis=1) + 0.5 + way
    half = np.exp(change[y, x, 2:]) / 2
    boxes = np.concatenate([centre - half, centre + half], axis=1)
    kept: list[Floats] = []
    for k in np.argsort(-heat[y, x], kind="stable"):
        if not kept or paired_iou(np.array(kept), boxes[k][None]).max() <= MOST_OVERLAP:
            kept.append(boxes[k])
            yield boxes[k], float(heat[y[k], x[k]])
