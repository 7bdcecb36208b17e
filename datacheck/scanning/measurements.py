"""The measurements: one row a sample, aligned with the manifest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from datacheck.errors import ManifestError
from datacheck.manifest import Manifest
from datacheck.scanning.signature import SIGNATURE_LENGTH as SIGNATURE_LENGTH
from datacheck.scanning.signature import SIGNATURE_SIDE as SIGNATURE_SIDE
from datacheck.scanning.stored_table import StoredTable, rows_of
from datacheck.storage import check_version, read_metadata, read_table, reading, write_table

if TYPE_CHECKING:
    import pandas as pd

VERSION = 1
"""Version of ``measurements.parquet``."""

METADATA = {"schema": "datacheck.measurements", "version": VERSION}
"""What the metadata of ``measurements.parquet`` says."""

MAX_ROWS_IN_MEMORY = 250_000
"""Measurements of more samples stay on disk, where a column is read when it is looked at: a row takes 340 bytes."""

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

    Attributes
    ----------
    table
        The columns of `MEASUREMENTS_SCHEMA`, in memory or on disk; ``table[name]`` is a column of either.
    thumbnails
        A folder or file in the run folder, where the scan kept them; None where it did not.
    """

    table: pa.Table | StoredTable
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

    def whole(self) -> pa.Table:
        """Return all columns as a table in memory."""
        return self.table.read() if isinstance(self.table, StoredTable) else self.table

    def parts(self, name: str) -> Iterator[pa.Array]:
        """Yield a column in parts, in the order of the rows; of a table on disk one is in memory at a time."""
        if isinstance(self.table, StoredTable):
            yield from self.table.parts(name)
        else:
            yield from self.table[name].chunks

    def signatures(self, rows: NDArray[np.int64]) -> NDArray[np.int8]:
        """Return the perceptual signatures of some ascending rows, none of them null; [n, `SIGNATURE_LENGTH`]."""
        if not len(rows):
            return np.empty((0, SIGNATURE_LENGTH), np.int8)
        return signature_values(rows_of(self.parts("perceptual_signature"), rows))

    def known(self, name: str) -> NDArray[np.bool_]:
        """Return whether each sample has a value in a column; shape [N]."""
        found = [pc.is_valid(part).to_numpy(zero_copy_only=False) for part in self.parts(name)]
        return np.concatenate([np.empty(0, bool), *found])

    def check_aligned(self, manifest: Manifest) -> None:
        """Raise a `ManifestError` unless row n of both is the same sample."""
        if not self.table["sample_id"].equals(manifest.sample_ids):
            raise ManifestError(
                f"the measurements ({len(self)} rows) are not aligned with the manifest ({len(manifest)} rows): "
                "scan the manifest again"
            )

    def to_pandas(self) -> pd.DataFrame:
        """Return the table as a DataFrame."""
        frame: pd.DataFrame = self.whole().to_pandas()
        return frame

    def save(self, path: Path) -> None:
        """Write ``measurements.parquet``."""
        if isinstance(self.table, StoredTable):
            self.table.copy_to(path)
        else:
            write_table(path, self.table, METADATA)

    @classmethod
    def load(cls, path: Path, thumbnails: Path | None = None) -> Measurements:
        """Read ``measurements.parquet``; of more than `MAX_ROWS_IN_MEMORY` rows only what is looked at, and when."""
        n_rows, metadata = read_metadata(path, what="measurements")
        check_version(metadata.get("version"), VERSION, what="measurements", where=path)
        with reading(path, "measurements"):
            if n_rows > MAX_ROWS_IN_MEMORY:
                return cls(StoredTable(path, MEASUREMENTS_SCHEMA), thumbnails)
            table, _ = read_table(path, what="measurements")
            return cls(table.replace_schema_metadata(None).cast(MEASUREMENTS_SCHEMA), thumbnails)


def signature_values(signatures: pa.FixedSizeBinaryArray) -> NDArray[np.int8]:
    """Return signatures as numbers, shape [n, `SIGNATURE_LENGTH`]; what a null holds is not defined."""
    values = np.frombuffer(signatures.buffers()[1] or b"", dtype=np.int8)
    start = signatures.offset * SIGNATURE_LENGTH
    return values[start : start + len(signatures) * SIGNATURE_LENGTH].reshape(-1, SIGNATURE_LENGTH)
