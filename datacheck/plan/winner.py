"""Which rebalancing wins: what was measured, and what theory lets expect where few samples can be held out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from datacheck.stats import Z95, Gains, simultaneous_gains

if TYPE_CHECKING:
    from datacheck.plan.cohort import Sample
    from datacheck.plan.rebalance import Trials
    from datacheck.plan.strategies import Strategy

Floats = NDArray[np.float64]

PRIOR_GAIN = 0.01
PRIOR_DEVIATION = 0.02
"""Prior of the gain in accuracy of a consistent strategy: this mean for each unit of the log of how far the class
shares are from those aimed at, and this deviation. On long tails of CIFAR-10 and TrashNet, imbalanced 3 to 100 times, a
linear head gained 0.02 to 0.035 for each unit and a small network 0.005 to 0.015, with a deviation of 0.02 and less."""

LARGEST_SHIFT = float(np.log(100))
"""The prior grows no further than for a hundredfold imbalance."""

LIKELY = 0.8
"""A consistent strategy is used when it gains accuracy with this probability, prior and measurement taken together."""

WORTH = 0.01
"""Gains in log-likelihood below this are of no use, however certain."""


@dataclass(frozen=True)
class Expected:
    """Gain in accuracy, measurement and prior taken together: a normal distribution each; NaN where there is no prior.

    All of shape [M].
    """

    value: Floats
    deviation: Floats
    prior: Floats

    @property
    def probability(self) -> Floats:
        """How likely it gains at all; 0 where there is no prior."""
        return np.nan_to_num(stats.norm.cdf(self.value / self.deviation))

    @property
    def half(self) -> Floats:
        """Half the width of the 95 % interval."""
        return Z95 * self.deviation


def expected_gain(measured: Floats, deviation: Floats, shift: Floats) -> Expected:
    """Shrink measured gains toward the prior of consistent strategies (normal with normal).

    Parameters
    ----------
    measured, deviation
        Gain in accuracy, and its standard error; shape [M].
    shift
        Log of how far the class shares are from those aimed at, NaN for strategies without a prior; shape [M].

    Examples
    --------
    Two held-out samples of a class say little, so the prior prevails; a certain loss does not give way:

    >>> found = expected_gain(np.array([-0.003, -0.10]), np.array([0.04, 0.015]), np.full(2, np.log(50)))
    >>> found.value.round(3).tolist()
    [0.031, -0.05]
    """
    prior = PRIOR_GAIN * np.minimum(shift, LARGEST_SHIFT)
    precision = 1 / np.maximum(deviation, 1e-9) ** 2
    own = 1 / PRIOR_DEVIATION**2
    return Expected((measured * precision + prior * own) / (precision + own), (precision + own) ** -0.5, prior)


@dataclass(frozen=True)
class Evidence:
    """Gains of each strategy over none, each of M - 1."""

    accuracy: Gains
    likelihood: Gains
    beats_chance: NDArray[np.bool_]
    expected: Expected

    @classmethod
    def of(cls, sample: Sample, trials: Trials, candidates: tuple[Strategy, ...], shares: Floats) -> Evidence:
        """Compare every strategy with the first."""
        correct, likelihood = trials.correct, trials.log_likelihood
        chance = float(shares.max())
        accuracy = simultaneous_gains(correct[1:] - correct[:1], sample.codes, shares, seed=sample.seed)
        present = np.bincount(sample.codes, minlength=len(shares)) > 0
        shift = np.array([np.ptp(one.adjustment[present]) if one.consistent else np.nan for one in candidates[1:]])
        return cls(
            accuracy,
            simultaneous_gains(likelihood[1:] - likelihood[:1], sample.codes, shares, seed=sample.seed),
            simultaneous_gains(correct[1:] - chance, sample.codes, shares, seed=sample.seed).better(),
            expected_gain(accuracy.value, accuracy.deviation, shift),
        )

    def reasons(self) -> list[str]:
        """Return why each strategy can win; empty where it cannot."""
        likelier = self.likelihood.better() & (self.likelihood.value > WORTH)
        expected = likelier & (self.expected.probability > LIKELY)
        measured = likelier & (self.accuracy.value > 0)
        reasons = []
        for number, sure in enumerate(self.accuracy.better()):
            if not self.beats_chance[number]:
                reasons.append("")
            elif sure:
                reasons.append("gains accuracy beyond doubt")
            elif expected[number]:
                chance = min(self.expected.probability[number], 0.99)
                reasons.append(
                    f"gains log-likelihood beyond doubt, and accuracy with a probability of {chance:.0%}, "
                    "measurement and theory taken together"
                )
            else:
                reasons.append("gains log-likelihood beyond doubt and loses no accuracy" if measured[number] else "")
        return reasons

    def winner(self) -> int | None:
        """Which strategy wins: of those that can, the one of the best log-likelihood; None where none helps."""
        can = np.array([bool(reason) for reason in self.reasons()])
        return int(np.where(can, self.likelihood.value, -np.inf).argmax()) if can.any() else None
