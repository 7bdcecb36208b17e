"""DC501: labels that are likely wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
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
from datacheck.labels.label_yield import LabelYield, estimate_label_yield
from datacheck.labels.quality import LabelAssessment, label_quality, multilabel_quality
from datacheck.labels.rows import row_statistics
from datacheck.labels.target_quality import TO_DEVIATION, target_deviations, target_quality
from datacheck.manifest import Task
from datacheck.probing.skill import MIN_SKILL
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.shared import NO_PROBE, Classified, distrust, ids_of, trusted
from datacheck.stats.intervals import proportion


@dataclass(frozen=True)
class Mislabel(Rule):
    """Labels that a probe which never saw them does not believe.

    What
    ----
    Orders the labels by how little a probe that was trained on the other samples believes in them, says how many are
    likely wrong, how pure the queue is at each depth, and where to stop reviewing; with a suggested label for each.

    Why it hurts training
    ---------------------
    A network has the capacity to learn wrong labels by heart, and does, late in training: accuracy falls by about the
    noise rate, and a test set with wrong labels ranks models wrongly (Northcutt, Athalye and Mueller 2021).

    How it is measured
    ------------------
    Label quality from out-of-sample probabilities. The number of wrong labels and the precision at each depth come from
    planted errors, from the labels of the samples that the probe is surest of, and from all disagreements; the interval
    spans what these leave open (see ``datacheck.labels.label_yield``). Multilabel: each class by itself, a label is
    listed below ``multilabel_quality``. Regression: residuals beyond ``regression_deviations`` robust standard
    deviations of what is usual among like predictions (see ``datacheck.labels.target_quality``); how many targets are
    wrong is not estimated, as heavy-tailed residuals of a right model cannot be told from errors.

    A probe that knows too little accuses no one: its out-of-sample skill (0 for the trivial answer, 1 for all right;
    see ``datacheck.probing.skill``) must reach ``min_skill`` with its low end.

    A queue longer than ``warning_share`` of the samples is a warning, a low end above ``error_rate`` an error.

    How to fix
    ----------
    Review the queue from the top down to the recommended depth (``datacheck relabel``), not beyond; correct, or remove
    what no one can tell. Never apply the suggestions unseen.

    Example
    -------
    >>> from datacheck.manifest import Manifest
    >>> manifest = Manifest.from_columns({"label": ["cat", "dog"]})
    >>> Mislabel().check(RuleContext(manifest)).reason
    "needs the probe's out-of-sample predictions: run with --probe"
    """

    code: ClassVar[str] = "DC501"
    name: ClassVar[str] = "mislabel"
    severity: ClassVar[Severity] = Severity.WARNING

    warning_share: float = 0.01
    error_rate: float = 0.05
    multilabel_quality: float = 0.05
    regression_deviations: float = 6.0
    min_skill: float = MIN_SKILL

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        if context.probe is None:
            return NotApplicable(NO_PROBE)
        if context.manifest.task in {Task.REGRESSION, Task.MULTILABEL}:
            reason = distrust(context, min_skill=self.min_skill)
            if reason is not None:
                return reason
        if context.manifest.task is Task.REGRESSION:
            return self._regression(context)
        if context.manifest.task is Task.MULTILABEL:
            return self._multilabel(context)
        found = trusted(context, min_skill=self.min_skill)
        if isinstance(found, NotApplicable):
            return found
        yielded = found.probe.label_yield or estimate_label_yield(
            LabelAssessment.of(found.probs, found.labels), seed=context.seed
        )
        depth = min(yielded.recommended_depth, len(found.rows))
        if depth == 0:
            return Passed(f"no label is more likely wrong than right ({len(found.rows):,} judged)")
        return self._found(context, found, yielded, depth)

    def _found(self, context: RuleContext, found: Classified, yielded: LabelYield, depth: int) -> Found:
        quality = found.probe.label_quality[found.rows]
        if np.isnan(quality).any():
            quality = label_quality(found.probs, found.labels)
        queue = np.argsort(quality, kind="stable")[:depth]
        suggested = row_statistics(found.probs[queue], found.labels[queue]).suggested
        issues = sample_issues(
            self.code,
            ids_of(context, found.rows[queue]),
            1 - quality[queue],
            value=quality[queue].astype(np.float64),
            note=[found.classes[label] for label in suggested],
        )
        evidence = yield_evidence(yielded)
        errors, n_rows = yielded.estimated_errors, len(found.rows)
        low_rate = errors.low / n_rows
        severity = Severity.WARNING if depth >= self.warning_share * n_rows else Severity.INFO
        if low_rate >= self.error_rate:
            severity = Severity.ERROR
        at = evidence["precision_at_recommended"]
        finding = Finding(
            code=self.code,
            name=self.name,
            severity=severity,
            message=f"about {errors.value:,.0f} of {n_rows:,} labels are wrong (95 % interval {errors.low:,.0f} to "
            f"{errors.high:,.0f}); of the {depth:,} worth a look, {100 * at['value']:.0f} % "
            f"({100 * at['low']:.0f} to {100 * at['high']:.0f} %) are expected to be wrong",
            remedy=f"review the first {depth:,} of the queue, each with its suggested label; beyond them a label is "
            "more likely right than wrong",
            evidence={**evidence, "judged": n_rows},
            sample_ids=worst_sample_ids(issues),
            n_affected=depth,
        )
        return Found((finding,), issues)

    def _regression(self, context: RuleContext) -> Outcome:
        probe = context.probe
        if probe is None or probe.predictions is None:
            return NotApplicable(NO_PROBE)
        quality = target_quality(context.manifest.target, probe.predictions)
        deviations = target_deviations(context.manifest.target, probe.predictions) / TO_DEVIATION
        rows = np.flatnonzero(deviations >= self.regression_deviations)
        note = [f"{value:.4g}" for value in probe.predictions[rows]]
        subject = f"targets lie {self.regression_deviations:g} robust standard deviations or more from the prediction"
        return self._simple(context, rows, quality[rows], note, int(np.isfinite(quality).sum()), subject)

    def _multilabel(self, context: RuleContext) -> Outcome:
        probe = context.probe
        if probe is None or probe.pred_probs is None:
            return NotApplicable(NO_PROBE)
        matrix = context.manifest.label_matrix
        quality = multilabel_quality(probe.pred_probs, matrix)
        quality[~context.manifest.labelled] = np.nan
        worst = np.where(np.isnan(quality), np.inf, quality).argmin(axis=1)
        lowest = quality[np.arange(len(quality)), worst]
        rows = np.flatnonzero(lowest < self.multilabel_quality)
        note = [f"{'not ' if matrix[row, worst[row]] else ''}{probe.classes[worst[row]]}" for row in rows]
        subject = "samples have a label, or lack one, against all that the probe has learnt"
        return self._simple(context, rows, lowest[rows], note, int(np.isfinite(lowest).sum()), subject)

    def _simple(
        self,
        context: RuleContext,
        rows: NDArray[np.intp],
        quality: NDArray[np.float32],
        note: list[str],
        n_rows: int,
        subject: str,
    ) -> Outcome:
        if not len(rows):
            return Passed(f"none of {n_rows:,} labels is against the probe")
        issues = sample_issues(
            self.code, ids_of(context, rows), 1 - quality, value=quality.astype(np.float64), note=pa.array(note)
        )
        finding = Finding(
            code=self.code,
            name=self.name,
            severity=self.severity,
            message=f"{len(rows):,} of {n_rows:,} {subject}",
            remedy="review them, worst first; correct, or remove what no one can tell",
            evidence={"share": proportion(len(rows), n_rows).to_json(), "judged": n_rows},
            sample_ids=worst_sample_ids(issues),
            n_affected=len(rows),
        )
        return Found((finding,), issues)


def yield_evidence(yielded: LabelYield) -> dict[str, Any]:
    """Return a label yield as JSON values: the count, the precision curve, and the recommended depth."""
    errors = yielded.estimated_errors
    at = min(int(np.searchsorted(yielded.depth, yielded.recommended_depth)), len(yielded.depth) - 1)
    curve = (yielded.precision, yielded.precision_low, yielded.precision_high)
    point = dict(zip(("value", "low", "high"), (float(values[at]) for values in curve), strict=True))
    return {
        "estimated_errors": {"value": errors.value, "low": errors.low, "high": errors.high, "method": errors.method},
        "recommended_depth": int(yielded.recommended_depth),
        "precision_at_recommended": point,
        "precision_curve": [
            {"depth": int(depth), "precision": float(value), "low": float(low), "high": float(high)}
            for depth, value, low, high in zip(yielded.depth, *curve, strict=True)
        ],
    }
