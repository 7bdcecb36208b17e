"""Checking new samples against a contract, with a fingerprint in place of the old data."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from datacheck.errors import ContractError
from datacheck.fingerprints import Fingerprint, fingerprint
from datacheck.stats import Moments, Quantiles
from datacheck_expectations.checking import Progress, compare_guidelines, measure
from datacheck_expectations.checkpoint import run_checkpoint
from datacheck_expectations.evaluation import MIN_COMPARED, Evaluation, moments_of
from datacheck_expectations.expectations import ExpectPropertyDriftAtMost
from datacheck_expectations.frame import contract_frame
from datacheck_expectations.measures.classes import ClassTable
from datacheck_expectations.measures.columns import ALL, moments_by_split
from datacheck_expectations.result import BROKEN, KEPT, UNCHECKED, ContractResult, TermOutcome
from datacheck_expectations.store import Contract
from datacheck_expectations.terms import BY_TYPE, Term

MERGED_TYPES = {
    "expect_class_coverage",
    "expect_class_shares",
    "expect_class_imbalance_at_most",
    "expect_label_drift_at_most",
    "expect_split_shares",
    "expect_labelled_share_at_least",
    "expect_target_range_covered",
}
"""Terms about the dataset as a whole: checked on the accepted dataset and the shard together."""


@dataclass(frozen=True)
class ShardResult:
    """What checking a shard gives.

    Attributes
    ----------
    result
        One outcome a term.
    merged
        Fingerprint of the accepted dataset and the shard: the reference of the next shard, where this one is accepted.
    """

    result: ContractResult
    merged: Fingerprint


def check_shard(
    shard: object,
    contract: str | Path | Contract,
    *,
    accepted: Fingerprint | None = None,
    run_dir: str | Path | None = None,
    jobs: int | None = None,
    budget: str = "60s",
    accepted_data: object = None,
    progress: Progress | None = None,
    **source_options: Any,
) -> ShardResult:
    """Check new samples against a contract, with the fingerprint of the accepted ones in place of the old data.

    Terms about the dataset as a whole (coverage, shares, imbalance, drift of labels, range of the target) are checked
    on old and new together; all others (ids, readability, ranges, drift of properties, copies and leaks within the
    shard) on the shard alone, with its own sampling error. A new sample that is a copy of an old one is not found:
    that needs the old data.

    Parameters
    ----------
    shard
        Anything that `datacheck.open` takes, or a manifest.
    contract
        The contract or its folder.
    accepted
        What was accepted so far; default: the fingerprint in the contract.
    run_dir, jobs, budget, accepted_data, progress, **source_options
        As in `check`.

    Raises
    ------
    ContractError
        When the contract has no fingerprint to merge with, or as in `check`.
    """
    from datacheck.auditing import open_manifest

    started = time.perf_counter()
    found = contract if isinstance(contract, Contract) else Contract.load(contract)
    before = accepted or found.reference
    if before is None:
        raise ContractError(
            f"the contract in {found.folder} has no fingerprint to merge a shard with: make it with "
            "`datacheck contract init`, or give accepted="
        )
    manifest = open_manifest(shard, source_options)
    if not len(manifest):
        raise ContractError(f"expected a shard with samples, found none in {shard}")
    measurements = measure(manifest, found, None if run_dir is None else Path(run_dir), jobs, progress)
    merged = before.merge(fingerprint(manifest, measurements))
    guidelines = compare_guidelines(manifest, found, accepted_data, budget, progress)
    report = None if progress is None else lambda done, total: progress("duplicates", done, total)
    frame = contract_frame(manifest, measurements, guidelines=guidelines, copies=found.copies_searched, progress=report)
    alone, _ = run_checkpoint(found, frame)
    outcomes = tuple(_on_shard(outcome, merged, frame) for outcome in alone)
    result = ContractResult(
        outcomes,
        manifest,
        contract=found.folder,
        scope="shard",
        uncovered=found.uncovered(manifest),
        seconds=time.perf_counter() - started,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    return ShardResult(result, merged)


def _on_shard(outcome: TermOutcome, merged: Fingerprint, frame: pd.DataFrame) -> TermOutcome:
    if outcome.term.type in MERGED_TYPES:
        return check_merged(outcome.term, merged)
    if outcome.term.type == "expect_property_drift_at_most" and outcome.status != UNCHECKED:
        return _check_drift(outcome.term, frame)
    return outcome


def check_merged(term: Term, merged: Fingerprint) -> TermOutcome:
    """Check a term of `MERGED_TYPES` on a fingerprint."""
    expectation = BY_TYPE[term.type](**term.kwargs)
    if term.type == "expect_target_range_covered":
        found: Evaluation = expectation.evaluate_counts(_interval_counts(merged, term.kwargs))
    else:
        found = expectation.evaluate(class_table_of(merged))
    return _outcome_of(term, found, "with the accepted samples: ")


def class_table_of(found: Fingerprint) -> ClassTable:
    """Return the class counts of a fingerprint."""
    named = [at for at, name in enumerate(found.splits) if name]
    counts = found.label_counts[:, :-1]
    labelled = found.split_counts - found.label_counts[:, -1]
    rest = [at for at, name in enumerate(found.splits) if not name]
    unsplit = (
        (counts[rest[0]], int(labelled[rest[0]]), int(found.split_counts[rest[0]]))
        if rest
        else (np.zeros(counts.shape[1], np.int64), 0, 0)
    )
    return ClassTable(
        tuple(found.splits[at] for at in named),
        found.classes,
        counts[named],
        labelled[named],
        found.split_counts[named],
        unsplit,
    )


def _interval_counts(merged: Fingerprint, terms: Mapping[str, Any]) -> list[int]:
    sketch = Quantiles.empty()
    for name, state in merged.targets.items():
        if terms["split"] in (ALL, name):
            sketch = sketch.merge(state.quantiles)
    ranks = sketch.ranks(terms["edges"])
    return np.rint(np.diff(ranks) * sketch.n).astype(int).tolist() if sketch.n else [0] * (len(ranks) - 1)


def _check_drift(term: Term, frame: pd.DataFrame) -> TermOutcome:
    """Check a drift in the splits that the shard has; in a shard without splits, against all accepted samples."""
    reference: Mapping[str, Mapping[str, float]] = term.kwargs["reference"]
    measured = moments_by_split(frame, term.kwargs["column"])
    present = {name: part for name, part in reference.items() if name in measured and measured[name].n >= MIN_COMPARED}
    if not present:
        whole = Moments.empty()
        for part in reference.values():
            whole = whole.merge(moments_of(part))
        n, mean, std = whole.value
        present = {ALL: {"n": n, "mean": mean, "std": std}}
    expectation = ExpectPropertyDriftAtMost(**{**term.kwargs, "reference": present})
    return _outcome_of(term, expectation.evaluate(measured))


def _outcome_of(term: Term, found: Evaluation, prefix: str = "") -> TermOutcome:
    return TermOutcome(
        term,
        KEPT if found.success else BROKEN,
        prefix + found.sentence,
        found.to_gx()["result"]["observed_value"],
        found.offending,
        found.sample_ids,
        found.n_affected,
    )
