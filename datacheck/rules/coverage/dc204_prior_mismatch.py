"""DC204: class shares unlike those where the model will run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.errors import ConfigError, did_you_mean
from datacheck.findings import Finding, Found, NotApplicable, Outcome, Passed, Severity
from datacheck.manifest import Task
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.coverage.shared import ClassCounts, class_counts, listed
from datacheck.stats.intervals import multinomial_intervals
from datacheck.text import percent


@dataclass(frozen=True)
class PriorMismatch(Rule):
    """A split's class shares differ from the declared shares where the model will run.

    What
    ----
    Compares the class shares of every split with the declared deployment shares, and names classes that are declared
    but have no sample, or have samples but were not declared.

    Why it hurts training
    ---------------------
    A classifier's probabilities carry the training shares as their prior, so its decisions are off where the shares are
    others; and a metric averaged over a test split with other shares is not what deployment will show.

    How it is measured
    ------------------
    Total variation distance between the shares (half the sum of absolute differences: the share of samples that would
    have to change class), and Cohen's h per class (Cohen 1988) with simultaneous 95 % intervals of all shares
    (Goodman 1965). Found where the distance is at least ``min_distance`` and some class is off by at least
    ``min_h`` at the near end of its interval.

    How to fix
    ----------
    Weight the loss or the sampler by declared / observed share, or correct the predicted probabilities by that ratio
    (Saerens et al. 2002); draw the test split with the declared shares, or weight its metrics.

    Example
    -------
    >>> from datacheck.manifest import Manifest
    >>> manifest = Manifest.from_columns({"label": ["sick"] * 500 + ["well"] * 500})
    >>> context = RuleContext(manifest, deployment_shares={"sick": 0.02, "well": 0.98})
    >>> PriorMismatch().check(context).findings[0].message
    "'all' differs from the declared shares by 48 % of its samples; most of all 'sick': 50 % here, 2 % declared"
    """

    code: ClassVar[str] = "DC204"
    name: ClassVar[str] = "prior-mismatch"
    severity: ClassVar[Severity] = Severity.WARNING

    min_distance: float = 0.1
    min_h: float = 0.2

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        if not context.deployment_shares:
            return NotApplicable(
                "no deployment shares were declared; declare them to compare, such as "
                "deployment_shares = { cat = 0.9, dog = 0.1 } in the configuration"
            )
        if context.manifest.task is Task.MULTILABEL:
            return NotApplicable("deployment shares sum to 1 over exclusive classes; this is a multilabel dataset")
        counted = class_counts(context)
        if isinstance(counted, NotApplicable):
            return counted
        shares = context.deployment_shares
        _check_shares(shares)
        declared = np.array([shares.get(name, 0.0) for name in counted.classes])
        findings = [*self._names(counted, shares)]
        for split, name in enumerate(counted.splits):
            finding = self._compare(counted.classes, name, counted.counts[split], declared)
            findings += [finding] if finding else []
        return Found(tuple(findings)) if findings else Passed("class shares match the declared ones")

    def _names(self, counted: ClassCounts, shares: Mapping[str, float]) -> list[Finding]:
        here = {name for name, n in zip(counted.classes, counted.counts.sum(axis=0), strict=True) if n}
        findings = []
        lacking = [name for name, share in shares.items() if share > 0 and name not in here]
        undeclared = [name for name in counted.classes if name in here and name not in shares]
        if lacking:
            guess = did_you_mean(lacking[0], undeclared or tuple(here))
            text = f"{len(lacking)} declared classes have no sample: {listed(lacking)}{guess}"
            findings.append(self._finding(Severity.ERROR, text, {"declared_without_samples": lacking}))
        if undeclared:
            text = (
                f"{len(undeclared)} classes have samples but no declared share, which counts as 0: {listed(undeclared)}"
            )
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
            f"{split!r} differs from the declared shares by {percent(distance)} of its samples; most of all "
            f"{classes[worst]!r}: {percent(observed[worst])} here, {percent(declared[worst])} declared"
        )
        by_class = {
            name: {"observed": float(observed[k]), "declared": float(declared[k]), "h": float(h[k]),
                   "h_low": float(low[k]), "h_high": float(high[k])}
            for k, name in enumerate(classes)
        }  # fmt: skip
        evidence = {"split": split, "total_variation": distance, "classes": by_class}
        return self._finding(self.severity, text, evidence)

    def _finding(self, severity: Severity, message: str, evidence: Mapping[str, object]) -> Finding:
        return Finding(
            code=self.code,
            name=self.name,
            severity=severity,
            message=message,
            remedy="weight the loss by declared / observed share or correct the predicted priors, and evaluate on the "
            "declared shares; where the declaration is wrong, correct deployment_shares",
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
    if min(shares.values()) < 0 or abs(total - 1) > 0.01:
        raise ConfigError(
            f"deployment_shares: expected shares of at least 0 that sum to 1, found {dict(shares)} with sum {total:g}"
        )
