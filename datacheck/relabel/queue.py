"""The relabel queue: samples to label, in order, as a value that can be saved and exported."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pyarrow as pa

from datacheck.checked import checked
from datacheck.manifest import Task
from datacheck.relabel.queue_view import SHOWN, queue_html
from datacheck.stats import Interval
from datacheck.storage import check_version, read_table, reading, write_table

VERSION = 2
"""Version of ``queue.parquet``."""

QUEUE_SCHEMA = pa.schema(
    [
        pa.field("rank", pa.int64(), nullable=False),
        pa.field("sample_id", pa.string(), nullable=False),
        pa.field("uri", pa.string()),
        pa.field("given", pa.string()),
        pa.field("suggested", pa.string()),
        pa.field("confidence", pa.float32()),
        pa.field("error_probability", pa.float32(), nullable=False),
        pa.field("expected_corrections", pa.float32(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("gold", pa.string()),
        pa.field("copies", pa.list_(pa.string()), nullable=False),
        pa.field("suspicion_rank", pa.int64()),
        pa.field("inclusion_probability", pa.float64()),
        pa.field("copy_ranks", pa.list_(pa.int64())),
    ]
)
"""Columns of ``queue.parquet``, a row for each sample to label.

``rank`` counts from 0 in the order of the queue. ``given``, ``suggested`` and ``gold`` are class names, JSON lists of
class names for multilabel, decimal numbers for regression. ``confidence`` is the probe's in the suggestion,
``error_probability`` that the given label is wrong (where the probe gives no estimate only 1 - label quality, which
ranks), ``expected_corrections`` the labels that one answer is expected to
correct, its own and its copies'. ``kind`` is ``suspect``, ``random`` (drawn to measure the true error rate), ``gold``
(the answer is known, to measure annotators) or ``look`` (drawn from a stratum, to measure how many labels are wrong in
all). ``copies`` are the exact copies that the same answer applies to. ``suspicion_rank`` is the place among all judged
labels, the most suspect 0, and ``inclusion_probability`` the chance with which a label was to be drawn for a look;
``copy_ranks`` are the ranks of the copies, -1 where one is not judged. All three are null where there is no look.
"""


@dataclass(frozen=True)
class RelabelQueue:
    """Samples to label, in order.

    Attributes
    ----------
    table
        Columns of `QUEUE_SCHEMA`.
    task, classes
        As in the manifest; the answers must be among the classes.
    root
        The dataset's root, which no exported path leaves.
    identity
        Identity of the dataset, so that answers to another one are refused.
    expected_precision
        Share of wrong labels among the suspects of the whole queue, with its interval.
    worth_depth
        After this many samples a label is more likely right than wrong.
    seed
        Seed of the random and the gold samples.
    strata
        Labels in each stratum of the look, by ``suspicion_rank``; empty where there is none.
    thumbnails
        The run folder with the pictures that a notebook shows; not saved.
    """

    table: pa.Table = field(repr=False)
    task: Task
    classes: tuple[str, ...]
    root: Path | None
    identity: str
    expected_precision: Interval | None
    worth_depth: int
    seed: int = 0
    strata: tuple[int, ...] = ()
    thumbnails: Path | None = field(default=None, repr=False, compare=False)

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @property
    def calibrated(self) -> bool:
        """Whether ``error_probability`` is a probability; else it only ranks, since the probe gives no estimate."""
        return self.expected_precision is not None

    @property
    def sample_ids(self) -> list[str]:
        """The samples in the order of the queue."""
        return cast("list[str]", self.table["sample_id"].to_pylist())

    def rows(self) -> list[dict[str, Any]]:
        """Return the items as dictionaries, in the order of the queue."""
        return cast("list[dict[str, Any]]", self.table.to_pylist())

    def with_pictures(self, run: Path | None) -> RelabelQueue:
        """Return the queue with the thumbnails of a run folder."""
        return replace(self, thumbnails=run)

    def _repr_html_(self) -> str:
        return queue_html(self.head(SHOWN).rows(), len(self), self.thumbnails, calibrated=self.calibrated)

    def head(self, n: int) -> RelabelQueue:
        """Return the first ``n`` items."""
        return replace(self, table=self.table.slice(0, n))

    def save(self, path: Path) -> None:
        """Write ``queue.parquet``."""
        precision = self.expected_precision
        metadata = {
            "schema": "datacheck.queue",
            "version": VERSION,
            "task": self.task.value,
            "classes": list(self.classes),
            "root": None if self.root is None else str(self.root),
            "identity": self.identity,
            "expected_precision": None if precision is None else vars(precision),
            "worth_depth": self.worth_depth,
            "seed": self.seed,
            "strata": list(self.strata),
        }
        write_table(path, self.table, metadata)

    @classmethod
    def load(cls, path: Path) -> RelabelQueue:
        """Read ``queue.parquet``.

        Raises
        ------
        StorageError
            When the file is missing, damaged, no queue, or of a newer version.
        """
        table, metadata = read_table(path, what="a relabel queue")
        check_version(metadata.get("version"), VERSION, what="a relabel queue", where=path)
        with reading(path, "a relabel queue"):
            for name in QUEUE_SCHEMA.names[len(table.column_names) :] if metadata["version"] == 1 else ():
                table = table.append_column(name, pa.nulls(len(table)))  # version 1 had no look
            precision = metadata["expected_precision"]
            queue = cls(
                table=table.replace_schema_metadata(None).cast(QUEUE_SCHEMA),
                task=Task(metadata["task"]),
                classes=tuple(metadata["classes"]),
                root=None if metadata["root"] is None else Path(metadata["root"]),
                identity=metadata["identity"],
                expected_precision=None if precision is None else Interval(**precision),
                worth_depth=metadata["worth_depth"],
                seed=metadata["seed"],
                strata=tuple(metadata.get("strata", ())),
            )
        return checked(queue, path)
