"""The boxes of the training images, as the items of a plan take them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datacheck.annotations.pixels import image_sizes, pixel_boxes
from datacheck.manifest import Manifest
from datacheck.plan.items import Measured, counted
from datacheck.scanning.measurements import Measurements

Floats = NDArray[np.float64]

SMALLEST = 8.0
"""Pixels of a box's shorter side: the step of the finest map of most detectors."""

DEFAULT_SIDE = 640
"""The usual input size of detectors."""


@dataclass(frozen=True)
class TrainingBoxes:
    """Boxes of the training images that have an area and a known image size; M boxes of K classes.

    Attributes
    ----------
    image
        Which of the ``n_images`` training images each is in, ascending; [M].
    class_id
        Index into ``classes``, -1 for a class that is not declared; [M].
    boxes, frame
        Left, top, right, bottom in pixels within the image, and width and height of the image; [M, 4] and [M, 2].
    n_images
        Training images with annotations, those without a box too.
    classes
        Class names.
    rows
        Row of the manifest of each training image; [n_images].
    """

    image: NDArray[np.int64]
    class_id: NDArray[np.int64]
    boxes: Floats
    frame: Floats
    n_images: int
    classes: tuple[str, ...]
    rows: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.image)

    @property
    def sizes(self) -> Floats:
        """Width and height; [M, 2]."""
        found: Floats = self.boxes[:, 2:] - self.boxes[:, :2]
        return found

    def short_sides(self, side: float) -> Floats:
        """Return the shorter side of each box once the longer side of its image has ``side`` pixels; [M]."""
        found: Floats = self.sizes.min(axis=1) * side / self.frame.max(axis=1)
        return found

    def counts(self) -> NDArray[np.int64]:
        """Return the boxes of each class; [K]."""
        return np.bincount(self.class_id[self.class_id >= 0], minlength=len(self.classes)).astype(np.int64)

    def presence(self) -> NDArray[np.bool_]:
        """Return which classes each training image has; [n_images, K]."""
        found = np.zeros((self.n_images, len(self.classes)), dtype=bool)
        known = self.class_id >= 0
        found[self.image[known], self.class_id[known]] = True
        return found


def training_boxes(
    manifest: Manifest, measurements: Measurements | None, training: NDArray[np.integer]
) -> TrainingBoxes | None:
    """Return the boxes of the training rows; None for a dataset without boxes. Crowds are left out."""
    objects = manifest.objects
    if objects is None:
        return None
    rows = np.sort(training[manifest.labelled[training]]).astype(np.int64)
    place = np.full(len(manifest), -1, dtype=np.int64)
    place[rows] = np.arange(len(rows))
    found = pixel_boxes(manifest, objects, image_sizes(manifest, measurements))
    whole = np.clip(found.boxes, 0, np.tile(found.frame, 2))
    has_area = np.isfinite(whole).all(axis=1) & (whole[:, 2:] > whole[:, :2]).all(axis=1)
    kept = np.flatnonzero((place[objects.row] >= 0) & has_area & ~objects.crowd)
    kept = kept[np.argsort(place[objects.row[kept]], kind="stable")]
    return TrainingBoxes(
        place[objects.row[kept]],
        objects.class_id[kept].astype(np.int64),
        whole[kept],
        found.frame[kept],
        len(rows),
        manifest.classes,
        rows,
    )


def shares(metric: str, values: Sequence[tuple[str, float, float | None]], n: int, method: str) -> tuple[Measured, ...]:
    """Return counted shares as measurements: what comes after the metric's name, the share, and it without the item."""
    return tuple(
        Measured(metric=f"{metric}/{name}", estimate=counted(value, n=n, method=method), baseline=before)
        for name, value, before in values
    )
