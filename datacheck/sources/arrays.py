"""Images, or features, in memory: numpy arrays, lists of arrays, ``.npz`` and ``.npy`` files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from datacheck.errors import SourceError
from datacheck.manifest import Inventory, ItemKind, Manifest, Modality, Task, Used
from datacheck.manifest.schema import row_ids
from datacheck.sources.array_files import load_arrays, load_splits
from datacheck.sources.array_readers import ArrayReader, as_array, is_channels_first
from datacheck.sources.base import Source, SourceOptions, as_path
from datacheck.sources.files import existing
from datacheck.sources.pairs import per_sample
from datacheck.sources.splits import join_splits
from datacheck.text import plural

_MOST_FEATURE_COLUMNS = 1000
"""Features that get a column each; more, such as flattened images, stay one column of lists."""

_FIRST_IMAGES = 1000
"""Images of a list that are looked at for their shape and range before the list is opened."""

_MOST_CLASSES_COUNTED = 1 << 20
"""Highest label that is taken for the index of a class; a higher one is a name that happens to be a number."""


def open_arrays(source: Any, options: SourceOptions) -> Manifest:
    """Open arrays: ``images``, ``(images, labels)``, or the path of a ``.npz`` or ``.npy`` file.

    Parameters
    ----------
    source
        Images are [N, H, W], [N, H, W, C], [N, C, H, W] (C is 1, 3 or 4) or a sequence of N images of any size;
        uint8, uint16, bool, or float in [0, 1] or [0, 255]. [N, D] are features, a column each.
        Labels are [N] (indices, names, or decimal numbers for regression) or [N, K] of 0 and 1 (multilabel).
    options
        What the caller says about them.

    Raises
    ------
    SourceError
        When a shape or a value range is none of these, or images and labels differ in number.
    """
    path = as_path(source)
    took_for = "arrays" if path is None else f"arrays ({path})"
    inventory = None
    if path is not None:
        file = existing(path)
        if splits := load_splits(file, options):
            opened = {
                split: arrays_manifest(part.images, part.labels, options, took_for=took_for)
                for split, part in splits.items()
            }
            return join_splits({split: replace(opened[split], inventory=splits[split].inventory) for split in opened})
        source, inventory = load_arrays(file, options)
    images, labels = source if isinstance(source, tuple) else (source, options.labels)
    if isinstance(source, tuple) and options.labels is not None:
        raise SourceError("expected the labels once, found them in the tuple and in labels=; drop one")
    manifest = arrays_manifest(images, labels, options, took_for=took_for)
    return manifest if inventory is None else replace(manifest, inventory=inventory)


def arrays_manifest(images: Any, labels: Any, options: SourceOptions, *, took_for: str) -> Manifest:
    """Build the manifest of images or features in memory."""
    n_rows = len(images)
    if n_rows == 0:
        raise SourceError("expected samples in the arrays, found none")
    columns: dict[str, Any] = {"sample_id": row_ids(n_rows)}
    label_columns, classes, label_words = read_labels(labels, n_rows, options)
    columns |= label_columns | per_sample(options, n_rows)
    if not isinstance(images, list | tuple):
        images = as_array(images)
    reader: ArrayReader | None = None
    if isinstance(images, np.ndarray) and images.ndim == 2:
        columns |= _features(images)
        words = f"{plural(n_rows, 'row')} of {plural(images.shape[1], 'feature')}"
    else:
        reader, words = _image_reader(images)
        columns["uri"] = pa.array(np.arange(n_rows)).cast(pa.string())
    return Manifest.from_columns(
        columns,
        task=Task.of_columns(list(label_columns)),
        modality=Modality.TABULAR if reader is None else Modality.IMAGE,
        classes=classes,
        took_for=f"{took_for}: {words}, {label_words}",
        inventory=_inventory(n_rows, reader is not None, label_columns, options),
        reader=reader,
    )


def _inventory(n_rows: int, are_images: bool, label_columns: Mapping[str, Any], options: SourceOptions) -> Inventory:
    arrays = [("images", "images") if are_images else ("features", "features"), *(("labels", n) for n in label_columns)]
    arrays += [(name, name) for name in ("split", "group") if getattr(options, name) is not None]
    return Inventory(tuple(Used(name, ItemKind.ARRAY, role, n_rows) for name, role in arrays))


def _features(rows: NDArray[Any]) -> dict[str, Any]:
    n_features = rows.shape[1]
    if n_features > _MOST_FEATURE_COLUMNS:
        flat = pa.array(np.ascontiguousarray(rows).ravel())
        return {"features": pa.FixedSizeListArray.from_arrays(flat, n_features)}
    width = len(str(n_features - 1))
    return {f"feature_{number:0{width}d}": np.ascontiguousarray(rows[:, number]) for number in range(n_features)}


def _image_reader(images: Any) -> tuple[ArrayReader, str]:
    n_rows = len(images)
    if isinstance(images, np.ndarray) and images.dtype != object:
        channels_first = is_channels_first(images.shape[1:], where="images")
        scale = scale_of(images)
        shape = "x".join(map(str, images.shape[1:]))
        return ArrayReader(images, channels_first, scale), f"{plural(n_rows, 'image')} of {shape} ({images.dtype})"
    some = [as_array(images[row]) for row in range(min(n_rows, _FIRST_IMAGES))]
    first = {is_channels_first(image.shape, where="images") for image in some if image.ndim == 3}
    if len(first) > 1:
        raise SourceError("expected all images [H, W, C] or all [C, H, W], found both; transpose one kind")
    scale = 255.0 if all(_scale(image) == 255.0 for image in some) else 1.0
    words = f"{plural(n_rows, 'image')} of any size ({', '.join(sorted({str(image.dtype) for image in some}))})"
    return ArrayReader(images, first == {True}, scale), words


def scale_of(images: NDArray[Any]) -> float:
    """Return what float pixels are to be multiplied with: 255 for [0, 1], 1 for [0, 255].

    Raises
    ------
    SourceError
        When the values lie outside both.
    """
    if images.dtype.kind in "bu" and images.dtype.itemsize <= 2:
        return 1.0
    low, high = float(images.min()), float(images.max())
    if not (low >= 0 and high <= 255):
        raise SourceError(
            f"expected pixels in [0, 1] or [0, 255], found {low:.4g} to {high:.4g}; "
            "pass the images as they are before normalisation"
        )
    return _scale(images)


def _scale(image: NDArray[Any]) -> float:
    return 255.0 if image.dtype.kind == "f" and image.size and float(image.max()) <= 1.0 else 1.0


def read_labels(labels: Any, n_rows: int, options: SourceOptions) -> tuple[dict[str, Any], tuple[str, ...] | None, str]:
    """Return the label column of an array of labels, the class names, and words.

    Examples
    --------
    >>> read_labels(np.array([1, 0]), 2, SourceOptions(classes=("cat", "dog")))
    ({'label': ['dog', 'cat']}, ('cat', 'dog'), '2 classes')
    """
    if labels is None or options.task is Task.UNLABELLED:
        return {}, None, "no labels"
    values = _as_labels(labels)
    if len(values) != n_rows:
        raise SourceError(f"expected one label a sample, found {n_rows:,} samples and {len(values):,} labels")
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim == 2 or (
        values.dtype == object and isinstance(values[0], Sequence | np.ndarray) and _nested(values)
    ):
        return _several(values, options)
    if options.task is Task.MULTILABEL:
        raise SourceError("task='multilabel': expected labels [N, K] of 0 and 1, or a list of names a sample")
    if values.ndim != 1:
        raise SourceError(f"expected labels [N] or [N, K], found shape {values.shape}")
    if options.task is Task.REGRESSION or _is_decimal(values, options):
        return {"target": values.astype(np.float64)}, None, "a regression target"
    names = _names(values, options.classes)
    classes = options.classes
    n_classes = len(classes) if classes is not None else len({name for name in names if name is not None})
    return {"label": names}, classes, plural(n_classes, "class", "classes")


def _as_labels(labels: Any) -> NDArray[Any]:
    try:
        return as_array(labels)
    except ValueError:
        array = np.empty(len(labels), dtype=object)
        array[:] = list(labels)
        return array


def _nested(values: NDArray[Any]) -> bool:
    return not any(isinstance(value, str) for value in values)


def _is_decimal(values: NDArray[Any], options: SourceOptions) -> bool:
    if values.dtype.kind != "f" or options.task is Task.CLASSIFICATION:
        return False
    finite = values[np.isfinite(values)]
    return bool((finite != np.rint(finite)).any())


def _names(values: NDArray[Any], classes: tuple[str, ...] | None) -> list[str | None]:
    if values.dtype.kind == "f":
        values = np.where(np.isfinite(values), values, -1).astype(np.int64)
    if values.dtype.kind in "iu":
        highest = int(values.max())
        if classes is not None and highest >= len(classes):
            raise SourceError(f"expected labels below {len(classes)}, the number of classes, found {highest}")
        counted = classes is None and highest < _MOST_CLASSES_COUNTED
        words = [str(number) for number in range(highest + 1)] if counted else classes
        if words is None:
            return [None if value < 0 else str(value) for value in values.tolist()]
        return [None if value < 0 else words[value] for value in values.tolist()]
    return [None if value is None else str(value) for value in values.tolist()]


def _several(values: NDArray[Any], options: SourceOptions) -> tuple[dict[str, Any], tuple[str, ...], str]:
    if values.dtype == object:
        rows = [None if row is None else [str(name) for name in row] for row in values]
        classes = options.classes or tuple(sorted({name for row in rows for name in row or ()}))
        return {"labels": pa.array(rows, pa.list_(pa.string()))}, classes, f"several of {len(classes)} labels each"
    if values.dtype.kind in "US":
        return _several(_as_objects(values), options)
    if not np.isin(values, (0, 1)).all():
        raise SourceError("expected labels [N, K] of 0 and 1, found other values; pass class indices [N] instead")
    n_classes = values.shape[1]
    classes = options.classes or tuple(str(number) for number in range(n_classes))
    if len(classes) != n_classes:
        raise SourceError(f"classes: expected {n_classes} names, one a column of the labels, found {len(classes)}")
    rows_of, columns_of = np.nonzero(values)
    offsets = np.concatenate([[0], np.cumsum(np.bincount(rows_of, minlength=len(values)))]).astype(np.int32)
    names = pa.array(classes, pa.string()).take(pa.array(columns_of))
    return (
        {"labels": pa.ListArray.from_arrays(pa.array(offsets), names)},
        classes,
        f"several of {n_classes} labels each",
    )


def _as_objects(values: NDArray[Any]) -> NDArray[Any]:
    array = np.empty(len(values), dtype=object)
    array[:] = [row.tolist() for row in values]
    return array


def recognises(source: object) -> bool:
    """An array, a list of arrays, a tuple of such and labels, or a file of arrays."""
    path = as_path(source)
    if path is not None:
        return path.suffix.lower() in (".npz", ".npy") and not path.is_dir()
    if isinstance(source, tuple):
        return len(source) == 2 and _is_arrays(source[0])
    return _is_arrays(source)


def _is_arrays(value: object) -> bool:
    if isinstance(value, list | tuple):
        return bool(value) and (_is_arrays(value[0]) or type(value[0]).__module__.startswith("PIL."))
    return isinstance(value, np.ndarray) or (hasattr(value, "detach") and hasattr(value, "shape"))


SOURCE = Source("arrays", frozenset({"task", "labels", "classes", "split", "group"}), recognises, open_arrays)
