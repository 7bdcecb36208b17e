"""Labels in other forms than one word a row: a column a class, lists of 0 and 1, several labels in one text."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from datacheck.errors import SourceError
from datacheck.sources.column_guesses import is_number
from datacheck.text import listed

SEPARATORS = ("|", ";", ",")
"""What may stand between the labels of one sample in a text column, the least ambiguous first."""

SHARED_PARTS = 0.9
"""Share of the parts of joined labels that must occur in two texts or more: words of a name do not."""


def holds_marks(column: pa.ChunkedArray) -> bool:
    """Return whether a column holds nothing but 0, 1, -1, true, false and blank.

    Examples
    --------
    >>> [holds_marks(pa.chunked_array([values])) for values in ([0, 1, None], [-1.0, 1.0], [True], [0, 0], [0, 2])]
    [True, True, True, True, False]
    """
    kind = column.type
    if pa.types.is_boolean(kind) or pa.types.is_null(kind):
        return True
    if not is_number(kind):
        return False
    return {value for value in pc.unique(column).to_pylist() if value is not None} <= {-1, 0, 1}


def are_marks(column: pa.ChunkedArray) -> bool:
    """Return whether a column says with 0 and 1 (or true and false) which rows have a class: both must occur.

    Examples
    --------
    >>> [are_marks(pa.chunked_array([values])) for values in ([0, 1], [1.0, None], [-1, 1], [1, 1], [0, 0])]
    [True, True, True, False, False]
    """
    return holds_marks(column) and 1 in (values := set(pc.unique(column).to_pylist())) and len(values) > 1


def marks_of(table: pa.Table, columns: Sequence[str]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return whether each row has each class, [N, K], and which rows say anything, [N].

    Raises
    ------
    SourceError
        When a column holds something else than 0, 1, -1, true, false and blank.
    """
    wrong = [name for name in columns if not holds_marks(table[name])]
    if wrong:
        raise SourceError(
            f"expected one column a class that holds 0 and 1 (-1 and blank count as 0), "
            f"found other values in {listed(wrong)}; name the columns of the classes alone"
        )
    values = [pc.equal(table[name].cast(pa.float64()), 1.0) for name in columns]
    marks = np.stack([np.asarray(pc.fill_null(value, False).to_numpy()) for value in values], axis=1)
    known = np.stack([np.asarray(pc.is_valid(table[name]).to_numpy()) for name in columns], axis=1)
    return marks.astype(bool), np.asarray(known.any(axis=1), dtype=bool)


def labels_of_marks(marks: NDArray[np.bool_], known: NDArray[np.bool_], names: Sequence[str]) -> pa.Array:
    """Return one class a row where every known row has exactly one, else a list of classes a row.

    Examples
    --------
    >>> names = ("cat", "dog")
    >>> labels_of_marks(np.eye(2, dtype=bool), np.ones(2, bool), names).to_pylist()
    ['cat', 'dog']
    >>> labels_of_marks(np.array([[True, True], [False, False]]), np.array([True, False]), names).to_pylist()
    [['cat', 'dog'], None]
    """
    if known.any() and (marks[known].sum(axis=1) == 1).all():
        return pa.array(np.asarray(names, dtype=object)[marks.argmax(axis=1)], pa.string(), mask=~known)
    columns = np.nonzero(marks)[1]
    offsets = np.concatenate([[0], np.cumsum(marks.sum(axis=1))]).astype(np.int32)
    values = pa.array(names, pa.string()).take(pa.array(columns))
    return pa.ListArray.from_arrays(pa.array(offsets), values, mask=pa.array(~known))


def one_hot_length(lists: Iterable[Sequence[object] | None]) -> int:
    """Return K where all lists have K entries of 0 and 1 and some are not plain indices; 0 where they are no such.

    Examples
    --------
    >>> one_hot_length([[0, 1, 0], [1, 0, 0], None]), one_hot_length([[0, 1], [2]]), one_hot_length([["a"], ["b"]])
    (3, 0, 0)
    """
    lengths = set()
    for each in lists:
        if each is not None:
            if not all(isinstance(value, int | float) and value in (0, 1) for value in each):
                return 0
            lengths.add(len(each))
    return lengths.pop() if len(lengths) == 1 and max(lengths) > 1 else 0


def written_lists(texts: Sequence[str | None]) -> list[list[object] | None] | None:
    """Return the lists that texts such as ``["cat", "dog"]`` or ``[0, 1]`` write, None where one is no list.

    Examples
    --------
    >>> written_lists(['["cat", "dog"]', None, "['owl']"])
    [['cat', 'dog'], None, ['owl']]
    >>> written_lists(["cat"]) is None
    True
    """
    found: list[list[object] | None] = []
    for text in texts:
        if text is None or not text.strip():
            found.append(None)
            continue
        value = _literal(text.strip())
        if not isinstance(value, list):
            return None
        found.append(value)
    return found if any(each is not None for each in found) else None


def _literal(text: str) -> object:
    if not (text.startswith("[") and text.endswith("]")):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        try:
            return ast.literal_eval(text)  # as Python writes a list: values only, nothing is run
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return None


def find_separator(texts: Sequence[str], *, several: bool) -> str | None:
    """Return what separates several labels in the distinct texts of a column, None where each is one label.

    Parameters
    ----------
    texts
        Distinct values of the column.
    several
        Whether the column's name says that it holds several labels, such as ``tags``; then a space may separate them.

    Examples
    --------
    >>> find_separator(["sky|sea", "sky", "sea"], several=False)
    '|'
    >>> find_separator(["great tit", "blue tit", "robin"], several=False) is None
    True
    >>> find_separator(["haze primary", "clear primary", "clear water", "haze water"], several=True)
    ' '
    """
    for separator in (*SEPARATORS, " ") if several else SEPARATORS:
        joined = [text for text in texts if separator in text]
        if not joined:
            continue
        if several and separator == "|":
            return separator
        counts: dict[str, int] = {}
        for text in texts:
            for part in {part.strip() for part in text.split(separator)} - {""}:
                counts[part] = counts.get(part, 0) + 1
        parts = {part.strip() for text in joined for part in text.split(separator)} - {""}
        shared = sum(counts[part] > 1 for part in parts)
        if shared >= (1 if separator == "|" else SHARED_PARTS * len(parts)):  # nobody writes | within a name
            return separator
    return None
