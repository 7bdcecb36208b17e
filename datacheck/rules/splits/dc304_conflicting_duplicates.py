"""DC304: the same sample with different labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from datacheck.duplicates.clusters import DuplicateClusters
from datacheck.findings import Finding, Found, Outcome, Passed, Severity
from datacheck.manifest import Manifest, Modality, Task
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.requirements import CONTENT, LABELS
from datacheck.rules.splits.labels import (
    TARGET_TOLERANCE,
    agreeing_labels,
    comparable_labels,
    conflicts_in_clusters,
    label_tolerance,
    object_labels,
)
from datacheck.rules.splits.shared import MAX_MEMBERS, Rows, cluster_evidence, duplicates_of, further_rows
from datacheck.text import plural


@dataclass(frozen=True)
class ConflictingDuplicates(Rule):
    """The same sample has different labels.

    What
    ----
    Finds exact and near duplicates, and equal rows of a table, whose labels differ: another class, another set of
    labels, or targets that differ by more than ``target_tolerance``.

    Why it hurts training
    ---------------------
    At most one of the labels is right. The model gets two answers for one input, and no model can give both; in an
    evaluation split this limits the score.

    How it is measured
    ------------------
    Within each cluster of DC301 and each pair of DC302, also between splits. Regression targets conflict if they differ
    by more than ``target_tolerance`` standard deviations of the target. Copies with boxes conflict if an object of one
    has no counterpart of its class in the other, with an intersection over union of at least 0.5; the same objects in
    other boxes are listed as information. Suspicion is the share of the cluster that
    disagrees with the sample. Samples without a label are left out, and so are further rows of one image with other
    values, such as a row for each box.

    How to fix
    ----------
    Look at each cluster once and decide on one label (``datacheck queue`` asks for one answer for all copies), or
    remove the cluster. Often two classes need a clearer definition. Removing all copies but one is not enough: the one
    that is left may have the wrong label.

    Example
    -------
    One photo was labelled by two people::

        cat/1.jpg
        dog/9.jpg    the same bytes

        DC304 2 samples are exact copies with different labels (1 cluster)
    """

    code: ClassVar[str] = "DC304"
    name: ClassVar[str] = "conflicting-duplicates"
    severity: ClassVar[Severity] = Severity.ERROR
    requires = (LABELS, CONTENT)

    target_tolerance: float = TARGET_TOLERANCE  # measurements repeated by people differ by about so much

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        manifest, found = context.manifest, duplicates_of(context)
        labels = np.where(further_rows(manifest), np.nan, comparable_labels(manifest))
        tolerance = label_tolerance(manifest, labels, self.target_tolerance)
        drawn, labels = labels, agreeing_labels(manifest, labels, found.exact)
        exact = conflicts_in_clusters(found.exact, labels, tolerance)
        redrawn = np.setdiff1d(conflicts_in_clusters(found.exact, drawn, tolerance), exact)
        near = turned = exact[:0]
        if manifest.task is not Task.DETECTION:  # alike images of a scene rightly have other boxes
            near = np.setdiff1d(conflicts_in_pairs(found, labels, tolerance), exact)
            turned = np.setdiff1d(conflicts_in_pairs(found, labels, tolerance, turned=True), np.union1d(exact, near))
        findings, tables = [], []
        for kind, rows, clusters, given in (
            ("exact", exact, found.exact, labels),
            ("redrawn", redrawn, found.exact, drawn),
            ("near", near, found.near, labels),
            ("turned", turned, found.near, labels),
        ):
            if len(rows):
                issues = self._issues(context, rows, clusters, *most_different(rows, clusters, given, tolerance))
                findings.append(self._finding(context, kind, cluster_evidence(context, clusters[rows], rows), issues))
                tables.append(issues)
        if not findings:
            return Passed("no duplicates have different labels")
        return Found(tuple(findings), pa.concat_tables(tables))

    def _issues(
        self, context: RuleContext, rows: Rows, clusters: Rows, suspicion: NDArray[np.float64], related: Rows
    ) -> pa.Table:
        words = _difference_in_words(context.manifest)
        notes = [words(row, other) for row, other in zip(rows.tolist(), related.tolist(), strict=True)]
        return self.issues(
            context.ids(rows), suspicion, related_id=context.ids(related), cluster=clusters[rows], note=notes
        )

    def _finding(self, context: RuleContext, kind: str, evidence: dict[str, Any], issues: pa.Table) -> Finding:
        alike = {"near": "near duplicates", "turned": "mirrored or turned copies"}.get(kind, "exact copies")
        if context.manifest.modality is Modality.TABULAR:
            alike = "equal in every feature column,"
        counted = plural(issues.num_rows, "sample")
        return self.finding(
            f"{'at least ' if kind in ('near', 'turned') else ''}{counted} are {alike} with "
            f"{'the same objects in other boxes' if kind == 'redrawn' else 'different labels'} "
            f"({plural(evidence['n_clusters'], 'cluster')})",
            VERSIONS
            if kind == "near" and issues.num_rows >= max(FEWEST, MOST * len(context.manifest))
            else FIXES.get(kind, "decide on one label for each cluster, or remove the cluster"),
            severity={"exact": self.severity, "near": min(self.severity, Severity.WARNING)}.get(kind, Severity.INFO),
            evidence={**evidence, "kind": kind, "notes": issues["note"].slice(0, MAX_MEMBERS).to_pylist()},
            affected=issues,
        )


FIXES = {
    "turned": "right where a class depends on the direction (left and right, 6 and 9): then do not flip or turn images "
    "in training; else decide on one label for each cluster",
    "redrawn": "keep one sample of each cluster; how far the boxes differ is how exactly they are drawn",
}
"""What to do about copies of a kind, where it is not to decide on one label."""

FEWEST, MOST = 10, 0.5
"""Number and share of the samples with an alike one of another class from which classes look like versions."""

VERSIONS = (
    "where the classes are versions of the same images (low and high resolution, noisy and clean), they are pairs and "
    "no classes: audit the two folders as one, datacheck audit A B; else decide on one label for each cluster"
)


def most_different(
    rows: Rows, clusters: Rows, labels: NDArray[np.float64], tolerance: float
) -> tuple[NDArray[np.float64], Rows]:
    """Return for each row the share of its cluster that disagrees with it, and the first member that does; [n]."""
    members = np.flatnonzero(np.isin(clusters, np.unique(clusters[rows])) & ~np.isnan(labels))
    members = members[np.argsort(clusters[members], kind="stable")]
    starts = np.searchsorted(clusters[members], clusters[rows])
    stops = np.searchsorted(clusters[members], clusters[rows], side="right")
    suspicion, related = np.empty(len(rows)), np.empty(len(rows), np.int64)
    for at, (row, start, stop) in enumerate(zip(rows.tolist(), starts.tolist(), stops.tolist(), strict=True)):
        cluster = members[start:stop]
        differs = np.abs(labels[cluster] - labels[row]) > tolerance
        suspicion[at] = differs.sum() / max(1, len(cluster) - 1)
        related[at] = cluster[np.argmax(differs)]
    return suspicion, related


def conflicts_in_pairs(
    found: DuplicateClusters, labels: NDArray[np.float64], tolerance: float, *, turned: bool = False
) -> Rows:
    """Return the rows of near pairs (within one cluster) whose labels differ by more than the tolerance, ascending.

    Of the pairs whose images have the same orientation, or of those that are mirrored or turned.
    """
    pairs = found.near_pairs[(found.orientation > 0) == turned]
    together = found.near[pairs[:, 0]] == found.near[pairs[:, 1]]
    apart = np.abs(labels[pairs[:, 0]] - labels[pairs[:, 1]]) > tolerance
    return np.unique(pairs[together & apart])


def _difference_in_words(manifest: Manifest) -> Callable[[int, int], str]:
    if manifest.objects is not None:
        objects = object_labels(manifest)
        return objects.difference
    if manifest.task is Task.REGRESSION:
        return lambda row, other: f"label {manifest.target[row]:.4g}, its copy {manifest.target[other]:.4g}"
    column = manifest.table["label" if manifest.task is Task.CLASSIFICATION else "labels"]
    column = column.cast(pa.string()) if manifest.task is Task.CLASSIFICATION else pc.binary_join(column, ", ")
    return lambda row, other: f"label {column[row].as_py()!r}, its copy {column[other].as_py()!r}"
