"""What to collect: which classes gain most from more samples, and which unlabelled samples to label next."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.models.learning_curve import by_softmax, learning_curve
from datacheck.plan.cohort import N_FOLDS, Cohort
from datacheck.plan.items import Measured, PlanItem
from datacheck.stats import Z95, Interval
from datacheck.text import percent, plural

FRACTIONS = (0.25, 0.5, 1.0)
"""Shares of the training samples that are learned from: two doublings, the least that shows how the gain falls."""

ENOUGH = 20
"""Below this many samples the recall of a class is known to 20 points or worse, whatever the curve says."""

WORTH = 0.02
"""A rise in recall that is worth collecting for."""

SHRINK = (0.3, 1.0)
"""The next doubling brings between these shares of what the last one brought: less than 0.3 was noise of the curve."""

SHRINK_UNKNOWN = 0.7
"""That share where the first doubling brought nothing: in the middle of `SHRINK`."""

N_NEXT = 100
"""Unlabelled samples that are named as the next to label: about a day's first batch for one person."""

LEAST_UNCERTAINTY = 0.05
"""Added to every uncertainty, so that a sample far from all others counts even where the model is certain."""

CHUNK = 1024
"""Rows whose distances are computed at once: a few MB against thousands of centres."""

LISTED = 50
"""An item lists at most this many measurements."""


def collect_items(
    cohort: Cohort, penalty: float, counts: NDArray[np.integer[Any]] | None = None
) -> tuple[PlanItem, ...]:
    """Return one item for each class that gains from more samples or has too few to be judged, the largest gain first.

    The gain of doubling a class is what the last doubling brought, shrunk by the ratio of the last two steps (never
    above 1): a power law's own forecast one step ahead. Its interval is the binomial noise of both ends of that step.

    Parameters
    ----------
    cohort
        Labels, label-free features and folds.
    penalty
        L2 penalty of the softmax regression.
    counts
        Training samples of each class where the cohort is a part of them; shape [K].
    """
    started = time.perf_counter()
    n_classes = len(cohort.classes)
    predict = by_softmax(cohort.features, cohort.codes, n_classes, penalty)
    curve = learning_curve(cohort.codes, n_classes, cohort.folds, predict, fractions=FRACTIONS, seeds=cohort.seeds)
    mean = curve.recall.mean(axis=0)
    shrink = shrink_of(mean[:, cohort.counts > 0].mean(axis=1))
    seconds = (time.perf_counter() - started) / n_classes
    have = cohort.counts if counts is None else counts
    few = {item.name: item for item in few_items(have, cohort.classes)}
    items = []
    for code in np.flatnonzero(cohort.counts):
        item = _class_item(cohort, int(code), int(have[code]), mean[:, code], shrink, seconds)
        if item.name in few:
            own = few.pop(item.name)
            item = replace(item, verdict="do", summary=own.summary, settings={**item.settings, **own.settings})
        items.append(item)
    wanted = sorted((item for item in items if item.verdict == "do"), key=lambda item: -item.value)
    wanted = [*few.values(), *wanted]
    if wanted:
        return tuple(wanted)
    return (
        PlanItem(
            kind="collect",
            name="enough",
            verdict="nothing to do",
            measured=tuple(item.measured[0] for item in items[:LISTED]),
            summary=f"for no class is twice the samples expected to raise recall by {percent(WORTH)} or more",
        ),
    )


def few_items(counts: NDArray[np.integer[Any]], classes: Sequence[str]) -> list[PlanItem]:
    """Return an item for each class with fewer than `ENOUGH` training samples, the fewest first.

    Examples
    --------
    >>> [item.summary for item in few_items(np.array([30, 0]), ["cat", "owl"])]
    ['collect at least 20 samples of owl: the training split has none']
    """
    items = []
    for code in np.argsort(counts, kind="stable"):
        n, name = int(counts[code]), classes[code]
        if n >= ENOUGH:
            break
        why = (
            "the training split has none"
            if n == 0
            else f"{n} {'is' if n == 1 else 'are'} too few to learn from or to judge by"
        )
        more = plural(ENOUGH - n, "sample" if n == 0 else "more sample")
        items.append(
            PlanItem(
                kind="collect",
                name=name,
                verdict="do",
                classes=(name,),
                settings={"have": n, "more": ENOUGH - n},
                summary=f"collect at least {more} of {name}: {why}",
            )
        )
    return items


def shrink_of(recall: NDArray[np.float64]) -> float:
    """Return which share of the last doubling's gain the next one brings, from the mean recall at `FRACTIONS`.

    Examples
    --------
    >>> round(shrink_of(np.array([0.5, 0.7, 0.8])), 3)
    0.5
    """
    first, last = np.diff(recall)
    return float(np.clip(last / first, *SHRINK)) if first > 0 else SHRINK_UNKNOWN


def doubling_gain(before: float, last: float, n: int, shrink: float) -> Interval:
    """Return what doubling a class of ``n`` samples adds to its recall, from the recalls at half and at all of them.

    Examples
    --------
    >>> f"{doubling_gain(0.7, 0.8, 400, 0.5):.3f}"
    '0.050 [0.020, 0.080]'
    """
    room = 1 - last
    gain = max(0.0, min(shrink * (last - before), room))
    # A recall of 0 or 1 from n samples is not without noise: its variance counts as at least 1 / (4 n).
    noise = Z95 * shrink * float(np.sqrt(sum(max(r * (1 - r), 0.25 / n) for r in (before, last)) / n))
    return Interval(gain, max(0.0, gain - noise), max(gain, min(room, gain + noise)), n=n)


def is_worth_collecting(gain: Interval) -> bool:
    """Return whether a gain is certainly at least `WORTH`, or likely twice as much and certainly above 0."""
    return gain.low >= WORTH or (gain.value >= 2 * WORTH and gain.low > 0)


def _class_item(
    cohort: Cohort, code: int, have: int, recall: NDArray[np.float64], shrink: float, seconds: float
) -> PlanItem:
    n, name, last = int(cohort.counts[code]), cohort.classes[code], float(recall[-1])
    gain = doubling_gain(float(recall[-2]), last, n, shrink)
    # The cohort may be a part of the training samples: each doubling up to all of them lowers the gain once more.
    further = shrink ** float(np.log2(have / n))
    gain = replace(gain, value=further * gain.value, low=further * gain.low, high=further * gain.high)
    shares = ", ".join(percent(fraction) for fraction in FRACTIONS)
    method = (
        f"softmax regression on {cohort.features_from} with {shares} of {plural(n, 'sample')}; last step times "
        f"{shrink:.2f} for each doubling up to {2 * have:,}; 95 % binomial noise of both ends"
    )
    measured = Measured(
        metric="gain/recall_when_doubled",
        estimate=replace(gain, method=method),
        baseline=last,
        folds=N_FOLDS,
        seeds=cohort.seeds,
        seconds=seconds,
    )
    curve = {percent(fraction): float(value) for fraction, value in zip(FRACTIONS, recall, strict=True)}
    return PlanItem(
        kind="collect",
        name=name,
        verdict="do" if is_worth_collecting(gain) else "nothing to do",
        classes=(name,),
        measured=(measured,),
        settings={"have": have, "more": have, "curve": curve},
        summary=f"collect {have:,} more of {name} (twice what there is): recall {last:.2f} is expected to rise by "
        f"{gain:.2f}",
    )


def label_next(
    embeddings: NDArray[np.floating[Any]],
    uncertainty: NDArray[np.floating[Any]],
    labelled: NDArray[np.bool_],
    *,
    n_wanted: int = N_NEXT,
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
    weight = np.nan_to_num(uncertainty[pool], nan=1.0) + LEAST_UNCERTAINTY
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
        summary=f"of {plural(n_unlabelled, 'unlabelled sample')}, label these {len(ids):,} first: their prediction is "
        "uncertain, and they differ from each other and from what is labelled",
        settings={"sample_ids": list(ids), "method": "k-center weighted by uncertainty (Sener and Savarese 2018)"},
    )


def _nearest(x: NDArray[np.float32], centres: NDArray[np.float32]) -> NDArray[np.float32]:
    """Distance of each row to the nearest centre; shape [N]."""
    nearest = np.empty(len(x), dtype=np.float32)
    squares = (centres**2).sum(axis=1)
    for start in range(0, len(x), CHUNK):
        part = x[start : start + CHUNK]
        nearest[start : start + CHUNK] = (squares - 2 * part @ centres.T).min(axis=1) + (part**2).sum(axis=1)
    return np.sqrt(np.maximum(nearest, 0))
