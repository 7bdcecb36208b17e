"""A table that lists the samples: CSV, TSV, JSON lines, Parquet, or a table in memory."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from datacheck.errors import SourceError
from datacheck.manifest import COLUMN_TYPES, Manifest, Modality, Task
from datacheck.manifest.readers import SampleReader
from datacheck.sources.base import Source, SourceOptions, as_path
from datacheck.sources.columns import GUESSES, Roles, find_roles, is_list, is_text, plain, separate
from datacheck.sources.files import common_root, existing, split_names
from datacheck.text import plural

NOTHING_TOLD = (
    "no column that says a path or a label: name them with path, label or target, or name all columns with columns "
    "where there is no header"
)
"""What is said of a table from which nothing can be judged."""

_CATEGORY = pa.dictionary(pa.int32(), pa.string())
_STANDARD = {role: role for role in ("label_uri", "label", "target", "labels", "split", "group")} | {"path": "uri"}


def open_table(source: Any, options: SourceOptions) -> Manifest:
    """Open a table from a file or from memory.

    Raises
    ------
    SourceError
        When the file cannot be read as what its extension says, a named column is missing, or there is no row.
    """
    path = as_path(source)
    if path is None:
        table, base, where = _in_memory(source), options.root or Path.cwd(), "a table in memory"
    else:
        table, base, where = _read(existing(path), options), options.root or path.parent, f"a table ({path})"
    return table_manifest(table, options, base=base, took_for=where)


def table_manifest(
    table: pa.Table,
    options: SourceOptions,
    *,
    base: Path,
    took_for: str,
    reader: SampleReader | None = None,
    names: Mapping[str, tuple[str, ...]] | None = None,
) -> Manifest:
    """Build the manifest of a table.

    Parameters
    ----------
    table
        A row a sample.
    options
        What the caller says about it.
    base
        Folder that relative paths start from.
    took_for
        What the table is, for the user.
    reader
        Reaches the samples by the column ``uri``, where they are no files below a root.
    names
        Class names of columns that hold their indices.
    """
    if table.num_rows == 0:
        raise SourceError(f"expected rows in {took_for}, found none")
    repeated = {name for name in table.column_names if table.column_names.count(name) > 1}
    if repeated:
        raise SourceError(f"expected columns of different names in {took_for}, found {sorted(repeated)} twice")
    roles = find_roles(table.schema, options)
    roles, table = _settle_labels(roles, table, options, names or {})
    standard = _rename(table, roles)
    root = options.root
    if roles.path is not None and reader is None:
        standard = standard.set_column(standard.column_names.index("uri"), "uri", standard["uri"].cast(pa.string()))
        root = options.root or common_root(standard["uri"], base)
    task = options.task or _task_of(roles)
    if task is not _task_of(roles) and task is not Task.UNLABELLED:
        wanted = {Task.REGRESSION: "target", Task.PAIRED: "label_uri"}.get(task, "label")
        raise SourceError(
            f"task={task.value!r}: expected a column that holds the {wanted}, "
            f"found {', '.join(table.column_names[:20])}; "
            + ("name a column of paths label_uri" if wanted == "label_uri" else f"name it with {wanted}=")
        )
    told = (roles if reader is None else replace(roles, path=None)).words
    words = [took_for, plural(table.num_rows, "row"), told or NOTHING_TOLD]
    if "split" in standard.column_names:
        standard, renamed = _normalise_splits(standard)
        words += [renamed] if renamed else []
    words += _missing_files(standard, root) if reader is None else []
    return Manifest.from_columns(
        standard,
        task=task,
        modality=Modality.IMAGE if roles.path is not None else Modality.TABULAR,
        root=None if root is None or roles.path is None or reader is not None else Path(os.path.abspath(root)),  # noqa: PTH100
        classes=options.classes or _names_of(roles, names or {}),
        took_for=", ".join(words),
        reader=reader,
    )


def _names_of(roles: Roles, names: Mapping[str, tuple[str, ...]]) -> tuple[str, ...] | None:
    return names.get(roles.label or roles.labels or "")


def _task_of(roles: Roles) -> Task:
    if roles.label is not None:
        return Task.CLASSIFICATION
    if roles.target is not None:
        return Task.REGRESSION
    if roles.labels is not None:
        return Task.MULTILABEL
    return Task.PAIRED if roles.label_uri is not None else Task.UNLABELLED


def _settle_labels(
    roles: Roles, table: pa.Table, options: SourceOptions, names: Mapping[str, tuple[str, ...]]
) -> tuple[Roles, pa.Table]:
    """Bring the label column into its manifest type, and tell a target from a class by its values."""
    if options.task is Task.UNLABELLED:
        return replace(roles, label=None, target=None, labels=None, label_uri=None), table
    if "label" in roles.guessed and _separated(table, str(roles.label)):
        guessed = tuple("labels" if role == "label" else role for role in roles.guessed)
        roles = replace(roles, labels=roles.label, label=None, guessed=guessed)
    for role in ("target", "label"):
        name = getattr(roles, role)
        is_number = name is not None and pa.types.is_floating(table.schema.field(name).type)
        if is_number and not options.column("target") and options.task in (None, Task.CLASSIFICATION):
            whole = pc.all(pc.equal(table[name], pc.round(table[name]))).as_py() is not False
            meant = "label" if whole or options.task else "target"
            guessed = tuple(meant if each == role else each for each in roles.guessed)
            roles = replace(roles, **{role: None}, guessed=guessed)
            roles = replace(roles, **{meant: name})
            break
    if roles.target is not None:
        table = _set(table, roles.target, _numbers(table[roles.target], roles.target))
    if roles.labels is not None:
        table = _set(table, roles.labels, _lists(table[roles.labels], options, names.get(roles.labels)))
    if roles.label is not None:
        table = _set(table, roles.label, _categories(table[roles.label], options.classes or names.get(roles.label)))
    return roles, table


def _separated(table: pa.Table, name: str) -> bool:
    """Tell whether a column named for several labels holds text such as ``a|b``."""
    if plain(name) not in GUESSES["labels"] or not is_text(table.schema.field(name).type):
        return False
    return bool(pc.any(pc.match_substring(pc.unique(table[name].cast(pa.string())), "|")).as_py())


def _set(table: pa.Table, name: str, values: pa.ChunkedArray) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, values)


def _numbers(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    try:
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        return column.cast(pa.float64())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise SourceError(f"column {name!r}: expected numbers for a regression target, found: {error}") from None


def _lists(column: pa.ChunkedArray, options: SourceOptions, names: tuple[str, ...] | None) -> pa.ChunkedArray:
    if not is_list(column.type):
        return separate(column, options.label_separator or "|")
    if not pa.types.is_integer(column.type.value_type) or names is None:
        return column
    chunks = []
    for chunk in column.chunks:
        values = pa.array(names, pa.string()).take(chunk.flatten())
        offsets = np.concatenate([[0], np.cumsum(pc.fill_null(pc.list_value_length(chunk), 0).to_numpy())])
        mask = chunk.is_null() if chunk.null_count else None
        chunks.append(pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), values, mask=mask))
    return pa.chunked_array(chunks, pa.list_(pa.string()))


def _categories(column: pa.ChunkedArray, names: tuple[str, ...] | None) -> pa.ChunkedArray:
    """Turn indices into class names; negative ones mean that there is no label."""
    if names is None or not pa.types.is_integer(column.type):
        return column
    if (pc.max(column).as_py() or 0) >= len(names):
        raise SourceError(
            f"expected labels below {len(names)}, the number of class names, found {pc.max(column).as_py()}; "
            "name all classes in classes="
        )
    known = pc.if_else(pc.less(column, 0), pa.scalar(None, column.type), column)
    return pa.chunked_array([pa.array(names, pa.string()).take(chunk) for chunk in known.chunks], pa.string())


def _rename(table: pa.Table, roles: Roles) -> pa.Table:
    """Give the columns that have a role their standard names; a stranger of that name gets a ``_`` behind."""
    wanted = {getattr(roles, role): name for role, name in _STANDARD.items() if getattr(roles, role) is not None}
    names = []
    for name in table.column_names:
        new = wanted.get(name, name)
        if name not in wanted and name != "sample_id" and (name in COLUMN_TYPES and not _keeps(name, table, roles)):
            new = f"{name}_"
            while new in table.column_names:
                new += "_"
        names.append(new)
    return table.rename_columns(names)


def _keeps(name: str, table: pa.Table, roles: Roles) -> bool:
    return name == "uri" and roles.path is None and is_text(table.schema.field("uri").type)


def _normalise_splits(table: pa.Table) -> tuple[pa.Table, str]:
    column = table["split"]
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    column = pc.dictionary_encode(column.cast(pa.string())).combine_chunks()
    column = column.chunk(0) if isinstance(column, pa.ChunkedArray) else column
    words = column.dictionary.to_pylist()
    names = split_names(word for word in words if word is not None)
    changed = {old: new for old, new in names.items() if old != new}
    if not changed:
        return table, ""
    encoded = pa.DictionaryArray.from_arrays(column.indices, pa.array([names[word] for word in words], pa.string()))
    told = ", ".join(f"{old!r} read as {new!r}" for old, new in changed.items())
    return table.set_column(table.column_names.index("split"), "split", encoded), f"split {told}"


def _missing_files(table: pa.Table, root: Path | None, first: int = 100) -> list[str]:
    """Say so when none of the first files is there: then the root is wrong, or the images are elsewhere."""
    if "uri" not in table.column_names or root is None:
        return []
    uris = [uri for uri in table["uri"].slice(0, first).to_pylist() if uri]
    if not uris or any(os.path.lexists(os.path.join(root, uri)) for uri in uris):  # noqa: PTH118
        return []
    hint = next((str(up) for up in Path(os.path.abspath(root)).parents if os.path.lexists(up / uris[0])), None)  # noqa: PTH100
    return [
        f"none of the first {len(uris)} files found below {root}"
        + (f": pass root={hint!r}" if hint else ": pass root= to say where they are")
    ]


def _in_memory(source: Any) -> pa.Table:
    if isinstance(source, pa.Table):
        return source
    try:
        if "pandas" in sys.modules and isinstance(source, sys.modules["pandas"].DataFrame):
            return pa.Table.from_pandas(source, preserve_index=False)
        if isinstance(source, pa.RecordBatch):
            return pa.Table.from_batches([source])
        return pa.table(dict(source))
    except (pa.ArrowInvalid, pa.ArrowTypeError, ValueError) as error:
        raise SourceError(f"expected columns of one length, each of one type, found: {error}") from error


def _read(path: Path, options: SourceOptions) -> pa.Table:
    extension = path.suffix.lower()
    try:
        return _READERS[extension](path, options)
    except (pa.ArrowInvalid, pa.ArrowKeyError, pa.ArrowNotImplementedError, UnicodeDecodeError) as error:
        what = str(error).splitlines()[0]
        advice = "; save it as UTF-8" if "UTF8" in what or "UTF-8" in what else ""
        raise SourceError(f"expected {extension[1:].upper()} in {path}, found: {what}{advice}") from None
    except OSError as error:
        raise SourceError(f"expected to read {path}, found: {error.strerror or error}") from None


def _read_text(path: Path, options: SourceOptions) -> pa.Table:
    from pyarrow import csv

    read = csv.ReadOptions(column_names=None if options.columns is None else list(options.columns))
    delimiter = options.delimiter or ("\t" if path.suffix.lower() in (".tsv", ".tab") else ",")
    parse = csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    convert = csv.ConvertOptions(strings_can_be_null=True)
    with csv.open_csv(path, read_options=read, parse_options=parse, convert_options=convert) as start:
        schema = start.schema
    convert = csv.ConvertOptions(strings_can_be_null=True, column_types=_text_types(schema, options))
    return csv.read_csv(path, read_options=read, parse_options=parse, convert_options=convert)


def _text_types(schema: pa.Schema, options: SourceOptions) -> dict[str, pa.DataType]:
    """Read labels as they are written (``007`` stays), targets as numbers, and leave the others to Arrow."""
    if len(set(schema.names)) < len(schema.names):
        return {}
    roles = find_roles(schema, options)
    types: dict[str, pa.DataType] = {}
    for role in ("path", "label_uri", "label", "labels", "split", "group"):
        name = getattr(roles, role)
        if name is not None and not (role == "label" and pa.types.is_floating(schema.field(name).type)):
            types[name] = _CATEGORY if role in ("label", "split", "group") else pa.string()
    if "sample_id" in schema.names:
        types["sample_id"] = pa.string()
    return types


def _read_json_lines(path: Path, options: SourceOptions) -> pa.Table:
    from pyarrow import json

    return json.read_json(path)


def _read_parquet(path: Path, options: SourceOptions) -> pa.Table:
    return pq.read_table(path, partitioning=None)


_READERS: Mapping[str, Callable[[Path, SourceOptions], pa.Table]] = {
    ".csv": _read_text,
    ".tsv": _read_text,
    ".tab": _read_text,
    ".jsonl": _read_json_lines,
    ".ndjson": _read_json_lines,
    ".parquet": _read_parquet,
    ".pq": _read_parquet,
}


def recognises(source: object) -> bool:
    """A file with the extension of a table, a table, or a mapping of columns."""
    path = as_path(source)
    if path is not None:
        return path.suffix.lower() in _READERS and not path.is_dir()
    if isinstance(source, pa.Table | pa.RecordBatch | Mapping):
        return True
    return "pandas" in sys.modules and isinstance(source, sys.modules["pandas"].DataFrame)


SOURCE = Source(
    "table",
    frozenset(
        {"task", "columns", "path", "label", "target", "split", "group", "root", "classes"}
        | {"label_separator", "delimiter"}
    ),
    recognises,
    open_table,
)
