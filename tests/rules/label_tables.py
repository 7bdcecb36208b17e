"""Probed multilabel datasets of known truth, without training anything."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.manifest import Manifest, Modality, Task
from datacheck.probing.outputs import ProbeOutputs
from datacheck.rules.base import RuleContext

LABELS = ("beach", "boat", "cloud", "dog", "tree")


def true_labels(n: int = 1500, *, share: float = 0.3, seed: int = 0) -> NDArray[np.bool_]:
    """Independent labels, each in a share of the samples."""
    return np.random.default_rng([seed, 3]).random((n, len(LABELS))) < share


def believe(labels: NDArray[np.bool_], *, confidence: float = 4.0, seed: int = 0) -> NDArray[np.float32]:
    """Out-of-sample probabilities of a probe that has learnt these labels well."""
    logits = confidence * (2.0 * labels - 1) + np.random.default_rng([seed, 4]).normal(size=labels.shape) * 1.2
    return np.asarray(1 / (1 + np.exp(-logits)), dtype=np.float32)


def embed(labels: NDArray[np.bool_], *, separation: float = 3.0, width: int = 12, seed: int = 0) -> NDArray[np.float32]:
    """Embeddings in which each label has a direction of its own."""
    noise = np.random.default_rng([seed, 5]).normal(size=(len(labels), width))
    noise[:, : labels.shape[1]] += separation * labels
    return noise.astype(np.float32)


def manifest_of(given: NDArray[np.bool_], **columns: Any) -> Manifest:
    """Dataset with these labels."""
    rows = [[LABELS[column] for column in np.flatnonzero(row)] for row in given]
    ids = [f"s{row:05d}" for row in range(len(given))]
    return Manifest.from_columns(
        {"sample_id": ids, "labels": rows, **columns}, task=Task.MULTILABEL, classes=LABELS, modality=Modality.TABULAR
    )


def probed(given: NDArray[np.bool_], probs: Any, *, embeddings: Any = None, **columns: Any) -> RuleContext:
    """Context of a dataset with these labels and these outputs of the probe."""
    manifest = manifest_of(given, **columns)
    n = len(given)
    outputs = ProbeOutputs(
        sample_ids=np.array(manifest.sample_ids.to_pylist()),
        task=Task.MULTILABEL,
        classes=LABELS,
        pred_probs=probs,
        predictions=None,
        embeddings=embeddings,
        fold=np.zeros(n, dtype=np.int16),
        label_quality=np.full(n, np.nan, np.float32),
        suggested=np.full(n, -1, np.int32),
        embeddings_label_free=True,
    )
    return RuleContext(manifest, probe=outputs)
