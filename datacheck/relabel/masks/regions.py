"""From the places of the probe's grid to pixels: the region in question, and what a model would draw instead."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from datacheck.probing.segments.grids import GRID
from datacheck.probing.segments.regions import BAND, STEP, components

Codes = NDArray[np.int16]
Inside = NDArray[np.bool_]


@dataclass(frozen=True)
class Suspect:
    """A region that the probe lists.

    Attributes
    ----------
    kind
        ``class``, ``missing`` or ``border``.
    label, suggested
        Class numbers: that of the mask there, and that of the model.
    box, size
        Left, top, right, bottom in places of the grid, and how many places.
    """

    kind: str
    label: int
    suggested: int
    box: tuple[int, int, int, int]
    size: int


@dataclass(frozen=True)
class Proposal:
    """A region in question in pixels.

    Attributes
    ----------
    region
        The region as the mask has it; of a missing one what the model would draw; [h, w].
    patches
        The class number that pixels would get, and which pixels; [h, w] each.
    """

    region: Inside
    patches: tuple[tuple[int, Inside], ...]

    @property
    def concerned(self) -> Inside:
        """All pixels that an answer decides; [h, w]."""
        found = self.region.copy()
        for _, patch in self.patches:
            found |= patch
        return found


def proposal(suspect: Suspect, codes: Codes, predicted: Codes) -> Proposal | None:
    """Return a suspect region in pixels; None where the mask has no such region.

    Parameters
    ----------
    suspect
        What the probe lists.
    codes
        Class numbers of the mask, -1 where it has none; [h, w].
    predicted
        The most likely class of each place of the grid, [GRID, GRID].

    Examples
    --------
    >>> codes = np.zeros((GRID, GRID), dtype=np.int16)
    >>> codes[10:30, 20:60] = 1
    >>> predicted = codes * 2
    >>> found = proposal(Suspect("class", 1, 2, (20, 10, 60, 30), 800), codes, predicted)
    >>> int(found.region.sum()), [(code, int(patch.sum())) for code, patch in found.patches]
    (800, [(2, 800)])
    """
    grid = on_grid(codes)
    if suspect.kind == "missing":
        place = _best((predicted == suspect.suggested) & (grid != suspect.suggested) & (grid >= 0), suspect)
        if place is None:
            return None
        drawn = in_pixels(place, codes.shape) & (codes >= 0) & (codes != suspect.suggested)
        return Proposal(drawn, ((suspect.suggested, drawn),)) if drawn.any() else None
    place = _best(grid == suspect.label, suspect)
    if place is None:
        return None
    region = _whole_parts(codes == suspect.label, place)
    if suspect.kind == "class":
        return Proposal(region, ((suspect.suggested, region),))
    return Proposal(region, tuple(_moved_border(region, place, codes, predicted == suspect.label)))


def on_grid(codes: Codes) -> Codes:
    """Return the class number at each place of the grid, as the probe sees a mask; [GRID, GRID]."""
    down, right = _samples(codes.shape)
    return np.asarray(codes[down[:, None], right])


def in_pixels(place: Inside, shape: tuple[int, ...]) -> Inside:
    """Return a region of the grid in pixels, its outline smoothed; [h, w].

    Examples
    --------
    >>> place = np.zeros((GRID, GRID), dtype=bool)
    >>> place[:, : GRID // 2] = True
    >>> in_pixels(place, (4, 200)).sum(axis=1).tolist()
    [100, 100, 100, 100]
    """
    soft = cv2.resize(place.astype(np.float32), (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(soft > 0.5)


def _samples(shape: tuple[int, ...]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pixel rows and columns that the grid looks at."""
    down, right = (((np.arange(GRID) + 0.5) * size / GRID).astype(np.int64) for size in shape)
    return down, right


def _best(inside: Inside, suspect: Suspect) -> Inside | None:
    """Return the connected part of the grid that a suspect is; None where none is in its box."""
    left, top, right, bottom = suspect.box
    frame = np.zeros_like(inside)
    frame[top:bottom, left:right] = True
    parts = [(part, box) for part, box in components(inside, least=1) if (part & frame).any()]
    if not parts:
        return None
    same = [part for part, box in parts if tuple(box) == suspect.box and int(part.sum()) == suspect.size]
    best = same[0] if same else max((part for part, _ in parts), key=lambda part: int((part & frame).sum()))
    return np.asarray(best & frame)


def _whole_parts(inside: Inside, place: Inside) -> Inside:
    """Return the connected parts of a class in pixels that lie mostly in a region of the grid; at least one; [h, w]."""
    down, right = _samples(inside.shape)
    _, labels = cv2.connectedComponents(inside.astype(np.uint8), connectivity=8)
    seen = labels[down[:, None], right]
    within = np.bincount(seen[place], minlength=labels.max() + 1)
    whole = np.bincount(seen.ravel(), minlength=labels.max() + 1)
    within[0] = 0
    chosen = 2 * within >= np.maximum(whole, 1)
    chosen[0] = False
    if not chosen.any():
        chosen[within.argmax()] = True
    return np.asarray(chosen[labels])


def _moved_border(region: Inside, place: Inside, codes: Codes, likely: Inside) -> Iterable[tuple[int, Inside]]:
    """Yield the pixels that change where a region gets the border of the model: those it gains, those it loses."""
    parts = [part for part, _ in components(likely, least=1) if (part & place).any()]
    if not parts:
        return
    reach = 2 * (BAND + STEP) + 1
    near = cv2.dilate(place.astype(np.uint8), np.ones((reach, reach), np.uint8)) > 0
    wanted = in_pixels(np.logical_or.reduce(parts) & near, codes.shape)
    code = int(codes[region][0])
    gained = wanted & (codes >= 0) & (codes != code)
    if gained.any():
        yield code, np.asarray(gained)
    lost = region & ~wanted
    around = nearest_other(codes, region)
    if around is None or not lost.any() or not wanted.any():
        return
    for other in np.unique(around[lost]).tolist():
        yield int(other), np.asarray(lost & (around == other))


def nearest_other(codes: Codes, region: Inside) -> Codes | None:
    """Return for each pixel the class of the nearest pixel outside a region; None where there is none; [h, w]."""
    outside = ~region & (codes >= 0)
    if not outside.any():
        return None
    _, nearest = cv2.distanceTransformWithLabels(
        (~outside).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    table = np.zeros(int(nearest.max()) + 1, dtype=codes.dtype)
    table[nearest[outside]] = codes[outside]
    return np.asarray(table[nearest])
