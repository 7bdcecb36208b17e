"""The manifest: one row a sample, whatever the source was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from datacheck.checked import checked
from datacheck.errors import ManifestError
from datacheck.manifest.annotations import AnnotationFormat, Objects
from datacheck.manifest.inventory import Inventory
from datacheck.manifest.masks import MaskFormat
from datacheck.manifest.readers import FileReader, SampleReader
from datacheck.manifest.schema import (
    COLUMN_TYPES,
    as_table,
    cast_column,
    check_table,
    codes,
    distinct,
    found_classes,
    standardise,
)
from datacheck.manifest.storage import Listings, read_manifest, write_manifest
from datacheck.manifest.tasks import Modality, Task
from datacheck.storage import reading

if TYPE_CHECKING:
    import pandas as pd

STANDARD_SPLITS = ("train", "val", "test")
"""The order in which splits are listed; other splits follow in alphabetical order."""


@dataclass(frozen=True)
class Manifest:
    """A dataset as an Arrow table, a row a sample.

    Attributes
    ----------
    table
        ``sample_id`` (unique strings), and where they apply ``uri``, ``label`` (classification), ``target``
        (regression), ``labels`` (multilabel), ``label_uri`` (paired), ``mask_files`` (masks of one object each),
        ``split``, ``group``, and any extra columns.
    task, modality
        What the labels are for, and what a sample is.
    root
        The folder that relative uris start from; None for data in memory.
    classes
        Class names; column k of ``pred_probs`` is ``classes[k]``.
    took_for
        One sentence: what the source was taken for, as shown to the user.
    listings
        The raw listings, where the source was a pair of listings.
    inventory
        What the source read, what it did not, and what is in question; empty where a manifest is built by hand.
    annotation_format
        What the boxes or regions were read from; None for a dataset without any.
    mask_format
        What the pixels of masks stand for.
    reader
        Reaches the samples. None where the pixels are out of reach.

    Examples
    --------
    >>> manifest = Manifest.from_columns({"sample_id": ["a", "b"], "label": ["cat", "dog"]})
    >>> manifest.task, manifest.classes, len(manifest)
    (<Task.CLASSIFICATION: 'classification'>, ('cat', 'dog'), 2)
    """

    table: pa.Table
    task: Task
    modality: Modality
    root: Path | None = None
    classes: tuple[str, ...] = ()
    took_for: str = ""
    listings: Listings | None = None
    inventory: Inventory = field(default_factory=Inventory)
    annotation_format: AnnotationFormat | None = None
    mask_format: MaskFormat = field(default_factory=MaskFormat)
    reader: SampleReader | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_table(self.table, self.task, self.classes)

    @classmethod
    def from_columns(
        cls,
        columns: Mapping[str, Any] | pd.DataFrame | pa.Table,
        *,
        task: Task | None = None,
        modality: Modality | None = None,
        root: Path | None = None,
        classes: Sequence[str] | None = None,
        took_for: str = "",
        listings: Listings | None = None,
        inventory: Inventory | None = None,
        annotation_format: AnnotationFormat | None = None,
        mask_format: MaskFormat | None = None,
        reader: SampleReader | None = None,
    ) -> Manifest:
        """Build a manifest from columns: cast the standard ones, and fill in what follows from them.

        ``sample_id`` defaults to the ``uri`` (made unique by ``#2``, ``#3`` where one repeats) or to the row number;
        ``task`` to the label column that is there; ``modality`` to image where there is a ``uri`` or a reader;
        ``classes`` to the sorted distinct labels; ``reader`` to files below the root.

        Raises
        ------
        ManifestError
            When a column cannot be cast, ids repeat, or a label is not among the classes.
        """
        table = standardise(as_table(columns))
        names = table.column_names
        if task is None:
            task = Task.of_columns(names)
        if modality is None:
            modality = Modality.IMAGE if "uri" in names or reader is not None else Modality.TABULAR
        if classes is None:
            classes = found_classes(table, task)
        if reader is None and root is not None and "uri" in names:
            reader = FileReader(root)
        return cls(
            table=table,
            task=task,
            modality=modality,
            root=root,
            classes=tuple(classes),
            took_for=took_for,
            listings=listings,
            inventory=inventory or Inventory(),
            annotation_format=annotation_format,
            mask_format=mask_format or MaskFormat(),
            reader=reader,
        )

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def __contains__(self, column: str) -> bool:
        return bool(self.table.schema.get_field_index(column) >= 0)  # the list of names is built anew each time

    @property
    def sample_ids(self) -> pa.ChunkedArray:
        """The sample ids, in row order."""
        return self.table["sample_id"]

    @cached_property
    def label_codes(self) -> NDArray[np.int32]:
        """Index into `classes` per row, -1 where the label is missing; shape [N], classification only."""
        if self.task is not Task.CLASSIFICATION:
            raise ManifestError(f"label_codes needs a classification manifest, this one is {self.task.value}")
        return codes(self.table["label"], self.classes)

    @cached_property
    def label_matrix(self) -> NDArray[np.bool_]:
        """Whether row n has class k; shape [N, K], multilabel and detection only."""
        if not self.task.lists_classes:
            raise ManifestError(f"label_matrix needs a multilabel or detection manifest, this one is {self.task.value}")
        column = self.table["labels"].combine_chunks()
        matrix = np.zeros((len(self), len(self.classes)), dtype=bool)
        rows = pc.list_parent_indices(column).to_numpy()
        matrix[rows, codes(pc.list_flatten(column), self.classes)] = True
        return matrix

    @cached_property
    def target(self) -> NDArray[np.float64]:
        """The regression target per row, NaN where it is missing; shape [N]."""
        if self.task is not Task.REGRESSION:
            raise ManifestError(f"target needs a regression manifest, this one is {self.task.value}")
        return np.asarray(self.table["target"].to_numpy(), dtype=np.float64)

    @cached_property
    def labelled(self) -> NDArray[np.bool_]:
        """Whether each row has its label, finite target, labels or label file; shape [N]."""
        name = "mask_files" if self.has_instances else self.task.label_column
        if name is None:
            return np.zeros(len(self), dtype=bool)
        valid = np.asarray(pc.is_valid(self.table[name]).to_numpy())
        return valid & np.isfinite(self.target) if self.task is Task.REGRESSION else valid

    @property
    def has_instances(self) -> bool:
        """Whether each image has a mask file an object, which the column ``mask_files`` lists."""
        return "mask_files" in self

    @cached_property
    def objects(self) -> Objects | None:
        """All boxes and regions, one value an object; None for a dataset without any."""
        return Objects.of_column(self.table["annotated_objects"]) if "annotated_objects" in self else None

    @cached_property
    def splits(self) -> tuple[str, ...]:
        """The splits that occur: train, val, test, then the others by name; empty where there is no split column."""
        found = distinct(self.table["split"]) if "split" in self else []
        return tuple(
            [name for name in STANDARD_SPLITS if name in found]
            + sorted(name for name in found if name not in STANDARD_SPLITS)
        )

    @cached_property
    def split_codes(self) -> NDArray[np.int32]:
        """Index into `splits` per row, -1 where there is none; shape [N]."""
        if "split" not in self:
            return np.full(len(self), -1, dtype=np.int32)
        return codes(self.table["split"], self.splits)

    @property
    def extra_columns(self) -> tuple[str, ...]:
        """The names of the columns that datacheck gives no meaning to."""
        return tuple(name for name in self.table.column_names if name not in COLUMN_TYPES)

    def take(self, rows: NDArray[np.integer[Any]] | NDArray[np.bool_] | Sequence[int]) -> Manifest:
        """Return the manifest of some rows (indices or a mask); classes stay as they are."""
        rows = np.asarray(rows)
        indices = np.flatnonzero(rows) if rows.dtype == bool else rows
        return replace(self, table=self.table.take(pa.array(indices)), listings=None)

    def with_column(self, name: str, values: Any) -> Manifest:
        """Return the manifest with one column set; a new label outside `classes` needs `from_columns`."""
        table = self.table
        if not isinstance(values, pa.Array | pa.ChunkedArray):
            values = pa.array(values)
        if name in COLUMN_TYPES:
            values = cast_column(name, values)
        if name in self:
            table = table.set_column(table.column_names.index(name), name, values)
        else:
            table = table.append_column(name, values)
        return replace(self, table=table)

    def to_pandas(self) -> pd.DataFrame:
        """Return the table as a DataFrame."""
        frame: pd.DataFrame = self.table.to_pandas()
        return frame

    def save(self, path: Path) -> None:
        """Write ``manifest.parquet``; of a reader, where its files are is saved."""
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "table"}
        write_manifest(path, self.table, fields)

    @classmethod
    def load(cls, path: Path) -> Manifest:
        """Read ``manifest.parquet``; files, tars and shards are reachable again, data in memory is not.

        Raises
        ------
        StorageError
            When the file is missing, damaged, not a manifest, or of a newer version.
        """
        fields = read_manifest(path)
        with reading(path, "a manifest", "run the audit again"):
            return checked(cls(**fields), path)
