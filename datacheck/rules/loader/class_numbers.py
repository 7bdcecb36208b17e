"""Which class of the audited dataset a number that a loader gives stands for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from datacheck.before_training.evidence import LoaderEvidence
from datacheck.manifest import Manifest

CLEAR = 0.7
"""Share of the images that another numbering of the classes must fit to be taken for the loader's own."""

CONSISTENT = 0.95
"""Share of the images of each class that arrive under one number, from which on the loader gives classes of its own."""


def labels_of_files(loader: LoaderEvidence, manifest: Manifest) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows of the images that were found, and the number that arrived as the label of each."""
    labels = loader.class_labels
    nothing = np.empty(0, dtype=np.int64)
    if loader.found is None or labels is None or len(labels) != len(loader.found.row):
        return nothing, nothing
    hit = (loader.found.row >= 0) & manifest.labelled[loader.found.row]
    return loader.found.row[hit], labels[hit]


def class_of_number(
    manifest: Manifest,
    classes: tuple[str, ...] | None,
    audited: NDArray[np.integer],
    given: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return the manifest's class of each number that a loader gives, -1 where there is none.

    By the names of the dataset's classes; else the manifest's own order where it fits most images; else for each number
    the class that it comes with most often, each class once.
    """
    n_numbers = int(max(given.max(initial=0) + 1, len(classes or ()), len(manifest.classes)))
    known = {name: number for number, name in enumerate(manifest.classes)}
    if classes is not None and set(classes) & known.keys():
        named = [known.get(name, -1) for name in classes]
        return np.array([*named, *[-1] * (n_numbers - len(named))], dtype=np.int64)
    same = np.arange(n_numbers)
    same[len(manifest.classes) :] = -1
    together = np.zeros((n_numbers, len(manifest.classes)), dtype=np.int64)
    np.add.at(together, (np.clip(given, 0, None), audited), 1)
    rows, columns = linear_sum_assignment(-together)
    fitted = np.full(n_numbers, -1, dtype=np.int64)
    fitted[rows] = columns
    better = together[rows, columns].sum()
    if better >= CLEAR * len(given) and better > (audited == given).sum():
        return fitted
    return same


def own_classes(
    number: NDArray[np.int64], audited: NDArray[np.integer], given: NDArray[np.int64], names: tuple[str, ...]
) -> str:
    """Return how the loader gives other classes than the audited, each image of one class alike; empty where not.

    Several classes may become one ("cat" and "dog" arrive as 0): that is meant, or cannot be told from what is meant.

    Parameters
    ----------
    number
        The class of each number, from `class_of_number`.
    audited, given
        Class of the file, and number that arrived; [n].
    names
        The names of the audited classes.
    """
    usual = {}
    for code in np.unique(audited).tolist():
        numbers, counts = np.unique(given[audited == code], return_counts=True)
        if counts.max() < CONSISTENT * counts.sum():
            return ""
        usual[code] = int(numbers[counts.argmax()])
    if all(number[arrives] == code for code, arrives in usual.items() if arrives >= 0):
        return ""
    return ", ".join(f"{names[code]!r} as {arrives}" for code, arrives in usual.items())
