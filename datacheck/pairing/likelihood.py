"""Log-probabilities of labels from scores and from other opinions, as sharp as the labels at hand bear out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

STRAY_LABELS = 0.001
SHARPNESS = np.geomspace(0.5, 64, 15)
SHARES = np.linspace(0, 1, 11)
LEAST_PROBABILITY = 1e-6

LEAST_WITNESSES = 50
"""From fewer rows nobody can tell how far an opinion is to be trusted, and it is left out."""

MOST_WITNESSES = 5_000

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


def log_likelihood(scores: Floats, labels: Indices, usable: NDArray[np.bool_]) -> Floats:
    """Log-probabilities [N, K] from scores, sharpened so that the labels at hand are likeliest.

    One label in a thousand is held to be wrong for reasons of its own, so that no single row decides anything.

    Examples
    --------
    >>> scores, labels = np.eye(2)[[0, 1, 0]] / 4, np.array([0, 1, 0])
    >>> log_likelihood(scores, labels, np.ones(3, bool)).round(3).tolist()
    [[-0.001, -7.601], [-7.601, -0.001], [-0.001, -7.601]]
    """
    rows = np.flatnonzero(usable & (labels >= 0))
    sharpness = _sharpest(scores[rows], labels[rows])[1]
    probabilities = np.exp(log_softmax(scores * sharpness, axis=1))
    mixed = np.log((1 - STRAY_LABELS) * probabilities + STRAY_LABELS / scores.shape[1])
    return np.where(usable[:, None], mixed, 0)


def with_opinion(
    likelihood: Floats,
    pred_probs: NDArray[np.floating[Any]],
    labels: Indices,
    witnesses: Indices,
    usable: NDArray[np.bool_],
) -> Floats:
    """Join a model's out-of-sample probabilities to log-probabilities, weighed as explains the witnesses' labels best.

    Both are multiplied, each to a power (a logarithmic opinion pool, Genest and Zidek 1986); what a model says that was
    taught by broken labels is too timid, and is sharpened with the whole.

    Parameters
    ----------
    likelihood
        Log-probabilities, shape [N, K].
    pred_probs
        Shape [N, K]; rows of NaN have no opinion.
    labels
        Class index, -1 for none; shape [N].
    witnesses
        Rows whose labels decide the weight: the model must not have been taught these labels for these rows, or one
        that knows its labels by heart would be believed. Fewer than 50 decide nothing, and the opinion is left out.
    usable
        Rows that ``likelihood`` judges, shape [N].

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> labels = rng.integers(0, 2, 400)
    >>> unsure, knows = np.full((400, 2), np.log(0.5)), np.where(np.eye(2)[labels] > 0, 0.6, 0.4)
    >>> every = np.arange(400)
    >>> float(np.exp(with_opinion(unsure, knows, labels, every, every >= 0)[0]).max().round(4))
    0.9995
    """
    heard = np.isfinite(pred_probs).all(axis=1)
    witnesses = witnesses[(usable & heard & (labels >= 0))[witnesses]]
    if len(witnesses) < LEAST_WITNESSES:
        return likelihood
    if len(witnesses) > MOST_WITNESSES:
        witnesses = witnesses[np.linspace(0, len(witnesses) - 1, MOST_WITNESSES).astype(np.int64)]
    opinion = np.where(heard[:, None], np.log(np.maximum(pred_probs, LEAST_PROBABILITY)), likelihood)
    told = labels[witnesses]
    fits = [
        _sharpest((1 - share) * likelihood[witnesses] + share * opinion[witnesses], told)[0]
        for share in SHARES.tolist()
    ]
    share = float(SHARES[int(np.argmax(fits))])
    return log_likelihood((1 - share) * likelihood + share * opinion, labels, usable) if share else likelihood


def _sharpest(scores: Floats, labels: Indices) -> tuple[float, float]:
    """Mean log-likelihood of the labels at the sharpness that makes them likeliest, and that sharpness."""
    rows, best, chosen = np.arange(len(labels)), -np.inf, 1.0
    for sharpness in SHARPNESS.tolist():
        likelihood = float(log_softmax(scores * sharpness, axis=1)[rows, labels].mean())
        if likelihood > best:
            best, chosen = likelihood, sharpness
    return best, chosen
