"""DC106: samples without a usable label, and classes and targets that mean "no label"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from datacheck.findings import Finding, Found, Outcome, Passed, Severity
from datacheck.labels.placeholders import is_code, placeholder_targets
from datacheck.manifest import Manifest, Task
from datacheck.rules.base import CannotJudge, Rule, RuleContext
from datacheck.rules.files.shared import N_NAMED
from datacheck.text import have, listed, number, plural

NOT_A_CLASS = frozenset(
    {"", "nan", "none", "null", "n/a", "#n/a", "<na>", "-", "?", "unlabelled", "unlabeled", "no label", "no_label"}
)
"""Words that mean that a label is missing."""

MAYBE_A_CLASS = frozenset({"unknown", "undefined", "unsure", "todo", "tbd", "unassigned", "unsorted", "na", "-1"})
"""Words that often mean so, and are sometimes a class."""

Rows = NDArray[np.int64]
Part = tuple[Finding, pa.Table]


@dataclass(frozen=True)
class UnlabelledSample(Rule):
    """A sample has no usable label, or a label that means that there is none.

    What
    ----
    Counts the samples without a label or target, by split; targets that are not finite; and labels that look like a
    placeholder: classes such as ``nan``, ``none``, ``unlabelled`` (and, less certain, ``unknown``), and targets such as
    -999 or 9999 far outside all others.

    Why it hurts training
    ---------------------
    A missing label becomes whatever the loader makes of it: class 0, a class called ``nan``, a loss of NaN, or a row
    that is dropped in training but not in evaluation. One target of 9999 among values of ten dominates the loss.

    How it is measured
    ------------------
    By nulls and non-finite targets over all rows. Class names are compared with a list, ignoring case and outer spaces.
    A target is a placeholder if it lies at least the range of all other targets outside of them and is written in
    nines, or is the end of a number type; or if it lies 100 ranges outside (``datacheck.labels.placeholders``). A split
    without any label is an info, because hidden test labels are common.

    How to fix
    ----------
    Label the samples, make the label null, or leave the samples out explicitly. If a class really is called
    ``unknown``, keep it.

    Example
    -------
    A table of four rows::

        label
        cat
        (empty)
        dog
        NaN

        DC106 1 of 4 samples has no label
        DC106 1 sample has the class 'NaN', which reads like a missing label
    """

    code: ClassVar[str] = "DC106"
    name: ClassVar[str] = "unlabelled-sample"
    severity: ClassVar[Severity] = Severity.WARNING

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        manifest = context.manifest
        if manifest.task is Task.UNLABELLED:
            raise CannotJudge("the dataset has no labels: name the label column or folder when opening it")
        if "label_uri" in manifest or manifest.has_instances:
            raise CannotJudge("the labels are files: DC102 reports which are missing")
        if manifest.task is Task.DETECTION:
            raise CannotJudge("the labels are boxes: DC802 reports which images have none")
        parts = self._missing(context)
        parts += self._targets(context) if manifest.task is Task.REGRESSION else self._classes(context)
        if not parts:
            return Passed(f"all {plural(len(manifest), 'sample')} have their label")
        return Found.of(parts)

    def _missing(self, context: RuleContext) -> list[Part]:
        manifest = context.manifest
        regression = manifest.task is Task.REGRESSION
        infinite = np.isinf(manifest.target) if regression else np.zeros(len(manifest), dtype=bool)
        missing = np.flatnonzero(~manifest.labelled & ~infinite)
        if not len(missing):
            return []
        noun = "target" if regression else "label"
        by_split, hidden = _by_split(manifest, missing)
        issues = self.issues(context.ids(missing), note=[f"no {noun}"] * len(missing))
        finding = self.finding(
            f"{len(missing):,} of {plural(len(manifest), 'sample')} {'has' if len(missing) == 1 else 'have'} no {noun}"
            + (f": all of {listed(hidden, N_NAMED)}" if hidden else ""),
            f"supply the {noun}s, or leave these samples out explicitly",
            severity=Severity.INFO if hidden else self.severity,
            evidence={"n_missing": len(missing), "share": len(missing) / len(manifest), "by_split": by_split},
            affected=issues,
        )
        return [(finding, issues)]

    def _classes(self, context: RuleContext) -> list[Part]:
        manifest = context.manifest
        parts = []
        for name in manifest.classes:
            word = name.strip().casefold()
            rows = _rows_of(manifest, name)
            if word not in NOT_A_CLASS | MAYBE_A_CLASS or not len(rows):
                continue
            certain = word in NOT_A_CLASS
            issues = self.issues(context.ids(rows), 0.5, note=[f"class {name!r}"] * len(rows))
            finding = self.finding(
                f"{have(len(rows), 'sample')} the class {name!r}, which {'reads like' if certain else 'may mean'} a "
                "missing label",
                "label these samples or make their label null; keep it if it is a class of its own",
                severity=self.severity if certain else Severity.INFO,
                evidence={"class": name, "n": len(rows), "share": len(rows) / len(manifest)},
                affected=issues,
            )
            parts.append((finding, issues))
        return parts

    def _targets(self, context: RuleContext) -> list[Part]:
        target = context.manifest.target
        infinite = np.flatnonzero(np.isinf(target))
        parts = []
        if len(infinite):
            issues = self.issues(context.ids(infinite), note=[f"target {value:g}" for value in target[infinite]])
            finding = self.finding(
                f"{have(len(infinite), 'sample')} an infinite target: {_named(issues)}",
                "correct these targets or make them null: one infinite target makes the loss infinite",
                severity=Severity.ERROR,
                evidence={"n": len(infinite), "share": len(infinite) / len(target)},
                affected=issues,
            )
            parts.append((finding, issues))
        placeholder = placeholder_targets(target)
        usual = target[np.isfinite(target) & ~placeholder]
        for value in np.unique(target[placeholder]).tolist():
            rows = np.flatnonzero(target == value)
            issues = self.issues(context.ids(rows), value=target[rows], note=[f"target {value:g}"] * len(rows))
            finding = self.finding(
                f"{have(len(rows), 'sample')} the target {number(value, 6)}, far outside all others "
                f"({number(usual.min())} to {number(usual.max())}), so it looks like a missing value: {_named(issues)}",
                "correct this target or make it null; if it is real, transform the target (for example by its "
                "logarithm) before training",
                severity=Severity.ERROR if is_code(value) else self.severity,
                evidence={"target": value, "n": len(rows), "usual": [float(usual.min()), float(usual.max())]},
                affected=issues,
            )
            parts.append((finding, issues))
        return parts


def _by_split(manifest: Manifest, missing: Rows) -> tuple[dict[str, dict[str, float]], list[str]]:
    """Missing labels by split; and the splits without any label, if they hold all that is missing."""
    by_split = {}
    for code, split in enumerate(manifest.splits):
        total = int((manifest.split_codes == code).sum())
        count = int((manifest.split_codes[missing] == code).sum())
        by_split[split] = {"missing": count, "samples": total, "share": count / total}
    whole = [split for split, counts in by_split.items() if counts["missing"] == counts["samples"]]
    in_whole = sum(by_split[split]["missing"] for split in whole)
    hidden = len(whole) < len(manifest.splits) and in_whole == len(missing)
    return by_split, whole if hidden else []


def _rows_of(manifest: Manifest, name: str) -> Rows:
    column = manifest.classes.index(name)
    if manifest.task.lists_classes:
        return np.flatnonzero(manifest.label_matrix[:, column])
    return np.flatnonzero(manifest.label_codes == column)


def _named(issues: pa.Table) -> str:
    return listed(issues["sample_id"].to_pylist(), N_NAMED)
