"""Features whose inner products approximate a Gaussian kernel: a linear head on them draws curved borders.

Nyström approximation (Williams and Seeger 2001). Written here rather than taken from scikit-learn's ``Nystroem``, which
decomposes the kernel by singular values: for 1,536 landmarks that takes four times as long as all of this.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

Array = NDArray[np.float32]
Floating = NDArray[np.floating[Any]]

NARROWING = 2.0
"""The kernel is exp(-2 d² / m), m being the median squared distance d² of landmarks: exp(-2) for a typical pair."""

JITTER = 1e-4
"""Added to the kernel's diagonal, so that landmarks that are equal or nearly so do not make it singular."""

LEAST_DISTANCE, TINY = 1e-2, 1e-9
"""Least median of the squared distances, as a share of the mean squared norm: where most rows are equal, the median is
rounding alone, and a kernel of that width has no Cholesky factor. And the least such norm."""

CHUNK = 4096
"""Rows whose distances to all landmarks are held at once (25 MB for 1,500 landmarks)."""


def kernel_features(features: NDArray[np.floating[Any]], n_landmarks: int, rng: np.random.Generator) -> Array:
    """Return Nyström features of a Gaussian kernel, float32 [N, M]; M is ``n_landmarks``, or N if that is smaller.

    The width of the kernel is the median distance of the landmarks, which are rows drawn at random.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(40, 3))
    >>> found = kernel_features(x, 1000, rng)
    >>> bool(np.allclose((found**2).sum(axis=1), 1, atol=1e-3))
    True
    """
    x = np.asarray(features, dtype=np.float32)
    landmarks = x[np.sort(rng.choice(len(x), min(len(x), n_landmarks), replace=False))]
    between = _squared_distances(landmarks.astype(np.float64), landmarks.astype(np.float64))
    apart = between[np.triu_indices(len(landmarks), 1)]
    least = LEAST_DISTANCE * max(float((landmarks.astype(np.float64) ** 2).sum(axis=1).mean()), TINY)
    scale = NARROWING / max(float(np.median(apart)) if apart.size else 1.0, least)
    factor = np.linalg.cholesky(np.exp(-scale * between) + JITTER * np.eye(len(landmarks)))
    inverse = solve_triangular(factor, np.eye(len(factor)), lower=True).T.astype(np.float32)
    found = np.empty((len(x), len(landmarks)), dtype=np.float32)
    for start in range(0, len(x), CHUNK):
        rows = slice(start, start + CHUNK)
        found[rows] = np.exp(np.float32(-scale) * _squared_distances(x[rows], landmarks)) @ inverse
    return found


def _squared_distances(x: Floating, y: Floating) -> Floating:
    distance: Floating = (x**2).sum(axis=1)[:, None] + (y**2).sum(axis=1) - 2 * (x @ y.T)
    return np.maximum(distance, 0)
