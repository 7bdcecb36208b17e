"""DC501: labels that are likely wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.labels.label_yield import LabelYield, estimate_label_yield
from datacheck.labels.multilabel_count import MultilabelCount, count_multilabel_errors
from datacheck.labels.placeholders import placeholder_targets
from datacheck.labels.quality import LabelAssessment, label_quality, multilabel_quality
from datacheck.labels.rows import row_statistics
from datacheck.labels.target_quality import TO_DEVIATION, target_deviations, target_quality
from datacheck.manifest import Task
from datacheck.probing.outputs import ADVICE
from datacheck.probing.skill import MIN_SKILL, why_not_judged
from datacheck.rules.base import CannotJudge, Rule, RuleContext
from datacheck.rules.label_columns import trusted_columns
from datacheck.rules.requirements import LABELS, NO_PROBE, PROBE
from datacheck.rules.shared import Classified, check_skill, trusted
from datacheck.stats import proportion
from datacheck.text import number, percent, percent_range, plural

GROSS = 3.0
"""A target so many times as far off as the limit is a warning alone.

Of 23 clean sets, drawn and real, with 178 to 2,000 rows, linear, skewed or with heavy tails, the furthest right target
was 2.5 times as far off as the limit, and at most 0.5 % of the targets were beyond it."""

REVIEW = "review them, the worst first; correct each, or remove the sample if nobody can tell"


WIDEST_PRECISION = 0.8
"""Width of the interval of the share of wrong labels in the list beyond which no share is given."""


@dataclass(frozen=True)
class Mislabel(Rule):
    """Labels that are likely wrong, by a model that was not trained on them.

    What
    ----
    Sorts the labels by how unlikely they are for a model (the probe) that was trained on the other samples. Says how
    many labels are likely wrong, how many of the first in the list are, and where to stop the review; with a suggested
    label for each.

    Why it hurts training
    ---------------------
    A large network memorises wrong labels late in training: accuracy falls by about the share of wrong labels. A test
    set with wrong labels ranks models wrongly (Northcutt, Athalye and Mueller 2021).

    How it is measured
    ------------------
    By label quality from out-of-sample probabilities. The number of wrong labels, and the share of them down to each
    depth of the list, come from wrong labels that are planted, from the labels of the samples of which the probe is
    most certain, and from all disagreements; the interval covers what these leave open (see
    ``datacheck.labels.label_yield``). After a look at a random sample (``queue make --look 60``) the number is the
    measured one. A list longer than ``warning_share`` of the samples is a warning, a low end
    above ``error_rate`` an error.

    Multilabel: each class that the probe has learnt by itself. How many labels are wrong or missing is counted in the
    same way over all of them (``datacheck.labels.multilabel_count``), as a share of the labels that are given; a sample
    is listed where one of its labels is below ``multilabel_quality``, and right labels that are hard to foresee are
    among them. Regression: residuals beyond
    ``regression_deviations`` robust standard deviations of what is usual for similar predictions
    (``datacheck.labels.target_quality``); the number of wrong targets is not estimated, because a right model can have
    heavy-tailed residuals too. They are a warning where they are ``warning_share`` of the targets, or one is 3 times as
    far off. Placeholders such as -999 are left out (DC106).

    Where the interval reaches half of the labels (30 % if it starts at 0), a weak probe and wrong labels look the same:
    then no estimate is given, and the finding is information that names a few samples to review. A warning needs, in
    addition, wrong labels among the samples where the probe is most confident, and an interval that does not start at
    0: neighbouring classes that overlap ("good" beside "very good") are no wrong labels.

    A weak probe judges no labels: the low end of its skill must reach ``min_skill`` (0 is a constant prediction, 1 is
    all correct).

    How to fix
    ----------
    Review the list from the top down to the recommended depth (``datacheck queue``), not further. Correct each wrong
    label, or remove the sample if nobody can tell. Never apply the suggestions without looking.

    Example
    -------
    900 of 3,000 labels were exchanged by mistake::

        DC501 about 900 of 3,000 labels are wrong (95 % interval 737 to 951); of the first 900 in the list, 86.1 % (95 %
          interval 52.7 to 100 %) are expected to be wrong
    """

    code: ClassVar[str] = "DC501"
    name: ClassVar[str] = "mislabel"
    severity: ClassVar[Severity] = Severity.WARNING
    requires = (LABELS, PROBE)

    warning_share: float = 0.01  # one wrong label in a hundred is common even in curated datasets
    error_rate: float = 0.05  # so many wrong labels change which of two models looks better
    multilabel_quality: float = 0.05  # the probe gives the label 1 chance in 20
    regression_deviations: float = 6.0  # heavy-tailed residuals of right targets reach 5
    min_skill: float = MIN_SKILL

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        counted = None if context.probe is None else context.probe.label_yield
        if counted is not None and counted.look is not None and not self._ranks(context):
            return self._measured(counted)
        if context.manifest.task is Task.REGRESSION:
            check_skill(context, min_skill=self.min_skill)
            return self._regression(context)
        if context.manifest.task.lists_classes:
            return self._multilabel(context)
        found = trusted(context, min_skill=self.min_skill)
        yielded = found.probe.label_yield or estimate_label_yield(
            LabelAssessment.of(found.probs, found.labels), seed=context.seed
        )
        depth = min(yielded.n_to_review, len(found.rows))
        if depth == 0:
            words = f"no label is more likely wrong than right ({len(found.rows):,} judged)" + _left_out(found)
            return Passed(words if yielded.look is None else f"{yielded.count_in_words()}; {words}")
        return self._queue(context, found, yielded, depth)

    def _ranks(self, context: RuleContext) -> bool:
        """Whether the probe is good enough to say which labels are wrong, beside how many."""
        if context.manifest.task is not Task.CLASSIFICATION or context.probe is None:
            return False
        return why_not_judged(context.manifest, context.probe, min_skill=self.min_skill) is None

    def _measured(self, counted: LabelYield) -> Outcome:
        """Report what people found where the probe does not say which labels are wrong."""
        low = counted.estimated_errors.low / counted.n
        if counted.estimated_errors.low < 1:
            return Passed(counted.count_in_words())
        severity = Severity.ERROR if low >= self.error_rate else Severity.WARNING
        finding = self.finding(
            f"{counted.count_in_words()}; which of the others are wrong is not known",
            "label the samples again; or make the list better first: " + ADVICE,
            severity=severity if low >= self.warning_share else Severity.INFO,
            evidence={"conclusive": counted.conclusive, "estimated_errors": counted.estimated_errors.to_json()},
        )
        return Found((finding,))

    def _queue(self, context: RuleContext, found: Classified, yielded: LabelYield, depth: int) -> Found:
        quality = found.probe.label_quality[found.rows]
        if np.isnan(quality).any():
            quality = label_quality(found.probs, found.labels)
        queue = np.argsort(quality, kind="stable")[:depth]
        suggested = row_statistics(found.probs[queue], found.labels[queue]).suggested
        issues = self.issues(
            context.ids(found.rows[queue]),
            1 - quality[queue],
            value=quality[queue].astype(np.float64),
            note=[found.classes[label] for label in suggested],
        )
        evidence = {**yield_evidence(yielded), "judged": len(found.rows)}
        if not yielded.conclusive:
            finding = self.finding(
                f"{yielded.count_in_words()}: the probe disagrees with many of them, and may itself be wrong"
                + _left_out(found),
                f"{found.probe.advice}; or review the first {depth:,} of the list: if few of them are wrong, the probe "
                "is too weak to judge labels",
                severity=Severity.INFO,
                evidence=evidence,
                affected=issues,
            )
            return Found((finding,), issues)
        at = evidence["precision_at_recommended"]
        many = depth >= self.warning_share * len(found.rows)
        listed = (
            f"of the first {depth:,} in the list, {percent(at['value'])} (95 % interval "
            f"{percent_range(at['low'], at['high'])}) are expected to be wrong"
            if at["high"] - at["low"] <= WIDEST_PRECISION
            else f"how many of the first {depth:,} in the list are among them is not known"
        )
        finding = self.finding(
            f"{yielded.count_in_words()}; {listed}{_left_out(found)}",
            f"review the first {depth:,} of the list, each with its suggested label; after them a label is more likely "
            "right than wrong",
            severity=self._severity(yielded.estimated_errors.low / len(found.rows), many and yielded.noise_is_evident),
            evidence=evidence,
            affected=issues,
        )
        return Found((finding,), issues)

    def _severity(self, low: float, many_are_evident: bool) -> Severity:
        if low >= self.error_rate:
            return Severity.ERROR
        return Severity.WARNING if many_are_evident else Severity.INFO

    def _regression(self, context: RuleContext) -> Outcome:
        probe = context.probe
        if probe is None or probe.predictions is None:
            raise CannotJudge(NO_PROBE)
        target = np.where(placeholder_targets(context.manifest.target), np.nan, context.manifest.target)
        quality = target_quality(target, probe.predictions)
        deviations = target_deviations(target, probe.predictions) / TO_DEVIATION
        rows = np.flatnonzero(deviations >= self.regression_deviations)
        issues = self.issues(
            context.ids(rows),
            1 - quality[rows],
            value=quality[rows].astype(np.float64),
            note=[f"{value:.4g}" for value in probe.predictions[rows]],
        )
        limit, n_judged = number(self.regression_deviations), int(np.isfinite(quality).sum())
        message = f"targets differ from the prediction by {limit} robust standard deviations or more"
        gross = bool((deviations[rows] >= GROSS * self.regression_deviations).any())
        if gross or len(rows) >= self.warning_share * n_judged:
            return self._listed(issues, n_judged, message, Severity.WARNING)
        return self._listed(issues, n_judged, f"{message}, as some right ones do", Severity.INFO)

    def _multilabel(self, context: RuleContext) -> Outcome:
        found, left_out = trusted_columns(context, min_skill=self.min_skill)
        counted = count_multilabel_errors(found.probs, found.matrix)
        quality = multilabel_quality(found.probs, found.matrix)
        worst = quality.argmin(axis=1)
        lowest = quality[np.arange(len(quality)), worst]
        rows = np.flatnonzero(lowest < self.multilabel_quality)
        if not len(rows) and not counted.noise_is_evident:
            return Passed(f"the probe contradicts none of {plural(len(lowest), 'label')}{left_out}")
        note = [f"{'not ' if found.matrix[row, worst[row]] else ''}{found.classes[worst[row]]}" for row in rows]
        issues = self.issues(
            context.ids(found.rows[rows]),
            1 - lowest[rows],
            value=lowest[rows].astype(np.float64),
            note=pa.array(note, pa.string()),
        )
        low = counted.errors.low / max(1, counted.given) if counted.conclusive else 0.0
        many = counted.errors.value >= self.warning_share * counted.given
        finding = self.finding(
            f"{counted.in_words()}; {len(rows):,} of {plural(len(lowest), 'sample')} have or lack a label against the "
            f"probe, which gives it {percent(self.multilabel_quality)} or less{left_out}",
            REVIEW,
            severity=self._severity(low, many and counted.noise_is_evident),
            evidence={
                "share": proportion(len(rows), len(lowest)).to_json(),
                "judged": len(lowest),
                **multilabel_evidence(counted, found.classes),
            },
            affected=issues,
        )
        return Found((finding,), issues)

    def _listed(self, issues: pa.Table, n_judged: int, message: str, severity: Severity) -> Outcome:
        if not issues.num_rows:
            return Passed(f"the probe contradicts none of {plural(n_judged, 'label')}")
        finding = self.finding(
            f"{issues.num_rows:,} of {n_judged:,} {message}",
            REVIEW,
            evidence={"share": proportion(issues.num_rows, n_judged).to_json(), "judged": n_judged},
            affected=issues,
            severity=severity,
        )
        return Found((finding,), issues)


def _left_out(found: Classified) -> str:
    """Return as a clause that further labels were not judged; the counts hold without them."""
    return f"; {found.probe.left_out_in_words}" if found.probe.left_out else ""


def yield_evidence(yielded: LabelYield) -> dict[str, Any]:
    """Return a label yield as JSON values: the count, the precision curve, and the recommended depth."""
    errors = yielded.estimated_errors
    at = min(int(np.searchsorted(yielded.depth, yielded.recommended_depth)), len(yielded.depth) - 1)
    curve: tuple[NDArray[np.float64], ...] = (yielded.precision, yielded.precision_low, yielded.precision_high)
    point = dict(zip(("value", "low", "high"), (float(values[at]) for values in curve), strict=True))
    return {
        "conclusive": yielded.conclusive,
        "looked_at": 0 if yielded.look is None else yielded.look.looked_at,
        "noise_certainty": yielded.noise_certainty,
        "estimated_errors": {"value": errors.value, "low": errors.low, "high": errors.high, "method": errors.method},
        "recommended_depth": int(yielded.recommended_depth),
        "precision_at_recommended": point,
        "precision_curve": [
            {"depth": int(depth), "precision": float(value), "low": float(low), "high": float(high)}
            for depth, value, low, high in zip(yielded.depth, *curve, strict=True)
        ],
    }


def multilabel_evidence(counted: MultilabelCount, classes: tuple[str, ...]) -> dict[str, Any]:
    """Return a count of multilabel data as JSON values, in all and for each label."""
    return {
        "conclusive": counted.conclusive,
        "noise_certainty": counted.noise_certainty,
        "given": counted.given,
        "estimated_errors": counted.errors.to_json(),
        "by_label": [{"class": name, **one.to_json()} for name, one in zip(classes, counted.by_column, strict=True)],
    }
