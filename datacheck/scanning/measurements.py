"""The measurements: one row a sample, aligned with the manifest."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from datacheck.errors import ManifestError
from datacheck.manifest import Manifest
from datacheck.scanning.signature import SIGNATURE_LENGTH as SIGNATURE_LENGTH
from datacheck.scanning.signature import SIGNATURE_SIDE as SIGNATURE_SIDE
from datacheck.storage import check_version, read_table, reading, write_table

if TYPE_CHECKING:
    import pandas as pd

VERSION = 1
"""Version of ``measurements.parquet``."""

MEASUREMENTS_SCHEMA = pa.schema(
    [
        pa.field("sample_id", pa.string(), nullable=False),
        pa.field("readable", pa.bool_(), nullable=False),
        pa.field("error", pa.string()),
        pa.field("error_detail", pa.string()),
        pa.field("byte_size", pa.int64()),
        pa.field("mtime_ns", pa.int64()),
        pa.field("width", pa.int32()),
        pa.field("height", pa.int32()),
        pa.field("mode", pa.string()),
        pa.field("format", pa.string()),
        pa.field("n_frames", pa.int32()),
        pa.field("exif_orientation", pa.int8()),
        pa.field("max_value", pa.float64()),
        pa.field("content_hash", pa.string()),
        pa.field("perceptual_hash", pa.uint64()),
        pa.field("perceptual_signature", pa.binary(SIGNATURE_LENGTH)),
        pa.field("brightness", pa.float32()),
        pa.field("brightness_p01", pa.float32()),
        pa.field("brightness_p99", pa.float32()),
        pa.field("contrast", pa.float32()),
        pa.field("sharpness", pa.float32()),
        pa.field("entropy", pa.float32()),
        pa.field("colourfulness", pa.float32()),
        pa.field("greyscale", pa.bool_()),
        pa.field("mean_red", pa.float32()),
        pa.field("mean_green", pa.float32()),
        pa.field("mean_blue", pa.float32()),
        pa.field("std_red", pa.float32()),
        pa.field("std_green", pa.float32()),
        pa.field("std_blue", pa.float32()),
    ]
)
"""Columns of ``measurements.parquet``. All but the first two are null where they could not be measured.

``width`` and ``height`` are in pixels as stored, before EXIF rotation; ``mode`` is Pillow's (``RGB``, ``L``, ``I;16``);
``max_value`` is the largest stored value of an image of more than 8 bits a channel, null for 8 bits;
``content_hash`` is xxh3-128 of the encoded bytes in hex (of dtype, shape and pixels for arrays); brightness, contrast
and the channel moments are in [0, 1]; ``entropy`` is in bits; ``greyscale`` says that the colours carry nothing,
whatever the mode.
"""

PROPERTIES = (
    "width",
    "height",
    "byte_size",
    "brightness",
    "contrast",
    "sharpness",
    "entropy",
    "colourfulness",
    "mean_red",
    "mean_green",
    "mean_blue",
    "std_red",
    "std_green",
    "std_blue",
)
"""The numeric image properties that are summarised and compared between splits and classes."""


@dataclass(frozen=True)
class Measurements:
    """What the scan measured, a row a sample in the order of the manifest.

    ``thumbnails`` is a folder or file in the run folder, where the scan kept them; None where it did not.
    """

    table: pa.Table
    thumbnails: Path | None = None

    def __post_init__(self) -> None:
        if not self.table.schema.equals(MEASUREMENTS_SCHEMA):
            raise ManifestError(
                f"measurements have an unexpected schema: {self.table.schema.names}, "
                f"expected {MEASUREMENTS_SCHEMA.names} with their types"
            )

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @cached_property
    def readable(self) -> NDArray[np.bool_]:
        """Whether each sample was read and decoded; shape [N]."""
        return np.asarray(self.table["readable"].to_numpy())

    def values(self, name: str) -> NDArray[np.float64]:
        """Return a numeric column as float64 with NaN where it was not measured; shape [N]."""
        return np.asarray(self.table[name].to_numpy(zero_copy_only=False), dtype=np.float64)

    def strings(self, name: str) -> NDArray[np.object_]:
        """Return a text column with None where it was not measured; shape [N]."""
        return np.asarray(self.table[name].to_numpy(zero_copy_only=False), dtype=object)

    def check_aligned(self, manifest: Manifest) -> None:
        """Raise a `ManifestError` unless row n of both is the same sample."""
        if not self.table["sample_id"].equals(manifest.sample_ids):
            raise ManifestError(
                f"the measurements ({len(self)} rows) are not aligned with the manifest ({len(manifest)} rows): "
                "scan the manifest again"
            )

    def to_pandas(self) -> pd.DataFrame:
        """Return the table as a DataFrame."""
        frame: pd.DataFrame = self.table.to_pandas()
        return frame

    def save(self, path: Path) -> None:
        """Write ``measurements.parquet``."""
        write_table(path, self.table, {"schema": "datacheck.measurements", "version": VERSION})

    @classmethod
    def load(cls, path: Path, thumbnails: Path | None = None) -> Measurements:
        """Read ``measurements.parquet``."""
        table, metadata = read_table(path, what="measurements")
        check_version(metadata.get("version"), VERSION, what="measurements", where=path)
        with reading(path, "measurements"):
            return cls(table.replace_schema_metadata(None).cast(MEASUREMENTS_SCHEMA), thumbnails)
