"""What a dataset can be sliced by: its columns, the measured properties of its images, and clusters of embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from datacheck.errors import ConfigError, did_you_mean
from datacheck.manifest import Manifest, Task
from datacheck.probing.outputs import ProbeOutputs
from datacheck.scanning.measurements import Measurements
from datacheck.slices.clusters import cluster_attribute
from datacheck.slices.values import Attribute, binned, categories

PROPERTIES = (
    "brightness",
    "contrast",
    "sharpness",
    "colourfulness",
    "entropy",
    "width",
    "height",
    "byte_size",
    "mean_red",
    "mean_green",
    "mean_blue",
)
"""The measured properties that people can see in an image; beside them its aspect."""

CLUSTER = "cluster"
"""The name of the attribute made of embeddings."""

_NO_ATTRIBUTES = frozenset({"sample_id", "uri", "label_uri", "target", "labels", "challenge_rank", "challenge_value"})
"""Columns that differ from row to row, or are the answer itself; the last two come from `export_challenge`."""


def slice_attributes(
    manifest: Manifest,
    measurements: Measurements | None = None,
    probe: ProbeOutputs | None = None,
    *,
    by: Sequence[str] = (),
    seed: int = 0,
) -> tuple[Attribute, ...]:
    """Return the attributes that a dataset can be sliced by, or those named in ``by``, in that order.

    Parameters
    ----------
    manifest
        Its columns with few values, or with numbers, are attributes; ``label``, ``split`` and ``group`` too.
    measurements
        Aligned with the manifest: brightness, contrast, sharpness, size, aspect and so on, in bins.
    probe
        Its embeddings are clustered, where they were made without the labels.
    by
        Names of attributes; all that there are by default.
    seed
        Of the clustering.

    Raises
    ------
    ConfigError
        When a name of ``by`` is no attribute of this dataset.

    Examples
    --------
    >>> manifest = Manifest.from_columns({"label": ["cat", "dog"] * 4, "camera": ["A", "B"] * 4})
    >>> [one.name for one in slice_attributes(manifest)]
    ['label', 'camera']
    >>> slice_attributes(manifest, by=["camera"])[0].words
    ("camera = 'A'", "camera = 'B'")
    """
    known = [name for name in manifest.table.column_names if name not in _NO_ATTRIBUTES]
    measured = [] if measurements is None else [*PROPERTIES, "aspect"]
    known += [name for name in measured if name not in known]
    if _clusterable(probe):
        known.append(CLUSTER)
    for name in by:
        if name not in known:
            near = did_you_mean(name, known) or f"; known are {', '.join(known)}"
            why = (
                "; clusters need embeddings that were made without the labels (probe with --weights, or photos)"
                if name == CLUSTER
                else ""
            )
            raise ConfigError(f"--by: expected a column or property of this dataset, found {name!r}{why or near}")
    found = []
    for name in by or known:
        attribute = _attribute(name, manifest, measurements, probe, seed)
        if attribute is not None:
            found.append(attribute)
        elif by:
            raise ConfigError(
                f"--by: {name!r} has one value only, or a value of its own in each row, or is neither text nor number: "
                "name another"
            )
    return tuple(found)


def _clusterable(probe: ProbeOutputs | None) -> bool:
    return probe is not None and probe.embeddings is not None and probe.embeddings_label_free


def _attribute(
    name: str, manifest: Manifest, measurements: Measurements | None, probe: ProbeOutputs | None, seed: int
) -> Attribute | None:
    if name in manifest:
        return _of_column(name, manifest)
    if name == CLUSTER:
        assert probe is not None
        assert probe.embeddings is not None
        return cluster_attribute(probe.embeddings, probe.sample_ids, seed=seed)
    assert measurements is not None
    if name == "aspect":
        with np.errstate(divide="ignore", invalid="ignore"):
            values = measurements.values("width") / measurements.values("height")
    else:
        values = measurements.values(name)
    return binned(name, values, measured=True)


def _of_column(name: str, manifest: Manifest) -> Attribute | None:
    if name == "label" and manifest.task is not Task.CLASSIFICATION:
        return None
    column = manifest.table[name]
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if pa.types.is_floating(kind) or pa.types.is_integer(kind):
        return binned(name, np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64))
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_boolean(kind)):
        return None
    texts = column.cast(pa.string())
    encoded = pc.dictionary_encode(texts).combine_chunks()
    codes: NDArray[Any] = np.asarray(encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False), dtype=np.int64)
    return categories(name, codes, encoded.dictionary.to_pylist())


__all__ = ["CLUSTER", "PROPERTIES", "Attribute", "slice_attributes"]
