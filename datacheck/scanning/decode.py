"""Decode one sample: from its bytes or pixels to a small upright image, and what its header says."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from datacheck.manifest.readers import ReadFailure, SampleReadError
from datacheck.scanning.jpeg import walk_jpeg
from datacheck.scanning.resizing import MEASURED_SIDE, shrink, shrink_factor, upright
from datacheck.scanning.structure import check_structure, known_start, looks_cut
from datacheck.scanning.value_range import largest, small_on_255

MAX_PIXELS = 1 << 29
"""Images of more pixels (537 million) are refused as decompression bombs: they would take 1.6 GB as RGB. Satellite and
slide images of 20,000 x 20,000 pixels are below it."""

BIG_PIXELS = 1 << 26
"""Images of more pixels (67 million, 200 MB as RGB) are decoded one at a time by all workers together, unless they can
be decoded at a smaller scale."""

_REDUCED_COLOUR = {1: cv2.IMREAD_COLOR, 2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4,
                   8: cv2.IMREAD_REDUCED_COLOR_8}  # fmt: skip
_REDUCED_GREY = {1: cv2.IMREAD_GRAYSCALE, 2: cv2.IMREAD_REDUCED_GRAYSCALE_2, 4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
                 8: cv2.IMREAD_REDUCED_GRAYSCALE_8}  # fmt: skip


@dataclass(frozen=True)
class Decoded:
    """A decoded sample.

    Attributes
    ----------
    small
        Upright, [h, w] grey or [h, w, 3] blue-green-red, on the scale 0 to 255; uint8, or float32 where the source
        has more than 8 bits.
    width, height
        As stored, before EXIF rotation.
    mode, format
        In Pillow's words; the format of an array is ``"array"``.
    n_frames
        Frames or pages; the first one was decoded.
    exif_orientation
        1 to 8, or None where the file does not say.
    max_value
        Largest value as stored, where the source has more than 8 bits; else None.
    """

    small: NDArray[Any]
    width: int
    height: int
    mode: str
    format: str
    n_frames: int
    exif_orientation: int | None
    max_value: float | None = None


def decode_bytes(
    data: bytes,
    *,
    short_side: int = 0,
    max_pixels: int = MAX_PIXELS,
    big: Callable[[], Any] | None = None,
) -> Decoded:
    """Decode an encoded image, at a reduced scale where that is enough.

    Transparency is dropped, as ``PIL.Image.convert("RGB")`` and ``cv2.imread`` drop it: what is measured is what a
    training loader sees. Values of more than 8 bits are scaled, not cut off at 255: see `value_range`.

    Parameters
    ----------
    data
        The file's bytes.
    short_side
        Keep at least this many pixels on the short side where the image has them.
    max_pixels
        More are refused as a decompression bomb.
    big
        Returns a context manager that is held while a big image is decoded at full size.

    Raises
    ------
    SampleReadError
        When the image cannot be decoded whole, with the reason.
    """
    if not data:
        raise SampleReadError(ReadFailure.ZERO_BYTES, "the file is empty")
    plain = _decode_plain_jpeg(data, short_side, max_pixels) if data.startswith(b"\xff\xd8\xff") else None
    if plain is not None:
        return plain
    image = _open(data)
    width, height = image.size
    _refuse_bomb(width, height, max_pixels)
    image_format, mode = image.format or "unknown", image.mode
    if mode == "P" and "transparency" in image.info:
        mode = "PA"  # Pillow's name of a palette with alpha
    complete, n_frames = check_structure(data, image_format)
    orientation = _orientation(image)
    if image_format == "TIFF" and (orientation or 1) >= 5:  # Pillow turns the size as well
        tags: Any = getattr(image, "tag_v2", {})
        width, height = int(tags.get(256, width)), int(tags.get(257, height))
    if n_frames is None:
        n_frames = _guard(lambda: int(getattr(image, "n_frames", 1)), data)
    factor = shrink_factor(width, height, short_side)
    small, max_value = None, None
    if complete and image_format in {"JPEG", "MPO"}:
        small = _decode_jpeg(data, mode, factor)
    if small is None:
        small, max_value = _guard(partial(_decode_pillow, image, factor, short_side, big), data)
    # Pillow turns TIFF and AVIF upright by itself while it loads them.
    turned = orientation if image_format not in {"TIFF", "AVIF"} else 1
    small = upright(shrink(small, short_side), turned or 1)
    return Decoded(small, width, height, mode, image_format, n_frames, orientation, max_value)


def _decode_plain_jpeg(data: bytes, short_side: int, max_pixels: int) -> Decoded | None:
    """Decode a JPEG that is complete and has nothing else to interpret; None for every other one."""
    walk = walk_jpeg(data)
    if not walk.plain:
        return None
    _refuse_bomb(walk.width, walk.height, max_pixels)
    mode = "RGB" if walk.components == 3 else "L"
    small = _decode_jpeg(data, mode, shrink_factor(walk.width, walk.height, short_side))
    if small is None:
        return None
    return Decoded(shrink(small, short_side), walk.width, walk.height, mode, "JPEG", 1, None)


def _refuse_bomb(width: int, height: int, max_pixels: int) -> None:
    if width * height > max_pixels:
        raise SampleReadError(
            ReadFailure.DECOMPRESSION_BOMB,
            f"the header declares {width:,} x {height:,} pixels, more than the limit of {max_pixels:,}",
        )


def decode_array(array: NDArray[Any], *, short_side: int = 0) -> Decoded:
    """Take pixels that are already decoded: [H, W], or [H, W, C] with 1 to 4 channels in red-green-blue order.

    uint8 has values from 0 to 255; for every other type the largest value decides the range: see `value_range`.

    Raises
    ------
    SampleReadError
        When the shape or the values are none of these.
    """
    if array.size == 0:
        raise SampleReadError(ReadFailure.ZERO_BYTES, f"the array has no pixels: shape {array.shape}")
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 2, 3, 4)):
        raise SampleReadError(
            ReadFailure.UNSUPPORTED_MODE,
            f"expected an array [H, W] or [H, W, C] with 1 to 4 channels, found shape {array.shape}",
        )
    channels = 1 if array.ndim == 2 else array.shape[2]
    planes = array if array.ndim == 2 else array[..., 0] if channels < 3 else array[..., 2::-1]
    name = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[channels]
    if array.dtype != np.uint8:
        name = f"{'F' if array.dtype.kind == 'f' else name};{array.dtype.itemsize * 8}"
    scaled = small_on_255(planes, short_side)
    return Decoded(scaled, array.shape[1], array.shape[0], name, "array", 1, None, largest(planes))


def _open(data: bytes) -> Image.Image:
    Image.MAX_IMAGE_PIXELS = None  # our own limit is checked before any pixel is decoded
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Image.open(io.BytesIO(data))
    except Exception as error:
        cut, known = looks_cut(data), known_start(data)
        if cut is not None:
            raise SampleReadError(ReadFailure.TRUNCATED, cut) from None
        if not isinstance(error, UnidentifiedImageError):
            raise _failure(error, data) from None
        if known is not None:
            raise SampleReadError(ReadFailure.CORRUPT, f"the {known} header is damaged") from None
        start = data[:8].hex(" ")
        raise SampleReadError(ReadFailure.NOT_AN_IMAGE, f"no image format starts with the bytes {start}") from None


def _guard(work: Callable[[], Any], data: bytes) -> Any:
    """Run a decoder; every error becomes a `SampleReadError`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return work()
    except SampleReadError:
        raise
    except Exception as error:
        raise _failure(error, data) from None


def _failure(error: Exception, data: bytes) -> SampleReadError:
    text = f"{type(error).__name__}: {error}" if not isinstance(error, OSError) else str(error)
    lower = text.lower()
    if isinstance(error, MemoryError):
        return SampleReadError(ReadFailure.DECOMPRESSION_BOMB, f"decoding {len(data):,} bytes ran out of memory")
    if "too large" in lower or "decompression bomb" in lower:
        return SampleReadError(ReadFailure.DECOMPRESSION_BOMB, text)
    if any(word in lower for word in ("truncated", "unexpected end", "not enough", "ended", "eof")):
        return SampleReadError(ReadFailure.TRUNCATED, text)
    if any(word in lower for word in ("unsupported", "conversion from", "not supported", "unrecognized image mode")):
        return SampleReadError(ReadFailure.UNSUPPORTED_MODE, text)
    return SampleReadError(ReadFailure.CORRUPT, text)


def _orientation(image: Image.Image) -> int | None:
    if image.format not in {"TIFF", "PNG"} and "exif" not in image.info:
        return None
    try:
        value = image.getexif().get(0x0112)
    except Exception:  # damaged EXIF does not make the pixels unreadable
        return None
    return value if isinstance(value, int) and 1 <= value <= 8 else None


def _decode_jpeg(data: bytes, mode: str, factor: int) -> NDArray[Any] | None:
    flags = {"RGB": _REDUCED_COLOUR, "L": _REDUCED_GREY}.get(mode)
    if flags is None:
        return None
    try:
        buffer = np.frombuffer(data, dtype=np.uint8)
        return cv2.imdecode(buffer, flags[factor] | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error:
        return None


_Pixels = tuple[NDArray[Any], float | None]
"""The small image, and the largest stored value where it has more than 8 bits."""


def _decode_pillow(image: Image.Image, factor: int, short_side: int, big: Callable[[], Any] | None) -> _Pixels:
    if image.format in {"JPEG", "MPO"} and factor > 1:
        image.draft(None, (-(-image.width // factor), -(-image.height // factor)))
    elif big is not None and image.width * image.height > BIG_PIXELS:
        with big():
            return _load(image, short_side)
    return _load(image, short_side)


def _load(image: Image.Image, short_side: int) -> _Pixels:
    image.load()
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image)
        return small_on_255(values, short_side, data=True), largest(values)
    if image.mode not in {"L", "RGB"}:
        image = image.convert("L" if image.mode in {"1", "LA", "La"} else "RGB")
    box = max(1, max(image.size) // (2 * MEASURED_SIDE))
    if short_side:
        box = max(1, min(box, min(image.size) // (2 * short_side)))
    if box > 1:
        image = image.reduce(box)
    pixels = np.asarray(image)
    return (pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)), None
