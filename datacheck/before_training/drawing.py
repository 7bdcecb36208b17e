"""Drawing batches from a loader as the training would, and knowing which items they are."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping, Sequence, Sized
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import (
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)

from datacheck.before_training.evidence import Batch
from datacheck.errors import PreflightError

FEWEST_IMAGES = 128
"""Images that are drawn at least, where the loader has them."""

MOST_BATCHES = 24
"""Batches that are drawn at most."""

DATASET_BATCH = 32
"""Batch size for a Dataset that comes without a loader."""

_IMAGE_KEYS = ("pixel_values", "image", "images", "img", "inputs", "input", "x")
"""Keys of a batch that is a mapping under which the images are."""

_LABEL_KEYS = ("labels", "label", "target", "targets", "y")
"""Keys of a batch that is a mapping under which the labels are."""


def as_loader(given: Any, *, train: bool) -> Any:
    """Return a loader: as given, of a Lightning DataModule, or made of a Dataset.

    Raises
    ------
    PreflightError
        When the object is none of these.
    """
    name = "train_dataloader" if train else "val_dataloader"
    if hasattr(given, name) and not isinstance(given, DataLoader):
        if hasattr(given, "setup"):
            given.setup("fit")
        found = getattr(given, name)()
        return found[0] if isinstance(found, list | tuple) and found else found
    if isinstance(given, DataLoader):
        return given
    if isinstance(given, Iterator) and not isinstance(given, Sized):
        raise PreflightError(
            f"expected a loader that can be read again, found a {type(given).__name__}: what is drawn from it would be "
            "missing in the training; give the loader or the dataset that it comes from"
        )
    if isinstance(given, list | tuple) and not given:
        raise PreflightError("expected at least one batch, found an empty list")
    if isinstance(given, list | tuple) and _is_batch(given[0]):
        return given
    if hasattr(given, "__iter__") and not hasattr(given, "__getitem__"):
        return given
    if isinstance(given, Dataset | Sequence) or (hasattr(given, "__getitem__") and hasattr(given, "__len__")):
        return DataLoader(given, batch_size=DATASET_BATCH, shuffle=train)
    raise PreflightError(
        f"expected a DataLoader, a LightningDataModule, or a Dataset, found {type(given).__module__}."
        f"{type(given).__qualname__}"
    )


def _is_batch(value: Any) -> bool:
    """Return whether an element of a list is a batch of images with labels, and not one image with its label."""
    _, labels = _parts(value)
    found = _array(labels)
    return found is not None and found.ndim >= 1 and len(found) == len(_parts(value)[0])


class _Recorder:
    """A batch sampler that remembers what it gave."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.given: list[list[int]] = []

    def __iter__(self) -> Iterator[list[int]]:
        for batch in self.inner:
            self.given.append([int(item) for item in batch])
            yield batch

    def __len__(self) -> int:
        return len(self.inner)


def copy_of(loader: DataLoader[Any], batches: Any, n_workers: int | None = None) -> DataLoader[Any]:
    """Return a loader with the same dataset and settings that gives other batches of items."""
    workers = loader.num_workers if n_workers is None else n_workers
    return DataLoader(
        loader.dataset,
        batch_sampler=batches,
        num_workers=workers,
        collate_fn=loader.collate_fn,
        worker_init_fn=loader.worker_init_fn,
        generator=loader.generator,
        multiprocessing_context=loader.multiprocessing_context if workers else None,
        timeout=loader.timeout if workers else 0,
    )


def has_items(loader: Any) -> bool:
    """Return whether a loader takes items of a dataset by their place."""
    return (
        isinstance(loader, DataLoader)
        and not isinstance(loader.dataset, IterableDataset)
        and loader.batch_sampler is not None
        and hasattr(loader.dataset, "__len__")
    )


def draw(loader: Any, deadline: float) -> tuple[tuple[Batch, ...], list[float], Any]:
    """Return batches, the seconds that each took after the first, and the first one as it arrived.

    Raises
    ------
    PreflightError
        When the loader gives nothing, or something without images.
    """
    recorder = _Recorder(loader.batch_sampler) if has_items(loader) else None
    source = loader if recorder is None else copy_of(loader, recorder)
    batches: list[Batch] = []
    seconds: list[float] = []
    n_images = 0
    first = None
    last = time.perf_counter()
    for number, value in enumerate(_said(source, loader, recorder)):
        now = time.perf_counter()
        if number:
            seconds.append(now - last)
        else:
            first = value
        images, labels = split_batch(value)
        items = None if recorder is None else np.array(recorder.given[number], dtype=np.int64)
        batches.append(Batch(images, labels, items if items is not None and len(items) == len(images) else None))
        n_images += len(images)
        enough = n_images >= FEWEST_IMAGES and number >= 2
        if enough or number + 1 >= MOST_BATCHES or (time.perf_counter() > deadline and number >= 1):
            break
        last = time.perf_counter()
    if not batches:
        raise PreflightError("expected at least one batch, found a loader that gives none")
    return tuple(batches), seconds, first


def _said(source: Any, loader: Any, recorder: _Recorder | None) -> Iterator[Any]:
    """Give what a source gives; an error of the user's code is said with the item that raised it."""
    number = 0
    try:
        for value in source:
            yield value
            number += 1
    except PreflightError:
        raise
    except Exception:
        items = recorder.given[number] if recorder is not None and len(recorder.given) > number else []
        where = f"batch {number}"
        for item in items:
            own = _error_of(loader.dataset, item)
            if own is not None:  # without the traceback that a worker writes into its message
                where, error = f"item {item} of the dataset, in batch {number}", own
                break
        raise PreflightError(
            f"expected a loader that gives batches, found one that raised {type(error).__name__} at {where}: "
            f"{' '.join(str(error).split())[:300]}"
        ) from error


def _error_of(dataset: Any, item: int) -> Exception | None:
    try:
        dataset[item]
    except Exception as error:
        return error
    return None


def reachable_items(loader: DataLoader[Any]) -> NDArray[np.int64]:
    """Return the items that a loader's sampler can give; of a sampler of the user's own, those of one epoch."""
    n_items = len(loader.dataset)  # type: ignore[arg-type]
    sampler = getattr(loader.batch_sampler, "sampler", None)
    if isinstance(sampler, SequentialSampler | RandomSampler):
        return np.arange(n_items)
    if isinstance(sampler, SubsetRandomSampler):
        return np.unique(np.array(list(sampler.indices), dtype=np.int64))
    if isinstance(sampler, WeightedRandomSampler):
        return np.flatnonzero(np.asarray(sampler.weights) > 0)
    batches = list(loader.batch_sampler) if sampler is None else [list(sampler)]  # type: ignore[arg-type]
    return np.unique(np.array([int(item) for batch in batches for item in batch], dtype=np.int64))


def behind_subsets(dataset: Any, items: NDArray[np.int64]) -> tuple[Any, NDArray[np.int64]]:
    """Return the dataset that the ``Subset`` objects are of, and the places of items there."""
    while hasattr(dataset, "dataset") and hasattr(dataset, "indices"):
        items = np.asarray(list(dataset.indices), dtype=np.int64)[items]
        dataset = dataset.dataset
    return dataset, items


def split_batch(value: Any) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Return the images and the labels of a batch: ``(images, labels, …)``, a mapping, or the images alone.

    Raises
    ------
    PreflightError
        When there is no array of images in it.
    """
    images, labels = _parts(value)
    found = _array(images)
    if found is None or found.ndim < 1:
        raise PreflightError(
            f"expected batches (images, labels) or a mapping with one of {', '.join(_IMAGE_KEYS)}, found {_kind(value)}"
        )
    return found, _array(labels)


def inputs_of(value: Any) -> Any:
    """Return the images of a batch as they arrived."""
    return _parts(value)[0]


def labels_of(value: Any) -> Any:
    """Return the labels of a batch as they arrived."""
    return _parts(value)[1]


def _parts(value: Any) -> tuple[Any, Any]:
    if isinstance(value, Mapping):
        image = next((value[key] for key in _IMAGE_KEYS if key in value), None)
        return image, next((value[key] for key in _LABEL_KEYS if key in value), None)
    if isinstance(value, list | tuple):
        return (value[0] if value else None), (value[1] if len(value) > 1 else None)
    return value, None


def _array(value: Any) -> NDArray[Any] | None:
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu()
        return np.asarray(value.float() if value.dtype == torch.bfloat16 else value)
    if isinstance(value, np.ndarray):
        return value
    if isinstance(value, list | tuple) and value and all(isinstance(each, torch.Tensor) for each in value):
        shapes = {tuple(each.shape) for each in value}
        return np.stack([np.asarray(each.detach().cpu()) for each in value]) if len(shapes) == 1 else None
    return None


def _kind(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"a mapping with the keys {', '.join(map(str, itertools.islice(value, 8)))}"
    if isinstance(value, list | tuple):
        return f"a {type(value).__name__} of {', '.join(type(each).__name__ for each in value[:4])}"
    return type(value).__name__
