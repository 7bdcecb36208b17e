"""Which classes the masks of a dataset have, and how much of each image each class covers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datacheck.annotations.masks import MAIN_SHARE, Masks
from datacheck.manifest import Manifest
from datacheck.manifest.masks import USUAL_IGNORED

BINARY = frozenset({0, USUAL_IGNORED})
"""What masks of one class and its background hold, where tools write white for it."""


@dataclass(frozen=True)
class MaskClasses:
    """The values of masks that are classes, ascending, and their names; K each."""

    values: tuple[int, ...]
    names: tuple[str, ...]

    @classmethod
    def of(cls, manifest: Manifest, masks: Masks) -> MaskClasses:
        """Return the declared classes, or else all values that occur; both without the ignored value.

        255 is ignored by default, and a class where so many classes are declared, or where masks hold 0 and 255 alone.
        Masks of one object each are background and object.
        """
        form = manifest.mask_format
        if manifest.has_instances:
            return cls((0, 1), ("background", "object"))
        if manifest.classes:
            named = [(k, name) for k, name in enumerate(manifest.classes) if k != form.ignore_index]
            return cls(tuple(value for value, _ in named), tuple(name for _, name in named))
        held = {int(value) for each in masks.column("values") for value in each or ()}
        binary = form.ignore_index is None and held == BINARY
        found = sorted(held if binary else held - {form.ignored})
        colour = any(masks.column("colour"))
        return cls(tuple(found), tuple(form.value_name(value, colour=colour) for value in found))


def class_shares(masks: Masks, classes: MaskClasses, n_rows: int) -> NDArray[np.float64]:
    """Return the share of each image that each class covers, of the pixels that count; NaN without a mask; [N, K].

    Of masks of one object each, objects that overlap count twice, and all that is left is background.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from datacheck.annotations.masks import MASK_COLUMNS
    >>> row = {"row": 0, "width": 2, "height": 2, "values": [0, 255], "counts": [1, 3]}
    >>> masks = Masks(pa.Table.from_pylist([row], MASK_COLUMNS))
    >>> class_shares(masks, MaskClasses((0, 255), ("0", "255")), 2).tolist()
    [[0.25, 0.75], [nan, nan]]
    """
    pixels = np.zeros((n_rows, len(classes.values)))
    place = {value: number for number, value in enumerate(classes.values)}
    rows = masks.rows.tolist()
    for row, values, counts in zip(rows, masks.column("values"), masks.column("counts"), strict=True):
        for value, count in zip(values or (), counts or (), strict=True):
            number = int(value != 0) if masks.instances else place.get(value)
            if number is not None:
                pixels[row, number] += count
    if masks.instances:
        areas = np.zeros(n_rows)
        np.maximum.at(areas, masks.rows, np.nan_to_num(masks.sizes.prod(axis=1)))
        pixels[:, 0] = np.maximum(areas - pixels[:, 1], 0)
    total = pixels.sum(axis=1, keepdims=True)
    shares: NDArray[np.float64] = np.divide(pixels, total, out=np.full_like(pixels, np.nan), where=total > 0)
    return shares


N_COMMON = 32
"""Values that make up nearly all of a mask of classes: one image shows few of even many classes."""

COMMON_SHARE = 0.9
"""Share of the pixels that those values have; in a photo they have less than half."""


def values_are_classes(masks: Masks) -> bool:
    """Return whether in at least half of the masks few values make up nearly all pixels."""
    few = []
    for counts in masks.column("counts"):
        if counts is not None:
            number = np.sort(np.asarray(counts, dtype=np.int64))
            few.append(number[-N_COMMON:].sum() >= COMMON_SHARE * number.sum())
    return bool(few) and float(np.mean(few)) >= 0.5


def main_values(masks: Masks) -> list[NDArray[np.int64]]:
    """Return the values of each mask that have at least 1 % of its pixels; empty for one that cannot be read; [N]."""
    found = []
    for values, counts in zip(masks.column("values"), masks.column("counts"), strict=True):
        if values is None:
            found.append(np.empty(0, dtype=np.int64))
            continue
        number = np.asarray(counts, dtype=np.int64)
        found.append(np.asarray(values, dtype=np.int64)[number >= MAIN_SHARE * number.sum()])
    return found


MANY = 3
"""Rare values from which on a mask can be called blurred: an editor leaves one or two."""

AT_BORDER = 0.8
"""Share of the pixels of rare values that lie at a border between two regions in a blurred mask."""


def interpolated(masks: Masks) -> NDArray[np.bool_]:
    """Return whether each mask was blurred; [N]."""
    main = main_values(masks)
    is_class = Counter(int(value) for each in main for value in each)
    blurred = np.zeros(masks.table.num_rows, dtype=bool)
    names = ("values", "n_values", "border_share", "format")
    columns = zip(*(masks.column(name) for name in names), main, strict=True)
    for row, (values, n_values, border, form, own) in enumerate(columns):
        if values is None or border is None:
            continue
        # Of small objects, JPEG spreads the values so far that those between are the only main ones.
        if form != "JPEG" and (border < AT_BORDER or len(own) < 2):
            continue
        rare = [value for value in values if value not in is_class]
        blurred[row] = len(rare) + max(0, n_values - len(values)) >= MANY
    return blurred
