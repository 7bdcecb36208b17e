"""The measurements that a scan gathered: in memory, or of many samples in a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from datacheck.scanning.measurements import MAX_ROWS_IN_MEMORY, MEASUREMENTS_SCHEMA, METADATA
from datacheck.scanning.row_files import joined
from datacheck.scanning.stored_table import StoredTable
from datacheck.scanning.value_range import to_common_depth, white_values
from datacheck.storage import table_writer


def gathered(blocks: Iterator[pa.Table], n_rows: int, path: Path) -> pa.Table | StoredTable:
    """Return blocks of measurements end to end, all brought to one bit depth.

    Parameters
    ----------
    blocks
        Tables with the columns of `MEASUREMENTS_SCHEMA`.
    n_rows
        How many rows they have together.
    path
        Where more rows than `MAX_ROWS_IN_MEMORY` are written.
    """
    if n_rows <= MAX_ROWS_IN_MEMORY:
        table = joined(list(blocks), MEASUREMENTS_SCHEMA)
        return to_common_depth(table, max(white_values(table), default=1))
    whites: set[float] = set()

    def noted() -> Iterator[pa.Table]:
        for block in blocks:
            whites.update(np.unique(white_values(block)).tolist())
            yield block

    table = _written(noted(), path)
    if len(whites - {1.0}) > 1:
        table = _written((to_common_depth(block, max(whites)) for block in table.blocks()), path)
    return table


def _written(blocks: Iterable[pa.Table], path: Path) -> StoredTable:
    with table_writer(path, MEASUREMENTS_SCHEMA, METADATA) as writer:
        for block in blocks:
            writer.write_table(block)
    return StoredTable(path, MEASUREMENTS_SCHEMA, own=True)
