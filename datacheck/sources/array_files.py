"""Reading ``.npz`` and ``.npy`` files."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from datacheck.errors import SourceError, did_you_mean
from datacheck.manifest import HoldsLabels, Inventory, ItemKind, Unread, Used
from datacheck.sources.base import SourceOptions
from datacheck.sources.files import check_regular

_IMAGE_KEYS = ("images", "image", "x", "X", "data", "x_train", "arr_0")
_LABEL_KEYS = ("labels", "label", "y", "Y", "targets", "target", "y_train", "arr_1")

_DAMAGED = (zipfile.BadZipFile, zlib.error, struct.error)
"""What a damaged ``.npz`` raises, which is a zip inside."""


def load_arrays(path: Path, options: SourceOptions) -> tuple[Any, Inventory]:
    """Return the array of images in a file, with that of the labels where the file holds one and none is given.

    The inventory says which arrays of the file were read, and which were not.

    Raises
    ------
    SourceError
        When the file is damaged, holds pickled objects, or no array under a name for images.
    """
    try:
        return _arrays_in(path, options)
    except (ValueError, OSError, EOFError, KeyError, TypeError, MemoryError, NotImplementedError, *_DAMAGED) as error:
        raise SourceError(f"expected numpy arrays without pickled objects in {path}, found: {error}") from None


def _arrays_in(path: Path, options: SourceOptions) -> tuple[Any, Inventory]:
    loaded = np.load(check_regular(path), allow_pickle=False, mmap_mode="r" if path.suffix == ".npy" else None)
    if isinstance(loaded, np.ndarray):
        return loaded, Inventory((Used(path.name, ItemKind.FILE, "images or features", len(loaded)),))
    with loaded:
        image_key = next((key for key in _IMAGE_KEYS if key in loaded.files), None)
        if image_key is None:
            raise SourceError(
                f"expected an array named images, x or data in {path}, found {loaded.files}"
                f"{did_you_mean('images', loaded.files)}"
            )
        label_key = next((key for key in _LABEL_KEYS if key in loaded.files and key != image_key), None)
        images = loaded[image_key]
        labels = None if label_key is None or options.labels is not None else loaded[label_key]
        used = [Used(image_key, ItemKind.COLUMN, "images or features", len(images))]
        used += [] if labels is None else [Used(str(label_key), ItemKind.COLUMN, "labels", len(labels))]
        rest = [key for key in loaded.files if key not in {each.name for each in used}]
        unread = _unread(rest, labelled=labels is not None)
    return images if labels is None else (images, labels), Inventory(tuple(used), unread)


def _unread(keys: Sequence[str], *, labelled: bool) -> tuple[Unread, ...]:
    """Return the other arrays of a file: each may be the labels, where none were read, or another split."""
    reason = "one array of images and one of labels were read; open the others as splits, in a mapping"
    labels = HoldsLabels.NO if labelled else HoldsLabels.MAYBE
    return tuple(Unread(key, ItemKind.COLUMN, reason, labels) for key in keys)
