"""How a delimited text file is written: its encoding, its separator, and whether it has a header."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from datacheck.errors import SourceError
from datacheck.sources.files import is_image_name

DELIMITERS = (",", ";", "\t", "|")
"""Separators that tables have, the usual one first."""

_HEAD_BYTES = 1 << 16
"""Of a file that are looked at for the separator and the header: hundreds of rows."""

_HEAD_ROWS = 50
"""Rows of the head that must agree on the number of columns."""

_LEAST_ROWS = 3
"""Rows below the first that must be there to compare it with them."""

_LISTED_NAMES = 4
"""Names of columns that a note lists."""

_LEAST_SPACED = 3
"""Columns that spaces separate: two may be a name of two words, or a path and its label."""

_SAID = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)
"""The first line of a file that says its separator."""

_MISSING = frozenset(("", "?", "NA", "N/A", "NaN", "nan", "null", "None", "-"))
"""What stands for a missing value."""

_CHUNK = 1 << 22
"""Bytes decoded at once when the encoding is checked."""

_BYTE_ORDER_MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


@dataclass(frozen=True)
class Dialect:
    """How a file is written.

    Attributes
    ----------
    encoding
        A Python codec name.
    delimiter
        One character.
    spaced
        Whether one or more spaces or tabs separate the columns.
    skipped
        Lines above the header that say how the file is written.
    columns
        Names to give the columns, where the file has no header; None where its first row names them.
    notes
        What differs from the usual, in words for the user.
    """

    encoding: str
    delimiter: str
    columns: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()
    spaced: bool = False
    skipped: int = 0


def read_dialect(path: Path, *, delimiter: str | None = None, columns: Sequence[str] | None = None) -> Dialect:
    """Return how a file is written, from its first rows; what the caller names is taken.

    Parameters
    ----------
    path
        A text file.
    delimiter, columns
        What the caller knows: the separator, and the names of the columns of a file without a header.

    Raises
    ------
    SourceError
        When the file holds NUL bytes: it is damaged, or of an encoding that it does not say.
    OSError
        When the file cannot be read.
    """
    notes = []
    encoding = _encoding(path)
    if encoding != "utf-8":
        notes.append(f"read as {encoding}, since it is not UTF-8")
    head = _head(path, encoding)
    said = _SAID.match(head)  # as Excel writes it
    if said is not None:
        head = head[said.end() :]
        delimiter = delimiter or said[1]
        notes.append(f"columns separated by {_shown(delimiter)}, as its first line says")
    usual = "\t" if path.suffix.lower() in (".tsv", ".tab") else ","
    if delimiter is None:
        delimiter = sniff_delimiter(head, usual)
        if delimiter != usual:
            notes.append(f"columns separated by {_shown(delimiter)}")
    spaced = delimiter == " " and '"' not in head
    if columns is None:
        rows = [line.split() for line in head.splitlines()[:_HEAD_ROWS]] if spaced else _rows(head, delimiter)
        columns = names_without_header([row for row in rows if row])
        if columns is not None:
            named = columns if len(columns) <= _LISTED_NAMES else (columns[0], "…", columns[-1])
            notes.append(f"no header, so the columns are called {', '.join(named)}")
    given = None if columns is None else tuple(columns)
    return Dialect(encoding, delimiter, given, tuple(notes), spaced, int(said is not None))


def _shown(delimiter: str) -> str:
    return {"\t": "tabs", " ": "spaces"}.get(delimiter, repr(delimiter))


def _encoding(path: Path) -> str:
    """Return UTF-8 where all of the file is, UTF-16 where it says so, and else Windows-1252 or Latin-1."""
    with path.open("rb") as file:
        start = file.read(2)
        if start in _BYTE_ORDER_MARKS:
            return _BYTE_ORDER_MARKS[start]
        for encoding in ("utf-8", "cp1252"):
            file.seek(0)
            decoder = codecs.getincrementaldecoder(encoding)()
            line = 1
            try:
                while chunk := file.read(_CHUNK):
                    if (at := chunk.find(0)) >= 0:
                        line += chunk.count(b"\n", 0, at)
                        raise SourceError(
                            f"expected text in {path}, found NUL bytes on line {line}: it is damaged, or was not "
                            "written to its end; restore it, or save it as UTF-8"
                        )
                    line += chunk.count(b"\n")
                    decoder.decode(chunk)
                decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                continue
            return encoding
    return "latin-1"


def _head(path: Path, encoding: str) -> str:
    """Return the first whole lines of a file, without a byte order mark."""
    with path.open("rb") as file:
        data = file.read(_HEAD_BYTES)
    text = codecs.getincrementaldecoder(encoding)().decode(data).removeprefix("\ufeff")
    return text if len(data) < _HEAD_BYTES else text[: text.rfind("\n") + 1]


def _rows(text: str, delimiter: str) -> list[list[str]]:
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    rows = []
    try:
        for row in reader:
            if row:
                rows.append(row)
            if len(rows) == _HEAD_ROWS:
                break
    except csv.Error:  # a stray quote or a NUL: the reader of the whole file says where
        pass
    return rows


def sniff_delimiter(text: str, usual: str) -> str:
    r"""Return the separator under which all rows have the same number of columns, two or more.

    The usual one wins where it does; else the one that makes most columns; the usual one again where none does.

    Examples
    --------
    >>> sniff_delimiter("path;weight\na.png;0,5\nb.png;0,25\n", ",")
    ';'
    >>> sniff_delimiter("path,label\na.png,x;y\n", ",")
    ','
    """
    widths = {}
    for delimiter in dict.fromkeys((usual, *DELIMITERS)):
        counts = {len(row) for row in _rows(text, delimiter)}
        if len(counts) == 1 and (width := counts.pop()) > 1:
            widths[delimiter] = width
    if usual in widths:
        return usual
    if not widths:
        return " " if is_spaced([line for line in text.splitlines() if line.strip()]) else usual
    return max(widths, key=lambda delimiter: widths[delimiter])


def is_spaced(lines: Sequence[str]) -> bool:
    """Return whether lines are rows of a table whose columns spaces separate, most of them numbers.

    Examples
    --------
    >>> is_spaced(["  0.5   1  a", " 12.5   3  b"]), is_spaced(["a red hat", "a blue dog"])
    (True, False)
    """
    rows = [line.split() for line in lines[:_HEAD_ROWS]]
    if len(rows) < 2 or len({len(row) for row in rows}) > 1 or len(rows[0]) < _LEAST_SPACED:
        return False
    if any('"' in line or "/" in line for line in lines[:_HEAD_ROWS]) or any(map(is_image_name, rows[-1])):
        return False
    numbers = sum(
        all(_is_number(value) or value in _MISSING for value in column) for column in zip(*rows[1:], strict=True)
    )
    return 2 * numbers >= len(rows[0])


def names_without_header(rows: Sequence[Sequence[str]]) -> tuple[str, ...] | None:
    """Return names for the columns of rows whose first is data and no header, None where it is a header.

    The first row is data where it names an image in a column that does so in the next rows, where it holds numbers
    alone, or where its words and numbers are values like those below them. With one image and one other column they
    are called ``path`` and ``label``.

    Examples
    --------
    >>> names_without_header([["a.png", "cat"], ["b.png", "dog"]])
    ('path', 'label')
    >>> names_without_header([["5.1", "3.5", "0"], ["4.9", "3.0", "0"]])
    ('column1', 'column2', 'column3')
    >>> names_without_header([["image", "label"], ["a.png", "cat"]]) is None
    True
    """
    if not rows:
        return None
    first = rows[0]
    images = [n for n, value in enumerate(first) if all(len(row) > n and is_image_name(row[n].strip()) for row in rows)]
    # pandas writes 0,1,2 … as the header of a table whose columns have no names
    counted = [value.strip() for value in first] == [str(n) for n in range(len(first))]
    cells = [value.strip() for value in first if value.strip() not in _MISSING]
    numbers_alone = len(first) > 1 and 2 * len(cells) > len(first) and all(map(_is_number, cells)) and not counted
    if not images and not numbers_alone and not _is_like_the_next(rows):
        return None
    names = [f"column{n + 1}" for n in range(len(first))]
    if len(images) == 1:
        names[images[0]] = "path"
        if len(names) == 2:
            names[1 - images[0]] = "label"
    return tuple(names)


def _is_like_the_next(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether the first row holds values like those below it: the same words, and numbers above numbers.

    A word above numbers is a name; so is a word that does not occur below, unless most cells are decimal numbers that
    do not rise from left to right, as wavelengths in a header do. A row that occurs again as a whole is a header that
    was written twice.

    Examples
    --------
    >>> rows = [["39", "Private"], ["50", "Self"], ["38", "Private"], ["53", "Private"]]
    >>> _is_like_the_next(rows), _is_like_the_next([["age", "work"], *rows])
    (True, False)
    >>> _is_like_the_next([["country", "2019", "2020"], ["A", "1", "2"], ["B", "3", "4"], ["A", "1", "3"]])
    False
    """
    first, below = [value.strip() for value in rows[0]], [[value.strip() for value in row] for row in rows[1:]]
    if len(first) < 2 or len(below) < _LEAST_ROWS or first in below or any(len(row) != len(first) for row in below):
        return False
    columns = [[value for value in column if value not in _MISSING] for column in zip(*below, strict=True)]
    words = [(value, set(column)) for value, column in zip(first, columns, strict=True) if _is_word(value)]
    numbers = [float(value) for value in first if _is_number(value)]
    if not words or any(column and all(map(_is_number, column)) for _, column in words):
        return False
    if all(value in column for value, column in words):
        return True
    rising = all(a < b for a, b in pairwise(numbers))
    decimals = sum(_is_number(value) and "." in value for value in first)
    return 2 * decimals > len(first) and not rising


def _is_word(value: str) -> bool:
    return value not in _MISSING and not _is_number(value)


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True
