"""Reading a table from a file: CSV, TSV, JSON, Parquet, Arrow, packed or not; each value keeps its writing."""

from __future__ import annotations

import codecs
import io
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from datacheck.errors import SourceError
from datacheck.sources.base import SourceOptions
from datacheck.sources.compressed import unpacked, unpacked_name
from datacheck.sources.delimited import is_spaced, read_dialect
from datacheck.sources.files import check_regular
from datacheck.sources.json_tables import read_json_table
from datacheck.sources.text_lists import LIST_EXTENSIONS, is_separated, parse_list, read_lines
from datacheck.text import clean, listed

_WHOLE = r"^-?(0|[1-9]\d{0,17})$"
"""A whole number that comes back as it was written, and fits 64 bits: ``007`` and ``+1`` do not."""

_DECIMAL = r"^([+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?inf)$"
_DECIMAL_COMMA = r"^[+-]?\d*(,\d+)?([eE][+-]?\d+)?$"
_PADDED = r"^[+-]?0\d"
"""A number with zeros in front is a name, such as a postal code."""

_MOST_SHOWN = 40
"""Bytes of a wrong line that a message shows."""


def read_table_file(path: Path, options: SourceOptions) -> tuple[pa.Table, tuple[str, ...]]:
    """Read a file as what its extension says; return the table, and what is unusual in how it is written.

    Raises
    ------
    SourceError
        When the file cannot be read, or is not what its extension says.
    """
    extension = unpacked_name(check_regular(path)).suffix.lower()
    try:
        with unpacked(path) as plain:
            return _READERS[extension](plain, options)
    except (pa.ArrowInvalid, pa.ArrowKeyError, pa.ArrowNotImplementedError, UnicodeDecodeError) as error:
        what = str(error).splitlines()[0]
        advice = "; save it as UTF-8" if "UTF8" in what or "UTF-8" in what else ""
        if "JSON parse error" in what:
            advice = "; correct that row (the first is 0): each value of a key has one type, and no line is cut off"
        if "columns, got" in what:
            advice = "; give each row as many values as the header has, and remove lines above the header"
        raise SourceError(f"expected {extension[1:].upper()} in {path}, found: {what}{advice}") from None
    except OSError as error:
        raise SourceError(f"expected to read {path}, found: {error.strerror or error}") from None


def is_table_name(path: Path) -> bool:
    """Return, by its extension, whether a file is a table."""
    return unpacked_name(path).suffix.lower() in _READERS


def _read_delimited(path: Path, options: SourceOptions) -> tuple[pa.Table, tuple[str, ...]]:
    """Read all columns as text, then those of numbers as numbers: so a label ``007`` stays ``007``."""
    from pyarrow import csv

    if path.stat().st_size == 0:
        raise SourceError(f"expected a table in {path}, found an empty file")
    dialect = read_dialect(path, delimiter=options.delimiter, columns=options.columns)
    encoding, delimiter = dialect.encoding, dialect.delimiter
    content: Path | bytes = path
    if dialect.spaced:
        content, encoding, delimiter = _with_tabs(path, encoding), "utf-8", "\t"
    read = csv.ReadOptions(column_names=dialect.columns, encoding=encoding, skip_rows=dialect.skipped)
    parse = csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    with csv.open_csv(_opened(content), read_options=read, parse_options=parse) as start:
        names = start.schema.names
    if repeated := repeated_names(names):
        raise SourceError(f"expected columns of different names in {path}, found {listed(repeated)} more than once")
    convert = csv.ConvertOptions(strings_can_be_null=True, column_types=dict.fromkeys(names, pa.string()))
    table = csv.read_csv(_opened(content), read_options=read, parse_options=parse, convert_options=convert)
    comma = dialect.delimiter == ";"  # then a comma may stand before decimals
    columns = [typed(_with_points(table[name]) if comma else table[name]) for name in names]
    stripped = [name.strip() for name in names]  # Roboflow writes "filename, cat, dog"
    return pa.table(columns, names if repeated_names(stripped) or "" in stripped else stripped), dialect.notes


def _with_tabs(path: Path, encoding: str) -> bytes:
    """Return a text whose columns one or more spaces separate with a tab between them."""
    with path.open(encoding=encoding, newline="") as file:
        return "".join("\t".join(line.split()) + "\n" for line in file if line.strip()).encode()


def _opened(content: Path | bytes) -> Path | io.BytesIO:
    return io.BytesIO(content) if isinstance(content, bytes) else content


def repeated_names(names: Sequence[str]) -> list[str]:
    """Return the names that occur more than once.

    Examples
    --------
    >>> repeated_names(["a", "b", "a"])
    ['a']
    """
    return sorted(name for name, count in Counter(names).items() if count > 1)


def _with_points(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column of numbers with decimal commas with decimal points, any other as it is.

    Examples
    --------
    >>> [_with_points(pa.chunked_array([words])).to_pylist() for words in (["0,5", "-1", None], ["1,5", "a,b"])]
    [['0.5', '-1', None], ['1,5', 'a,b']]
    """
    if column.null_count == len(column) or not _all_match(pc.utf8_trim_whitespace(column), _DECIMAL_COMMA):
        return column
    return pc.replace_substring(column, ",", ".")


def typed(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column of text as numbers or booleans where every value is one, and as it is otherwise.

    Examples
    --------
    >>> [typed(pa.chunked_array([words])).type for words in (["1", None], ["1", "2.5"], ["007"], ["True"], ["a"])]
    [DataType(int64), DataType(double), DataType(string), DataType(bool), DataType(string)]
    """
    if column.null_count == len(column):
        return pa.chunked_array([pa.nulls(len(column))])
    if not pa.types.is_string(column.type):
        return column
    words = pc.utf8_trim_whitespace(column)
    if _all_match(words, _WHOLE):
        return words.cast(pa.int64())
    if _all_match(words, _DECIMAL) and not pc.any(pc.match_substring_regex(words, _PADDED)).as_py():
        return words.cast(pa.float64())
    return words.cast(pa.bool_()) if _all_match(words, "^(True|False)$") else column


def _all_match(words: pa.ChunkedArray, pattern: str) -> bool:
    return bool(pc.all(pc.match_substring_regex(words, pattern)).as_py())


def _read_json_lines(path: Path, options: SourceOptions) -> tuple[pa.Table, tuple[str, ...]]:
    from pyarrow import json

    _check_objects(path)
    with path.open("rb") as file:
        marked = file.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8
    return json.read_json(_opened(path.read_bytes()[len(codecs.BOM_UTF8) :] if marked else path)), ()


def _check_objects(path: Path) -> None:
    """Refuse a line that is no JSON object before Arrow reads it: a first line ``null`` ends the whole process."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                found = f"found the byte {line[error.start]:#x} on line {number}"
                raise SourceError(f"expected UTF-8 in {path}, {found}; save it as UTF-8") from None
            start = line.removeprefix(codecs.BOM_UTF8 if number == 1 else b"").strip()[:_MOST_SHOWN]
            if start and not start.startswith(b"{"):
                raise SourceError(
                    f"expected a JSON object on each line of {path}, found {clean(start.decode('utf-8', 'replace'))} "
                    f"on line {number}; remove the line or write an object"
                )


def _read_list(path: Path, options: SourceOptions) -> tuple[pa.Table, tuple[str, ...]]:
    lines = read_lines(path)
    if options.delimiter is not None or is_separated(lines) or is_spaced(lines):
        return _read_delimited(path, options)
    table = parse_list(lines, str(path), options.columns)
    first, *others = table.column_names
    return pa.table({first: table[first]} | {name: typed(table[name]) for name in others}), ()


def _read_parquet(path: Path, options: SourceOptions) -> tuple[pa.Table, tuple[str, ...]]:
    table = pq.read_table(path, partitioning=None)
    table.validate(full=True)  # names and texts that are no UTF-8 would stop later steps
    return table, ()


def _read_json(path: Path, options: SourceOptions) -> tuple[pa.Table, tuple[str, ...]]:
    return read_json_table(path), ()


def _read_arrow(path: Path, options: SourceOptions) -> tuple[pa.Table, tuple[str, ...]]:
    from pyarrow import feather, ipc

    with path.open("rb") as file:
        start = file.read(6)
    if start in (b"ARROW1",) or start.startswith(b"FEA1"):
        table = feather.read_table(path, memory_map=False)
    else:
        with path.open("rb") as file, ipc.open_stream(file) as stream:
            table = stream.read_all()
    for column in table.schema:
        if pa.types.is_struct(column.type) and "bytes" in [part.name for part in column.type]:
            raise SourceError(
                f"expected plain columns in {path}, found pictures in {column.name!r}; open the folder that "
                "save_to_disk wrote, or write the dataset as Parquet and open that"
            )
    table.validate(full=True)
    return table, ()


_READERS: Mapping[str, Callable[[Path, SourceOptions], tuple[pa.Table, tuple[str, ...]]]] = {
    ".csv": _read_delimited,
    ".data": _read_delimited,
    ".tsv": _read_delimited,
    ".tab": _read_delimited,
    ".jsonl": _read_json_lines,
    ".ndjson": _read_json_lines,
    **dict.fromkeys(LIST_EXTENSIONS, _read_list),
    ".parquet": _read_parquet,
    ".pq": _read_parquet,
    ".json": _read_json,
    ".feather": _read_arrow,
    ".arrow": _read_arrow,
}
