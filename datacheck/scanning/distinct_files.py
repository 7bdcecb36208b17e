"""The distinct files of a manifest, and where they are among those of the cache."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from datacheck.manifest import Manifest


def taken(table: pa.Table, rows: NDArray[np.int64]) -> pa.Table:
    """Return some rows of a table; all of them, in their order, without a copy."""
    return table if np.array_equal(rows, np.arange(len(table))) else table.take(pa.array(rows))


def positions(wanted: pa.Array, known: pa.ChunkedArray) -> NDArray[np.int64]:
    """Return where each wanted uri is among the known ones, -1 where it is not."""
    if pa.chunked_array([wanted]).equals(known):
        return np.arange(len(wanted))
    found = pc.fill_null(pc.index_in(wanted, value_set=known), -1)
    return np.asarray(found.to_numpy(zero_copy_only=False), np.int64)


def files_of(manifest: Manifest) -> tuple[pa.Array, NDArray[np.int64], NDArray[np.int64]]:
    """Return the distinct uris [U], the file of each row [N] (-1 for none), and the first row of each file [U]."""
    name = "uri" if "uri" in manifest else "sample_id"
    column = manifest.table[name]
    if column.equals(manifest.sample_ids):  # so each is there once
        number = np.arange(len(column))
        return column.combine_chunks(), number, number
    encoded = pc.dictionary_encode(column).combine_chunks()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.chunk(0) if encoded.num_chunks else pa.array([], pa.dictionary(pa.int32(), pa.string()))
    codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    first = np.full(len(encoded.dictionary), -1, dtype=np.int64)
    rows = np.flatnonzero(codes >= 0)[::-1]
    first[codes[rows]] = rows
    return encoded.dictionary, codes, first
