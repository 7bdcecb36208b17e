"""DC506: samples that fit two classes equally well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.labels.label_columns import ALPHA, undecided
from datacheck.manifest import Task
from datacheck.probing.skill import MIN_SKILL
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.label_columns import trusted_columns
from datacheck.rules.requirements import PROBE, SAMPLE_CLASSES
from datacheck.rules.shared import trusted
from datacheck.stats import proportion
from datacheck.text import listed, percent, percent_range

MAX_PAIRS = 10
"""The evidence shows at most this many pairs of classes, the most common first."""


@dataclass(frozen=True)
class Ambiguous(Rule):
    """Samples fit two classes equally well.

    What
    ----
    Lists the samples for which the probe finds two classes about equally likely, and no third.

    Why it hurts training
    ---------------------
    One fixed label teaches the model to be certain where nobody is. Many such samples limit the accuracy that any
    training can reach, and make the test figures noisy.

    How it is measured
    ------------------
    By out-of-sample probabilities: the two largest have a sum of at least ``min_together`` and differ by at most
    ``max_gap``. Reported if the low end of the 95 % interval of their share is at least ``min_share``. A probe with a
    skill below ``min_skill`` judges nothing.

    Multilabel: samples for which a label is as likely there as not, by the same ``max_gap``, label by label, with
    intervals that hold for all labels together. A label is judged if its own skill reaches ``min_skill``.

    How to fix
    ----------
    Ask two annotators for each. If they differ, keep both answers, as a soft label or as a second label. Do not remove
    such samples from the test set without looking: the figures get better, the model does not.

    Example
    -------
    30 of 800 photos show both animals::

        DC506 30 of 800 samples (3.8 %, 95 % interval 2.6 to 5.3 %) fit two classes equally well, most often cat or dog
    """

    code: ClassVar[str] = "DC506"
    name: ClassVar[str] = "ambiguous"
    severity: ClassVar[Severity] = Severity.INFO
    requires = (SAMPLE_CLASSES, PROBE)

    min_together: float = 0.85  # a third class has less than 1 chance in 6
    max_gap: float = 0.1  # 47 % and 37 % still are about equally likely
    min_share: float = 0.01  # fewer change no figure
    min_skill: float = MIN_SKILL

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        if context.manifest.task is Task.MULTILABEL:
            return self._multilabel(context)
        found = trusted(context, min_skill=self.min_skill)
        between = np.flatnonzero(between_two(found.probs, min_together=self.min_together, max_gap=self.max_gap))
        share = proportion(len(between), len(found.rows))
        if share.low < self.min_share:
            return Passed(f"{len(between):,} of {len(found.rows):,} samples fit two classes equally well")
        probs = found.probs[between].astype(np.float64)
        order = np.argsort(-probs, axis=1, kind="stable")[:, :2]
        gap = np.abs(np.diff(np.take_along_axis(probs, order, axis=1), axis=1))[:, 0]
        note = [f"{found.classes[first]} or {found.classes[second]}" for first, second in order]
        issues = self.issues(context.ids(found.rows[between]), np.clip(1 - gap, 0, 1), value=gap, note=note)
        words, counts = np.unique(note, return_counts=True)
        common = [
            {"pair": str(words[index]), "n": int(counts[index])}
            for index in np.argsort(-counts, kind="stable")[:MAX_PAIRS]
        ]
        finding = self.finding(
            f"{len(between):,} of {len(found.rows):,} samples ({percent(share.value)}, 95 % interval "
            f"{percent_range(share.low, share.high)}) fit two classes equally well, most "
            f"often {common[0]['pair']}",
            "ask two annotators for each, and keep both answers if they differ",
            evidence={"share": share.to_json(), "pairs": common},
            affected=issues,
        )
        return Found((finding,), issues)

    def _multilabel(self, context: RuleContext) -> Outcome:
        found, left_out = trusted_columns(context, min_skill=self.min_skill)
        flags = undecided(found.probs, max_gap=self.max_gap)
        level = 1 - ALPHA / len(found.classes)
        shares = [proportion(int(flags[:, column].sum()), len(flags), level=level) for column in range(flags.shape[1])]
        chosen = np.array([share.low >= self.min_share for share in shares])
        if not chosen.any():
            return Passed(f"no label is undecided in many samples{left_out}")
        rows = np.flatnonzero(flags[:, chosen].any(axis=1))
        open_labels = flags[rows] & chosen
        gap = np.where(open_labels, np.abs(2 * found.probs[rows] - 1), 1.0).min(axis=1)
        note = [", ".join(found.classes[column] for column in np.flatnonzero(row)) for row in open_labels]
        issues = self.issues(context.ids(found.rows[rows]), np.clip(1 - gap, 0, 1), value=gap, note=note)
        order = sorted(np.flatnonzero(chosen).tolist(), key=lambda column: -shares[column].low)
        top = order[0]
        finding = self.finding(
            f"label {found.classes[top]!r} is as likely there as not in {int(flags[:, top].sum()):,} of "
            f"{len(flags):,} samples ({percent(shares[top].value)}, 95 % interval for all labels together "
            f"{percent_range(shares[top].low, shares[top].high)})"
            + (f"; also {listed([found.classes[column] for column in order[1:]])}" if len(order) > 1 else "")
            + left_out,
            "ask two annotators for each, and keep both answers if they differ",
            evidence={"labels": [{"label": found.classes[column], **shares[column].to_json()} for column in order]},
            affected=issues,
        )
        return Found((finding,), issues)


def between_two(
    pred_probs: NDArray[np.floating[Any]], *, min_together: float = 0.85, max_gap: float = 0.1
) -> NDArray[np.bool_]:
    """Whether two classes are about equally likely for each sample and no third is likely; shape [N] from [N, K].

    Examples
    --------
    >>> between_two(np.array([[0.49, 0.46, 0.05], [0.9, 0.05, 0.05], [0.4, 0.3, 0.3]])).tolist()
    [True, False, False]
    """
    top = -np.partition(-np.asarray(pred_probs), 1, axis=1)[:, :2]
    between: NDArray[np.bool_] = (top.sum(axis=1) >= min_together) & (np.abs(top[:, 0] - top[:, 1]) <= max_gap)
    return between
