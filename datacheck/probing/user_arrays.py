"""Arrays of the user (``features``, ``pred_probs``), matched to the samples of the manifest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from datacheck.errors import ProbeError
from datacheck.manifest import Manifest

UserArray: TypeAlias = NDArray[Any] | Mapping[str, Any] | Any
"""Rows in the manifest's order, or rows by sample id: a mapping, or a table with ``sample_id`` and numeric columns."""


def align(given: UserArray, manifest: Manifest, *, what: str) -> NDArray[np.float32]:
    """Return one row of numbers a sample in the manifest's order, NaN for samples that were not given; [N, D].

    Raises
    ------
    ProbeError
        When an array has another number of rows, ids are unknown or repeat, or the rows differ in length.

    Examples
    --------
    >>> manifest = Manifest.from_columns({"sample_id": ["a", "b"], "label": ["cat", "dog"]})
    >>> align({"b": [1.0, 2.0], "a": [3.0, 4.0]}, manifest, what="features").tolist()
    [[3.0, 4.0], [1.0, 2.0]]
    """
    if isinstance(given, Mapping | pa.Table):
        ids, values = _by_id(given, what)
        position = pc.index_in(pa.array(ids, pa.string()), value_set=manifest.sample_ids.combine_chunks())
        if position.null_count:
            unknown = next(name for name, at in zip(ids, position.to_pylist(), strict=True) if at is None)
            raise ProbeError(f"{what}: {position.null_count} sample ids are not in the manifest, such as {unknown!r}")
        rows = position.to_numpy()
        if len(np.unique(rows)) != len(rows):
            raise ProbeError(f"{what}: expected each sample id once, found {len(rows) - len(np.unique(rows))} repeated")
        aligned = np.full((len(manifest), values.shape[1]), np.nan, dtype=np.float32)
        aligned[rows] = values
        return aligned
    values = np.asarray(given, dtype=np.float32)
    values = values[:, None] if values.ndim == 1 else values
    if values.ndim != 2 or len(values) != len(manifest):
        raise ProbeError(
            f"{what}: expected shape [{len(manifest)}, D] in the manifest's order (or rows by sample_id), "
            f"found {list(values.shape)}"
        )
    return values


def _by_id(given: Mapping[str, Any] | pa.Table, what: str) -> tuple[list[str], NDArray[np.float32]]:
    if isinstance(given, pa.Table):
        if "sample_id" not in given.column_names:
            raise ProbeError(f"{what}: expected a column 'sample_id', found {given.column_names}")
        names = [name for name in given.column_names if name != "sample_id"]
        columns = [given[name].to_numpy() for name in names]
        return given["sample_id"].cast(pa.string()).to_pylist(), np.stack(columns, axis=1).astype(np.float32)
    try:
        values = np.stack([np.atleast_1d(np.asarray(row, dtype=np.float32)) for row in given.values()])
    except ValueError as error:
        raise ProbeError(f"{what}: expected rows of one length, {error}") from None
    return [str(name) for name in given], values
