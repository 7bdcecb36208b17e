"""Objects without a box: where a model that was not trained on an image sees an object, and no box is.

A random part of the given boxes is hidden from the model. Which share of these a cut finds says which share of the
objects without a box it finds, if these are like the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datacheck.annotations.shifts import paired_iou
from datacheck.labels.fault_count import FaultCount, fault_interval
from datacheck.probing.budget import Clock
from datacheck.probing.objects.heat import fit_heat, peaks, places, target
from datacheck.probing.objects.placement import FEWEST_PLANTED, N_FOLDS
from datacheck.text import plural

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]

HIDDEN = 0.15
"""Share of the boxes that is hidden, of few boxes `FEWEST_PLANTED`: enough to know the cut, and few enough that the
others teach the same."""

FEWEST_BOXES = 150
"""Boxes in the images that are searched: of fewer, more than a fifth would have to be hidden."""

LEAST_OVERLAP = 0.3
"""Overlap from which a predicted box is the same object as a given one."""

NOT_FOUND = 0.0
"""Heat of a hidden box that no prediction meets; of the others it is above `heat.FLOOR`."""


@dataclass(frozen=True)
class Missing:
    """Places that look like objects and have no box; [n] each.

    Attributes
    ----------
    row
        Image of each, a row of the manifest.
    boxes
        Left, top, right, bottom in pixels as a model would draw it, [n, 4].
    heat
        How much it looks like the centre of an object, about 0 for none and 1 for one.
    hidden_heat
        Heat at the given boxes that were hidden from the model, 0 where it found nothing; [H].
    n_boxes, n_images
        Given boxes, hidden ones included, and images that were searched.
    """

    row: Rows
    boxes: Floats
    heat: Floats
    hidden_heat: Floats
    n_boxes: int
    n_images: int

    def cut(self, recall: float) -> float:
        """Return the heat that this share of the hidden boxes exceeds; 0 where fewer were found."""
        return float(np.quantile(self.hidden_heat, 1 - recall)) if len(self.hidden_heat) else NOT_FOUND

    def n_missing(self) -> FaultCount:
        """Return how many objects have no box."""
        met = self.hidden_heat[self.hidden_heat > NOT_FOUND]
        found = fault_interval(self.heat, met, self.n_boxes, n_planted=len(self.hidden_heat))
        return FaultCount(found, f"objects have no box, beside {plural(self.n_boxes, 'box', 'boxes')}")

    def listed(self, recall: float) -> Rows:
        """Return which places are hotter than the cut that finds this share of hidden boxes, the hottest first.

        None where there are too few hidden boxes, or where it finds fewer of them.
        """
        cut = self.cut(recall)
        if len(self.hidden_heat) < FEWEST_PLANTED or cut <= NOT_FOUND:
            return np.empty(0, dtype=np.int64)
        found = np.flatnonzero(self.heat > cut)
        return found[np.argsort(-self.heat[found], kind="stable")]


@dataclass(frozen=True)
class Searched:
    """Images that are searched; I of them.

    ``rows`` are those of the manifest, ``groups`` what stays in one fold, [I]; ``frame`` is width and height in pixels,
    [I, 2]; ``maps`` is what a network sees, [h, w, C] each.
    """

    rows: Rows
    groups: Rows
    frame: Floats
    maps: Sequence[NDArray[np.float16]]


@dataclass(frozen=True)
class Given:
    """All boxes with a place: the image of each, boxes in pixels, and whether one can be learned from; [M], [M, 4]."""

    row: Rows
    boxes: Floats
    good: Mask


@dataclass(frozen=True)
class Asked:
    """Boxes whose heat is wanted: the image of each, boxes in pixels, [Q] and [Q, 4].

    ``heat`` is filled in by `find_missing`: how much the centre of each looks like one of an object, predicted without
    its image; NaN in images that were not searched, [Q].
    """

    row: Rows
    boxes: Floats
    heat: Floats

    @classmethod
    def of(cls, row: Rows, boxes: Floats) -> Asked:
        """Return boxes whose heat is not known yet."""
        return cls(row, boxes, np.full(len(row), np.nan))


def find_missing(
    images: Searched, given: Given, seed: int, clock: Clock, *, asked: Asked | None = None
) -> Missing | None:
    """Search images for objects without a box, out of sample; None where too few boxes are in them.

    Images for which the time does not suffice are left out; where the images are in random order, a random part.

    Parameters
    ----------
    images, given
        The images, and all boxes of the dataset.
    seed
        Of the hidden boxes, the folds and the features.
    clock
        No image is searched after its end.
    asked
        Boxes whose heat is wanted, too.
    """
    rng = np.random.default_rng(seed)
    good = np.flatnonzero(given.good & np.isin(given.row, images.rows))
    hidden = np.zeros(len(given.row), dtype=bool)
    hidden[rng.permutation(good)[: max(FEWEST_PLANTED, round(HIDDEN * len(good)))]] = True
    if len(good) < FEWEST_BOXES:
        return None
    names, codes = np.unique(images.groups, return_inverse=True)
    fold = (rng.permutation(len(names)) % N_FOLDS)[codes]
    seen = places(images.maps, rng)
    members = [np.flatnonzero(given.row == row) for row in images.rows]
    scales = [np.tile(np.array(each.shape[1::-1]) / frame, 2) for each, frame in zip(seen, images.frame, strict=True)]
    targets = []
    for each, some, scale in zip(seen, members, scales, strict=True):
        learned, unclear = some[given.good[some] & ~hidden[some]], some[~given.good[some]]
        targets.append(target(each.shape[:2], given.boxes[learned] * scale, given.boxes[unclear] * scale))
    model = fit_heat(seen, targets, fold, rng)
    found = []
    for number, (each, some, scale) in enumerate(zip(seen, members, scales, strict=True)):
        if clock.left <= 0:
            break
        predicted, change = model.predict(each, int(fold[number]))
        if asked is not None:
            mine = asked.row == images.rows[number]
            asked.heat[mine] = _at_centres(predicted, asked.boxes[mine] * scale)
        hottest = list(peaks(predicted, change))
        boxes = np.array([box for box, _ in hottest]).reshape(-1, 4) / scale
        heat = np.array([value for _, value in hottest])
        place = 1 / scale[:2]
        new, met = told_apart(boxes, heat, given.boxes[some[~hidden[some]]], given.boxes[some[hidden[some]]], place)
        inside = np.clip(boxes[new], 0, np.tile(images.frame[number], 2))
        found.append((np.full(len(inside), images.rows[number]), inside, heat[new], met))
    if not found:
        return None
    n_boxes = int(np.isin(given.row[good], images.rows[: len(found)]).sum())
    row, boxes, heat, met = (np.concatenate(each) for each in zip(*found, strict=True))
    return Missing(row, boxes, heat, met, n_boxes, len(found))


def _at_centres(heat: Floats, boxes: Floats) -> Floats:
    """Return the heat at the centres of boxes in places; [n]."""
    x, y = ((boxes[:, axis] + boxes[:, axis + 2]) / 2 for axis in (0, 1))
    height, width = heat.shape
    return np.asarray(heat[np.clip(y, 0, height - 1).astype(int), np.clip(x, 0, width - 1).astype(int)])


def told_apart(found: Floats, heat: Floats, seen: Floats, hidden: Floats, place: Floats) -> tuple[Mask, Floats]:
    """Tell what is new in an image from the boxes that it has.

    A prediction whose centre is in a box or less than a place beside it, or that overlaps one by `LEAST_OVERLAP`, is
    that box. A hidden box is met only where the prediction would have been new without it.

    Parameters
    ----------
    found, heat
        Predicted boxes, the hottest first, and their heat; [n, 4] and [n].
    seen, hidden
        Given boxes that the model could learn from, and those that were hidden; [s, 4] and [h, 4].
    place
        Width and height of a place: no centre is known better, [2].

    Returns
    -------
    Which predictions are new, [n], and the heat of the hottest at each hidden box, 0 where there is none, [h].
    """
    same = _same(found, hidden, place)
    apart = np.asarray(~_same(found, seen, place).any(axis=1))
    met = np.where(same & apart[:, None], heat[:, None], NOT_FOUND).max(axis=0, initial=NOT_FOUND)
    return np.asarray(apart & ~same.any(axis=1)), met


def _same(found: Floats, boxes: Floats, place: Floats) -> Mask:
    """Return which predictions are which boxes; [n, m]."""
    centre = (found[:, None, :2] + found[:, None, 2:]) / 2
    near = ((centre > boxes[None, :, :2] - place) & (centre < boxes[None, :, 2:] + place)).all(axis=2)
    return np.asarray((paired_iou(found[:, None], boxes[None]) >= LEAST_OVERLAP) | near)
