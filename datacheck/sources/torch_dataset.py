"""Datasets of torch and torchvision, and whatever else has ``__len__`` and ``__getitem__``; torch is not imported."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from datacheck.errors import SourceError
from datacheck.manifest import HoldsLabels, Inventory, ItemKind, Manifest, Modality, Remedy, Task, Unread, Used
from datacheck.manifest.schema import row_ids
from datacheck.sources.array_readers import ItemPart, item_at, item_reader
from datacheck.sources.arrays import arrays_manifest, read_labels
from datacheck.sources.base import Source, SourceOptions
from datacheck.sources.dataset_lists import IMAGE_KEYS, LABEL_LISTS, lists_of
from datacheck.sources.file_roots import common_root, own_root
from datacheck.sources.splits import join_splits
from datacheck.sources.torch_detection import open_by_files, open_by_items
from datacheck.text import plural

FIRST_ITEMS = 16
"""Items looked at to learn what a Dataset yields: each may be a download."""

_LABEL_KEYS = ("label", "labels", "target", "y", "class")


def open_torch_dataset(dataset: Any, options: SourceOptions) -> Manifest:
    """Open a map-style Dataset.

    A Dataset with ``.samples`` (``ImageFolder`` and its like) is read from its files, one with ``.data`` or
    ``.tensors`` from its array, both without its transforms; any other item by item. A ``Subset`` is those rows.

    Raises
    ------
    SourceError
        When an item cannot be read or holds no image.
    """
    name = type(dataset).__name__
    if hasattr(dataset, "dataset") and hasattr(dataset, "indices"):
        whole = open_torch_dataset(dataset.dataset, replace(options, split=None, group=None))
        rows = np.asarray(dataset.indices, dtype=np.int64)
        part = whole.take(rows)
        return replace(part, took_for=f"a subset ({plural(len(rows), 'sample')}) of {whole.took_for}")
    if (boxes := open_by_files(dataset, options) or _concatenated(dataset, options)) is not None:
        return boxes
    lists = lists_of(dataset)
    paths, labels = lists.paths, lists.labels
    options = replace(options, classes=options.classes or lists.classes)
    if paths is not None and labels is not None:
        return _from_files(dataset, paths, labels, options, took_for=f"a Dataset of files ({name})")
    took_for = f"a Dataset of arrays ({name})"
    tensors = getattr(dataset, "tensors", None)
    if isinstance(tensors, tuple) and len(tensors) in (1, 2):
        return arrays_manifest(tensors[0], tensors[1] if len(tensors) > 1 else None, options, took_for=took_for)
    data, unclear = getattr(dataset, "data", None), labels is None and any(hasattr(dataset, one) for one in LABEL_LISTS)
    if data is not None and hasattr(data, "shape") and len(data) == len(dataset) and not unclear:
        return arrays_manifest(data, labels, options, took_for=took_for)
    return _item_by_item(dataset, labels, options, name)


def _concatenated(dataset: Any, options: SourceOptions) -> Manifest | None:
    """Return the manifest of a ``ConcatDataset`` whose parts say by which files they are boxes; None for another."""
    parts = getattr(dataset, "datasets", None)
    if not isinstance(parts, list) or not parts:
        return None
    opened = [open_by_files(part, options) for part in parts]
    known = {str(number): part for number, part in enumerate(opened) if part is not None}
    if len(known) < len(parts):
        return None
    joined = join_splits(known)
    return replace(
        joined, table=joined.table.drop_columns(["split"]), took_for="; ".join(part.took_for for part in known.values())
    )


def _from_files(dataset: Any, paths: list[str], labels: Any, options: SourceOptions, *, took_for: str) -> Manifest:
    absolute = [os.path.abspath(path) for path in paths]  # noqa: PTH100 - must not follow links
    root = own_root(dataset, absolute) or common_root(pa.array(absolute, pa.string()), Path.cwd())
    prefix = f"{str(root).rstrip('/')}/"
    columns, classes, words = read_labels(labels, len(paths), options)
    return Manifest.from_columns(
        {"uri": [path.removeprefix(prefix) for path in absolute], **columns},
        task=None if columns else Task.UNLABELLED,
        modality=Modality.IMAGE,
        root=root,
        classes=classes,
        took_for=f"{took_for}: {plural(len(paths), 'image')} below {root}, {words}; its transforms are left out",
        inventory=Inventory(
            (
                Used("its list of files", ItemKind.FIELD, "images", len(paths)),
                *(Used("its list of labels", ItemKind.FIELD, column, len(paths)) for column in columns),
            )
        ),
    )


def _item_by_item(dataset: Any, labels: Any, options: SourceOptions, name: str) -> Manifest:
    n_rows = len(dataset)
    if n_rows == 0:
        raise SourceError(f"expected samples in the Dataset {name}, found none")
    first = [item_at(dataset, row) for row in range(min(n_rows, FIRST_ITEMS))]
    if (boxes := open_by_items(dataset, first, options)) is not None:
        return boxes
    image_key, label_key = _keys(first[0], name, options.column("label"))
    reader = item_reader(dataset, image_key, [ItemPart(image_key)(item) for item in first])
    words = "read item by item"
    if labels is None and label_key is not None:
        labels = [_plain(ItemPart(label_key)(item_at(dataset, row))) for row in range(n_rows)]
        words = "read item by item, twice: it has no list of its labels"
    columns, classes, label_words = read_labels(labels, n_rows, options)
    return Manifest.from_columns(
        {"sample_id": row_ids(n_rows), "uri": pa.array(np.arange(n_rows)).cast(pa.string()), **columns},
        task=None if columns else Task.UNLABELLED,
        modality=Modality.IMAGE,
        classes=classes,
        took_for=f"a Dataset ({name}): {plural(n_rows, 'sample')} {words}, {label_words}",
        inventory=_inventory(first[0], image_key, label_key if columns else None, n_rows),
        reader=reader,
    )


def _inventory(item: Any, image_key: Any, label_key: Any, n_rows: int) -> Inventory:
    """Return which fields of the items were read; any other may hold the labels, where there are none."""
    if image_key is None:
        return Inventory((Used("item", ItemKind.FIELD, "images", n_rows),))
    keys = list(item) if isinstance(item, Mapping) else list(range(len(item)))
    roles = {image_key: "images"} | ({} if label_key is None else {label_key: "label"})
    used = tuple(Used(f"item[{key!r}]", ItemKind.FIELD, role, n_rows) for key, role in roles.items())
    unnamed = "its name says no label" if isinstance(item, Mapping) else "it is not one value a sample"
    reason = unnamed if label_key is None else "the label is in another field"
    maybe = HoldsLabels.MAYBE if label_key is None else HoldsLabels.NO
    remedy = Remedy.option if label_key is None and isinstance(item, Mapping) else None
    unread = (
        Unread(f"item[{key!r}]", ItemKind.FIELD, reason, maybe, n_rows, (), remedy and remedy("label", str(key)))
        for key in keys
        if key not in roles
    )
    return Inventory(used, tuple(unread))


def _keys(item: Any, name: str, label: str | None) -> tuple[Any, Any]:
    """Return where the image and the label of an item are; the latter where the caller says, in a mapping."""
    if label is not None and not (isinstance(item, Mapping) and label in item):
        fields = list(item) if isinstance(item, Mapping) else type(item).__name__
        raise SourceError(f"label={label!r}: expected it among the fields of an item of {name}, found {fields}")
    if isinstance(item, Mapping):
        image = next((key for key in IMAGE_KEYS if key in item), None)
        if image is None:
            raise SourceError(
                f"expected an image under one of {', '.join(IMAGE_KEYS)} in the items of {name}, found {list(item)}"
            )
        return image, label or next((key for key in _LABEL_KEYS if key in item), None)
    if isinstance(item, tuple | list):
        return 0, 1 if len(item) > 1 and _is_label(item[1]) else None
    return None, None


def _is_label(value: Any) -> bool:
    if isinstance(value, str | int | float | list | tuple | np.generic):
        return True
    return hasattr(value, "shape") and len(value.shape) <= 1


def _plain(label: Any) -> Any:
    return label.tolist() if hasattr(label, "tolist") else label


def recognises(source: object) -> bool:
    """Anything with a length and items that is no list, array, table or text."""
    if isinstance(source, str | bytes | list | tuple | Mapping | np.ndarray | Path):
        return False
    return hasattr(source, "__getitem__") and hasattr(source, "__len__")


SOURCE = Source("torch-dataset", frozenset({"task", "classes", "label"}), recognises, open_torch_dataset)
