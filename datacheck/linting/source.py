"""One Python file or notebook, read and followed but never executed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from datacheck.linting.values import Call, Events

_NOQA = re.compile(r"#\s*noqa(?::\s*(?P<codes>[A-Z]+\d*(?:[,\s]+[A-Z]+\d*)*))?", re.IGNORECASE)
"""``# noqa`` silences a line, ``# noqa: DC701`` one rule on it, ``# noqa: DC7`` a family."""


@dataclass(frozen=True)
class Place:
    """Where something stands: line and column count from 1; ``cell`` is a notebook's, which then has its own lines."""

    line: int
    column: int
    end_line: int
    end_column: int
    cell: int | None = None


@dataclass(frozen=True, eq=False)
class SourceFile:
    """A file of training code.

    Attributes
    ----------
    path, text
        Its path as given, and its source; of a notebook, the code cells one after the other.
    tree
        The parsed source.
    cells
        Of a notebook: for each line of ``text`` the number of its cell and the line in it, from 1.

    Examples
    --------
    >>> source = SourceFile("train.py", "import os; names = os.listdir(0)")
    >>> [call.name for call in source.calls("listdir")]
    ['os.listdir']
    """

    path: str
    text: str
    cells: tuple[tuple[int, int], ...] = field(default=(), repr=False)

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree; raises SyntaxError where the text is not Python."""
        return ast.parse(self.text)

    @cached_property
    def events(self) -> Events:
        """What the code does, followed from its first statement."""
        from datacheck.linting.flow import follow

        return follow(self.tree)

    @cached_property
    def lines(self) -> list[str]:
        """The lines of the text."""
        return self.text.splitlines()

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Every node of the tree, without the contexts of names; several times as fast as `ast.walk`."""
        found: list[ast.AST] = [self.tree]
        for node in found:
            for name in node._fields:
                value = getattr(node, name, None)
                if isinstance(value, list):
                    found += [each for each in value if isinstance(each, ast.AST)]
                elif isinstance(value, ast.AST) and not isinstance(value, ast.expr_context):
                    found.append(value)
        return tuple(found)

    def calls(self, *tails: str) -> Iterator[Call]:
        """Yield the calls whose name ends in one of some words, in the order of the code."""
        found = [pair for tail in dict.fromkeys(tails) for pair in self._calls_by_tail.get(tail, ())]
        return (call for _, call in sorted(found, key=lambda pair: pair[0]))

    @cached_property
    def _calls_by_tail(self) -> dict[str, list[tuple[int, Call]]]:
        found: dict[str, list[tuple[int, Call]]] = {}
        for place, call in enumerate(self.events.calls):
            found.setdefault(call.tail, []).append((place, call))
        return found

    def place(self, node: ast.AST) -> Place:
        """Return where a node stands."""
        line = getattr(node, "lineno", None) or 1
        end = getattr(node, "end_lineno", None) or line
        column, end_column = (
            (getattr(node, "col_offset", None) or 0) + 1,
            (getattr(node, "end_col_offset", None) or 0) + 1,
        )
        if not self.cells:
            return Place(line, column, end, end_column)
        cell, first = self.cells[line - 1]
        return Place(first, column, first + end - line, end_column, cell)

    def silenced(self, node: ast.AST, code: str) -> bool:
        """Whether a ``noqa`` comment on one of the node's lines names the rule, or every rule."""
        first = getattr(node, "lineno", None) or 1
        last = getattr(node, "end_lineno", None) or first
        for line in {first, last}:
            found = _NOQA.search(self.lines[line - 1]) if line <= len(self.lines) else None
            if found and (found["codes"] is None or any(map(code.startswith, _words(found["codes"].upper())))):
                return True
        return False


def _words(text: str) -> list[str]:
    return re.split(r"[,\s]+", text)
