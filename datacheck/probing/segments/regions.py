"""The regions of masks, and what a model's probabilities and an image's edges say of each; arrays alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int16]
Floats = NDArray[np.float32]

LEAST = 12
"""Places that a region needs to be judged: fewer hold hardly more than its border."""

BAND = 3
"""Places on each side of a border that are looked at."""

STEP = 2
"""Places by which a region is moved to see whether it fits better there."""

COVERED = 0.5
"""Share of a region that is taken for another class as a whole: its class is in doubt, and nothing is missing in it."""

DIRECTIONS = ((0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1))
"""Steps down and right to the eight neighbours."""


@dataclass(frozen=True)
class Picture:
    """One image on a grid of G x G places.

    Attributes
    ----------
    labels
        The class of each place by the mask, -1 where it does not count; [G, G].
    probs
        Out-of-sample class probabilities, [G, G, K].
    edges
        How strong the image's edges are, in [0, 1]; [G, G].
    """

    labels: Labels
    probs: Floats
    edges: Floats


@dataclass(frozen=True)
class Region:
    """A connected part of one class.

    Attributes
    ----------
    label
        Its class by the mask; of a region that may be missing, that of most of what is drawn there.
    suggested
        The class that the model gives.
    size
        Places.
    box
        Left, top, right, bottom in places.
    place
        Where it is, [G, G].
    features
        What is seen of it, [D].
    """

    label: int
    suggested: int
    size: int
    box: tuple[int, int, int, int]
    place: NDArray[np.bool_]
    features: Floats


def components(inside: NDArray[np.bool_], least: int = LEAST) -> Iterator[tuple[NDArray[np.bool_], tuple[int, ...]]]:
    """Yield each connected part of at least so many places, with its box.

    Examples
    --------
    >>> inside = np.zeros((8, 8), dtype=bool)
    >>> inside[1:5, 2:6] = inside[7, 7] = True
    >>> [(int(part.sum()), box) for part, box in components(inside)]
    [(16, (2, 1, 6, 5))]
    """
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(inside.astype(np.uint8), connectivity=8)
    for number in np.flatnonzero(boxes[:, cv2.CC_STAT_AREA] >= least).tolist():
        if number:
            left, top, width, height = boxes[number, :4].tolist()
            yield labels == number, (left, top, left + width, top + height)


def given_regions(picture: Picture, where: NDArray[np.bool_] | None = None) -> Iterator[Region]:
    """Yield the regions of a mask; with ``where``, only the one with the largest part of these places."""
    labels = picture.labels
    for code in np.unique(labels[labels >= 0] if where is None else labels[where & (labels >= 0)]).tolist():
        parts = list(components(labels == code))
        if where is not None:
            parts = sorted(parts, key=lambda one: -int((one[0] & where).sum()))[:1]
        for part, box in parts:
            mean = picture.probs[part].mean(axis=0)
            rest = mean.copy()
            rest[code] = -1
            suggested = int(rest.argmax())
            seen = _seen(picture, part, box, code, suggested)
            yield Region(code, suggested, int(part.sum()), _four(box), part, seen)


def missing_regions(picture: Picture) -> Iterator[Region]:
    """Yield the places that the model takes for a class that is not drawn there."""
    labels, probs = picture.labels, picture.probs
    predicted, known = probs.argmax(axis=-1), labels >= 0
    wrong = known & (predicted != labels)
    whole = [part for code in np.unique(labels[wrong]).tolist() for part, _ in components(labels == code)]
    doubted = [part for part in whole if wrong[part].mean() > COVERED]
    for part in doubted:
        wrong = wrong & ~part
    for code in np.unique(predicted[wrong]).tolist():
        other = cv2.morphologyEx(
            (wrong & (predicted == code)).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)
        )
        for part, box in components(other > 0):
            most = int(np.bincount(labels[part]).argmax())
            beside = cv2.dilate(part.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
            touching = float((labels[beside & ~part] == code).mean())
            seen = np.append(_seen(picture, part, box, code, most), touching).astype(np.float32)
            yield Region(most, code, int(part.sum()), _four(box), part, seen)


def _four(box: tuple[int, ...]) -> tuple[int, int, int, int]:
    return box[0], box[1], box[2], box[3]


def _seen(picture: Picture, part: NDArray[np.bool_], box: tuple[int, ...], code: int, other: int) -> Floats:
    """Return what is seen of a region that is, or might be, of a class."""
    reach = BAND + STEP
    height, width = part.shape
    near = (
        slice(max(0, box[1] - reach), min(height, box[3] + reach)),
        slice(max(0, box[0] - reach), min(width, box[2] + reach)),
    )
    inside, counts = part[near], picture.labels[near] >= 0
    p = picture.probs[near]
    own, rival = p[..., code], p[..., other]
    distance = _signed_distance(inside)
    same = counts & ~((picture.labels[near] == code) & ~inside)
    bands = []
    for low in range(-BAND, BAND):
        band = same & (distance > low) & (distance <= low + 1)
        bands += [_mean(own, band), _mean(picture.edges[near], band)]
    mean = p[inside].mean(axis=0)
    logs = np.log(mean + 1e-4)
    wide, high = box[2] - box[0], box[3] - box[1]
    size = float(part.sum())
    plain = [
        logs[code], logs[other], np.log(own[inside] + 1e-4).mean(), float((p[inside].argmax(axis=-1) == code).mean()),
        float(own[inside].max()), _mean(rival, inside), np.log(size), np.log(wide / high), size / (wide * high),
        (box[1] + box[3]) / height, (box[0] + box[2]) / width, float(code),
    ]  # fmt: skip
    return np.array([*plain, *bands, *_gains(own, inside, same)], dtype=np.float32)


def _gains(own: Floats, inside: NDArray[np.bool_], counts: NDArray[np.bool_]) -> list[float]:
    """Return what the probability of the class gains where a region is moved: most, mean, least; and the overlap."""
    gains = []
    for down, right in DIRECTIONS:
        moved = _shifted(inside, STEP * down, STEP * right)
        gains.append(_mean(own, moved & ~inside & counts) - _mean(own, inside & ~moved))
    q = np.where(counts, own, 0)
    overlap = float(q[inside].sum() / max(float(inside.sum() + q[~inside].sum()), 1e-9))
    return [max(gains), float(np.mean(gains)), min(gains), overlap]


def _shifted(inside: NDArray[np.bool_], down: int, right: int) -> NDArray[np.bool_]:
    moved = np.zeros_like(inside)
    height, width = inside.shape
    moved[max(0, down) : height + min(0, down), max(0, right) : width + min(0, right)] = inside[
        max(0, -down) : height - max(0, down), max(0, -right) : width - max(0, right)
    ]
    return moved


def _signed_distance(inside: NDArray[np.bool_]) -> Floats:
    """Return the distance to the border of a region, negative within; [h, w]."""
    out = cv2.distanceTransform((~inside).astype(np.uint8), cv2.DIST_L2, 5)
    within = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 5)
    return np.asarray(out - within + 0.5 * (within > 0), dtype=np.float32)


def _mean(values: Floats, where: NDArray[np.bool_]) -> float:
    return float(values[where].mean()) if where.any() else float("nan")
