"""DC506: samples that fit two classes equally well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import (
    Finding,
    Found,
    NotApplicable,
    Outcome,
    Passed,
    Severity,
    sample_issues,
    worst_sample_ids,
)
from datacheck.probing.skill import MIN_SKILL
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.shared import ids_of, trusted
from datacheck.stats.intervals import proportion


@dataclass(frozen=True)
class Ambiguous(Rule):
    """Samples between two classes: the probe finds both about equally likely and no third.

    What
    ----
    Lists the samples whose two likeliest classes share nearly all of the belief in nearly equal parts.

    Why it hurts training
    ---------------------
    A hard label forces the model to be sure of what is not. A few such samples calibrate it; many set a ceiling on
    accuracy that no training passes, and make the test figures noisy.

    How it is measured
    ------------------
    Out-of-sample probabilities: the two largest add up to at least ``min_together`` and differ by at most ``max_gap``.
    Reported when the low end of the 95 % interval of their share is at least ``min_share``. A probe that may gain less
    than ``min_skill`` of what there is to gain over the largest class is not heard.

    How to fix
    ----------
    Ask two annotators for each; keep both answers (a soft label, or a second label) where they differ. Do not drop
    them from the test set unseen: that makes the figures better and the model no better.

    Example
    -------
    >>> between_two(np.array([[0.49, 0.46, 0.05], [0.9, 0.05, 0.05], [0.4, 0.3, 0.3]])).tolist()
    [True, False, False]
    """

    code: ClassVar[str] = "DC506"
    name: ClassVar[str] = "ambiguous"
    severity: ClassVar[Severity] = Severity.INFO

    min_together: float = 0.85
    max_gap: float = 0.1
    min_share: float = 0.01
    min_skill: float = MIN_SKILL

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        found = trusted(context, min_skill=self.min_skill)
        if isinstance(found, NotApplicable):
            return found
        between = np.flatnonzero(between_two(found.probs, min_together=self.min_together, max_gap=self.max_gap))
        share = proportion(len(between), len(found.rows))
        if share.low < self.min_share:
            return Passed(f"{len(between):,} of {len(found.rows):,} samples lie between two classes")
        order = np.argsort(-found.probs[between], axis=1, kind="stable")[:, :2]
        gap = np.abs(
            found.probs[between, order[:, 0]].astype(np.float64) - found.probs[between, order[:, 1]].astype(np.float64)
        )
        note = [f"{found.classes[first]} or {found.classes[second]}" for first, second in order]
        issues = sample_issues(
            self.code, ids_of(context, found.rows[between]), np.clip(1 - gap, 0, 1), value=gap, note=note
        )
        words, counts = np.unique(note, return_counts=True)
        common = [
            {"pair": str(words[index]), "n": int(counts[index])} for index in np.argsort(-counts, kind="stable")[:10]
        ]
        finding = Finding(
            code=self.code,
            name=self.name,
            severity=self.severity,
            message=f"{len(between):,} of {len(found.rows):,} samples ({100 * share.value:.1f} %, "
            f"{100 * share.low:.1f} to {100 * share.high:.1f} %) fit two classes equally well, most often "
            f"{common[0]['pair']}",
            remedy="ask two annotators for each, and keep both answers where they differ",
            evidence={"share": share.to_json(), "pairs": common},
            sample_ids=worst_sample_ids(issues),
            n_affected=len(between),
        )
        return Found((finding,), issues)


def between_two(
    pred_probs: NDArray[np.floating[Any]], *, min_together: float = 0.85, max_gap: float = 0.1
) -> NDArray[np.bool_]:
    """Whether two classes share the belief of each sample in nearly equal parts; shape [N] from [N, K]."""
    top = -np.partition(-np.asarray(pred_probs), 1, axis=1)[:, :2]
    between: NDArray[np.bool_] = (top.sum(axis=1) >= min_together) & (np.abs(top[:, 0] - top[:, 1]) <= max_gap)
    return between
