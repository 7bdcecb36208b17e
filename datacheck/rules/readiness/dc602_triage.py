"""DC602: what to work on first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.labels.label_columns import PRESENT
from datacheck.manifest import Task
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.label_columns import LabelColumns, label_columns
from datacheck.rules.readiness.goal import Goal, goal_of
from datacheck.rules.readiness.label_errors import label_error, mean_label_error
from datacheck.rules.requirements import PROBE, SAMPLE_CLASSES
from datacheck.rules.shared import MIN_EMBEDDED, Classified, check_skill, trusted
from datacheck.stats import Z95, Interval, proportion
from datacheck.text import percent

GAPS = {
    "mislabelling": ("goal", "labels"),
    "underfitting": ("labels", "train"),
    "overfitting": ("train", "validation"),
    "distribution shift": ("validation", "test"),
}
"""Each step with the errors before and after it, in the order in which the steps are worth working on."""

REMEDIES = {
    "mislabelling": "review the doubtful labels first (DC501, datacheck queue): no model can agree with wrong labels",
    "underfitting": "use a larger model, more training or better inputs first; more data does not help yet",
    "overfitting": "use more data, augmentation or regularisation first (DC603 estimates what more data brings)",
    "distribution shift": "collect data like the test set, or split again at random over the groups (DC307, DC308)",
    "rebalancing": "use class weights, a balanced sampler or more of the weak classes (datacheck plan measures them)",
}

UNKNOWN_TRAIN = (
    "use a stronger model, better inputs or more data: the error on the training rows was not measured here, so "
    "underfitting and overfitting cannot be separated (DC603 estimates what more data brings)"
)

UNKNOWN_LABELS = (
    "; or some labels are wrong, which costs the same out of sample: how many is not known (DC501; datacheck queue "
    "make --look 60 measures it)"
)


@dataclass(frozen=True)
class Triage(Rule):
    """One source of error is the largest: wrong labels, underfitting, overfitting, shift, or weak classes.

    What
    ----
    Puts the errors in a row (goal, labels, training, validation, test) and names the first large step, in the order in
    which the steps are worth working on: mislabelling, underfitting, overfitting, distribution shift, rebalancing.

    Why it hurts training
    ---------------------
    Each step has its own remedy, and the remedy of one does nothing for another. Weeks are spent on more data for a
    model that underfits, or on a larger model for data that shifted.

    How it is measured
    ------------------
    By the error of the probe on rows that it was trained on (``train_accuracy``; each row by one model that saw it; not
    measured for fine-tuned networks, for predictions that you give, and where the time was over), out of sample on the
    training and validation rows, and on the test rows, with Wilson's 95 % intervals. The goal is
    ``goal_error`` where it is declared, else the error of one person where further columns hold class names: by how
    often these differ from the label (Dawid and Skene 1979, with one error rate), else 0. Where the high end of the
    error on the test rows, or on held-out rows, is below the goal, the finding is "good enough". The row "labels"
    adds the estimated share of wrong labels (DC501), below which no model can go; it is left out if that share is
    not known, and the remedy of overfitting then names wrong labels too. The last row is the error averaged over
    classes (1 - balanced accuracy), for rebalancing. A step counts if it is at least ``min_gap`` and larger than what
    the two intervals leave open: the upper part of the first and the lower part of the second (Goodfellow et al. 2016,
    chapter 11; Ng, *Machine Learning Yearning*).

    Multilabel: the error is the share of the labels given or predicted that is only one of them, the last row its mean
    over labels. Wrong labels are not counted there, so the row "labels" is left out.

    How to fix
    ----------
    Work on the first step that counts before the next one. The table says how much there is to gain at each.

    Example
    -------
    The probe is right on all rows that it was trained on, and wrong on a third of the others::

        DC602 overfitting comes first: 28 points of error from train to validation (error at goal 0 %, train 2 %,
          validation 30 %, test 30 %, mean of classes 29.8 %)
    """

    code: ClassVar[str] = "DC602"
    name: ClassVar[str] = "triage"
    severity: ClassVar[Severity] = Severity.INFO
    requires = (SAMPLE_CLASSES, PROBE)

    goal_error: float = 0.0  # the error that is good enough; 0 is none declared
    min_gap: float = 0.05  # smaller steps are not worth a project

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        if context.manifest.task is Task.MULTILABEL:
            check_skill(context)
            declared = Interval(self.goal_error, self.goal_error, self.goal_error, method="declared")
            goal = Goal(declared, "the declared goal" if self.goal_error > 0 else "")
            table = self._label_table(context, label_columns(context, least=MIN_EMBEDDED))
        else:
            goal = goal_of(context.manifest, self.goal_error)
            table = self._table(context, trusted(context, least=MIN_EMBEDDED), goal.error)
        steps = triage(table, min_gap=self.min_gap)
        rows = [{"row": name, **one.to_json()} for name, one in table.items()]
        reached = goal.reached(table)
        if reached:
            stop = "stop here: a larger model, more training or more data has nothing left to reach by this goal"
            return Found((self.finding(reached, stop, evidence={"table": rows, "order": [], "goal_reached": True}),))
        if not steps:
            return Passed(f"no step from goal to test is worth working on first (error at {_in_words(table)})")
        first = steps[0]
        remedy = REMEDIES[first["step"]]
        if first["step"] == "underfitting" and first["to"] == "validation":
            remedy = UNKNOWN_TRAIN
        elif first["step"] == "overfitting" and "labels" not in table:
            remedy += UNKNOWN_LABELS
        finding = self.finding(
            f"{first['step']} comes first: {100 * first['gap']:.3g} points of error from {first['from']} to "
            f"{first['to']} (error at {_in_words(table)})",
            remedy,
            evidence={"table": rows, "order": steps, "goal_reached": False},
        )
        return Found((finding,))

    def _label_table(self, context: RuleContext, found: LabelColumns) -> dict[str, Interval]:
        predicted = found.probs >= PRESENT
        is_test = _in_test(context, found.rows)
        table = {
            "goal": Interval(self.goal_error, self.goal_error, self.goal_error),
            "validation": label_error(found.matrix[~is_test], predicted[~is_test]),
        }
        if is_test.any():
            table["test"] = label_error(found.matrix[is_test], predicted[is_test])
        table["mean of classes"] = mean_label_error(found.matrix[~is_test], predicted[~is_test])
        return table

    def _table(self, context: RuleContext, found: Classified, goal: Interval) -> dict[str, Interval]:
        wrong = found.probs.argmax(axis=1) != found.labels
        table = {"goal": goal}
        if found.probe.label_yield is not None and found.probe.label_yield.conclusive:
            count, n = found.probe.label_yield.estimated_errors, len(found.rows)
            low, value, high = (goal.value + one / n for one in (count.low, count.value, count.high))
            table["labels"] = Interval(value, low, high, method=count.method)
        fitted = found.probe.metrics.get("train_accuracy")
        if fitted is not None:
            table["train"] = Interval(1 - fitted.value, 1 - fitted.high, 1 - fitted.low, method=fitted.method)
        is_test = _in_test(context, found.rows)
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


def _in_test(context: RuleContext, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
    names = context.manifest.splits
    flags: NDArray[np.bool_] = context.manifest.split_codes[rows] == (names.index("test") if "test" in names else -2)
    return flags


def triage(table: Mapping[str, Interval], *, min_gap: float = 0.05) -> list[dict[str, Any]]:
    """Return the steps between the errors of a table that are worth working on, in order.

    If the training error is not known, the step from goal to validation counts as underfitting. Where wrong labels
    alone make a larger error than that on the training rows, overfitting is what lies above them.

    Examples
    --------
    >>> table = {"goal": (0.0, 0.0, 0.0), "train": (0.02, 0.01, 0.03), "validation": (0.3, 0.28, 0.32)}
    >>> triage({name: Interval(*row) for name, row in table.items()}, min_gap=0.05)[0]["step"]
    'overfitting'
    """
    least = "labels" if "labels" in table else "goal"
    steps = []
    for step, (start, end) in GAPS.items():
        start = least if start == "labels" else start
        if step == "overfitting" and {"labels", "train"} <= set(table):
            # A model that learnt wrong labels by heart has no training error; what they cost out of sample is theirs.
            start = max("train", "labels", key=lambda name: table[name].value)
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
    uncertainty = np.hypot(before.high - before.value, after.value - after.low)
    return {
        "step": step,
        "from": start,
        "to": end,
        "gap": after.value - before.value,
        "uncertainty": float(uncertainty),
    }


def _in_words(table: Mapping[str, Interval]) -> str:
    return ", ".join(f"{name} {percent(one.value)}" for name, one in table.items())
