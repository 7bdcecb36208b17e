"""Expect the columns of the accepted dataset, with their kind of values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from datacheck.fingerprints.columns import ColumnKind
from datacheck.stats import proportion
from datacheck.text import listed, percent, plural
from datacheck_expectations.base import DatacheckExpectation
from datacheck_expectations.evaluation import Evaluation, sampling_clause
from datacheck_expectations.measures.features import ColumnFacts

_SHOWN = 4
"""Columns that the sentence names; the table below it names all."""


class ExpectColumnsPresent(DatacheckExpectation):
    """Expect columns to be there, to hold values of their kind, and to have few rows without a value.

    Without a value are null, NaN, infinite numbers and empty texts. Broken when a column is absent or of another kind,
    or when the lower end of the Wilson interval of its share of missing values is above ``max_missing``.

    Parameters
    ----------
    columns
        ``kind`` (``number``, ``boolean``, ``text``, ``time``, ``list``, ``other``; ``empty`` allows any) and
        ``max_missing`` (a share) of each column.
    confidence
        Level of the interval, in [0, 1); 0 compares the share itself.

    Example
    -------
    >>> expectation = ExpectColumnsPresent(columns={"weight": {"kind": "number", "max_missing": 0.0}}, confidence=0.0)
    >>> expectation.evaluate({"weight": ColumnFacts(ColumnKind.TEXT, 3, 0, "10 kg")}).sentence
    "column 'weight' holds text, such as '10 kg', expected number"
    """

    columns: dict[str, dict[str, Any]]
    confidence: float

    metric_dependencies: ClassVar[tuple[str, ...]] = ("datacheck.column_facts",)

    def evaluate(self, measured: Mapping[str, ColumnFacts]) -> Evaluation:
        """Look at each column."""
        broken = {name: self._problem(name, measured.get(name)) for name in self.columns}
        problems = {name: problem for name, problem in broken.items() if problem}
        if not problems:
            return Evaluation(True, 0, f"{plural(len(self.columns), 'column')} as expected")
        more = f"; and {len(problems) - _SHOWN:,} more columns" if len(problems) > _SHOWN else ""
        rows = tuple({"column": name, "problem": problem} for name, problem in problems.items())
        facts = [measured[name] for name in problems if name in measured]
        ids = facts[0].missing_ids if facts else ()
        n_affected = max((found.missing for found in facts), default=0)
        sentence = "; ".join(list(problems.values())[:_SHOWN]) + more
        return Evaluation(False, len(problems), sentence, rows, ids, n_affected)

    def _problem(self, name: str, found: ColumnFacts | None) -> str:
        accepted = self.columns[name]
        kind, most = ColumnKind(accepted["kind"]), float(accepted["max_missing"])
        if found is None:
            return f"column {name!r} is missing"
        if ColumnKind.EMPTY not in (kind, found.kind) and found.kind is not kind:
            return f"column {name!r} holds {found.kind.value}, such as {found.example!r}, expected {kind.value}"
        share = proportion(found.missing, found.rows, level=self.confidence)
        if share.low <= most:
            return ""
        allowed = f"at most {percent(most)} may be" if most else "none may be"
        return f"column {name!r} has no value in {found.missing:,} of {plural(found.rows, 'row')} ({allowed})"

    @classmethod
    def requirement(cls, terms: Mapping[str, Any]) -> str:
        """State the columns."""
        columns: Mapping[str, Mapping[str, Any]] = terms["columns"]
        kinds = dict.fromkeys(str(one["kind"]) for one in columns.values())
        parts = [
            f"{kind}: {listed([name for name, one in columns.items() if one['kind'] == kind], 12)}" for kind in kinds
        ]
        loose = [f"{name!r} {percent(one['max_missing'])}" for name, one in columns.items() if one["max_missing"]]
        missing = f"; rows without a value are at most: {', '.join(loose)}" if loose else ""
        full = "" if len(loose) == len(columns) else f"; {'the others' if loose else 'all'} have a value in every row"
        return (
            f"The dataset has these columns, by kind of values: {'; '.join(parts)}{missing}{full}"
            f"{sampling_clause(terms['confidence']) if loose else ''}."
        )
