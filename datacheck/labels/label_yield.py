"""How many labels are wrong, and the precision of the relabel queue at each depth.

How many are wrong is estimated by `datacheck.labels.error_count`. Where they are in the queue is measured: errors are
planted (`datacheck.labels.planting`), half of them drawn from the noise matrix on all samples alike, half on samples
where the model is uncertain, as people's errors are. The model is fitted again where it can be, and the ranks of the
planted labels show how wrong labels rank under each assumption. Planting as positives among unlabelled samples follows
Blanchard, Lee and Scott, *Semi-supervised novelty detection* (JMLR 2010).

The recommended depth is the one with the highest expected F1, under the probabilities that follow from the noise
matrix, scaled so that they add up to the estimated count.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit, logit

from datacheck.errors import ProbeError
from datacheck.labels.confident_learning import find_label_issues
from datacheck.labels.error_count import error_count
from datacheck.labels.planting import Planted, Refit, plant
from datacheck.labels.quality import CLIP, LabelAssessment
from datacheck.stats import Interval, wilson

MIN_SAMPLES = 30
"""Samples from which label errors are estimated at all: anchor points and planting need some tens."""

N_DEPTHS = 60
"""Points of the precision curve: a smooth line in the report."""

FIRST_DEPTH = 10
"""First point of the precision curve: below it a precision is hardly more than one or two labels."""

DESIGN_EFFECT = 4.0
"""A model's mistakes come in clusters (near copies, one odd class): so many count as one in the intervals."""

DRAWS_WITHOUT_REFIT = 8
"""Plantings that are averaged where none needs a fit."""

LARGEST_HIGH_END = 0.5
"""Share of wrong labels: where the high end of the interval lies above it, the count is inconclusive. Where a model and
the labels disagree on half of the samples, a weak model and noisy labels look the same, even at the anchor points."""

LARGEST_HIGH_END_ABOVE_0 = 0.3
"""The same where the low end is 0, so that all labels may be correct."""

EVIDENT_NOISE = 0.5
"""Certainty of noise from which there are wrong labels: three quarters of a significant difference. Chosen on
experiments like the one in ``docs/benchmarks.md``, where one clean dataset of 30 reaches it (a naive Bayes)."""

SAMPLES_TO_REVIEW = 60
"""Samples from the top of the queue whose review settles an inconclusive count: if none of them is wrong, less than 6 %
of such labels are (Wilson's interval)."""

LIKELY_WRONG = 0.5
"""Probability from which a label is more likely wrong than correct."""

NO_ERRORS = 1e-3
"""Estimated number of wrong labels that counts as none."""

NEARLY_ALL = 0.999
"""Largest share of wrong labels that probabilities can be scaled to: with 1, all log-odds would be infinite."""

LARGEST_SHIFT = 60.0
"""Of log-odds: beyond it every probability is 0 or 1 in double precision."""

SMALLEST_SCALE, LARGEST_SCALE = 1e-12, 1e12
"""Of a density, in the search for the scale at which it adds up to the estimated count."""

SEARCHES = 200
"""Bisections of that scale."""


@dataclass(frozen=True)
class LabelYield:
    """How many labels are wrong, and the precision of the relabel queue at each depth.

    Attributes
    ----------
    estimated_errors
        Estimated count of wrong labels in the probed samples.
    depth
        Queue depths, ascending; shape [D].
    precision, precision_low, precision_high
        Expected share of wrong labels among the first ``depth`` samples, with its interval; shape [D].
    recommended_depth
        Where to stop: beyond it a reviewed label is more likely correct than wrong.
    noise_certainty
        From 0 to 1, how clearly there are wrong labels at all; see `datacheck.labels.error_count.ErrorCount`.
    """

    estimated_errors: Interval
    depth: NDArray[np.int64]
    precision: NDArray[np.float64]
    precision_low: NDArray[np.float64]
    precision_high: NDArray[np.float64]
    recommended_depth: int
    noise_certainty: float = 1.0

    @property
    def n(self) -> int:
        """Labels that were judged."""
        return self.estimated_errors.n or int(self.depth[-1])

    @property
    def conclusive(self) -> bool:
        """Whether the interval of the count is narrow enough for an estimate, and for calling single labels wrong.

        Where it is not, the model may be too weak: nothing may be concluded from the estimate, the precision or the
        recommended depth. See `LARGEST_HIGH_END`.
        """
        errors = self.estimated_errors
        largest = LARGEST_HIGH_END if errors.low >= 1 else LARGEST_HIGH_END_ABOVE_0
        return errors.high <= largest * self.n

    @property
    def noise_is_evident(self) -> bool:
        """Whether the predictions that are most reliable show wrong labels, so that a warning is justified."""
        return self.conclusive and self.noise_certainty >= EVIDENT_NOISE

    @property
    def n_to_review(self) -> int:
        """How many samples of the queue to review first: the recommended depth, or what settles the count."""
        return self.recommended_depth if self.conclusive else min(SAMPLES_TO_REVIEW, self.n)

    def count_in_words(self) -> str:
        """Return a sentence without a full stop: the estimate with its interval, or that the count is unknown.

        Examples
        --------
        >>> empty = np.zeros(0)
        >>> known = LabelYield(Interval(44, 30, 80, n=960), np.zeros(0, np.int64), empty, empty, empty, 40)
        >>> known.count_in_words()
        'about 44 of 960 labels are wrong (95 % interval 30 to 80)'
        >>> unknown = LabelYield(Interval(160, 0, 487, n=960), np.zeros(0, np.int64), empty, empty, empty, 114)
        >>> unknown.count_in_words()
        'it is not known how many of 960 labels are wrong: 0 to 487 (95 % interval)'
        """
        errors = self.estimated_errors
        if self.conclusive:
            return (
                f"about {errors.value:,.0f} of {self.n:,} labels are wrong "
                f"(95 % interval {errors.low:,.0f} to {errors.high:,.0f})"
            )
        return (
            f"it is not known how many of {self.n:,} labels are wrong: "
            f"{errors.low:,.0f} to {errors.high:,.0f} (95 % interval)"
        )


def estimate_label_yield(assessment: LabelAssessment, *, refit: Refit | None = None, seed: int = 0) -> LabelYield:
    """Estimate how many labels are wrong and the precision of the queue at each depth.

    The queue is ordered by the quality of the assessment, low first.

    Parameters
    ----------
    assessment
        Of out-of-sample probabilities and labels.
    refit
        Called with labels that hold planted errors (shape [N]) and a seed; returns the out-of-sample probabilities of
        the model fitted on them. Without it the planted labels are scored by the given probabilities, which have not
        seen them; what the added noise does to the model is then left out.
    seed
        Of the planting.

    Raises
    ------
    ProbeError
        When fewer than 30 samples have a label and a prediction.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> true = rng.integers(0, 3, 900)
    >>> probs = np.full((900, 3), 0.02)
    >>> probs[np.arange(900), true] = 0.96
    >>> given = np.where(np.arange(900) < 90, (true + 1) % 3, true)
    >>> result = estimate_label_yield(LabelAssessment.of(probs, given))
    >>> result.estimated_errors.low <= 90 <= result.estimated_errors.high, result.recommended_depth
    (True, 90)
    """
    rows = assessment.rows
    n_valid = int(rows.valid.sum())
    if n_valid < MIN_SAMPLES:
        raise ProbeError(
            f"expected {MIN_SAMPLES} or more samples with a label and a prediction to estimate label errors from, "
            f"found {n_valid}"
        )
    n_draws = DRAWS_WITHOUT_REFIT if refit is None else 1
    planted = [plant(assessment, refit, seed=seed, draw=draw) for draw in range(n_draws)]
    wrong = 1 - assessment.odds.correct[rows.valid].astype(np.float64)
    counted = error_count(
        rows,
        recall=float(np.mean([one.recall for one in planted])),
        agreeing=float(np.mean([one.agreeing for one in planted])),
        other_counts=(float(wrong.sum()), float(find_label_issues(rows, assessment.confident.joint).sum())),
    )
    quality = assessment.odds.quality[rows.valid]
    order = np.argsort(quality, kind="stable")
    depth = recommended_depth(scaled_to(wrong[order], counted.count.value), noise_certainty=counted.noise_certainty)
    return replace(
        _with_precision(counted.count, planted, quality[order], depth), noise_certainty=counted.noise_certainty
    )


def scaled_to(chances: NDArray[np.float64], total: float) -> NDArray[np.float64]:
    """Shift the log-odds of all chances alike so that they add up to ``total``; shape [N].

    Examples
    --------
    >>> scaled_to(np.array([0.9, 0.5, 0.5, 0.1]), 1.0).round(2).tolist()
    [0.64, 0.17, 0.17, 0.02]
    """
    if total < NO_ERRORS:
        return np.zeros_like(chances)
    log_odds = logit(np.clip(chances, CLIP, 1 - CLIP))
    wanted = min(total, NEARLY_ALL * len(chances))
    shift = brentq(lambda moved: float(expit(log_odds + moved).sum()) - wanted, -LARGEST_SHIFT, LARGEST_SHIFT)
    scaled: NDArray[np.float64] = expit(log_odds + shift)
    return scaled


def recommended_depth(wrong: NDArray[np.float64], *, noise_certainty: float = 1.0) -> int:
    """Return where to stop in a queue whose labels are wrong with the given probabilities, in queue order; shape [N].

    Where label noise is certain: at the highest expected F1. Where there is no sign of it: after the samples that are
    more likely wrong than correct, as classes that overlap look the same as wrong labels. In between in proportion.

    Examples
    --------
    >>> wrong = np.array([0.9, 0.8, 0.45, 0.45, 0.1, 0.0])
    >>> [recommended_depth(wrong, noise_certainty=certainty) for certainty in (1.0, 0.5, 0.0)]
    [4, 3, 2]
    """
    likely = int((wrong >= LIKELY_WRONG).sum())
    total = float(wrong.sum())
    if total < LIKELY_WRONG:
        return likely
    found = np.cumsum(wrong)
    best = int((found / (np.arange(1, len(wrong) + 1) + total)).argmax()) + 1
    return round(likely + noise_certainty * (best - likely))


def _with_precision(count: Interval, planted: list[Planted], quality: NDArray[Any], recommended: int) -> LabelYield:
    """Bring the count and the mean ranks of the planted errors together; ``quality`` is in queue order."""
    ties = np.cumsum(np.r_[False, np.diff(quality) > 0][: len(quality)])
    shapes = [np.mean([getattr(one, kind) for one in planted], axis=0) for kind in ("uniform", "hard", "uniform_raw")]
    wrong = _share_wrong((shapes[0] + shapes[1]) / 2, count.value, ties)
    curves = [_share_wrong(shape, total, ties) for shape in shapes for total in (count.low, count.high, count.value)]
    n_rows = len(quality)
    depth = np.unique(np.geomspace(min(FIRST_DEPTH, n_rows), n_rows, N_DEPTHS).round().astype(np.int64))
    if recommended:
        depth = np.union1d(depth, [recommended])
    precision = np.cumsum(wrong)[depth - 1] / depth
    means = np.stack([np.cumsum(curve)[depth - 1] / depth for curve in curves])
    return LabelYield(
        estimated_errors=count,
        depth=depth,
        precision=precision,
        precision_low=np.minimum(wilson(means.min(axis=0), depth / DESIGN_EFFECT)[0], precision),
        precision_high=np.maximum(wilson(means.max(axis=0), depth / DESIGN_EFFECT)[1], precision),
        recommended_depth=recommended,
    )


def _share_wrong(shape: NDArray[np.float64], total: float, ties: NDArray[np.intp]) -> NDArray[np.float64]:
    """Probability that each label in queue order is wrong: min(1, c shape) with c such that they sum to ``total``.

    Samples of equal quality, which have no order, share their mean.
    """
    n_rows = len(shape)
    if total <= 0 or not n_rows:
        return np.zeros(n_rows)
    low, high = 0.0, LARGEST_SCALE
    for _ in range(SEARCHES):
        middle = np.sqrt(max(low, SMALLEST_SCALE) * high)
        if np.minimum(1, middle * shape).sum() > total:
            high = middle
        else:
            low = middle
    wrong = np.minimum(1, low * shape)
    wrong = np.minimum(1, wrong * (total / max(wrong.sum(), SMALLEST_SCALE)))
    averaged: NDArray[np.float64] = (np.bincount(ties, weights=wrong) / np.bincount(ties))[ties]
    return averaged
