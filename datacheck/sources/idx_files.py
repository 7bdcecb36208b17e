"""Files of the IDX format, in which MNIST and its relatives come: one array of any number of dimensions a file."""

from __future__ import annotations

import gzip
import math
import re
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.errors import SourceError
from datacheck.sources.files import check_regular

IDX_NAME = re.compile(r"(?P<key>.+?)[-_.]idx\d[-_.]ubyte(?P<packed>\.gz)?$", re.IGNORECASE)
"""Names such as ``train-images-idx3-ubyte.gz`` and ``train-images.idx3-ubyte``."""

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
"""The code of each type of number, all of them big-endian."""

_MOST_DIMENSIONS = 4
"""Images of several channels: N, channels, rows, columns."""


def read_idx(path: Path) -> NDArray[Any]:
    """Return the array of a file, packed by gzip or not; bytes are not copied where it is not packed.

    The format is that of LeCun, Cortes and Burges: two zero bytes, the code of a type, the number of dimensions, each
    dimension as a big-endian number of 32 bits, and the values.

    Raises
    ------
    SourceError
        When it is no such file, or was cut off.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "labels-idx1-ubyte"
    >>> _ = path.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1]))
    >>> read_idx(path).tolist()
    [7, 2, 1]
    """
    packed = check_regular(path).suffix.lower() == ".gz"
    try:
        content: Any = gzip.decompress(path.read_bytes()) if packed else np.memmap(path, np.uint8, mode="r")
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise SourceError(f"expected an IDX file in {path}, found: {error}; fetch it again") from None
    head = bytes(content[:4])
    if len(head) < 4 or head[:2] != b"\0\0" or head[2] not in _TYPES or not 1 <= head[3] <= _MOST_DIMENSIONS:
        raise SourceError(f"expected an IDX file in {path}, found another start: {head.hex(' ')}; fetch it again")
    start = 4 + 4 * head[3]
    if len(content) < start:
        raise SourceError(f"expected an IDX file in {path}, found {len(content):,} bytes; fetch it again")
    shape = struct.unpack(f">{head[3]}I", bytes(content[4:start]))
    kind = np.dtype(_TYPES[head[2]])
    expected = start + math.prod(shape) * kind.itemsize
    if len(content) != expected:
        raise SourceError(
            f"expected {expected:,} bytes for {' x '.join(map(str, shape))} values in {path}, found {len(content):,}; "
            "fetch it again"
        )
    values = np.frombuffer(content, np.uint8)[start:] if packed else content[start:]
    array: NDArray[Any] = values.view(kind).reshape(shape)
    return array if kind.itemsize == 1 else array.astype(kind.newbyteorder("="))
