"""Numbers, percentages, counts and lists as text: every message, report and contract writes them the same way."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence


def plural(count: int, one: str, many: str = "") -> str:
    """Return a count with its noun.

    Examples
    --------
    >>> plural(1, "file"), plural(1200, "sample"), plural(2, "class", "classes")
    ('1 file', '1,200 samples', '2 classes')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def have(count: int, one: str, many: str = "") -> str:
    """Return a count with its noun and the verb.

    Examples
    --------
    >>> have(1, "class", "classes"), have(3, "class", "classes")
    ('1 class has', '3 classes have')
    """
    return f"{plural(count, one, many)} {'has' if count == 1 else 'have'}"


def number(value: float, digits: int = 3) -> str:
    """Return a number with thousands separated and at most ``digits`` significant digits below 1,000.

    Examples
    --------
    >>> number(1234567), number(0.123456), number(64.0), number(12345.6), number(float("nan"))
    ('1,234,567', '0.123', '64', '12,346', 'not known')
    """
    if not math.isfinite(value):
        return "not known"
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.{digits}g}"


def percent(share: float) -> str:
    """Return a share in percent: two digits below ten percent, one decimal above; never 100 % of less than all.

    Examples
    --------
    >>> [percent(share) for share in (0.0031, 0.0446, 0.333, 0.9996, 0.0, 1.0, float("nan"))]
    ['0.31 %', '4.5 %', '33.3 %', '99.9 %', '0 %', '100 %', 'not known']
    """
    if not math.isfinite(share):
        return "not known"
    value = 100 * share
    if share < 1:
        value = min(value, 99.9)  # all but one of many is not all
    return f"{value:.2g} %" if abs(value) < 10 else f"{value:.1f}".removesuffix(".0") + " %"


def percent_range(low: float, high: float) -> str:
    """Return two shares in percent with one unit, for an interval.

    Examples
    --------
    >>> percent_range(0.0446, 0.333)
    '4.5 to 33.3 %'
    """
    return f"{percent(low).removesuffix(' %')} to {percent(high)}"


def listed(words: Sequence[object], limit: int = 5) -> str:
    """Return words quoted and joined for a sentence, cut after ``limit`` with the number left out.

    Examples
    --------
    >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"], 2), listed([])
    ("'a'", "'a' and 'b'", "'a', 'b' and 1 more", 'none')
    """
    shown = [repr(word) for word in words[:limit]]
    if len(words) > limit:
        return f"{', '.join(shown)} and {len(words) - limit:,} more"
    if len(shown) < 2:
        return "".join(shown) or "none"
    return f"{', '.join(shown[:-1])} and {shown[-1]}"


def clean(text: object) -> str:
    r"""Return text on one line without control characters, so that a file name cannot control a terminal.

    Examples
    --------
    >>> clean("a\x1b[31m\nb")
    'a�[31m b'
    """
    line = " ".join(str(text).split())
    return "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(c) in {"Cc", "Cf", "Cs"} else c for c in line)
