"""DC601: a probe that cannot beat the trivial baselines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import Finding, Found, NotApplicable, Outcome, Passed, Severity
from datacheck.manifest import Task
from datacheck.models.ridge import RidgeHead
from datacheck.probing.budget import CUT_SHORT
from datacheck.probing.skill import classification_skill
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.shared import NO_PROBE, Classified, classified, trusted
from datacheck.scanning.measurements import PROPERTIES
from datacheck.stats import Interval, mean_difference, paired_difference


@dataclass(frozen=True)
class BelowBaseline(Rule):
    """The probe is not better than guessing, than the largest class, or than a linear rule on image properties.

    What
    ----
    Compares the probe's out-of-sample accuracy with three baselines that have not looked at the content: random
    guessing by class shares, always the largest class, and a linear rule on the measured properties (size, brightness,
    channel moments …). For regression: the mean of the targets.

    Why it hurts training
    ---------------------
    What a quick model cannot begin to learn, an expensive one rarely can: labels may be joined to the wrong samples, or
    the target may not be in the images. Better known before the GPU hours than after.

    How it is measured
    ------------------
    Paired difference of hits on the same samples, with a 95 % interval; a baseline is not beaten when the interval's
    low end is not above 0. A probe that beats them all but gains less than a fifth of what there is to gain over the
    largest class is reported as information: the rules that doubt labels (DC501, DC502, DC505, DC506) do not hear it. A
    probe whose training was cut short is a warning at most. Regression: 1 - squared error / squared deviation from the
    mean, interval by a paired normal approximation.

    How to fix
    ----------
    See DC108 first (are labels beside their samples?), then DC501. If both are silent, the task needs other inputs or
    more samples, not more training. Where only the linear rule wins, see DC504: the properties tell more than the
    content.

    Example
    -------
    >>> gains = baseline_gains(np.array([True] * 80 + [False] * 20), np.repeat([0, 1], 50))
    >>> gains["largest class"].low > 0
    True
    """

    code: ClassVar[str] = "DC601"
    name: ClassVar[str] = "below-baseline"
    severity: ClassVar[Severity] = Severity.ERROR

    min_samples: int = 50

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        if context.manifest.task is Task.REGRESSION:
            return self._regression(context)
        found = classified(context, least=self.min_samples)
        if isinstance(found, NotApplicable):
            return found
        correct = found.probs.argmax(axis=1) == found.labels
        gains = baseline_gains(correct, found.labels, properties=_properties(context, found), seed=context.seed)
        accuracy = float(correct.mean())
        lost = [name for name, gain in gains.items() if gain.low <= 0]
        if not lost:
            return self._above(context, found, accuracy)
        hurried = CUT_SHORT in found.probe.choices
        only_linear = lost == ["linear on properties"]
        worst = min(lost, key=lambda name: gains[name].value)
        gain = gains[worst]
        finding = Finding(
            code=self.code,
            name=self.name,
            severity=Severity.WARNING if only_linear or hurried else self.severity,
            message=f"the probe is {100 * accuracy:.1f} % right out of sample, not above the baseline {worst!r} "
            f"(difference {100 * gain.low:.1f} to {100 * gain.high:.1f} points)",
            remedy="look for a shortcut (DC504): image properties tell more than the content"
            if only_linear
            else f"the probe's training was cut short, so it may know too little: first {found.probe.advice}"
            if hurried
            else "check that labels sit beside their samples (DC108) and are right (DC501) before training anything",
            evidence={"accuracy": accuracy, "gains": {name: one.to_json() for name, one in gains.items()}},
        )
        return Found((finding,))

    def _above(self, context: RuleContext, found: Classified, accuracy: float) -> Outcome:
        """Say of a probe above every baseline whether it knows enough to doubt labels."""
        weak = trusted(context, least=self.min_samples)
        if not isinstance(weak, NotApplicable):
            return Passed(f"the probe's {100 * accuracy:.1f} % beats every trivial baseline")
        skill = classification_skill(found.probs, found.labels)
        finding = Finding(
            code=self.code,
            name=self.name,
            severity=Severity.INFO,
            message=weak.reason,
            remedy=f"{found.probe.advice}; where that does not help, the task needs other inputs or more samples",
            evidence={"accuracy": accuracy, "skill": {"value": skill.value, "low": skill.low, "high": skill.high}},
        )
        return Found((finding,))

    def _regression(self, context: RuleContext) -> Outcome:
        probe = context.probe
        if probe is None or probe.predictions is None:
            return NotApplicable(NO_PROBE)
        target = context.manifest.target
        rows = np.isfinite(target) & np.isfinite(probe.predictions)
        if rows.sum() < self.min_samples:
            return NotApplicable(f"needs {self.min_samples} or more probed samples with a target")
        explained = explained_share(probe.predictions[rows].astype(np.float64), target[rows])
        if explained.low > 0:
            return Passed(f"the probe explains {100 * explained.value:.0f} % of the targets' variance")
        finding = Finding(
            code=self.code,
            name=self.name,
            severity=self.severity,
            message=f"the probe explains {100 * explained.value:.0f} % of the targets' variance "
            f"({100 * explained.low:.0f} to {100 * explained.high:.0f} %): no better than always answering their mean",
            remedy="check that targets sit beside their samples and are in one unit",
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
    """Hits of the probe minus those of each baseline, by the baseline's name; all of n rows."""
    rng = np.random.default_rng(seed)
    gains = {
        "random": paired_difference(correct, rng.permutation(labels) == labels),
        "largest class": paired_difference(correct, labels == np.bincount(labels).argmax()),
    }
    if properties is not None and properties.shape[1]:
        n_classes = int(labels.max()) + 1
        scores = RidgeHead(properties, seed=seed).scores(labels.astype(np.int64), n_classes)
        scores += np.bincount(labels, minlength=n_classes) / len(labels)
        gains["linear on properties"] = paired_difference(correct, scores.argmax(axis=1) == labels)
    return gains


def explained_share(predictions: NDArray[np.float64], target: NDArray[np.float64]) -> Interval:
    """1 - squared error / squared deviation from the mean (R²), with a 95 % interval; both shape [n].

    Examples
    --------
    >>> round(explained_share(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 3.0])).value, 2)
    1.0
    """
    spread = (target - target.mean()) ** 2
    total = max(float(spread.mean()), 1e-300)
    gained = (spread - (target - predictions) ** 2) / total
    return mean_difference(gained, prior=0.0)


def _properties(context: RuleContext, found: Classified) -> NDArray[np.float64] | None:
    if context.measurements is None:
        return None
    columns = []
    for name in PROPERTIES:
        values = context.measurements.values(name)[found.rows]
        known = np.isfinite(values)
        if known.any() and np.ptp(values[known]) > 0:
            columns.append(np.where(known, (values - values[known].mean()) / values[known].std(), 0.0))
    return np.stack(columns, axis=1) if columns else None
