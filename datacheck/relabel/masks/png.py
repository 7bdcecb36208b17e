"""Writes other samples into a PNG file and leaves all else of it as it is: palette, depth, text, transparency."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datacheck.errors import RelabelError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
"""How every PNG file begins."""

CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Samples a pixel by the colour type: grey, red-green-blue, palette, and grey and colour with transparency."""

_BEST = 9
"""Of zlib: masks are small and written once."""


@dataclass(frozen=True)
class PngKind:
    """How the samples of a PNG file are kept: its size in pixels, bits a sample, and colour type."""

    width: int
    height: int
    depth: int
    colour_type: int

    @property
    def channels(self) -> int:
        """Samples a pixel."""
        return CHANNELS[self.colour_type]


def kind_of_png(data: bytes) -> PngKind:
    """Return how the samples of a PNG file are kept.

    Raises
    ------
    RelabelError
        When it is no PNG file.
    """
    if not data.startswith(SIGNATURE) or len(data) < 33 or data[12:16] != b"IHDR":
        raise RelabelError("expected a PNG file: other formats of masks are not written back")
    width, height, depth, colour_type = struct.unpack(">IIBB", data[16:26])
    if colour_type not in CHANNELS:
        raise RelabelError(f"expected a PNG file, found colour type {colour_type}")
    return PngKind(width, height, depth, colour_type)


def with_samples(data: bytes, samples: NDArray[np.integer]) -> bytes:
    """Return a PNG file with other samples; every other part of it is the same.

    Parameters
    ----------
    data
        The file.
    samples
        [h, w] of grey or palette files, [h, w, channels] of the others, as the file keeps them.

    Raises
    ------
    RelabelError
        When the samples do not fit the file.

    Examples
    --------
    >>> import io
    >>> from PIL import Image
    >>> file = io.BytesIO()
    >>> Image.fromarray(np.zeros((2, 2), np.uint8)).save(file, "PNG")
    >>> other = with_samples(file.getvalue(), np.array([[0, 3], [3, 0]]))
    >>> np.asarray(Image.open(io.BytesIO(other))).tolist()
    [[0, 3], [3, 0]]
    """
    kind = kind_of_png(data)
    expected = (kind.height, kind.width) if kind.channels == 1 else (kind.height, kind.width, kind.channels)
    if samples.shape != expected or samples.min() < 0 or samples.max() >= 1 << kind.depth:
        found = f"{list(samples.shape)} up to {samples.max()}"
        raise RelabelError(f"expected samples of {kind.depth} bits, {list(expected)}, found {found}")
    packed = zlib.compress(_packed(samples.reshape(kind.height, -1), kind.depth), _BEST)
    parts, written = [SIGNATURE], False
    for name, content in _chunks(data):
        if name == b"IHDR":
            content = content[:12] + b"\0"  # rows in their order: what is written is not interlaced
        if name == b"IDAT":
            if written:
                continue
            content, written = packed, True
        parts.append(struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content)))
    if not written:
        raise RelabelError("expected a PNG file with pixels, found none")
    return b"".join(parts)


def _packed(rows: NDArray[np.integer], depth: int) -> bytes:
    """Return rows of samples as the file keeps them before compression: a filter byte of 0, then the bits."""
    if depth == 16:
        kept = np.ascontiguousarray(rows.astype(">u2")).view(np.uint8)
    elif depth == 8:
        kept = rows.astype(np.uint8)
    else:
        bits = (rows[..., None].astype(np.uint8) >> np.arange(depth - 1, -1, -1, dtype=np.uint8)) & 1
        kept = np.packbits(bits.reshape(len(rows), -1), axis=1)
    return np.pad(kept, ((0, 0), (1, 0))).tobytes()


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield name and content of each part of a PNG file."""
    at = len(SIGNATURE)
    while at + 12 <= len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        name, content = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        if len(content) < length:
            raise RelabelError("expected a whole PNG file, found one that was cut off")
        yield name, content
        at += 12 + length
