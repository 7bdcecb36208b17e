"""What masks hold, measured from each file once: size, values, and whether they were interpolated."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import xxhash
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from datacheck.annotations.regions import REGION_COLUMNS, border_grid, measure_regions
from datacheck.manifest import COLOUR_BASE, MaskFormat

MOST_VALUES = 4096
"""Distinct values of one mask that are kept; a mask of classes has far fewer."""

MAIN_SHARE = 0.01
"""Share of a mask's pixels from which on a value is one of its main ones."""

_REACH = 8
"""Pixels around a border that JPEG, which works on blocks of 8 pixels, can change."""

_EQUAL_NEIGHBOURS = 4
"""Of eight neighbours; a straight blurred border has two, and a corner of a drawn region three."""

_MOST_PIXELS = 1 << 28
"""Larger masks (268 million pixels) are not decoded."""

MASK_COLUMNS = pa.schema(
    [
        ("row", pa.int64()),
        ("file", pa.string()),
        ("error", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("mode", pa.string()),
        ("format", pa.string()),
        ("colour", pa.bool_()),
        ("values", pa.list_(pa.int64())),
        ("counts", pa.list_(pa.int64())),
        ("n_values", pa.int64()),
        ("border_share", pa.float64()),
        ("content_hash", pa.string()),
        *REGION_COLUMNS,
        ("overlap", pa.float64()),
        ("overlaps", pa.string()),
    ]
)
"""What is measured of a mask, a row a file.

``row`` is that of the sample in the manifest.
``error`` says why a mask cannot be read; all else is null then. ``values`` are the distinct values, at most
`MOST_VALUES`, with their ``counts`` of pixels; a colour is one number, that of its class where a table has it.
``border_share`` is the share of the pixels of rare values (under `MAIN_SHARE` each) that lie between two regions and
differ from most of their neighbours. ``content_hash`` is that of the pixels, whatever the file's compression. The last
columns are those of `REGION_COLUMNS`, and for masks of one object each how much of the smaller one is also covered by
another of that image, and which.
"""


@dataclass(frozen=True)
class Masks:
    """The masks of a dataset: the table of `MASK_COLUMNS`, a row a file, in the order of the samples.

    Where an image has one mask, a sample without a mask has a row of nulls, so that rows are those of the manifest.
    ``form`` says how the pixels were read, and ``instances`` whether each file holds one object. ``turns`` is the EXIF
    orientation that turns the mask of each image upright, 0 where it is not known; [N], None where none is turned.
    """

    table: pa.Table
    form: MaskFormat = field(default_factory=MaskFormat)
    instances: bool = False
    turns: NDArray[np.int64] | None = None

    def column(self, name: str) -> list[Any]:
        """Return one column as a list."""
        values: list[Any] = self.table[name].to_pylist()
        return values

    @cached_property
    def rows(self) -> NDArray[np.int64]:
        """Row of the manifest of each mask; [M]."""
        return np.asarray(self.table["row"].to_numpy(), dtype=np.int64)

    @property
    def readable(self) -> NDArray[np.bool_]:
        """Whether each mask is there and could be read; [M]."""
        return np.array([width is not None for width in self.column("width")], dtype=bool)

    @property
    def readable_rows(self) -> NDArray[np.int64]:
        """Rows of the manifest with a mask that could be read."""
        return np.unique(self.rows[self.readable])

    @property
    def sizes(self) -> NDArray[np.float64]:
        """Width and height of each mask, NaN where it could not be read; [M, 2]."""
        columns = [np.asarray(self.table[name].to_numpy(), dtype=float) for name in ("width", "height")]
        return np.stack(columns, axis=1)


def measure_mask(data: bytes, form: MaskFormat | None = None) -> dict[str, Any]:
    """Return what is measured of one mask, as a row of `MASK_COLUMNS`.

    Examples
    --------
    >>> file = io.BytesIO()
    >>> Image.fromarray(np.array([[0, 0], [0, 2]], dtype=np.uint8)).save(file, "PNG")
    >>> found = measure_mask(file.getvalue())
    >>> found["values"], found["counts"], found["colour"]
    ([0, 2], [3, 1], False)
    >>> measure_mask(b"version https://example.org")["error"]
    'not an image'
    """
    row, values = decode_mask(data, form or MaskFormat())
    return row if values is None else {**row, **measure_values(values), "borders": border_grid(values)}


def measure_values(values: NDArray[Any]) -> dict[str, Any]:
    """Return the columns of `MASK_COLUMNS` that follow from the pixels alone, without ``borders``; of [h, w]."""
    found, counts = _distinct(values)
    return {
        "values": found[:MOST_VALUES].tolist(),
        "counts": counts[:MOST_VALUES].tolist(),
        "n_values": len(found),
        "border_share": _border_share(values, found, counts),
        "content_hash": xxhash.xxh3_128_hexdigest(values.tobytes()) + f"{values.shape}",
        **measure_regions(values, found),
    }


def mask_values(data: bytes, form: MaskFormat | None = None) -> NDArray[Any] | None:
    """Return the value of each pixel of a mask as `measure_mask` counts them, [h, w]; None where it cannot be read."""
    return decode_mask(data, form or MaskFormat())[1]


def decode_mask(data: bytes, form: MaskFormat) -> tuple[dict[str, Any], NDArray[Any] | None]:
    """Return what a file says of its mask, and the value of each pixel, [h, w]; None where it cannot be read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(data))
            if image.width * image.height > _MOST_PIXELS:
                return {"error": f"{image.width} x {image.height} pixels are too many for a mask"}, None
            n_pages = _pages(image)
            if n_pages > 1:
                return {"error": f"{n_pages} pages of one size, of which loaders read the first"}, None
            values, colour = _pixel_values(image, form)
    except UnidentifiedImageError:
        return {"error": "not an image"}, None
    except Exception as error:  # decoders raise all kinds of errors for damaged files
        return {"error": f"damaged: {error}"}, None
    height, width = values.shape
    return {"width": width, "height": height, "mode": image.mode, "format": image.format, "colour": colour}, values


def _pages(image: Image.Image) -> int:
    """Return how many pages of a TIFF have the size of the first; smaller copies, as maps have them, do not count."""
    n_pages = getattr(image, "n_frames", 1) if image.format == "TIFF" else 1
    sizes = []
    for page in range(n_pages):
        image.seek(page)
        sizes.append(image.size)
    image.seek(0)
    return sizes.count(sizes[0])


def _pixel_values(image: Image.Image, form: MaskFormat) -> tuple[NDArray[Any], bool]:
    """Return the value of each pixel, and whether values are colours; a palette's are its indices."""
    if image.mode in ("LA", "PA", "La"):
        image = image.convert("L") if image.mode != "PA" else image.convert("P")
    if image.mode in ("1", "L", "P", "I", "I;16", "I;16B", "I;16L", "F"):
        pixels = np.asarray(image)
        small = image.mode == "1" or (pixels.dtype != np.uint8 and _fits_a_byte(pixels))
        return (pixels.astype(np.uint8) if small else pixels), False
    pixels = np.asarray(image.convert("RGB")).astype(np.int64)
    packed = (pixels[..., 0] * COLOUR_BASE + pixels[..., 1]) * COLOUR_BASE + pixels[..., 2]
    if form.colours:
        return class_numbers(packed, form), True
    if (pixels[..., 0] == pixels[..., 1]).all() and (pixels[..., 0] == pixels[..., 2]).all():
        return pixels[..., 0].astype(np.uint8), False
    return packed, True


def _fits_a_byte(pixels: NDArray[Any]) -> bool:
    """Return whether all values are whole numbers of a byte: such masks are equal whatever type their file has."""
    return bool(pixels.min() >= 0 and pixels.max() <= np.iinfo(np.uint8).max and (pixels == np.floor(pixels)).all())


def class_numbers(packed: NDArray[np.int64], form: MaskFormat) -> NDArray[Any]:
    """Return the class of each colour by a table; those that it lacks become negative numbers.

    Examples
    --------
    >>> class_numbers(np.array([128, 200]), MaskFormat(colours=((128, 3),))).tolist()
    [3, -201]
    """
    pairs = np.array(sorted(form.colours), dtype=np.int64)
    place = np.searchsorted(pairs[:, 0], packed).clip(0, len(pairs) - 1)
    known = pairs[place, 0] == packed
    if known.all() and pairs[:, 1].max() <= np.iinfo(np.uint8).max:
        return np.asarray(pairs[place, 1].astype(np.uint8))
    return np.where(known, pairs[place, 1], -1 - packed)


def _distinct(values: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    if values.dtype == np.uint8:
        counts = np.bincount(values.ravel(), minlength=256)
        found = np.flatnonzero(counts)
        return found, counts[found]
    found, counts = np.unique(values, return_counts=True)
    return found.astype(np.int64), counts


def _border_share(values: NDArray[Any], found: NDArray[np.int64], counts: NDArray[np.int64]) -> float | None:
    """Return which share of the pixels of rare values look blurred; None without rare values."""
    main = found[counts >= MAIN_SHARE * values.size]
    rare = ~np.isin(values, main)
    if not rare.any() or not len(main):
        return None
    position = np.searchsorted(main, np.where(rare, main[0], values)).astype(np.float32)
    kernel = np.ones((2 * _REACH + 1, 2 * _REACH + 1), np.uint8)
    low = cv2.erode(np.where(rare, np.float32(len(main)), position), kernel)
    high = cv2.dilate(np.where(rare, np.float32(-1), position), kernel)
    return float(((high > low) & ~_flat(values))[rare].mean())


def _flat(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which pixels have at least four equal ones among their eight neighbours: an area, not a border."""
    padded = np.pad(values, 1, mode="edge")
    height, width = values.shape
    equal = np.zeros(values.shape, dtype=np.int8)
    for down in range(3):
        for right in range(3):
            if (down, right) != (1, 1):
                equal += padded[down : down + height, right : right + width] == values
    return np.asarray(equal >= _EQUAL_NEIGHBOURS)
