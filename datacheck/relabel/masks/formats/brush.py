"""Label Studio's brush format: run lengths of a picture with four bytes a pixel, packed bit by bit.

The packing is that of the library ``@thi.ng/rle-pack``, which Label Studio's editor uses: 32 bits for the number of
bytes, 5 for the bits of a byte (less 1), four times 4 for the bits of a count (less 1). Then, for each piece: a bit
that says whether one byte is repeated, 2 bits for which of the four kinds of counts follows, the count (less 1), and
the byte, or so many bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

_COUNT_BITS = (3, 4, 8, 16)
"""Bits of the four kinds of counts, as Label Studio writes them."""

_CHANNELS = 4
"""Bytes a pixel: red, green, blue, and how opaque; the last says whether a pixel is painted."""

_OPAQUE = 255
"""A painted pixel's bytes."""

_PAINTED = 128
"""A pixel counts as painted from half opaque on: the editor's brushes have soft borders."""

_LARGEST = 1 << 28
"""Bytes of a picture that are unpacked at most: 67 million pixels."""


def pack_brush(inside: NDArray[np.bool_]) -> list[int]:
    """Return a region [h, w] in Label Studio's brush format, a list of bytes.

    Examples
    --------
    >>> pack_brush(np.array([[False, True]]))
    [0, 0, 0, 8, 57, 27, 252, 96, 17, 255, 128]
    """
    flat = np.repeat(np.asarray(inside, dtype=bool).ravel(), _CHANNELS)
    edges = [0, *(np.flatnonzero(np.diff(flat)) + 1).tolist(), len(flat)]
    bits = [f"{len(flat):032b}", f"{7:05b}", *(f"{size - 1:04b}" for size in _COUNT_BITS)]
    most = 1 << _COUNT_BITS[-1]
    for start, end in pairwise(edges):
        byte = f"{_OPAQUE if flat[start] else 0:08b}" if end > start else ""
        while start < end:
            count = min(end - start, most)
            kind = next(k for k, size in enumerate(_COUNT_BITS) if count <= 1 << size)
            bits.append(f"1{kind:02b}{count - 1:0{_COUNT_BITS[kind]}b}{byte}")
            start += count
    text = "".join(bits)
    text += "0" * (-len(text) % 8)
    packed = np.frombuffer(text.encode(), dtype=np.uint8) - ord("0")
    return np.packbits(packed).tolist()


def unpack_brush(packed: Sequence[int], height: int, width: int) -> NDArray[np.bool_]:
    """Return the region of a brush, [h, w].

    Raises
    ------
    ValueError
        When it is damaged, or of another size.

    Examples
    --------
    >>> unpack_brush(pack_brush(np.array([[False, True], [True, True]])), 2, 2).astype(int).tolist()
    [[0, 1], [1, 1]]
    """
    try:
        bits = np.unpackbits(np.asarray(packed, dtype=np.uint8))
    except (OverflowError, TypeError, ValueError):
        raise ValueError("expected a list of bytes") from None
    reader = _Bits(bits)
    size = reader.number(32)
    if size != height * width * _CHANNELS or size > _LARGEST:
        raise ValueError(f"expected {width} x {height} pixels of {_CHANNELS} bytes, found {size:,} bytes")
    word = reader.number(5) + 1
    counts = [reader.number(4) + 1 for _ in range(4)]
    if word != 8:
        raise ValueError(f"expected bytes of 8 bits, found {word}")
    found = np.empty(size, dtype=np.uint8)
    at = 0
    while at < size:
        repeated = reader.number(1)
        count = reader.number(counts[reader.number(2)]) + 1
        if at + count > size:
            raise ValueError("expected runs of the size of the picture, found longer ones")
        found[at : at + count] = reader.number(8) if repeated else reader.bytes(count)
        at += count
    return np.asarray(found.reshape(height, width, _CHANNELS)[..., -1] >= _PAINTED)


class _Bits:
    """Reads numbers from bits, the highest first."""

    def __init__(self, bits: NDArray[np.uint8]) -> None:
        self._bits, self._at = bits, 0

    def _next(self, count: int) -> NDArray[np.uint8]:
        if self._at + count > len(self._bits):
            raise ValueError("expected a whole brush, found one that was cut off")
        self._at += count
        return self._bits[self._at - count : self._at]

    def number(self, count: int) -> int:
        """Return a number of so many bits."""
        value = 0
        for bit in self._next(count).tolist():
            value = value << 1 | bit
        return value

    def bytes(self, count: int) -> NDArray[np.uint8]:
        """Return so many bytes."""
        return np.packbits(self._next(8 * count))
