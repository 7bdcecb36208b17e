"""A folder of array files without images: ``X_train.npy`` with ``y_train.npy``, or MNIST's files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from datacheck.errors import SourceError
from datacheck.manifest import Inventory, ItemKind, Manifest, Used
from datacheck.sources.array_files import IMAGE_KEYS, LABEL_KEYS, load_array, split_keys
from datacheck.sources.arrays import arrays_manifest, open_arrays
from datacheck.sources.base import SourceOptions
from datacheck.sources.folder_inventory import unread_files
from datacheck.sources.idx_files import IDX_NAME, read_idx
from datacheck.sources.split_words import normalise_split
from datacheck.sources.splits import join_splits

_WORDS = {"t10k": "test"}
"""What MNIST calls its 10,000 test images."""


@dataclass(frozen=True)
class _Roles:
    """The files of one split, or of all; ``labels`` is None where there are none."""

    images: str
    labels: str | None


def open_array_folder(root: Path, others: Sequence[str], options: SourceOptions) -> Manifest | None:
    """Open the array files of one folder whose names say images and labels; None where there are none.

    Raises
    ------
    SourceError
        When a file is damaged or holds pickled objects, or images and labels differ in number.
    """
    roles = _roles(_keys(others))
    if not roles:
        return _packed(root, others, options)
    if options.labels is not None:
        raise SourceError("expected the labels once, found them in the folder and in labels=; drop one")
    took_for = f"a folder of arrays ({root})"
    opened = {}
    for split, names in roles.items():
        labels = None if names.labels is None else _load(root, names.labels)
        manifest = arrays_manifest(_load(root, names.images), labels, options, took_for=took_for)
        used = [Used(names.images, ItemKind.FILE, "images or features", len(manifest))]
        used += [] if names.labels is None else [Used(names.labels, ItemKind.FILE, "labels", len(manifest))]
        opened[split] = replace(manifest, inventory=Inventory(tuple(used)))
    manifest = join_splits(opened) if list(opened) != [""] else opened[""]
    read = {name for names in roles.values() for name in (names.images, names.labels)}
    unread = unread_files((name for name in others if name not in read), "no split's images with their labels")
    return replace(manifest, inventory=manifest.inventory + Inventory(unread=unread))


def _packed(root: Path, others: Sequence[str], options: SourceOptions) -> Manifest | None:
    """Open the only ``.npz`` of a folder, or one a split."""
    names = sorted(name for name in others if name.lower().endswith(".npz"))
    splits = {split: name for name in names if (split := normalise_split(PurePosixPath(name).stem))}
    if len(names) == 1:
        manifest = open_arrays(root / names[0], options)
    elif names and len(splits) == len(names):
        manifest = join_splits({split: open_arrays(root / name, options) for split, name in splits.items()})
    else:
        return None
    unread = unread_files((name for name in others if name not in names), "the arrays of a .npz were read")
    return replace(manifest, inventory=manifest.inventory + Inventory(unread=unread))


def _keys(others: Sequence[str]) -> dict[str, str]:
    """Return the array files of the one folder that holds any, by names such as ``train_images``.

    Examples
    --------
    >>> _keys(["raw/t10k-labels-idx1-ubyte", "raw/t10k-labels-idx1-ubyte.gz", "a.txt"])
    {'test_labels': 'raw/t10k-labels-idx1-ubyte'}
    >>> _keys(["a/x.npy", "b/x.npy"])
    {}
    """
    found: dict[str, str] = {}
    for name in sorted(others, reverse=True):  # what is unpacked comes after what is packed, and takes its place
        base = PurePosixPath(name).name
        match = IDX_NAME.fullmatch(base)
        if match is not None:
            words = re.split(r"[-_.]", match["key"].lower())
            found["_".join(_WORDS.get(word, word) for word in words)] = name
        elif base.lower().endswith(".npy"):
            found[base[:-4]] = name
    folders = {PurePosixPath(name).parent for name in others if _is_array_name(name)}
    if len(folders) != 1:
        return {}
    return found if split_keys(list(found)) or len(found) < 2 else _without_shared_words(found)


def _is_array_name(name: str) -> bool:
    return name.lower().endswith(".npy") or IDX_NAME.fullmatch(PurePosixPath(name).name) is not None


def _without_shared_words(found: Mapping[str, str]) -> dict[str, str]:
    """Return files by their names without the words that all begin with, such as ``emnist_letters``."""
    words = [key.split("_") for key in found]
    shared = next((n for n, same in enumerate(zip(*words, strict=False)) if len(set(same)) > 1), 0)
    return {"_".join(each[shared:]): name for each, name in zip(words, found.values(), strict=True)}


def _roles(keys: Mapping[str, str]) -> dict[str, _Roles]:
    """Return the files of each split; under the empty name where the names say no splits."""
    splits = {split: names for split, names in split_keys(list(keys)).items() if "images" in names}
    labelled = any("labels" in names for names in splits.values())
    splits = {split: names for split, names in splits.items() if "labels" in names or not labelled}
    if splits:
        files = {split: {role: keys[key] for role, key in names.items()} for split, names in splits.items()}
        return {split: _Roles(names["images"], names.get("labels")) for split, names in files.items()}
    image, label = (next((key for key in known if key in keys), None) for known in (IMAGE_KEYS, LABEL_KEYS))
    return {} if image is None else {"": _Roles(keys[image], None if label is None else keys[label])}


def _load(root: Path, name: str) -> Any:
    return load_array(root / name) if name.lower().endswith(".npy") else read_idx(root / name)
