"""Reading images that are in memory, or that a Dataset makes: arrays, lists of arrays, items."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.errors import SourceError
from datacheck.manifest.readers import FileStamp, ReadFailure, SampleReadError, Workers
from datacheck.manifest.shards import row_number

_CHANNELS = (1, 3, 4)
"""Grey, colour, and colour with alpha."""

_ROUNDING = 0.5
"""How far beyond 0–255 a float pixel may lie: it still rounds to a value within."""


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
        image = self.images[row_number(uri, len(self.images))]
        return pixels(image, channels_first=self.channels_first, scale=self.scale)


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
    if not (low >= -_ROUNDING and high <= 255 + _ROUNDING):
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


@dataclass(frozen=True)
class ItemPart:
    """Picks one part of an item, the item itself where ``key`` is None; can be sent to other processes."""

    key: Any

    def __call__(self, item: Any) -> Any:
        """Return the part."""
        return item if self.key is None else item[self.key]


def item_at(dataset: Any, row: int) -> Any:
    """Return an item of a Dataset.

    Raises
    ------
    SourceError
        Whatever the Dataset raises is its reason.
    """
    try:
        return dataset[row]
    except Exception as error:
        raise SourceError(
            f"expected an item at index {row} of the Dataset {type(dataset).__name__}, found "
            f"{type(error).__name__}: {error}"
        ) from error


def is_channels_first(shape: tuple[int, ...], *, where: str) -> bool:
    """Tell apart [C, H, W] from [H, W] and [H, W, C].

    Examples
    --------
    >>> is_channels_first((3, 32, 32), where="images"), is_channels_first((32, 32, 3), where="images")
    (True, False)
    """
    if len(shape) == 2:
        return False
    if len(shape) == 3:
        last, first = shape[2] in _CHANNELS, shape[0] in _CHANNELS
        if last != first:
            return first
        if last:
            if shape[0] == shape[2] or shape[1] in _CHANNELS:
                raise SourceError(
                    f"{where}: cannot tell [C, H, W] from [H, W, C] in the shape {shape}; "
                    "pass uint8 images as [N, H, W] or larger ones"
                )
            return shape[0] > shape[2]
    raise SourceError(
        f"{where}: expected each to be [H, W], [H, W, C] or [C, H, W] with 1, 3 or 4 channels, found shape {shape}"
    )


def item_reader(dataset: Any, key: Any, images: Sequence[Any]) -> DatasetReader:
    """Return a reader of the images of a Dataset: the part ``key`` of each item; ``images`` are the first of them."""
    some = [as_array(image) for image in images]
    name = type(dataset).__name__
    in_unit = all(image.dtype.kind == "f" and image.size and float(image.max()) <= 1.0 for image in some)
    return DatasetReader(
        dataset,
        ItemPart(key),
        channels_first=any(image.ndim == 3 and is_channels_first(image.shape, where=name) for image in some),
        scale=255.0 if in_unit else 1.0,
    )
