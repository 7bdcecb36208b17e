"""The error to reach: declared, or that of people where several labels of a sample are in the dataset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from datacheck.labels.people import person_error
from datacheck.manifest import Manifest
from datacheck.stats import Interval
from datacheck.text import listed, percent, percent_range


@dataclass(frozen=True)
class Goal:
    """The error to reach.

    Attributes
    ----------
    error
        The goal; 0 where none is known.
    source
        Where it comes from, in words; empty where none is known.
    """

    error: Interval
    source: str = ""

    def reached(self, table: Mapping[str, Interval]) -> str:
        """Return words where the error on the test rows, or on held-out rows, is surely below the goal; else none."""
        row = "test" if "test" in table else "validation"
        found = table[row]
        if not self.source or found.high > self.error.value:
            return ""
        return (
            f"good enough: the error of the probe on {row} rows is {percent(found.value)} (95 % interval "
            f"{percent_range(found.low, found.high)}), below {self.source} of {percent(self.error.value)}"
        )


def goal_of(manifest: Manifest, declared: float) -> Goal:
    """Return the declared goal, else the error of people by the columns of further labels, else 0."""
    if declared > 0:
        return Goal(Interval(declared, declared, declared, method="declared"), "the declared goal")
    columns = label_columns_of(manifest)
    people = person_error([manifest.label_codes, *columns.values()], len(manifest.classes)) if columns else None
    if people is None:
        return Goal(Interval(0.0, 0.0, 0.0))
    return Goal(people, f"the error of one person, by the agreement of the label with {listed(list(columns))},")


def label_columns_of(manifest: Manifest) -> dict[str, NDArray[np.int64]]:
    """Return the further columns that hold class names and nothing else, as codes, by name.

    Examples
    --------
    >>> manifest = Manifest.from_columns({"label": ["cat", "dog"], "by_ann": ["cat", "cat"], "site": ["A", "B"]})
    >>> {name: codes.tolist() for name, codes in label_columns_of(manifest).items()}
    {'by_ann': [0, 0]}
    """
    code = {name: index for index, name in enumerate(manifest.classes)}
    found = {}
    for name in manifest.extra_columns:
        column = manifest.table[name]
        kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
            continue
        names = set(column.unique().to_pylist()) - {None}
        if names and names <= code.keys():
            found[name] = np.array([code.get(one, -1) for one in column.to_pylist()], dtype=np.int64)
    return found
