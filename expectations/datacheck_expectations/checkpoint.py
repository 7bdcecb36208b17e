"""One run of Great Expectations' checkpoint, and the check that it ran every term of the contract."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datacheck.errors import ContractError
from datacheck_expectations.docs import write_docs
from datacheck_expectations.gx import gx, gxe, quiet
from datacheck_expectations.project import NAME, copy_project
from datacheck_expectations.result import BROKEN, KEPT, UNCHECKED, TermOutcome
from datacheck_expectations.store import Contract
from datacheck_expectations.terms import Term

if TYPE_CHECKING:
    import pandas as pd


def run_checkpoint(
    contract: Contract, frame: pd.DataFrame, *, docs: Path | None = None
) -> tuple[tuple[TermOutcome, ...], Path | None]:
    """Run the contract's checkpoint on a frame; return the outcome of every term, and the Data Docs' start page.

    Raises
    ------
    ContractError
        When a term of the contract was not run, or something was run that is no term: what was not checked does not
        count as kept.
    """
    with _project(contract) as context, quiet():
        _check_loaded(contract, context)
        try:
            ran = context.checkpoints.get(NAME).run(batch_parameters={"dataframe": frame})
        except Exception as error:
            raise _failed(contract, "run the checkpoint", error) from error
        results = [result for run in ran.run_results.values() for result in run.results]
        outcomes = _outcomes(contract.terms, results)
        pages = None if docs is None else write_docs(context, docs)
    return outcomes, pages


@contextmanager
def _project(contract: Contract) -> Iterator[Any]:
    """Open a copy of the contract's project: a check changes nothing in a folder that is under version control."""
    with tempfile.TemporaryDirectory(prefix="datacheck-contract-") as temporary:
        root = Path(temporary, "contract")
        copy_project(contract.folder, root)
        with quiet():
            try:
                context = gx.get_context(mode="file", context_root_dir=str(root))
                context.variables.progress_bars = {"globally": False}
            except Exception as error:
                raise _failed(contract, "open the project", error) from error
        yield context


def _check_loaded(contract: Contract, context: Any) -> None:
    """Raise unless Great Expectations loaded all that the file holds: it leaves out unknown terms without an error."""
    try:
        loaded = [Term.of_expectation(expectation) for expectation in context.suites.get(NAME).expectations]
    except Exception as error:
        raise _failed(contract, "load the suite", error) from error
    _same_terms(contract.terms, loaded, "loaded")


def _failed(contract: Contract, what: str, error: Exception) -> ContractError:
    detail = " ".join(str(error).split())
    return ContractError(f"Great Expectations cannot {what} of {contract.folder}: {type(error).__name__}: {detail}")


def _same_terms(terms: Sequence[Term], found: Sequence[Term], verb: str) -> None:
    wanted, got = Counter(_key(term) for term in terms), Counter(_key(term) for term in found)
    if wanted != got:
        missing = [key[0] for key in (wanted - got).elements()]
        extra = [key[0] for key in (got - wanted).elements()]
        raise ContractError(
            f"Great Expectations {verb} {len(found):,} of the {len(terms):,} terms of the contract: "
            f"{f'without {missing}' if missing else ''}{' and ' if missing and extra else ''}"
            f"{f'with {extra} instead' if extra else ''}. What was not checked does not count as kept"
        )


def _key(term: Term) -> tuple[str, str]:
    """Return what a term has in common with itself after a round trip, in which values equal to defaults are lost."""
    known = getattr(gxe, _class_name(term.type), None)
    if known is None:
        return term.type, term.digest
    defaults = {name: field.default for name, field in known.__fields__.items() if not field.required}
    kept = {key: value for key, value in term.kwargs.items() if key not in defaults or defaults[key] != value}
    return term.type, Term(term.type, kept, term.severity).digest


def _class_name(kind: str) -> str:
    return "".join(part.title() for part in kind.split("_"))


def _outcomes(terms: Sequence[Term], results: Sequence[Any]) -> tuple[TermOutcome, ...]:
    checked = [Term.of_expectation(result.expectation_config) for result in results]
    _same_terms(terms, checked, "checked")
    by_key: dict[tuple[str, str], list[Any]] = {}
    for term, result in zip(checked, results, strict=True):
        by_key.setdefault(_key(term), []).append(result)
    return tuple(_outcome(term, by_key[_key(term)].pop(0)) for term in terms)


def _outcome(term: Term, result: Any) -> TermOutcome:
    if error := _raised(result.exception_info):
        return TermOutcome(term, UNCHECKED, error)
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
