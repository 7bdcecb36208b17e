"""The table that a contract is checked on: manifest, measurements, duplicate clusters, label quality by sample."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from datacheck.annotations.per_image import image_boxes
from datacheck.annotations.pixels import image_sizes
from datacheck.duplicates import DuplicateSearch
from datacheck.duplicates.clusters import DuplicateClusters
from datacheck.duplicates.rows import equal_rows
from datacheck.errors import ContractError
from datacheck.manifest import Manifest, Modality
from datacheck.probing.label_comparison import LabelComparison
from datacheck.probing.outputs import ProbeOutputs
from datacheck.scanning.measurements import Measurements
from datacheck_expectations.copies import AS_AN_AUDIT, CopySearch

CLUSTER_COLUMNS = ("content_cluster", "near_cluster")
"""Cluster of samples with equal content, and of samples that show nearly the same image; null for a sample alone."""

ROW_CLUSTER = "row_cluster"
"""Cluster of rows of a table that are equal in every feature; null for a row alone. There is no such column where the
features of a table have too little detail to tell copies from chance."""

PROBE_COLUMNS = ("label_quality", "label_error_rate", "label_error_rate_low", "label_error_rate_high")
"""The probe's label quality of each sample, and its estimate for the whole dataset with its interval, in every row."""

GUIDELINE_COLUMNS = ("guideline_changed", "contradicted")
"""Whether the class of a sample is labelled by another guideline than the accepted data, and whether a probe of that
data contradicts its label; see `datacheck.compare_labels`."""

BOX_CLASSES = "box_classes"
"""The class of each box of an image, a list a row."""

_LEFT_OUT = frozenset({"sample_id", "error_detail", "mtime_ns", "content_hash"})


def contract_frame(
    manifest: Manifest,
    measurements: Measurements | None = None,
    probe: ProbeOutputs | None = None,
    *,
    guidelines: LabelComparison | None = None,
    copies: CopySearch = AS_AN_AUDIT,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Join all that is known about each sample into one DataFrame without object columns.

    Parameters
    ----------
    manifest
        The dataset, N rows; all of its columns are kept. One with boxes also has the columns `BOX_CLASSES` and those of
        `datacheck.annotations.per_image.BOX_NUMBERS`.
    measurements
        Aligned with the manifest; adds its columns, ``aspect`` (width over height) and the duplicate clusters. A table
        has `ROW_CLUSTER` without them.
    probe
        Aligned with the manifest; adds `PROBE_COLUMNS`.
    guidelines
        Of `datacheck.compare_labels` with the accepted data; adds `GUIDELINE_COLUMNS`.
    copies
        How copies of images are searched for; by default as an audit does, which reads small datasets a second time.
    progress
        Called with (done, total) pairs of images that are compared.

    Returns
    -------
    pandas.DataFrame
        N rows. Names are categoricals, ids and paths Arrow strings, the labels of a multilabel row an Arrow list,
        numbers floats with NaN where they were not measured.

    Raises
    ------
    ContractError
        When the dataset is empty.
    ManifestError
        When the measurements are not aligned with the manifest.

    Examples
    --------
    >>> manifest = Manifest.from_columns({"label": ["cat", "dog"], "split": ["train", "test"]})
    >>> contract_frame(manifest).columns.tolist()
    ['sample_id', 'label', 'split']
    """
    if not len(manifest):
        raise ContractError(
            f"expected a dataset with samples, found none in {manifest.took_for or 'the manifest'}: an empty dataset "
            "keeps no contract; look at the path and at what it was taken for"
        )
    columns = {name: _series(manifest.table[name]) for name in manifest.table.column_names}
    if manifest.objects is not None:
        found = image_boxes(manifest, image_sizes(manifest, measurements))
        columns |= {**found.numbers, BOX_CLASSES: pd.arrays.ArrowExtensionArray(found.classes)}
    if measurements is not None:
        measurements.check_aligned(manifest)
        columns |= _measured(measurements)
        clusters = copies.find(manifest, measurements, progress)
        columns |= _clusters(clusters, near=copies.search is not DuplicateSearch.EXACT)
    elif manifest.modality is Modality.TABULAR and manifest.extra_columns:
        rows = equal_rows(manifest.table.select(manifest.extra_columns))
        columns |= {} if rows is None else {ROW_CLUSTER: np.where(rows >= 0, rows, np.nan)}
    if probe is not None:
        columns |= _probed(probe, len(manifest))
    if guidelines is not None:
        columns |= _compared(guidelines, manifest)
    return pd.DataFrame(columns, copy=False)


def _series(column: pa.ChunkedArray) -> Any:
    """Return an Arrow column as what pandas holds most cheaply."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        merged = column.unify_dictionaries().combine_chunks()
        codes = merged.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        return pd.Categorical.from_codes(codes, categories=merged.dictionary.to_pylist())
    if pa.types.is_boolean(kind) and not column.null_count:
        return column.to_numpy()
    if pa.types.is_integer(kind) and not column.null_count:
        return column.to_numpy()
    if pa.types.is_floating(kind):
        return column.to_numpy()
    return pd.arrays.ArrowExtensionArray(column)


def _measured(measurements: Measurements) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for field in measurements.table.schema:
        if field.name in _LEFT_OUT or field.name.startswith("perceptual_"):
            continue
        column = measurements.table[field.name]
        if pa.types.is_string(field.type):
            column = column.dictionary_encode()
        elif pa.types.is_integer(field.type):
            column = column.cast(pa.float64())
        columns[field.name] = _series(column)
    with np.errstate(divide="ignore", invalid="ignore"):
        columns["aspect"] = columns["width"] / columns["height"]
    return columns


def _clusters(found: DuplicateClusters, *, near: bool) -> dict[str, Any]:
    clusters = dict(zip(CLUSTER_COLUMNS, (found.exact, found.near), strict=True))
    return {name: np.where(clusters[name] >= 0, clusters[name], np.nan) for name in CLUSTER_COLUMNS[: 1 + near]}


def _compared(found: LabelComparison, manifest: Manifest) -> dict[str, Any]:
    """Return whether the class of each sample changed (NaN: not known), and whether its own label is contradicted."""
    if not np.array_equal(found.sample_ids, np.array(manifest.sample_ids.to_pylist(), dtype=np.str_)):
        raise ContractError("the comparison of labels is of other samples than the manifest: compare them again")
    verdict, contradicted = np.full(len(manifest), np.nan), np.zeros(len(manifest))
    label = manifest.table["label"].to_pylist()
    known = {found.classes[one.label]: float(one.changed) for one in found.by_class if one.judged}
    for row, name in enumerate(label):
        verdict[row] = known.get(name, np.nan)
    for one in found.by_class:
        contradicted[one.rows] = 1
    return dict(zip(GUIDELINE_COLUMNS, (verdict, contradicted), strict=True))


def _probed(probe: ProbeOutputs, n_rows: int) -> dict[str, Any]:
    if len(probe) != n_rows:
        raise ContractError(
            f"expected a probe of the {n_rows:,} samples of the manifest, found one of {len(probe):,}: probe it again"
        )
    columns: dict[str, Any] = {"label_quality": np.asarray(probe.label_quality, dtype=np.float64)}
    if probe.label_yield is None:
        return columns
    estimate = probe.label_yield.estimated_errors
    probed = max(1, int(np.isfinite(probe.label_quality).sum()))
    for name, count in zip(PROBE_COLUMNS[1:], (estimate.value, estimate.low, estimate.high), strict=True):
        columns[name] = np.full(n_rows, min(1.0, max(0.0, count / probed)), dtype=np.float32)
    return columns
