"""A contract proposed from an accepted dataset: one module a subject, and here how they come together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacheck.duplicates.rows import equal_rows
from datacheck.errors import ContractError
from datacheck.fingerprints import Fingerprint
from datacheck.manifest import Manifest, Task
from datacheck_expectations.copies import CopySearch
from datacheck_expectations.frame import ROW_CLUSTER, contract_frame
from datacheck_expectations.proposals.base import FALSE_ALARM, NEGLIGIBLE_EFFECT, Proposal
from datacheck_expectations.proposals.boxes import box_proposals
from datacheck_expectations.proposals.classes import class_proposals, split_proposals
from datacheck_expectations.proposals.features import counters, feature_proposals
from datacheck_expectations.proposals.images import image_proposals
from datacheck_expectations.proposals.numbers import with_repeated_share
from datacheck_expectations.proposals.rows import row_proposals
from datacheck_expectations.proposals.targets import target_proposals

if TYPE_CHECKING:
    from datacheck.report import Report

__all__ = ["FALSE_ALARM", "NEGLIGIBLE_EFFECT", "Proposal", "propose_expectations"]

SMALL_SHARD = 100
"""Rows in which copies must be told from chance, for later data to be checked for them."""


def propose_expectations(accepted: Report | Fingerprint) -> list[Any]:
    """Propose the expectations that compare a dataset with the accepted one.

    A report holds more than a fingerprint: leaks, duplicates, conflicts, pairs and ids need the rows.

    Raises
    ------
    ContractError
        When the accepted dataset is empty, or there is nothing to compare.

    Examples
    --------
    >>> from datacheck.fingerprints import fingerprint
    >>> from datacheck.manifest import Manifest
    >>> found = propose_expectations(fingerprint(Manifest.from_columns({"label": ["cat", "dog"] * 200})))
    >>> [expectation.expectation_type for expectation in found][:2]
    ['expect_class_coverage', 'expect_allowed_labels']
    """
    statistics = accepted if isinstance(accepted, Fingerprint) else accepted.fingerprint
    if statistics is None or not statistics.n_samples:
        raise ContractError("expected an accepted dataset with samples and a fingerprint, found none: audit it first")
    proposals = [
        *class_proposals(statistics),
        *split_proposals(statistics),
        *target_proposals(statistics),
        *image_proposals(statistics),
        *box_proposals(statistics),
    ]
    frame = None
    if isinstance(accepted, Fingerprint):
        proposals += feature_proposals(statistics)
    else:
        copies = CopySearch.of_report(accepted)
        frame = contract_frame(accepted.manifest, accepted.measurements, accepted.probe, copies=copies)
        if not _rows_tell_copies(accepted.manifest):
            frame = frame.drop(columns=ROW_CLUSTER, errors="ignore")
        proposals += feature_proposals(statistics, counters(frame, statistics.columns))
        proposals += row_proposals(frame, Task(statistics.task))
    alpha = FALSE_ALARM / max(1, sum(proposal.comparisons for proposal in proposals))
    found = [proposal.expectation(alpha) for proposal in proposals]
    kept = [expectation for expectation in found if expectation is not None]
    if frame is not None:
        kept = [with_repeated_share(one, frame, alpha) for one in kept]
    if not kept:
        raise ContractError("this dataset has neither labels, nor images, nor splits: a contract has nothing to check")
    return kept


def _rows_tell_copies(manifest: Manifest) -> bool:
    """Whether a small shard of a table has rows detailed enough to tell copies from chance, as the whole table may."""
    few = manifest.table.select(manifest.extra_columns).slice(0, SMALL_SHARD)
    return bool(manifest.extra_columns) and equal_rows(few) is not None
