"""What the boxes of an image amount to: how many there are, of which classes, and how large."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from datacheck.annotations.pixels import ImageSizes
from datacheck.manifest import Manifest, Unit

Floats = NDArray[np.float64]

BOX_NUMBERS = ("boxes_in_image", "mean_box_size", "smallest_box", "largest_box")
"""The numbers of an image that its boxes give."""

NO_CLASS = "(no class)"
"""Stands for the class of a box that names none."""


@dataclass(frozen=True)
class ImageBoxes:
    """What the boxes of each image amount to; N images. Crowds do not count.

    Attributes
    ----------
    counts
        Boxes; NaN where the annotations are missing; [N].
    mean, smallest, largest
        Relative size of the boxes: the root of the share of the image's area that a box covers, so that 0.5 is half of
        each side; NaN for an image without boxes, or whose size is needed and unknown; [N] each.
    classes
        Class of each box, by image; what the file says where it is not declared; null where annotations are missing.
    """

    counts: Floats
    mean: Floats
    smallest: Floats
    largest: Floats
    classes: pa.ListArray

    @property
    def numbers(self) -> dict[str, Floats]:
        """The numbers by the names of `BOX_NUMBERS`."""
        return dict(zip(BOX_NUMBERS, (self.counts, self.mean, self.smallest, self.largest), strict=True))


def relative_sizes(manifest: Manifest, sizes: ImageSizes) -> Floats:
    """Return the root of the share of its image that each object's box covers; NaN where that is unknown; [M]."""
    objects = manifest.objects
    assert objects is not None
    in_shares = manifest.annotation_format is not None and manifest.annotation_format.unit is Unit.SHARES
    frame = np.ones(2) if in_shares else sizes.frame[objects.row]
    with np.errstate(invalid="ignore", divide="ignore"):
        sides = np.abs(objects.boxes[:, 2:] - objects.boxes[:, :2]) / frame
    found: Floats = np.sqrt(sides.prod(axis=1))
    found[~np.isfinite(found)] = np.nan
    return found


def image_boxes(manifest: Manifest, sizes: ImageSizes) -> ImageBoxes:
    """Return what the boxes of each image amount to.

    Parameters
    ----------
    manifest
        A dataset with annotated objects.
    sizes
        Of its images.

    Examples
    --------
    >>> from datacheck.annotations.pixels import image_sizes
    >>> from datacheck.manifest.annotations import ObjectRows
    >>> rows = ObjectRows()
    >>> rows.add((0.0, 0.0, 50.0, 50.0), class_id=0, line=1)
    >>> rows.end_image()
    >>> rows.end_image()
    >>> columns = {"labels": [["cell"], []], "annotated_width": [100, 100], "annotated_height": [100, 100]}
    >>> manifest = Manifest.from_columns({**columns, **rows.columns()})
    >>> found = image_boxes(manifest, image_sizes(manifest, None))
    >>> found.counts.tolist(), found.mean.tolist(), found.classes.to_pylist()
    ([1.0, 0.0], [0.5, nan], [['cell'], []])
    """
    objects = manifest.objects
    assert objects is not None
    n_rows, kept = len(manifest), np.flatnonzero(~objects.crowd)
    row = objects.row[kept]
    counts = np.bincount(row, minlength=n_rows).astype(np.float64)
    relative = relative_sizes(manifest, sizes)[kept]
    known = np.isfinite(relative)
    total = np.bincount(row[known], relative[known], n_rows)
    n_known = np.bincount(row[known], minlength=n_rows)
    smallest, largest = np.full(n_rows, np.inf), np.full(n_rows, -np.inf)
    np.minimum.at(smallest, row[known], relative[known])
    np.maximum.at(largest, row[known], relative[known])
    without = n_known == 0
    missing = ~manifest.labelled
    counts[missing] = np.nan
    mean = total / np.maximum(n_known, 1)
    for values in (mean, smallest, largest):
        values[without] = np.nan
    return ImageBoxes(counts, mean, smallest, largest, _classes(manifest, kept, missing))


def _classes(manifest: Manifest, kept: NDArray[np.int64], missing: NDArray[np.bool_]) -> pa.ListArray:
    objects = manifest.objects
    assert objects is not None
    flat = manifest.table["annotated_objects"].combine_chunks().flatten()
    place = np.where(objects.class_id < 0, len(manifest.classes), objects.class_id)
    declared = pa.array([*manifest.classes, None], pa.string()).take(pa.array(place))
    names = pc.coalesce(declared, flat.field("written"), pa.scalar(NO_CLASS)).take(pa.array(kept))
    ends = np.searchsorted(objects.row[kept], np.arange(len(manifest) + 1))
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), names, mask=pa.array(missing))
