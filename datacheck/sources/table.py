"""A table that lists the samples: CSV, TSV, JSON lines, Parquet, or a table in memory.

One direction: read the table, recognise its columns, cast them, build the manifest.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from datacheck.errors import SourceError
from datacheck.manifest import Inventory, ItemKind, Manifest, Modality, Question, Remedy, Task, Used
from datacheck.manifest.readers import SampleReader
from datacheck.sources.annotations.label_files import read_label_files
from datacheck.sources.annotations.objects_column import objects_column
from datacheck.sources.base import Source, SourceOptions, as_path
from datacheck.sources.box_tables import BoxColumns, find_box_columns, group_boxes
from datacheck.sources.column_values import Names, are_indices, cast_columns, plain_labels
from datacheck.sources.columns import recognise_columns
from datacheck.sources.file_roots import Located, locate
from datacheck.sources.file_search import column_of_ids
from datacheck.sources.files import existing, text
from datacheck.sources.hugging_face_objects import with_objects, without_objects
from datacheck.sources.split_words import misspelt_split
from datacheck.sources.splits import splits_from_paths
from datacheck.sources.stored_paths import stored_paths
from datacheck.sources.table_files import is_table_name, read_table_file, repeated_names
from datacheck.sources.table_inventory import table_inventory
from datacheck.sources.text_lists import CLASS_NAMES_ROLE, class_names
from datacheck.text import listed, plural

NO_ROLES = "no column that says a path or a label: name them with path, label or target"
"""What is said of a table from which nothing can be judged."""


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
        (table, notes), base = read_table_file(existing(path), options), options.root or path.parent
        options, more, names_file = _with_neighbours(table, options, path.parent)
        where = ", ".join([f"a table ({path})", *notes, *more])
        found = splits_from_paths(table_manifest(table, options, base=base, took_for=where))
        if names_file is not None:
            found = replace(
                found, inventory=found.inventory + Inventory((Used(names_file, ItemKind.FILE, CLASS_NAMES_ROLE),))
            )
        return with_annotation_file(found, path)
    return table_manifest(table, options, base=base, took_for=where)


def _with_neighbours(
    table: pa.Table, options: SourceOptions, folder: Path
) -> tuple[SourceOptions, list[str], str | None]:
    """Add what the files beside a table say: which column names the images, and what the classes are called.

    The third value is the name of the file that names the classes, None where none was read.
    """
    notes: list[str] = []
    names_file = None
    roles = recognise_columns(table, options)
    if roles.path is None and (column := column_of_ids(table, roles, options.root or folder)):
        options = replace(options, path=column)
        notes.append(f"the values of {column!r} are names of images")
    if options.classes is None and roles.label is not None and (found := class_names(folder)):
        values = table[roles.label]
        if are_indices(values, len(found[0])):
            options = replace(options, classes=found[0])
            names_file = found[1]
            notes.append(f"class names from {names_file}")
    return options, notes, names_file


def table_manifest(
    table: pa.Table,
    options: SourceOptions,
    *,
    base: Path,
    took_for: str,
    reader: SampleReader | None = None,
    names: Names | None = None,
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
    _check(table, took_for)
    if reader is None and options.target is None and (objects := objects_column(table, options)) is not None:
        rest, plain = without_objects(table, objects, options)
        if recognise_columns(rest, plain).path is not None:
            images = table_manifest(rest, plain, base=base, took_for=took_for)
            return with_objects(images, table[objects], None, objects, options)
    boxes = None
    if reader is None and options.task in (None, Task.DETECTION):
        boxes = find_box_columns(table, options.column("path"), options.column("label"))
    listed = boxes is not None and (options.task is Task.DETECTION or _repeats(table[boxes.file]))
    if boxes is not None and listed and options.target is None:
        return _boxes_manifest(table, boxes, options, base, took_for)
    names = names or {}
    given = recognise_columns(table, options)
    inventory = table_inventory(
        table, given if reader is None else replace(given, path="uri"), declared=options.task is Task.UNLABELLED
    )
    table, roles, classes = plain_labels(table, given, options)
    columns, renamed_splits = cast_columns(table, roles, options, names)
    located = Located(columns, None)
    shown = given if reader is None else replace(given, path=None)
    if roles.path is not None and reader is None:
        if (stored := stored_paths(columns)) is not None:
            located, reader = Located(stored[0], None, (f"files in {stored[1].url}",)), stored[1]
        else:
            located = locate(columns, base, options.root)
    words = [took_for, plural(table.num_rows, "row"), shown.words or NO_ROLES, renamed_splits, *located.notes]
    inventory += Inventory(questions=(*located.questions, *_slips(located.table)))
    if boxes is not None and options.task is None:
        inventory += Inventory(questions=(_ONE_BOX,))
    manifest = Manifest.from_columns(
        located.table,
        task=roles.task,
        modality=Modality.IMAGE if roles.path is not None else Modality.TABULAR,
        root=located.root,
        classes=options.classes or classes or names.get(roles.label or roles.labels or ""),
        took_for=", ".join(word for word in words if word),
        inventory=inventory,
        reader=reader,
    )
    if roles.task is not Task.PAIRED:
        return manifest
    files = located.table["label_uri"].drop_null().to_pylist()
    return read_label_files(manifest, files, f"files of the column {roles.label_uri!r}", options.classes)


_ONE_BOX = Question(
    "each image has one row, so its box was not read and its class is that of the image",
    Remedy("--task detection", "task='detection'"),
)


def _repeats(column: pa.ChunkedArray) -> bool:
    """Return whether an image has several rows: a table of one row an image lists images, whatever else it says."""
    return bool(pc.count_distinct(column).as_py() < len(column) - column.null_count)


def _boxes_manifest(table: pa.Table, boxes: BoxColumns, options: SourceOptions, base: Path, took_for: str) -> Manifest:
    """Build the manifest of a table with a row a box."""
    found = group_boxes(table, boxes)
    rest = found.first_rows.drop_columns(list(boxes.own))
    plain = replace(options, path=boxes.file, label=None, classes=None, task=Task.UNLABELLED)
    images = table_manifest(rest, plain, base=base, took_for=f"{took_for}, {plural(table.num_rows, 'row')}")
    columns = images.table
    for name, values in found.columns.items():
        columns = columns.append_column(name, values)
    used = tuple(Used(name, ItemKind.COLUMN, "boxes", table.num_rows) for name in boxes.own)
    return Manifest.from_columns(
        columns,
        task=Task.DETECTION,
        modality=Modality.IMAGE,
        root=images.root,
        classes=found.classes,
        took_for=f"{images.took_for}; {boxes.words}",
        inventory=images.inventory + Inventory(used),
        annotation_format=found.kind,
    )


def with_annotation_file(manifest: Manifest, path: Path) -> Manifest:
    """Return a manifest of boxes with the file that they were read from, where that lies below its root."""
    own = Path(os.path.abspath(path))  # noqa: PTH100 - must not follow links
    if manifest.task is not Task.DETECTION or manifest.root is None or not own.is_relative_to(manifest.root):
        return manifest
    if "annotation_file" in manifest or "annotated_objects" not in manifest:
        return manifest
    name = text(own.relative_to(manifest.root).as_posix())
    return manifest.with_column("annotation_file", pa.array([name] * len(manifest), pa.string()))


def _slips(table: pa.Table) -> list[Question]:
    """Ask about splits whose names look like slips in typing."""
    splits = pc.unique(table["split"]).to_pylist() if "split" in table.column_names else []
    return [
        Question(f"the split {split!r} was read as a split of its own; {meant!r} may be meant")
        for split in splits
        if split is not None and (meant := misspelt_split(split))
    ]


def _check(table: pa.Table, took_for: str) -> None:
    if table.num_rows == 0:
        raise SourceError(f"expected rows in {took_for}, found none")
    if repeated := repeated_names(table.column_names):
        raise SourceError(f"expected columns of different names in {took_for}, found {listed(repeated)} more than once")


def _in_memory(source: Any) -> pa.Table:
    if isinstance(source, pa.Table):
        return source
    try:
        if _is_frame(source):
            return pa.Table.from_pandas(source, preserve_index=False)
        if isinstance(source, pa.RecordBatch):
            return pa.Table.from_batches([source])
        return pa.table(dict(source))
    except (pa.ArrowInvalid, pa.ArrowTypeError, ValueError) as error:
        raise SourceError(f"expected columns of one length, each of one type, found: {error}") from error


def _is_frame(source: object) -> bool:
    return "pandas" in sys.modules and isinstance(source, sys.modules["pandas"].DataFrame)


def recognises(source: object) -> bool:
    """A file with the extension of a table, a table, or a mapping of columns."""
    path = as_path(source)
    if path is not None:
        return is_table_name(path) and not path.is_dir()
    return isinstance(source, pa.Table | pa.RecordBatch | Mapping) or _is_frame(source)


SOURCE = Source(
    "table",
    frozenset(
        {"task", "columns", "path", "label", "target", "split", "group", "root", "classes"}
        | {"label_separator", "delimiter"}
    ),
    recognises,
    open_table,
)
