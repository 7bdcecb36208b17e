"""What is remembered of a measured file, a row each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
import PIL
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from datacheck.manifest.readers import ReadFailure
from datacheck.scanning.measurements import MEASUREMENTS_SCHEMA
from datacheck.scanning.shard import ShardResult

SCAN_VERSION = 4
"""Raised whenever a measured value changes its meaning; rows of another version are measured again."""

DETERMINED_BY_CONTENT = tuple(
    reason.value
    for reason in (
        ReadFailure.ZERO_BYTES,
        ReadFailure.NOT_AN_IMAGE,
        ReadFailure.TRUNCATED,
        ReadFailure.CORRUPT,
        ReadFailure.DECOMPRESSION_BOMB,
        ReadFailure.UNSUPPORTED_MODE,
    )
)
"""Failures that stay as they are while the file does; the others are tried again at every scan."""

ROW_SCHEMA = pa.schema(
    [
        pa.field("uri", pa.string()),
        pa.field("stamp_size", pa.int64()),
        pa.field("ctime_ns", pa.int64()),
        *[MEASUREMENTS_SCHEMA.field(name) for name in MEASUREMENTS_SCHEMA.names if name != "sample_id"],
        pa.field("thumb_file", pa.string()),
        pa.field("thumb_offset", pa.int64()),
        pa.field("thumb_length", pa.int32()),
        pa.field("pixel_file", pa.string()),
        pa.field("pixel_row", pa.int64()),
    ]
)
"""A measured file: its measurements, the stamp it had (without a size where it was too new to be trusted, see
`may_hide_a_change`), and where its thumbnail and pixels are."""

PLACES = ("thumb_file", "thumb_offset", "thumb_length", "pixel_file", "pixel_row")
"""The columns of a row that say where its thumbnail and its pixels are."""

KEY_SCHEMA = pa.schema(
    [ROW_SCHEMA.field(name) for name in ("uri", "stamp_size", "mtime_ns", "ctime_ns", "readable", "byte_size", *PLACES)]
)
"""What decides whether a file has to be read again: in memory for all files, where the rest stays on disk."""


def library_versions() -> str:
    """Return what, besides a file's bytes, decides what is measured."""
    return f"{SCAN_VERSION} pillow={PIL.__version__} opencv={cv2.__version__}"


def to_rows(result: ShardResult, places: Mapping[str, Any]) -> pa.Table:
    """Return a shard's result as rows; ``places`` has the columns that the result does not."""
    columns = {**result.columns, **places}
    columns["perceptual_hash"] = pa.array(columns["perceptual_hash"], mask=~columns["hashed"])
    columns["perceptual_signature"] = signature_array(columns["perceptual_signature"], columns["hashed"])
    readable = np.array(columns["readable"], dtype=bool)
    columns["greyscale"] = pa.array(columns["greyscale"] == 1.0, mask=~readable)
    arrays = [_array(columns[field.name], field.type) for field in ROW_SCHEMA]
    return pa.Table.from_arrays(arrays, schema=ROW_SCHEMA)


def signature_array(values: NDArray[np.int8], known: NDArray[np.bool_]) -> pa.Array:
    """Return signatures, shape [n, `SIGNATURE_LENGTH`], as fixed-size binary, null where unknown."""
    type_ = MEASUREMENTS_SCHEMA.field("perceptual_signature").type
    validity = pa.py_buffer(np.packbits(known, bitorder="little"))
    return pa.FixedSizeBinaryArray.from_buffers(type_, len(values), [validity, pa.py_buffer(values.tobytes())])


def _array(values: Any, wanted: pa.DataType) -> pa.Array:
    if isinstance(values, pa.Array | pa.ChunkedArray):
        return values.cast(wanted)
    return pa.array(values, wanted, from_pandas=True)


def lasting(rows: pa.Table) -> pa.ChunkedArray:
    """Whether each row stays right while its file does; failures that may pass do not."""
    return pc.or_(rows["readable"], pc.is_in(rows["error"], value_set=pa.array(DETERMINED_BY_CONTENT)))
