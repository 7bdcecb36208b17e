"""The default for images: descriptors and a network, averaged; the stronger one gives the embeddings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from datacheck.manifest import Manifest, Task
from datacheck.models.learning_task import Fitted, LearningTask
from datacheck.probing.backend import FitOptions
from datacheck.probing.backends import images
from datacheck.probing.budget import Clock

N = 40
LABELS = np.arange(N) % 2
PROBLEM = LearningTask(
    Task.CLASSIFICATION, ("a", "b"), LABELS, np.ones(N, bool), (np.arange(N) // 2 % 2).astype(np.int16), 2
)


def fitted(name: str, right: Any, *, label_free: bool) -> Fitted:
    """Outputs that give the label of each sample this probability."""
    right = np.broadcast_to(right, N)
    probs = np.where(np.eye(2)[LABELS] > 0, right[:, None], 1 - right[:, None]).astype(np.float32)
    embeddings = np.zeros((N, 2), np.float32)
    return Fitted(probs[None], embeddings, name, embeddings_label_free=label_free, choices=(name,))


@pytest.mark.parametrize(
    ("descriptor", "network", "backend", "label_free"),
    [
        (0.9, 0.6, "descriptors", True),
        (0.6, 0.9, "scratch", False),
        # Each is wrong where the other is right, and the network is right more often: a mix, its embeddings shaped.
        (np.where(np.arange(N) < 14, 0.9, 0.3), np.where(np.arange(N) < 14, 0.3, 0.9), "descriptors + scratch", False),
        (np.where(np.arange(N) < 14, 0.3, 0.9), np.where(np.arange(N) < 14, 0.9, 0.3), "descriptors + scratch", True),
    ],
)
def test_the_backend_that_made_the_embeddings_says_whether_labels_went_into_them(
    monkeypatch: pytest.MonkeyPatch, descriptor: Any, network: Any, backend: str, label_free: bool
) -> None:
    monkeypatch.setattr(images, "MIN_SAMPLES", 0)
    monkeypatch.setattr(images.descriptors, "fit", lambda *_: fitted("descriptors", descriptor, label_free=True))
    monkeypatch.setattr(images.scratch, "fit", lambda *_: fitted("scratch", network, label_free=False))
    found = images.fit(PROBLEM, FitOptions(Manifest.from_columns({"label": ["a"]}), Clock(60), "cpu"))
    assert (found.backend, found.embeddings_label_free) == (backend, label_free)
    assert found.choices[:2] == ("descriptors", "scratch")
