"""What random crops and flips do to the boxes, by the annotations alone."""

from __future__ import annotations

import re

import numpy as np

from datacheck.plan.boxes.sizes import FEWEST_CUT, visible
from datacheck.plan.boxes.training import TrainingBoxes, shares
from datacheck.plan.items import Measured, PlanItem, counted
from datacheck.text import percent, plural

AREAS = (0.9, 0.7, 0.5, 0.3)
"""Shares of the image's area that a random crop keeps."""

ASPECTS = (3 / 4, 4 / 3)
"""Width to height of a crop relative to the image, as in the random crops of the usual libraries."""

DRAWS, MOST_BOXES = 20, 20_000
"""Crops of each image, and boxes from which on images are drawn at random."""

MOST_CUT = 0.1
"""Share of the boxes in a crop that it may cut down to less than half: one in ten."""

SEEN = 0.01
"""Share of a box's area from which on a crop has something of it."""


def cut_by_crops(boxes: TrainingBoxes, area: float, seed: int) -> tuple[float, float, int]:
    """Return what random crops of a share of the area do to the boxes.

    Returns
    -------
    Of the boxes that a crop shows at all, the share that it cuts, and the share of which it shows less than half; and
    how many boxes in crops were looked at.
    """
    rng = np.random.default_rng([seed, round(100 * area)])
    kept = np.arange(len(boxes))
    if len(kept) > MOST_BOXES:
        order = rng.permutation(boxes.n_images)
        sizes = np.bincount(boxes.image, minlength=boxes.n_images)[order]
        kept = np.flatnonzero(np.isin(boxes.image, order[np.cumsum(sizes) <= MOST_BOXES]))
    image, frame = boxes.image[kept], boxes.frame[kept]
    cut = small = seen = 0
    for _ in range(DRAWS):
        aspect = np.exp(rng.uniform(np.log(ASPECTS[0]), np.log(ASPECTS[1]), boxes.n_images))
        shape = np.minimum(np.sqrt(area) * np.stack([np.sqrt(aspect), 1 / np.sqrt(aspect)], axis=1), 1.0)
        corner = rng.uniform(0, 1, (boxes.n_images, 2)) * (1 - shape)
        shown = visible(boxes.boxes[kept], corner[image] * frame, (corner + shape)[image] * frame)
        some = shown >= SEEN
        seen += int(some.sum())
        cut += int((some & (shown < 1 - 1e-6)).sum())
        small += int((some & (shown < FEWEST_CUT)).sum())
    return cut / max(seen, 1), small / max(seen, 1), seen


def crop_item(boxes: TrainingBoxes, seed: int) -> PlanItem:
    """Return how small random crops may be, so that few boxes are cut down to less than half."""
    found = {area: cut_by_crops(boxes, area, seed) for area in AREAS}
    least = min((area for area in AREAS if found[area][1] <= MOST_CUT), default=1.0)
    method = f"{DRAWS} random crops an image at each share of the area, of the boxes that a crop shows at all"
    n = found[AREAS[0]][2]
    at = least if least < 1 else AREAS[0]
    cut, small, _ = found[at]
    words = f"crops of {percent(at)} of the area cut {percent(cut)} of their boxes, {percent(small)} to less than half"
    smallest = found[AREAS[-1]]
    if least < 1:
        summary = (
            f"random crops: down to {percent(least)} of the area; {words} (at {percent(AREAS[-1])} "
            f"{percent(smallest[0])} and {percent(smallest[1])}); leave out boxes of which less than half is left"
        )
    else:
        summary = f"random crops: none; {words}"
    return PlanItem(
        kind="boxes",
        name="crop",
        verdict="do" if least < 1 else "avoid",
        summary=summary,
        settings={"least_area": least, "min_visibility": FEWEST_CUT},
        measured=(
            *shares("boxes_cut", [(f"crops_of_{area:g}", found[area][0], 0.0) for area in AREAS], n, method),
            *shares("boxes_cut_below_half", [(f"crops_of_{area:g}", found[area][1], 0.0) for area in AREAS], n, method),
        ),
    )


def flip_item(boxes: TrainingBoxes) -> PlanItem:
    """Return whether a horizontal flip keeps the classes, by their names."""
    pairs = side_pairs(boxes.classes)
    counts, total = boxes.counts(), max(len(boxes), 1)
    if not pairs:
        return PlanItem(
            kind="boxes",
            name="horizontal_flip",
            verdict="cannot tell",
            summary="horizontal flip: no two class names differ in left and right alone; whether a mirrored object is "
            "still of its class (digits, letters, signs are not) was not measured",
            settings={"pairs": []},
        )
    names = tuple(name for pair in pairs for name in pair)
    n = int(counts[[boxes.classes.index(name) for name in names]].sum())
    shown = ", ".join(f"{one!r} and {other!r}" for one, other in pairs[:3])
    return PlanItem(
        kind="boxes",
        name="horizontal_flip",
        verdict="avoid",
        summary=f"horizontal flip: the classes {shown} differ in the side alone, and {plural(n, 'box', 'boxes')} of "
        "them would get the wrong class; leave it out, or exchange the two classes with it",
        classes=names,
        settings={"pairs": [list(pair) for pair in pairs], "exchange": dict([*pairs, *(pair[::-1] for pair in pairs)])},
        measured=(Measured(metric="boxes_with_a_wrong_class_when_flipped", estimate=counted(n / total, n=len(boxes))),),
    )


def side_pairs(names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Return pairs of class names that differ in left and right alone, as words or as one letter at an end.

    Examples
    --------
    >>> side_pairs(("turn_left", "turn_right", "stop", "hand-L", "hand-R", "bright"))
    (('turn_left', 'turn_right'), ('hand-L', 'hand-R'))
    """
    known = set(names)
    found = []
    for name in names:
        other = mirrored(name)
        if other != name and other in known and (other, name) not in found:
            found.append((name, other))
    return tuple(found)


_OTHER = {"left": "right", "Left": "Right", "LEFT": "RIGHT", "L": "R", "l": "r"}
_SIDES = {**_OTHER, **{other: side for side, other in _OTHER.items()}}
_WORD = re.compile(r"left|right|Left|Right|LEFT|RIGHT|(?<![A-Za-z])[LlRr](?![A-Za-z])")


def mirrored(name: str) -> str:
    """Return a class name with left and right exchanged.

    Examples
    --------
    >>> mirrored("turn_left"), mirrored("R_hand"), mirrored("car")
    ('turn_right', 'L_hand', 'car')
    """
    return _WORD.sub(lambda word: _SIDES[word[0]], name)
