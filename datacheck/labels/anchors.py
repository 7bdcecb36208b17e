"""Anchor points: the samples of which a model is most confident, and how often it disagrees there with the labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

ANCHOR_PARTS = (20, 5, 2)
"""Anchor points are the most confident 5, 20 or 50 %: a weak model is reliable in few samples, a strong one in most."""

FIRST_PART = 5
"""The most confident fifth of an anchor set is compared with its rest."""

LEAST_ANCHORS = 10
"""Samples in an anchor set, however small the dataset: fewer say nothing about a rate."""

NEAR, FAR = 0.5, 1.5
"""Widths of the anchor set by which its disagreement is extrapolated: half a width leads from its mean to its most
confident end; three times as far allows for a weak model's own mistakes, in the low end."""

WEAK = 0.1
"""Share of a model's own mistakes from which the low end is extrapolated as far as for any weak model. Chosen, with
`MOST_UNSEEN`, on 378 counts (the benchmark's tables and photos, drawn tables with ordered classes); one misses."""

CRITICAL = float(norm.isf(0.025 / len(ANCHOR_PARTS)))
"""Standard errors to the end of a 95 % interval that holds for all anchor sets together (Bonferroni)."""


@dataclass(frozen=True)
class AnchorSet:
    """Disagreement of one anchor set, extrapolated to full confidence; negative where it falls steeply towards it.

    Attributes
    ----------
    edge, edge_error
        By the fall that is seen, with its standard error.
    far, far_error
        By a steeper fall, the steeper, the more mistakes the model makes: for a low end.
    """

    edge: float
    edge_error: float
    far: float
    far_error: float


def anchor_sets(
    confidence: NDArray[np.float64], disagrees: NDArray[np.bool_], *, mistakes: float = 0.0
) -> list[AnchorSet]:
    """Return the anchor sets, narrowest first, up to the first in which the model is wrong.

    There a set disagrees beyond chance more often than a narrower one, or its most confident part disagrees beyond
    chance more often than its rest. Wrong labels do neither: they would have made the model less confident.

    Parameters
    ----------
    confidence, disagrees
        Of the model in each sample, and whether its prediction differs from the label; shape [N].
    mistakes
        Least share of the model's own mistakes, as far as it is known otherwise.
    """
    among_equals = np.random.default_rng(0).random(len(confidence))
    ordered = disagrees[np.lexsort((among_equals, -confidence))]
    found: list[AnchorSet] = []
    most = 1.0
    for parts in ANCHOR_PARTS:
        size = max(LEAST_ANCHORS, len(ordered) // parts)
        rate, error = _extrapolate(ordered, size, 0)
        if rate - CRITICAL * error > most or _rises_with_confidence(ordered[:size]):
            break
        most = min(most, rate + CRITICAL * error)
        own = max(mistakes, float(ordered.mean()) - rate)
        far = NEAR + (FAR - NEAR) * min(1.0, own / WEAK)
        found.append(AnchorSet(*_extrapolate(ordered, size, NEAR), *_extrapolate(ordered, size, far)))
    return found


def certainty_of_noise(errors: float) -> float:
    """Return how clear a disagreement is that lies so many standard errors above 0: 1 from a significant one up.

    Examples
    --------
    >>> certainty_of_noise(CRITICAL), certainty_of_noise(CRITICAL / 2)
    (1.0, 0.0)
    """
    return float(np.clip(2 * errors / CRITICAL - 1, 0, 1))


def _rises_with_confidence(ordered: NDArray[np.bool_]) -> bool:
    size = max(LEAST_ANCHORS, len(ordered) // FIRST_PART)
    if size >= len(ordered):
        return False
    (first, one), (rest, other) = _rate(ordered[:size]), _rate(ordered[size:])
    return first - rest > CRITICAL * float(np.sqrt(one + other))


def _rate(flags: NDArray[np.bool_]) -> tuple[float, float]:
    """Share of the flags, and its variance with the share drawn to one half (Agresti and Coull 1998)."""
    smoothed = (flags.sum() + 2) / (len(flags) + 4)
    return float(flags.mean()), float(smoothed * (1 - smoothed) / len(flags))


def _extrapolate(ordered: NDArray[np.bool_], size: int, steps: float) -> tuple[float, float]:
    """Disagreement of the first ``size`` samples, less ``steps`` times the rise to the next ``size``; and its error."""
    (rate, own), (following, other) = _rate(ordered[:size]), _rate(ordered[size : 2 * size])
    error = np.sqrt((1 + steps) ** 2 * own + steps**2 * other)
    return rate - max(0.0, following - rate) * steps, float(error)
