"""Terms about the columns that datacheck gives no meaning to: the features of a table, the metadata of images."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from itertools import combinations
from typing import Any

import pandas as pd
import pyarrow as pa

from datacheck.fingerprints import ColumnKind, ColumnState, Fingerprint
from datacheck.stats import total_variation
from datacheck_expectations import expectations as e
from datacheck_expectations.measures.columns import ALL
from datacheck_expectations.proposals.base import (
    NEGLIGIBLE_SHARE,
    Proposal,
    allowed_share,
    confidence_of,
    named_splits,
    parts_of,
    rounded_up,
    share_difference_note,
)
from datacheck_expectations.proposals.images import values_term
from datacheck_expectations.proposals.numbers import mean_term, range_term

MAX_COMPARED = 50
"""Columns whose values have terms of their own: two a column, which people still read. Of the others, presence, kind
and missing values are checked."""


def feature_proposals(accepted: Fingerprint, not_compared: Collection[str] = ()) -> list[Proposal]:
    """Return the terms about extra columns; of those ``not_compared``, only presence, kind and missing values."""
    columns = {name: accepted.column(name) for name in accepted.columns}
    found = []
    if columns or accepted.task == "regression":
        found.append(Proposal(len(columns) + 1, partial(_present, accepted, columns)))
    compared = [name for name, state in columns.items() if name not in {*not_compared, "group"} and _comparable(state)]
    for name in compared[:MAX_COMPARED]:
        found += _value_proposals(accepted, name, columns[name])
    return found


def _comparable(state: ColumnState) -> bool:
    return state.kind is ColumnKind.NUMBER or (not state.values.overflow and state.values.total > 0)


def _value_proposals(accepted: Fingerprint, name: str, state: ColumnState) -> list[Proposal]:
    if state.kind is ColumnKind.NUMBER:
        by_split = accepted.columns[name]
        moments = {part: state.moments if part == ALL else by_split[part].moments for part in parts_of(accepted)}
        return [
            Proposal(2, partial(range_term, name, state.quantiles)),
            Proposal(len(moments), partial(mean_term, name, moments)),
        ]
    return [
        Proposal(1, partial(values_term, name, state.values.value)),
        Proposal(1, partial(_drift, accepted, name, state)),
    ]


def _present(accepted: Fingerprint, columns: dict[str, ColumnState], alpha: float) -> Any:
    kinds = {
        name: {"kind": state.kind.value, "max_missing": allowed_share(state.missing, state.rows, alpha)}
        for name, state in columns.items()
    }
    if accepted.task == "regression":
        missing = allowed_share(accepted.n_unlabelled, accepted.n_samples, alpha)
        kinds["target"] = {"kind": ColumnKind.NUMBER.value, "max_missing": missing}
    return e.ExpectColumnsPresent(
        columns=kinds,
        confidence=confidence_of(alpha),
        notes="A column that is gone, empty or of another kind breaks the code that reads it, or changes what a model "
        "learns without an error. Where the accepted dataset had missing values, the limit is the upper end of the "
        "share's interval.",
    )


def _drift(accepted: Fingerprint, name: str, state: ColumnState, alpha: float) -> Any:
    splits = [accepted.columns[name][split].values.value for split in named_splits(accepted)]
    words = sorted(state.values.value)
    counts = [[part.get(word, 0) for word in words] for part in splits]
    between = [total_variation(a, b).low for a, b in combinations(counts, 2) if sum(a) and sum(b)]
    observed = max(between, default=0.0)
    return e.ExpectCategoryDriftAtMost(
        column=name,
        reference=state.values.value,
        max_distance=rounded_up(max(NEGLIGIBLE_SHARE, observed)),
        confidence=confidence_of(alpha),
        severity="warning",
        notes=share_difference_note(observed, NEGLIGIBLE_SHARE, "rows"),
    )


def counters(frame: pd.DataFrame, names: Collection[str]) -> list[str]:
    """Return the columns that count the rows, such as ids and times: the next dataset has others.

    Whole numbers that are all different, and values that ascend from the first row to the last.

    Examples
    --------
    >>> counters(pd.DataFrame({"row": [3, 1, 2], "time": [0.5, 0.7, 0.9], "weight": [2.0, 1.0, 3.0]}),
    ...          ["row", "time", "weight"])
    ['row', 'time']
    """
    return [name for name in names if name in frame.columns and _counts_rows(frame[name])]


def _counts_rows(series: pd.Series[Any]) -> bool:
    kind = pa.array(series[:0], from_pandas=True).type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)) or len(series) < 2:
        return False
    values = series.dropna()
    ascends = bool(values.is_monotonic_increasing) and bool(values.is_unique)
    return ascends or (pa.types.is_integer(kind) and bool(values.is_unique))
