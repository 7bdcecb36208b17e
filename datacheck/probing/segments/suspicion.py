"""How suspect regions are: faults are planted, and a model learns to tell them from what is given, out of sample."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from datacheck.labels.fault_count import FaultCount, fault_interval
from datacheck.probing.segments.planting import Fault, plant
from datacheck.probing.segments.regions import Floats, Picture, Region, given_regions, missing_regions
from datacheck.text import plural

KINDS = ("class", "missing", "border")
"""The kinds of faults: another class, a region that was left out, a border that was moved."""

N_FOLDS = 5
"""Each model learns from 80 % of the images."""

FEWEST_PLANTED = 30
"""Planted faults from which a cut is made: with fewer the share that it finds is not known."""

MOST_PLANTED, MOST_COPIES = 250, 5
"""Planted faults of a kind that suffice, and how many one image has at most, one at a time."""

RECALLS = {"class": 0.5, "missing": 0.5, "border": 0.25}
"""Share of the planted faults that the cut of each list finds. On clean street scenes the cut that finds half of the
moved borders lists a twentieth of all regions, the one that finds a quarter less than a hundredth."""

WRONG = {
    "class": "of {n} are of another class",
    "missing": "regions are not drawn, beside {n}",
    "border": "of {n} have their border elsewhere",
}
"""What is counted of each kind."""

NEVER = 1e-6
"""A probability of 0 and of 1 counts as this far from them."""

TREES = {"max_iter": 80, "max_depth": 4, "learning_rate": 0.1, "l2_regularization": 1.0, "min_samples_leaf": 10}
"""Of the boosted trees: few and shallow, for some hundreds of planted faults."""


@dataclass(frozen=True)
class KindOfSuspects:
    """The regions that were judged for one kind of fault, and what is known of their scores; R regions.

    Attributes
    ----------
    row, label, suggested, size, box
        The image, the class in the mask, the class that the model gives, the places on the grid and the box in
        places: left, top, right, bottom; [R] and [R, 4].
    suspicion
        In [0, 1], high is worse; out of sample by image; [R].
    planted
        The same of faults that were planted, [F].
    candidates_found
        Share of the planted faults that were among the regions at all; only missing regions can be overlooked.
    """

    row: NDArray[np.int64]
    label: NDArray[np.int64]
    suggested: NDArray[np.int64]
    size: NDArray[np.int64]
    box: NDArray[np.int64]
    suspicion: NDArray[np.float64]
    planted: NDArray[np.float64]
    candidates_found: float = 1.0

    def __len__(self) -> int:
        return len(self.row)

    def with_rows(self, row: NDArray[np.int64]) -> KindOfSuspects:
        """Return the same with other numbers of the images."""
        return replace(self, row=row)

    def listed(self, recall: float) -> NDArray[np.int64]:
        """Return the regions above the cut that this share of the planted faults reaches, the worst first; [n]."""
        if len(self.planted) < FEWEST_PLANTED:
            return np.empty(0, dtype=np.int64)
        above = np.flatnonzero(self.suspicion > np.quantile(self.planted, 1 - recall))
        return above[np.argsort(-self.suspicion[above], kind="stable")]

    @property
    def n_planted(self) -> int:
        """How many faults were planted, also those that are no region that is judged."""
        return round(len(self.planted) / max(self.candidates_found, 1e-9))


def fault_count(kinds: Mapping[str, KindOfSuspects], name: str) -> FaultCount:
    """Return how many regions have a kind of fault.

    A region that is listed for its class has its border elsewhere, too, and does not count as such.
    """
    kind, drawn = kinds[name], kinds["class"]
    suspicion = kind.suspicion
    if name == "border":
        suspicion = np.delete(suspicion, drawn.listed(RECALLS["class"]))
    found = fault_interval(_log_odds(suspicion), _log_odds(kind.planted), len(drawn), n_planted=kind.n_planted)
    return FaultCount(found, WRONG[name].format(n=plural(len(drawn), "region")))


def _log_odds(suspicion: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return probabilities on a scale without ends, on which the tail of right regions is seen; [n]."""
    inside = np.clip(suspicion, NEVER, 1 - NEVER)
    return np.asarray(np.log(inside / (1 - inside)))


@dataclass(frozen=True)
class _Seen:
    """Regions with the image of each, and whether each is a planted fault."""

    row: list[int]
    regions: list[Region]
    planted: list[bool]


def judge(
    pictures: list[Picture],
    fold: NDArray[np.int64],
    n_classes: int,
    seed: int,
    going: Callable[[], bool] = lambda: True,
) -> tuple[int, dict[str, KindOfSuspects]]:
    """Judge the regions of images for each kind of fault.

    Parameters
    ----------
    pictures
        One an image.
    fold
        What holds each image out, the same as of the probabilities; [n].
    n_classes
        K.
    seed
        Of the planted faults and the models.
    going
        Asked before each image whether there is time for it.

    Returns
    -------
    How many images were judged, from the first on, and what was found by kind.
    """
    rng = np.random.default_rng(seed)
    given: list[list[Region]] = []
    missing: list[list[Region]] = []
    for one in pictures:
        if given and not going():
            break
        given.append(list(given_regions(one)))
        missing.append(list(missing_regions(one)))
    pictures = pictures[: len(given)]
    copies = int(np.clip(-(-MOST_PLANTED // max(len(pictures), 1)), 1, MOST_COPIES))
    chosen = rng.permutation(len(pictures))[:MOST_PLANTED]
    found = {}
    for kind in KINDS:
        own = missing if kind == "missing" else given
        seen = _Seen([], [], [])
        for row, regions in enumerate(own):
            _add(seen, row, regions, planted=False)
        n_faults = 0
        for row in np.tile(chosen, copies).tolist():
            fault = plant(pictures[row].labels, kind, n_classes, rng)
            if fault is None:
                continue
            n_faults += 1
            _add(seen, row, _shown(pictures[row], fault), planted=True)
        found[kind] = _judged(seen, fold, n_faults, seed)
    return len(pictures), found


def _shown(picture: Picture, fault: Fault) -> list[Region]:
    """Return the region of a planted fault, where it is one that is judged."""
    changed = Picture(fault.labels, picture.probs, picture.edges)
    if fault.kind != "missing":
        regions = [one for one in given_regions(changed, fault.place) if one.label == fault.shown]
        return regions[:1]
    hits = [one for one in missing_regions(changed) if (one.place & fault.place).sum() > one.size / 2]
    return sorted(hits, key=lambda one: -one.size)[:1]


def _add(seen: _Seen, row: int, regions: list[Region], *, planted: bool) -> None:
    seen.row.extend([row] * len(regions))
    seen.regions.extend(regions)
    seen.planted.extend([planted] * len(regions))


def _judged(seen: _Seen, fold: NDArray[np.int64], n_faults: int, seed: int) -> KindOfSuspects:
    row, planted = np.array(seen.row, dtype=np.int64), np.array(seen.planted, dtype=bool)
    if not len(row) or planted.sum() < FEWEST_PLANTED or planted.all():
        scores = np.zeros(len(row))
    else:
        scores = _out_of_sample(np.stack([one.features for one in seen.regions]), planted, fold[row], seed)
    own = np.flatnonzero(~planted)

    def column(name: str) -> NDArray[np.int64]:
        return np.array([getattr(seen.regions[k], name) for k in own], dtype=np.int64)

    return KindOfSuspects(
        row[own],
        column("label"),
        column("suggested"),
        column("size"),
        column("box").reshape(len(own), 4),
        scores[own],
        scores[planted],
        float(planted.sum() / n_faults) if n_faults else 1.0,
    )


def _out_of_sample(x: Floats, planted: NDArray[np.bool_], fold: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
    """Return the probability of being planted by models that did not see the image; [n]."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    scores = np.full(len(x), float(planted.mean()))
    for one in np.unique(fold):
        trains, held = fold != one, fold == one
        if len(np.unique(planted[trains])) == 2:
            model = HistGradientBoostingClassifier(**TREES, random_state=seed, early_stopping=False)
            model.fit(x[trains], planted[trains])
            scores[held] = model.predict_proba(x[held])[:, 1]
    return scores
