"""Equal rows of a table of features, where chance does not explain that they are equal."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

MARGIN_BITS = 10.0
"""A row counts as a copy if chance would make at most one equal pair in 2^10 tables of this size."""

MAX_COLUMN_BITS = 30.0
"""No column counts for more: beyond a billion values, digits are noise of the arithmetic."""

BITS_PER_CHARACTER = 1.0
"""Information in a character of written text (Shannon 1951, Prediction and entropy of printed English)."""

FREE_TEXT_WORDS = 4
"""Texts with so many words in the median are written, not chosen from a list."""

MOSTLY_DISTINCT = 0.5
"""From this share of distinct values on, the number of possible values is not known from those that occur."""

MAX_CORRELATION = 0.9
"""Numbers that follow another column more closely (Spearman) say nothing new, such as a price in two currencies."""

MAX_COLUMNS = 100
"""The bits of so many columns are summed, those with most values: each is compared with all before."""

_DIGITS_FROM = 1000
"""The digits of a column are read from so many of its values."""

_MIX = ((33, 0xFF51AFD7ED558CCD), (33, 0xC4CEB9FE1A85EC53))
"""Shifts and factors of MurmurHash3 (Appleby 2011)."""

ROW_NUMBER = re.compile(r"(^|_)(id|idx|index|row|uuid|key)$|^unnamed", re.IGNORECASE)
"""Names of columns that number the rows."""

Floats = NDArray[np.float64]


def equal_rows(table: pa.Table) -> NDArray[np.int64] | None:
    """Number the groups of rows that are equal in every feature, and too detailed to be equal by chance.

    Each row is given the information of its values in bits: minus the logarithm of the share of rows with that value,
    for numbers at least the spread over the last digit written, for written text one bit a character. A row counts if
    its bits exceed those of the number of pairs by `MARGIN_BITS`. So rows of a few categories, and rows of zeros, are
    no copies however often they occur.

    Parameters
    ----------
    table
        The feature columns alone, a row a sample. Columns that number the rows are left out.

    Returns
    -------
    int64, shape [N]
        Number of the group, -1 for a row without an equal one and for a row that may be equal by chance. None where no
        row has enough detail, so that copies and chance cannot be told apart.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(50, 4))
    >>> x[49] = x[3]
    >>> np.flatnonzero(equal_rows(pa.table({f"x{k}": x[:, k] for k in range(4)})) >= 0).tolist()
    [3, 49]
    >>> equal_rows(pa.table({"colour": ["red", "blue"] * 25, "size": [1, 2, 3, 1, 2] * 10})) is None
    True
    """
    columns = [column for column in features(table) if len(column.dictionary) > 1]
    if not columns:
        return None
    _, first, group, counts = np.unique(row_hashes(columns), return_index=True, return_inverse=True, return_counts=True)
    detailed = _bits(columns, first) >= np.log2(table.num_rows**2 / 2) + MARGIN_BITS
    if not detailed.any():
        return None
    number = np.full(len(counts), -1, dtype=np.int64)
    kept = np.flatnonzero(detailed & (counts > 1))
    number[kept[np.argsort(first[kept])]] = np.arange(len(kept))
    return number[group]


def features(table: pa.Table) -> list[pa.DictionaryArray]:
    """Return the columns that can be compared and that do not number the rows, each as codes and distinct values."""
    kept = []
    for name in table.column_names:
        column = table[name].combine_chunks()
        column = column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
        kind = column.type
        if pa.types.is_boolean(kind) or pa.types.is_temporal(kind):
            column = pc.cast(column, pa.string())
        elif pa.types.is_floating(kind):
            column = pc.if_else(pc.is_nan(column), pa.scalar(None, kind), column)
        elif not (pa.types.is_integer(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind)):
            continue
        if not (ROW_NUMBER.search(name) or _counts_rows(column)):
            kept.append(column.dictionary_encode(null_encoding="encode"))
    return kept


def row_hashes(columns: list[pa.DictionaryArray]) -> NDArray[np.uint64]:
    """Return a number for each row that two rows share if they are equal in every column; uint64 [N].

    Of a million rows, two unequal ones share a number with a chance of 1 in 30 million.
    """
    hashes = np.zeros(len(columns[0]), dtype=np.uint64)
    for column in columns:
        hashes ^= _codes(column).astype(np.uint64) + np.uint64(1)
        for shift, factor in _MIX:  # the finaliser of MurmurHash3, one to one
            hashes = (hashes ^ (hashes >> np.uint64(shift))) * np.uint64(factor)
        hashes ^= hashes >> np.uint64(33)
    return hashes


def _codes(column: pa.DictionaryArray) -> NDArray[np.int64]:
    return np.asarray(column.indices.to_numpy(zero_copy_only=False), dtype=np.int64)


def _counts_rows(column: pa.Array) -> bool:
    """Whether whole numbers rise by one from row to row."""
    if not pa.types.is_integer(column.type) or column.null_count or len(column) < 2:
        return False
    return bool(np.all(np.diff(column.to_numpy(zero_copy_only=False)) == 1))


def _bits(columns: list[pa.DictionaryArray], rows: NDArray[np.int64]) -> Floats:
    """Information of the distinct rows in bits, [U], over the columns that do not follow one another."""
    total = np.zeros(len(rows))
    ranks: list[Floats] = []
    for column in sorted(columns, key=lambda column: -len(column.dictionary))[:MAX_COLUMNS]:
        values, codes = column.dictionary, _codes(column)[rows]
        counts = np.bincount(codes, minlength=len(values))
        bits = -np.log2(counts[codes] / len(rows))
        mostly_distinct = len(values) >= MOSTLY_DISTINCT * len(rows)
        if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
            total += np.maximum(bits, _text_bits(values)[codes]) if mostly_distinct else bits
            continue
        numbers = values.cast(pa.float64()).to_numpy(zero_copy_only=False)
        if _is_new(numbers[codes], ranks):
            total += np.maximum(bits, _number_bits(numbers)) if mostly_distinct else bits
    return total


def _text_bits(values: pa.Array) -> Floats:
    texts = [text or "" for text in values.to_pylist()]
    if np.median([len(text.split()) for text in texts]) < FREE_TEXT_WORDS:
        return np.zeros(len(texts))
    return np.array([BITS_PER_CHARACTER * len(text) for text in texts])


def _number_bits(values: Floats) -> float:
    """Bits of the middle half of the values over the last digit that is written."""
    finite = values[np.isfinite(values)]
    if len(finite) < 2:
        return 0.0
    spread = float(np.subtract(*np.quantile(finite, [0.75, 0.25])))
    sample = finite[:_DIGITS_FROM]
    digits = next((d for d in range(16) if np.allclose(np.round(sample, d), sample, rtol=1e-12, atol=1e-12)), 15)
    return float(np.clip(np.log2(max(spread * 10.0**digits, 1.0)), 0.0, MAX_COLUMN_BITS))


def _is_new(values: Floats, ranks: list[Floats]) -> bool:
    """Whether a column of numbers follows none of those before; if so its ranks join them."""
    rank = np.argsort(np.argsort(np.nan_to_num(values), kind="stable")).astype(np.float64)
    rank = (rank - rank.mean()) / max(rank.std(), 1e-12)
    if any(abs(float((rank * other).mean())) > MAX_CORRELATION for other in ranks):
        return False
    ranks.append(rank)
    return True
