"""Input size and normalisation of the training split, from what the scan measured."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.plan.items import Measured, PlanItem, counted
from datacheck.scanning.measurements import Measurements
from datacheck.stats import Interval

LARGEST_SIDE = 224
"""Larger images are resized to this side: what pretrained networks expect, and starting hardware can train."""

LARGEST_SIDE_OF_MASKS = 512
"""The same where the labels are masks, whose small regions and borders a lower resolution loses."""

SMALL_SIDE = 64
"""Images below this side keep it; larger ones are rounded to ..."""

SIDE_STEP = 32
"""... a multiple of this: networks halve the side up to five times."""

LEAST_VARIANCE = 1e-6
"""Images of one colour would have a deviation of 0, and nothing can be divided by that."""

CHUNK = 256
"""Images whose moments are computed at once, to bound the memory."""

CHANNELS = ("red", "green", "blue")


def normalise_item(
    rows: NDArray[np.integer[Any]],
    measurements: Measurements | None,
    pixels: NDArray[np.uint8] | None,
    wanted: int | None = None,
    *,
    masks: bool = False,
) -> PlanItem:
    """Return the channel means and deviations of the training split, and the side to resize to.

    Every image weighs the same, as it does once all are resized to one size. ``wanted`` is the side where something
    else decides it: of a detector, the sizes of the boxes. ``masks`` says that the labels are masks.
    """
    largest = LARGEST_SIDE_OF_MASKS if masks else LARGEST_SIDE
    if measurements is not None:
        mean, deviation, n = from_measurements(rows, measurements)
        method = f"pooled over the pixels of {n:,} training images at their own size, each image weighing the same"
        sides = np.minimum(measurements.values("width")[rows], measurements.values("height")[rows])
        side = input_side(sides, largest)
        quantiles = np.nanquantile(sides, [0.05, 0.5, 0.95]) if np.isfinite(sides).any() else np.full(3, np.nan)
    elif pixels is not None:
        mean, deviation, n = from_pixels(pixels[rows])
        method = f"pooled over the pixels of {n:,} training images at {pixels.shape[1]} pixels"
        side, quantiles = input_side(np.array([float(pixels.shape[1])]), largest), np.full(3, float(pixels.shape[1]))
    else:
        return PlanItem(
            kind="normalise",
            name="normalisation",
            verdict="not measured",
            summary="no pixels were read: scan the dataset, or give pixels=",
        )
    if not n:
        return PlanItem(
            kind="normalise", name="normalisation", verdict="not measured", summary="no training image could be read"
        )
    moments = [
        Measured(metric=f"{what}/{channel}", estimate=counted(values[index], n=n, method=method))
        for what, values in (("mean", mean), ("std", deviation))
        for index, channel in enumerate(CHANNELS)
    ]
    low, median, high = (float(value) for value in quantiles)
    spread = Interval(median, low, high, level=0.9, method="median; 5th and 95th percentile", n=n)
    size = Measured(metric="shorter_side", estimate=spread)
    measured, side = (*moments, size), wanted or side
    numbers = " ".join(f"{value:.3f}" for value in mean), " ".join(f"{value:.3f}" for value in deviation)
    return PlanItem(
        kind="normalise",
        name="normalisation",
        verdict="do",
        summary=f"resize to {side} pixels, subtract the mean {numbers[0]} and divide by the standard deviation "
        f"{numbers[1]} "
        "(red, green, blue)",
        settings={"mean": mean.tolist(), "std": deviation.tolist(), "size": side},
        measured=measured,
    )


def from_measurements(
    rows: NDArray[np.integer[Any]], measurements: Measurements
) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    """Return the pooled channel means and deviations in [0, 1], each of shape [3], and from how many images."""
    means = np.stack([measurements.values(f"mean_{channel}")[rows] for channel in CHANNELS])
    deviations = np.stack([measurements.values(f"std_{channel}")[rows] for channel in CHANNELS])
    known = np.isfinite(means).all(axis=0) & np.isfinite(deviations).all(axis=0)
    if not known.any():
        return np.full(3, 0.5), np.full(3, 0.5), 0
    mean = means[:, known].mean(axis=1)
    square = (deviations[:, known] ** 2 + means[:, known] ** 2).mean(axis=1)
    return mean, np.sqrt(np.maximum(square - mean**2, LEAST_VARIANCE)), int(known.sum())


def from_pixels(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    """Return the channel means and deviations in [0, 1] of uint8 pixels [N, S, S, 3], each of shape [3].

    Examples
    --------
    >>> mean, deviation, n = from_pixels(np.full((2, 4, 4, 3), 255, dtype=np.uint8))
    >>> mean.tolist(), n
    ([1.0, 1.0, 1.0], 2)
    """
    total, square, count = np.zeros(3), np.zeros(3), 0
    for start in range(0, len(pixels), CHUNK):
        part = pixels[start : start + CHUNK].reshape(-1, 3).astype(np.float64) / 255
        total, square, count = total + part.sum(axis=0), square + (part**2).sum(axis=0), count + len(part)
    if not count:
        return np.full(3, 0.5), np.full(3, 0.5), 0
    mean = total / count
    return mean, np.sqrt(np.maximum(square / count - mean**2, LEAST_VARIANCE)), len(pixels)


def input_side(sides: NDArray[np.floating[Any]], largest: int = LARGEST_SIDE) -> int:
    """Return the side to resize to: the median shorter side, in steps of `SIDE_STEP` from `SMALL_SIDE` up, to a limit.

    Examples
    --------
    >>> input_side(np.array([28.0])), input_side(np.array([100.0])), input_side(np.array([384.0, 400.0]))
    (28, 96, 224)
    """
    known = sides[np.isfinite(sides)]
    if not len(known):
        return largest
    median = float(np.median(known))
    return (
        int(max(1, round(median))) if median < SMALL_SIDE else int(min(largest, round(median / SIDE_STEP) * SIDE_STEP))
    )
