"""Which texts of a long column occur more than once, without holding the column as Python objects."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash
from numpy.typing import NDArray

_CHUNK = 1 << 17
"""Texts that are Python objects at a time: about 10 MB."""


def maybe_repeated(column: pa.Array | pa.ChunkedArray, change: Callable[[str], str] | None = None) -> NDArray[np.int64]:
    """Return the rows whose text may occur more than once, ascending; the few that do not are for the caller to tell.

    Each text is hashed to 64 bits, and rows with equal hashes are returned: all that repeat, and of those that do not
    one in 2⁶⁴ pairs. Rows without a text are left out. A row takes 8 bytes, whatever the length of its text.

    Parameters
    ----------
    column
        Strings, N of them.
    change
        Applied to each text first.

    Returns
    -------
    ndarray
        int64, shape [n].

    Examples
    --------
    >>> maybe_repeated(pa.array(["a", "b", None, "A", None]), str.lower).tolist()
    [0, 3]
    """
    keys = np.concatenate([np.empty(0, np.uint64), *(_keys(part, change) for part in _chunks(column))])
    known = np.asarray(pc.is_valid(column).to_numpy(zero_copy_only=False))
    ordered = np.sort(keys if known.all() else keys[known])
    twice = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    if not len(twice):
        return np.empty(0, np.int64)
    place = np.minimum(np.searchsorted(twice, keys), len(twice) - 1)
    return np.flatnonzero((twice[place] == keys) & known)


def _chunks(column: pa.Array | pa.ChunkedArray) -> list[pa.Array]:
    parts = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    return [part.slice(start, _CHUNK) for part in parts for start in range(0, len(part), _CHUNK)]


def _keys(part: pa.Array, change: Callable[[str], str] | None) -> NDArray[np.uint64]:
    if change is None:
        texts = pc.fill_null(part.cast(pa.binary()), b"").to_pylist()
        return np.fromiter(map(xxhash.xxh3_64_intdigest, texts), np.uint64, len(texts))
    words = pc.fill_null(part, "").to_pylist()
    return np.fromiter((xxhash.xxh3_64_intdigest(change(word).encode()) for word in words), np.uint64, len(words))
