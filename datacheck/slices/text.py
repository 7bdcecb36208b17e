"""Slices as text: the weak ones in sentences, then a table."""

from __future__ import annotations

import numpy as np

from datacheck.manifest import Task
from datacheck.slices.find import Slice, Slices
from datacheck.stats import Interval
from datacheck.text import clean, number, percent, percent_range, plural

SHOWN = 15
"""Rows of the table, without ``every``: with the lines above it, a screen of 24 lines that is wide enough."""

MIN_GAP, MIN_RISE = 0.1, 0.5
"""A slice is called weak from these on, as in rule DC606: ten points of errors, or half as much error again."""


def weak_in_words(found: Slices, one: Slice) -> str:
    """Return a weak slice in a sentence: its error, and what is usual for the same classes elsewhere."""
    expected = one.error.value - one.gap.value
    if found.judged.task is Task.REGRESSION:
        return (
            f"{one.words}: the mean absolute error is {number(one.error.value)} on {plural(len(one), 'sample')}, where "
            f"like targets elsewhere have {number(expected)} (95 % interval of the difference {number(one.gap.low)} to "
            f"{number(one.gap.high)})"
        )
    what = "predictions" if found.judged.task is Task.CLASSIFICATION else "predicted labels"
    others = "the other classes have" if one.attribute == "label" else "the same classes elsewhere have"
    return (
        f"{one.words}: {percent(one.error.value)} of the {what} are wrong on {plural(len(one), 'sample')}, where "
        f"{others} {percent(max(0.0, expected))} (95 % interval of the difference "
        f"{percent_range(one.gap.low, one.gap.high).removesuffix(' %')} points)"
    )


def slices_text(found: Slices, *, every: bool = False, width: int | None = None) -> str:
    """Return slices as lines of text.

    Parameters
    ----------
    found
        The slices.
    every
        Whether the table has all rows, and not only those with the largest difference.
    width
        Columns of the terminal: a table that is wider has two lines for each slice. None for no end, as in a file.
    """
    shares = found.judged.task is not Task.REGRESSION
    whole = (
        f"{percent(found.error.value)} wrong (95 % interval {percent_range(found.error.low, found.error.high)})"
        if shares
        else f"mean absolute error {_text(found.error, shares=False)}"
    )
    lines = [f"{plural(len(found.judged), 'sample')} predicted out of sample: {whole}"]
    weak = found.weak(min_gap=MIN_GAP if shares else MIN_RISE)
    lines += [f"weak: {clean(weak_in_words(found, one))}" for one in weak]
    if not weak:
        lines.append(f"none of {plural(len(found), 'slice')} is weak")
    shown = found.rows if every else found.rows[:SHOWN]
    lines += ["", *_table(shown, shares=shares, width=width)]
    rest = []
    if len(shown) < len(found):
        rest.append(f"{plural(len(found) - len(shown), 'more slice')} with -v")
    if found.n_small:
        rest.append(f"{plural(found.n_small, 'slice')} of fewer than {found.min_size} samples left out")
    if rest:
        lines += ["", "; ".join(rest)]
    return "\n".join(lines)


def _table(rows: tuple[Slice, ...], *, shares: bool, width: int | None) -> list[str]:
    difference = "difference in points" if shares else "difference"
    head = ["slice", "samples", "wrong" if shares else "error", difference, "loss", "doubtful"]
    cells = [
        [
            clean(one.words),
            f"{len(one):,}",
            _text(one.error, shares=shares),
            _points(one.gap) if shares else _text(one.gap, shares=False),
            number(one.loss.value),
            "" if one.doubtful is None else percent(one.doubtful.value),
        ]
        for one in rows
    ]
    if not any(row[-1] for row in cells):
        head, cells = head[:-1], [row[:-1] for row in cells]
    widths = [max(len(row[k]) for row in [head, *cells]) for k in range(len(head))]
    names = [f"{row[0]:<{widths[0]}}" for row in [head, *cells]]
    numbers = [
        "  ".join(f"{cell:>{wide}}" for cell, wide in zip(row[1:], widths[1:], strict=True)).rstrip()
        for row in [head, *cells]
    ]
    if width is not None and sum(widths) + 2 * (len(widths) - 1) > width:
        return [line for name, figures in zip(names, numbers, strict=True) for line in (name.rstrip(), f"  {figures}")]
    return [f"{name}  {figures}" for name, figures in zip(names, numbers, strict=True)]


def _points(gap: Interval) -> str:
    if not np.isfinite(gap.value):
        return "not known"
    return f"{100 * gap.value:+.1f} ({100 * gap.low:+.1f} to {100 * gap.high:+.1f})"


def _text(interval: Interval, *, shares: bool) -> str:
    if not np.isfinite(interval.value):
        return "not known"
    if shares:
        return f"{percent(interval.value)} ({percent_range(interval.low, interval.high)})"
    return f"{number(interval.value)} ({number(interval.low)} to {number(interval.high)})"
