"""Natural order: words with their runs of digits compared as numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

_DIGITS = re.compile(r"(\d+)")


def natural_sorted(words: Iterable[str]) -> list[str]:
    """Sort words with their runs of digits as numbers: ``2`` before ``10``.

    Examples
    --------
    >>> natural_sorted(["10", "2", "a10", "a9"])
    ['2', '10', 'a9', 'a10']
    """
    return sorted(words, key=natural_key)


def natural_key(word: str) -> tuple[str | tuple[int, str], ...]:
    """Return the key that `natural_sorted` orders by: text and numbers in turn, beginning with text."""
    runs: list[Any] = _DIGITS.split(word)
    for place in range(1, len(runs), 2):
        runs[place] = (int(runs[place]), runs[place])
    return tuple(runs)
