"""Class folders and tables that both say labels: which of them is read, and what a table adds to the folders."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from datacheck.manifest import Inventory, ItemKind, Manifest, Question, Remedy, Task, Used
from datacheck.sources.folder_tables import NAMED_SHARE, FolderTable
from datacheck.text import listed, plural

_FEWEST_COMPARED = 10
"""Images with a label of both kinds, from which it is told whether folders and tables say the same."""

_SAME_CLASSES = 0.5
"""How well one must predict the other, above the most frequent class, for the folders to be classes of some kind."""

_ONE_TO_ONE = 0.9
"""The same, both ways, for folders that are numbered to be the classes of the table."""

_PARTS = 4
"""Parts of equal size that numbers are divided into to be compared with folders."""


def folders_say_otherwise(labels: Mapping[str, str | None], chosen: Sequence[FolderTable]) -> Question | None:
    """Return what to ask where the labels of tables and the class folders have little to do with each other.

    Folders that sort images by the start of their names, by camera or by date look like class folders; a table that
    names the class of each image knows better. Where most of a folder is of one class, or most of a class in one
    folder, the folders are left to say the classes. Folders whose names differ in a number alone, such as
    ``patient00001`` and ``images_002``, are classes only where they are those of the table.

    Parameters
    ----------
    labels
        The class that the folders say of each image.
    chosen
        The tables.
    """
    pairs: Counter[tuple[str, str]] = Counter()
    for table in chosen:
        rows = zip(table.manifest.table["uri"].to_pylist(), _words(table.manifest), strict=True)
        pairs.update((folder, word) for uri, word in rows if word is not None and (folder := labels.get(uri or "")))
    if pairs.total() < max(_FEWEST_COMPARED, NAMED_SHARE * len(labels)):
        return None
    ways = _predicted(pairs), _predicted(Counter({(b, a): n for (a, b), n in pairs.items()}))
    names = {folder for folder, _ in pairs}
    numbered = len({re.sub(r"\d+", "0", name) for name in names}) == 1 and any(map(str.isdigit, next(iter(names))))
    if min(ways) >= _ONE_TO_ONE if numbered else max(ways) >= _SAME_CLASSES:
        return None
    said = f"the labels are those of {listed([table.name for table in chosen])}; the class folders say others"
    why = "whose names differ in a number alone" if numbered else "which have little to do with them"
    return Question(f"{said}, {why}", Remedy.option("class_level", 1))


def _words(manifest: Manifest) -> Sequence[str | None]:
    """Return the label of each sample in one word; parts of equal size of a numeric target."""
    if manifest.task is Task.MULTILABEL:
        return [None if each is None else "|".join(sorted(each)) for each in manifest.table["labels"].to_pylist()]
    if manifest.task is Task.REGRESSION:
        target = manifest.target
        part = np.searchsorted(np.nanquantile(target, np.arange(1, _PARTS) / _PARTS), target)
        return [str(one) if known else None for one, known in zip(part, np.isfinite(target), strict=True)]
    if manifest.task is not Task.CLASSIFICATION:
        return [None] * len(manifest)
    found: list[str | None] = manifest.table["label"].to_pylist()
    return found


def _predicted(pairs: Counter[tuple[str, str]]) -> float:
    """Return by how much the first of each pair predicts the second: 0 no better than the most frequent, 1 always."""
    best: dict[str, int] = {}
    totals: Counter[str] = Counter()
    for (first, second), n in pairs.items():
        best[first] = max(best.get(first, 0), n)
        totals[second] += n
    n, most = totals.total(), max(totals.values())
    return 1.0 if n == most else (sum(best.values()) - most) / (n - most)


def labels_from_tables(manifest: Manifest, tables: Sequence[FolderTable], used: set[str]) -> tuple[Manifest, set[str]]:
    """Give images outside any class folder the labels that a table says, and return the names of such tables.

    A table counts where most of its images have no label yet, and its labels are classes of the folders, as in Tiny
    ImageNet's ``val_annotations.txt``.
    """
    if manifest.task is not Task.CLASSIFICATION or used or manifest.labelled.all():
        return manifest, set()
    labels, uris = manifest.table["label"].to_pylist(), manifest.table["uri"].to_pylist()
    row_of = {uri: row for row, (uri, label) in enumerate(zip(uris, labels, strict=True)) if label is None}
    filled = set()
    for table in tables:
        if table.manifest.task is not Task.CLASSIFICATION or not set(table.manifest.classes) <= set(manifest.classes):
            continue
        said = dict(zip(table.manifest.table["uri"].to_pylist(), _words(table.manifest), strict=True))
        new = {row_of[uri]: label for uri, label in said.items() if uri in row_of and label is not None}
        if not new or len(new) < NAMED_SHARE * len(said):
            continue
        for row, label in new.items():
            labels[row] = label
        filled.add(table.name)
        words = f"{manifest.took_for}, the labels of {plural(len(new), 'image')} from {table.name}"
        read = Inventory((Used(table.name, ItemKind.FILE, "labels", len(new)),))
        manifest = replace(manifest, took_for=words, inventory=manifest.inventory + read)
    return (manifest.with_column("label", pa.array(labels, pa.string())), filled) if filled else (manifest, filled)
