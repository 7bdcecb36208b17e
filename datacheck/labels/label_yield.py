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

from datacheck.errors import ProbeError
from datacheck.labels.confident_learning import find_label_issues
from datacheck.labels.error_count import error_count
from datacheck.labels.look import Look
from datacheck.labels.planting import PLANTED_SHARE, Planted, Refit, plant
from datacheck.labels.quality import LabelAssessment
from datacheck.labels.queue_precision import recommended_depth, scaled_to, share_wrong
from datacheck.stats import Interval, stratified_count, wilson

MIN_SAMPLES = 30
"""Samples from which label errors are estimated at all: anchor points and planting need some tens."""

N_DEPTHS = 60
"""Points of the precision curve: a smooth line in the report."""

FIRST_DEPTH = 10
"""First point of the precision curve: below it a precision is hardly more than one or two labels."""

DESIGN_EFFECT = 4.0
"""A model's mistakes come in clusters (near copies, one odd class): so many count as one in the intervals."""

DRAWS_WITHOUT_REFIT = 8
"""Plantings that are averaged where none needs a fit, at most."""

ENOUGH_PLANTED = 10_000
"""Planted errors, all plantings together, after which there is no further one: a share of them is known to a point."""

LARGEST_HIGH_END = 0.5
"""Share of wrong labels: where the high end of the interval lies above it, the count is inconclusive. Where a model and
the labels disagree on half of the samples, a weak model and noisy labels look the same, even at the anchor points."""

LARGEST_HIGH_END_ABOVE_0 = 0.3
"""The same where the low end is 0, so that all labels may be correct."""

EVIDENT_NOISE = 0.5
"""Certainty of noise from which there are wrong labels: three quarters of a significant difference. Chosen on
experiments like the one in ``docs/benchmarks.md``, where one clean dataset of 30 reaches it (a naive Bayes)."""

WIDEST_MEASURED = 0.5
"""Share of the labels: where people's answers leave more than this open, nothing may be concluded from them either."""

UNSUSPECTED = 1e-6
"""Density of wrong labels where the model expects none: if people find some there, they lie anywhere in it."""

SAMPLES_TO_REVIEW = 60
"""Samples from the top of the queue whose review settles an inconclusive count: if none of them is wrong, less than 6 %
of such labels are (Wilson's interval)."""


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
    look
        What people found among labels that they looked at; where it is given, the count and the precision are its own.
    model
        The yield by the model alone, where there was a look.
    """

    estimated_errors: Interval
    depth: NDArray[np.int64]
    precision: NDArray[np.float64]
    precision_low: NDArray[np.float64]
    precision_high: NDArray[np.float64]
    recommended_depth: int
    noise_certainty: float = 1.0
    look: Look | None = None
    model: LabelYield | None = None

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
        if self.look is not None:
            return errors.high - errors.low <= WIDEST_MEASURED * self.n
        largest = LARGEST_HIGH_END if errors.low >= 1 else LARGEST_HIGH_END_ABOVE_0
        return errors.high <= largest * self.n

    @property
    def noise_is_evident(self) -> bool:
        """Whether a warning is justified: some labels are wrong at each end of the interval, and evidently so."""
        return self.conclusive and self.estimated_errors.low >= 1 and self.noise_certainty >= EVIDENT_NOISE

    @property
    def n_to_review(self) -> int:
        """How many samples of the queue to review first: the recommended depth, or what settles the count."""
        return self.recommended_depth if self.conclusive else min(SAMPLES_TO_REVIEW, self.n)

    def count_in_words(self, wrong: str = "labels are wrong") -> str:
        """Return words without a full stop: the count with its interval, or that it is unknown.

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
        if self.look is not None and self.conclusive:
            return self.look.in_words()
        if self.conclusive:
            return (
                f"about {errors.value:,.0f} of {self.n:,} {wrong} "
                f"(95 % interval {errors.low:,.0f} to {errors.high:,.0f})"
            )
        return (
            f"it is not known how many of {self.n:,} {wrong}: {errors.low:,.0f} to {errors.high:,.0f} (95 % interval)"
        )


def measured(label_yield: LabelYield | None, look: Look | None) -> LabelYield | None:
    """Return the yield by what people found, as far as they looked at enough labels; else that by the model.

    The order of the queue stays the model's. Within each stratum of the look, the density of wrong labels is the
    model's, scaled so that it adds up to what was found there; without a model's yield it is even.

    Examples
    --------
    >>> from datacheck.stats import Stratum
    >>> empty = np.zeros(0)
    >>> model = LabelYield(Interval(160, 0, 487, n=960), np.zeros(0, np.int64), empty, empty, empty, 114)
    >>> found = measured(model, Look((Stratum(60, 20, 14), Stratum(900, 40, 0))))
    >>> model.conclusive, found.conclusive, found.n_to_review
    (False, True, 60)
    """
    base = label_yield if label_yield is None or label_yield.model is None else label_yield.model
    return base if look is None or not look.enough else _measured(base, look)


def _measured(base: LabelYield | None, look: Look) -> LabelYield:
    """Scale the model's density of wrong labels, stratum by stratum, to the ends and the value of what was found."""
    n_rows = look.size
    density = np.full(n_rows, UNSUSPECTED)
    if base is not None:
        errors = np.interp(np.arange(n_rows + 1), np.r_[0, base.depth], np.r_[0.0, base.depth * base.precision])
        density += np.diff(np.maximum.accumulate(errors))
    parts = np.split(density, np.cumsum([one.size for one in look.strata])[:-1])
    alone = [stratified_count([one]) for one in look.strata]
    low, value, high = (
        np.concatenate(
            [share_wrong(part, total, np.arange(len(part))) for part, total in zip(parts, totals, strict=True)]
        )
        for totals in ([one.low for one in alone], [one.estimate for one in look.strata], [one.high for one in alone])
    )
    evident = float(look.count.low >= 1)
    recommended = recommended_depth(value, noise_certainty=evident)
    depth = _depths(n_rows, recommended)
    precision, lowest, highest = (np.cumsum(one)[depth - 1] / depth for one in (value, low, high))
    return LabelYield(
        estimated_errors=look.count,
        depth=depth,
        precision=precision,
        precision_low=np.minimum(wilson(lowest, depth / DESIGN_EFFECT)[0], precision),
        precision_high=np.maximum(wilson(highest, depth / DESIGN_EFFECT)[1], precision),
        recommended_depth=recommended,
        noise_certainty=evident,
        look=look,
        model=base,
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
    each = PLANTED_SHARE * n_valid
    n_draws = 1 if refit is not None else int(np.clip(np.ceil(ENOUGH_PLANTED / each), 1, DRAWS_WITHOUT_REFIT))
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


def _with_precision(count: Interval, planted: list[Planted], quality: NDArray[Any], recommended: int) -> LabelYield:
    """Bring the count and the mean ranks of the planted errors together; ``quality`` is in queue order."""
    ties = np.cumsum(np.r_[False, np.diff(quality) > 0][: len(quality)])
    shapes = [np.mean([getattr(one, kind) for one in planted], axis=0) for kind in ("uniform", "hard", "uniform_raw")]
    wrong = share_wrong((shapes[0] + shapes[1]) / 2, count.value, ties)
    curves = [share_wrong(shape, total, ties) for shape in shapes for total in (count.low, count.high, count.value)]
    n_rows = len(quality)
    depth = _depths(n_rows, recommended)
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


def _depths(n_rows: int, recommended: int) -> NDArray[np.int64]:
    """Return the depths of the precision curve, the recommended one among them."""
    depth = np.unique(np.geomspace(min(FIRST_DEPTH, n_rows), n_rows, N_DEPTHS).round().astype(np.int64))
    return np.union1d(depth, [recommended]) if recommended else depth
