"""Anchor boxes by k-means on the sizes of the boxes, against the usual ones, out of sample by image."""

from __future__ import annotations

import numpy as np

from datacheck.plan.boxes.training import Floats, TrainingBoxes
from datacheck.plan.items import Measured, PlanItem
from datacheck.stats import Z95, Interval

USUAL = np.array(
    [[10, 13], [16, 30], [33, 23], [30, 61], [62, 45], [59, 119], [116, 90], [156, 198], [373, 326]], dtype=np.float64
)
"""Anchors of YOLOv3 (made from COCO at 416 pixels), which later YOLOs with anchors use at 640; width and height."""

ROUNDS = 100
"""Rounds of k-means at most; it ends when no box changes its anchor."""

FEWEST = 90
"""Boxes from which anchors are fitted: ten for each."""

MOST = 20_000
"""Boxes that k-means is fitted to at most, drawn at random."""

WORTH = 0.02
"""Gain in the mean overlap below which anchors change hardly any match."""


def size_iou(sizes: Floats, anchors: Floats) -> Floats:
    """Return the intersection over union of boxes and anchors with one centre; [N, 2] and [K, 2] to [N, K].

    Examples
    --------
    >>> size_iou(np.array([[10.0, 10.0]]), np.array([[10.0, 5.0], [20.0, 20.0]])).tolist()
    [[0.5, 0.25]]
    """
    shared = np.minimum(sizes[:, None], anchors[None]).prod(axis=2)
    found: Floats = shared / (sizes.prod(axis=1)[:, None] + anchors.prod(axis=1)[None] - shared)
    return found


def fit_anchors(sizes: Floats, k: int, seed: int) -> Floats:
    """Return k anchors by k-means with 1 - IoU as the distance (Redmon and Farhadi 2017), by area; [k, 2].

    Starts from quantiles of the area, so that each range of sizes has an anchor.

    Examples
    --------
    >>> sizes = np.repeat([[10.0, 10.0], [50.0, 100.0]], 5, axis=0)
    >>> fit_anchors(sizes, 2, seed=0).tolist()
    [[10.0, 10.0], [50.0, 100.0]]
    """
    if len(sizes) > MOST:
        sizes = sizes[np.random.default_rng(seed).permutation(len(sizes))[:MOST]]
    order = np.argsort(sizes.prod(axis=1), kind="stable")
    anchors = np.stack([part.mean(axis=0) for part in np.array_split(sizes[order], k)])
    member = np.full(len(sizes), -1)
    for _ in range(ROUNDS):
        nearest = size_iou(sizes, anchors).argmax(axis=1)
        if np.array_equal(nearest, member):
            break
        member = nearest
        for one in np.unique(member):
            anchors[one] = np.median(sizes[member == one], axis=0)
    found: Floats = anchors[np.argsort(anchors.prod(axis=1), kind="stable")]
    return found


def held_out_overlap(boxes: TrainingBoxes, sizes: Floats, seed: int) -> Floats:
    """Return the best overlap of each box with anchors that were fitted to the boxes of the other half; [M]."""
    half = np.random.default_rng([seed, 5]).permutation(boxes.n_images) % 2
    fold = half[boxes.image]
    found = np.zeros(len(sizes))
    for one in (0, 1):
        if (fold != one).any() and (fold == one).any():
            anchors = fit_anchors(sizes[fold != one], len(USUAL), seed)
            found[fold == one] = size_iou(sizes[fold == one], anchors).max(axis=1)
    return found


def mean_by_image(boxes: TrainingBoxes, values: Floats) -> Interval:
    """Return the mean over boxes with an interval that takes images as the unit (a ratio of sums, by its residuals)."""
    n = np.bincount(boxes.image, minlength=boxes.n_images)
    value = float(values.mean())
    residual = np.bincount(boxes.image, values - value, boxes.n_images)
    has = int((n > 0).sum())
    error = float(np.sqrt((residual**2).sum() * has / max(has - 1, 1)) / len(values))
    return Interval(value, value - Z95 * error, value + Z95 * error, method="linearised, images as units", n=has)


def anchors_item(boxes: TrainingBoxes, side: int, seed: int) -> PlanItem:
    """Return anchors for an input size where they fit the boxes better than the usual ones do."""
    if len(boxes) < FEWEST:
        return PlanItem(
            kind="boxes",
            name="anchors",
            verdict="not measured",
            summary=f"anchors: needs {FEWEST} boxes in the training images, found {len(boxes)}",
        )
    sizes = boxes.sizes * (side / boxes.frame.max(axis=1))[:, None]
    usual = size_iou(sizes, USUAL).max(axis=1)
    own = held_out_overlap(boxes, sizes, seed)
    gain = mean_by_image(boxes, own - usual)
    use = gain.low >= WORTH
    anchors = fit_anchors(sizes, len(USUAL), seed).round().clip(1)
    words = (
        f"mean best overlap {own.mean():.3f} on images that they were not fitted to, {usual.mean():.3f} with those of "
        f"YOLO ({gain.value:+.3f}, 95 % interval {gain.low:+.3f} to {gain.high:+.3f})"
    )
    shown = " ".join(f"{width:.0f}x{height:.0f}" for width, height in anchors)
    return PlanItem(
        kind="boxes",
        name="anchors",
        verdict="do" if use else "nothing to do",
        summary=f"a detector with anchors: {shown} at {side} pixels, {words}" if use else f"the usual anchors: {words}",
        settings={"anchors": anchors.tolist() if use else USUAL.tolist(), "size": side},
        measured=(
            Measured(
                metric="gain/mean_best_overlap", estimate=gain, baseline=float(usual.mean()), folds=2, seeds=(seed,)
            ),
        ),
    )
