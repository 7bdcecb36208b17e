"""Splits given one by one: ``{"train": …, "val": …}``, each any source."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from datacheck.errors import SourceError
from datacheck.manifest import AnnotationFormat, Inventory, Manifest, Question, natural_sorted
from datacheck.manifest.annotations import with_classes
from datacheck.manifest.readers import FileReader, SampleReader
from datacheck.manifest.shards import ShardReader
from datacheck.sources.base import SourceOptions
from datacheck.sources.shard_readers import ChainReader
from datacheck.sources.split_words import normalise_split, split_names


def is_splits(source: object) -> bool:
    """Return whether a mapping holds splits, not columns: by the words for splits, or by values that are sources.

    Examples
    --------
    >>> is_splits({"train": "a.csv", "holdout": "b.csv"}), is_splits({"label": ["cat", "dog"]})
    (True, False)
    """
    if not isinstance(source, Mapping) or not source or not all(isinstance(name, str) for name in source):
        return False
    if type(source).__module__.startswith("datasets."):
        return False
    if all(normalise_split(name) for name in source):
        return True
    return all(isinstance(value, str | Path | Manifest) for value in source.values())


def open_splits(
    source: Mapping[str, Any], options: SourceOptions, open_one: Callable[[Any, SourceOptions], Manifest]
) -> Manifest:
    """Open each split with ``open_one`` and put them together; classes are matched by name.

    Raises
    ------
    SourceError
        When a split cannot be opened, or the splits differ in task or in what a sample is.
    """
    if options.split is not None:
        raise SourceError("split: expected the splits once, found them as the mapping's keys and in split=; drop one")
    names = split_names(source)
    return join_splits({names[name]: open_one(part, options) for name, part in source.items()})


def join_splits(parts: Mapping[str, Manifest]) -> Manifest:
    """Put the manifests of several splits together."""
    tasks = {name: part.task.value for name, part in parts.items()}
    if len(set(tasks.values())) > 1 or len({part.modality for part in parts.values()}) > 1:
        raise SourceError(f"expected all splits to be of one kind, found {tasks}; pass task= to say what is meant")
    root, tables, reader = _reached(parts)
    for name, table in tables.items():
        column = pa.DictionaryArray.from_arrays(pa.array(np.zeros(len(table), dtype=np.int32)), pa.array([name]))
        table = table.drop_columns(["split"]) if "split" in table.column_names else table
        tables[name] = table.append_column("split", column)
    orders = [part.classes for part in parts.values()]
    same = all(order == orders[0] for order in orders)
    classes = orders[0] if same else tuple(natural_sorted({word for order in orders for word in order}))
    first = next(iter(parts.values()))
    for name, part in parts.items():
        if (position := tables[name].schema.get_field_index("annotated_objects")) >= 0:
            objects = with_classes(tables[name]["annotated_objects"].combine_chunks(), part.classes, classes)
            tables[name] = tables[name].set_column(position, "annotated_objects", objects)
    form = first.mask_format if len({part.mask_format for part in parts.values()}) == 1 else None
    table = joined_tables(tables).unify_dictionaries()
    return Manifest.from_columns(
        table,
        task=first.task,
        modality=first.modality,
        root=root,
        classes=classes if form is not None else (),
        took_for="; ".join(f"{name}: {part.took_for}" for name, part in parts.items()),
        inventory=sum(
            (part.inventory for part in parts.values()), Inventory(questions=_OTHER_MASKS if form is None else ())
        ),
        annotation_format=first.annotation_format if same else _without_numbers(first.annotation_format),
        mask_format=form,
        reader=reader,
    )


def joined_tables(tables: Mapping[str, pa.Table]) -> pa.Table:
    """Put tables together, columns matched by name; one that a table lacks is null in its rows.

    Raises
    ------
    SourceError
        When a column is of kinds in two tables that have nothing in common, such as text and numbers.

    Examples
    --------
    >>> joined_tables({"a": pa.table({"x": [1]}), "b": pa.table({"x": [0.5], "y": ["u"]})}).to_pydict()
    {'x': [1.0, 0.5], 'y': [None, 'u']}
    """
    try:
        return pa.concat_tables(list(tables.values()), promote_options="permissive")
    except (pa.ArrowTypeError, pa.ArrowInvalid) as error:
        types: dict[str, dict[str, str]] = {}
        for place, table in tables.items():
            for name in table.column_names:
                types.setdefault(name, {}).setdefault(str(table.schema.field(name).type), place)
        found = [
            f"{name!r} ({', '.join(f'{kind} in {place!r}' for kind, place in kinds.items())})"
            for name, kinds in types.items()
            if len(kinds) > 1
        ]
        advice = "write it as one type in all of them" if found else f"found: {error}"
        raise SourceError(
            f"expected each column to have one type in all parts, found {', '.join(found)}; {advice}"
        ) from None


def _without_numbers(kind: AnnotationFormat | None) -> AnnotationFormat | None:
    """Return the format of splits that number their classes differently."""
    return None if kind is None else replace(kind, class_ids=())


_OTHER_MASKS = (
    Question("the splits declare different colours or ignored values of masks, so all masks are read as they are"),
)


def splits_from_paths(manifest: Manifest) -> Manifest:
    """Read the split off the folders of each path, where there is no split column and every path has such a folder.

    So a table says the same splits as the folder that it lies in.
    """
    if "split" in manifest or "uri" not in manifest:
        return manifest
    words = [split_in(uri) for uri in manifest.table["uri"].to_pylist()]
    if not all(words):
        return manifest
    names = split_names(dict.fromkeys(words))
    changed = manifest.with_column("split", [names[word] for word in words])
    return replace(changed, took_for=f"{manifest.took_for}, split from the folders in the paths")


def split_in(uri: str | None) -> str:
    """Return the folder of a path that is a word for a split; empty where there is none.

    Examples
    --------
    >>> split_in("data/train/cat/1.png"), split_in("train.png")
    ('train', '')
    """
    return next((part for part in (uri or "").split("/")[:-1] if normalise_split(part)), "")


def _reached(parts: Mapping[str, Manifest]) -> tuple[Path | None, dict[str, pa.Table], SampleReader | None]:
    """Make the samples of all splits reachable by one reader: below one root where all are files."""
    readers = {name: part.reader for name, part in parts.items()}
    by_uri = all("uri" in part and part.table["sample_id"].equals(part.table["uri"]) for part in parts.values())
    kinds = {replace(one, root=Path()) for one in readers.values() if isinstance(one, FileReader | ShardReader)}
    roots = {name: one.root for name, one in readers.items() if isinstance(one, FileReader | ShardReader)}
    if len(roots) == len(parts) and len(kinds) == 1:
        root = Path(os.path.commonpath(list(roots.values())))
        if root != Path("/"):
            below = {name: "" if own == root else f"{own.relative_to(root)}/" for name, own in roots.items()}
            (kind,) = kinds
            return (
                root if isinstance(kind, FileReader) else None,
                {name: _prefixed(part, below[name], by_uri=by_uri) for name, part in parts.items()},
                replace(kind, root=root),
            )
    known = {name: reader for name, reader in readers.items() if reader is not None}
    tables = {name: _prefixed(part, f"{name}/", by_uri=by_uri) for name, part in parts.items()}
    return None, tables, ChainReader(known) if known else None


def _prefixed(part: Manifest, prefix: str, *, by_uri: bool) -> pa.Table:
    table = part.table
    in_files = part.root is not None or isinstance(part.reader, ShardReader)
    for name in ("uri", "label_uri", "annotation_file") if in_files or not prefix else ("uri",):
        if name in part and prefix:
            uris = [
                uri if uri is None or (uri.startswith("/") and part.root is not None) else prefix + uri
                for uri in table[name].cast(pa.string()).to_pylist()
            ]
            table = table.set_column(table.column_names.index(name), name, pa.array(uris, pa.string()))
    if "mask_files" in part and prefix:
        files = [each and [prefix + uri for uri in each] for each in table["mask_files"].to_pylist()]
        table = table.set_column(
            table.column_names.index("mask_files"), "mask_files", pa.array(files, pa.list_(pa.string()))
        )
    if by_uri:
        return table.drop_columns(["sample_id"])
    ids = [f"{prefix}{each}" for each in table["sample_id"].to_pylist()]
    return table.set_column(table.column_names.index("sample_id"), "sample_id", pa.array(ids, pa.string()))
