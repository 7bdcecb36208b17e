"""What a probe backend is: one value in one file of ``backends/``, and one line in ``BACKENDS``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from datacheck.manifest import Manifest
from datacheck.models.learning_task import Fitted, LearningTask
from datacheck.probing.budget import Clock
from datacheck.probing.outputs import ADVICE
from datacheck.probing.weights import PretrainedWeights

Need = Literal["pixels", "features", "pred_probs", "weights", "torch"]
"""What a backend cannot do without; the engine provides it or raises an error that says what is missing."""

USER_ARRAYS: tuple[Need, ...] = ("features", "pred_probs")
"""The needs that only the user can meet."""

USUAL_FOLDS = 5
"""Folds where a fold is cheap: each model trains on 80 % of the samples, as in most cross-validation."""


@dataclass(frozen=True)
class FitOptions:
    """What a backend may use beside the learning task.

    Attributes
    ----------
    manifest
        The dataset, for backends that read its columns.
    clock
        The budget; a backend plans for what is left of it.
    device
        ``"auto"``, ``"cpu"``, ``"cuda"`` …
    epochs, flip, side
        Set by the user, else None: see `datacheck.probing.probe`.
    weights
        Pretrained weights, where the user gave some.
    packaged
        Whether the packaged weights may be used where the user gave none.
    pixel_side
        Side of the images in pixels, for backends that need pixels.
    user_array
        ``features`` or ``pred_probs`` of the user, float32 [N, D] in the manifest's order; NaN where a row is missing.
    least_side
        Side in pixels below which pretrained weights are not worth their time, where others are there.
    """

    manifest: Manifest
    clock: Clock
    device: str = "auto"
    epochs: int | None = None
    flip: bool | None = None
    side: int | None = None
    weights: PretrainedWeights | None = None
    packaged: bool = True
    pixel_side: int = 0
    user_array: NDArray[np.float32] | None = None
    least_side: int = 0


@dataclass(frozen=True)
class Available:
    """What there is for a probe to use; ``backend="auto"`` decides by it."""

    pred_probs: bool = False
    features: bool = False
    pixels: bool = False
    weights: bool = False


def usual_folds(n_samples: int, options: FitOptions) -> int:
    """Return the number of folds of a backend whose folds are cheap."""
    return USUAL_FOLDS


def never(available: Available) -> bool:
    """Return False: ``"auto"`` does not choose this backend, the user names it."""
    return False


@dataclass(frozen=True)
class Backend:
    """One way to get out-of-sample predictions.

    Attributes
    ----------
    name
        What the user writes: ``probe(backend=name)``.
    needs
        What the backend cannot do without.
    fit
        Fits all folds and returns out-of-sample outputs. Imports heavy libraries when it is called, not before.
    folds
        Number of folds, from the number of samples and the options. 1: nothing is held out, the outputs are final.
    suits
        Whether ``"auto"`` chooses this backend for what is available; the first in ``BACKENDS`` that suits is taken.
    advice
        What the user can do when the predictions are too weak to judge labels.
    """

    name: str
    needs: frozenset[Need]
    fit: Callable[[LearningTask, FitOptions], Fitted]
    folds: Callable[[int, FitOptions], int] = usual_folds
    suits: Callable[[Available], bool] = never
    advice: str = ADVICE


def pixels_of(problem: LearningTask) -> NDArray[np.uint8]:
    """Return the pixels of a task that has some."""
    if problem.pixels is None:
        raise ValueError("this backend needs pixels")
    return problem.pixels


def user_array_of(options: FitOptions) -> NDArray[Any]:
    """Return the array that the user gave."""
    if options.user_array is None:
        raise ValueError("this backend needs an array of the user")
    return options.user_array
