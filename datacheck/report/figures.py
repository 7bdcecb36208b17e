"""The report's figures as inline SVG; colours come from the page's style sheet, text is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.report.tables import Histogram
from datacheck.text import number

WIDTH, HEIGHT = 300, 110
"""Size of a histogram in the figure's own units; the page scales it, four to a row on a wide screen."""

_LEFT, _BOTTOM, _TOP = 4, 20, 6
"""Margins of a histogram: the bottom one holds the two numbers of the axis."""

CURVE_WIDTH, CURVE_HEIGHT = 560, 220
"""Size of a curve: as wide as a paragraph of the page."""

_CURVE_LEFT, _CURVE_RIGHT, _CURVE_BOTTOM, _CURVE_TOP = 44, 12, 34, 12
"""Margins of a curve: the left one holds numbers of five digits, the bottom one the axis and its name."""

_BAR = 120
"""Length of the bar that an interval is drawn on."""

_NAME = 16
"""Characters of a name under an axis: two of them fit side by side."""

N_COLOURS = 6
"""Colours of the style sheet; a seventh split has the colour of the first."""


def histogram_svg(histogram: Histogram, splits: Sequence[str], label: str) -> str:
    """Return overlaid step histograms, a series a split (classes ``s0``, ``s1`` …)."""
    floor = HEIGHT - _BOTTOM
    top = float(histogram.shares.max()) or 1.0
    n_bins = histogram.shares.shape[1]
    step = (WIDTH - 2 * _LEFT) / n_bins
    parts = []
    for s in range(len(splits)):
        heights = floor - histogram.shares[s] / top * (floor - _TOP)
        path = f"M{_LEFT},{floor}" + "".join(
            f"L{_LEFT + b * step:.1f},{y:.1f}H{_LEFT + (b + 1) * step:.1f}" for b, y in enumerate(heights)
        )
        parts.append(f'<path class="area s{s % N_COLOURS}" d="{path}V{floor}Z"/>')
        parts.append(f'<path class="line s{s % N_COLOURS}" d="{path}V{floor}"/>')
    low, high = number(float(histogram.edges[0])), number(float(histogram.edges[-1]))
    axis = (
        f'<line class="axis" x1="{_LEFT}" x2="{WIDTH - _LEFT}" y1="{floor}" y2="{floor}"/>'
        f'<text x="{_LEFT}" y="{HEIGHT - 4}">{escape(low)}</text>'
        f'<text x="{WIDTH - _LEFT}" y="{HEIGHT - 4}" text-anchor="end">{escape(high)}</text>'
    )
    return _svg("".join(parts) + axis, label, WIDTH, HEIGHT)


def ranked_svg(counts: NDArray[np.int64], names: Sequence[str], label: str) -> str:
    """Return counts as bars, the largest first, with the names of the largest and the smallest; shapes [K]."""
    floor, n = HEIGHT - _BOTTOM, len(counts)
    order = np.argsort(-counts, kind="stable")
    step = (WIDTH - 2 * _LEFT) / n
    gap = min(2.0, step / 5)
    heights = counts[order] / max(1, int(counts.max())) * (floor - _TOP)
    bars = "".join(
        f"M{_LEFT + k * step:.1f},{floor}v{-height:.1f}h{step - gap:.2f}v{height:.1f}Z"
        for k, height in enumerate(heights)
    )
    ends = [f"{_short(names[k])}: {counts[k]:,}" for k in (order[0], order[-1])]
    text = (
        f'<text x="{_LEFT}" y="{HEIGHT - 4}">{escape(ends[0])}</text>'
        f'<text x="{WIDTH - _LEFT}" y="{HEIGHT - 4}" text-anchor="end">{escape(ends[1])}</text>'
    )
    axis = f'<line class="axis" x1="{_LEFT}" x2="{WIDTH - _LEFT}" y1="{floor}" y2="{floor}"/>'
    return _svg(f'<path class="bars s0" d="{bars}"/>{axis}{text}', label, WIDTH, HEIGHT)


def heat_svg(
    grid: NDArray[np.integer[Any]], label: str, *, marks: Sequence[str] = ("", ""), at: float | None = None
) -> str:
    """Return counts on a grid, [rows, columns], as squares whose shade grows with the square root of the count.

    Parameters
    ----------
    grid
        The first row is drawn at the top.
    label
        What a screen reader says.
    marks
        Text under the left and the right end.
    at
        Share of the height at which a line is drawn.
    """
    n_rows, n_columns = grid.shape
    size = WIDTH / max(n_columns, 1)
    height = size * n_rows
    shade = np.sqrt(grid / max(1, int(grid.max(initial=0))))
    cells = "".join(
        f'<rect x="{column * size:.1f}" y="{row * size:.1f}" width="{size:.2f}" height="{size:.2f}" '
        f'opacity="{shade[row, column]:.2f}"/>'
        for row, column in zip(*np.nonzero(grid), strict=True)
    )
    frame = f'<rect class="edge" x=".5" y=".5" width="{WIDTH - 1}" height="{height - 1:.1f}"/>'
    line = (
        "" if at is None else f'<line class="mark" x1="0" x2="{WIDTH}" y1="{at * height:.1f}" y2="{at * height:.1f}"/>'
    )
    text = (
        f'<text x="0" y="{height + 14:.0f}">{escape(marks[0])}</text>'
        f'<text x="{WIDTH}" y="{height + 14:.0f}" text-anchor="end">{escape(marks[1])}</text>'
    )
    room = 18 if any(marks) else 0
    return _svg(
        f'<g class="cells s0">{cells}</g>{frame}{line}{text if room else ""}', label, WIDTH, round(height) + room
    )


def _short(name: str) -> str:
    return name if len(name) <= _NAME else f"{name[: _NAME - 1]}…"


def curve_svg(points: NDArray[np.float64], *, label: str, x_name: str, mark: float | None = None) -> str:
    """Return a line with its interval as a band.

    Parameters
    ----------
    points
        Columns x, value, low and high; shape [P, 4]. Points without a value are left out; without an end, the band
        is as thin as the line there.
    label, x_name
        What the figure shows, for those who cannot see it, and the name of the x axis.
    mark
        Where to draw a vertical line.
    """
    width, height, left, bottom, top = CURVE_WIDTH, CURVE_HEIGHT, _CURVE_LEFT, _CURVE_BOTTOM, _CURVE_TOP
    right = width - _CURVE_RIGHT
    x, value, low, high = points[np.isfinite(points[:, :2]).all(axis=1)].T
    if not len(x):
        return ""
    low, high = np.where(np.isfinite(low), low, value), np.where(np.isfinite(high), high, value)
    y0, y1 = float(min(low.min(), 0 if value.min() >= 0 else value.min())), float(max(high.max(), value.max()))
    x0, x1 = float(x.min()), float(x.max())

    def across(v: float) -> float:
        return left + (v - x0) / ((x1 - x0) or 1) * (right - left)

    def up(v: float) -> float:
        return height - bottom - (v - y0) / ((y1 - y0) or 1) * (height - bottom - top)

    upper = [f"{across(a):.1f},{up(b):.1f}" for a, b in zip(x, high, strict=True)]
    lower = [f"{across(a):.1f},{up(b):.1f}" for a, b in zip(x, low, strict=True)]
    middle = [f"{across(a):.1f},{up(b):.1f}" for a, b in zip(x, value, strict=True)]
    grid = "".join(
        f'<line class="grid" x1="{left}" x2="{right}" y1="{up(v):.1f}" y2="{up(v):.1f}"/>'
        f'<text x="{left - 6}" y="{up(v) + 4:.1f}" text-anchor="end">{escape(number(float(v)))}</text>'
        for v in np.linspace(y0, y1, 4)
    )
    ends = (
        f'<text x="{left}" y="{height - 16}">{escape(number(x0))}</text>'
        f'<text x="{right}" y="{height - 16}" text-anchor="end">{escape(number(x1))}</text>'
        f'<text x="{(left + width) / 2:.0f}" y="{height - 4}" text-anchor="middle">{escape(x_name)}</text>'
    )
    marked = ""
    if mark is not None and x0 <= mark <= x1:
        marked = (
            f'<line class="mark" x1="{across(mark):.1f}" x2="{across(mark):.1f}" y1="{top}" y2="{height - bottom}"/>'
        )
    body = (
        f'{grid}<path class="area s0" d="M{"L".join(upper + lower[::-1])}Z"/>'
        f'<path class="line s0" d="M{"L".join(middle)}"/>{marked}{ends}'
    )
    return _svg(body, label, width, height)


def interval_svg(value: float, low: float, high: float) -> str:
    """Return a bar of an estimate in [0, 1] with its interval."""
    ends = (end if np.isfinite(end) else value for end in (low, high))
    clip = [min(max(float(v), 0.0), 1.0) * _BAR for v in (value, *ends)]
    return (
        f'<svg class="interval" viewBox="0 0 {_BAR} 12" width="{_BAR}" height="12" aria-hidden="true">'
        f'<line class="axis" x1="0" x2="{_BAR}" y1="6" y2="6"/>'
        f'<line class="range" x1="{clip[1]:.1f}" x2="{clip[2]:.1f}" y1="6" y2="6"/>'
        f'<circle cx="{clip[0]:.1f}" cy="6" r="3.5"/></svg>'
    )


def _svg(body: str, label: str, width: int, height: int) -> str:
    label = escape(label, quote=True)
    return f'<svg class="plot" viewBox="0 0 {width} {height}" role="img" aria-label="{label}">{body}</svg>'
