"""Ways of rebalancing classes, each a formula on the class counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.plan.items import PlanItem

Floats = NDArray[np.float64]

BALANCED_RATIO = 1.2
"""Classes whose counts differ by less than this factor are left alone: nothing can be gained that would show."""

EFFECTIVE_BETA = 0.999
"""The paper's middle value: a class's samples count for less from about 1,000 on."""

MAX_REPEATS = 10.0
"""A sampler repeats no sample more often than this in an epoch: a network would learn the few samples by heart."""

MAX_RATIO_LEFT = 3.0
"""Thinned out classes keep up to this many times the samples of the rarest, so that not most of the data is lost."""

NAMED = 5
"""A sentence names at most this many classes."""


@dataclass(frozen=True)
class Strategy:
    """One way of rebalancing.

    Attributes
    ----------
    name, title
        For programs, and for people.
    loss_weights
        Weight of each class in the loss, mean 1 over the samples; shape [K].
    draw_weights
        How often a sample of each class is drawn, relative to the others; shape [K].
    adjustment
        Added to the logits in the training loss; shape [K].
    source
        Where the method comes from.
    consistent
        Whether theory predicts a gain whatever the features: its optimum is the best classifier at the class shares
        aimed at.
    """

    name: str
    title: str
    loss_weights: Floats
    draw_weights: Floats
    adjustment: Floats
    source: str = ""
    consistent: bool = False


def strategies(counts: NDArray[np.integer[Any]], shares: Floats | None = None) -> tuple[Strategy, ...]:
    """Return all strategies for class counts and the class shares where the model will run (equal by default).

    The first one is ``none``. A class without samples keeps the neutral weight 1 and the adjustment 0, so that it is
    not left out of a loss in silence.

    Parameters
    ----------
    counts
        Training samples of each class; shape [K].
    shares
        Deployment prior; shape [K].

    Examples
    --------
    >>> found = {one.name: one for one in strategies(np.array([90, 10]))}
    >>> found["inverse_frequency"].loss_weights.round(3).tolist()
    [0.556, 5.0]
    >>> found["logit_adjustment"].adjustment.round(2).tolist()
    [1.1, -1.1]
    """
    count = counts.astype(np.float64)
    present = count > 0
    share = np.where(present, 1.0, 0.0) if shares is None else np.where(present, shares, 0.0)
    share = share / max(share.sum(), 1e-300)
    prior = count / max(count.sum(), 1.0)
    ratio = np.where(present, share / np.where(present, prior, 1), 0.0)
    ones, zeros = np.ones(len(count)), np.zeros(len(count))
    effective = np.where(present, (1 - EFFECTIVE_BETA ** np.where(present, count, 1)) / (1 - EFFECTIVE_BETA), 1)
    adjustment = np.where(present, np.log(np.where(present, prior, 1)) - np.log(np.maximum(share, 1e-6)), 0.0)
    floor = ratio[present].min() if present.any() else 1.0
    least = count[present].min() if present.any() else 1.0
    kept = (
        np.minimum(count, MAX_RATIO_LEFT * least) / np.maximum(count, 1)
        if shares is None
        else ratio / max(ratio.max(), 1e-300)
    )
    return (
        Strategy("none", "no rebalancing", ones, ones, zeros),
        Strategy("inverse_frequency", "class weights by inverse frequency", _mean_one(ratio, count), ones, zeros),
        Strategy(
            "square_root",
            "class weights by the root of inverse frequency",
            _mean_one(ratio**0.5, count),
            ones,
            zeros,
            "Mikolov et al. 2013; Mahajan et al. 2018",
        ),
        Strategy(
            "effective_number",
            f"class weights by effective number, beta {EFFECTIVE_BETA}",
            _mean_one(np.where(present, share * present.sum() / effective, 0), count),
            ones,
            zeros,
            "Cui et al. 2019",
        ),
        Strategy(
            "oversampling",
            f"a sampler that repeats rare classes, up to {MAX_REPEATS:.0f} times",
            ones,
            np.where(present, np.minimum(ratio / max(floor, 1e-300), MAX_REPEATS), 1.0),
            zeros,
        ),
        Strategy(
            "undersampling",
            f"a sampler that thins classes out to {MAX_RATIO_LEFT:.0f} times the rarest"
            if shares is None
            else "a sampler that thins classes out to the deployment shares",
            ones,
            np.where(present, kept, 1.0),
            zeros,
        ),
        Strategy(
            "logit_adjustment",
            "logits adjusted by the log of the class shares in the loss",
            ones,
            ones,
            _centred(adjustment, present),
            "Menon et al. 2021",
            consistent=True,
        ),
    )


def balance(counts: NDArray[np.integer[Any]], classes: tuple[str, ...]) -> PlanItem | None:
    """Return the item that says that nothing is to be rebalanced; None where class counts differ.

    A class without a training sample is named: no weight can make up for it.

    Examples
    --------
    >>> balance(np.array([100, 40]), ("cat", "dog")) is None
    True
    >>> balance(np.array([50, 50, 0]), ("cat", "dog", "owl")).summary
    'class counts differ by 1.00 times at most; without a training sample: owl (no weight replaces samples)'
    """
    present = counts[counts > 0]
    if not len(present) or present.max() >= BALANCED_RATIO * present.min():
        return None
    ratio = present.max() / present.min()
    absent = [classes[code] for code in np.flatnonzero(counts == 0)]
    summary = f"classes are balanced: the largest has {ratio:.2f} times the samples of the smallest"
    if absent:
        named = ", ".join(absent[:NAMED]) + (f" and {len(absent) - NAMED} more" if len(absent) > NAMED else "")
        summary = (
            f"class counts differ by {ratio:.2f} times at most; without a training sample: {named} "
            "(no weight replaces samples)"
        )
    return PlanItem(
        kind="rebalance",
        name="none",
        verdict="nothing to do",
        summary=summary,
        classes=tuple(absent),
        settings={"counts": dict(zip(classes, counts.tolist(), strict=True))},
    )


def sample_weights(codes: NDArray[np.integer[Any]], draw_weights: Floats) -> Floats:
    """Return the sampling weight of each sample, 0 for unlabelled ones; shape [N].

    Examples
    --------
    >>> sample_weights(np.array([0, 1, -1]), np.array([1.0, 9.0])).tolist()
    [1.0, 9.0, 0.0]
    """
    weights: Floats = np.append(draw_weights, 0.0)[codes]
    return weights


def _mean_one(weights: Floats, counts: Floats) -> Floats:
    """Scale weights to a mean of 1 over the samples; a class without samples gets 1."""
    mean = (weights * counts).sum() / max(counts.sum(), 1.0)
    result: Floats = np.where(counts > 0, weights / mean if mean > 0 else weights, 1.0)
    return result


def _centred(adjustment: Floats, present: NDArray[np.bool_]) -> Floats:
    """A constant over the classes changes nothing; without it the numbers read better."""
    return np.where(present, adjustment - adjustment[present].mean(), 0.0) if present.any() else adjustment
