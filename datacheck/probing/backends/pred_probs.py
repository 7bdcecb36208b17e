"""Backend ``pred_probs``: out-of-sample predictions of the user's own model. Needs no torch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datacheck.errors import ProbeError
from datacheck.manifest import Manifest, Task
from datacheck.models.learning_task import Fitted, LearningTask
from datacheck.probing.backend import Backend, FitOptions, user_array_of
from datacheck.probing.prediction_faults import find_faults

ROUNDING = 1e-4
"""How far a probability may lie outside [0, 1]: float16 and bfloat16 outputs round by less."""

SUM_TOLERANCE = 1e-2
"""How far a row may be from a sum of 1: bfloat16 keeps three digits."""


def check_pred_probs(values: NDArray[np.float32], manifest: Manifest) -> NDArray[np.float32]:
    """Return probabilities [N, K], or predictions [N] for regression, after checking their form.

    Raises
    ------
    ProbeError
        When there is not one column a class, or the numbers are not probabilities.
    """
    if manifest.task is Task.REGRESSION:
        if values.shape[1] != 1:
            raise ProbeError(f"pred_probs: expected one prediction a sample for regression, found {values.shape[1]}")
        return values[:, 0]
    if values.shape[1] != len(manifest.classes):
        raise ProbeError(
            f"pred_probs: expected {len(manifest.classes)} columns in the order of the classes "
            f"{list(manifest.classes[:5])}..., found {values.shape[1]}"
        )
    known = values[~np.isnan(values).any(axis=1)].astype(np.float64)
    if not known.size:
        return values
    if known.min() < -ROUNDING or known.max() > 1 + ROUNDING:
        raise ProbeError(
            f"pred_probs: expected values in [0, 1], found {known.min():.3g} to {known.max():.3g}; they look like "
            f"{_lookalike(known)}"
        )
    sums = known.sum(axis=1)
    if manifest.task is Task.CLASSIFICATION and np.abs(sums - 1).max() > SUM_TOLERANCE:
        row = int(np.abs(sums - 1).argmax())
        raise ProbeError(
            f"pred_probs: expected each row to sum to 1, found {sums[row]:.4g}; apply a softmax to the logits instead "
            "of a sigmoid, or give the columns of all classes"
        )
    return values


def _lookalike(values: NDArray[np.float64]) -> str:
    """Say what numbers outside [0, 1] look like, and how to make probabilities of them."""
    if values.max() <= ROUNDING and np.abs(np.exp(values).sum(axis=1) - 1).max() <= SUM_TOLERANCE:
        return "log-probabilities: apply exp to them"
    if values.min() >= -ROUNDING and np.abs(values.sum(axis=1) - 100).max() <= 100 * SUM_TOLERANCE:
        return "percent: divide by 100"
    return "logits: apply a softmax to each row (a sigmoid where a sample has several labels)"


def fit(problem: LearningTask, options: FitOptions) -> Fitted:
    """Return the user's predictions as they are."""
    outputs = check_pred_probs(user_array_of(options), options.manifest)
    faults = find_faults(outputs, options.manifest, seed=problem.seed)
    choices: tuple[str, ...] = ()
    if problem.n_folds == 1:
        choices = ("used your pred_probs as they are; datacheck cannot check that they are out of sample",)
    return Fitted(outputs[None], None, "pred_probs", choices=choices, faults=faults)


def one_fold(n_samples: int, options: FitOptions) -> int:
    """Return 1: the predictions are final, nothing is held out."""
    return 1


BACKEND = Backend(
    "pred_probs",
    needs=frozenset({"pred_probs"}),
    fit=fit,
    folds=one_fold,
    suits=lambda available: available.pred_probs,
    advice="give out-of-sample pred_probs of a better model, or none: datacheck then trains its own probe",
)
