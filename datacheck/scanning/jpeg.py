"""What the segments of a JPEG say, without decoding a pixel."""

from __future__ import annotations

import re
from dataclasses import dataclass

_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_START_OF_FRAME = frozenset((0xC0, 0xC1, 0xC2))
"""Frame headers that decoders support: baseline, extended and progressive."""
_KNOWN = frozenset((0xC3, 0xC4, 0xDA, 0xDB, 0xDD, 0xFE, *_START_OF_FRAME, *range(0xE0, 0xF0)))
"""Segments that occur in JPEG files; any other marker is unexpected."""
_SAYS_NOTHING = frozenset((0xC4, 0xDA, 0xDB, 0xDD, 0xE0, 0xFE))
"""Segments that change neither how the image is shown nor how many there are."""


@dataclass(frozen=True)
class JpegWalk:
    """What a walk over the segments found.

    Attributes
    ----------
    whole
        Every segment and scan is there up to the end marker. False where anything was unexpected on the way: tolerant
        decoders paint over it, a strict one has to judge.
    plain
        Whole, one frame of 8 bits with 1 or 3 components, and nothing else to interpret: no EXIF, profile or further
        picture. Then the fields below are all there is to know.
    width, height, components
        Of the last frame header.
    """

    whole: bool = False
    plain: bool = False
    width: int = 0
    height: int = 0
    components: int = 0


def walk_jpeg(data: bytes) -> JpegWalk:
    r"""Walk every segment and scan to the end marker; those inside an EXIF thumbnail do not count.

    Examples
    --------
    >>> walk_jpeg(b"\xff\xd8 not a JPEG").whole
    False
    """
    position, frames, plain = 2, 0, True
    width = height = components = 0
    while position + 4 <= len(data):
        if data[position] != 0xFF:
            return JpegWalk()
        marker = data[position + 1]
        if marker == 0xD9:
            break
        if marker not in _KNOWN:
            return JpegWalk()
        if marker in _START_OF_FRAME and position + 10 <= len(data):
            frames += 1
            plain &= data[position + 4] == 8
            height = int.from_bytes(data[position + 5 : position + 7], "big")
            width = int.from_bytes(data[position + 7 : position + 9], "big")
            components = data[position + 9]
        elif marker not in _SAYS_NOTHING:
            plain = False
        position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
        if marker == 0xDA:
            found = _MARKER.search(data, position)
            if found is None:
                return JpegWalk()
            position = found.start()
    whole = data[position : position + 2] == b"\xff\xd9"
    plain = plain and whole and frames == 1 and components in {1, 3} and width > 0 and height > 0
    return JpegWalk(whole, plain, width, height, components)
