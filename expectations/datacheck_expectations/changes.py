"""What changed between two contracts, and writing a change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datacheck.errors import ContractError
from datacheck.fingerprints import Fingerprint
from datacheck.text import number
from datacheck_expectations.copies import AS_AN_AUDIT, CopySearch
from datacheck_expectations.evaluation import DIGITS
from datacheck_expectations.expectations import EXPECTATIONS
from datacheck_expectations.gx import get_expectation_impl, quiet
from datacheck_expectations.store import Contract, seal, write_contract
from datacheck_expectations.terms import Term

_UP_LOOSENS = {"max_share", "max_ratio", "max_rate", "max_distance", "max_effect", "max_repeated", "high", "confidence"}
_DOWN_LOOSENS = {"min_share", "min_count", "min_quality", "low"}
_MORE_LOOSENS = {"labels", "values"}
_MORE_TIGHTENS = {"classes_by_split"}
_RANK = {"info": 0, "warning": 1, "critical": 2}

LOOSER, TIGHTER, OTHER = "looser", "tighter", "other"


@dataclass(frozen=True)
class TermChange:
    """One difference between two contracts.

    Attributes
    ----------
    direction
        ``looser`` lets more pass, ``tighter`` less, ``other`` is neither for certain.
    title
        The expectation and its subject.
    message
        One sentence with the values.
    """

    direction: str
    title: str
    message: str


@dataclass(frozen=True)
class ContractDiff:
    """What changed from one contract to another."""

    changes: tuple[TermChange, ...]

    @property
    def loosens(self) -> bool:
        """Whether anything lets more pass than before, or may."""
        return any(change.direction != TIGHTER for change in self.changes)

    def to_json(self) -> dict[str, Any]:
        """Return the difference as plain JSON values."""
        return {
            "schema": "datacheck.contract_diff",
            "version": 1,
            "changes": [vars(change) for change in self.changes],
        }

    def to_text(self) -> str:
        """Return a line a change, what loosens first."""
        if not self.changes:
            return "The two contracts require the same.\n"
        order = (LOOSER, OTHER, TIGHTER)
        lines = [
            f"{change.direction:>7}  {change.title}: {change.message}"
            for change in sorted(self.changes, key=lambda change: order.index(change.direction))
        ]
        counts = ", ".join(f"{sum(change.direction == word for change in self.changes)} {word}" for word in order)
        return "\n".join([*lines, f"{len(self.changes)} changes: {counts}"]) + "\n"


def diff_contracts(before: Contract | str | Path, after: Contract | str | Path) -> ContractDiff:
    """Return what loosens and what tightens from one contract to another."""
    first, second = (one if isinstance(one, Contract) else Contract.load(one) for one in (before, after))
    return diff_terms(first.terms, second.terms)


def diff_terms(before: Sequence[Term], after: Sequence[Term]) -> ContractDiff:
    """Return what loosens and what tightens from some terms to others.

    Examples
    --------
    >>> old = Term("expect_duplicates_at_most", {"column": "content_cluster", "max_share": 0.0})
    >>> new = Term("expect_duplicates_at_most", {"column": "content_cluster", "max_share": 0.01})
    >>> diff_terms([old], [new]).changes[0].direction
    'looser'
    """
    old, new = _by_title(before), _by_title(after)
    changes = [
        TermChange(LOOSER, title, f"no longer required: {term.requirement}")
        for title, term in old.items()
        if title not in new
    ]
    changes += [
        TermChange(TIGHTER, title, f"newly required: {term.requirement}")
        for title, term in new.items()
        if title not in old
    ]
    for title, term in old.items():
        if title in new and term.digest != new[title].digest:
            changes += _changed(title, term, new[title])
    return ContractDiff(tuple(changes))


def update_contract(
    contract: Contract | str | Path,
    expectations: Sequence[Any] | None = None,
    *,
    reference: Fingerprint | None = None,
    copies: CopySearch = AS_AN_AUDIT,
    source: str = "",
    accepted: Sequence[str] = (),
) -> Contract:
    """Replace a contract's expectations, or accept the edits made to its suite file where none are given.

    Raises
    ------
    ContractError
        As in `write_contract`.
    """
    found = contract if isinstance(contract, Contract) else Contract.load(contract, accept_edits=True)
    if expectations is None:
        return seal(found)
    if reference is None:
        raise ContractError("expected the fingerprint of the newly accepted dataset beside its expectations")
    return write_contract(
        found.folder,
        expectations,
        reference=reference,
        copies=copies,
        source=source,
        accepted=accepted,
    )


def foreign_expectations(contract: Contract) -> list[Any]:
    """Return the expectations of a contract that datacheck does not define: those a team added by hand."""
    own = {expectation.expectation_type for expectation in EXPECTATIONS}
    with quiet():
        return [
            get_expectation_impl(term.type)(**term.kwargs, severity=term.severity, notes=term.why or None)
            for term in contract.terms
            if term.type not in own
        ]


def _by_title(terms: Sequence[Term]) -> dict[str, Term]:
    found: dict[str, Term] = {}
    for term in terms:
        title = term.title
        while title in found:
            title += " (again)"
        found[title] = term
    return found


def _changed(title: str, old: Term, new: Term) -> list[TermChange]:
    changes = []
    if old.severity != new.severity:
        looser = _RANK.get(new.severity, 0) < _RANK.get(old.severity, 0)
        changes.append(TermChange(LOOSER if looser else TIGHTER, title, f"severity {old.severity} → {new.severity}"))
    for name in sorted({*old.kwargs, *new.kwargs}):
        was, now = old.kwargs.get(name), new.kwargs.get(name)
        if was != now:
            changes.append(TermChange(_direction(name, was, now), title, _message(name, was, now)))
    return changes


def _direction(name: str, was: Any, now: Any) -> str:
    """Return whether a change of a threshold lets more or less pass."""
    if isinstance(was, int | float) and isinstance(now, int | float):
        if name in _UP_LOOSENS or name in _DOWN_LOOSENS:
            return LOOSER if (now > was) == (name in _UP_LOOSENS) else TIGHTER
        return OTHER
    if name in _MORE_LOOSENS and isinstance(was, list) and isinstance(now, list):
        return _subset(set(map(repr, now)), set(map(repr, was)), TIGHTER, LOOSER)
    if name in _MORE_TIGHTENS and isinstance(was, Mapping) and isinstance(now, Mapping):
        cells = [{(split, label) for split, labels in one.items() for label in labels} for one in (was, now)]
        return _subset(cells[1], cells[0], LOOSER, TIGHTER)
    if name == "shares" and isinstance(was, Mapping) and isinstance(now, Mapping) and set(was) == set(now):
        wider = all(now[key][0] <= was[key][0] and now[key][1] >= was[key][1] for key in was)
        narrower = all(now[key][0] >= was[key][0] and now[key][1] <= was[key][1] for key in was)
        return LOOSER if wider else TIGHTER if narrower else OTHER
    if name == "columns" and isinstance(was, Mapping) and isinstance(now, Mapping):
        return _column_direction(was, now)
    return OTHER


def _column_direction(was: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Return whether columns lost or gained requirements."""
    both = was.keys() & now.keys()
    if any(was[name]["kind"] != now[name]["kind"] for name in both):
        return OTHER
    looser = bool(was.keys() - now.keys()) or any(now[n]["max_missing"] > was[n]["max_missing"] for n in both)
    tighter = bool(now.keys() - was.keys()) or any(now[n]["max_missing"] < was[n]["max_missing"] for n in both)
    return OTHER if looser and tighter else LOOSER if looser else TIGHTER


def _subset(now: set[Any], was: set[Any], fewer: str, more: str) -> str:
    return fewer if now < was else more if now > was else OTHER


def _message(name: str, was: Any, now: Any) -> str:
    if isinstance(was, list) and isinstance(now, list):
        gone, come = [word for word in was if word not in now], [word for word in now if word not in was]
        parts = [f"without {', '.join(map(repr, gone))}"] * bool(gone) + [f"with {', '.join(map(repr, come))}"] * bool(
            come
        )
        return f"{name} {' and '.join(parts) or 'in another order'}"
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        keys = [key for key in sorted({*was, *now}) if was.get(key) != now.get(key)]
        shown = "; ".join(f"{key}: {_short(was.get(key))} → {_short(now.get(key))}" for key in keys[:3])
        return f"{name} of {shown}" + (f" and {len(keys) - 3} more" if len(keys) > 3 else "")
    return f"{name} {_short(was)} → {_short(now)}"


def _short(value: Any) -> str:
    if isinstance(value, Mapping) and value.keys() >= {"mean", "n"}:
        return f"mean {number(value['mean'], DIGITS)} of {number(value['n'])}"
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
