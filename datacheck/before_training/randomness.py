"""Whether items vary from one reading to the next, and whether workers and epochs give the same "random" numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader

from datacheck.before_training.drawing import copy_of, split_batch

READ_TWICE = 4
"""Items that are read twice."""

READINGS = 4
"""Readings of one item by each worker: among that many, two crops of a random size are hardly ever equal."""


def items_vary(dataset: Any, items: NDArray[np.int64]) -> bool | None:
    """Return whether two readings of an item differ; None where single items cannot be read."""
    try:
        for item in items[:READ_TWICE].tolist():
            if not _equal(_image(dataset[item]), _image(dataset[item])):
                return True
    except Exception:  # a dataset may read whole batches alone, or need a worker
        return None
    return False


def _image(item: Any) -> NDArray[Any]:
    """Return the image of one item as an array."""
    first = item[0] if isinstance(item, list | tuple) else item
    if isinstance(item, dict):
        return split_batch({key: np.asarray(value) for key, value in item.items()})[0]
    return np.asarray(first.detach().cpu() if isinstance(first, torch.Tensor) else first)


def _equal(one: NDArray[Any], other: NDArray[Any]) -> bool:
    return one.shape == other.shape and bool(np.array_equal(one, other, equal_nan=one.dtype.kind == "f"))


def worker_repeats(loader: DataLoader[Any], item: int) -> tuple[tuple[int, int], bool]:
    """Return how many different readings of one item the workers gave, of how many, and whether two epochs are equal.

    Batch k goes to worker k modulo the number of workers, so each worker reads the item several times.
    """
    n_readings = READINGS * loader.num_workers
    epochs = []
    for _ in range(2):
        values = copy_of(loader, [[item] for _ in range(n_readings)])
        epochs.append([split_batch(value)[0].tobytes() for value in values])
    return (len(set(epochs[0])), n_readings), epochs[0] == epochs[1]
