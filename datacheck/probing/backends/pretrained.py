"""Backend ``pretrained``: torchvision weights under small heads, fine-tuned when the budget allows. Needs torch."""

from __future__ import annotations

from datacheck.models.learning_task import Fitted, LearningTask
from datacheck.probing.backend import Backend, FitOptions
from datacheck.probing.backends.scratch import network_folds
from datacheck.probing.backends.without_weights import fit_without_weights
from datacheck.probing.budget import OutOfTimeError


def fit(problem: LearningTask, options: FitOptions) -> Fitted:
    """Embed all images, train heads, and fine-tune as far as the budget allows; where it allows nothing, do without."""
    from datacheck.probing.networks.pretrained import fit_pretrained

    try:
        return fit_pretrained(problem, options)
    except OutOfTimeError as error:
        return fit_without_weights(problem, options, f"did not use the weights: {error}")


BACKEND = Backend(
    "pretrained",
    needs=frozenset({"pixels", "weights", "torch"}),
    fit=fit,
    folds=network_folds,
    suits=lambda available: available.pixels and available.weights,
)
