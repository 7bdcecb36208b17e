"""Rare classes of boxes: images to draw more often, and weights of the classes in the loss."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datacheck.plan.boxes.training import TrainingBoxes, shares
from datacheck.plan.items import Measured, PlanItem, counted
from datacheck.text import listed, number, percent

RARE = 0.1
"""Share of the images: a class in more of them is not rare, whatever the others are."""

MOST_REPEATS = 10.0
"""An image is drawn so many times as often at most: more repeats show the same few pictures again."""

LEAST_REPEATS = 1.25
"""Where no image would be drawn at least so many times as often, all are drawn alike: no class is much rarer."""

UNEVEN = 10.0
"""Ratio of the largest to the smallest class, as in DC203, from which on it is corrected."""


def repeat_factors(presence: NDArray[np.bool_], threshold: float) -> NDArray[np.float64]:
    """Return how often to draw each image so that rare classes are seen (repeat factor sampling).

    A class in a share f of the images has the factor max(1, sqrt(t / f)), an image the largest factor of its classes
    (Gupta, Dollár and Girshick, *LVIS*, 2019).

    Parameters
    ----------
    presence
        Which classes each image has, [N, K].
    threshold
        The share t of the images below which a class is repeated.

    Examples
    --------
    >>> presence = np.zeros((100, 2), dtype=bool)
    >>> presence[:, 0], presence[:4, 1] = True, True
    >>> repeat_factors(presence, 0.16)[[0, 50]].tolist()
    [2.0, 1.0]
    """
    share = presence.mean(axis=0)
    of_class = np.sqrt(threshold / np.maximum(share, 1e-12)).clip(1.0, MOST_REPEATS)
    found: NDArray[np.float64] = np.where(presence, of_class, 1.0).max(axis=1, initial=1.0)
    return found


def image_weights(boxes: TrainingBoxes) -> tuple[NDArray[np.float64], float]:
    """Return how often to draw each training image, [n_images], and the share of images below which a class is rare.

    The share is that of the median class, and `RARE` at most.
    """
    presence = boxes.presence()
    share = presence.mean(axis=0)[presence.any(axis=0)]
    threshold = float(min(RARE, np.median(share))) if len(share) else 0.0
    weights = repeat_factors(presence, threshold)
    return (weights if weights.max(initial=1.0) >= LEAST_REPEATS else np.ones(len(weights))), threshold


def drawn_shares(boxes: TrainingBoxes, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of each class among the boxes of images that are drawn by weight; [K]."""
    known = boxes.class_id >= 0
    drawn = np.bincount(boxes.class_id[known], weights[boxes.image[known]], len(boxes.classes))
    found: NDArray[np.float64] = drawn / max(drawn.sum(), 1e-12)
    return found


def sampling_item(boxes: TrainingBoxes) -> PlanItem:
    """Return whether images with rare classes are drawn more often, and what that does to the classes' shares."""
    weights, threshold = image_weights(boxes)
    plain, drawn = drawn_shares(boxes, np.ones(boxes.n_images)), drawn_shares(boxes, weights)
    images = boxes.presence().sum(axis=0)
    rare = [k for k in range(len(boxes.classes)) if 0 < images[k] < threshold * boxes.n_images]
    rare = sorted(rare, key=lambda k: float(plain[k])) if weights.max(initial=1.0) > 1 else []
    settings = {"threshold": threshold, "most_repeats": MOST_REPEATS}
    if not rare:
        return PlanItem(
            kind="boxes",
            name="repeat_factor_sampling",
            verdict="nothing to do",
            summary=f"draw all images alike: no class is in much fewer than {percent(threshold)} of the images",
            settings=settings,
        )
    first = rare[0]
    names = [boxes.classes[k] for k in rare]
    method = f"boxes of the {boxes.n_images:,} training images, weighted by how often each image is drawn"
    return PlanItem(
        kind="boxes",
        name="repeat_factor_sampling",
        verdict="do",
        summary=f"draw images with {listed(names, 4)} more often, up to "
        f"{number(float(weights.max()), 2)} times: {boxes.classes[first]!r} is in {images[first]:,} of "
        f"{boxes.n_images:,} images and has {percent(plain[first])} of the boxes, then {percent(drawn[first])} of "
        "those drawn; no detector was trained to measure the gain",
        classes=tuple(names),
        settings=settings,
        measured=shares(
            "share_of_boxes", [(boxes.classes[k], float(drawn[k]), float(plain[k])) for k in rare], len(boxes), method
        ),
    )


def class_weights_item(boxes: TrainingBoxes) -> PlanItem:
    """Return weights of the classes in the loss where the boxes stay uneven after images are drawn by rare classes."""
    weights, _ = image_weights(boxes)
    plain, drawn = drawn_shares(boxes, np.ones(boxes.n_images)), drawn_shares(boxes, weights)
    present = plain > 0
    before, after = (float(part[present].max() / part[present].min()) for part in (plain, drawn))
    uneven = after >= UNEVEN
    in_loss = np.where(present, 1 / np.sqrt(np.maximum(drawn, 1e-12)), 0.0)
    in_loss = in_loss / max(float((in_loss * drawn).sum()), 1e-12)
    spread = f"the largest class has {number(before, 3)} times as many boxes as the smallest"
    if after < before:
        spread += f", {number(after, 3)} times once images are drawn as above"
    if uneven:
        smallest = boxes.classes[int(np.where(present, drawn, np.inf).argmin())]
        summary = (
            f"weight the classes in the classification loss by the root of 1 / share ({smallest!r} "
            f"{number(float(in_loss.max() / in_loss[present].min()), 2)} times the largest class): {spread}; no "
            "detector was trained to measure the gain"
        )
    else:
        summary = f"no class weights: {spread}"
    measured = (Measured(metric="class_ratio_of_boxes", estimate=counted(after, n=len(boxes)), baseline=before),)
    return PlanItem(
        kind="boxes",
        name="class_weights",
        verdict="do" if uneven else "nothing to do",
        summary=summary,
        settings={"loss_weights": dict(zip(boxes.classes, in_loss.round(4).tolist(), strict=True))} if uneven else {},
        measured=measured,
    )  # fmt: skip
