"""What to collect: which classes gain most from more samples, and which unlabelled samples to label next."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.models.learning_curve import by_softmax, learning_curve
from datacheck.plan.cohort import Sample
from datacheck.plan.items import Measured, PlanItem
from datacheck.stats import Z95

FRACTIONS = (0.25, 0.5, 1.0)
ENOUGH = 20
"""Below this many independent samples a class cannot be judged, whatever the curve says."""

WORTH = 0.02
"""A rise in recall that is worth collecting for."""


def collect_items(sample: Sample, penalty: float) -> tuple[PlanItem, ...]:
    """Return one item a class that gains from more samples or has too few to be judged, the largest gain first.

    The gain of doubling a class is what halving brought it last, shrunk by the ratio of the last two steps (never
    above 1): a power law's own forecast one step ahead. Its interval is of the binomial noise of both ends of that
    step.
    """
    started = time.perf_counter()
    curves = learning_curve(
        sample.codes,
        len(sample.classes),
        sample.folds,
        by_softmax(sample.features, sample.codes, len(sample.classes), penalty),
        fractions=FRACTIONS,
        seeds=sample.seeds,
    ).recall
    seconds = time.perf_counter() - started
    mean = np.nanmean(curves, axis=0) if len(curves) else np.full((len(FRACTIONS), len(sample.classes)), np.nan)
    counts = np.bincount(sample.codes, minlength=len(sample.classes))
    overall = np.nanmean(np.diff(mean, axis=0), axis=1)
    shrink = float(np.clip(overall[1] / overall[0], 0.3, 1.0)) if overall[0] > 0 else 0.7
    items = []
    for code, name in enumerate(sample.classes):
        if not counts[code]:
            items.append(_absent(name))
            continue
        items.append(_class_item(sample, code, mean[:, code], int(counts[code]), shrink, seconds / len(counts)))
    wanted = [item for item in items if item.verdict == "do"]
    wanted.sort(key=lambda item: -(item.measured[0].value or 0) if item.measured else -9)
    if wanted:
        return tuple(wanted)
    gains = [item.measured[0] for item in items if item.measured]
    return (
        PlanItem(
            kind="collect",
            name="enough",
            verdict="nothing to do",
            measured=tuple(gains[:50]),
            summary=f"no class is expected to gain {WORTH:.0%} of recall or more beyond doubt from twice its samples",
        ),
    )


def _class_item(
    sample: Sample, code: int, recall: NDArray[np.float64], n: int, shrink: float, seconds: float
) -> PlanItem:
    last = float(recall[-1] - recall[-2])
    gain = max(0.0, min(shrink * last, 1 - float(recall[-1])))
    noise = Z95 * shrink * float(np.sqrt(sum(max(r * (1 - r), 0.25 / n) for r in recall[-2:]) / n))
    low, high = max(0.0, gain - noise), min(1 - float(recall[-1]), gain + noise)
    measured = Measured(
        metric="gain/recall_when_doubled",
        value=gain,
        low=low,
        high=max(gain, high),
        baseline=float(recall[-1]),
        n=n,
        folds=sample.n_folds,
        seeds=sample.seeds,
        seconds=seconds,
        method=f"softmax regression on {sample.features_from} with {', '.join(f'{f:.0%}' for f in FRACTIONS)} of the "
        f"samples; last step times {shrink:.2f}; 95 % binomial noise of both ends",
    )
    name = sample.classes[code]
    curve = {f"{fraction:.0%}": float(value) for fraction, value in zip(FRACTIONS, recall, strict=True)}
    if n < ENOUGH:
        return PlanItem(
            kind="collect",
            name=name,
            verdict="do",
            classes=(name,),
            measured=(measured,),
            settings={"have": n, "more": ENOUGH - n, "curve": curve},
            summary=f"collect at least {ENOUGH - n} more of {name}: {n} are too few to learn from or to judge by",
        )
    worth = low >= WORTH or (gain >= 2 * WORTH and low > 0)
    return PlanItem(
        kind="collect",
        name=name,
        verdict="do" if worth else "nothing to do",
        classes=(name,),
        measured=(measured,),
        settings={"have": n, "more": n, "curve": curve},
        summary=f"collect {n} more of {name} (twice what there is): recall {recall[-1]:.2f} is expected to rise by "
        f"{gain:.2f} [{low:.2f}, {high:.2f}]",
    )


def _absent(name: str) -> PlanItem:
    return PlanItem(
        kind="collect",
        name=name,
        verdict="do",
        classes=(name,),
        settings={"have": 0, "more": ENOUGH},
        summary=f"collect at least {ENOUGH} of {name}: the training split has none",
    )


def label_next(
    embeddings: NDArray[np.floating[Any]],
    uncertainty: NDArray[np.floating[Any]],
    labelled: NDArray[np.bool_],
    *,
    n_wanted: int = 100,
) -> NDArray[np.int64]:
    """Return unlabelled rows in the order in which labelling them is worth most: informative, and unlike each other.

    Greedy k-center (Sener and Savarese 2018), the distance to the nearest labelled or chosen sample weighted by the
    uncertainty of the prediction.

    Parameters
    ----------
    embeddings
        Shape [N, D]; rows of NaN take no part.
    uncertainty
        1 minus the largest class probability; shape [N].
    labelled
        Shape [N].
    n_wanted
        How many.

    Examples
    --------
    >>> places = np.array([[0.0], [0.1], [5.0], [5.1], [9.0]])
    >>> label_next(places, np.ones(5), np.array([True, False, False, False, False]), n_wanted=2).tolist()
    [4, 2]
    """
    usable = np.isfinite(embeddings).all(axis=1)
    pool = np.flatnonzero(usable & ~labelled)
    known = np.flatnonzero(usable & labelled)
    if not len(pool):
        return pool
    x = embeddings.astype(np.float32)
    centre = known if len(known) else pool[:1]
    distance = _nearest(x[pool], x[centre])
    weight = np.nan_to_num(uncertainty[pool], nan=1.0) + 0.05
    chosen = []
    for _ in range(min(n_wanted, len(pool))):
        best = int((distance * weight).argmax())
        chosen.append(pool[best])
        distance = np.minimum(distance, np.sqrt(((x[pool] - x[pool[best]]) ** 2).sum(axis=1)))
        distance[best] = -1.0
    return np.array(chosen, dtype=np.int64)


def label_next_item(ids: Sequence[str], n_unlabelled: int) -> PlanItem:
    """Say which unlabelled samples to label next."""
    return PlanItem(
        kind="collect",
        name="label_next",
        verdict="do",
        summary=f"of {n_unlabelled:,} unlabelled samples, label these {len(ids)} first: uncertain, and unlike "
        "each other and what is labelled",
        settings={"sample_ids": list(ids), "method": "k-center weighted by uncertainty (Sener and Savarese 2018)"},
    )


def _nearest(x: NDArray[np.float32], centres: NDArray[np.float32]) -> NDArray[np.float32]:
    """Distance of each row to the nearest centre; shape [N]."""
    nearest = np.empty(len(x), dtype=np.float32)
    squares = (centres**2).sum(axis=1)
    for start in range(0, len(x), 1024):
        part = x[start : start + 1024]
        nearest[start : start + 1024] = (squares - 2 * part @ centres.T).min(axis=1) + (part**2).sum(axis=1)
    return np.sqrt(np.maximum(nearest, 0))
