"""Every way of rebalancing, fitted and judged out of sample beside none."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from datacheck.models.parallel import run_parallel
from datacheck.models.softmax import fit_softmax, predict_softmax
from datacheck.plan.cohort import N_FOLDS, Cohort, balanced_accuracy, calibration_error, mean_range, recalls
from datacheck.plan.items import Measured, PlanItem
from datacheck.plan.rebalance.choice import PRIOR_DEVIATION, Comparison, HeldOut, compare
from datacheck.plan.rebalance.strategies import Strategy, balance, strategies
from datacheck.stats import Interval

Floats = NDArray[np.float64]

PENALTIES = (3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1)
"""L2 penalties that are tried: from hardly any to one that flattens all but strong features, a factor of 3 apart."""

FOLDS_FOR_PENALTY = 2
"""The penalty is chosen on this many folds: a neighbouring penalty changes the comparison little."""

SMALLEST = 1e-6
"""Probabilities are not taken below this before the logarithm, so that one sample cannot decide a comparison."""


def rebalance_items(cohort: Cohort, shares: Floats | None = None) -> tuple[PlanItem, ...]:
    """Measure every strategy against none, and recommend the best one or nothing.

    Held-out samples are weighted to equal class shares, or to the deployment shares where they are declared.
    `datacheck.plan.rebalance.choice` says when a strategy is recommended.

    Parameters
    ----------
    cohort
        Labels, label-free features and folds.
    shares
        Declared class shares where the model will run, shape [K].
    """
    started = time.perf_counter()
    counts = cohort.counts
    if shares is None:
        balanced = balance(counts, cohort.classes)
        if balanced is not None:
            return (balanced,)
    ways = strategies(counts, shares)
    target = np.full(len(counts), 1 / len(counts)) if shares is None else shares
    penalty = best_penalty(cohort)
    held_out = run_trials(cohort, ways, target, penalty)
    compared = compare(held_out, cohort, ways, target)
    report = _Report(cohort, held_out, compared, target, penalty, "balanced_accuracy")
    report = report if shares is None else replace(report, metric="accuracy_at_deployment")
    report = replace(report, seconds=(time.perf_counter() - started) / len(ways))
    return _judged([report.item(way, number) for number, way in enumerate(ways) if number], compared, cohort)


def run_trials(cohort: Cohort, ways: tuple[Strategy, ...], shares: Floats, penalty: float) -> HeldOut:
    """Fit all strategies in every fold of every seed, and predict what was held out."""
    n_classes, n_rows = len(cohort.classes), len(cohort.codes)
    adjustments = np.stack([way.adjustment for way in ways])
    correct = np.full((len(ways), len(cohort.folds), n_rows), np.nan, dtype=np.float32)
    likelihood = np.full_like(correct, np.nan)
    calibration = np.full((len(ways), len(cohort.folds)), np.nan)

    def predict_all(position: int) -> None:
        fold = cohort.folds[position]
        rng = np.random.default_rng([cohort.seeds[position], 1])
        probabilities = np.full((len(ways), n_rows, n_classes), np.nan, dtype=np.float32)
        for held_out in np.unique(fold[fold >= 0]):
            train, test = np.flatnonzero((fold != held_out) & (fold >= 0)), np.flatnonzero(fold == held_out)
            weights = np.stack([drawn(way, cohort.codes[train], rng) for way in ways])
            fitted = fit_softmax(
                cohort.features[train], cohort.codes[train], weights, adjustments, np.full(len(ways), penalty)
            )
            probabilities[:, test] = predict_softmax(fitted, cohort.features[test])
        held = np.flatnonzero(fold >= 0)
        correct[:, position, held] = probabilities[:, held].argmax(axis=-1) == cohort.codes[held]
        likelihood[:, position, held] = np.log(np.maximum(probabilities[:, held, cohort.codes[held]], SMALLEST))
        calibration[:, position] = [calibration_error(one, cohort.codes, shares) for one in probabilities]

    run_parallel(predict_all, range(len(cohort.folds)))
    return HeldOut(correct, likelihood, calibration)


def best_penalty(cohort: Cohort) -> float:
    """Return the L2 penalty under which plain softmax regression predicts held-out labels best."""
    fold = cohort.folds[0]
    n_fits, n_classes = len(PENALTIES), len(cohort.classes)

    def losses_of(held_out: int) -> Floats:
        train, test = np.flatnonzero((fold != held_out) & (fold >= 0)), np.flatnonzero(fold == held_out)
        fitted = fit_softmax(
            cohort.features[train],
            cohort.codes[train],
            np.ones((n_fits, len(train))),
            np.zeros((n_fits, n_classes)),
            np.array(PENALTIES),
        )
        own = predict_softmax(fitted, cohort.features[test])[:, np.arange(len(test)), cohort.codes[test]]
        losses: Floats = -np.log(np.maximum(own, SMALLEST)).sum(axis=1)
        return losses

    losses = np.sum(run_parallel(losses_of, np.unique(fold[fold >= 0])[:FOLDS_FOR_PENALTY].tolist()), axis=0)
    return PENALTIES[int(losses.argmin())]


def drawn(way: Strategy, codes: NDArray[np.int64], rng: np.random.Generator) -> Floats:
    """Return the weight of each sample in an epoch: how often it is drawn, times its weight in the loss; shape [N]."""
    draw = way.draw_weights[codes]
    if np.ptp(draw) > 0:
        if way.name == "undersampling":
            draw = (rng.random(len(codes)) < draw).astype(np.float64)
        else:
            draw = rng.multinomial(round(draw.sum()), draw / draw.sum()).astype(np.float64)
    weighted: Floats = draw * way.loss_weights[codes]
    return weighted


@dataclass(frozen=True)
class _Report:
    """Turns what was held out into items; ``metric`` is the accuracy aimed at."""

    cohort: Cohort
    held_out: HeldOut
    compared: Comparison
    shares: Floats
    penalty: float
    metric: str
    seconds: float = 0.0

    def item(self, way: Strategy, number: int) -> PlanItem:
        """Return a strategy with its measurements; what to do with it is decided by `_judged`."""
        classes, baseline = self.cohort.classes, float(self.each(self.accuracy, 0).mean())
        gain = self.compared.accuracy.interval(number - 1)
        likelihood = self.compared.likelihood.interval(number - 1)
        expected = self.compared.expected.interval(number - 1)
        prior = (
            f"{gain.method}; shrunk toward a prior of {self.compared.expected.prior[number - 1]:+.3f} with a standard "
            f"deviation of {PRIOR_DEVIATION}"
        )
        measured = [
            self.measured(f"gain/{self.metric}", gain, baseline),
            self.measured(
                "gain/log_likelihood", likelihood, self.accuracy(self.held_out.log_likelihood[0].mean(axis=0))
            ),
            self.over_seeds(self.metric, self.each(self.accuracy, number), self.each(self.accuracy, 0)),
            self.over_seeds("worst_class_recall", self.each(self.worst, number), self.each(self.worst, 0)),
            self.over_seeds("calibration_error", self.held_out.calibration[number], self.held_out.calibration[0]),
        ]
        if np.isfinite(expected.value):
            measured.append(self.measured(f"gain/expected_{self.metric}", replace(expected, method=prior), baseline))
        return PlanItem(
            kind="rebalance",
            name=way.name,
            verdict="harmless",
            summary=way.title,
            settings={
                "loss_weights": dict(zip(classes, way.loss_weights.tolist(), strict=True)),
                "draw_weights": dict(zip(classes, way.draw_weights.tolist(), strict=True)),
                "logit_adjustment": dict(zip(classes, way.adjustment.tolist(), strict=True)),
                "source": way.source,
            },
            measured=tuple(measured),
        )

    def measured(self, metric: str, estimate: Interval, baseline: float) -> Measured:
        """Return a number with all that it was measured with."""
        model = f"softmax regression on {self.cohort.features_from}, L2 {self.penalty:g}"
        return Measured(
            metric=metric,
            estimate=replace(estimate, n=len(self.cohort.codes), method=f"{model}; {estimate.method}"),
            baseline=baseline,
            folds=N_FOLDS,
            seeds=self.cohort.seeds,
            seconds=self.seconds,
        )

    def over_seeds(self, metric: str, values: Floats, baseline: Floats) -> Measured:
        """Return the mean of a number over the seeds, with the smallest and the largest in place of an interval."""
        estimate = Interval(*mean_range(values.tolist()), method="mean over seeds, smallest and largest")
        return self.measured(metric, estimate, mean_range(baseline.tolist())[0])

    def each(self, function: Callable[[NDArray[np.float32]], float], number: int) -> Floats:
        """Return a number for each seed; shape [S]."""
        return np.array([function(one) for one in self.held_out.correct[number]])

    def worst(self, correct: NDArray[np.float32]) -> float:
        """Return the lowest recall of a class."""
        return float(np.nanmin(recalls(correct, self.cohort.codes, len(self.shares))))

    def accuracy(self, values: NDArray[np.float32]) -> float:
        """Return the mean over the classes by their shares."""
        return balanced_accuracy(values, self.cohort.codes, self.shares)


def _judged(items: list[PlanItem], compared: Comparison, cohort: Cohort) -> tuple[PlanItem, ...]:
    """Give each strategy its verdict, the recommended one first; or say first that none helps."""
    best, reasons, worse = compared.recommended(), compared.reasons(), compared.accuracy.worse()
    judged = []
    for number, item in enumerate(items):
        if number == best:
            verdict, why = "use", reasons[number]
        elif worse[number]:
            verdict, why = "avoid", "significantly worse than none"
        else:
            verdict = "harmless"
            why = "better than none, but not the best" if reasons[number] else "no significant gain"
        judged.append(replace(item, verdict=verdict, summary=f"{item.summary}: {why}"))
    judged.sort(key=lambda item: (item.verdict != "use", -item.value))
    if best is not None:
        return tuple(judged)
    highest = judged[0].measured[0]
    nothing = PlanItem(
        kind="rebalance",
        name="none",
        verdict="none helps",
        summary=f"do not rebalance: of {len(items)} ways the best shows a {highest}, which is not significant",
        settings={"counts": dict(zip(cohort.classes, cohort.counts.tolist(), strict=True))},
        measured=(highest,),
    )
    return (nothing, *judged)
