"""Which sample of a report each item of a dataset is: by file, by sample id, or by row where all of it is compared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from datacheck.errors import ConfigError, did_you_mean
from datacheck.manifest import Manifest, Task
from datacheck.manifest.readers import SampleReadError
from datacheck.report.record import ReportRecord
from datacheck.scanning.shard import identify
from datacheck.sources.dataset_lists import DatasetLists, class_name
from datacheck.sources.frames import columns_of, file_names, images_of, is_frame, is_hugging_face
from datacheck.sources.matching import KnownSamples, match_items
from datacheck.sources.split_words import normalise_split
from datacheck.text import plural

Rows = NDArray[np.int64]

Paths = str | Sequence[Any] | None
"""The path or sample id of each item; for tables also the name of the column that holds them."""


def match_rows(record: ReportRecord, dataset: Any, paths: Paths = None, split: str | None = None) -> Rows:
    """Return the row of the manifest that each item of a dataset is; shape [M].

    Files are matched by their path, samples with an id by it. Rows of a table without either are matched by their
    index or their place only if every value that the audit knows of them (columns, content of the images) is the same.

    Parameters
    ----------
    record
        The report, or its stored part.
    dataset
        A map-style dataset such as ``ImageFolder``, a Hugging Face dataset, a data frame, or a manifest.
    paths
        See `Paths`.
    split
        The split that the dataset is, where rows of several splits have the same names.

    Raises
    ------
    ConfigError
        When an item matches no sample or several, or several items match one; when a label, a file size, a value or
        an image is not the one that was audited.
    """
    known = _known(record)
    if isinstance(dataset, Manifest):
        return match_items(known, range(len(dataset)), dataset.sample_ids.to_pylist(), DatasetLists()).rows
    if not hasattr(dataset, "__len__") or not hasattr(dataset, "__getitem__"):
        raise ConfigError(
            f"expected a dataset with a length and items by number, a Hugging Face dataset that is not streamed, or a "
            f"data frame, found {type(dataset).__name__}"
        )
    if not is_frame(dataset) and not is_hugging_face(dataset):
        if isinstance(paths, str):
            raise ConfigError(
                f"paths: expected the path of each item, found the text {paths!r}; a column can be named for a table"
            )
        return match_items(known, dataset, paths).rows
    if isinstance(paths, str):
        paths = _column(dataset, paths)
    elif paths is None and "sample_id" in columns_of(dataset).column_names:
        paths = _column(dataset, "sample_id")
    if paths is not None:
        return match_items(known, dataset, paths, DatasetLists()).rows
    by_place = _by_place(record.manifest)
    if by_place is not None:
        return _match_table(record, dataset, by_place, split)
    return match_items(known, dataset, lists=DatasetLists(file_names(dataset, record.manifest))).rows


def _known(record: ReportRecord) -> KnownSamples:
    manifest, n = record.manifest, len(record.manifest)
    measured = record.measurements
    is_class = manifest.task is Task.CLASSIFICATION
    named = "uri" in manifest and not (manifest.root is None and manifest.table["uri"].equals(manifest.sample_ids))
    columns = {
        "sample_id": manifest.sample_ids,
        "uri": manifest.table["uri"] if named else pa.nulls(n, pa.string()),
        "byte_size": pa.nulls(n, pa.int64()) if measured is None else measured.table["byte_size"],
        "label": manifest.table["label"].cast(pa.string()) if is_class else pa.nulls(n, pa.string()),
    }
    return KnownSamples(pa.table(columns), manifest.classes, "audit", "was made", "audit again", ConfigError)


def _column(dataset: Any, name: str) -> list[str]:
    table = columns_of(dataset)
    if name not in table.column_names:
        raise ConfigError(
            f"paths: expected a column of the dataset {table.column_names[:20]}, found {name!r}"
            f"{did_you_mean(name, table.column_names)}"
        )
    values = table[name]
    if values.null_count:
        raise ConfigError(f"paths: {plural(values.null_count, 'row')} of the column {name!r} have no value")
    return [str(value) for value in values.to_pylist()]


def _by_place(manifest: Manifest) -> dict[str, Rows] | None:
    """Return the rows of each split whose sample ids only number them, by its name; None where ids say more."""
    if manifest.root is not None and "uri" in manifest:
        return None
    found: dict[str, list[int]] = defaultdict(list)
    for row, name in enumerate(manifest.sample_ids.to_pylist()):
        prefix, _, number = name.rpartition("/")
        if not number.isdecimal() or int(number) != len(found[prefix]):
            return None
        found[prefix].append(row)
    return {prefix: np.array(rows, dtype=np.int64) for prefix, rows in found.items()}


def _match_table(record: ReportRecord, dataset: Any, by_place: dict[str, Rows], split: str | None) -> Rows:
    """Return the rows of a table whose samples have no names; every known value of each row must be the same."""
    wanted = None if split is None else (normalise_split(split) or split)
    groups = [by_place[wanted]] if wanted in by_place else list(by_place.values())
    candidates: dict[bytes, Rows] = {}
    for rows in groups:
        for places in _places(dataset, len(rows)):
            candidates[rows[places].tobytes()] = rows[places]
    agreeing = [rows for rows in candidates.values() if _agrees(record, dataset, rows)]
    if len(agreeing) == 1:
        return agreeing[0]
    why = (
        "its rows have the same values at several places"
        if agreeing
        else "its values are not those that were audited, in this order or by its index"
        if candidates
        else "it has another number of rows"
    )
    raise ConfigError(
        f"the audit only numbered its {plural(len(record.manifest), 'sample')}, and which of them the "
        f"{len(dataset):,} rows of this dataset are cannot be told: {why}. Give the dataset that was audited, or keep "
        "a column 'sample_id' (audit with it), or give paths=[...], the sample_id of each row"
    )


def _places(dataset: Any, n: int) -> list[Rows]:
    """Return the places that the rows may have had: by the labels of a frame's index, and as they stand."""
    found = [np.arange(n, dtype=np.int64)] if len(dataset) == n else []
    index = np.asarray(dataset.index) if is_frame(dataset) else np.empty(0)
    if len(index) and np.issubdtype(index.dtype, np.integer) and len(np.unique(index)) == len(index):
        labels = index.astype(np.int64)
        if labels.min() >= 0 and labels.max() < n:
            found.append(labels)
    return found


def _agrees(record: ReportRecord, dataset: Any, rows: Rows) -> bool:
    """Whether each row has the label, the values and the image of its sample; False where only labels can be compared.

    Labels alone are not enough: exchanged samples of one class have the same.
    """
    manifest, table = record.manifest, columns_of(dataset)
    expected = manifest.table.take(pa.array(rows))
    for one in manifest.inventory.used:
        if one.role == "label" and one.name in table.column_names and manifest.task is Task.CLASSIFICATION:
            given = table[one.name].to_pylist()
            wanted = expected["label"].to_pylist()
            if not all(map(_same_label(manifest.classes), given, wanted)):
                return False
    shared = [name for name in manifest.extra_columns if name in table.column_names]
    compared = [_equal(table[name], expected[name]) for name in shared]
    content = _same_images(record, dataset, rows)
    known = [one for one in (*compared, content) if one is not None]
    return bool(known) and all(known)


def _same_label(classes: Sequence[str]) -> Callable[[Any, Any], bool]:
    def same(given: Any, wanted: Any) -> bool:
        whole = int(given) if isinstance(given, float) and given.is_integer() else given
        return given is None if wanted is None else wanted in (str(whole), class_name(whole, classes))

    return same


def _equal(given: pa.ChunkedArray, wanted: pa.ChunkedArray) -> bool | None:
    """Whether two columns hold the same values; None where their types cannot be compared."""
    try:
        one, other = given.combine_chunks(), wanted.combine_chunks()
        if pa.types.is_dictionary(other.type):
            other = other.cast(other.type.value_type)
        one = one.cast(other.type)
        if pa.types.is_floating(other.type):  # the audit may have kept NaN as it was
            one, other = (pc.if_else(pc.is_nan(each), None, each) for each in (one, other))
        return bool(one.equals(other))
    except (pa.ArrowException, NotImplementedError):
        return None


def _same_images(record: ReportRecord, dataset: Any, rows: Rows) -> bool | None:
    """Whether the encoded images are those that were scanned; None where there are none, or nothing was scanned."""
    reader = images_of(dataset)
    if reader is None or record.measurements is None:
        return None
    hashes = record.measurements.table["content_hash"].take(pa.array(rows)).to_pylist()
    for place, wanted in enumerate(hashes):
        try:
            found = identify(reader.read(str(place)))[1]
        except SampleReadError:
            found = None
        if found != wanted:
            return False
    return True
