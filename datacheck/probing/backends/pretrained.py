"""Backend ``pretrained``: torchvision weights under small heads, fine-tuned when the budget allows. Needs torch."""

from __future__ import annotations

from datacheck.models.learning_task import Fitted, LearningTask
from datacheck.probing.backend import Backend, FitOptions
from datacheck.probing.backends.scratch import network_folds


def fit(problem: LearningTask, options: FitOptions) -> Fitted:
    """Embed all images, train heads, and fine-tune as far as the budget allows."""
    from datacheck.probing.networks.pretrained import fit_pretrained

    return fit_pretrained(problem, options)


BACKEND = Backend(
    "pretrained",
    needs=frozenset({"pixels", "weights", "torch"}),
    fit=fit,
    folds=network_folds,
    suits=lambda available: available.pixels and available.weights,
)
