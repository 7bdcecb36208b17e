"""The probe of boxes from end to end: a manifest with boxes in, what is wrong with them out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from datacheck.annotations.pixels import ImageSizes, PixelBoxes
from datacheck.errors import ProbeError
from datacheck.manifest import Manifest
from datacheck.models.folds import join_groups
from datacheck.probing.budget import Clock
from datacheck.probing.engine import run_probe
from datacheck.probing.objects.choice import Choice, choose_boxes, of_common_classes
from datacheck.probing.objects.crops import cut_boxes, most_boxes
from datacheck.probing.objects.outputs import BoxProbe, crop_manifest
from datacheck.probing.options import AtHand, Options
from datacheck.probing.outputs import ProbeOutputs
from datacheck.probing.weights import DEFAULT_WEIGHTS, PretrainedWeights, default_weights_installed

FEWEST = 30
"""Boxes from which classes are judged: from fewer no share has a useful interval."""


CLASS_SHARE = 0.5
"""Share of what is left of the budget for the classes: more changes the ranking little."""


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
    """Judge the class of every box by the picture in it, out of sample.

    All boxes of an image are in one fold, and so are those of its duplicates and of its group.

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
    choice = choose_boxes(boxes, sizes, nowhere if elsewhere is None else elsewhere)
    choice = of_common_classes(choice, boxes.objects.class_id)
    n_classes = len(np.unique(boxes.objects.class_id[choice.objects]))
    if len(choice.objects) < FEWEST or n_classes < 2:
        why = (
            f"needs {FEWEST} boxes in two or more classes of at least 10 boxes each, found {len(choice.objects):,} in "
            f"{n_classes}"
        )
        return BoxProbe(np.empty(0, dtype=np.int64), None, why, choice.left_out, clock.used)
    chosen = _at_most(choice.objects, boxes.objects.row, options.seed)
    cut, pictures = cut_boxes(manifest, boxes, chosen, clock, seed=options.seed)
    unread = len(choice.objects) - len(cut)
    left_out = (
        *choice.left_out,
        *([("did not fit into the budget or could not be cut out", unread)] if unread else []),
    )
    cut, pictures = _still_common(cut, pictures, boxes.objects.class_id)
    try:
        crops = _judge(manifest, cut, pictures, options, clock, _groups(manifest, linked))
    except ProbeError as error:
        return BoxProbe(np.empty(0, dtype=np.int64), None, str(error), left_out, clock.used)
    return BoxProbe(cut, crops, "", left_out, clock.used)


def _judge(
    manifest: Manifest,
    chosen: NDArray[np.int64],
    pictures: NDArray[np.uint8],
    options: Options,
    clock: Clock,
    groups: NDArray[np.int64],
) -> ProbeOutputs:
    """Return what the probe of images says of the pictures in the boxes."""
    if options.weights is None and options.packaged and default_weights_installed():
        options = replace(options, weights=PretrainedWeights(DEFAULT_WEIGHTS))
    part = Clock(CLASS_SHARE * clock.left, now=clock.now, progress=clock.progress)
    crops = run_probe(crop_manifest(manifest, chosen, groups), options, AtHand(pixels=pictures), part)
    return replace(crops, embeddings=None)


def _groups(manifest: Manifest, linked: NDArray[np.int64] | None) -> NDArray[np.int64]:
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


def _still_common(
    cut: NDArray[np.int64], pictures: NDArray[np.uint8], class_id: NDArray[np.int32]
) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Leave out the classes of which too few boxes could be cut out."""
    again = of_common_classes(Choice(cut, ()), class_id).objects
    return (cut, pictures) if len(again) == len(cut) else (again, pictures[np.isin(cut, again)])
