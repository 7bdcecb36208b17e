"""Input size, tiles and the smallest scale of an augmentation, from the sizes of the boxes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datacheck.plan.boxes.training import DEFAULT_SIDE, SMALLEST, Floats, TrainingBoxes, shares
from datacheck.plan.items import Measured, PlanItem, counted
from datacheck.text import number, percent

SIDES = (320, 416, DEFAULT_SIDE, 1024)
"""Usual input sizes: the longer side of the image."""

LIMITS = (SMALLEST, 16.0, 32.0)
"""Pixels of the shorter side, as of steps of the usual maps of detectors."""

MOST_SMALL = 0.05
"""Share of the boxes that may be smaller than the step of the finest map: one in twenty."""

SCALES = (0.9, 0.75, 0.5, 0.35, 0.25)
"""Factors by which an augmentation makes images smaller; 0.5 is what a mosaic of four images does."""

GRIDS, OVERLAP = (2, 3, 4), 0.2
"""Tiles along each side that are tried, and the share of a tile that it has in common with the next one."""

FEWEST_CUT = 0.5
"""Share of a box that a tile must show for the box to count as in it."""


def below(boxes: TrainingBoxes, side: float, limit: float = SMALLEST) -> float:
    """Return the share of the boxes whose shorter side is below some pixels at an input size."""
    return float((boxes.short_sides(side) < limit).mean())


def input_size_item(boxes: TrainingBoxes) -> PlanItem:
    """Return the smallest usual input size at which nearly all boxes are large enough."""
    measured = shares(
        "boxes",
        [
            (f"images_of_{side}_px_below_{limit:.0f}_px", below(boxes, side, limit), None)
            for side in SIDES
            for limit in LIMITS
        ],
        len(boxes),
        "shorter side of each training box, the longer side of the image resized to the input size",
    )
    side = next((one for one in SIDES if below(boxes, one) <= MOST_SMALL), SIDES[-1])
    native = float(np.median(boxes.frame.max(axis=1)))
    smaller = [one for one in SIDES if one < side]
    words = f"{percent(below(boxes, side))} of the {len(boxes):,} training boxes are below {SMALLEST:.0f} pixels there"
    if smaller:
        words += f", {percent(below(boxes, smaller[-1]))} at {smaller[-1]}"
    if side > native:
        words += f"; the images have {native:.0f} (median of the longer side) and are enlarged"
    return PlanItem(
        kind="boxes",
        name="input_size",
        verdict="do",
        summary=f"train at an input size of {side} pixels or more (longer side): {words}",
        settings={"size": side, "median_longer_side": native, "most_below_8_px": MOST_SMALL},
        measured=measured,
    )


def scale_item(boxes: TrainingBoxes, side: int) -> PlanItem:
    """Return down to which factor an augmentation may make images smaller, at an input size."""
    plain = below(boxes, side)
    found = {scale: below(boxes, scale * side) for scale in SCALES}
    limit = min((scale for scale in SCALES if found[scale] <= plain + MOST_SMALL), default=1.0)
    half = f"a mosaic of four images (0.5) takes {percent(found[0.5] - plain)} of the boxes below that"
    words = f"no smaller than by a factor of {limit:g}" if limit < 1 else "no smaller at all"
    return PlanItem(
        kind="boxes",
        name="scale",
        verdict="do",
        summary=f"augmentations that make images smaller: {words} at {side} pixels, so that at most "
        f"{percent(MOST_SMALL)} more of the boxes fall below {SMALLEST:.0f} pixels; {half}",
        settings={"scale_limit": limit, "size": side, "mosaic": bool(limit <= SCALES[2])},
        measured=shares(
            "boxes_below_8_px",
            [(f"scale_{scale:g}", share, plain) for scale, share in found.items()],
            len(boxes),
            f"shorter side of each training box at an input size of {side}",
        ),
    )


@dataclass(frozen=True)
class Tiled:
    """What a grid of tiles does: share of boxes below 8 pixels, and of those that no tile shows whole, or by half."""

    grid: int
    small: float
    cut: float
    lost: float


def tiled(boxes: TrainingBoxes, grid: int, side: int) -> Tiled:
    """Return what happens to the boxes where each image is cut into ``grid`` x ``grid`` tiles of one input size.

    Tiles overlap by `OVERLAP`, lie evenly over the image, and each is resized so that its longer side is ``side``.
    """
    extent = boxes.frame / (grid - (grid - 1) * OVERLAP)
    best = np.zeros(len(boxes))
    starts = [(boxes.frame - extent) * step / (grid - 1) for step in range(grid)]
    for x in starts:
        for y in starts:
            corner = np.stack([x[:, 0], y[:, 1]], axis=1)
            best = np.maximum(best, visible(boxes.boxes, corner, corner + extent))
    short = boxes.sizes.min(axis=1) * side / extent.max(axis=1)
    return Tiled(
        grid, float((short < SMALLEST).mean()), float((best < 1 - 1e-6).mean()), float((best < FEWEST_CUT).mean())
    )


def visible(boxes: Floats, corner: Floats, end: Floats) -> NDArray[np.float64]:
    """Return the share of each box's area that lies in a rectangle; boxes [N, 4], corners [N, 2], to [N].

    Examples
    --------
    >>> visible(np.array([[0.0, 0, 10, 10]]), np.array([[5.0, 0]]), np.array([[50.0, 50]])).tolist()
    [0.5]
    """
    shown = np.clip(np.minimum(boxes[:, 2:], end) - np.maximum(boxes[:, :2], corner), 0, None).prod(axis=1)
    found: NDArray[np.float64] = shown / (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    return found


def tiling_item(boxes: TrainingBoxes, side: int) -> PlanItem:
    """Return whether to cut the images into tiles, and the effect on the sizes of the boxes."""
    plain, native = below(boxes, side), float(np.median(boxes.frame.max(axis=1)))
    if plain <= MOST_SMALL:
        return PlanItem(
            kind="boxes",
            name="tiling",
            verdict="nothing to do",
            summary=f"no tiles: {percent(plain)} of the boxes are below {SMALLEST:.0f} pixels at {side} without them",
            measured=(Measured(metric="boxes_below_8_px/without_tiles", estimate=counted(plain, n=len(boxes))),),
        )
    tried = [tiled(boxes, grid, side) for grid in GRIDS]
    chosen = next((one for one in tried if one.small <= MOST_SMALL), min(tried, key=lambda one: one.small))
    factor = chosen.grid - (chosen.grid - 1) * OVERLAP
    words = (
        f"{chosen.grid} x {chosen.grid} tiles that overlap by {percent(OVERLAP)}: boxes have {number(factor, 2)} times "
        f"the pixels a side, {percent(chosen.small)} of them are below {SMALLEST:.0f} pixels at {side} in place of "
        f"{percent(plain)}; {percent(chosen.cut)} lie in no tile as a whole, {percent(chosen.lost)} not even by half"
    )
    if native <= side:
        words += f"; the images have {native:.0f} pixels, so that tiles only enlarge what is there"
    return PlanItem(
        kind="boxes",
        name="tiling",
        verdict="do" if native > side else "cannot tell",
        summary=words,
        settings={"grid": chosen.grid, "overlap": OVERLAP, "size": side},
        measured=(
            *shares("boxes_below_8_px", [(f"{t.grid}x{t.grid}_tiles", t.small, plain) for t in tried], len(boxes),
                    f"shorter side of each training box, tiles at an input size of {side}"),
            *shares("boxes_cut", [(f"{t.grid}x{t.grid}_tiles", t.cut, 0.0) for t in tried], len(boxes),
                    "training boxes that no tile shows as a whole"),
        ),
    )  # fmt: skip
