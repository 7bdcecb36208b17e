"""Some items of a map-style dataset, as torch has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch.utils.data import Subset


def subset_of(dataset: Any, items: Sequence[int]) -> Subset[Any]:
    """Return the items of a dataset at some places, in that order."""
    return Subset(dataset, items)
