"""Decisions into a new manifest: the old label kept, every change logged, the source files untouched."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from datacheck.errors import RelabelError
from datacheck.manifest import Manifest, Task
from datacheck.manifest.readers import FileReader, SampleReadError
from datacheck.relabel.crowd import RELABELS_SCHEMA, Consensus
from datacheck.relabel.queue import encode_labels
from datacheck.storage import check_version, read_table, write_table

VERSION = 1
"""Version of ``relabels.parquet``."""


@dataclass(frozen=True)
class Relabels:
    """What was decided, ready to apply.

    Attributes
    ----------
    table
        Columns of `datacheck.relabel.crowd.RELABELS_SCHEMA`.
    task, classes
        As in the queue.
    identity
        Identity of the dataset that the decisions are about.
    """

    table: pa.Table
    task: Task
    classes: tuple[str, ...]
    identity: str = ""

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @classmethod
    def from_consensus(cls, decided: Consensus, *, task: Task, classes: tuple[str, ...], identity: str) -> Relabels:
        """Take over what a consensus decided."""
        return cls(decided.table, task, classes, identity)

    @property
    def changes(self) -> list[dict[str, Any]]:
        """The change log: a row for each label that changes (who, when, what, why)."""
        rows = self.table.to_pylist()
        return [row for row in rows if row["verdict"] == "label" and row["new"] != row["old"]]

    def with_given(self, manifest: Manifest) -> Relabels:
        """Return the decisions with each copy's own label as its old one: copies need not agree before.

        Raises
        ------
        RelabelError
            When a sample is not in the manifest.
        """
        rows = self.table.to_pylist()
        ids = manifest.sample_ids.to_pylist()
        _check_known({row["sample_id"]: row for row in rows}, ids)
        if not any(row["copy_of"] is not None for row in rows):
            return self
        position = {sample_id: row for row, sample_id in enumerate(ids)}
        given = manifest.table[self.task.label_column]
        for row in rows:
            if row["copy_of"] is not None:
                row["old"] = as_text(given[position[row["sample_id"]]].as_py(), self.task)
        return replace(self, table=pa.Table.from_pylist(rows, schema=RELABELS_SCHEMA))

    def apply(self, manifest: Manifest) -> Manifest:
        """Return a new manifest with the decided labels.

        The old label is kept in the column ``old_label`` (null where nothing changed), and ``relabel_verdict`` holds
        the verdict of every sample that people looked at; ambiguous and none-of-these samples keep their label.

        Raises
        ------
        RelabelError
            When a sample is not in the manifest, its label there is not the one that was questioned, or tasks differ.
            Nothing is applied then.
        """
        if manifest.task is not self.task:
            raise RelabelError(f"the decisions are for {self.task.value}, the manifest is {manifest.task.value}")
        return self.with_given(manifest)._applied(manifest)

    def _applied(self, manifest: Manifest) -> Manifest:
        rows = {row["sample_id"]: row for row in self.table.to_pylist()}
        ids = manifest.sample_ids.to_pylist()
        column = str(self.task.label_column)
        given = manifest.table[column].to_pylist()
        position = {sample_id: row for row, sample_id in enumerate(ids)}
        old: list[str | None] = [None] * len(ids)
        verdicts: list[str | None] = [None] * len(ids)
        for sample_id, row in rows.items():
            verdicts[position[sample_id]] = row["verdict"]
        for change in self.changes:
            index = position[change["sample_id"]]
            found = as_text(given[index], self.task)
            if found != change["old"] and found != change["new"]:
                raise RelabelError(
                    f"sample {change['sample_id']!r}: the question was about {change['old']!r}, the manifest now has "
                    f"{found!r}: nothing was applied; make a new queue"
                )
            old[index] = change["old"]
            given[index] = as_value(change["new"], self.task)
        type_ = manifest.table.schema.field(column).type
        values = pa.array(given, type_.value_type if pa.types.is_dictionary(type_) else type_)
        changed = manifest.with_column(column, values)
        changed = changed.with_column("old_label", pa.array(old, pa.string()))
        return replace(
            changed.with_column("relabel_verdict", pa.array(verdicts, pa.string())),
            took_for=f"{manifest.took_for} Relabelled: {len(self.changes)} labels.".strip(),
        )

    def save(self, path: Path) -> None:
        """Write ``relabels.parquet``."""
        metadata = {
            "schema": "datacheck.relabels",
            "version": VERSION,
            "task": self.task.value,
            "classes": list(self.classes),
            "identity": self.identity,
        }
        write_table(path, self.table, metadata)

    @classmethod
    def load(cls, path: Path) -> Relabels:
        """Read ``relabels.parquet``.

        Raises
        ------
        StorageError
            When the file is missing, damaged, no decisions, or of a newer version.
        """
        table, metadata = read_table(path, what="relabels")
        check_version(metadata.get("version"), VERSION, what="relabels", where=path)
        return cls(
            table.replace_schema_metadata(None).cast(RELABELS_SCHEMA),
            Task(metadata["task"]),
            tuple(metadata["classes"]),
            metadata["identity"],
        )


def as_text(value: Any, task: Task) -> str | None:
    """Return a manifest's label as the queue writes it."""
    if value is None or (task is Task.REGRESSION and not np.isfinite(value)):
        return None
    if task is Task.MULTILABEL:
        return encode_labels(value)
    return f"{value:g}" if task is Task.REGRESSION else str(value)


def as_value(text: str, task: Task) -> Any:
    """Return a decided label as the manifest holds it."""
    if task is Task.MULTILABEL:
        return json.loads(text)
    return float(text) if task is Task.REGRESSION else text


def _check_known(rows: Mapping[str, Any], ids: list[str]) -> None:
    unknown = sorted(set(rows).difference(ids))
    if unknown:
        raise RelabelError(
            f"{len(unknown)} decided samples are not in the manifest, such as {unknown[0]!r}: "
            "the decisions belong to another dataset, so nothing was applied"
        )


def write_corrected_folder(
    manifest: Manifest, folder: Path, *, link: Literal["hard", "symbolic", "copy"] = "hard"
) -> int:
    """Write ``folder/[split/]label/file`` for every labelled file, by links, and return how many were written.

    The source files are never touched. Samples that people found to be none of the classes are left out.

    Raises
    ------
    RelabelError
        When the manifest is not one of files with class labels, or the folder is not new or empty.
    """
    if manifest.task is not Task.CLASSIFICATION or not isinstance(manifest.reader, FileReader):
        raise RelabelError("a corrected folder needs a classification dataset of files")
    if folder.exists() and any(folder.iterdir()):
        raise RelabelError(f"expected a new or empty folder, {folder} holds files")
    columns = [name for name in ("uri", "label", "split", "relabel_verdict") if name in manifest]
    written = 0
    used: set[Path] = set()
    for row in manifest.table.select(columns).to_pylist():
        if row["label"] is None or row.get("relabel_verdict") == "none-of-these":
            continue
        try:
            source = manifest.reader.path(row["uri"])
        except SampleReadError as error:
            raise RelabelError(f"a corrected folder takes only files inside the root: {error}") from None
        target = _free_path(folder / (row.get("split") or "") / safe_name(row["label"]) / source.name, used)
        target.parent.mkdir(parents=True, exist_ok=True)
        _place(source, target, link)
        written += 1
    return written


def safe_name(label: str) -> str:
    """Return a class name as one folder name, which leads nowhere else.

    Examples
    --------
    >>> safe_name("../cat/dog")
    '.._cat_dog'
    """
    name = "".join("_" if character in '/\\\0:*?"<>|' else character for character in label)
    return name if name.strip(". ") else "_" + name.replace(".", "_")


def _free_path(path: Path, used: set[Path]) -> Path:
    candidate, number = path, 2
    while candidate in used:
        candidate = path.with_name(f"{path.stem}-{number}{path.suffix}")
        number += 1
    used.add(candidate)
    return candidate


def _place(source: Path, target: Path, link: str) -> None:
    import shutil

    if link == "symbolic":
        target.symlink_to(source.resolve())
    elif link == "copy":
        shutil.copy2(source, target)
    else:
        try:
            os.link(source, target)
        except OSError:  # another file system, or one without hard links
            shutil.copy2(source, target)
