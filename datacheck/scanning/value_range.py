"""Bring pixel values of any type to the scale 0 to 255, relative to the range that is in use.

A camera of 12 bits that writes files of 16 bits uses values up to 4,095. Divided by 65,535 its images would be black.
So integers are scaled by the smallest bit depth that holds the image's largest value; after the scan,
`to_common_depth` brings all images of a dataset to the largest depth among them, so that a dark image stays dark.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datacheck.manifest.readers import ReadFailure, SampleReadError
from datacheck.scanning.resizing import shrink

if TYPE_CHECKING:
    import pyarrow as pa

MIN_BITS, MAX_BITS = 8, 16
"""Bit depths that are distinguished: cameras, scanners and medical devices have 10, 12, 14 or 16 bits."""

FULL_RANGE = 65_535
"""Largest value of 16 bits; integers beyond it are no usual image."""

DATA_PERCENTILES = (1.0, 99.0)
"""Floating-point files beyond 0 to 255 hold data (heights, counts): black and white are these percentiles of it, so
that a single marker for missing data (−9999) does not decide the scale."""

MAX_SAMPLED = 1_000_000
"""Percentiles are taken from at most about so many values."""

_LINEAR = (
    "brightness", "brightness_p01", "brightness_p99", "contrast", "colourfulness",
    "mean_red", "mean_green", "mean_blue", "std_red", "std_green", "std_blue",
)  # fmt: skip
"""Measured properties that are proportional to the scale of the values."""


def white_value(peak: float) -> int:
    """Return the largest value of the smallest bit depth, from 8 to 16, that holds ``peak``.

    Examples
    --------
    >>> white_value(3_800), white_value(4_096), white_value(65_535), white_value(90)
    (4095, 8191, 65535, 255)
    """
    return int(2 ** min(max(int(peak).bit_length(), MIN_BITS), MAX_BITS) - 1)


def largest(values: NDArray[Any]) -> float | None:
    """Return the largest finite value of an image of more than 8 bits; None for 8 bits, or where none is finite."""
    if values.dtype == np.uint8 or values.dtype == np.bool_:
        return None
    found = _extremes(values)
    return None if found is None else found[1]


def small_on_255(values: NDArray[Any], short_side: int, *, data: bool = False) -> NDArray[Any]:
    """Shrink an image and bring it to the scale 0 to 255.

    Parameters
    ----------
    values
        [H, W] or [H, W, C], a number type or bool.
    short_side
        As in `resizing.shrink`.
    data
        Whether values of unusual ranges are data, scaled by `DATA_PERCENTILES`; otherwise they are an error.

    Raises
    ------
    SampleReadError
        When the values are no numbers, or of an unusual range.
    """
    if values.dtype == np.uint8:
        return shrink(np.ascontiguousarray(values), short_side)
    if values.dtype.kind not in "buif":
        raise SampleReadError(ReadFailure.UNSUPPORTED_MODE, f"expected numbers, found {values.dtype}")
    white = _white(values, data)
    if white is None:
        found = _extremes(values)
        if data and found is not None:
            return shrink(_data_on_255(values), short_side)
        raise SampleReadError(
            ReadFailure.UNSUPPORTED_MODE,
            f"expected values from 0 to 1, 255 or 65,535, found {values.min():g} to {values.max():g} in {values.dtype}",
        )
    machine = values if values.dtype == np.uint16 else values.astype(np.float32)
    small = shrink(np.ascontiguousarray(machine), short_side).astype(np.float32, copy=False)
    return small * np.float32(255 / white) if white < 255 else small / np.float32(white / 255)


def _extremes(values: NDArray[Any]) -> tuple[float, float] | None:
    """Smallest and largest finite value; None where none is finite."""
    known = values[np.isfinite(values)] if values.dtype.kind == "f" else values
    return (float(known.min()), float(known.max())) if known.size else None


def _white(values: NDArray[Any], data: bool) -> int | None:
    """The value that becomes 255: by the type and the largest value; None for unusual ranges.

    Floating-point files beyond 255 are data, floating-point arrays up to 65,535 are images.
    """
    found = _extremes(values)
    if found is None or found[0] < 0 or found[1] > FULL_RANGE:
        return None
    peak = found[1]
    if values.dtype.kind == "f":
        if not np.isfinite(values).all() or (data and peak > 255):
            return None
        return 1 if peak <= 1 else 255 if peak <= 255 else FULL_RANGE
    if values.dtype == np.bool_ or (peak <= 1 and values.dtype != np.uint16):
        return 1
    return white_value(peak)


def _data_on_255(values: NDArray[Any]) -> NDArray[np.float32]:
    """Scale data by its percentiles; what is not finite becomes black."""
    finite = np.isfinite(values)
    known = values[finite]
    low, high = np.percentile(known[:: max(1, known.size // MAX_SAMPLED)].astype(np.float64), DATA_PERCENTILES)
    scaled = (np.where(finite, values, low).astype(np.float64) - low) * (255 / max(high - low, 1e-30))
    return np.asarray(np.clip(scaled, 0, 255), dtype=np.float32)


def is_deep_integer(mode: str | None) -> bool:
    """Whether a mode holds integers of more than 8 bits: ``I``, ``I;16``, ``L;16``, ``RGB;16``."""
    return mode is not None and not mode.startswith("F") and (mode.startswith("I") or ";" in mode)


def white_values(measurements: pa.Table) -> NDArray[np.float64]:
    """Return the value that counts as white of each image of more than 8 bits, 1 for the others; shape [n]."""
    if measurements["max_value"].null_count == len(measurements):
        return np.ones(len(measurements))
    modes = measurements["mode"].to_pylist()
    deep = np.array([is_deep_integer(mode) for mode in modes], dtype=bool)
    peaks = measurements["max_value"].to_numpy(zero_copy_only=False).astype(np.float64)
    deep &= peaks <= FULL_RANGE  # false for NaN as well
    return np.array(
        [white_value(peak) if is_deep else 1 for peak, is_deep in zip(peaks, deep, strict=True)], np.float64
    )


def to_common_depth(measurements: pa.Table, deepest: float) -> pa.Table:
    """Bring the brightness of images with more than 8 bits to the largest bit depth among them.

    Each was measured relative to its own bit depth; in a dataset of 16 bits, an image with values up to 900 is dark.

    Parameters
    ----------
    measurements
        Some rows, or all.
    deepest
        The largest of `white_values` over all rows.
    """
    import pyarrow as pa  # on use: the workers of the scan start without it

    own = white_values(measurements)
    factor = np.where(own > 1, own / deepest, 1.0)
    if (factor == 1.0).all():
        return measurements
    for name in _LINEAR:
        position = measurements.column_names.index(name)
        column = measurements[name]
        scaled = column.to_numpy(zero_copy_only=False).astype(np.float64) * factor
        values = pa.array(scaled, column.type, mask=np.asarray(column.is_null()))
        measurements = measurements.set_column(position, measurements.schema.field(position), values)
    return measurements
