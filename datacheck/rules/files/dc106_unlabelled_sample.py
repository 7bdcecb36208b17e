"""DC106: samples without a label, and classes that mean "no label"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import Finding, Found, NotApplicable, Outcome, Passed, Severity, sample_issues
from datacheck.manifest import Manifest, Task
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.files.shared import few
from datacheck.text import plural

NOT_A_CLASS = frozenset(
    {"", "nan", "none", "null", "n/a", "#n/a", "<na>", "-", "?", "unlabelled", "unlabeled", "no label", "no_label"}
)
"""Words that stand where a label is missing."""

MAYBE_A_CLASS = frozenset({"unknown", "undefined", "unsure", "todo", "tbd", "unassigned", "unsorted", "na", "-1"})
"""Words that often do, and are sometimes meant."""


@dataclass(frozen=True)
class UnlabelledSample(Rule):
    """A sample has no label, or a class whose name says that there is none.

    What
    ----
    Counts the samples without a label or target, by split, and names the classes that look like a missing label
    (``nan``, ``none``, ``unlabelled``; and more carefully ``unknown``).

    Why it hurts training
    ---------------------
    A missing label becomes whatever the loader makes of it: class 0, a class called ``nan``, a NaN loss, or a row that
    is dropped in training and not in evaluation.

    How it is measured
    ------------------
    Nulls (and NaN for regression) over all rows; class names compared with a list, ignoring case and outer spaces.
    A split that has no labels at all is stated as information, since hidden test labels are common.

    How to fix
    ----------
    Label the samples, or leave them out explicitly. Rename a class that really is called ``unknown`` only if it
    misleads; otherwise make it null.

    Example
    -------
    >>> from datacheck.manifest import Manifest
    >>> manifest = Manifest.from_columns({"label": ["cat", None, "dog", "NaN"]})
    >>> [finding.message for finding in UnlabelledSample().check(RuleContext(manifest)).findings]
    ['1 of 4 samples has no label', "1 sample has the class 'NaN', which reads like a missing label"]
    """

    code: ClassVar[str] = "DC106"
    name: ClassVar[str] = "unlabelled-sample"
    severity: ClassVar[Severity] = Severity.WARNING

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        manifest = context.manifest
        if manifest.task is Task.UNLABELLED:
            return NotApplicable("the dataset has no labels: name the label column or folder when opening it")
        if manifest.task is Task.PAIRED:
            return NotApplicable("the labels are files: DC102 says which are missing")
        findings = []
        missing = np.flatnonzero(~manifest.labelled)
        if len(missing):
            findings.append(self._missing(manifest, missing))
        suspicious = [name for name in manifest.classes if name.strip().casefold() in NOT_A_CLASS | MAYBE_A_CLASS]
        classes = {name: _rows_of(manifest, name) for name in suspicious}
        findings += [self._suspicious(manifest, name, rows) for name, rows in classes.items() if len(rows)]
        if not findings:
            return Passed(f"all {plural(len(manifest), 'sample')} have their label")
        rows = np.concatenate([missing, *classes.values()])
        notes = ["no label"] * len(missing) + [f"class {name!r}" for name, rows in classes.items() for _ in rows]
        suspicion = np.where(np.arange(len(rows)) < len(missing), 1.0, 0.5)
        ids = manifest.sample_ids.take(rows)
        return Found(tuple(findings), sample_issues(self.code, ids, suspicion, note=notes))

    def _missing(self, manifest: Manifest, missing: NDArray[np.int64]) -> Finding:
        n = len(manifest)
        by_split, whole = {}, []
        for code, split in enumerate(manifest.splits):
            total = int((manifest.split_codes == code).sum())
            count = int((manifest.split_codes[missing] == code).sum())
            by_split[split] = {"missing": count, "samples": total, "share": count / total}
            whole += [split] * (count == total)
        in_whole = sum(by_split[split]["missing"] for split in whole)
        hidden = len(whole) < len(manifest.splits) and in_whole == len(missing)
        noun = "target" if manifest.task is Task.REGRESSION else "label"
        message = f"{len(missing):,} of {plural(n, 'sample')} {'has' if len(missing) == 1 else 'have'} no {noun}"
        return Finding(
            code=self.code,
            name=self.name,
            severity=Severity.INFO if hidden else self.severity,
            message=message + (f": the whole of {few(whole)}" if hidden else ""),
            remedy=f"supply the {noun}s, or leave these samples out explicitly",
            evidence={"n_missing": len(missing), "share": len(missing) / n, "by_split": by_split},
            sample_ids=tuple(manifest.sample_ids.take(missing[:100]).to_pylist()),
            n_affected=len(missing),
        )

    def _suspicious(self, manifest: Manifest, name: str, rows: NDArray[np.int64]) -> Finding:
        certain = name.strip().casefold() in NOT_A_CLASS
        return Finding(
            code=self.code,
            name=self.name,
            severity=self.severity if certain else Severity.INFO,
            message=(
                f"{plural(len(rows), 'sample')} {'has' if len(rows) == 1 else 'have'} the class {name!r}, which "
                f"{'reads like' if certain else 'may stand for'} a missing label"
            ),
            remedy="label these samples or make their label null; leave it if it is a class of its own",
            evidence={"class": name, "n": len(rows), "share": len(rows) / len(manifest)},
            sample_ids=tuple(manifest.sample_ids.take(rows[:100]).to_pylist()),
            n_affected=len(rows),
        )


def _rows_of(manifest: Manifest, name: str) -> NDArray[np.int64]:
    column = manifest.classes.index(name)
    if manifest.task is Task.MULTILABEL:
        return np.flatnonzero(manifest.label_matrix[:, column])
    return np.flatnonzero(manifest.label_codes == column)
