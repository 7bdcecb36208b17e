"""DC601: a probe that is not better than trivial baselines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import Finding, Found, Outcome, Passed, Severity
from datacheck.labels.placeholders import placeholder_targets
from datacheck.manifest import Task
from datacheck.models.learning_task import usual_range
from datacheck.models.ridge import RidgeHead
from datacheck.probing.budget import CUT_SHORT
from datacheck.probing.skill import MIN_SKILL, classification_skill, why_not_judged
from datacheck.rules.base import CannotJudge, Rule, RuleContext
from datacheck.rules.label_columns import LabelColumns, label_columns
from datacheck.rules.requirements import LABELS, NO_PROBE, PROBE
from datacheck.rules.shared import MIN_EMBEDDED, Classified, classified
from datacheck.scanning.measurements import PROPERTIES
from datacheck.stats import Interval, mean_difference, paired_difference
from datacheck.text import listed, percent, plural

BY_PROPERTIES = "linear model on image properties"
"""The one baseline that has looked at the images, though not at their content."""

BY_SHARE = "share of each label"
"""The constant prediction that makes the smallest squared error on multilabel data."""


@dataclass(frozen=True)
class BelowBaseline(Rule):
    """The probe is not better than guessing, the largest class, or a linear model on image properties.

    What
    ----
    Compares the out-of-sample accuracy of the probe with three baselines that do not look at the content: random
    guessing by class shares, always predicting the largest class, and a linear model on the measured properties (size,
    brightness, means of the channels …). For regression: always predicting the mean of the targets.

    Why it hurts training
    ---------------------
    What a quick model cannot begin to learn, an expensive model rarely can. The labels may be joined to the wrong
    samples, or the inputs may not show the target. It is better to know this before the training run.

    How it is measured
    ------------------
    By the paired difference of hits on the same samples, with a 95 % interval. A baseline is not beaten if the low end
    of the interval is not above 0. If the high end is above a fifth of what there is to gain, the samples are too few
    to tell, which is an info. A probe that beats all baselines but has too little skill to judge labels is an
    info. A probe whose training was cut short is a warning at most. Regression: R², 1 - squared error / squared
    deviation from the mean, with a paired 95 % interval; placeholders such as -999 are left out (DC106), and if the
    probe was trained on them it is not blamed. Multilabel: the squared error that the probe saves against the share of
    each label, and against a linear model on the properties; label by label too, with intervals that hold for all
    labels together.

    How to fix
    ----------
    First look at DC108 (do the labels belong to their samples?), then at DC501. If both are silent, the task needs
    other inputs or more samples, not more training. If only the linear model on properties wins, look at DC504.

    Example
    -------
    The labels were shuffled by mistake::

        DC601 the probe is 27.1 % accurate out of sample, which is not better than the baseline 'largest class'
          (difference -2.1 to 6.4 points, 95 % interval)
    """

    code: ClassVar[str] = "DC601"
    name: ClassVar[str] = "below-baseline"
    severity: ClassVar[Severity] = Severity.ERROR
    requires = (LABELS, PROBE)

    min_samples: int = MIN_EMBEDDED  # fewer samples give intervals that hold 0 whatever the probe learnt

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        if context.manifest.task is Task.REGRESSION:
            return self._regression(context)
        if context.manifest.task is Task.MULTILABEL:
            return self._multilabel(context)
        if context.manifest.task is not Task.CLASSIFICATION:
            raise CannotJudge(f"has no baseline for the task {context.manifest.task.value}")
        found = classified(context, least=self.min_samples)
        correct = found.probs.argmax(axis=1) == found.labels
        gains = baseline_gains(correct, found.labels, properties=_properties(context, found.rows), seed=context.seed)
        accuracy = float(correct.mean())
        lost = [name for name, gain in gains.items() if gain.low <= 0]
        if not lost:
            return self._above(context, found, accuracy)
        hurried = CUT_SHORT in found.probe.choices
        decided = [name for name in lost if gains[name].high <= MIN_SKILL * (1 - accuracy + gains[name].value)]
        only_linear = decided == [BY_PROPERTIES]
        trivial = [name for name in decided if name != BY_PROPERTIES]
        worst = min(trivial or decided or lost, key=lambda name: gains[name].value)
        gain = gains[worst]
        evidence = {"accuracy": accuracy, "gains": {name: one.to_json() for name, one in gains.items()}}
        if not decided:
            return Found((self._undecided(found, accuracy, worst, gain, evidence),))
        remedy = "check that the labels belong to their samples (DC108) and are right (DC501) before any training"
        if only_linear:
            remedy = "look for a shortcut (DC504): image properties say more about the label than the content"
        elif hurried:
            remedy = f"the training of the probe was cut short, so it may be too weak; first {found.probe.advice}"
        finding = self.finding(
            f"the probe is {percent(accuracy)} accurate out of sample, which is not better than the baseline {worst!r} "
            f"(difference {100 * gain.low:.1f} to {100 * gain.high:.1f} points, 95 % interval)",
            remedy,
            severity=Severity.WARNING if only_linear or hurried else self.severity,
            evidence=evidence,
        )
        return Found((finding,))

    def _undecided(
        self, found: Classified, accuracy: float, baseline: str, gain: Interval, evidence: dict[str, Any]
    ) -> Finding:
        """Say that the samples are too few to compare: the probe may be much better than the baseline, or no better."""
        return self.finding(
            f"it is not known whether the probe, {percent(accuracy)} accurate out of sample, is better than the "
            f"baseline {baseline!r} (difference {100 * gain.low:.1f} to {100 * gain.high:.1f} points, 95 % interval)",
            f"{found.probe.advice}; or add samples, of the rare classes first",
            severity=Severity.INFO,
            evidence=evidence,
        )

    def _above(self, context: RuleContext, found: Classified, accuracy: float) -> Outcome:
        """Judge a probe above every baseline: is it good enough to judge labels?"""
        weak = why_not_judged(context.manifest, found.probe)
        if weak is None:
            return Passed(f"the accuracy of the probe, {percent(accuracy)}, is above every trivial baseline")
        skill = classification_skill(found.probs, found.labels)
        finding = self.finding(
            weak,
            f"{found.probe.advice}; if that does not help, the task needs other inputs or more samples",
            severity=Severity.INFO,
            evidence={"accuracy": accuracy, "skill": {"value": skill.value, "low": skill.low, "high": skill.high}},
        )
        return Found((finding,))

    def _multilabel(self, context: RuleContext) -> Outcome:
        found = label_columns(context, least=self.min_samples)
        gains = multilabel_gains(found, _properties(context, found.rows), seed=context.seed)
        worst = min(gains, key=lambda name: gains[name].low)
        gain = gains[worst]
        unlearnt = [
            name for name, one in zip(found.classes, found.skill, strict=True) if one.low <= 0 and one.high <= MIN_SKILL
        ]
        evidence = {
            "gains": {name: one.to_json() for name, one in gains.items()},
            "by_label": [
                {"label": name, **one.to_json()} for name, one in zip(found.classes, found.skill, strict=True)
            ],
        }
        saved = f"{100 * gain.low:.1f} to {100 * gain.high:.1f} % of the squared error, 95 % interval"
        if gain.low <= 0:
            finding = self.finding(
                f"the probe is not better than the baseline {worst!r} on {plural(len(found.classes), 'label')} "
                f"(it saves {saved})",
                "look for a shortcut (DC504): image properties say more about the labels than the content"
                if worst == BY_PROPERTIES and gains[BY_SHARE].low > 0
                else "check that the labels belong to their samples (DC108) and are right (DC501) before any training",
                severity=Severity.INFO if gain.high > MIN_SKILL else self.severity,
                evidence=evidence,
            )
            return Found((finding,))
        if unlearnt:
            finding = self.finding(
                f"the probe predicts {plural(len(unlearnt), 'label')} of {len(found.classes):,} no better than by the "
                f"share of the label: {listed(unlearnt)}",
                "check how these labels were joined to the samples (DC108), and whether the samples show them",
                severity=Severity.INFO,
                evidence=evidence,
            )
            return Found((finding,))
        return Passed(f"the probe is better than every trivial baseline (it saves {saved})")

    def _regression(self, context: RuleContext) -> Outcome:
        probe = context.probe
        if probe is None or probe.predictions is None:
            raise CannotJudge(NO_PROBE)
        target = context.manifest.target
        placeholder = placeholder_targets(target)
        rows = np.isfinite(target) & np.isfinite(probe.predictions) & ~placeholder
        if rows.sum() < self.min_samples:
            raise CannotJudge(f"needs {self.min_samples} or more samples with a target that the probe predicted")
        known = np.clip(target[rows], *usual_range(target[rows]))  # a few in another unit are for DC501
        explained = explained_share(probe.predictions[rows].astype(np.float64), known)
        if explained.low > 0:
            return Passed(f"the probe explains {percent(explained.value)} of the variance of the targets")
        if placeholder.any():
            raise CannotJudge("the probe was trained on placeholder targets (DC106): remove them, then probe again")
        finding = self.finding(
            f"the probe explains {100 * explained.value:.0f} % of the variance of the targets (95 % interval "
            f"{100 * explained.low:.0f} to {100 * explained.high:.0f} %), which is not better than always predicting "
            "their mean",
            "check that the targets belong to their samples and have one unit",
            evidence={"explained": explained.to_json()},
        )
        return Found((finding,))


def baseline_gains(
    correct: NDArray[np.bool_],
    labels: NDArray[np.integer[Any]],
    *,
    properties: NDArray[np.float64] | None = None,
    seed: int = 0,
) -> dict[str, Interval]:
    """Return the hits of the probe minus those of each baseline, by the baseline's name; all of n rows.

    Examples
    --------
    >>> gains = baseline_gains(np.array([True] * 80 + [False] * 20), np.repeat([0, 1], 50))
    >>> gains["largest class"].low > 0
    True
    """
    rng = np.random.default_rng(seed)
    gains = {
        "random": paired_difference(correct, rng.permutation(labels) == labels),
        "largest class": paired_difference(correct, labels == np.bincount(labels).argmax()),
    }
    if properties is not None and properties.shape[1]:
        n_classes = int(labels.max()) + 1
        scores = RidgeHead(properties, seed=seed).scores(labels.astype(np.int64), n_classes)
        scores += np.bincount(labels, minlength=n_classes) / len(labels)
        gains[BY_PROPERTIES] = paired_difference(correct, scores.argmax(axis=1) == labels)
    return gains


def multilabel_gains(
    found: LabelColumns, properties: NDArray[np.float64] | None, *, seed: int = 0
) -> dict[str, Interval]:
    """Return the squared error that the probe saves as a share of that of each baseline, by the baseline's name."""
    wanted = found.matrix.astype(np.float64)
    share = wanted.mean(axis=0)
    others = {BY_SHARE: np.broadcast_to(share, wanted.shape)}
    if properties is not None and properties.shape[1]:
        linear = RidgeHead(properties, seed=seed).predict(wanted, np.ones(len(wanted), dtype=bool))
        others[BY_PROPERTIES] = np.clip(linear + share, 0, 1)
    own = ((wanted - found.probs) ** 2).mean(axis=1)
    gains = {}
    for name, other in others.items():
        errors = ((wanted - other) ** 2).mean(axis=1)
        room = max(float(errors.mean()), 1e-300)
        gains[name] = mean_difference(errors - own, unit=room, prior=room)
    return gains


def explained_share(predictions: NDArray[np.float64], target: NDArray[np.float64]) -> Interval:
    """Return 1 - squared error / squared deviation from the mean (R²), with a 95 % interval; both shape [n].

    Examples
    --------
    >>> round(explained_share(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 3.0])).value, 2)
    1.0
    """
    spread = (target - target.mean()) ** 2
    total = max(float(spread.mean()), 1e-300)
    gained = (spread - (target - predictions) ** 2) / total
    return mean_difference(gained, prior=0.0)


def _properties(context: RuleContext, rows: NDArray[np.intp]) -> NDArray[np.float64] | None:
    if context.measurements is None:
        return None
    columns = []
    for name in PROPERTIES:
        values = context.measurements.values(name)[rows]
        known = np.isfinite(values)
        if known.any() and np.ptp(values[known]) > 0:
            columns.append(np.where(known, (values - values[known].mean()) / values[known].std(), 0.0))
    return np.stack(columns, axis=1) if columns else None
