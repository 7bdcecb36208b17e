"""Probed datasets of known truth, without training anything."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.labels.quality import LabelAssessment
from datacheck.manifest import Manifest, Modality, Task
from datacheck.probing.outputs import ProbeOutputs
from datacheck.rules.base import RuleContext

CLASSES = ("cat", "dog", "fox", "owl")


def truth(n: int = 800, *, n_classes: int = 4, seed: int = 0) -> NDArray[np.int64]:
    """Balanced true labels in random order."""
    return np.random.default_rng([seed, 9]).permutation(np.arange(n) % n_classes)


def embed(labels: NDArray[np.int64], *, separation: float = 3.0, width: int = 12, seed: int = 0) -> NDArray[np.float32]:
    """Embeddings in which each class has a direction of its own."""
    noise = np.random.default_rng([seed, 8]).normal(size=(len(labels), width))
    noise[np.arange(len(labels)), labels] += separation
    return noise.astype(np.float32)


def believe(labels: NDArray[np.int64], *, confidence: float = 5.0, n_classes: int = 4, seed: int = 0) -> Any:
    """Out-of-sample probabilities of a probe that has learnt these labels well; float32 [N, K]."""
    logits = np.random.default_rng([seed, 7]).normal(size=(len(labels), n_classes)) * 0.5
    logits[np.arange(len(labels)), labels] += confidence
    probs = np.exp(logits)
    return (probs / probs.sum(axis=1, keepdims=True)).astype(np.float32)


def probed(
    given: NDArray[np.int64],
    *,
    pred_probs: Any = None,
    embeddings: Any = None,
    classes: tuple[str, ...] = CLASSES,
    uris: list[str] | None = None,
    split: list[str] | None = None,
    fold: NDArray[np.int16] | None = None,
    **fields: Any,
) -> RuleContext:
    """Context of a classification dataset with these given labels and these outputs of the probe."""
    columns: dict[str, Any] = {"label": [classes[label] for label in given]}
    columns["sample_id"] = [f"s{row:05d}" for row in range(len(given))]
    if uris is not None:
        columns["uri"] = uris
    if split is not None:
        columns["split"] = split
    manifest = Manifest.from_columns(columns, classes=classes, modality=Modality.TABULAR)
    n = len(given)
    quality, suggested = np.full(n, np.nan, np.float32), np.full(n, -1, np.int32)
    if pred_probs is not None:
        assessment = LabelAssessment.of(pred_probs, given)
        quality, suggested = assessment.odds.quality, assessment.rows.predicted
    outputs = ProbeOutputs(
        sample_ids=np.array(columns["sample_id"]),
        task=Task.CLASSIFICATION,
        classes=classes,
        pred_probs=pred_probs,
        predictions=None,
        embeddings=embeddings,
        fold=np.zeros(n, dtype=np.int16) if fold is None else fold,
        label_quality=quality,
        suggested=suggested,
        **{"embeddings_label_free": True, **fields},
    )
    return RuleContext(manifest, probe=outputs)


def with_embeddings(manifest: Manifest, embeddings: Any) -> RuleContext:
    """Context of a dataset of any task with these embeddings and no predictions."""
    n = len(manifest)
    outputs = ProbeOutputs(
        sample_ids=np.array(manifest.sample_ids.to_pylist()),
        task=manifest.task,
        classes=manifest.classes,
        pred_probs=None,
        predictions=None,
        embeddings=embeddings,
        fold=np.zeros(n, dtype=np.int16),
        label_quality=np.full(n, np.nan, np.float32),
        suggested=np.full(n, -1, np.int32),
        embeddings_label_free=True,
    )
    return RuleContext(manifest, probe=outputs)
