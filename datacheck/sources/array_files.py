"""Reading ``.npz`` and ``.npy`` files."""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from datacheck.errors import SourceError, did_you_mean
from datacheck.sources.base import SourceOptions
from datacheck.sources.files import check_regular

_IMAGE_KEYS = ("images", "image", "x", "X", "data", "x_train", "arr_0")
_LABEL_KEYS = ("labels", "label", "y", "Y", "targets", "target", "y_train", "arr_1")

_DAMAGED = (zipfile.BadZipFile, zlib.error, struct.error)
"""What a damaged ``.npz`` raises, which is a zip inside."""


def load_arrays(path: Path, options: SourceOptions) -> Any:
    """Return the array of images in a file, with that of the labels where the file holds one and none is given.

    Raises
    ------
    SourceError
        When the file is damaged, holds pickled objects, or no array under a name for images.
    """
    try:
        return _arrays_in(path, options)
    except (ValueError, OSError, EOFError, KeyError, MemoryError, NotImplementedError, *_DAMAGED) as error:
        raise SourceError(f"expected numpy arrays without pickled objects in {path}, found: {error}") from None


def _arrays_in(path: Path, options: SourceOptions) -> Any:
    loaded = np.load(check_regular(path), allow_pickle=False, mmap_mode="r" if path.suffix == ".npy" else None)
    if isinstance(loaded, np.ndarray):
        return loaded
    with loaded:
        image_key = next((key for key in _IMAGE_KEYS if key in loaded.files), None)
        if image_key is None:
            raise SourceError(
                f"expected an array named images, x or data in {path}, found {loaded.files}"
                f"{did_you_mean('images', loaded.files)}"
            )
        label_key = next((key for key in _LABEL_KEYS if key in loaded.files and key != image_key), None)
        images = loaded[image_key]
        return images if label_key is None or options.labels is not None else (images, loaded[label_key])
