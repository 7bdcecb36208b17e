"""A small probed dataset whose wrong labels are known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from datacheck.labels.label_yield import LabelYield
from datacheck.manifest import Manifest, Task
from datacheck.probing.outputs import ProbeOutputs
from datacheck.stats import Interval

from .label_studio import LabelStudioServer, find_label_studio

CLASSES = ("bird", "cat", "dog")


@dataclass(frozen=True)
class Probed:
    manifest: Manifest
    probe: ProbeOutputs
    truth: NDArray[np.int32]

    @property
    def wrong(self) -> NDArray[np.bool_]:
        return self.manifest.label_codes != self.truth


def make_probed(n: int = 300, error_rate: float = 0.2, seed: int = 0) -> Probed:
    """Labels of which a share is wrong, and a probe that is right and sure most of the time."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, len(CLASSES), n).astype(np.int32)
    given = truth.copy()
    flipped = rng.random(n) < error_rate
    given[flipped] = (truth[flipped] + rng.integers(1, len(CLASSES), flipped.sum())) % len(CLASSES)
    logits = rng.normal(0, 1, (n, len(CLASSES)))
    logits[np.arange(n), truth] += 4
    pred_probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    quality = pred_probs[np.arange(n), given].astype(np.float32)
    order = np.argsort(quality)
    depth = np.arange(1, n + 1)
    precision = np.cumsum(given[order] != truth[order]) / depth
    probe = ProbeOutputs(
        sample_ids=np.array([f"{row:04d}.png" for row in range(n)]),
        task=Task.CLASSIFICATION,
        classes=CLASSES,
        pred_probs=pred_probs.astype(np.float32),
        predictions=None,
        embeddings=None,
        fold=np.zeros(n, np.int16),
        label_quality=quality,
        suggested=pred_probs.argmax(axis=1).astype(np.int32),
        label_yield=LabelYield(
            estimated_errors=Interval(float(flipped.sum()), float(flipped.sum()) - 5, float(flipped.sum()) + 5, n=n),
            depth=depth,
            precision=precision,
            precision_low=precision - 0.05,
            precision_high=precision + 0.05,
            recommended_depth=int(flipped.sum()),
        ),
    )
    manifest = Manifest.from_columns(
        {"uri": probe.sample_ids, "label": [CLASSES[code] for code in given]}, classes=CLASSES
    )
    return Probed(manifest, probe, truth)


@pytest.fixture
def probed() -> Probed:
    return make_probed()


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabelStudioServer]:
    """A real Label Studio server, whose first start makes its database."""
    folder = tmp_path_factory.mktemp("label-studio")
    (folder / "served").mkdir()
    server = LabelStudioServer(find_label_studio(tmp_path_factory), folder / "data", folder / "served")
    try:
        server.start(wait=900.0)
        yield server
    finally:
        server.kill()
