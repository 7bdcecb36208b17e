"""The manifest: one row a sample, whatever the source was."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from datacheck.errors import ManifestError, did_you_mean
from datacheck.manifest.readers import FileReader, SampleReader, TarReader
from datacheck.storage import check_version, read_table, write_table

if TYPE_CHECKING:
    import pandas as pd

VERSION = 1
"""Version of ``manifest.parquet``."""

STANDARD_SPLITS = ("train", "val", "test")
"""The order in which splits are listed; other splits follow in alphabetical order."""


class Task(StrEnum):
    """What the labels are for."""

    CLASSIFICATION = "classification"
    REGRESSION = "regression"
    MULTILABEL = "multilabel"
    PAIRED = "paired"
    """Each image has a file as its label (a mask, say), named by the column ``label_uri``."""
    UNLABELLED = "unlabelled"


class Modality(StrEnum):
    """What a sample is."""

    IMAGE = "image"
    TABULAR = "tabular"


_CATEGORY = pa.dictionary(pa.int32(), pa.string())
_HASHED_AT_ONCE = 1 << 16
_DIGITS = re.compile(r"(\d+)")

COLUMN_TYPES: Mapping[str, pa.DataType] = {
    "sample_id": pa.string(),
    "uri": pa.string(),
    "label": _CATEGORY,
    "target": pa.float64(),
    "labels": pa.list_(pa.string()),
    "split": _CATEGORY,
    "group": _CATEGORY,
    "label_uri": pa.string(),
}
"""The columns that datacheck gives a meaning to; every other column is kept as it came."""

_TASK_COLUMN = {
    Task.CLASSIFICATION: "label",
    Task.REGRESSION: "target",
    Task.MULTILABEL: "labels",
    Task.PAIRED: "label_uri",
}


@dataclass(frozen=True)
class Listings:
    """Two listings as the user's code would zip them, before anything is repaired.

    Attributes
    ----------
    images, labels
        Paths relative to the root, in the order given; the two may differ in length.
    """

    images: tuple[str, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Manifest:
    """A dataset as an Arrow table, a row a sample.

    Attributes
    ----------
    table
        ``sample_id`` (unique strings), and where they apply ``uri``, ``label`` (classification), ``target``
        (regression), ``labels`` (multilabel), ``label_uri`` (paired), ``split``, ``group``, and any extra columns.
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
    reader
        Reaches the samples; not saved. None where the pixels are out of reach.

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
    reader: SampleReader | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        _validate(self)

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
        reader: SampleReader | None = None,
    ) -> Manifest:
        """Build a manifest from columns, casting the standard ones and filling in what can be told from them.

        ``sample_id`` defaults to the ``uri`` (made unique by ``#2``, ``#3`` where one repeats) or to the row number;
        ``task`` to the label column that is there; ``modality`` to image where there is a ``uri`` or a reader;
        ``classes`` to the sorted distinct labels; ``reader`` to files below the root.

        Raises
        ------
        ManifestError
            When a column cannot be cast, ids repeat, or a label is not among the classes.
        """
        table = _standardise(_as_table(columns))
        names = table.column_names
        if task is None:
            task = next((known for known, name in _TASK_COLUMN.items() if name in names), Task.UNLABELLED)
        if modality is None:
            modality = Modality.IMAGE if "uri" in names or reader is not None else Modality.TABULAR
        if classes is None:
            classes = _distinct_classes(table, task)
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
            reader=reader,
        )

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def __contains__(self, column: str) -> bool:
        return column in self.table.column_names

    @property
    def sample_ids(self) -> pa.ChunkedArray:
        """The sample ids, in row order."""
        return self.table["sample_id"]

    @cached_property
    def label_codes(self) -> NDArray[np.int32]:
        """Index into `classes` per row, -1 where the label is missing; shape [N], classification only."""
        if self.task is not Task.CLASSIFICATION:
            raise ManifestError(f"label_codes needs a classification manifest, this one is {self.task.value}")
        return _codes(self.table["label"], self.classes)

    @cached_property
    def label_matrix(self) -> NDArray[np.bool_]:
        """Whether row n has class k; shape [N, K], multilabel only."""
        if self.task is not Task.MULTILABEL:
            raise ManifestError(f"label_matrix needs a multilabel manifest, this one is {self.task.value}")
        column = self.table["labels"].combine_chunks()
        matrix = np.zeros((len(self), len(self.classes)), dtype=bool)
        rows = pc.list_parent_indices(column).to_numpy()
        matrix[rows, _codes(pc.list_flatten(column), self.classes)] = True
        return matrix

    @cached_property
    def target(self) -> NDArray[np.float64]:
        """The regression target per row, NaN where it is missing; shape [N]."""
        if self.task is not Task.REGRESSION:
            raise ManifestError(f"target needs a regression manifest, this one is {self.task.value}")
        return np.asarray(self.table["target"].to_numpy(), dtype=np.float64)

    @cached_property
    def labelled(self) -> NDArray[np.bool_]:
        """Whether each row has its label, target, labels or label file; shape [N]."""
        name = _TASK_COLUMN.get(self.task)
        if name is None:
            return np.zeros(len(self), dtype=bool)
        valid = np.asarray(pc.is_valid(self.table[name]).to_numpy())
        return valid & ~np.isnan(self.target) if self.task is Task.REGRESSION else valid

    @cached_property
    def splits(self) -> tuple[str, ...]:
        """The splits that occur: train, val, test, then the others by name; empty where there is no split column."""
        found = _distinct(self.table["split"]) if "split" in self else []
        return tuple(
            [name for name in STANDARD_SPLITS if name in found]
            + sorted(name for name in found if name not in STANDARD_SPLITS)
        )

    @cached_property
    def split_codes(self) -> NDArray[np.int32]:
        """Index into `splits` per row, -1 where there is none; shape [N]."""
        if "split" not in self:
            return np.full(len(self), -1, dtype=np.int32)
        return _codes(self.table["split"], self.splits)

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
            values = _cast(name, values)
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
        """Write ``manifest.parquet``; the reader is not saved."""
        metadata = {
            "schema": "datacheck.manifest",
            "version": VERSION,
            "task": self.task.value,
            "modality": self.modality.value,
            "root": None if self.root is None else str(self.root),
            "classes": list(self.classes),
            "took_for": self.took_for,
            "listings": None
            if self.listings is None
            else {"images": self.listings.images, "labels": self.listings.labels},
            "file_reader": isinstance(self.reader, FileReader),
            "tar_reader": isinstance(self.reader, TarReader),
        }
        write_table(path, self.table, metadata)

    @classmethod
    def load(cls, path: Path) -> Manifest:
        """Read ``manifest.parquet``; files and tars below the root are reachable again, data in memory is not.

        Raises
        ------
        StorageError
            When the file is missing, damaged, not a manifest, or of a newer version.
        """
        table, metadata = read_table(path, what="a manifest")
        check_version(metadata.get("version"), VERSION, what="a manifest", where=path)
        root = None if metadata["root"] is None else Path(metadata["root"])
        listings = metadata["listings"]
        return cls(
            table=table.replace_schema_metadata(None),
            task=Task(metadata["task"]),
            modality=Modality(metadata["modality"]),
            root=root,
            classes=tuple(metadata["classes"]),
            took_for=metadata["took_for"],
            listings=None if listings is None else Listings(tuple(listings["images"]), tuple(listings["labels"])),
            reader=_reader_below(root, metadata),
        )


def _reader_below(root: Path | None, metadata: Mapping[str, Any]) -> SampleReader | None:
    if root is None:
        return None
    if metadata.get("tar_reader"):
        return TarReader(root)
    return FileReader(root) if metadata["file_reader"] else None


def _as_table(columns: Mapping[str, Any] | pd.DataFrame | pa.Table) -> pa.Table:
    if isinstance(columns, pa.Table):
        return columns
    if "pandas" in sys.modules and isinstance(columns, sys.modules["pandas"].DataFrame):
        return pa.Table.from_pandas(columns, preserve_index=False)
    try:
        return pa.table(dict(columns))
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise ManifestError(f"expected columns of one length, each of one type: {error}") from error


def _standardise(table: pa.Table) -> pa.Table:
    if "sample_id" not in table.column_names:
        ids = _unique_ids(table["uri"]) if "uri" in table.column_names else _row_ids(table.num_rows)
        table = table.add_column(0, "sample_id", ids)
    for position, name in enumerate(table.column_names):
        if name in COLUMN_TYPES:
            table = table.set_column(position, name, _cast(name, table[name]))
    return table.replace_schema_metadata(None)


def _cast(name: str, values: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    wanted = COLUMN_TYPES[name]
    if values.type == wanted:
        return values
    try:
        if wanted == _CATEGORY:
            if pa.types.is_dictionary(values.type):
                values = values.cast(values.type.value_type)
            if pa.types.is_floating(values.type):
                values = values.cast(pa.int64()) if _all_whole(values) else values
            return pc.dictionary_encode(values.cast(pa.string())).cast(wanted)
        return values.cast(wanted)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise ManifestError(f"column {name!r}: expected {wanted}, found {values.type}: {error}") from error


def _all_whole(values: pa.Array | pa.ChunkedArray) -> bool:
    return bool(pc.all(pc.equal(values, pc.round(values))).as_py())


def _row_ids(n_rows: int) -> pa.Array:
    width = len(str(max(0, n_rows - 1)))
    return pc.utf8_lpad(pa.array(np.arange(n_rows)).cast(pa.string()), width, "0")


def _unique_ids(uris: pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    uris = uris.cast(pa.string())
    if uris.null_count == 0 and _all_distinct(uris):
        return uris
    seen: dict[str, int] = {}
    ids = []
    for row, uri in enumerate(uris.to_pylist()):
        name = f"row {row}" if uri is None else str(uri)
        seen[name] = seen.get(name, 0) + 1
        ids.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return pa.array(ids, pa.string())


def _all_distinct(column: pa.ChunkedArray) -> bool:
    """Tell whether no text repeats; several times as fast as counting the distinct ones, and in little memory."""
    hashes = np.empty(len(column), dtype=np.int64)
    for start in range(0, len(column), _HASHED_AT_ONCE):
        words = column.slice(start, _HASHED_AT_ONCE).to_pylist()
        hashes[start : start + len(words)] = [hash(word) for word in words]
    hashes.sort()
    if (hashes[1:] != hashes[:-1]).all():
        return True
    return bool(pc.count_distinct(column).as_py() == len(column))


def _distinct(column: pa.ChunkedArray) -> list[str]:
    return [value for value in pc.unique(column).to_pylist() if value is not None]


def _distinct_classes(table: pa.Table, task: Task) -> list[str]:
    if task is Task.CLASSIFICATION:
        return natural_sorted(_distinct(table["label"]))
    if task is Task.MULTILABEL:
        return natural_sorted(_distinct(pc.list_flatten(table["labels"])))
    return []


def natural_sorted(words: Iterable[str]) -> list[str]:
    """Sort words with their runs of digits as numbers: ``2`` before ``10``.

    Examples
    --------
    >>> natural_sorted(["10", "2", "a10", "a9"])
    ['2', '10', 'a9', 'a10']
    """
    return sorted(words, key=natural_key)


def natural_key(word: str) -> tuple[str | tuple[int, str], ...]:
    """Return the key that `natural_sorted` orders by: text and numbers in turn, beginning with text."""
    runs: list[Any] = _DIGITS.split(word)
    for place in range(1, len(runs), 2):
        runs[place] = (int(runs[place]), runs[place])
    return tuple(runs)


def _codes(column: pa.Array | pa.ChunkedArray, names: Sequence[str]) -> NDArray[np.int32]:
    """Index of each value in ``names``, -1 for null and for values not in it."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    if not pa.types.is_dictionary(column.type):
        column = pc.dictionary_encode(column)
    position = {name: code for code, name in enumerate(names)}
    lookup = np.array([position.get(word, -1) for word in column.dictionary.to_pylist()] + [-1], dtype=np.int32)
    indices = pc.fill_null(column.indices, len(lookup) - 1).to_numpy(zero_copy_only=False)
    codes: NDArray[np.int32] = lookup[indices]
    return codes


def _validate(manifest: Manifest) -> None:
    table = manifest.table
    if "sample_id" not in table.column_names:
        raise ManifestError(f"expected a column 'sample_id', found {table.column_names}")
    for name, wanted in COLUMN_TYPES.items():
        if name in table.column_names and table.schema.field(name).type != wanted:
            raise ManifestError(
                f"column {name!r}: expected type {wanted}, found {table.schema.field(name).type}; "
                "build the manifest with Manifest.from_columns, which casts"
            )
    needed = _TASK_COLUMN.get(manifest.task)
    if needed is not None and needed not in table.column_names:
        raise ManifestError(
            f"a {manifest.task.value} manifest needs a column {needed!r}, found {table.column_names}"
            f"{did_you_mean(needed, table.column_names)}"
        )
    _validate_ids(table["sample_id"])
    if len(set(manifest.classes)) != len(manifest.classes):
        raise ManifestError(f"class names repeat: {list(manifest.classes)}")
    _validate_labels(manifest)


def _validate_ids(ids: pa.ChunkedArray) -> None:
    if ids.null_count:
        raise ManifestError(f"column 'sample_id': expected no nulls, found {ids.null_count}")
    if not _all_distinct(ids):
        counts = pc.value_counts(ids)
        repeated = counts.filter(pc.greater(counts.field("counts"), 1)).field("values")
        raise ManifestError(
            f"column 'sample_id': expected unique ids, found {len(repeated)} that repeat, such as "
            f"{repeated[0].as_py()!r}"
        )


def _validate_labels(manifest: Manifest) -> None:
    if manifest.task is Task.CLASSIFICATION:
        found = _distinct(manifest.table["label"])
    elif manifest.task is Task.MULTILABEL:
        found = _distinct(pc.list_flatten(manifest.table["labels"]))
    else:
        return
    known = set(manifest.classes)
    unknown = [name for name in found if name not in known]
    if unknown:
        raise ManifestError(
            f"expected labels among the {len(known)} classes, found {unknown[:5]}"
            f"{did_you_mean(unknown[0], manifest.classes)}; name them in classes="
        )
