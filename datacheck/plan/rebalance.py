"""Which rebalancing helps on this dataset, measured out of sample against none."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.models.parallel import run_parallel
from datacheck.models.softmax import fit_softmax, predict_softmax
from datacheck.plan.cohort import Sample
from datacheck.plan.evidence import (
    balanced_accuracy,
    calibration_error,
    mean_range,
    recalls,
)
from datacheck.plan.items import Measured, PlanItem
from datacheck.plan.strategies import Strategy, strategies
from datacheck.plan.winner import PRIOR_DEVIATION, Evidence
from datacheck.stats import Gains

PENALTIES = (3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1)
BALANCED_RATIO = 1.2
"""Classes whose counts differ by less than this factor are left alone."""


@dataclass(frozen=True)
class Trials:
    """Out-of-sample outcomes of each strategy, the first of them ``none``.

    Attributes
    ----------
    correct
        1 where the class was right, 0 where it was not, NaN where the sample was not held out; [M, S, N].
    log_likelihood
        Of the given class; [M, S, N].
    calibration
        Expected calibration error under the target shares; [M, S].
    penalty
        The L2 penalty that suited ``none`` best.
    """

    correct: NDArray[np.float32]
    log_likelihood: NDArray[np.float32]
    calibration: NDArray[np.float64]
    penalty: float


def rebalance_items(sample: Sample, shares: NDArray[np.float64] | None = None) -> tuple[PlanItem, ...]:
    """Measure every strategy against none, and recommend the winner or nothing.

    Held-out samples are weighed to equal class shares, or to the deployment shares where they are declared. A strategy
    can win in three ways, if it beats chance beyond doubt:

    * it gains accuracy beyond doubt (its simultaneous interval lies above 0);
    * it gains log-likelihood beyond doubt and loses no accuracy: a few samples of a rare class show in the likelihood
      long before they show in the accuracy;
    * it gains log-likelihood beyond doubt, is consistent for the accuracy aimed at (logit adjustment; Menon et al.
      2021), and the measured accuracy, shrunk toward what such a strategy is known to gain, does not speak against it
      (`datacheck.plan.winner`).

    Of several, the one that gains most log-likelihood wins.

    Parameters
    ----------
    sample
        Labels, label-free features and folds.
    shares
        Declared class shares where the model will run, shape [K].
    """
    started = time.perf_counter()
    counts = np.bincount(sample.codes, minlength=len(sample.classes))
    present = counts[counts > 0]
    if shares is None and present.max() < BALANCED_RATIO * present.min():
        ratio = present.max() / present.min()
        return (
            PlanItem(
                kind="rebalance",
                name="none",
                verdict="nothing to do",
                summary=f"classes are balanced: the largest has {ratio:.2f} times the samples of the smallest",
                settings={"counts": dict(zip(sample.classes, counts.tolist(), strict=True))},
            ),
        )
    candidates = strategies(counts, shares)
    target = np.full(len(counts), 1 / len(counts)) if shares is None else shares
    trials = run_trials(sample, candidates, target)
    seconds = time.perf_counter() - started
    evidence = Evidence.of(sample, trials, candidates, target)
    items = [
        _item(sample, candidate, trials, evidence, number, target, seconds / len(candidates), shares is not None)
        for number, candidate in enumerate(candidates)
        if number
    ]
    return _judged(items, evidence, counts, sample.classes)


def run_trials(sample: Sample, candidates: tuple[Strategy, ...], shares: NDArray[np.float64]) -> Trials:
    """Fit all strategies in every fold of every seed, and predict what was held out."""
    n_classes, n_rows = len(sample.classes), len(sample.codes)
    adjustments = np.stack([candidate.adjustment for candidate in candidates])
    penalty = best_penalty(sample)
    correct = np.full((len(candidates), len(sample.folds), n_rows), np.nan, dtype=np.float32)
    likelihood = np.full_like(correct, np.nan)
    calibration = np.full((len(candidates), len(sample.folds)), np.nan)

    def held_out_of(position: int) -> None:
        fold = sample.folds[position]
        rng = np.random.default_rng([sample.seeds[position], 1])
        probabilities = np.full((len(candidates), n_rows, n_classes), np.nan, dtype=np.float32)
        for held_out in np.unique(fold[fold >= 0]):
            train, test = np.flatnonzero((fold != held_out) & (fold >= 0)), np.flatnonzero(fold == held_out)
            weights = np.stack([_drawn(candidate, sample.codes[train], rng) for candidate in candidates])
            fitted = fit_softmax(
                sample.features[train], sample.codes[train], weights, adjustments, np.full(len(candidates), penalty)
            )
            probabilities[:, test] = predict_softmax(fitted, sample.features[test])
        held = np.flatnonzero(fold >= 0)
        correct[:, position, held] = probabilities[:, held].argmax(axis=-1) == sample.codes[held]
        likelihood[:, position, held] = np.log(np.maximum(probabilities[:, held, sample.codes[held]], 1e-6))
        calibration[:, position] = [calibration_error(one, sample.codes, shares) for one in probabilities]

    run_parallel(held_out_of, range(len(sample.folds)))
    return Trials(correct, likelihood, calibration, penalty)


def best_penalty(sample: Sample) -> float:
    """Return the L2 penalty under which plain softmax regression predicts held-out labels best."""
    fold = sample.folds[0]
    n_fits, n_classes = len(PENALTIES), len(sample.classes)

    def losses_of(held_out: int) -> NDArray[np.float64]:
        train, test = np.flatnonzero((fold != held_out) & (fold >= 0)), np.flatnonzero(fold == held_out)
        fitted = fit_softmax(
            sample.features[train],
            sample.codes[train],
            np.ones((n_fits, len(train))),
            np.zeros((n_fits, n_classes)),
            np.array(PENALTIES),
        )
        own = predict_softmax(fitted, sample.features[test])[:, np.arange(len(test)), sample.codes[test]]
        losses: NDArray[np.float64] = -np.log(np.maximum(own, 1e-7)).sum(axis=1)
        return losses

    losses = np.sum(run_parallel(losses_of, np.unique(fold[fold >= 0])[:2].tolist()), axis=0)
    return PENALTIES[int(losses.argmin())]


def _drawn(candidate: Strategy, codes: NDArray[np.integer[Any]], rng: np.random.Generator) -> NDArray[np.float64]:
    """Weights of an epoch's samples: as the sampler draws them, times the weight in the loss; shape [N]."""
    draw = candidate.draw_weights[codes]
    if np.ptp(draw) > 0:
        if candidate.name == "undersampling":
            draw = (rng.random(len(codes)) < draw).astype(np.float64)
        else:
            draw = rng.multinomial(round(draw.sum()), draw / draw.sum()).astype(np.float64)
    weighted: NDArray[np.float64] = draw * candidate.loss_weights[codes]
    return weighted


def _item(
    sample: Sample,
    candidate: Strategy,
    trials: Trials,
    evidence: Evidence,
    number: int,
    shares: NDArray[np.float64],
    seconds: float,
    declared: bool,
) -> PlanItem:
    metric = "accuracy_at_deployment" if declared else "balanced_accuracy"
    model = f"softmax regression on {sample.features_from}, L2 {trials.penalty:g}"
    common: dict[str, Any] = {
        "n": len(sample.codes),
        "folds": sample.n_folds,
        "seeds": sample.seeds,
        "seconds": seconds,
    }

    def over_seeds(values: NDArray[np.float64], name: str, baseline: NDArray[np.float64]) -> Measured:
        value, low, high = mean_range(values.tolist())
        method = f"{model}; mean over seeds, smallest and largest"
        return Measured(
            metric=name,
            value=value,
            low=low,
            high=high,
            baseline=mean_range(baseline.tolist())[0],
            method=method,
            **common,
        )

    def each(function: Any, which: int) -> NDArray[np.float64]:
        return np.array([function(trials.correct[which, s]) for s in range(len(sample.seeds))])

    def worst(correct: NDArray[np.float32]) -> float:
        return float(np.nanmin(recalls(correct, sample.codes, len(shares))))

    def accuracy(correct: NDArray[np.float32]) -> float:
        return balanced_accuracy(correct, sample.codes, shares)

    def gain(gains: Gains, name: str, baseline: float) -> Measured:
        return Measured(
            metric=f"gain/{name}",
            value=float(gains.value[number - 1]),
            low=float(gains.low[number - 1]),
            high=float(gains.high[number - 1]),
            baseline=baseline,
            method=f"{model}; {gains.method}",
            **common,
        )

    def likelihood(values: NDArray[np.float32]) -> float:
        return balanced_accuracy(values.mean(axis=0), sample.codes, shares)

    def expected() -> tuple[Measured, ...]:
        value, half = (float(part[number - 1]) for part in (evidence.expected.value, evidence.expected.half))
        if not np.isfinite(value):
            return ()
        own = replace(gain(evidence.accuracy, f"expected_{metric}", float(each(accuracy, 0).mean())), value=value)
        return (
            replace(
                own,
                low=value - half,
                high=value + half,
                method=f"{own.method}; shrunk toward a prior of "
                f"{evidence.expected.prior[number - 1]:+.3f} with a deviation of {PRIOR_DEVIATION}",
            ),
        )

    measured = (
        gain(evidence.accuracy, metric, float(each(accuracy, 0).mean())),
        gain(evidence.likelihood, "log_likelihood", likelihood(trials.log_likelihood[0])),
        over_seeds(each(accuracy, number), metric, each(accuracy, 0)),
        over_seeds(each(worst, number), "worst_class_recall", each(worst, 0)),
        over_seeds(trials.calibration[number], "calibration_error", trials.calibration[0]),
        *expected(),
    )
    settings = {
        "loss_weights": dict(zip(sample.classes, candidate.loss_weights.tolist(), strict=True)),
        "draw_weights": dict(zip(sample.classes, candidate.draw_weights.tolist(), strict=True)),
        "logit_adjustment": dict(zip(sample.classes, candidate.adjustment.tolist(), strict=True)),
        "source": candidate.source,
    }
    return PlanItem(
        kind="rebalance",
        name=candidate.name,
        verdict="harmless",
        summary=candidate.title,
        settings=settings,
        measured=measured,
    )


def _judged(
    items: list[PlanItem], evidence: Evidence, counts: NDArray[np.int64], classes: tuple[str, ...]
) -> tuple[PlanItem, ...]:
    """Say use, avoid or harmless of each candidate, the winner first; or say first that none helps."""
    winner, reasons = evidence.winner(), evidence.reasons()
    judged = []
    for number, item in enumerate(items):
        if number == winner:
            verdict, why = "use", reasons[number]
        elif evidence.accuracy.worse()[number]:
            verdict, why = "avoid", "worse than none beyond doubt"
        else:
            verdict = "harmless"
            why = "better than none, but not the best" if reasons[number] else "no gain beyond doubt"
        judged.append(replace(item, verdict=verdict, summary=f"{item.summary}: {why}"))
    judged.sort(key=lambda item: (item.verdict != "use", -(item.measured[0].value or 0)))
    if winner is not None:
        return tuple(judged)
    best = judged[0].measured[0]
    nothing = PlanItem(
        kind="rebalance",
        name="none",
        verdict="none helps",
        summary=f"leave the classes as they are: the best of {len(items)} ways changes {best}, which may be chance",
        settings={"counts": dict(zip(classes, counts.tolist(), strict=True))},
        measured=(best,),
    )
    return (nothing, *judged)
