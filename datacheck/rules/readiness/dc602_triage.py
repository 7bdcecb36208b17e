"""DC602: what to work on first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from datacheck.findings import Finding, Found, NotApplicable, Outcome, Passed, Severity
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.shared import Classified, trusted
from datacheck.stats.intervals import Z95, Interval, proportion

GAPS = {
    "mislabelling": ("goal", "labels"),
    "underfitting": ("labels", "train"),
    "overfitting": ("train", "validation"),
    "distribution shift": ("validation", "test"),
}
REMEDIES = {
    "mislabelling": "have the doubtful labels looked at first (DC501, datacheck relabel): no model can agree with them",
    "underfitting": "a larger model, more training or better inputs come first; more data does not help yet",
    "overfitting": "more data, augmentation or regularisation come first (DC603 says what more data would bring)",
    "distribution shift": "collect data like the test set, or split again at random over the groups (DC307, DC308)",
    "rebalancing": "class weights, a balanced sampler or more of the weak classes come first (datacheck plan measures)",
}

UNTOLD = (
    "a stronger model, better inputs or more data: the error on the training rows, which would tell underfitting from "
    "overfitting, is not known for this backend (DC603 says what more data would bring)"
)


@dataclass(frozen=True)
class Triage(Rule):
    """Which gap costs most: wrong labels, underfitting, overfitting, distribution shift, or weak classes.

    What
    ----
    Puts the errors on one line (goal, labels, training, validation, test) and names the first large step, in the order
    in which such steps are worth closing: mislabelling, underfitting, overfitting, distribution shift, rebalancing.

    Why it hurts training
    ---------------------
    Each step has its own remedy, and the remedy of one does nothing for another: weeks go into data for a model that
    underfits, or into a larger model for data that shifted.

    How it is measured
    ------------------
    Error of the probe on what it was fitted on (where the backend records ``train_accuracy``), out of sample on the
    training and validation rows, and on the test rows; Wilson's 95 % intervals; the goal is ``goal_error``, and
    the labels' row is it and the estimated share of wrong labels (DC501), which no model can go below. The last row is
    the error averaged over classes (1 - balanced accuracy), for rebalancing. A step counts when it is at least
    ``min_gap`` and larger than the two intervals' joint width (Goodfellow et al. 2016, ch. 11; Ng, *Machine Learning
    Yearning*).

    How to fix
    ----------
    Close the first step that counts before turning to the next; the table says how much there is to gain at each.

    Example
    -------
    >>> table = {"goal": (0.0, 0.0, 0.0), "train": (0.02, 0.01, 0.03), "validation": (0.3, 0.28, 0.32)}
    >>> triage({name: Interval(*row) for name, row in table.items()}, min_gap=0.05)[0]["step"]
    'overfitting'
    """

    code: ClassVar[str] = "DC602"
    name: ClassVar[str] = "triage"
    severity: ClassVar[Severity] = Severity.INFO

    goal_error: float = 0.0
    min_gap: float = 0.05

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        found = trusted(context, least=50)
        if isinstance(found, NotApplicable):
            return found
        table = self._table(context, found)
        steps = triage(table, min_gap=self.min_gap)
        if not steps:
            return Passed("no step from goal to test error is worth closing first: " + _in_words(table))
        first = steps[0]
        finding = Finding(
            code=self.code,
            name=self.name,
            severity=self.severity,
            message=f"{first['step']} comes first: {100 * first['gap']:.1f} points of error from {first['from']} to "
            f"{first['to']} ({_in_words(table)})",
            remedy=UNTOLD
            if first["step"] == "underfitting" and first["to"] == "validation"
            else REMEDIES[first["step"]],
            evidence={
                "table": [{"row": name, **one.to_json()} for name, one in table.items()],
                "order": steps,
            },
        )
        return Found((finding,))

    def _table(self, context: RuleContext, found: Classified) -> dict[str, Interval]:
        wrong = found.probs.argmax(axis=1) != found.labels
        splits = context.manifest.split_codes[found.rows]
        names = context.manifest.splits
        table = {"goal": Interval(self.goal_error, self.goal_error, self.goal_error)}
        if found.probe.label_yield is not None:
            count, n = found.probe.label_yield.estimated_errors, len(found.rows)
            low, value, high = (self.goal_error + one / n for one in (count.low, count.value, count.high))
            table["labels"] = Interval(value, low, high, method=count.method)
        fitted = found.probe.metrics.get("train_accuracy")
        if fitted is not None:
            table["train"] = Interval(1 - fitted.value, 1 - fitted.high, 1 - fitted.low, method=fitted.method)
        is_test = splits == (names.index("test") if "test" in names else -2)
        held_out = ~is_test
        table["validation"] = proportion(int(wrong[held_out].sum()), int(held_out.sum()))
        if is_test.any():
            table["test"] = proportion(int(wrong[is_test].sum()), int(is_test.sum()))
        labels = found.labels[held_out]
        sizes = np.bincount(labels, minlength=len(found.classes))
        misses = np.bincount(labels[wrong[held_out]], minlength=len(found.classes))
        present = sizes > 0
        shares = misses[present] / sizes[present]
        error = Z95 * float(np.sqrt((shares * (1 - shares) / sizes[present]).sum())) / int(present.sum())
        mean = float(shares.mean())
        table["mean of classes"] = Interval(mean, max(0.0, mean - error), min(1.0, mean + error), method="normal")
        return table


def triage(table: Mapping[str, Interval], *, min_gap: float = 0.05) -> list[dict[str, Any]]:
    """Steps between the errors of a table that are worth closing, in the order in which to close them.

    Without a training error the step from goal to validation cannot be told apart and is called overfitting only where
    the training error is known.
    """
    least = "labels" if "labels" in table else "goal"
    steps = []
    for step, (start, end) in GAPS.items():
        start = least if start == "labels" else start
        end = "validation" if step == "underfitting" and "train" not in table else end
        before, after = table.get(start), table.get(end)
        if before is not None and after is not None:
            steps.append(_step(step, start, end, before, after))
    if "mean of classes" in table:
        steps.append(
            _step("rebalancing", "validation", "mean of classes", table["validation"], table["mean of classes"])
        )
    return [step for step in steps if step["gap"] >= min_gap and step["gap"] > step["uncertainty"]]


def _step(step: str, start: str, end: str, before: Interval, after: Interval) -> dict[str, Any]:
    widths = np.array([before.high - before.low, after.high - after.low]) / 2
    return {
        "step": step,
        "from": start,
        "to": end,
        "gap": after.value - before.value,
        "uncertainty": float(np.sqrt((widths**2).sum())),
    }


def _in_words(table: Mapping[str, Interval]) -> str:
    return ", ".join(f"{name} {100 * one.value:.1f} %" for name, one in table.items())
