"""The unit of work: some samples in, their measurements out. A pure function, whoever runs it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any

import cv2
import numpy as np
import xxhash
from numpy.typing import NDArray

from datacheck.errors import DatacheckError
from datacheck.manifest.readers import ReadFailure, SampleContent, SampleReader, SampleReadError
from datacheck.scanning.decode import MAX_PIXELS, Decoded, decode_array, decode_bytes
from datacheck.scanning.measure import HASH_SIDE, perceptual_hashes, properties, raw_measures
from datacheck.scanning.resizing import MEASURED_SIDE, fit, stretch
from datacheck.scanning.signature import SIGNATURE_LENGTH

SAME = "same"
"""Stands in ``error`` of a row whose bytes are those that were measured before; nothing else of it is filled in."""

PROPERTY_NAMES = (
    "brightness", "brightness_p01", "brightness_p99", "contrast", "entropy", "colourfulness", "greyscale",
    "mean_red", "mean_green", "mean_blue", "std_red", "std_green", "std_blue",
)  # fmt: skip


@dataclass(frozen=True)
class ShardSettings:
    """What to make of each sample.

    Attributes
    ----------
    reader
        Reaches the samples.
    thumbnail_side
        Long side of the thumbnails in pixels; 0 for none.
    thumbnails_from
        Only samples of so many bytes get one.
    pixels
        Side of the fixed-size pixels; 0 for none.
    max_pixels
        More are refused as a decompression bomb.
    """

    reader: SampleReader
    thumbnail_side: int = 128
    thumbnails_from: int = 0
    pixels: int = 0
    max_pixels: int = MAX_PIXELS


@dataclass(frozen=True)
class ShardResult:
    """The measurements of some samples, in the order in which they were asked for.

    Attributes
    ----------
    columns
        Lists and arrays by column name, each of length n; None or NaN where there is nothing.
    thumbnails
        JPEG bytes, or None; length n.
    pixels
        uint8 red-green-blue, shape [n, S, S, 3], zeros where unreadable; None where not asked for.
    """

    columns: dict[str, Any]
    thumbnails: list[bytes | None]
    pixels: NDArray[np.uint8] | None

    def __len__(self) -> int:
        return len(self.columns["error"])


@dataclass
class _Rows:
    """Grows by a row a sample."""

    heads: list[tuple[Any, ...]] = field(default_factory=list)
    histograms: list[NDArray[np.float32]] = field(default_factory=list)
    moments: list[NDArray[np.float64]] = field(default_factory=list)
    hash_inputs: list[NDArray[np.float32]] = field(default_factory=list)
    measured: list[int] = field(default_factory=list)
    thumbnails: list[bytes | None] = field(default_factory=list)


HEAD = (
    "readable", "error", "error_detail", "byte_size", "width", "height", "mode", "format", "n_frames",
    "exif_orientation", "max_value", "content_hash", "sharpness",
)  # fmt: skip


def shard(
    uris: Sequence[str],
    known: Sequence[str | None],
    settings: ShardSettings,
    *,
    started: Callable[[int], None] | None = None,
    big: Callable[[], AbstractContextManager[None]] | None = None,
) -> ShardResult:
    """Read, decode and measure some samples, each once.

    Parameters
    ----------
    uris
        Where the samples are.
    known
        The content hash that each sample had when it was last measured, or None: a sample that still has it is not
        decoded again, its row says `SAME`.
    settings
        What to make of each.
    started
        Called with its position before each sample.
    big
        Returns a context manager that is held while a big image is decoded at full size.

    Examples
    --------
    >>> from pathlib import Path
    >>> from datacheck.manifest.readers import FileReader
    >>> result = shard(["nowhere.png"], [None], ShardSettings(FileReader(Path("/nonexistent"))))
    >>> result.columns["readable"], result.columns["error"]
    ([False], ['vanished'])
    """
    rows = _Rows()
    pixels = np.zeros((len(uris), settings.pixels, settings.pixels, 3), np.uint8) if settings.pixels else None
    for position, fetch in enumerate(_fetches(settings.reader, uris)):
        if started is not None:
            started(position)
        content_hash, size, decoded = None, None, None
        try:
            content = fetch()
            size, content_hash = identify(content)
            if content_hash == known[position] is not None:
                rows.heads.append((False, SAME, None, size, *[None] * 7, content_hash, None))
                rows.thumbnails.append(None)
                continue
            decoded = _decode(content, settings, big)
        except SampleReadError as error:
            rows.heads.append((False, error.reason.value, error.detail, size, *[None] * 7, content_hash, None))
            rows.thumbnails.append(None)
            continue
        _measure(rows, position, decoded, (size, content_hash), settings, pixels)
    return ShardResult(_columns(rows), rows.thumbnails, pixels)


def failed(n_rows: int, reason: ReadFailure, detail: str, pixels: int) -> ShardResult:
    """Return the result of samples that could not even be tried."""
    rows = _Rows(thumbnails=[None] * n_rows)
    rows.heads = [(False, reason.value, detail, *[None] * 10)] * n_rows
    return ShardResult(
        _columns(rows), rows.thumbnails, np.zeros((n_rows, pixels, pixels, 3), np.uint8) if pixels else None
    )


def merge(results: Sequence[ShardResult]) -> ShardResult:
    """Join shard results end to end; the whole is what one shard over all the samples gives."""
    first = results[0]
    columns = {
        name: np.concatenate([result.columns[name] for result in results])
        if isinstance(values, np.ndarray)
        else [value for result in results for value in result.columns[name]]
        for name, values in first.columns.items()
    }
    stacks = [result.pixels for result in results if result.pixels is not None]
    return ShardResult(
        columns,
        [thumbnail for result in results for thumbnail in result.thumbnails],
        np.concatenate(stacks) if stacks else None,
    )


def _fetches(reader: SampleReader, uris: Sequence[str]) -> Iterator[Callable[[], SampleContent]]:
    """Yield a function a sample that returns its content; a reader that says so is asked for some samples ahead."""
    ahead = getattr(reader, "ahead", 0)
    if not ahead:
        yield from (partial(_read, reader, uri) for uri in uris)
        return
    waiting = iter(uris)
    with ThreadPoolExecutor(ahead) as pool:
        asked = deque(pool.submit(_read, reader, uri) for uri in islice(waiting, ahead))
        while asked:
            yield asked.popleft().result
            asked.extend(pool.submit(_read, reader, uri) for uri in islice(waiting, 1))


def _read(reader: SampleReader, uri: str) -> SampleContent:
    try:
        return reader.read(uri)
    except (SampleReadError, DatacheckError, KeyboardInterrupt):
        raise
    except Exception as error:  # a user's data set may raise anything
        raise SampleReadError(ReadFailure.CORRUPT, f"reading failed with {type(error).__name__}: {error}") from None


def identify(content: SampleContent) -> tuple[int, str]:
    """Return the size in bytes and the xxh3-128 of the bytes (for arrays: of dtype, shape and pixels)."""
    if isinstance(content, np.ndarray):
        array = np.ascontiguousarray(content)
        state = xxhash.xxh3_128(f"{array.dtype.str}{array.shape}".encode())
        state.update(array.data if array.dtype != object and array.size else b"")
        return array.nbytes, state.hexdigest()
    return len(content), xxhash.xxh3_128_hexdigest(content)


def _decode(
    content: SampleContent, settings: ShardSettings, big: Callable[[], AbstractContextManager[None]] | None
) -> Decoded:
    try:
        if isinstance(content, np.ndarray):
            return decode_array(content, short_side=settings.pixels)
        return decode_bytes(content, short_side=settings.pixels, max_pixels=settings.max_pixels, big=big)
    except (SampleReadError, KeyboardInterrupt):
        raise
    except MemoryError:
        raise SampleReadError(ReadFailure.DECOMPRESSION_BOMB, "decoding ran out of memory") from None
    except Exception as error:  # a decoder's surprise is this file's row, not the end of the scan
        raise SampleReadError(ReadFailure.CORRUPT, f"{type(error).__name__}: {error}") from None


def _measure(
    rows: _Rows,
    position: int,
    decoded: Decoded,
    identity: tuple[int, str],
    settings: ShardSettings,
    pixels: NDArray[np.uint8] | None,
) -> None:
    """Add one sample's row; ``identity`` is its size in bytes and content hash."""
    size, content_hash = identity
    small = fit(decoded.small, MEASURED_SIDE)
    histogram, moments, sharpness, hash_input = raw_measures(small)
    rows.histograms.append(histogram)
    rows.moments.append(moments)
    rows.hash_inputs.append(hash_input)
    rows.measured.append(position)
    rows.heads.append(
        (True, None, None, size, decoded.width, decoded.height, decoded.mode, decoded.format, decoded.n_frames,
         decoded.exif_orientation, decoded.max_value, content_hash, sharpness)
    )  # fmt: skip
    kept = settings.thumbnail_side and size >= settings.thumbnails_from
    rows.thumbnails.append(_thumbnail(small, settings.thumbnail_side) if kept else None)
    if pixels is not None:
        square = _as_uint8(stretch(decoded.small, settings.pixels, settings.pixels))
        pixels[position] = square[..., None] if square.ndim == 2 else square[..., ::-1]


def thumbnail(content: bytes, side: int) -> bytes:
    """Return the thumbnail of an encoded image, as `shard` makes it; raise `SampleReadError` where it is damaged."""
    return _thumbnail(fit(decode_bytes(content).small, MEASURED_SIDE), side)


def _thumbnail(small: NDArray[Any], side: int) -> bytes:
    return cv2.imencode(".jpg", _as_uint8(fit(small, side)), (cv2.IMWRITE_JPEG_QUALITY, 80))[1].tobytes()


def _as_uint8(image: NDArray[Any]) -> NDArray[np.uint8]:
    return image if image.dtype == np.uint8 else np.clip(np.rint(image), 0, 255).astype(np.uint8)


def _columns(rows: _Rows) -> dict[str, Any]:
    columns: dict[str, Any] = {name: [head[position] for head in rows.heads] for position, name in enumerate(HEAD)}
    n_rows = len(rows.heads)
    histograms = np.array(rows.histograms, np.float32).reshape(-1, 256)
    moments = np.array(rows.moments, np.float64).reshape(-1, 9)
    measured = properties(histograms, moments)
    for name in PROPERTY_NAMES:
        spread = np.full(n_rows, np.nan)
        spread[rows.measured] = measured[name]
        columns[name] = spread
    grey = np.array(rows.hash_inputs, np.float32).reshape(-1, HASH_SIDE, HASH_SIDE)
    hashes, signatures, informative = perceptual_hashes(grey)
    columns["perceptual_hash"] = np.zeros(n_rows, np.uint64)
    columns["perceptual_hash"][rows.measured] = hashes
    columns["perceptual_signature"] = np.zeros((n_rows, SIGNATURE_LENGTH), np.int8)
    columns["perceptual_signature"][rows.measured] = signatures
    columns["hashed"] = np.zeros(n_rows, bool)
    columns["hashed"][rows.measured] = informative
    return columns
