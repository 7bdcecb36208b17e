"""What the report shows of boxes: how many of each class, where they lie, how large they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datacheck.annotations.pixels import PixelBoxes, image_sizes, pixel_boxes
from datacheck.manifest import Manifest
from datacheck.report.figures import heat_svg, histogram_svg
from datacheck.report.overview import Matrix, Property, matrix_of
from datacheck.report.record import ReportRecord
from datacheck.report.tables import histogram
from datacheck.rules.boxes.dc810_tiny_boxes import TinyBoxes

CELLS = 24
"""Squares along each side of a map of box centres: about one for each finger's breadth on the page."""

MAPPED_CLASSES = 11
"""Classes with a map of their own, the most frequent ones: with the map of all boxes they fill three rows."""

TRAINING_SIDE, SMALLEST_SIDE = TinyBoxes.training_size, TinyBoxes.smallest
"""Longer side of an image in training, and the side of a box below which most detectors see nothing, as in DC810."""

SIZE_OCTAVES, SHAPE_OCTAVES, STEPS = (1, 10), 4, 4
"""Doublings of the box side that are drawn (2 to 1,024 pixels), doublings of width by height to each side, and steps of
each doubling."""


@dataclass(frozen=True)
class BoxView:
    """The section on boxes.

    Attributes
    ----------
    matrix
        Boxes by class and split.
    figures
        Maps of centres, sizes and shapes, boxes an image.
    line
        How many boxes there are, and how many of them are drawn.
    """

    matrix: Matrix | None
    figures: tuple[Property, ...]
    line: str


def box_view(report: ReportRecord) -> BoxView | None:
    """Return the section on boxes; None for a dataset without any."""
    manifest, objects = report.manifest, report.manifest.objects
    if objects is None or not len(objects):
        return None
    placed = pixel_boxes(manifest, objects, image_sizes(manifest, report.measurements))
    numbers = np.concatenate([placed.boxes, placed.frame, np.where(placed.sizes > 0, 0.0, np.nan)], axis=1)
    drawn: NDArray[np.bool_] = np.isfinite(numbers.sum(axis=1))
    left_out = int((~drawn).sum())
    line = f"{len(objects):,} boxes in {len(np.unique(objects.row)):,} of {len(manifest):,} images"
    if left_out:
        line += f"; {left_out:,} without area, or in an image of unknown size, are not drawn"
    figures = (*_maps(manifest, placed, drawn), *_sizes(placed, drawn), *_counts(manifest, placed))
    known = manifest.classes and (objects.class_id >= 0).any()
    return BoxView(matrix_of(box_counts(manifest), manifest) if known else None, figures, line)


def box_counts(manifest: Manifest) -> NDArray[np.int64]:
    """Return the number of boxes by class and split, int64 [K, S]; a dataset without splits has one column."""
    objects, n_splits = manifest.objects, max(1, len(manifest.splits))
    assert objects is not None
    split = manifest.split_codes[objects.row] if manifest.splits else np.zeros(len(objects), dtype=np.int64)
    known = (objects.class_id >= 0) & (split >= 0)
    cells = objects.class_id[known].astype(np.int64) * n_splits + split[known]
    return np.bincount(cells, minlength=len(manifest.classes) * n_splits).reshape(-1, n_splits).astype(np.int64)


def _maps(manifest: Manifest, placed: PixelBoxes, drawn: NDArray[np.bool_]) -> list[Property]:
    """Draw where the centres lie: of all boxes, and of the most frequent classes."""
    if not drawn.any():
        return []
    centres = (placed.boxes[:, :2] + placed.boxes[:, 2:]) / 2 / placed.frame
    cells = np.clip((np.where(drawn[:, None], centres, 0) * CELLS).astype(np.int64), 0, CELLS - 1)
    found = [Property("Centres of all boxes", _map(cells[drawn], "Centres of all boxes in their images"))]
    class_id = placed.objects.class_id
    counts = np.bincount(class_id[drawn & (class_id >= 0)], minlength=len(manifest.classes))
    if np.count_nonzero(counts) < 2:
        return found
    for one in np.argsort(-counts, kind="stable")[:MAPPED_CLASSES]:
        if counts[one]:
            name = f"{manifest.classes[one]} ({counts[one]:,})"
            found.append(Property(name, _map(cells[drawn & (class_id == one)], f"Centres of boxes of {name}")))
    return found


def _map(cells: NDArray[np.int64], label: str) -> str:
    counts = np.bincount(cells[:, 1] * CELLS + cells[:, 0], minlength=CELLS * CELLS)
    return heat_svg(counts.reshape(CELLS, CELLS), label)


def _sizes(placed: PixelBoxes, drawn: NDArray[np.bool_]) -> list[Property]:
    """Draw size by shape: the shorter side at a training side of 640 pixels, and width by height, both by doublings."""
    if not drawn.any():
        return []
    sides = placed.sizes[drawn] * (TRAINING_SIDE / placed.frame[drawn].max(axis=1, keepdims=True))
    octaves, shapes = np.log2(sides.min(axis=1)), np.log2(sides[:, 0] / sides[:, 1])
    low, high = SIZE_OCTAVES
    row = np.clip(((high - octaves) * STEPS).astype(np.int64), 0, (high - low) * STEPS - 1)
    column = np.clip(((shapes + SHAPE_OCTAVES) * STEPS).astype(np.int64), 0, 2 * SHAPE_OCTAVES * STEPS - 1)
    grid = np.zeros(((high - low) * STEPS, 2 * SHAPE_OCTAVES * STEPS), dtype=np.int64)
    np.add.at(grid, (row, column), 1)
    small = int((sides.min(axis=1) < SMALLEST_SIDE).sum())
    name = f"Size by shape: {small:,} under {SMALLEST_SIDE:g} pixels at {TRAINING_SIDE} (below the line)"
    at = (high - np.log2(SMALLEST_SIDE)) / (high - low)
    label = f"Shorter side of each box at {TRAINING_SIDE} pixels, by its width by height"
    most = 2**SHAPE_OCTAVES
    return [
        Property(name, heat_svg(grid, label, marks=(f"{most} times as high", f"{most} times as wide"), at=float(at)))
    ]


def _counts(manifest: Manifest, placed: PixelBoxes) -> list[Property]:
    """Draw how many boxes the images have, by split."""
    splits = manifest.splits or ("all",)
    codes = manifest.split_codes if manifest.splits else np.zeros(len(manifest), dtype=np.int32)
    each = np.bincount(placed.objects.row, minlength=len(manifest)).astype(np.float64)
    shown = histogram(each, codes, len(splits))
    if shown is None:
        return []
    return [Property("Boxes an image", histogram_svg(shown, splits, "Histogram of boxes an image by split"))]
