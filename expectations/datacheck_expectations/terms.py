"""One term of a contract: an expectation as the suite's file holds it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datacheck.errors import ContractError, did_you_mean
from datacheck.findings import Severity
from datacheck_expectations.expectations import EXPECTATIONS
from datacheck_expectations.gx import list_registered_expectation_implementations

SEVERITIES = {"critical": Severity.ERROR, "warning": Severity.WARNING, "info": Severity.INFO}
"""Great Expectations' severities, and datacheck's."""

BY_TYPE = {expectation.expectation_type: expectation for expectation in EXPECTATIONS}
"""The expectations that datacheck defines, by their type."""


@dataclass(frozen=True)
class Term:
    """One expectation as its file holds it.

    Attributes
    ----------
    type, kwargs, severity, why
        The expectation's type, its thresholds, ``critical``, ``warning`` or ``info``, and why it is there.
    """

    type: str
    kwargs: Mapping[str, Any]
    severity: str = "critical"
    why: str = ""

    @property
    def digest(self) -> str:
        """A hash of what is checked: type, thresholds and severity."""
        text = json.dumps([self.type, _plain(self.kwargs), self.severity], sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def subject(self) -> str:
        """What distinguishes it from others of its type: its column and its split."""
        return " ".join(str(self.kwargs[name]) for name in ("column", "split") if name in self.kwargs)

    @property
    def title(self) -> str:
        """Its type and its subject."""
        return f"{self.type} {self.subject}".strip()

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads by name."""
        columns = self.kwargs.get("columns")
        many = tuple(map(str, columns)) if isinstance(columns, Mapping) else ()
        return (str(self.kwargs["column"]), *many) if "column" in self.kwargs else many

    @property
    def requirement(self) -> str:
        """What a dataset must keep, in one sentence; for Great Expectations' own, their type and thresholds."""
        found = BY_TYPE.get(self.type)
        if found is not None:
            return found.requirement(self.kwargs)
        terms = ", ".join(f"{name} {value!r}" for name, value in self.kwargs.items())
        return f"{self.type.removeprefix('expect_').replace('_', ' ')}: {terms}"

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Term:
        """Return the term of an expectation in a suite's JSON."""
        notes = value.get("notes") or ""
        return cls(
            type=str(value["type"]),
            kwargs=dict(value.get("kwargs", {})),
            severity=str(value.get("severity") or "critical"),
            why=notes if isinstance(notes, str) else " ".join(notes),
        )

    @classmethod
    def of_expectation(cls, expectation: Any) -> Term:
        """Return the term of an expectation or of an expectation's configuration."""
        configuration = getattr(expectation, "configuration", expectation)
        severity = getattr(configuration.severity, "value", configuration.severity)
        kwargs = {key: value for key, value in configuration.kwargs.items() if key != "batch_id"}
        return cls.of({"type": configuration.type, "kwargs": json.loads(json.dumps(kwargs)), "severity": severity,
                       "notes": getattr(configuration, "notes", None)})  # fmt: skip


def read_terms(path: Path) -> tuple[Term, ...]:
    """Read the expectations of a contract's suite file, every one of them known."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        entries: Sequence[Mapping[str, Any]] = value["expectations"]
        terms = tuple(Term.of(entry) for entry in entries)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ContractError(f"expected a suite of expectations in {path}: {type(error).__name__}: {error}") from error
    if not terms:
        raise ContractError(f"{path} holds no expectation: every dataset would keep such a contract")
    known = list_registered_expectation_implementations()
    for term in terms:
        _check_fits(term, path)
        if term.type not in known:
            raise ContractError(
                f"{path} holds an expectation {term.type!r} that is not known here{did_you_mean(term.type, known)}: "
                "import the package that defines it first, or Great Expectations leaves it out without an error"
            )
        if term.severity not in SEVERITIES:
            raise ContractError(
                f"{path}: expected the severity {', '.join(SEVERITIES)} of {term.type}, found {term.severity!r}"
            )
    return terms


def _check_fits(term: Term, path: Path) -> None:
    """Raise where the thresholds do not fit the expectation, as after an edit by hand."""
    try:
        expectation = BY_TYPE.get(term.type)
        if expectation is not None:
            expectation(**term.kwargs)
        _ = term.requirement, term.digest
    except (ContractError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError) as error:
        detail = " ".join(str(error).split())
        raise ContractError(f"{path}: the thresholds of {term.type} do not fit it: {detail}") from error


def _plain(value: Any) -> Any:
    """Return JSON values with every number a float, so that 1 and 1.0 are the same threshold."""
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
