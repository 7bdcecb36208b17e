"""From one sample's content to a small upright image and what its header says."""

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
from datacheck.scanning.structure import check_structure, known_start, looks_cut

MEASURED_SIDE = 256
"""Every property is measured on the image shrunk, by area averaging, to at most this many pixels on its long side."""

MAX_PIXELS = 1 << 29
"""Images of more pixels are refused as decompression bombs; 20,000 x 20,000 is below it."""

BIG_PIXELS = 1 << 26
"""Images of more pixels, when they cannot be decoded at a smaller scale, are decoded one at a time."""

_TRANSPOSE = {
    2: (None, 1), 3: (cv2.ROTATE_180, None), 4: (None, 0), 5: (cv2.ROTATE_90_CLOCKWISE, 1),
    6: (cv2.ROTATE_90_CLOCKWISE, None), 7: (cv2.ROTATE_90_COUNTERCLOCKWISE, 1),
    8: (cv2.ROTATE_90_COUNTERCLOCKWISE, None),
}  # fmt: skip
_REDUCED_COLOUR = {1: cv2.IMREAD_COLOR, 2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4,
                   8: cv2.IMREAD_REDUCED_COLOR_8}  # fmt: skip
_REDUCED_GREY = {1: cv2.IMREAD_GRAYSCALE, 2: cv2.IMREAD_REDUCED_GRAYSCALE_2, 4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
                 8: cv2.IMREAD_REDUCED_GRAYSCALE_8}  # fmt: skip
_RANGES = ((1.0, 255.0), (255.0, 1.0), (65535.0, 1.0 / 257.0))


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
    """

    small: NDArray[Any]
    width: int
    height: int
    mode: str
    format: str
    n_frames: int
    exif_orientation: int | None


def decode_bytes(
    data: bytes,
    *,
    short_side: int = 0,
    max_pixels: int = MAX_PIXELS,
    big: Callable[[], Any] | None = None,
) -> Decoded:
    """Decode an encoded image at the smallest scale that still serves.

    Transparency is dropped, as ``PIL.Image.convert("RGB")`` and ``cv2.imread`` drop it: what is measured is what a
    training loader sees. 16-bit values are divided by 257, not cut off at 255.

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
    complete, n_frames = check_structure(data, image_format)
    orientation = _orientation(image)
    if image_format == "TIFF" and (orientation or 1) >= 5:  # Pillow turns the size as well
        tags: Any = getattr(image, "tag_v2", {})
        width, height = int(tags.get(256, width)), int(tags.get(257, height))
    if n_frames is None:
        n_frames = _guard(lambda: int(getattr(image, "n_frames", 1)), data)
    factor = _factor(width, height, short_side)
    small = _decode_jpeg(data, mode, factor) if complete and image_format in {"JPEG", "MPO"} else None
    if small is None:
        small = _guard(partial(_decode_pillow, image, factor, short_side, big), data)
    # Pillow turns TIFF and AVIF upright by itself while it loads them.
    turned = orientation if image_format not in {"TIFF", "AVIF"} else 1
    small = upright(_shrink(small, short_side), turned or 1)
    return Decoded(small, width, height, mode, image_format, n_frames, orientation)


def _decode_plain_jpeg(data: bytes, short_side: int, max_pixels: int) -> Decoded | None:
    """Decode a JPEG whose segments say all there is to know; None for every other one."""
    walk = walk_jpeg(data)
    if not walk.plain:
        return None
    _refuse_bomb(walk.width, walk.height, max_pixels)
    mode = "RGB" if walk.components == 3 else "L"
    small = _decode_jpeg(data, mode, _factor(walk.width, walk.height, short_side))
    if small is None:
        return None
    return Decoded(_shrink(small, short_side), walk.width, walk.height, mode, "JPEG", 1, None)


def _refuse_bomb(width: int, height: int, max_pixels: int) -> None:
    if width * height > max_pixels:
        raise SampleReadError(
            ReadFailure.DECOMPRESSION_BOMB,
            f"the header declares {width:,} x {height:,} pixels, more than the limit of {max_pixels:,}",
        )


def decode_array(array: NDArray[Any], *, short_side: int = 0) -> Decoded:
    """Take pixels that are already decoded: [H, W], or [H, W, C] with 1 to 4 channels in red-green-blue order.

    uint8 counts from 0 to 255 and uint16 to 65,535; for every other type the largest value tells the range: up to 1,
    up to 255, or up to 65,535.

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
    scaled = _to_255(_shrink(_machine_type(planes), short_side), array)
    name = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[channels]
    if array.dtype != np.uint8:
        name = f"{'F' if array.dtype.kind == 'f' else name};{array.dtype.itemsize * 8}"
    return Decoded(scaled, array.shape[1], array.shape[0], name, "array", 1, None)


def upright(image: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Undo an EXIF orientation (1 to 8)."""
    rotation, flip = _TRANSPOSE.get(orientation, (None, None))
    if rotation is not None:
        image = cv2.rotate(image, rotation)
    return image if flip is None else cv2.flip(image, flip)


def stretch(image: NDArray[Any], width: int, height: int) -> NDArray[Any]:
    """Resize to exactly this size: area averaging when shrinking, bilinear when growing; the aspect may change."""
    if image.shape[1] == width and image.shape[0] == height:
        return image
    shrinking = width <= image.shape[1] and height <= image.shape[0]
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR)


def fit(image: NDArray[Any], side: int) -> NDArray[Any]:
    """Shrink to at most ``side`` pixels on the long side; never grow."""
    height, width = image.shape[:2]
    longest = max(width, height)
    if longest <= side:
        return image
    return stretch(image, max(1, round(width * side / longest)), max(1, round(height * side / longest)))


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
    """Run a decoder; whatever it raises becomes a `SampleReadError`."""
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


def _factor(width: int, height: int, short_side: int) -> int:
    """How far the decoder may shrink: a power of two that leaves the measured and the short side their pixels."""
    factor = 1
    while (
        factor < 8
        and max(width, height) >= 2 * factor * MEASURED_SIDE
        and min(width, height) >= 2 * factor * short_side
    ):
        factor *= 2
    return factor


def _decode_jpeg(data: bytes, mode: str, factor: int) -> NDArray[Any] | None:
    flags = {"RGB": _REDUCED_COLOUR, "L": _REDUCED_GREY}.get(mode)
    if flags is None:
        return None
    try:
        buffer = np.frombuffer(data, dtype=np.uint8)
        return cv2.imdecode(buffer, flags[factor] | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error:
        return None


def _decode_pillow(image: Image.Image, factor: int, short_side: int, big: Callable[[], Any] | None) -> NDArray[Any]:
    if image.format in {"JPEG", "MPO"} and factor > 1:
        image.draft(None, (-(-image.width // factor), -(-image.height // factor)))
    elif big is not None and image.width * image.height > BIG_PIXELS:
        with big():
            return _load(image, short_side)
    return _load(image, short_side)


def _load(image: Image.Image, short_side: int) -> NDArray[Any]:
    image.load()
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image)
        return _to_255(_shrink(_machine_type(values), short_side), values)
    if image.mode not in {"L", "RGB"}:
        image = image.convert("L" if image.mode in {"1", "LA", "La"} else "RGB")
    box = max(1, max(image.size) // (2 * MEASURED_SIDE))
    if short_side:
        box = max(1, min(box, min(image.size) // (2 * short_side)))
    if box > 1:
        image = image.reduce(box)
    pixels = np.asarray(image)
    return pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)


def _shrink(image: NDArray[Any], short_side: int) -> NDArray[Any]:
    height, width = image.shape[:2]
    longest = max(width, height)
    if longest <= MEASURED_SIDE or (short_side and min(width, height) < 2 * short_side):
        return np.ascontiguousarray(image)
    side = MEASURED_SIDE if not short_side else max(MEASURED_SIDE, -(-short_side * longest // min(width, height)))
    return np.ascontiguousarray(fit(image, side))


def _machine_type(values: NDArray[Any]) -> NDArray[Any]:
    """Return the values in a type that OpenCV resizes, unchanged in range."""
    if values.dtype in (np.uint8, np.uint16):
        return np.ascontiguousarray(values)
    if values.dtype.kind not in "buif":
        raise SampleReadError(ReadFailure.UNSUPPORTED_MODE, f"expected numbers, found {values.dtype}")
    return np.ascontiguousarray(values, dtype=np.float32)


def _to_255(small: NDArray[Any], source: NDArray[Any]) -> NDArray[Any]:
    if small.dtype == np.uint8:
        return small
    if small.dtype == np.uint16:
        return small.astype(np.float32) / np.float32(257)
    low, high = float(source.min()), float(source.max())
    if source.dtype == np.bool_:
        high = 1.0
    for limit, scale in _RANGES:
        if low >= 0.0 and high <= limit:
            return small * np.float32(scale)
    raise SampleReadError(
        ReadFailure.UNSUPPORTED_MODE,
        f"expected values from 0 to 1, 255 or 65,535, found {low:g} to {high:g} in {source.dtype}",
    )
