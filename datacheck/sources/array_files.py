"""Reading ``.npz`` and ``.npy`` files."""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from datacheck.errors import SourceError, did_you_mean
from datacheck.manifest import HoldsLabels, Inventory, ItemKind, Unread, Used
from datacheck.sources.base import SourceOptions
from datacheck.sources.files import check_regular
from datacheck.sources.split_words import normalise_split

IMAGE_KEYS = ("images", "image", "x", "X", "data", "x_train", "arr_0")
LABEL_KEYS = ("labels", "label", "y", "Y", "targets", "target", "y_train", "arr_1")

_IMAGE_NAMES = ("images", "image", "x", "data")
_LABEL_NAMES = ("labels", "label", "y", "targets", "target")

_SPLIT_KEY = re.compile(
    rf"(?:(?P<split>[a-z]+)_(?P<first>{'|'.join([*_IMAGE_NAMES, *_LABEL_NAMES])})"
    rf"|(?P<last>{'|'.join([*_IMAGE_NAMES, *_LABEL_NAMES])})_(?P<word>[a-z]+))$",
    re.IGNORECASE,
)
"""A split and a role in one name: ``x_train`` as in Keras' files, ``val_images`` as in MedMNIST's."""

_UNREADABLE = (
    *(ValueError, OSError, EOFError, KeyError, TypeError, MemoryError, NotImplementedError),
    *(zipfile.BadZipFile, zlib.error, struct.error),
)
"""What numpy raises for files that are damaged or hold pickled objects; a ``.npz`` is a zip inside."""


@dataclass(frozen=True)
class SplitArrays:
    """The arrays of one split in a file: images, and labels where the file holds any."""

    images: Any
    labels: Any
    inventory: Inventory


def load_splits(path: Path, options: SourceOptions) -> dict[str, SplitArrays]:
    """Return the splits of a ``.npz`` by names such as ``x_train`` and ``x_test``; none without such names.

    Where some splits have labels, the others are named as unread.

    Raises
    ------
    SourceError
        When the file is damaged or holds pickled objects.
    """
    if path.suffix != ".npz" or options.labels is not None or options.split is not None:
        return {}
    try:
        return _splits_in(path)
    except _UNREADABLE as error:
        raise _not_arrays(path, error) from None


def _splits_in(path: Path) -> dict[str, SplitArrays]:
    with np.load(check_regular(path), allow_pickle=False) as loaded:
        roles = {split: keys for split, keys in split_keys(loaded.files).items() if "images" in keys}
        labelled = any("labels" in keys for keys in roles.values())
        roles = {split: keys for split, keys in roles.items() if "labels" in keys or not labelled}
        read = {key for keys in roles.values() for key in keys.values()}
        unread = _unread([key for key in loaded.files if key not in read], labelled=labelled, splits=True)
        found: dict[str, SplitArrays] = {}
        for split, keys in roles.items():
            arrays = {role: loaded[key] for role, key in keys.items()}
            words = {"images": "images or features", "labels": "labels"}
            used = tuple(Used(keys[role], ItemKind.COLUMN, words[role], len(arrays[role])) for role in arrays)
            inventory = Inventory(used, () if found else unread)
            found[split] = SplitArrays(arrays["images"], arrays.get("labels"), inventory)
    return found


def split_keys(names: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return by split the names of the arrays of images and of labels.

    Examples
    --------
    >>> split_keys(["x_train", "y_train", "x_test", "y_test", "mean"])
    {'train': {'images': 'x_train', 'labels': 'y_train'}, 'test': {'images': 'x_test', 'labels': 'y_test'}}
    >>> split_keys(["images", "labels"])
    {}
    """
    found: dict[str, dict[str, str]] = {}
    for name in names:
        match = _SPLIT_KEY.match(name)
        split = None if match is None else normalise_split(match["split"] or match["word"])
        if match is not None and split is not None:
            role = "images" if (match["first"] or match["last"]).lower() in _IMAGE_NAMES else "labels"
            found.setdefault(split, {}).setdefault(role, name)
    return found


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
    except _UNREADABLE as error:
        raise _not_arrays(path, error) from None


def load_array(path: Path) -> Any:
    """Return the array of a ``.npy`` file without reading it into memory.

    Raises
    ------
    SourceError
        When the file is damaged or holds pickled objects.
    """
    try:
        return np.load(check_regular(path), allow_pickle=False, mmap_mode="r")
    except _UNREADABLE as error:
        raise _not_arrays(path, error) from None


def _not_arrays(path: Path, error: Exception) -> SourceError:
    return SourceError(f"expected numpy arrays without pickled objects in {path}, found: {error}")


def _arrays_in(path: Path, options: SourceOptions) -> tuple[Any, Inventory]:
    if path.suffix == ".npy":
        loaded = load_array(path)
        return loaded, Inventory((Used(path.name, ItemKind.FILE, "images or features", len(loaded)),))
    with np.load(check_regular(path), allow_pickle=False) as loaded:
        image_key = next((key for key in IMAGE_KEYS if key in loaded.files), None)
        if image_key is None:
            raise SourceError(
                f"expected an array named images, x or data in {path}, found {loaded.files}"
                f"{did_you_mean('images', loaded.files)}"
            )
        label_key = next((key for key in LABEL_KEYS if key in loaded.files and key != image_key), None)
        images = loaded[image_key]
        labels = None if label_key is None or options.labels is not None else loaded[label_key]
        used = [Used(image_key, ItemKind.COLUMN, "images or features", len(images))]
        used += [] if labels is None else [Used(str(label_key), ItemKind.COLUMN, "labels", len(labels))]
        rest = [key for key in loaded.files if key not in {each.name for each in used}]
        unread = _unread(rest, labelled=labels is not None)
    return images if labels is None else (images, labels), Inventory(tuple(used), unread)


def _unread(keys: Sequence[str], *, labelled: bool, splits: bool = False) -> tuple[Unread, ...]:
    """Return the other arrays of a file: each may be the labels, where none were read, or another split."""
    reason = (
        "no split's images with their labels"
        if splits
        else "one array of images and one of labels were read; open the others as splits, in a mapping"
    )
    labels = HoldsLabels.NO if labelled else HoldsLabels.MAYBE
    return tuple(Unread(key, ItemKind.COLUMN, reason, labels) for key in keys)
