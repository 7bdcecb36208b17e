"""Which way of rebalancing is recommended: the measured gain, and what theory predicts where few samples are held out.

A strategy can be recommended in three ways, if its accuracy is significantly above chance:

* it gains accuracy significantly (its simultaneous interval lies above 0);
* it gains log-likelihood significantly and loses no accuracy: a few samples of a rare class show in the likelihood long
  before they show in the accuracy;
* it gains log-likelihood significantly, is consistent for the accuracy aimed at (logit adjustment; Menon et al. 2021),
  and gains accuracy with a probability above `LIKELY` when the measurement is combined with a prior.

Of several, the one with the largest gain in log-likelihood is recommended.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from datacheck.plan.cohort import Cohort
from datacheck.plan.rebalance.strategies import Strategy
from datacheck.stats import Z95, Gains, Interval, simultaneous_gains

Floats = NDArray[np.float64]

PRIOR_GAIN = 0.01
"""Prior mean of the gain in accuracy of a consistent strategy, for each unit of the log of how far the class shares are
from those aimed at. On long tails of CIFAR-10 and TrashNet, imbalanced 3 to 100 times, a linear head gained 0.02 to
0.035 for each unit and a small network 0.005 to 0.015, ..."""

PRIOR_DEVIATION = 0.02
"""... with a standard deviation of this and less."""

LARGEST_SHIFT = float(np.log(100))
"""The prior grows no further than for a hundredfold imbalance: none larger was measured."""

LIKELY = 0.8
"""A consistent strategy is used when it gains accuracy with this probability, prior and measurement combined."""

WORTH = 0.01
"""Gains in log-likelihood below this change hardly any prediction, however certain they are."""

HIGHEST_STATED = 0.99
"""A probability that rests on a prior is not stated as higher than this."""


@dataclass(frozen=True)
class HeldOut:
    """What each strategy predicted for the samples that were held out; the first strategy is none.

    Attributes
    ----------
    correct
        1 where the class was right, 0 where it was not, NaN where the sample was not held out; [M, S, N].
    log_likelihood
        Of the given class; [M, S, N].
    calibration
        Expected calibration error under the target shares; [M, S].
    """

    correct: NDArray[np.float32]
    log_likelihood: NDArray[np.float32]
    calibration: Floats


@dataclass(frozen=True)
class Expected:
    """Gain in accuracy, measurement and prior combined: a normal distribution each; NaN where there is no prior.

    All of shape [M].
    """

    value: Floats
    deviation: Floats
    prior: Floats

    @property
    def probability(self) -> Floats:
        """How likely it is above 0; 0 where there is no prior."""
        return np.nan_to_num(stats.norm.cdf(self.value / self.deviation))

    def interval(self, number: int) -> Interval:
        """Return one strategy's expected gain."""
        value, half = float(self.value[number]), Z95 * float(self.deviation[number])
        return Interval(value, value - half, value + half)


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
class Comparison:
    """Gains of each strategy over none, each of M - 1."""

    accuracy: Gains
    likelihood: Gains
    beats_chance: NDArray[np.bool_]
    expected: Expected

    def reasons(self) -> list[str]:
        """Return why each strategy can be recommended; empty where it cannot."""
        likelier = self.likelihood.better() & (self.likelihood.value > WORTH)
        reasons = []
        for number, sure in enumerate(self.accuracy.better()):
            reason, probability = "", float(self.expected.probability[number])
            if not self.beats_chance[number]:
                pass
            elif sure:
                reason = "a significant gain in accuracy"
            elif likelier[number] and probability > LIKELY:
                reason = (
                    "a significant gain in log-likelihood, and a gain in accuracy with a probability of "
                    f"{min(probability, HIGHEST_STATED):.0%} (measurement and prior combined)"
                )
            elif likelier[number] and self.accuracy.value[number] > 0:
                reason = "a significant gain in log-likelihood without a loss in accuracy"
            reasons.append(reason)
        return reasons

    def recommended(self) -> int | None:
        """Return which strategy is recommended: of those that can be, the one of the best log-likelihood."""
        can = np.array([bool(reason) for reason in self.reasons()])
        return int(np.where(can, self.likelihood.value, -np.inf).argmax()) if can.any() else None


def compare(held_out: HeldOut, cohort: Cohort, ways: tuple[Strategy, ...], shares: Floats) -> Comparison:
    """Compare every strategy with the first."""
    correct, likelihood, codes = held_out.correct, held_out.log_likelihood, cohort.codes
    accuracy = simultaneous_gains(correct[1:] - correct[:1], codes, shares, seed=cohort.seed)
    above_chance = simultaneous_gains(correct[1:] - float(shares.max()), codes, shares, seed=cohort.seed)
    present = cohort.counts > 0
    shift = np.array([np.ptp(way.adjustment[present]) if way.consistent else np.nan for way in ways[1:]])
    return Comparison(
        accuracy,
        simultaneous_gains(likelihood[1:] - likelihood[:1], codes, shares, seed=cohort.seed),
        above_chance.better(),
        expected_gain(accuracy.value, accuracy.deviation, shift),
    )
