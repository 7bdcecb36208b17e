"""Principal components: the directions in which features vary most.

Written here rather than taken from scikit-learn's ``PCA``, which takes eigenvectors in the precision of the input: here
the products may be in single precision (half the memory) while the eigenvectors are taken in double.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

N_COMPONENTS = 192
"""Components that a linear head is fitted on: more than most datasets have classes, and a Gram matrix of 0.3 MB."""

SAMPLES_A_COMPONENT = 10
"""Fewer samples than this for each component, and a whitened component is mostly noise."""

NEGLIGIBLE = 1e-9
"""Share of the largest variance below which a direction is rounding error."""

NO_VARIANCE = 1e-12
"""Variance below which features count as constant."""


@dataclass(frozen=True)
class Components:
    """Principal components of some rows; project others with them.

    Attributes
    ----------
    mean
        Of the rows, shape [D].
    directions
        Unit vectors, the largest variance first, shape [D, C].
    variances
        Variance of the rows along each direction, shape [C].

    Examples
    --------
    >>> rows = np.array([[0.0, 1.0], [2.0, 1.0], [4.0, 1.0]])
    >>> found = Components.fit(rows)
    >>> found.project(rows).tolist(), found.variances.round(3).tolist()
    ([[-2.0], [0.0], [2.0]], [2.667])
    """

    mean: Floats
    directions: Floats
    variances: Floats

    @classmethod
    def fit(
        cls, features: NDArray[np.floating[Any]], n_components: int | None = None, *, least: float = NEGLIGIBLE
    ) -> Components:
        """Take the components of finite rows, shape [N, D].

        Parameters
        ----------
        features
            The covariance is computed in their precision.
        n_components
            At most so many; all by default.
        least
            Directions whose variance is a smaller share of the largest are left out; 0 keeps all.
        """
        mean = features.mean(axis=0, dtype=np.float64)
        centred = features - mean.astype(features.dtype)
        values, vectors = np.linalg.eigh((centred.T @ centred).astype(np.float64) / max(1, len(features)))
        values = np.maximum(values, 0)
        kept = np.argsort(-values, kind="stable")[:n_components]
        if least > 0:
            kept = kept[values[kept] > max(least * float(values.max(initial=0)), NO_VARIANCE)]
        directions = vectors[:, kept]
        # The sign of an eigenvector is arbitrary: with the largest entry positive the result is the same everywhere.
        directions = directions * np.sign(directions[np.abs(directions).argmax(axis=0), np.arange(len(kept))])
        return cls(mean, directions, values[kept])

    def project(self, features: NDArray[np.floating[Any]]) -> NDArray[Any]:
        """Return coordinates along the directions, in the precision of the features; shape [N, C]."""
        kind = features.dtype
        return np.asarray((features - self.mean.astype(kind)) @ self.directions.astype(kind))

    def whitening(self, *, added: float = 0.0) -> Floats:
        """Return the directions, each over the root of its variance plus ``added``: projections have about variance 1.

        Shape [D, C].
        """
        return np.asarray(self.directions / np.sqrt(self.variances + added))


def whiten(features: NDArray[np.floating[Any]], usable: NDArray[np.bool_], n_components: int = N_COMPONENTS) -> Floats:
    """Return principal components of unit variance, shape [N, C]; rows that are not usable are zero.

    At most ``n_components``, and one for every ten usable rows.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> whiten(rng.normal(size=(50, 3)), np.ones(50, bool)).std(axis=0).round(6).tolist()
    [1.0, 1.0, 1.0]
    """
    if not usable.any():
        return np.zeros((len(features), 0))
    rows = features[usable].astype(np.float64)
    found = Components.fit(rows, min(n_components, max(2, len(rows) // SAMPLES_A_COMPONENT)))
    whitened = np.zeros((len(features), len(found.variances)))
    whitened[usable] = (rows - found.mean) @ found.whitening()
    return whitened
