"""Wraps listings in ``sorted(…)``."""

from __future__ import annotations

import ast
from collections.abc import Iterable


def with_sorted(text: str, listings: Iterable[ast.expr]) -> tuple[str, int]:
    """Return source text with each listing wrapped in ``sorted(…)``, and how many were.

    A listing inside of another is left as it is. The result is parsed: text that would not be Python is not returned.

    Examples
    --------
    >>> text = "for p in folder.glob('*'): use(p)"
    >>> with_sorted(text, [ast.parse(text).body[0].iter])
    ("for p in sorted(folder.glob('*')): use(p)", 1)
    """
    data = text.encode()
    starts = [0]
    for line in data.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    spans = sorted({(starts[one.lineno - 1] + one.col_offset, starts[(one.end_lineno or one.lineno) - 1]
                     + (one.end_col_offset or 0)) for one in listings})  # fmt: skip
    outer = [span for span in spans if not any(a <= span[0] and span[1] <= b and (a, b) != span for a, b in spans)]
    for start, end in reversed(outer):
        data = data[:start] + b"sorted(" + data[start:end] + b")" + data[end:]
    changed = data.decode()
    ast.parse(changed)
    return changed, len(outer)
