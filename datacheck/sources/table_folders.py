"""A folder of tables without images: one table, or one a split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from datacheck.errors import SourceError
from datacheck.manifest import Manifest, Task
from datacheck.sources.base import SourceOptions
from datacheck.sources.files import text
from datacheck.sources.folder_inventory import says_no_labels, unread_files
from datacheck.sources.folder_tables import split_word
from datacheck.sources.listed_images import as_task
from datacheck.sources.split_words import normalise_split
from datacheck.sources.splits import join_splits
from datacheck.sources.table import open_table
from datacheck.sources.table_files import is_table_name
from datacheck.sources.text_lists import LIST_EXTENSIONS

_MOST_SHOWN = 3
"""Tables that a message names."""


def tables_in(others: Sequence[str]) -> list[str]:
    """Return the tables directly in a folder, by name; lists of text are left out, since any text may be one.

    JSON documents, which describe datasets more often than they are tables, are left out beside another table.

    Examples
    --------
    >>> tables_in(["train.csv", "test.csv", "sample_submission.csv", "README.txt", "old/train.csv"])
    ['test.csv', 'train.csv']
    """
    named = (name for name in others if "/" not in name and is_table_name(Path(name)) and not says_no_labels(name))
    tables = sorted(name for name in named if not name.lower().endswith(LIST_EXTENSIONS))
    return [name for name in tables if not name.lower().endswith(".json")] or tables


def open_table_folder(root: Path, others: Sequence[str], options: SourceOptions) -> Manifest | None:
    """Open the only table of a folder without images, or those whose names say splits; None where neither is there.

    A table of a split without the label column that the caller names, such as Kaggle's ``test.csv``, has no labels.

    Raises
    ------
    SourceError
        When a table cannot be read, or the tables differ in what a sample is.
    """
    names = tables_in(others)
    parts = {name: split for name in names if (split := normalise_split(split_word(name)))}
    if len(names) > 1 and (len(set(parts.values())) < max(2, len(parts)) or "train" not in parts.values()):
        return None
    if not names:
        return None
    used = sorted(parts, key=lambda name: parts[name] != "train") if len(names) > 1 else names
    opened = {name: _open(root / name, options, is_train=parts.get(name) in (None, "train")) for name in used}
    first = opened[used[0]]
    like = {parts[name]: as_task(part, first) for name, part in opened.items()} if len(used) > 1 else {}
    manifest = join_splits(like) if like else first
    unread = unread_files(
        (name for name in others if text(name) not in used), "not a table of the folder that names a split"
    )
    return replace(manifest, inventory=replace(manifest.inventory, unread=(*manifest.inventory.unread, *unread)))


def _open(path: Path, options: SourceOptions, *, is_train: bool) -> Manifest:
    try:
        return open_table(path, options)
    except SourceError:
        if is_train or (options.label is None and options.target is None and options.task is None):
            raise
        return open_table(path, replace(options, label=None, target=None, task=Task.UNLABELLED))


def advice_for_tables(root: Path, others: Sequence[str]) -> str | None:
    """Return what to do about a folder with several tables that say no splits; None where it has none."""
    names = tables_in(others)
    if not names:
        return None
    more = f", and so on for {len(names) - _MOST_SHOWN} more" if len(names) > _MOST_SHOWN else ""
    calls = ", or ".join(f"datacheck audit {root / name}" for name in names[:_MOST_SHOWN])
    together = "tables named for splits, such as train.csv and test.csv, are read together"
    return f"audit one of its tables: {calls}{more}; {together}"
