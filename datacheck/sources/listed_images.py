"""The manifest of a folder whose images are listed in tables: labels, and splits, from the tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from datacheck.manifest import HoldsLabels, Inventory, ItemKind, Manifest, Task, Unread, Used, examples_of
from datacheck.sources.files import text
from datacheck.sources.folder_tables import FolderTable
from datacheck.sources.split_words import normalise_split, split_names
from datacheck.sources.splits import join_splits, split_in, splits_from_paths
from datacheck.text import plural


def listed_manifest(
    chosen: Sequence[FolderTable], tables: Sequence[FolderTable], images: Sequence[str]
) -> tuple[Manifest, set[str]]:
    """Build the manifest of the images that tables list, and return the names of the tables that were read.

    Images of a split that no table lists are added without a label.

    Parameters
    ----------
    chosen
        The tables that hold the labels: one, or one a split.
    tables
        All tables of the folder; one without labels whose name says another split is read too.
    images
        All images of the folder, below its root.
    """
    first = chosen[0].manifest
    splits = {normalise_split(table.split) for table in chosen}
    others = [table for table in tables if not table.labelled and normalise_split(table.split) not in {None, *splits}]
    used = [*chosen, *(others if chosen[0].split else ())]
    if len(used) > 1:
        names = split_names(dict.fromkeys(table.split for table in used))
        manifest = join_splits({names[table.split]: as_task(table.manifest, first) for table in used})
    else:
        manifest = splits_from_paths(first)
    listed = set(manifest.table["uri"].to_pylist())
    manifest, rest = _with_unlisted(manifest, [name for name in map(text, images) if name not in listed])
    names_used = [table.name for table in used]
    inventory = Inventory(tuple(Used(table.name, ItemKind.FILE, "table", len(table.manifest)) for table in used))
    inventory += manifest.inventory
    if rest:
        reason = f"no row of {', '.join(names_used)} names them"
        unlisted = Unread("images", ItemKind.FILE, reason, HoldsLabels.NO, len(rest), examples_of(rest))
        inventory += Inventory(unread=(unlisted,))
    return replace(manifest, inventory=inventory), set(names_used)


def as_task(manifest: Manifest, like: Manifest) -> Manifest:
    """Return a manifest without labels as one of the task of another, each label missing."""
    column = like.task.label_column
    if manifest.task is like.task or column is None:
        return manifest
    labels = pa.nulls(len(manifest), like.table.schema.field(column).type)
    table = manifest.table.append_column(column, labels)
    return replace(manifest, table=table, task=like.task, classes=like.classes)


def _with_unlisted(manifest: Manifest, rest: list[str]) -> tuple[Manifest, list[str]]:
    """Add the images of splits that no table lists, without a label; return the others."""
    splits = {name: normalise_split(split_in(name)) for name in rest}
    added = [name for name, split in splits.items() if split and split not in manifest.splits]
    if not added or not manifest.splits or manifest.task is Task.PAIRED:
        return manifest, rest
    columns: dict[str, Any] = {"uri": added, "sample_id": added, "split": [splits[name] for name in added]}
    schema = manifest.table.schema
    extra = pa.table(
        [
            pa.array(columns[field.name]).cast(field.type)
            if field.name in columns
            else pa.nulls(len(added), field.type)
            for field in schema
        ],
        schema=schema,
    )
    table = pa.concat_tables([manifest.table, extra]).unify_dictionaries()
    took_for = f"{manifest.took_for}, and {plural(len(added), 'image')} of splits without labels"
    taken = set(added)
    return replace(manifest, table=table, took_for=took_for), [name for name in rest if name not in taken]


def apply_split_lists(manifest: Manifest, tables: Sequence[FolderTable]) -> tuple[Manifest, set[str]]:
    """Take the splits from lists named for splits, where the folders say none; return the lists that were read.

    Of several folders of lists, as in VOC's ``ImageSets``, the one that lists the most images is taken.
    """
    places: dict[str, list[FolderTable]] = {}
    for table in tables:
        if table.split and Path(table.name).stem == table.split:
            places.setdefault(str(Path(table.name).parent), []).append(table)
    if "split" in manifest or not places:
        return manifest, set()
    best = max(places.values(), key=lambda each: sum(len(table.manifest) for table in each))
    names = split_names(dict.fromkeys(table.split for table in best))
    split_of = {uri: names[table.split] for table in best for uri in table.uris}
    splits = [split_of.get(uri) for uri in manifest.table["uri"].to_pylist()]
    if not any(splits):
        return manifest, set()
    used = {table.name for table in best}
    read = Inventory(tuple(Used(table.name, ItemKind.FILE, "split list", len(table.manifest)) for table in best))
    changed = manifest.with_column("split", pa.array(splits, pa.string()))
    took_for = f"{manifest.took_for}, splits from {', '.join(sorted(used))}"
    return replace(changed, took_for=took_for, inventory=manifest.inventory + read), used
