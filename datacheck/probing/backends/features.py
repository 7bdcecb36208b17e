"""Backend ``features``: small networks on the user's own features. Needs no torch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datacheck.manifest import Task
from datacheck.models.heads import HeadRecipe, fit_heads
from datacheck.models.in_sample import InSample
from datacheck.models.learning_task import Fitted, LearningTask
from datacheck.probing.backend import Backend, FitOptions, user_array_of

MAX_SEEDS = 3
"""Heads whose outputs are averaged: further ones hardly change the mean."""

SHARE_OF_TIME_LEFT = 0.25
"""No further seed is fitted once one took more than this share of the time left: the refit needs the rest."""


def fit(problem: LearningTask, options: FitOptions) -> Fitted:
    """Fit heads for all folds at once, and again with further seeds while the budget allows."""
    features, clock = user_array_of(options), options.clock
    recipe = HeadRecipe()
    members: list[NDArray[np.float32]] = []
    in_sample: list[NDArray[np.float32]] = []
    for seed in range(MAX_SEEDS):
        started, seen = clock.used, InSample.of(problem)
        members.append(fit_heads(features, problem, recipe, seed=problem.seed + seed, seen=seen))
        in_sample.append(seen.outputs)
        clock.report()
        if clock.used - started > SHARE_OF_TIME_LEFT * clock.left:
            break

    def refit(labels: NDArray[np.int64], seed: int) -> NDArray[np.float32]:
        return fit_heads(features, problem.with_labels(labels, seed), recipe, seed=seed)

    averaged = f", outputs averaged over {len(members)} seeds" if len(members) > 1 else ""
    return Fitted(
        np.stack(members),
        features,
        "features",
        embeddings_label_free=True,
        refit=refit if problem.task is Task.CLASSIFICATION else None,
        choices=(
            f"trained a two-layer network ({recipe.hidden} hidden units) on your {features.shape[1]} features in each "
            f"of {problem.n_folds} folds{averaged}",
        ),
        in_sample=np.mean(in_sample, axis=0),
    )


BACKEND = Backend(
    "features",
    needs=frozenset({"features"}),
    fit=fit,
    suits=lambda available: available.features,
    advice="give features of a better model, or none: datacheck then trains its own probe",
)
