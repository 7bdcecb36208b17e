"""The models that a probe can use, one file each, listed in ``BACKENDS``."""

from __future__ import annotations

from datacheck.errors import ConfigError, did_you_mean
from datacheck.probing.backend import Available, Backend, FitOptions
from datacheck.probing.backends import descriptors, features, images, pred_probs, pretrained, scratch, tabular

__all__ = ["BACKENDS", "Available", "Backend", "FitOptions", "choose_backend"]

BACKENDS: tuple[Backend, ...] = (
    pred_probs.BACKEND,
    features.BACKEND,
    pretrained.BACKEND,
    images.BACKEND,
    tabular.BACKEND,
    descriptors.BACKEND,
    scratch.BACKEND,
)
"""All backends; ``"auto"`` takes the first that suits what is available."""


def choose_backend(name: str, available: Available) -> Backend:
    """Return the backend of this name, or the one that ``"auto"`` stands for.

    Raises
    ------
    ConfigError
        When the name is unknown.

    Examples
    --------
    >>> choose_backend("auto", Available(pixels=True)).name, choose_backend("auto", Available()).name
    ('images', 'tabular')
    """
    if name == "auto":
        return next(backend for backend in BACKENDS if backend.suits(available))
    for backend in BACKENDS:
        if backend.name == name:
            return backend
    known = ["auto", *(backend.name for backend in BACKENDS)]
    raise ConfigError(f"backend: expected one of {known}, found {name!r}{did_you_mean(name, known)}")
