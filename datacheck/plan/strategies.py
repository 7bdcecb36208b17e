"""Ways of rebalancing classes, each a formula on the class counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

EFFECTIVE_BETA = 0.999
MAX_REPEATS = 10.0
MAX_RATIO_LEFT = 3.0


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
        Whether theory lets expect a gain whatever the features: its optimum is the best classifier at the class shares
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

    The first one is ``none``. Classes without samples keep weight 0.

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
    ones, zeros = present.astype(np.float64), np.zeros(len(count))
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
            np.minimum(ratio / floor, MAX_REPEATS) * present,
            zeros,
        ),
        Strategy(
            "undersampling",
            f"a sampler that thins classes out to {MAX_RATIO_LEFT:.0f} times the rarest"
            if shares is None
            else "a sampler that thins classes out to the deployment shares",
            ones,
            kept * present,
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
    mean = (weights * counts).sum() / max(counts.sum(), 1.0)
    result: Floats = weights / mean if mean > 0 else weights
    return result


def _centred(adjustment: Floats, present: NDArray[np.bool_]) -> Floats:
    """A constant over the classes changes nothing; without it the numbers read better."""
    return np.where(present, adjustment - adjustment[present].mean(), 0.0) if present.any() else adjustment
