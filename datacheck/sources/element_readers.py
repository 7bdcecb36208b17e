"""Readers for samples that are no files below a root: arrays, shards, archives, Datasets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from datacheck.manifest.readers import FileReader, FileStamp, ReadFailure, SampleContent, SampleReader, SampleReadError

Workers = Literal["process", "thread"]


@dataclass(frozen=True, eq=False)
class ArrayReader:
    """Reads images out of one array or a list of arrays; the uri is the row number.

    Attributes
    ----------
    images
        [N, H, W], [N, H, W, C], [N, C, H, W], or a sequence of N images; uint8, uint16, bool or float.
    channels_first
        Whether each image is [C, H, W].
    scale
        What float pixels are multiplied with to fill 0–255.

    Examples
    --------
    >>> ArrayReader(np.full((2, 3, 4, 5), 0.5), channels_first=True, scale=255.0).read("1").shape
    (4, 5, 3)
    """

    images: Any
    channels_first: bool = False
    scale: float = 1.0
    workers: Workers = "thread"

    def stamp(self, uri: str) -> FileStamp | None:
        """Return None: what is in memory may have changed."""
        return None

    def read(self, uri: str) -> NDArray[np.generic]:
        """Return one image as [H, W] or [H, W, C], uint8 or uint16."""
        return pixels(self.images[_row(uri, len(self.images))], channels_first=self.channels_first, scale=self.scale)


def pixels(image: Any, *, channels_first: bool, scale: float) -> NDArray[np.generic]:
    """Bring one image into [H, W] or [H, W, C] of uint8 or uint16.

    Raises
    ------
    SampleReadError
        When its shape or its values cannot be an image's.
    """
    array = as_array(image)
    if channels_first and array.ndim == 3:
        array = np.moveaxis(array, 0, -1)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)) or 0 in array.shape:
        raise SampleReadError(ReadFailure.UNSUPPORTED_MODE, f"expected [H, W] or [H, W, 3 or 4], found {array.shape}")
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype in (np.uint8, np.uint16):
        return array
    values = array.astype(np.float64) * scale
    low, high = float(values.min()), float(values.max())
    if not (low >= -0.5 and high <= 255.5):
        raise SampleReadError(
            ReadFailure.UNSUPPORTED_MODE,
            f"expected pixels in [0, 1] or [0, 255], found {float(array.min()):.4g} to {float(array.max()):.4g}; "
            "open the dataset without its normalisation",
        )
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def as_array(image: Any) -> NDArray[np.generic]:
    """Return an array, a tensor or a Pillow image as a numpy array."""
    if hasattr(image, "detach"):
        image = image.detach().cpu().numpy()
    return np.asarray(image)


def _row(uri: str, n_rows: int) -> int:
    if not uri.isdecimal() or int(uri) >= n_rows:
        raise SampleReadError(ReadFailure.VANISHED, f"expected a row number below {n_rows}, found {uri!r}")
    return int(uri)


@dataclass(frozen=True, eq=False)
class DatasetReader:
    """Reads items of a map-style Dataset one by one; the uri is the index.

    Attributes
    ----------
    dataset
        Anything with ``__getitem__``.
    image_of
        Picks the image from an item.
    channels_first, scale
        As in `ArrayReader`.
    """

    dataset: Any
    image_of: Callable[[Any], Any]
    channels_first: bool = False
    scale: float = 1.0
    workers: Workers = "thread"

    def stamp(self, uri: str) -> FileStamp | None:
        """Return None: an item is whatever the Dataset makes of it."""
        return None

    def read(self, uri: str) -> NDArray[np.generic]:
        """Return one image; whatever the Dataset raises is the reason why it cannot be read."""
        try:
            image = self.image_of(self.dataset[int(uri)])
            return pixels(image, channels_first=self.channels_first, scale=self.scale)
        except SampleReadError:
            raise
        except Exception as error:
            reason = ReadFailure.VANISHED if isinstance(error, FileNotFoundError) else ReadFailure.CORRUPT
            raise SampleReadError(reason, f"item {uri}: {type(error).__name__}: {error}") from error


@dataclass(frozen=True, eq=False)
class EncodedReader:
    """Reads images as encoded bytes from an Arrow column of ``{bytes, path}``; the uri is the row number.

    Attributes
    ----------
    images
        Struct or binary column.
    rows
        Row of the column for each sample; None where they are the same.
    """

    images: pa.ChunkedArray
    rows: NDArray[np.int64] | None = None
    workers: Workers = "thread"

    def stamp(self, uri: str) -> FileStamp | None:
        """Return None: what is in memory may have changed."""
        return None

    def read(self, uri: str) -> bytes:
        """Return the encoded bytes, or those of the file that stands for them."""
        row = _row(uri, len(self.images if self.rows is None else self.rows))
        row = row if self.rows is None else int(self.rows[row])
        return encoded_bytes(self.images[row].as_py(), root=Path("/"))


def encoded_bytes(image: Any, *, root: Path) -> bytes:
    """Return the bytes of a ``{bytes, path}`` value; a path is read where there are no bytes."""
    if isinstance(image, Mapping):
        inner, path = image.get("bytes"), image.get("path")
        if inner is None and path:
            return FileReader(root).read(path)
        image = inner
    if not isinstance(image, bytes):
        raise SampleReadError(ReadFailure.NOT_AN_IMAGE, "expected encoded bytes, found nothing")
    return image


@dataclass(frozen=True)
class ShardReader:
    """Reads images from a column of Parquet or Arrow shards; the uri is ``shard#row``.

    One row group (or record batch) is kept in each process, so reading in order reads each once.

    Attributes
    ----------
    root
        Folder of the shards.
    column
        Name of the column of encoded images.
    """

    root: Path
    column: str
    workers: Workers = "process"

    def stamp(self, uri: str) -> FileStamp | None:
        """Return the stamp of the shard."""
        return FileReader(self.root).stamp(uri.rpartition("#")[0])

    def read(self, uri: str) -> bytes:
        """Return the encoded bytes of one row."""
        shard, _, number = uri.rpartition("#")
        path = FileReader(self.root).path(shard)
        try:
            starts = _starts(str(path))
            row = _row(number, starts[-1])
            group = int(np.searchsorted(starts, row, side="right")) - 1
            value = _group(str(path), group, self.column)[row - starts[group]].as_py()
        except FileNotFoundError:
            raise SampleReadError(ReadFailure.VANISHED, f"{path}: no such file") from None
        except (OSError, pa.ArrowException) as error:
            raise SampleReadError(ReadFailure.CORRUPT, f"{path}: {error}") from error
        return encoded_bytes(value, root=self.root)


def open_stream(path: str) -> pa.Table:
    """Map an Arrow stream file into memory."""
    with pa.memory_map(path) as file:
        return pa.ipc.open_stream(file).read_all()


@lru_cache(maxsize=64)
def _starts(path: str) -> tuple[int, ...]:
    """First row of each row group or record batch, and the number of rows at the end."""
    if path.endswith(".arrow"):
        sizes = [batch.num_rows for batch in _stream(path).to_batches()]
    else:
        metadata = pq.read_metadata(path)
        sizes = [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)]
    return (0, *(int(end) for end in np.cumsum(sizes)))


@lru_cache(maxsize=16)
def _stream(path: str) -> pa.Table:
    return open_stream(path)


@lru_cache(maxsize=2)
def _group(path: str, number: int, column: str) -> pa.ChunkedArray:
    if path.endswith(".arrow"):
        return pa.chunked_array([_stream(path).to_batches()[number][column]])
    with pq.ParquetFile(path) as file:
        return file.read_row_group(number, columns=[column])[column]


@dataclass(frozen=True, eq=False)
class ChainReader:
    """Reads from several readers; the uri starts with the name of the one, and a slash."""

    readers: Mapping[str, SampleReader]

    @property
    def workers(self) -> Workers:
        """``process`` when every reader is."""
        return "process" if all(reader.workers == "process" for reader in self.readers.values()) else "thread"

    def stamp(self, uri: str) -> FileStamp | None:
        """Return the stamp that the sample's own reader has."""
        name, _, rest = uri.partition("/")
        return self.readers[name].stamp(rest) if name in self.readers else None

    def read(self, uri: str) -> SampleContent:
        """Return what the sample's own reader reads."""
        name, _, rest = uri.partition("/")
        if name not in self.readers:
            raise SampleReadError(ReadFailure.VANISHED, f"expected one of {sorted(self.readers)} before '/': {uri!r}")
        return self.readers[name].read(rest)
