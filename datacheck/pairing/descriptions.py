"""Shifted segments in words."""

from __future__ import annotations

from collections.abc import Sequence

from datacheck.pairing.repairs import Cause, ChangePoint, Diagnosis
from datacheck.pairing.shift_hypotheses import NO_SHIFT, Shift

MAX_SEGMENTS_NAMED = 4
"""More segments do not fit into a sentence; the repair has all of them."""


def describe_segments(
    segments: Sequence[tuple[int, Shift]], change_points: Sequence[ChangePoint], n_rows: int
) -> Diagnosis:
    """Say what is shifted, from which row on, and how sure that row is.

    Examples
    --------
    >>> segments = ((0, Shift(0)), (4, Shift(1)))
    >>> describe_segments(segments, (ChangePoint(4, 3, 5, 0.6, (3, 4)),), 9).detail
    'from row 4 on (95 % interval: rows 3 to 5), each sample has the label of the row before it'
    >>> print(describe_segments(((0, Shift(30)), (30, Shift(-30)), (60, Shift(0))), (), 90).detail)
    the labels of rows 0 to 29 stand in rows 30 to 59; the labels of rows 30 to 59 stand in rows 0 to 29
    """
    starts = [row for row, _ in segments]
    spans = list(zip(starts, [*starts[1:], n_rows], [shift for _, shift in segments], strict=True))
    shifted = [number for number, (_, _, shift) in enumerate(spans) if shift != NO_SHIFT]
    first, end = spans[shifted[0]][0], spans[shifted[-1]][1]
    if len(shifted) > 1:
        parts = "; ".join(_where(*spans[number], n_rows) for number in shifted[:MAX_SEGMENTS_NAMED])
        return Diagnosis(Cause.SWAPPED_BLOCK, parts, first, end)
    shift = spans[shifted[0]][2]
    bounds = change_points[max(0, shifted[0] - 1) : shifted[0] + 1]
    unsure = [f"rows {one.low:,} to {one.high:,}" for one in bounds if one.low < one.high]
    stretch = f"from row {first:,} {'on' if end == n_rows else f'to {end - 1:,}'}"
    stretch += f" (95 % interval: {' and '.join(unsure)})" if unsure else ""
    if shift.mirrored:
        return Diagnosis(Cause.REVERSED, f"{stretch}, the labels stand in reverse order", first, end)
    n, side = abs(shift.offset), "before" if shift.offset > 0 else "after"
    whose = f"the row {side} it" if n == 1 else f"the sample {n:,} rows {side} it"
    return Diagnosis(Cause.SHIFT, f"{stretch}, each sample has the label of {whose}", first, end, shift.offset)


def _where(start: int, end: int, shift: Shift, n_rows: int) -> str:
    """Where the labels of a span of rows stand."""
    low, high = start + shift.offset, end - 1 + shift.offset
    if shift.mirrored:
        low, high = shift.offset - end + 1, shift.offset - start
    order = " in reverse order" if shift.mirrored else ""
    return f"the labels of rows {start:,} to {end - 1:,} stand{order} in rows {low % n_rows:,} to {high % n_rows:,}"
