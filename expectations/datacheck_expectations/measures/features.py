"""What every column of a frame holds: kind of values, missing values, and an example."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from datacheck.fingerprints.columns import ColumnKind, kind_of, missing_rows
from datacheck_expectations.measures.columns import named


@dataclass(frozen=True)
class ColumnFacts:
    """One column.

    Attributes
    ----------
    kind
        What kind of values it holds; ``empty`` where no row has one.
    rows, missing
        All rows, and those without a value.
    example
        Its first value, as text.
    missing_ids
        The first samples without a value.
    """

    kind: ColumnKind
    rows: int
    missing: int
    example: str = ""
    missing_ids: tuple[str, ...] = ()


_EXAMPLES = 5
"""Samples without a value that a message can name."""


def column_facts(frame: pd.DataFrame) -> dict[str, ColumnFacts]:
    """Return the facts of every column by its name.

    Examples
    --------
    >>> facts = column_facts(pd.DataFrame({"weight": [1.5, None], "colour": ["red", "blue"]}))
    >>> facts["weight"].kind.value, facts["weight"].missing, facts["colour"].example
    ('number', 1, 'red')
    """
    return {str(name): _facts(frame, frame[name]) for name in frame.columns}


def _facts(frame: pd.DataFrame, series: pd.Series[Any]) -> ColumnFacts:
    try:
        column = pa.array(series, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError):  # objects of several kinds
        column = pa.array([None if value is None else str(value) for value in series], pa.string())
    absent = missing_rows(column)
    rows = np.flatnonzero(absent)
    present = np.flatnonzero(~absent)
    if not len(present):
        return ColumnFacts(ColumnKind.EMPTY, len(absent), len(rows), missing_ids=named(frame, rows[:_EXAMPLES]))
    example = str(column[int(present[0])].as_py())
    return ColumnFacts(kind_of(column), len(absent), len(rows), example, named(frame, rows[:_EXAMPLES]))
