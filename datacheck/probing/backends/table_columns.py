"""The extra columns of a manifest as numbers to learn from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from datacheck.errors import ProbeError
from datacheck.manifest import Manifest

MAX_CATEGORIES = 255
"""Distinct texts that a category column may have: the limit of scikit-learn's histogram trees."""

NAMED_COLUMNS = 6
"""Column names that a note lists: as many as fit on a line."""


@dataclass(frozen=True)
class Table:
    """Columns as numbers [N, D], which of them are categories [D], and their names."""

    features: NDArray[np.float64]
    categories: NDArray[np.bool_]
    names: tuple[str, ...]

    def in_words(self) -> str:
        """Return the number of columns and the first names."""
        more = ", …" if len(self.names) > NAMED_COLUMNS else ""
        return f"{len(self.names)} columns ({', '.join(self.names[:NAMED_COLUMNS])}{more})"


def table_of(manifest: Manifest) -> Table:
    """Return the extra columns of a manifest as numbers.

    Left out are texts with more than 255 distinct values, and texts that differ in more than half of the rows: such a
    column identifies rows and does not generalise.

    Raises
    ------
    ProbeError
        When no column is left.
    """
    found: list[tuple[str, NDArray[np.float64], bool]] = []
    for name in manifest.extra_columns:
        column = manifest.table[name]
        kind = column.type
        if pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind):
            numbers = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
            found.append((name, np.asarray(numbers, dtype=np.float64), False))
        elif pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind):
            if pa.types.is_dictionary(kind):
                column = column.cast(kind.value_type)
            encoded = pc.dictionary_encode(column.cast(pa.string())).combine_chunks()
            if len(encoded.dictionary) <= min(MAX_CATEGORIES, max(1, len(manifest) // 2)):
                codes = encoded.indices.cast(pa.float64()).to_numpy(zero_copy_only=False)
                found.append((name, np.asarray(codes, dtype=np.float64), True))
    if not found:
        raise ProbeError(
            f"expected columns to learn from beside the label, found {list(manifest.extra_columns)}: none is numeric "
            "or a category; give features= or pred_probs="
        )
    names, columns, categories = zip(*found, strict=True)
    return Table(np.stack(columns, axis=1), np.array(categories), tuple(names))
