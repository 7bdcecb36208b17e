"""From a report to the questions for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from datacheck.errors import RelabelError

if TYPE_CHECKING:
    from datacheck.duplicates.clusters import DuplicateClusters
    from datacheck.relabel import RelabelQueue
    from datacheck.report.report import Report


def relabel_questions(
    report: Report, *, budget: int, random_share: float, gold: Mapping[str, str] | None, seed: int
) -> RelabelQueue:
    """Build the relabel queue of an audit: identity from its fingerprint, copies from its measurements."""
    from datacheck.relabel import relabel_queue

    if report.probe is None:
        raise RelabelError("a relabel queue needs the probe, and this audit trained none: audit again with --probe")
    fingerprint = report.fingerprint
    return relabel_queue(
        report.manifest,
        report.probe,
        budget=budget,
        identity="" if fingerprint is None else f"{fingerprint.identity:032x}",
        duplicates=_copies(report),
        random_share=random_share,
        gold=gold,
        seed=seed,
    )


def _copies(report: Report) -> DuplicateClusters | None:
    """Return the clusters of identical files; near duplicates are other samples, each with its own question."""
    if report.measurements is None:
        return None
    from datacheck.duplicates.clusters import DuplicateClusters, exact_clusters

    exact = exact_clusters(report.measurements.table["content_hash"])
    return DuplicateClusters(exact, exact, np.empty((0, 2), np.int64), np.empty(0, np.int8))
