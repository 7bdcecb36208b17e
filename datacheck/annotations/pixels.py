"""Boxes in pixels of the upright image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datacheck.manifest import Manifest, Objects, Unit
from datacheck.scanning.measurements import Measurements

Floats = NDArray[np.float64]

FIRST_TURNED = 5
"""EXIF orientations from this one on exchange width and height."""


@dataclass(frozen=True)
class ImageSizes:
    """Width and height of each image in pixels; float64 [N], NaN where unknown.

    Attributes
    ----------
    stored
        As stored in the file, [N, 2].
    upright
        After the EXIF orientation, [N, 2].
    annotated
        As the annotations state it, [N, 2].
    """

    stored: Floats
    upright: Floats
    annotated: Floats

    @property
    def frame(self) -> Floats:
        """The size that the coordinates refer to, [N, 2].

        The file's own, upright; as stored where that is what the annotations state; what they state where the file
        could not be read.
        """
        sizes = np.where(np.isnan(self.upright), self.annotated, self.upright)
        as_stored = (self.annotated == self.stored).all(axis=1)
        return np.where(as_stored[:, None], self.stored, sizes)

    def take(self, rows: NDArray[np.int64]) -> ImageSizes:
        """Return the sizes of some rows."""
        return ImageSizes(self.stored[rows], self.upright[rows], self.annotated[rows])


def image_sizes(manifest: Manifest, measurements: Measurements | None) -> ImageSizes:
    """Return the sizes of the images, as measured and as annotated."""
    n_rows = len(manifest)
    stored = np.full((n_rows, 2), np.nan)
    turned = np.zeros(n_rows, dtype=bool)
    if measurements is not None:
        stored = np.stack([measurements.values(name).astype(float) for name in ("width", "height")], axis=1)
        stored[~measurements.readable] = np.nan
        turned = np.nan_to_num(measurements.values("exif_orientation").astype(float)) >= FIRST_TURNED
    annotated = np.full((n_rows, 2), np.nan)
    if "annotated_width" in manifest:
        columns = [manifest.table[name].to_numpy() for name in ("annotated_width", "annotated_height")]
        annotated = np.stack([np.asarray(column, dtype=float) for column in columns], axis=1)
        annotated[(annotated <= 0).any(axis=1)] = np.nan  # 0 x 0 states no size
    return ImageSizes(stored, np.where(turned[:, None], stored[:, ::-1], stored), annotated)


def size_words(size: Floats) -> str:
    """Return a width and height, [2], in words.

    Examples
    --------
    >>> size_words(np.array([640.0, 480.0]))
    '640 x 480'
    """
    return f"{int(size[0])} x {int(size[1])}"


@dataclass(frozen=True)
class PixelBoxes:
    """The boxes of a dataset in pixels; M boxes.

    Attributes
    ----------
    objects
        What the annotations say of them.
    boxes
        Left, top, right, bottom in pixels, as written; NaN where the size of the image is needed and unknown; [M, 4].
    frame
        Width and height of the image that each lies in; NaN where unknown; [M, 2].
    """

    objects: Objects
    boxes: Floats
    frame: Floats

    @property
    def sizes(self) -> Floats:
        """Width and height of each box, negative where its corners are exchanged; [M, 2]."""
        sizes: Floats = self.boxes[:, 2:] - self.boxes[:, :2]
        return sizes


def pixel_boxes(manifest: Manifest, objects: Objects, sizes: ImageSizes) -> PixelBoxes:
    """Return the boxes of a dataset in pixels of their images."""
    frame = sizes.frame[objects.row]
    in_shares = manifest.annotation_format is not None and manifest.annotation_format.unit is Unit.SHARES
    boxes = objects.boxes * np.tile(frame, 2) if in_shares else objects.boxes
    return PixelBoxes(objects, boxes, frame)
