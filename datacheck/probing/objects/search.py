"""The search for objects without a box, from images to what was found, within what is left of the budget."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from datacheck.annotations.pixels import ImageSizes, PixelBoxes
from datacheck.manifest import Manifest
from datacheck.probing.budget import Clock
from datacheck.probing.objects.crops import read_rgb
from datacheck.probing.objects.missing import FEWEST_BOXES, Asked, Given, Missing, Searched, find_missing
from datacheck.probing.options import Options
from datacheck.probing.weights import DEFAULT_WEIGHTS, PretrainedWeights

LEAST_SECONDS = 15.0
"""Left of the budget: in less, few images are seen."""

SEEING_SHARE, FITTING_SECONDS = 0.75, 8.0
"""Share of what is left after which no further image is embedded, and the seconds that the regressions and the search
take at least, whatever the number of images; measured on one core of a busy machine."""

LEAST_SEEING = 0.4
"""Share of what is left that is spent on seeing images in any case."""


def searchable(manifest: Manifest, sizes: ImageSizes, elsewhere: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the rows that can be searched: annotated without problems, readable, in pixels of the upright image."""
    upright = (sizes.frame == sizes.upright).all(axis=1)
    table = manifest.table
    known = pc.is_valid(table["labels"]).to_numpy() if "labels" in manifest else np.ones(len(manifest), dtype=bool)
    if "annotation_problems" in manifest:
        lengths = pc.fill_null(pc.list_value_length(table["annotation_problems"]), 0)
        known = known & (lengths.to_numpy() == 0)
    known = known & upright
    known[elsewhere] = False
    return np.flatnonzero(known)


def given_boxes(boxes: PixelBoxes, good: NDArray[np.int64]) -> Given:
    """Return all boxes with a place, whether they are ``good`` (objects that can be judged) or not."""
    corners = np.sort(boxes.boxes.reshape(-1, 2, 2), axis=1).reshape(-1, 4)
    placed = np.flatnonzero(np.isfinite(corners).all(axis=1))
    return Given(boxes.objects.row[placed].astype(np.int64), corners[placed], np.isin(placed, good))


def search(
    manifest: Manifest, images: Searched, given: Given, options: Options, clock: Clock, *, asked: Asked | None = None
) -> tuple[Missing | None, str]:
    """Search images for objects without a box, or say why not.

    Parameters
    ----------
    manifest
        Of the images; one is read when it is searched.
    images
        Which, without maps.
    given
        All boxes of the dataset.
    options, clock
        Of the probe; what is left of the budget is used at most.
    asked
        Boxes whose heat is wanted, too.
    """
    n_boxes = int((given.good & np.isin(given.row, images.rows)).sum())
    if n_boxes < FEWEST_BOXES:
        return None, f"needs {FEWEST_BOXES} boxes that can be judged, found {n_boxes}"
    if clock.left < LEAST_SECONDS:
        return None, (
            f"needs {LEAST_SECONDS:.0f} seconds that the other checks leave of the budget, found {clock.left:.0f} "
            "(--budget)"
        )
    from datacheck.probing.networks.place_maps import SIDE, embed_images

    order = np.random.default_rng(options.seed).permutation(len(images.rows))
    weights = options.weights or PretrainedWeights(DEFAULT_WEIGHTS)
    left = clock.left
    until = clock.used + max(min(SEEING_SHARE * left, left - FITTING_SECONDS), LEAST_SEEING * left)
    maps = embed_images(
        lambda k: read_rgb(manifest, int(images.rows[order[k]]), SIDE),
        len(order),
        weights,
        options.device,
        clock,
        until,
    )
    kept = [k for k, each in enumerate(maps) if each is not None]
    if not kept:
        return None, "the network has no maps with a place for every 16 pixels, or no image could be read"
    chosen = order[kept]
    seen = [each for each in maps if each is not None]
    images = replace(
        images, rows=images.rows[chosen], groups=images.groups[chosen], frame=images.frame[chosen], maps=seen
    )
    found = find_missing(images, given, options.seed, clock, asked=asked)
    if found is None and not clock.left:
        return None, "the budget (--budget) was over before an image was searched"
    if found is None:
        return None, (
            f"needs {FEWEST_BOXES} boxes in the images for which the budget (--budget) sufficed, which were "
            f"{len(chosen):,} of {len(order):,}"
        )
    return found, ""
