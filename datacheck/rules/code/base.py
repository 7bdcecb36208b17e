"""What a rule on training code is, and what it says where."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.linting.source import SourceFile
from datacheck.rules.common import BaseRule


@dataclass(frozen=True)
class Hit:
    """One place that a rule names.

    Attributes
    ----------
    node
        The expression or statement.
    message, remedy
        What is wrong and how sure that is; what to do.
    severity
        The rule's own where None.
    to_sort
        Listings that ``--fix`` may wrap in ``sorted(…)``.
    """

    node: ast.AST
    message: str
    remedy: str
    severity: Severity | None = None
    to_sort: tuple[ast.expr, ...] = ()


class CodeRule(BaseRule[SourceFile]):
    """One cause to look for in a file of training code: a frozen dataclass that defines `hits`.

    Examples
    --------
    >>> from datacheck.rules.code.dc711_shared_transform import SharedTransform
    >>> source = SourceFile("train.py", "train, val = random_split(full, [8, 2]); val.dataset.transform = plain")
    >>> [finding.evidence["line"] for finding in SharedTransform().check(source).findings]
    [1]
    """

    reads: ClassVar[str] = "the code"
    judged_by: ClassVar[str] = "datacheck lint"

    def hits(self, source: SourceFile) -> Iterator[Hit]:
        """Yield what the rule names in a file; the same place may come more than once."""
        raise NotImplementedError(f"{type(self).__name__} defines no hits(source)")

    def places(self, source: SourceFile) -> tuple[Hit, ...]:
        """Return what the rule names, each place once, without what a ``noqa`` comment silences."""
        found: dict[tuple[int, int], Hit] = {}
        for hit in self.hits(source):
            if not source.silenced(hit.node, self.code):
                found.setdefault((getattr(hit.node, "lineno", 1), getattr(hit.node, "col_offset", 0)), hit)
        return tuple(found[key] for key in sorted(found))

    def judge(self, context: SourceFile) -> Outcome:
        """Judge one file."""
        found = []
        for hit in self.places(context):
            place = context.place(hit.node)
            where = {"file": context.path, "line": place.line, "column": place.column, "cell": place.cell}
            found.append(self.finding(hit.message, hit.remedy, severity=hit.severity, evidence=where))
        return Found(tuple(found)) if found else Passed()
