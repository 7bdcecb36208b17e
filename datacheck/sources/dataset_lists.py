"""What a map-style dataset says of its items without loading them: their files, their labels, its class names."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

PAIR_LISTS = ("samples", "imgs")
"""Where ``ImageFolder`` and its like keep the path and the label of each item."""

PATH_LISTS = ("_image_files", "_images", "image_paths")
"""Where torchvision's other datasets and many of users' own keep the path of each item."""

IMAGE_KEYS = ("image", "img", "pixel_values", "x", "input", "inputs")
"""Where items that are mappings keep the image."""

LABEL_LISTS = ("targets", "labels", "_labels")
"""Where datasets keep the label of each item."""


@dataclass(frozen=True)
class DatasetLists:
    """The lists that a dataset keeps, each None where it keeps none.

    Attributes
    ----------
    paths
        The file of each item.
    labels
        The label of each item, as codes or as names.
    classes
        The class names in the order of the codes.
    """

    paths: list[str] | None = None
    labels: Sequence[Any] | None = None
    classes: tuple[str, ...] | None = None

    def named(self) -> list[Any] | None:
        """Return the labels by name where the classes are named, else as they are.

        Examples
        --------
        >>> DatasetLists(labels=[1, 0], classes=("cat", "dog")).named()
        ['dog', 'cat']
        """
        if self.labels is None:
            return None
        labels = self.labels.tolist() if hasattr(self.labels, "tolist") else list(self.labels)
        return labels if self.classes is None else [class_name(label, self.classes) for label in labels]

    def take(self, indices: Sequence[int]) -> DatasetLists:
        """Return the lists of some items."""
        paths, labels = self.paths, self.labels
        return DatasetLists(
            None if paths is None else [paths[index] for index in indices],
            None if labels is None else [labels[index] for index in indices],
            self.classes,
        )


def lists_of(dataset: Any) -> DatasetLists:
    """Return what a dataset says of its items: a ``Subset`` of its part, a ``ConcatDataset`` of all its parts."""
    if isinstance(dataset, list | tuple):
        return DatasetLists()
    if hasattr(dataset, "dataset") and hasattr(dataset, "indices"):
        return lists_of(dataset.dataset).take(dataset.indices)
    if isinstance(getattr(dataset, "datasets", None), list):
        return _joined([lists_of(part) for part in dataset.datasets])
    labels, pairs = _labels(dataset), _pairs(dataset)
    if pairs is not None:
        return DatasetLists([path for path, _ in pairs], [label for _, label in pairs], classes_of(dataset))
    paths = next((found for name in PATH_LISTS if (found := _paths(dataset, name)) is not None), None)
    return DatasetLists(paths, labels, classes_of(dataset))


def class_name(label: Any, classes: Sequence[str]) -> Any:
    """Return the name of a class code; anything else as it is."""
    is_code = isinstance(label, int) and not isinstance(label, bool) and 0 <= label < len(classes)
    return classes[label] if is_code else label


def _joined(parts: Sequence[DatasetLists]) -> DatasetLists:
    """Return the lists of all parts; labels by name where the parts number their classes differently."""
    paths = [part.paths for part in parts]
    classes = {part.classes for part in parts}
    labels = [part.labels if len(classes) == 1 else part.named() for part in parts]
    return DatasetLists(
        None if None in paths else [path for part in paths for path in part or ()],
        None if any(part is None for part in labels) else [label for part in labels for label in part or ()],
        classes.pop() if len(classes) == 1 else None,
    )


def _pairs(dataset: Any) -> list[tuple[str, Any]] | None:
    for name in PAIR_LISTS:
        pairs = getattr(dataset, name, None)
        if isinstance(pairs, list) and pairs and len(pairs) == len(dataset) and all(_is_pair(pair) for pair in pairs):
            return [(os.fspath(path), label) for path, label in pairs]
    return None


def _is_pair(pair: Any) -> bool:
    return isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], str | os.PathLike)


def _paths(dataset: Any, name: str) -> list[str] | None:
    files = getattr(dataset, name, None)
    if isinstance(files, list) and files and len(files) == len(dataset):
        return [os.fspath(path) for path in files] if all(isinstance(f, str | os.PathLike) for f in files) else None
    return None


def _labels(dataset: Any) -> Any:
    for name in LABEL_LISTS:
        labels = getattr(dataset, name, None)
        if labels is not None and not callable(labels) and hasattr(labels, "__len__") and len(labels) == len(dataset):
            return labels
    return None


def classes_of(dataset: Any) -> tuple[str, ...] | None:
    """Return the class names in the order of the codes; None where a dataset says none."""
    index = getattr(dataset, "class_to_idx", None)
    if isinstance(index, Mapping) and sorted(index.values()) == list(range(len(index))):
        return tuple(str(name) for name, _ in sorted(index.items(), key=lambda item: item[1]))
    classes = getattr(dataset, "classes", None)
    if isinstance(classes, Sequence) and not isinstance(classes, str) and classes:
        return tuple(map(str, classes)) if len(set(map(str, classes))) == len(classes) else None
    return None
