"""What a check found: one outcome a term, an exit code, and the formats that a pipeline reads."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from datacheck.errors import ConfigError, did_you_mean
from datacheck.findings import Failed, Finding, Found, Outcome, Passed, Severity
from datacheck.manifest import Manifest
from datacheck.report import Report, RuleOutcome
from datacheck.text import clean, listed
from datacheck_expectations.terms import SEVERITIES, Term

FORMATS = ("terminal", "json", "junit", "sarif", "github")
"""What a result renders as."""

KEPT, BROKEN, UNCHECKED = "kept", "broken", "not checked"


@dataclass(frozen=True)
class TermOutcome:
    """What checking one term of a contract gives.

    Attributes
    ----------
    term
        The expectation as its file holds it.
    status
        ``kept``, ``broken``, or ``not checked`` where an error stopped it.
    sentence
        What was found, or the error.
    observed
        The number that decided; None where there is none.
    offending, sample_ids, n_affected
        What offends, worst first; rows are JSON-safe.
    """

    term: Term
    status: str
    sentence: str
    observed: float | str | None = None
    offending: tuple[Mapping[str, Any], ...] = ()
    sample_ids: tuple[str, ...] = ()
    n_affected: int = 0

    @property
    def code(self) -> str:
        """Its type and subject as one word, as a rule's code."""
        return ".".join(self.term.title.split())

    @property
    def severity(self) -> Severity:
        """How serious a break of the term is."""
        return SEVERITIES[self.term.severity]

    def to_json(self) -> dict[str, Any]:
        """Return the outcome as plain JSON values."""
        return {
            "expectation": self.term.type,
            "subject": self.term.subject,
            "status": self.status,
            "severity": self.term.severity,
            "requirement": self.term.requirement,
            "found": self.sentence,
            "observed": self.observed,
            "offending": [dict(row) for row in self.offending],
            "sample_ids": list(self.sample_ids),
            "n_affected": self.n_affected,
            "why": self.term.why,
        }


@dataclass(frozen=True)
class ContractResult:
    """What checking a dataset against a contract found.

    Attributes
    ----------
    outcomes
        One for each term, in the contract's order.
    manifest
        The dataset.
    contract
        The contract's folder.
    scope
        ``dataset``, or ``shard`` where only new samples were looked at.
    seconds, created
        How long it took, and when (ISO 8601).
    docs
        Start page of the Data Docs, where they were asked for.
    uncovered
        Extra columns of the dataset that no term reads.
    """

    outcomes: tuple[TermOutcome, ...]
    manifest: Manifest = field(repr=False)
    contract: Path = Path()
    scope: str = "dataset"
    seconds: float = 0.0
    created: str = ""
    docs: Path | None = None
    uncovered: tuple[str, ...] = ()

    @property
    def broken(self) -> tuple[TermOutcome, ...]:
        """The terms that the dataset breaks, worst first."""
        found = [outcome for outcome in self.outcomes if outcome.status == BROKEN]
        return tuple(sorted(found, key=lambda outcome: -outcome.severity))

    @property
    def unchecked(self) -> tuple[TermOutcome, ...]:
        """The terms that could not be checked."""
        return tuple(outcome for outcome in self.outcomes if outcome.status == UNCHECKED)

    @property
    def success(self) -> bool:
        """Whether every term was checked and kept, whatever its severity."""
        return all(outcome.status == KEPT for outcome in self.outcomes)

    def exit_code(self, fail_on: Severity = Severity.ERROR) -> int:
        """Return 2 where a term could not be checked, 1 where a broken one is at or above ``fail_on``, else 0."""
        if self.unchecked:
            return 2
        return int(any(outcome.severity >= fail_on for outcome in self.broken))

    def to_json(self) -> dict[str, Any]:
        """Return the result as plain JSON values."""
        return {
            "schema": "datacheck.contract_result",
            "version": 1,
            "success": self.success,
            "scope": self.scope,
            "contract": str(self.contract),
            "n_samples": len(self.manifest),
            "created": self.created,
            "seconds": round(self.seconds, 3),
            "counts": {
                status: sum(outcome.status == status for outcome in self.outcomes)
                for status in (KEPT, BROKEN, UNCHECKED)
            },
            "docs": None if self.docs is None else str(self.docs),
            "uncovered_columns": list(self.uncovered),
            "terms": [outcome.to_json() for outcome in self.outcomes],
        }

    def to_report(self) -> Report:
        """Return the result as a report, so that it renders wherever an audit does."""
        seconds = self.seconds / max(1, len(self.outcomes))
        outcomes = tuple(RuleOutcome(outcome.code, _TERM, _outcome(outcome), seconds) for outcome in self.outcomes)
        return Report(self.manifest, outcomes=outcomes, seconds=self.seconds, created=self.created)

    def render(self, format: str = "terminal", *, fail_on: Severity = Severity.ERROR, verbose: bool = False) -> str:
        """Return the result as text in one of `FORMATS`.

        Raises
        ------
        ConfigError
            When there is no such format.
        """
        if format == "terminal":
            return self._text(fail_on, verbose)
        if format == "json":
            return json.dumps(self.to_json(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        if format in FORMATS:
            from datacheck.report import render

            return render(self.to_report(), format, fail_on=fail_on)
        raise ConfigError(f"expected one of {', '.join(FORMATS)}, found {format!r}{did_you_mean(format, FORMATS)}")

    def _text(self, fail_on: Severity, verbose: bool) -> str:
        kept = [outcome for outcome in self.outcomes if outcome.status == KEPT]
        lines: list[str] = []
        shown = (*self.unchecked, *self.broken, *(kept if verbose else ()))
        for position, outcome in enumerate(shown):
            lines += _lines(outcome, requirement=verbose or position < _REQUIREMENTS_SHOWN, why=verbose)
        lines += ["", "-v shows every term, what it requires and why"] * (bool(shown) and not verbose)
        if self.uncovered:
            lines += [f"columns that no term covers: {clean(listed(self.uncovered, 12))}"]
        what = f"{len(self.manifest):,} samples" + (" of a new shard" if self.scope == "shard" else "")
        counts = [f"{len(kept):,} of {len(self.outcomes):,} terms kept"]
        counts += [f"{len(self.broken):,} broken"] * bool(self.broken)
        counts += [f"{len(self.unchecked):,} could not be checked"] * bool(self.unchecked)
        word = {0: "keeps the contract", 1: "breaks the contract", 2: "could not be checked against the contract"}
        verdict = word[self.exit_code(fail_on)]
        lines += [f"{what}: {verdict} in {clean(self.contract)} ({', '.join(counts)}, {self.seconds:.1f} s)"]
        if self.docs is not None:
            lines += [f"Data Docs: {self.docs}"]
        return "\n".join(lines) + "\n"

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre>{escape(self._text(Severity.ERROR, verbose=False))}</pre>"


_REQUIREMENTS_SHOWN = 5
"""Broken terms that are shown with what they require without ``-v``: one screen."""

_WIDTH = 116
"""Columns of the terminal output: two fit beside each other on a wide screen, one on a narrow one."""

_TERM = "contract-term"
"""The name of a term where an audit has the name of a rule."""

_MARKS = {Severity.ERROR: "✖ critical", Severity.WARNING: "▲ warning", Severity.INFO: "● info"}


def _lines(outcome: TermOutcome, *, requirement: bool, why: bool) -> list[str]:
    mark = {UNCHECKED: "? not checked", KEPT: "✔ kept"}.get(outcome.status, _MARKS[outcome.severity])
    lines = [f"{mark}  {clean(outcome.sentence)}"]
    if requirement:
        lines += [f"    required: {clean(outcome.term.requirement)}"]
    if outcome.status == BROKEN and outcome.sample_ids and (requirement or why):
        lines += [f"    such as: {', '.join(clean(name) for name in outcome.sample_ids[:5])}"]
    if why and outcome.term.why:
        lines += [f"    why: {clean(outcome.term.why)}"]
    return [
        part
        for line in lines
        for part in textwrap.wrap(line, _WIDTH, subsequent_indent="      ", break_on_hyphens=False)
    ]


def _outcome(outcome: TermOutcome) -> Outcome:
    if outcome.status == KEPT:
        return Passed(outcome.sentence)
    if outcome.status == UNCHECKED:
        return Failed(error=outcome.sentence, details=outcome.term.requirement)
    finding = Finding(
        code=outcome.code,
        name=_TERM,
        severity=outcome.severity,
        message=outcome.sentence,
        remedy=f"correct the dataset ({outcome.term.requirement}), or change it with `datacheck contract update`",
        evidence={"offending": [dict(row) for row in outcome.offending], "observed": outcome.observed},
        sample_ids=outcome.sample_ids,
        n_affected=outcome.n_affected,
    )
    return Found((finding,))
