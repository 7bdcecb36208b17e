"""Finding the tables and lists in a folder that name its images."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from datacheck.errors import DatacheckError
from datacheck.manifest import HoldsLabels, ItemKind, Manifest, Remedy, Task, Unread
from datacheck.sources.base import SourceOptions
from datacheck.sources.files import is_image_name, text
from datacheck.sources.folder_inventory import says_no_labels
from datacheck.sources.split_words import normalise_split
from datacheck.sources.table import open_table
from datacheck.sources.table_files import is_table_name
from datacheck.sources.text_lists import CLASS_NAME_FILES, LIST_EXTENSIONS
from datacheck.sources.walking import Folder

METADATA = ("metadata.csv", "metadata.jsonl", "metadata.parquet")
"""The tables that Hugging Face reads: their labels win over the names of folders."""

_DEEPEST = 3
"""How many folders below the top tables are looked for, as in ``data/ImageSets/Main/train.txt``."""

_MOST_TABLES = 12
"""Tables of one folder that are opened: more, such as a file for each image, are not about all images."""

NAMED_SHARE = 0.5
"""Share of the rows of a table that must name images of the folder."""


@dataclass(frozen=True)
class FolderTable:
    """A table that names images of the folder.

    Attributes
    ----------
    name
        Its path below the folder.
    manifest
        The table as a manifest, with paths below the folder.
    split
        The split that its name says, or the name of its folder for a ``metadata`` table; empty where it says none.
    """

    name: str
    manifest: Manifest
    split: str

    @property
    def labelled(self) -> bool:
        """Whether it holds labels."""
        return self.manifest.task is not Task.UNLABELLED

    @property
    def is_metadata(self) -> bool:
        """Whether it is one of `METADATA`."""
        return self.name.rpartition("/")[2] in METADATA

    @property
    def uris(self) -> list[str]:
        """The images that it names."""
        return [uri for uri in self.manifest.table["uri"].to_pylist() if uri]


def find_tables(
    root: Path, folders: Sequence[Folder], images: Sequence[str], options: SourceOptions
) -> list[FolderTable]:
    """Open the tables of a folder that name its images, the one with the most images first."""
    found = []
    known = {text(name) for name in images}
    for name in _candidates(folders):
        table = _open(root, name, known, options)
        if table is not None:
            found.append(table)
    return sorted(found, key=lambda table: (-len(known.intersection(table.uris)), table.name))


def _candidates(folders: Sequence[Folder]) -> list[str]:
    names: list[str] = []
    for folder in folders:
        others = (name for name in folder.names if not is_image_name(name))
        own = [name for name in others if is_table_name(Path(name)) and not says_no_labels(name)]
        own = [name for name in own if name.lower() not in CLASS_NAME_FILES]
        lists = [name for name in own if name.lower().endswith(LIST_EXTENSIONS)]
        if len(lists) > _MOST_TABLES:  # a file for each image, or VOC's lists for each class
            lists = [name for name in lists if normalise_split(Path(name).stem)]
            own = [name for name in own if not name.lower().endswith(LIST_EXTENSIONS)] + lists
        if len(folder.parts) <= _DEEPEST and len(own) <= _MOST_TABLES:
            names += [folder.place(name) for name in own]
    names.sort(key=lambda name: (name.count("/"), name))
    return names[:_MOST_TABLES] if len(names) > _MOST_TABLES else names


def _open(root: Path, name: str, known: set[str], options: SourceOptions) -> FolderTable | None:
    path = root / name
    plain = replace(options, class_level=None, task=None if options.task is Task.PAIRED else options.task)
    if path.name in METADATA:
        plain = replace(plain, path=options.path or "file_name")
    for start in (None, root):
        try:
            manifest = open_table(path, replace(plain, root=start))
        except (DatacheckError, OSError):
            continue
        if "uri" not in manifest or manifest.root is None:
            return None
        if _says_partition(name, manifest):
            return None
        manifest = _below(manifest, root)
        uris = manifest.table["uri"].to_pylist()
        if sum(uri in known for uri in uris) >= NAMED_SHARE * len(uris):
            return FolderTable(text(name), manifest, split_word(name))
    return None


def _says_partition(name: str, manifest: Manifest) -> bool:
    """Return whether what looks like classes are the numbers of splits, as in ``list_eval_partition.txt``."""
    words = re.split(r"[\W_]+", Path(name).stem.lower())
    return not {"partition", "split", "splits"}.isdisjoint(words) and set(manifest.classes) <= {"0", "1", "2"} != set()


def _below(manifest: Manifest, root: Path) -> Manifest:
    """Return a manifest whose paths start from the folder's root."""
    if manifest.root == root:
        return manifest
    own = str(manifest.root)
    columns = {}
    for name in ("uri", "label_uri", "annotation_file"):
        if name in manifest:
            values = manifest.table[name].cast(pa.string()).to_pylist()
            columns[name] = [
                None if not value else os.path.relpath(os.path.join(own, value), root)  # noqa: PTH118
                for value in values
            ]
    table = manifest.table
    same = table["sample_id"].equals(table["uri"])
    for name, values in columns.items():
        table = table.set_column(table.column_names.index(name), name, pa.array(values, pa.string()))
    table = table.drop_columns(["sample_id"]) if same else table
    return Manifest.from_columns(
        table,
        task=manifest.task,
        modality=manifest.modality,
        root=root,
        classes=manifest.classes or None,
        took_for=manifest.took_for,
        inventory=manifest.inventory,
        annotation_format=manifest.annotation_format,
        mask_format=manifest.mask_format,
    )


def split_word(name: str) -> str:
    """Return the word for a split in the name of a table or its folder: ``labels_train.csv``, ``train/a.csv``."""
    path = Path(name)
    folder = path.parent.name if normalise_split(path.parent.name) else ""
    if path.name in METADATA:
        return folder
    if normalise_split(path.stem):
        return path.stem
    return next((word for word in re.split(r"[\W_]+", path.stem) if normalise_split(word)), folder)


def labelled_tables(tables: Sequence[FolderTable]) -> list[FolderTable]:
    """Return the tables that say the labels together: one, or one a split.

    Where there are several, those of `METADATA` come first, then those whose names say different splits.
    """
    labelled = [table for table in tables if table.labelled]
    metadata = [table for table in labelled if table.is_metadata]
    labelled = metadata or labelled
    by_split: dict[str, FolderTable] = {}
    for table in labelled:
        by_split.setdefault(normalise_split(table.split) or "", table)
    task = labelled[0].manifest.task if labelled else None
    parts = [table for split, table in by_split.items() if split and table.manifest.task is task]
    if len(parts) < 2 or not by_split.get(normalise_split(labelled[0].split) or ""):
        return labelled[:1]
    return parts if labelled[0] in parts else labelled[:1]


def unread_tables(tables: Sequence[FolderTable], used: set[str], root: Path) -> tuple[Unread, ...]:
    """Return the tables that name the images and were not read, each with the call that reads it."""
    items = []
    for table in tables:
        if table.name in used:
            continue
        path = str(root / table.name)
        labels = HoldsLabels.MAYBE if table.labelled else HoldsLabels.NO
        reason = (
            "the labels were read elsewhere in the folder" if table.labelled else "it names the images, without labels"
        )
        remedy = Remedy(f"datacheck audit {path}", f"datacheck.audit({path!r})") if table.labelled else None
        items.append(Unread(table.name, ItemKind.FILE, reason, labels, 1, (), remedy))
    return tuple(items)
