"""Log-probabilities of labels: from scores, and from scores combined with another model's probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

LABEL_NOISE = 0.001
"""Share of labels assumed wrong for other reasons, so that no single row decides anything."""
SCALES = np.geomspace(0.5, 64, 15)
"""Factors by which scores are multiplied before the softmax; the best is chosen. Ridge scores lie within about ±1, so
that 64 is nearly certain and 0.5 nearly uniform."""
WEIGHTS = np.linspace(0, 1, 11)
"""Weights tried for the other model; steps of a tenth change the likelihood little."""
MIN_PROBABILITY = 1e-6
"""Smallest probability of the other model that is used: it cannot rule out a label."""
MIN_CALIBRATION_ROWS = 50
"""With fewer rows the other model's weight cannot be estimated, and it is not used."""
MAX_CALIBRATION_ROWS = 5_000
"""More rows than this change the weight little and cost time."""

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


def log_likelihood(scores: Floats, labels: Indices, usable: NDArray[np.bool_]) -> Floats:
    """Log-probabilities [N, K] from scores, scaled so that the labels are most likely.

    One label in a thousand is assumed wrong for other reasons, so that no single row decides anything.

    Examples
    --------
    >>> scores, labels = np.eye(2)[[0, 1, 0]] / 4, np.array([0, 1, 0])
    >>> log_likelihood(scores, labels, np.ones(3, bool)).round(3).tolist()
    [[-0.001, -7.601], [-7.601, -0.001], [-0.001, -7.601]]
    """
    rows = np.flatnonzero(usable & (labels >= 0))
    scale = _best_scale(scores[rows], labels[rows])[1]
    probabilities = np.exp(log_softmax(scores * scale, axis=1))
    mixed = np.log((1 - LABEL_NOISE) * probabilities + LABEL_NOISE / scores.shape[1])
    return np.where(usable[:, None], mixed, 0)


def pooled_with_model(
    log_probs: Floats,
    pred_probs: NDArray[np.floating[Any]],
    labels: Indices,
    calibration_rows: Indices,
    usable: NDArray[np.bool_],
) -> Floats:
    """Combine log-probabilities with another model's, with the weight that explains the calibration rows best.

    A logarithmic opinion pool (Genest and Zidek 1986): both are multiplied, each to a power. A model that was trained
    on wrong labels is underconfident, and is scaled together with the rest.

    Parameters
    ----------
    log_probs
        Log-probabilities, shape [N, K].
    pred_probs
        Out-of-sample probabilities of the other model, shape [N, K]; rows of NaN have none.
    labels
        Class index, -1 for none; shape [N].
    calibration_rows
        Rows whose labels decide the weight. The other model must not have been trained with these labels on these
        rows: a model that has memorised its labels would get full weight. Fewer than 50 rows: it is not used.
    usable
        Rows that have log-probabilities, shape [N].

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> labels = rng.integers(0, 2, 400)
    >>> unsure, model = np.full((400, 2), np.log(0.5)), np.where(np.eye(2)[labels] > 0, 0.6, 0.4)
    >>> every = np.arange(400)
    >>> float(np.exp(pooled_with_model(unsure, model, labels, every, every >= 0)[0]).max().round(4))
    0.9995
    """
    predicted = np.isfinite(pred_probs).all(axis=1)
    rows = calibration_rows[(usable & predicted & (labels >= 0))[calibration_rows]]
    if len(rows) < MIN_CALIBRATION_ROWS:
        return log_probs
    if len(rows) > MAX_CALIBRATION_ROWS:
        rows = rows[np.linspace(0, len(rows) - 1, MAX_CALIBRATION_ROWS).astype(np.int64)]
    model = np.where(predicted[:, None], np.log(np.maximum(pred_probs, MIN_PROBABILITY)), log_probs)
    fits = [
        _best_scale((1 - weight) * log_probs[rows] + weight * model[rows], labels[rows])[0]
        for weight in WEIGHTS.tolist()
    ]
    weight = float(WEIGHTS[int(np.argmax(fits))])
    return log_likelihood((1 - weight) * log_probs + weight * model, labels, usable) if weight else log_probs


def _best_scale(scores: Floats, labels: Indices) -> tuple[float, float]:
    """Mean log-likelihood of the labels at the scale that makes them most likely, and that scale."""
    rows, best, chosen = np.arange(len(labels)), -np.inf, 1.0
    for scale in SCALES.tolist():
        likelihood = float(log_softmax(scores * scale, axis=1)[rows, labels].mean())
        if likelihood > best:
            best, chosen = likelihood, scale
    return best, chosen
