"""What the split rules share: clusters as evidence, pairs of splits, copies across them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from datacheck.duplicates.clusters import DuplicateClusters
from datacheck.findings import (
    Finding,
    Found,
    NotApplicable,
    sample_issues,
    worst_sample_ids,
)
from datacheck.manifest import Manifest
from datacheck.rules.base import Rule, RuleContext
from datacheck.stats import proportion
from datacheck.text import percent, plural

MAX_CLUSTERS = 50
MAX_MEMBERS = 20

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Copies:
    """Samples that are there more than once in their split; all of shape [n].

    Attributes
    ----------
    rows, first
        Each such sample, and the first one of those that it equals.
    within
        Number of its cluster within the split.
    cluster
        Number of its cluster in the whole dataset.
    """

    rows: Rows
    first: Rows
    within: Rows
    cluster: Rows


def duplicates_of(context: RuleContext) -> DuplicateClusters | NotApplicable:
    """Return the duplicate clusters, or say why there are none to judge."""
    found = context.duplicates
    if found is None or context.measurements is None:
        return NotApplicable("needs the content of the samples, and this audit measured none; scan the images")
    if not context.measurements.readable.any():
        return NotApplicable("no image could be read (see DC101)")
    return found


def split_pairs(manifest: Manifest) -> Iterator[tuple[int, int]]:
    """Yield the numbers of each two splits, the one nearer to training first."""
    yield from combinations(range(len(manifest.splits)), 2)


def ids_at(manifest: Manifest, rows: Rows) -> list[str]:
    """Return the sample ids of some rows, in the order given."""
    ids: list[str] = manifest.sample_ids.take(pa.array(rows)).to_pylist()
    return ids


def copies_within(groups: Rows) -> tuple[Rows, Rows]:
    """Return rows of groups with at least two members, and for each the first row of its group.

    Parameters
    ----------
    groups
        Group per row, -1 for none; shape [N].

    Examples
    --------
    >>> rows, first = copies_within(np.array([4, -1, 4, 7]))
    >>> rows.tolist(), first.tolist()
    ([0, 2], [0, 0])
    """
    rows = np.flatnonzero(groups >= 0)
    _, where, inverse, counts = np.unique(groups[rows], return_index=True, return_inverse=True, return_counts=True)
    kept = counts[inverse] > 1
    return rows[kept], rows[where[inverse]][kept]


def cluster_evidence(manifest: Manifest, clusters: Rows, rows: Rows) -> dict[str, Any]:
    """Return ``n_clusters`` and the largest clusters as lists of ids, capped; ``clusters[i]`` goes with ``rows[i]``."""
    _, inverse, counts = np.unique(clusters, return_inverse=True, return_counts=True)
    order = np.argsort(inverse, kind="stable")
    members = np.split(rows[order], np.cumsum(counts)[:-1]) if len(rows) else []
    largest = np.argsort(-counts, kind="stable")[:MAX_CLUSTERS]
    return {
        "n_clusters": len(counts) if len(rows) else 0,
        "clusters": [ids_at(manifest, members[number][:MAX_MEMBERS]) for number in largest.tolist()] if members else [],
        "cluster_sizes": counts[largest].tolist() if len(rows) else [],
    }


def repeats(
    rule: Rule,
    manifest: Manifest,
    copies: Copies,
    *,
    suspicion: tuple[float, float],
    message: str,
    remedy: str,
    evidence: Mapping[str, Any] | None = None,
) -> Found:
    """Report copies within splits.

    Parameters
    ----------
    rule, manifest
        Who reports on what.
    copies
        Who is a copy of whom.
    suspicion
        Of the first of each cluster, and of those that repeat it.
    message
        What the copies do, with ``{clusters}`` for how many clusters they are in.
    remedy
        What to do about them.
    evidence
        What else stands behind the message.
    """
    rows, first = copies.rows, copies.first
    is_copy = rows != first
    share = proportion(int(is_copy.sum()), len(manifest))
    clusters = cluster_evidence(manifest, copies.within, rows)
    issues = sample_issues(
        rule.code,
        ids_at(manifest, rows),
        np.where(is_copy, suspicion[1], suspicion[0]),
        related_id=[name if copy else None for copy, name in zip(is_copy, ids_at(manifest, first), strict=True)],
        cluster=copies.cluster,
    )
    finding = Finding(
        code=rule.code,
        name=rule.name,
        severity=rule.severity,
        message=f"{int(is_copy.sum()):,} of {len(manifest):,} samples ({percent(share.value)}) "
        + message.format(clusters=plural(clusters["n_clusters"], "cluster")),
        remedy=remedy,
        evidence={"n_copies": int(is_copy.sum()), "share": share.to_json(), **(evidence or {}), **clusters},
        sample_ids=worst_sample_ids(issues),
        n_affected=len(rows),
    )
    return Found((finding,), issues)


def seen_before(groups: Rows, split: Rows, earlier: int, later: int) -> tuple[Rows, Rows]:
    """Return rows of the later split whose group also occurs in the earlier one, and for each the first such row.

    Examples
    --------
    >>> rows, related = seen_before(np.array([0, 0, 1, -1]), np.array([0, 1, 1, 1]), 0, 1)
    >>> rows.tolist(), related.tolist()
    ([1], [0])
    """
    known = groups >= 0
    source = np.flatnonzero(known & (split == earlier))
    target = np.flatnonzero(known & (split == later))
    names, where = np.unique(groups[source], return_index=True)
    if not len(names):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    at = np.minimum(np.searchsorted(names, groups[target]), len(names) - 1)
    hit = names[at] == groups[target]
    return target[hit], source[where[at[hit]]]
