"""From decisions to a new manifest: the old label is kept, every change is logged, no source file changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from datacheck.checked import checked
from datacheck.errors import RelabelError
from datacheck.manifest import Manifest, Task
from datacheck.relabel.decisions import RELABELS_SCHEMA, Consensus
from datacheck.relabel.label_text import as_text, as_value
from datacheck.relabel.queue import RelabelQueue
from datacheck.storage import check_version, read_table, reading, write_table
from datacheck.text import plural

VERSION = 1
"""Version of ``relabels.parquet``."""


@dataclass(frozen=True)
class Relabels:
    """The decisions, ready to apply.

    Attributes
    ----------
    table
        Columns of `datacheck.relabel.decisions.RELABELS_SCHEMA`.
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
    def from_consensus(cls, decided: Consensus, queue: RelabelQueue) -> Relabels:
        """Return the decisions of a consensus about the items of a queue."""
        return cls(decided.table, queue.task, queue.classes, queue.identity)

    @property
    def changes(self) -> list[dict[str, Any]]:
        """The change log: a row for each label that changes (who, when, what, why)."""
        rows = self.table.to_pylist()
        return [row for row in rows if row["decision"] == "label" and row["new"] != row["old"]]

    def with_given(self, manifest: Manifest) -> Relabels:
        """Return the decisions with each copy's own label as its old one: copies may have had different labels.

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

        The old label is kept in the column ``old_label`` (null where nothing changed), and ``relabel_decision`` holds
        the decision of every sample in the queue; ambiguous and none-of-these samples keep their label.

        Raises
        ------
        RelabelError
            When a sample is not in the manifest, its label there is not the one in the queue, or the tasks differ.
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
        decisions: list[str | None] = [None] * len(ids)
        for sample_id, row in rows.items():
            decisions[position[sample_id]] = row["decision"]
        for change in self.changes:
            index = position[change["sample_id"]]
            found = as_text(given[index], self.task)
            if found != change["old"] and found != change["new"]:
                raise RelabelError(
                    f"sample {change['sample_id']!r}: its label in the queue is {change['old']!r}, in the manifest "
                    f"{found!r}: nothing was applied; make a new queue"
                )
            old[index] = change["old"]
            given[index] = as_value(change["new"], self.task)
        type_ = manifest.table.schema.field(column).type
        values = pa.array(given, type_.value_type if pa.types.is_dictionary(type_) else type_)
        changed = manifest.with_column(column, values)
        changed = changed.with_column("old_label", pa.array(old, pa.string()))
        return replace(
            changed.with_column("relabel_decision", pa.array(decisions, pa.string())),
            took_for="; ".join(
                filter(None, (manifest.took_for, f"{plural(len(self.changes), 'label')} changed by people"))
            ),
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
        with reading(path, "relabels"):
            relabels = cls(
                table.replace_schema_metadata(None).cast(RELABELS_SCHEMA),
                Task(metadata["task"]),
                tuple(metadata["classes"]),
                metadata["identity"],
            )
        return checked(relabels, path)


def _check_known(rows: Mapping[str, Any], ids: list[str]) -> None:
    unknown = sorted(set(rows).difference(ids))
    if unknown:
        raise RelabelError(
            f"{len(unknown)} decided samples are not in the manifest, such as {unknown[0]!r}: "
            "the decisions belong to another dataset, so nothing was applied"
        )
