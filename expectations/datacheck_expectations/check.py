"""Holding a dataset to a contract, with a real Great Expectations checkpoint."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datacheck.errors import ContractError
from datacheck.manifest import Manifest, Modality
from datacheck.scanning.measurements import MEASUREMENTS_SCHEMA
from datacheck_expectations.frame import CLUSTER_COLUMNS, contract_frame
from datacheck_expectations.gx import gx, quiet
from datacheck_expectations.result import BROKEN, KEPT, UNJUDGED, ContractResult, TermOutcome
from datacheck_expectations.store import NAME, Contract, Term

if TYPE_CHECKING:
    import pandas as pd

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
    docs: str | Path | None = None,
    progress: Progress | None = None,
    **source_options: Any,
) -> ContractResult:
    """Hold a dataset to a contract.

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
        False looks at the table alone; terms about the images are then not judged.
    budget
        Time of the probe, where a term needs one.
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
    measurements = _measure(manifest, found, folder, jobs, progress) if scan else None
    probe = _probe(manifest, found, folder, budget, progress)
    return check_tables(found, manifest, measurements, probe, docs=docs)


def check_tables(
    contract: str | Path | Contract,
    manifest: Manifest,
    measurements: Measurements | None = None,
    probe: ProbeOutputs | None = None,
    *,
    docs: str | Path | None = None,
) -> ContractResult:
    """Hold tables that are at hand to a contract, without reading a file of the dataset."""
    started = time.perf_counter()
    found = contract if isinstance(contract, Contract) else Contract.load(contract)
    frame = contract_frame(manifest, measurements, probe, near_duplicate_distance=found.near_duplicate_distance)
    outcomes, pages = run_checkpoint(found, frame, docs=None if docs is None else Path(docs))
    return ContractResult(
        outcomes,
        manifest,
        contract=found.folder,
        seconds=time.perf_counter() - started,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        docs=pages,
    )


def run_checkpoint(
    contract: Contract, frame: pd.DataFrame, *, docs: Path | None = None
) -> tuple[tuple[TermOutcome, ...], Path | None]:
    """Run the contract's checkpoint on a frame; return the outcome of every term, and the Data Docs' start page.

    Raises
    ------
    ContractError
        When a term of the contract was not run, or something was run that is no term: what was not looked at is
        never taken for kept.
    """
    with _project(contract) as context, quiet():
        _check_loaded(contract, context)
        ran = context.checkpoints.get(NAME).run(batch_parameters={"dataframe": frame})
        results = [result for run in ran.run_results.values() for result in run.results]
        outcomes = _outcomes(contract.terms, results)
        pages = None
        if docs is not None:
            from datacheck_expectations.docs import write_docs

            pages = write_docs(context, docs)
    return outcomes, pages


@contextmanager
def _project(contract: Contract) -> Iterator[Any]:
    """Open a copy of the contract's project: a check leaves no trace in a folder that is under version control."""
    with tempfile.TemporaryDirectory(prefix="datacheck-contract-") as temporary:
        root = Path(temporary, "contract")
        shutil.copytree(contract.folder, root, ignore=shutil.ignore_patterns("uncommitted"))
        with quiet():
            try:
                context = gx.get_context(mode="file", context_root_dir=str(root))
                context.variables.progress_bars = {"globally": False}
            except Exception as error:
                raise ContractError(
                    f"Great Expectations cannot open the project in {contract.folder}: {type(error).__name__}: {error}"
                ) from error
        yield context


def _check_loaded(contract: Contract, context: Any) -> None:
    """Raise unless Great Expectations loaded what the file holds: it drops what it does not know in silence."""
    try:
        loaded = [Term.of_expectation(expectation) for expectation in context.suites.get(NAME).expectations]
    except Exception as error:
        raise ContractError(
            f"Great Expectations cannot load the suite of {contract.folder}: {type(error).__name__}: {error}"
        ) from error
    _same_terms(contract.terms, loaded, "loaded")


def _same_terms(terms: Sequence[Term], found: Sequence[Term], verb: str) -> None:
    wanted, got = Counter(_key(term) for term in terms), Counter(_key(term) for term in found)
    if wanted != got:
        missing = [key[0] for key in (wanted - got).elements()]
        extra = [key[0] for key in (got - wanted).elements()]
        raise ContractError(
            f"Great Expectations {verb} {len(found):,} of the {len(terms):,} terms of the contract: "
            f"{f'without {missing}' if missing else ''}{' and ' if missing and extra else ''}"
            f"{f'with {extra} instead' if extra else ''}. Nothing is taken for kept that was not judged"
        )


def _key(term: Term) -> tuple[str, str]:
    """Return what a term has in common with itself after a round trip, in which values equal to defaults are lost."""
    from datacheck_expectations.gx import gxe

    known = getattr(gxe, _class_name(term.type), None)
    if known is None:
        return term.type, term.digest
    defaults = {name: field.default for name, field in known.__fields__.items() if not field.required}
    kept = {key: value for key, value in term.kwargs.items() if key not in defaults or defaults[key] != value}
    return term.type, Term(term.type, kept, term.severity).digest


def _class_name(kind: str) -> str:
    return "".join(part.title() for part in kind.split("_"))


def _outcomes(terms: Sequence[Term], results: Sequence[Any]) -> tuple[TermOutcome, ...]:
    judged = [Term.of_expectation(result.expectation_config) for result in results]
    _same_terms(terms, judged, "judged")
    by_key: dict[tuple[str, str], list[Any]] = {}
    for term, result in zip(judged, results, strict=True):
        by_key.setdefault(_key(term), []).append(result)
    return tuple(_outcome(term, by_key[_key(term)].pop(0)) for term in terms)


def _outcome(term: Term, result: Any) -> TermOutcome:
    if error := _raised(result.exception_info):
        return TermOutcome(term, UNJUDGED, error)
    values = result.result or {}
    details = values.get("details") or {}
    observed = values.get("observed_value")
    sentence = details.get("sentence") or _core_sentence(values)
    return TermOutcome(
        term,
        KEPT if result.success is True else BROKEN,
        sentence,
        observed if isinstance(observed, int | float | str) else None,
        tuple(details.get("offending", ())),
        tuple(details.get("sample_ids", ())),
        int(details.get("n_affected", values.get("unexpected_count", 0)) or 0),
    )


def _raised(info: Mapping[str, Any] | None) -> str:
    """Return the message of what was raised; Great Expectations keeps it flat, or by metric."""
    if not info:
        return ""
    entries = [info] if "raised_exception" in info else [part for part in info.values() if isinstance(part, Mapping)]
    messages = [str(entry.get("exception_message")) for entry in entries if entry.get("raised_exception")]
    return "; ".join(dict.fromkeys(messages))


def _core_sentence(values: Mapping[str, Any]) -> str:
    """Return what one of Great Expectations' own expectations observed."""
    if "unexpected_count" in values:
        return f"{values['unexpected_count']:,} of {values.get('element_count', 0):,} values are unexpected"
    return f"observed {values.get('observed_value')}"


def _measure(
    manifest: Manifest, contract: Contract, folder: Path | None, jobs: int | None, progress: Progress | None
) -> Measurements | None:
    needed = contract.columns & _MEASURED or any(term.type in _SCANNED_TYPES for term in contract.terms)
    if not needed or manifest.modality is not Modality.IMAGE or manifest.reader is None:
        return None
    from datacheck.auditing import prepare_run_folder
    from datacheck.scanning import scan

    if folder is not None:
        prepare_run_folder(folder)
    told = None if progress is None else lambda done, total: progress("scan", done, total)
    return scan(manifest, run_dir=folder, jobs=jobs, thumbnails=False, progress=told).measurements


def _probe(
    manifest: Manifest, contract: Contract, folder: Path | None, budget: str, progress: Progress | None
) -> ProbeOutputs | None:
    if not any(term.type in _PROBED_TYPES for term in contract.terms):
        return None
    from datacheck.probing import probe

    told = None if progress is None else lambda done, total: progress("probe", done, total)
    outputs: ProbeOutputs = probe(manifest, budget=budget, run_dir=folder, progress=told)
    return outputs
