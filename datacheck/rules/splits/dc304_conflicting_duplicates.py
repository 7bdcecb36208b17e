"""DC304: the same image under different labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datacheck.duplicates.clusters import DuplicateClusters
from datacheck.findings import Finding, Found, NotApplicable, Outcome, Passed, Severity, sample_issues, worst_sample_ids
from datacheck.manifest import Manifest, Task
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.splits.shared import Rows, cluster_evidence, copies_within, duplicates_of, ids_at


@dataclass(frozen=True)
class ConflictingDuplicates(Rule):
    """The same image carries different labels.

    What
    ----
    Finds exact duplicates whose labels differ, and near duplicates whose labels differ: another class, another set of
    labels, or a target further apart than ``target_tolerance``.

    Why it hurts training
    ---------------------
    At most one of the labels is right. The model is pulled both ways on the same input, and no model can be right on
    both; in an evaluation split this caps the score.

    How it is measured
    ------------------
    Within each cluster of DC301 and each pair of DC302, across splits too. Targets of regression differ when they are
    more than ``target_tolerance`` standard deviations of the target apart. Suspicion is the share of a sample's cluster
    that disagrees with it. Unlabelled samples are left out.

    How to fix
    ----------
    Look at each cluster once and settle its label (``datacheck queue`` asks for one answer for all copies), or drop
    the cluster. Often it shows that two classes need a clearer definition.

    Example
    -------
    >>> from datacheck.testing import measurements_for
    >>> manifest = Manifest.from_columns({"uri": ["a.png", "b.png", "c.png"], "label": ["cat", "dog", "dog"]})
    >>> context = RuleContext(manifest, measurements_for(manifest, content_hash=["1", "1", "2"]))
    >>> ConflictingDuplicates().check(context).findings[0].sample_ids
    ('a.png', 'b.png')
    """

    code: ClassVar[str] = "DC304"
    name: ClassVar[str] = "conflicting-duplicates"
    severity: ClassVar[Severity] = Severity.ERROR

    target_tolerance: float = 0.1

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        manifest = context.manifest
        if manifest.task in {Task.UNLABELLED, Task.PAIRED}:
            return NotApplicable("compares labels, and this dataset has no class, target or set of labels")
        found = duplicates_of(context)
        if isinstance(found, NotApplicable):
            return found
        labels = comparable_labels(manifest)
        tolerance = self.target_tolerance * _spread(labels) if manifest.task is Task.REGRESSION else 0.0
        exact = conflicts_in_clusters(found.exact, labels, tolerance)
        near = np.setdiff1d(conflicts_in_pairs(found, labels, tolerance), exact)
        findings, tables = [], []
        for rows, clusters, word, severity in (
            (exact, found.exact, "byte for byte the same", self.severity),
            (near, found.near, "nearly the same", min(self.severity, Severity.WARNING)),
        ):
            if len(rows):
                issues = self._issues(manifest, rows, clusters, labels, tolerance)
                findings.append(self._finding(manifest, rows, clusters, word, severity, issues))
                tables.append(issues)
        if not findings:
            return Passed("no duplicates carry different labels")
        return Found(tuple(findings), pa.concat_tables(tables))

    def _issues(
        self, manifest: Manifest, rows: Rows, clusters: Rows, labels: np.ndarray[Any, Any], tolerance: float
    ) -> pa.Table:
        members = np.flatnonzero(np.isin(clusters, np.unique(clusters[rows])) & ~np.isnan(labels))
        members = members[np.argsort(clusters[members], kind="stable")]
        edges = (
            np.searchsorted(clusters[members], clusters[rows]),
            np.searchsorted(clusters[members], clusters[rows], side="right"),
        )
        suspicion, related = np.empty(len(rows)), np.empty(len(rows), np.int64)
        for at, (row, start, stop) in enumerate(zip(rows.tolist(), *(edge.tolist() for edge in edges), strict=True)):
            cluster = members[start:stop]
            differs = np.abs(labels[cluster] - labels[row]) > tolerance
            suspicion[at] = differs.sum() / max(1, len(cluster) - 1)
            related[at] = cluster[np.argmax(differs)]
        words = _label_words(manifest)
        notes = [
            f"labelled {words(row)}, its duplicate {words(other)}" for row, other in zip(rows, related, strict=True)
        ]
        return sample_issues(
            self.code,
            ids_at(manifest, rows),
            suspicion,
            related_id=ids_at(manifest, related),
            cluster=clusters[rows],
            note=notes,
        )

    def _finding(
        self, manifest: Manifest, rows: Rows, clusters: Rows, word: str, severity: Severity, issues: pa.Table
    ) -> Finding:
        evidence = cluster_evidence(manifest, clusters[rows], rows)
        evidence["kind"] = "exact" if word.startswith("byte") else "near"
        evidence["notes"] = issues["note"].slice(0, 20).to_pylist()
        return Finding(
            code=self.code,
            name=self.name,
            severity=severity,
            message=f"{len(rows):,} samples are {word} as another one with a different label, in "
            f"{evidence['n_clusters']:,} clusters",
            remedy="settle one label for each cluster, or drop it",
            evidence=evidence,
            sample_ids=worst_sample_ids(issues),
            n_affected=len(rows),
        )


def comparable_labels(manifest: Manifest) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return labels as numbers that are equal where the labels are, NaN where there is none; shape [N]."""
    if manifest.task is Task.REGRESSION:
        return manifest.target
    if manifest.task is Task.MULTILABEL:
        _, codes = np.unique(np.packbits(manifest.label_matrix, axis=1), axis=0, return_inverse=True)
        return np.where(manifest.labelled, codes.ravel().astype(np.float64), np.nan)
    return np.where(manifest.label_codes >= 0, manifest.label_codes.astype(np.float64), np.nan)


def conflicts_in_clusters(clusters: Rows, labels: np.ndarray[Any, Any], tolerance: float) -> Rows:
    """Return the rows of clusters whose labels differ by more than the tolerance.

    Examples
    --------
    >>> conflicts_in_clusters(np.array([0, 0, 1, 1]), np.array([3.0, 3.0, 1.0, 2.0]), 0.0).tolist()
    [2, 3]
    """
    rows, _ = copies_within(np.where(np.isnan(labels), -1, clusters))
    if not len(rows):
        return rows
    _, inverse = np.unique(clusters[rows], return_inverse=True)
    low, high = np.full(inverse.max() + 1, np.inf), np.full(inverse.max() + 1, -np.inf)
    np.minimum.at(low, inverse, labels[rows])
    np.maximum.at(high, inverse, labels[rows])
    return np.asarray(rows[(high - low > tolerance)[inverse]])


def conflicts_in_pairs(found: DuplicateClusters, labels: np.ndarray[Any, Any], tolerance: float) -> Rows:
    """Return the rows of near pairs (within one cluster) whose labels differ by more than the tolerance, ascending."""
    pairs = found.near_pairs
    together = found.near[pairs[:, 0]] == found.near[pairs[:, 1]]
    apart = np.abs(labels[pairs[:, 0]] - labels[pairs[:, 1]]) > tolerance
    return np.unique(pairs[together & apart])


def _spread(labels: np.ndarray[Any, Any]) -> float:
    known = labels[~np.isnan(labels)]
    return float(known.std()) if len(known) else 0.0


def _label_words(manifest: Manifest) -> Any:
    if manifest.task is Task.REGRESSION:
        return lambda row: f"{manifest.target[row]:.4g}"
    column = manifest.table["label" if manifest.task is Task.CLASSIFICATION else "labels"]
    column = column.cast(pa.string()) if manifest.task is Task.CLASSIFICATION else pc.binary_join(column, ", ")
    return lambda row: repr(column[int(row)].as_py())
