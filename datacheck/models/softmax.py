"""Softmax regression: several weightings of the same samples at once, in the same matrix products.

Written here rather than taken from scikit-learn's ``LogisticRegression``, which fits one weighting at a time and has no
offset of the logits in the loss (logit adjustment).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from datacheck.models.adam import AdamW

Array = NDArray[np.float32]

STEPS = 120
"""Enough to converge on whitened features, as the learning rate falls to 0."""

RATE = 0.1
"""Learning rate of the first step: the coefficients of whitened features are of the order of 1."""


def fit_softmax(
    x: Array,
    codes: NDArray[np.integer[Any]],
    weights: NDArray[np.floating[Any]],
    adjustments: NDArray[np.floating[Any]],
    penalties: NDArray[np.floating[Any]],
) -> Array:
    """Fit M softmax regressions by Adam on all samples at once, the learning rate falling linearly to 0.

    Parameters
    ----------
    x
        Features of about unit variance; shape [N, D].
    codes
        Class of each sample; shape [N].
    weights
        Weight of each sample in each regression, mean about 1; shape [M, N].
    adjustments
        Added to the logits in the loss only; shape [M, K].
    penalties
        L2 penalty of each regression; shape [M].

    Returns
    -------
    Coefficients, the last row is the intercept; shape [M, D + 1, K].

    Examples
    --------
    >>> x = np.array([[-1.0], [1.0]] * 20, dtype=np.float32)
    >>> fitted = fit_softmax(x, np.array([0, 1] * 20), np.ones((1, 40)), np.zeros((1, 2)), np.array([0.01]))
    >>> predict_softmax(fitted, x)[0].argmax(axis=1)[:4].tolist()
    [0, 1, 0, 1]
    """
    n_fits, n_classes = adjustments.shape
    design = np.concatenate([x, np.ones((len(x), 1), dtype=np.float32)], axis=1)
    wanted = np.zeros((len(x), n_classes), dtype=np.float32)
    wanted[np.arange(len(x)), codes] = 1
    weight = (weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-12)).astype(np.float32)
    penalty = np.repeat(penalties.astype(np.float32), n_classes)
    fit = np.zeros((design.shape[1], n_fits * n_classes), dtype=np.float32)
    optimiser = AdamW([fit])
    for step in range(STEPS):
        logits = (design @ fit).reshape(len(x), n_fits, n_classes) + adjustments.astype(np.float32)
        slope = (softmax(logits, axis=-1) - wanted[:, None]) * weight.T[..., None]
        gradient = design.T @ slope.reshape(len(x), -1)
        gradient[:-1] += penalty * fit[:-1]
        optimiser.step([gradient], RATE * (1 - step / STEPS))
    return fit.reshape(design.shape[1], n_fits, n_classes).transpose(1, 0, 2)


def predict_softmax(fitted: Array, x: Array) -> Array:
    """Return probabilities, shape [M, N, K]."""
    return np.asarray(softmax(x @ fitted[:, :-1] + fitted[:, -1:], axis=-1))
