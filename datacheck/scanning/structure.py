"""Is a file complete? Fast checks of a container's structure, for damage that tolerant decoders do not report."""

from __future__ import annotations

import struct
import zlib

from datacheck.manifest.readers import ReadFailure, SampleReadError
from datacheck.scanning.jpeg import walk_jpeg

_STARTS = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG": "PNG",
    b"GIF8": "GIF",
    b"BM": "BMP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"RIFF": "WebP",
}


def check_structure(data: bytes, image_format: str) -> tuple[bool, int | None]:
    """Return whether the file is known to be complete, and the number of frames where it is known.

    ``False`` means that the structure alone does not show it, and a strict decoder has to decide.

    Raises
    ------
    SampleReadError
        ``truncated`` or ``corrupt``, when the structure shows it.
    """
    if image_format in {"JPEG", "MPO"}:
        return walk_jpeg(data).whole, None if image_format == "MPO" else 1
    if image_format == "PNG":
        return True, _walk_png(data)
    if image_format == "GIF":
        return True, _walk_gif(data)
    if image_format == "WEBP":
        _check_riff(data)
    elif image_format == "BMP":
        _check_bmp(data)
    return False, None


def looks_cut(data: bytes) -> str | None:
    """Say what shows that an undecodable file is only the beginning of an image, or None."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        declared = int.from_bytes(data[4:8], "little") + 8
        return (
            f"the WebP header declares {declared:,} bytes, the file has {len(data):,}" if declared > len(data) else None
        )
    if data[4:12] in (b"ftypavif", b"ftypavis", b"ftypheic", b"ftypmif1"):
        position = 0
        while position + 8 <= len(data):
            position += max(8, int.from_bytes(data[position : position + 4], "big"))
        return f"a box ends at byte {position:,}, the file has {len(data):,}" if position > len(data) else None
    if data[:4] == b"\0\0\1\0":
        entries = [struct.unpack_from("<II", data, at) for at in range(14, min(len(data) - 7, 6 + 16 * data[4]), 16)]
        end = max((size + offset for size, offset in entries), default=22)
        return f"a picture of the icon ends at byte {end:,}, the file has {len(data):,}" if end > len(data) else None
    known = known_start(data)
    if known is not None and len(data) < 64:
        return f"the {known} ends within its header, after {len(data)} bytes"
    return None


def known_start(data: bytes) -> str | None:
    """Name the format whose magic bytes the file starts with."""
    return next((name for start, name in _STARTS.items() if data.startswith(start)), None)


def _truncated(detail: str) -> SampleReadError:
    return SampleReadError(ReadFailure.TRUNCATED, detail)


def _walk_png(data: bytes) -> int:
    """Check that every chunk is there and that the critical ones have not changed; return the number of frames."""
    position, frames, pixels, idat = 8, 1, 0, 0
    while position + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        end = position + 12 + length
        if end > len(data):
            break
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack_from(">IIBB", data, position + 8)
            pixels = height * -(-width * depth * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}.get(colour, 1) // 8)
        if kind == b"acTL" and length >= 4:
            frames = max(1, int.from_bytes(data[position + 8 : position + 12], "big"))
        if kind[0] < 97 and zlib.crc32(data[position + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], "big"):
            raise SampleReadError(ReadFailure.CORRUPT, f"the checksum of the PNG chunk at byte {position:,} is wrong")
        if kind == b"IDAT":
            idat += length
        if kind == b"IEND":
            if pixels > 1040 * (idat + 64):
                raise _truncated(f"{idat:,} bytes of PNG data cannot hold {pixels:,} bytes of pixels")
            return frames
        position = end
    raise _truncated("the PNG ends before its last chunk (IEND)")


def _walk_gif(data: bytes) -> int:
    """Walk the blocks to the trailer; return the number of frames."""
    position = 13 + (3 << ((data[10] & 7) + 1) if data[10] & 0x80 else 0)
    frames = 0
    while position < len(data):
        kind = data[position]
        if kind == 0x3B:
            if not frames:
                raise SampleReadError(ReadFailure.CORRUPT, "the GIF has no image in it")
            return frames
        if kind == 0x21:
            position = _skip_blocks(data, position + 2)
        elif kind == 0x2C and position + 10 <= len(data):
            flags = data[position + 9]
            position = _skip_blocks(data, position + 11 + (3 << ((flags & 7) + 1) if flags & 0x80 else 0))
            frames += 1
        elif kind == 0:
            position += 1
        else:
            raise SampleReadError(ReadFailure.CORRUPT, f"the GIF has an unknown block at byte {position:,}")
    raise _truncated("the GIF ends before its trailer")


def _skip_blocks(data: bytes, position: int) -> int:
    while position < len(data):
        size = data[position]
        position += size + 1
        if size == 0:
            return position
    raise _truncated("the GIF ends inside a block")


def _check_riff(data: bytes) -> None:
    declared = int.from_bytes(data[4:8], "little") + 8
    if declared > len(data) + (declared & 1):
        raise _truncated(f"the WebP header declares {declared:,} bytes, the file has {len(data):,}")


def _check_bmp(data: bytes) -> None:
    offset = int.from_bytes(data[10:14], "little")
    if offset >= len(data):
        raise _truncated(f"the BMP's pixels start at byte {offset:,}, the file has {len(data):,}")
