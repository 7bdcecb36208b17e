"""Whether the class of a box is wrong, by what a frozen network sees in the box at several depths.

The last layer of a network that was trained on photos of things tells things apart, and little else: two cards of
another rank look the same to it. Maps of the stages before it, on a coarse grid, tell such classes apart. A ridge
regression on them is fitted out of sample by image; its penalty is chosen by the held-out likelihood.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datacheck.manifest import Manifest
from datacheck.models.components import Components
from datacheck.models.kernel_head import KernelHead, few_threads
from datacheck.models.learning_task import Fitted, LearningTask
from datacheck.probing.backend import FitOptions, usual_folds
from datacheck.probing.budget import Clock
from datacheck.probing.folds import deal_folds
from datacheck.probing.options import Options
from datacheck.probing.outputs import ProbeOutputs
from datacheck.probing.results import outputs_of
from datacheck.probing.targets import usable_labels, y_of
from datacheck.probing.weights import PretrainedWeights

EMBEDDING_SHARE = 0.7
"""Share of the time for the network; the rest is for the regressions on labels with planted errors."""

N_COMPONENTS = 256
"""Principal components of all features that the regression reads: twice as many are not better on playing cards."""

PENALTIES = (0.3, 1.0, 3.0)
"""Ridge penalties that are tried, on features whose rows have about the length 1. Weaker ones fit wrong labels."""

WEAK_FEATURE = 0.05
"""A feature's deviation counts as at least this share of the largest of its block: one that hardly varies is noise."""

LEAST_NORM = 1e-9
"""Guards the division for a picture that equals the mean."""


def judge_classes(
    crops: Manifest, pictures: NDArray[np.uint8], options: Options, weights: PretrainedWeights, clock: Clock
) -> ProbeOutputs | None:
    """Return out-of-sample predictions of the class of each box; None where the time does not suffice.

    Parameters
    ----------
    crops
        A row a box, as `crop_manifest` returns.
    pictures
        The pictures in the boxes, uint8 [B, S, S, 3].
    options, weights, clock
        Of the probe.
    """
    from datacheck.probing.networks.crop_levels import embed_levels

    until = clock.used + EMBEDDING_SHARE * clock.left
    embedded = embed_levels(pictures, weights, options.device, clock, until)
    if embedded is None:
        return None
    n_rows = len(crops)
    fit_options = FitOptions(crops, clock, options.device)
    n_folds = options.folds if isinstance(options.folds, int) else usual_folds(n_rows, fit_options)
    folds = deal_folds(crops, None, np.ones(n_rows, dtype=bool), n_folds, options)
    labelled = usable_labels(crops)
    problem = LearningTask(
        crops.task, crops.classes, y_of(crops), labelled, folds.fold, folds.n_folds, None, options.seed
    )
    rows = np.flatnonzero(problem.fold >= 0)
    with few_threads(len(rows)):
        features = joined(embedded.blocks)
        head = KernelHead(features[rows], problem, rows, kernel=False)
        outputs, penalty = head.fit(problem, penalties=PENALTIES)

    def refit(labels: NDArray[np.int64], seed: int) -> NDArray[np.float32]:
        with few_threads(len(rows)):
            return head.fit(problem.with_labels(labels, seed), penalties=(penalty,))[0]

    fitted = Fitted(
        outputs[None],
        features,
        f"boxes ({embedded.network})",
        embeddings_label_free=True,
        device=embedded.device,
        refit=refit if options.plants_errors else None,
        choices=(
            f"saw {n_rows:,} boxes with {embedded.network} at {embedded.side} pixels, at several depths, and fitted a "
            f"ridge regression (penalty {penalty:g}) in each of {folds.n_folds} folds",
        ),
    )
    return outputs_of(crops, problem, fitted, clock, folds.notes, advice="give a longer budget (--budget)")


def joined(blocks: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Return principal components of blocks of features that count the same; [B, C].

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> joined([rng.normal(size=(50, 8)), 100 * rng.normal(size=(50, 3))]).shape
    (50, 11)
    """
    parts = []
    for block in blocks:
        x = np.asarray(block, dtype=np.float32) - block.mean(axis=0)
        deviation = x.std(axis=0)
        x = x / (deviation + WEAK_FEATURE * deviation.max() + LEAST_NORM)
        parts.append(x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), LEAST_NORM))
    x = np.concatenate(parts, axis=1, dtype=np.float32) / np.float32(np.sqrt(len(blocks)))
    return np.asarray(Components.fit(x, N_COMPONENTS).project(x), dtype=np.float32)
