"""Checking a dataset against a contract: open it, scan it, probe it, and run the checkpoint."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datacheck.errors import ContractError
from datacheck.manifest import Manifest, Modality
from datacheck.scanning.measurements import MEASUREMENTS_SCHEMA
from datacheck_expectations.checkpoint import run_checkpoint
from datacheck_expectations.frame import CLUSTER_COLUMNS, contract_frame
from datacheck_expectations.result import ContractResult
from datacheck_expectations.store import Contract

if TYPE_CHECKING:
    from datacheck.probing.label_comparison import LabelComparison
    from datacheck.probing.outputs import ProbeOutputs
    from datacheck.scanning.measurements import Measurements

Progress = Callable[[str, int, int], None]

_MEASURED = {*MEASUREMENTS_SCHEMA.names[1:], *CLUSTER_COLUMNS, "aspect"}
_SCANNED_TYPES = {"expect_readable_share_at_least"}
_PROBED_TYPES = {"expect_label_quality_at_least", "expect_estimated_label_error_rate_at_most"}


def check(
    source: object,
    contract: str | Path | Contract,
    *,
    run_dir: str | Path | None = None,
    jobs: int | None = None,
    scan: bool = True,
    budget: str = "60s",
    accepted_data: object = None,
    docs: str | Path | None = None,
    progress: Progress | None = None,
    **source_options: Any,
) -> ContractResult:
    """Check a dataset against a contract.

    Scans the images and trains the probe only where a term of the contract needs it.

    Parameters
    ----------
    source
        Anything that `datacheck.open` takes, or a manifest.
    contract
        The contract or its folder, which is left as it is.
    run_dir
        Run folder that remembers the scan, so that a later check reads only what changed.
    jobs
        Worker processes of the scan.
    scan
        False reads no image; terms about the images are then not checked.
    budget
        Time of the probe, where a term needs one.
    accepted_data
        What was accepted, as `datacheck.open` takes it, for the term about the guidelines of the labels.
    docs
        Folder for Great Expectations' Data Docs, readable offline.
    progress
        Called as ``progress(stage, done, total)``.
    **source_options
        Options of `datacheck.open`.

    Raises
    ------
    ContractError
        When the contract cannot be read or is not what was sealed, the dataset is empty, or what Great Expectations
        ran is not what the contract holds.
    DatacheckError
        When the source cannot be opened.
    """
    from datacheck.auditing import open_manifest

    found = contract if isinstance(contract, Contract) else Contract.load(contract)
    manifest = open_manifest(source, source_options)
    if not len(manifest):
        raise ContractError(
            f"expected a dataset with samples, found none in {source}: an empty dataset keeps no contract"
        )
    folder = None if run_dir is None else Path(run_dir)
    measurements = measure(manifest, found, folder, jobs, progress) if scan else None
    probe = _probe(manifest, found, folder, budget, progress)
    guidelines = compare_guidelines(manifest, found, accepted_data, budget, progress)
    report = None if progress is None else lambda done, total: progress("duplicates", done, total)
    return check_tables(found, manifest, measurements, probe, guidelines=guidelines, docs=docs, progress=report)


def check_tables(
    contract: str | Path | Contract,
    manifest: Manifest,
    measurements: Measurements | None = None,
    probe: ProbeOutputs | None = None,
    *,
    guidelines: LabelComparison | None = None,
    docs: str | Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ContractResult:
    """Check a manifest with its measurements and probe outputs against a contract.

    Reads a file of the dataset only where the contract compares the details of images to find copies.
    """
    started = time.perf_counter()
    found = contract if isinstance(contract, Contract) else Contract.load(contract)
    frame = contract_frame(
        manifest, measurements, probe, guidelines=guidelines, copies=found.copies_searched, progress=progress
    )
    outcomes, pages = run_checkpoint(found, frame, docs=None if docs is None else Path(docs))
    return ContractResult(
        outcomes,
        manifest,
        contract=found.folder,
        seconds=time.perf_counter() - started,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        docs=pages,
        uncovered=found.uncovered(manifest),
    )


def measure(
    manifest: Manifest, contract: Contract, folder: Path | None, jobs: int | None, progress: Progress | None
) -> Measurements | None:
    """Scan the images where a term of the contract needs it."""
    needed = contract.columns & _MEASURED or any(term.type in _SCANNED_TYPES for term in contract.terms)
    if not needed or manifest.modality is not Modality.IMAGE or manifest.reader is None:
        return None
    from datacheck.auditing import prepare_run_folder
    from datacheck.scanning import scan

    if folder is not None:
        prepare_run_folder(folder)
    report = None if progress is None else lambda done, total: progress("scan", done, total)
    return scan(manifest, run_dir=folder, jobs=jobs, thumbnails=False, progress=report).measurements


def compare_guidelines(
    manifest: Manifest, contract: Contract, accepted_data: object, budget: str, progress: Progress | None
) -> LabelComparison | None:
    """Compare the labels with the accepted ones where a term of the contract needs it and they are given."""
    if accepted_data is None:
        return None
    if not any(term.type == "expect_label_guidelines_kept" for term in contract.terms):
        raise ContractError(
            "the accepted data is compared for the term ExpectLabelGuidelinesKept, and this contract does not have it: "
            "make it with `datacheck contract init RUN --guidelines`"
        )
    from datacheck.probing.label_comparison import compare_labels

    report = None if progress is None else lambda done, total: progress("labels", done, total)
    return compare_labels(accepted_data, manifest, budget=budget, progress=report)


def _probe(
    manifest: Manifest, contract: Contract, folder: Path | None, budget: str, progress: Progress | None
) -> ProbeOutputs | None:
    if not any(term.type in _PROBED_TYPES for term in contract.terms):
        return None
    from datacheck.probing import probe

    report = None if progress is None else lambda done, total: progress("probe", done, total)
    outputs: ProbeOutputs = probe(manifest, budget=budget, run_dir=folder, progress=report)
    return outputs
