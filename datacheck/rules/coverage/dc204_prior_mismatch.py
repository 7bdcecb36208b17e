"""DC204: class shares unlike those where the model will run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.errors import ConfigError, did_you_mean
from datacheck.findings import Finding, Found, Outcome, Passed, Severity
from datacheck.rules.base import CannotJudge, Rule, RuleContext
from datacheck.rules.coverage.shared import ClassCounts, class_counts
from datacheck.rules.requirements import CLASSES
from datacheck.stats import multinomial_intervals
from datacheck.text import have, listed, number, percent

SUM_TOLERANCE = 0.015
"""Declared shares may miss a sum of 1 by this much, because people round them to whole percents."""


@dataclass(frozen=True)
class PriorMismatch(Rule):
    """The class shares of a split differ from the declared shares where the model will run.

    What
    ----
    Compares the class shares of every split with the declared deployment shares. Also names classes that are declared
    but have no sample, and classes that have samples but are not declared.

    Why it hurts training
    ---------------------
    The probabilities of a classifier include the training shares as their prior, so its decisions are biased where the
    shares differ. And a metric averaged over a test split with other shares is not what deployment will show.

    How it is measured
    ------------------
    By the total variation distance of the shares (half the sum of absolute differences: the share of samples that would
    have to change their class), and by Cohen's h of each class (Cohen 1988) with simultaneous 95 % intervals of all
    shares (Goodman 1965). Found if the distance is at least ``min_distance`` and a class is off by at least ``min_h``
    at the near end of its interval.

    How to fix
    ----------
    Weight the loss or the sampler by declared / observed share, or correct the predicted probabilities by that ratio
    (Saerens et al. 2002). Draw the test split with the declared shares, or weight its metrics.

    Example
    -------
    ``deployment_shares = { sick = 0.02, well = 0.98 }``, and a dataset with 500 images of each::

        DC204 'all' differs from the declared shares by 48 % of its samples; most in 'sick': 50 % here, 2 % declared
    """

    code: ClassVar[str] = "DC204"
    name: ClassVar[str] = "prior-mismatch"
    severity: ClassVar[Severity] = Severity.WARNING
    requires = (CLASSES,)

    min_distance: float = 0.1  # one sample in ten would have another class
    min_h: float = 0.2  # a small effect in Cohen's terms

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        shares = context.deployment_shares
        if not shares:
            raise CannotJudge(
                "no deployment shares are declared; to compare with them, write for example "
                "deployment_shares = { cat = 0.9, dog = 0.1 } in the configuration"
            )
        if context.manifest.task.lists_classes:
            raise CannotJudge(
                f"deployment shares are for one class a sample, and the task here is {context.manifest.task.value}"
            )
        counted = class_counts(context)
        _check_shares(shares)
        declared = np.array([shares.get(name, 0.0) for name in counted.classes])
        compared = [
            self._compare(counted.classes, name, counts, declared)
            for name, counts in zip(counted.splits, counted.counts, strict=True)
        ]
        findings = (*self._names(counted, shares), *(finding for finding in compared if finding))
        return Found(findings) if findings else Passed("the class shares match the declared ones")

    def _names(self, counted: ClassCounts, shares: Mapping[str, float]) -> list[Finding]:
        here = {name for name, n in zip(counted.classes, counted.counts.sum(axis=0), strict=True) if n}
        findings = []
        lacking = [name for name, share in shares.items() if share > 0 and name not in here]
        undeclared = [name for name in counted.classes if name in here and name not in shares]
        if lacking:
            guess = did_you_mean(lacking[0], undeclared or tuple(here))
            text = f"{have(len(lacking), 'declared class', 'declared classes')} no sample: {listed(lacking)}{guess}"
            findings.append(self._finding(Severity.ERROR, text, {"declared_without_samples": lacking}))
        if undeclared:
            text = f"{have(len(undeclared), 'class', 'classes')} samples but no declared share: {listed(undeclared)}"
            findings.append(self._finding(Severity.WARNING, text, {"undeclared": undeclared}))
        return findings

    def _compare(
        self, classes: tuple[str, ...], split: str, counts: NDArray[np.int64], declared: NDArray[np.float64]
    ) -> Finding | None:
        observed = counts / counts.sum()
        distance = 0.5 * float(np.abs(observed - declared).sum() + max(0.0, 1.0 - declared.sum()))
        h, low, high = cohens_h_from(counts, declared)
        certain = np.where(np.sign(low) == np.sign(high), np.minimum(np.abs(low), np.abs(high)), 0.0)
        if distance < self.min_distance or certain.max() < self.min_h:
            return None
        worst = max(range(len(classes)), key=lambda k: (round(float(certain[k]), 6), -declared[k]))
        text = (
            f"{split!r} differs from the declared shares by {percent(distance)} of its samples; most in "
            f"{classes[worst]!r}: {percent(observed[worst])} here, {percent(declared[worst])} declared"
        )
        keys = ("observed", "declared", "h", "h_low", "h_high")
        by_class = {
            name: dict(zip(keys, map(float, row), strict=True))
            for name, *row in zip(classes, observed, declared, h, low, high, strict=True)
        }
        return self._finding(self.severity, text, {"split": split, "total_variation": distance, "classes": by_class})

    def _finding(self, severity: Severity, message: str, evidence: Mapping[str, object]) -> Finding:
        return self.finding(
            message,
            "weight the loss by declared / observed share or correct the predicted probabilities, and evaluate with "
            "the declared shares; if the declaration is wrong, correct deployment_shares",
            severity=severity,
            evidence=evidence,
        )


def cohens_h_from(
    counts: NDArray[np.int64], declared: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return Cohen's h of observed against declared shares with simultaneous 95 % intervals; each shape [K]."""
    low, high = multinomial_intervals(counts)

    def angle(share: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(2 * np.arcsin(np.sqrt(share)))

    base = angle(np.clip(declared, 0, 1))
    return angle(counts / counts.sum()) - base, angle(low) - base, angle(high) - base


def _check_shares(shares: Mapping[str, float]) -> None:
    total = sum(shares.values())
    if min(shares.values()) < 0 or abs(total - 1) > SUM_TOLERANCE:
        raise ConfigError(
            f"deployment_shares: expected shares from 0 to 1 with sum 1, found {dict(shares)} with sum {number(total)}"
        )
