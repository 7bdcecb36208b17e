"""DC201: a class that a split does not have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from datacheck.findings import Finding, Found, NotApplicable, Outcome, Passed, Severity, sample_issues, worst_sample_ids
from datacheck.manifest import Manifest, Task
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.coverage.shared import ClassCounts, class_counts, listed, split_rows


@dataclass(frozen=True)
class MissingClassInSplit(Rule):
    """A class has no sample in a split.

    What
    ----
    Counts every class in every split and names the empty cells: classes that are evaluated but never trained on,
    classes that are trained on but never evaluated, and classes that are declared but have no sample at all.

    Why it hurts training
    ---------------------
    A class without training samples can never be predicted, so every evaluation sample of it is counted as an error.
    A class without evaluation samples can fail completely and no metric will show it.

    How it is measured
    ------------------
    The full split × class matrix over all rows, nothing sampled; it is the evidence of the finding. Splits without
    any label are left out. A class missing from an evaluation split is only worth an info where chance explains it:
    where the split's size and the class's share among the training samples let fewer than ``min_expected`` be expected.

    How to fix
    ----------
    Split again with stratification (for multilabel data, iterative stratification), add samples of the class to the
    split, or take the class out of the label set on purpose.

    Example
    -------
    >>> from datacheck.manifest import Manifest
    >>> manifest = Manifest.from_columns({"label": ["cat", "dog", "cat"], "split": ["train", "test", "test"]})
    >>> MissingClassInSplit().check(RuleContext(manifest)).findings[0].message
    "1 class has no sample in 'train', but is evaluated: 'dog'"
    """

    code: ClassVar[str] = "DC201"
    name: ClassVar[str] = "missing-class-in-split"
    severity: ClassVar[Severity] = Severity.ERROR

    min_expected: float = 3.0

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        counted = class_counts(context)
        if isinstance(counted, NotApplicable):
            return counted
        missing = missing_cells(counted.counts)
        everywhere = missing.all(axis=0)
        findings = []
        untrained = np.flatnonzero(missing[counted.train] & ~everywhere)
        issues = _untrained_issues(context.manifest, untrained)
        if len(untrained):
            names = [counted.classes[k] for k in untrained]
            findings.append(
                self._finding(
                    counted,
                    Severity.ERROR,
                    f"{_classes(names)} no sample in {counted.splits[counted.train]!r}, but "
                    f"{'is' if len(names) == 1 else 'are'} evaluated: {listed(names)}",
                    sample_ids=worst_sample_ids(issues),
                    n_affected=issues.num_rows,
                )
            )
        for split, name in enumerate(counted.splits):
            absent = np.flatnonzero(missing[split] & ~everywhere)
            if split != counted.train and len(absent):
                findings.append(self._unevaluated(counted, split, name, absent))
        if everywhere.any():
            names = [counted.classes[k] for k in np.flatnonzero(everywhere)]
            text = f"{_classes(names)} no sample anywhere, though declared: {listed(names)}"
            findings.append(self._finding(counted, Severity.WARNING, text))
        if findings:
            return Found(tuple(findings), issues)
        return Passed(f"all {len(counted.classes)} classes occur in {', '.join(counted.splits)}")

    def _unevaluated(self, counted: ClassCounts, split: int, name: str, absent: NDArray[np.intp]) -> Finding:
        share = counted.counts[counted.train, absent] / counted.rows[counted.train]
        expected = share * counted.rows[split]
        names = [counted.classes[k] for k in absent]
        by_chance = bool(np.all(expected < self.min_expected))
        text = f"{_classes(names)} no sample in {name!r}, so that nothing measures it: {listed(names)}"
        return self._finding(
            counted, Severity.INFO if by_chance else Severity.WARNING, text, expected=expected.tolist()
        )

    def _finding(
        self,
        counted: ClassCounts,
        severity: Severity,
        message: str,
        *,
        sample_ids: tuple[str, ...] = (),
        n_affected: int = 0,
        expected: list[float] | None = None,
    ) -> Finding:
        evidence = counted.to_evidence() | ({} if expected is None else {"expected": expected})
        return Finding(
            code=self.code,
            name=self.name,
            severity=severity,
            message=message,
            remedy="split again, stratified by class, or add samples of the class to the split, or drop the class "
            "from the label set on purpose",
            evidence=evidence,
            sample_ids=sample_ids,
            n_affected=n_affected,
        )


def missing_cells(counts: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which classes a split does not have; ``counts`` and the result have shape [S, K]."""
    return np.asarray(counts == 0)


def _classes(names: list[str]) -> str:
    return "1 class has" if len(names) == 1 else f"{len(names):,} classes have"


def _untrained_issues(manifest: Manifest, classes: NDArray[np.intp]) -> pa.Table:
    if manifest.task is Task.CLASSIFICATION:
        affected = np.asarray(np.isin(manifest.label_codes, classes))
    else:
        affected = np.asarray(manifest.label_matrix[:, classes].any(axis=1))
    rows = np.flatnonzero(affected & (split_rows(manifest)[1] >= 0))
    return sample_issues("DC201", manifest.sample_ids.take(rows), np.ones(len(rows)))
