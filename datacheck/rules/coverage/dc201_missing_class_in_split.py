"""DC201: a class that a split does not have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from datacheck.findings import Finding, Found, Outcome, Passed, Severity
from datacheck.manifest import Task
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.coverage.shared import ClassCounts, class_counts, split_rows
from datacheck.rules.mask_classes import class_shares_of
from datacheck.rules.requirements import CLASSES_OR_MASKS
from datacheck.text import have, listed

NORMAL = {"good", "normal", "ok", "nominal"}
"""Names of the class that is alone in the training split of a dataset for the detection of anomalies."""


@dataclass(frozen=True)
class MissingClassInSplit(Rule):
    """A class has no sample in a split, or in the whole dataset.

    What
    ----
    Counts every class in every split and names the empty cells: classes that are evaluated but not trained, classes
    that are trained but not evaluated, and classes without any sample, such as an empty folder.

    Why it hurts training
    ---------------------
    A model cannot predict a class that it was never trained on, so every evaluation sample of that class is an error.
    A class without evaluation samples can fail completely, and no metric shows it. For an empty class the model gets an
    output that is never trained, and torchvision's ``ImageFolder`` stops with an error.

    How it is measured
    ------------------
    By the full table of splits and classes over all rows; nothing is sampled. Splits without any label are left out. Of
    masks, the images are counted that show a class with at least one pixel.
    If a class is missing from an evaluation split by chance, this is only an info: fewer than ``min_expected`` samples
    would be expected from the size of the split and the share of the class in training. So is a training split that has
    one class alone, called good, normal, ok or nominal: sets for the detection of anomalies are made so.

    How to fix
    ----------
    Split again with stratification (for multilabel data, iterative stratification), add samples of the class to the
    split, or remove the class on purpose.

    Example
    -------
    Two classes were split by folder instead of at random::

        label    train    test
        cat         40      10
        dog          0      10

        DC201 1 class has no sample in 'train', but it is evaluated in 'test': 'dog'
    """

    code: ClassVar[str] = "DC201"
    name: ClassVar[str] = "missing-class-in-split"
    severity: ClassVar[Severity] = Severity.ERROR
    requires = (CLASSES_OR_MASKS,)

    min_expected: float = 3.0  # where 3 are expected, chance leaves none in 5 % of all cases

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        counted = class_counts(context)
        missing = counted.counts == 0
        everywhere = missing.all(axis=0)
        findings = []
        untrained = np.flatnonzero(missing[counted.train] & ~everywhere)
        issues = self._issues_of(context, untrained)
        if len(untrained):
            findings.append(self._untrained(counted, untrained, issues))
        for split, name in enumerate(counted.splits):
            absent = np.flatnonzero(missing[split] & ~everywhere)
            if split != counted.train and len(absent):
                findings.append(self._unevaluated(counted, split, name, absent))
        if everywhere.any():
            findings.append(self._nowhere(counted, [counted.classes[k] for k in np.flatnonzero(everywhere)]))
        if findings:
            return Found(tuple(findings), issues)
        return Passed(f"all {len(counted.classes)} classes occur in {', '.join(counted.splits)}")

    def _untrained(self, counted: ClassCounts, untrained: NDArray[np.intp], issues: pa.Table) -> Finding:
        names = [counted.classes[k] for k in untrained]
        trained = [name for name, n in zip(counted.classes, counted.counts[counted.train], strict=True) if n]
        if len(trained) == 1 and trained[0].lower() in NORMAL:
            return self.finding(
                f"{have(len(names), 'class', 'classes')} no sample in {counted.splits[counted.train]!r}, which has "
                f"{trained[0]!r} alone, as for the detection of anomalies: {listed(names)}",
                "right where a model of the normal class is trained; for a classifier, split again",
                severity=Severity.INFO,
                evidence=_matrix(counted),
                affected=issues,
            )
        evaluated = [name for name, row in zip(counted.splits, counted.counts, strict=True) if row[untrained].any()]
        return self.finding(
            f"{have(len(names), 'class', 'classes')} no sample in {counted.splits[counted.train]!r}, but "
            f"{'it is' if len(names) == 1 else 'they are'} evaluated in {listed(evaluated)}: {listed(names)}",
            "split again, stratified by class, or add training samples of the class",
            evidence=_matrix(counted),
            affected=issues,
        )

    def _unevaluated(self, counted: ClassCounts, split: int, name: str, absent: NDArray[np.intp]) -> Finding:
        share = counted.counts[counted.train, absent] / counted.rows[counted.train]
        expected = share * counted.rows[split]
        names = [counted.classes[k] for k in absent]
        by_chance = bool(np.all(expected < self.min_expected))
        return self.finding(
            f"{have(len(names), 'class', 'classes')} no sample in {name!r}, which then measures nothing about "
            f"{'it' if len(names) == 1 else 'them'}: "
            f"{listed(names)}"
            + (f" (fewer than {self.min_expected:g} would be expected in a split of this size)" if by_chance else ""),
            f"split again, stratified by class, or add samples of the class to {name!r}",
            severity=Severity.INFO if by_chance else self.severity,
            evidence=_matrix(counted) | {"expected": expected.tolist()},
        )

    def _nowhere(self, counted: ClassCounts, names: list[str]) -> Finding:
        return self.finding(
            f"{have(len(names), 'class', 'classes')} no sample in any split: {listed(names)} (an empty folder, or a "
            "name in the list of classes)",
            "add its samples, or remove the empty folder or the name",
            evidence=_matrix(counted),
        )

    def _issues_of(self, context: RuleContext, classes: NDArray[np.intp]) -> pa.Table:
        return self.issues(context.ids(_rows_of(context, classes)))


def _matrix(counted: ClassCounts) -> dict[str, Any]:
    return {"splits": list(counted.splits), "classes": list(counted.classes), "counts": counted.counts.tolist()}


def _rows_of(context: RuleContext, classes: NDArray[np.intp]) -> NDArray[np.intp]:
    manifest = context.manifest
    if manifest.task is Task.SEGMENTATION:
        affected = np.asarray((class_shares_of(context)[1][:, classes] > 0).any(axis=1))
    elif manifest.task is Task.CLASSIFICATION:
        affected = np.asarray(np.isin(manifest.label_codes, classes))
    else:
        affected = np.asarray(manifest.label_matrix[:, classes].any(axis=1))
    return np.flatnonzero(affected & (split_rows(manifest)[1] >= 0))
