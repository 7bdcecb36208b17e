"""Faults of predictions that a user gave: columns, rows or numbers that do not belong where they stand.

Labels that disagree with such predictions are not wrong, so that no label is judged while a fault stands.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from datacheck.manifest import Manifest, Task
from datacheck.models.learning_task import Fault
from datacheck.pairing.by_content import Samples, check_content
from datacheck.pairing.label_codes import manifest_codes
from datacheck.probing.column_faults import dead_columns, exchanged_columns
from datacheck.probing.skill import classification_skill
from datacheck.text import number, percent

MIN_ROWS = 200
"""Fewer rows cannot gain ``MIN_ROW_NATS`` by a shift of a part of them."""

MIN_DISAGREEING = 10
"""With fewer wrong predictions the rows are not searched: another order could not gain ``MIN_ROW_NATS``."""

MIN_SIGNAL, MIN_ROW_NATS = 6.0, 40.0
"""Evidence for rows in another order: the same as DC108 needs for labels."""

MIN_UNEXPLAINED = 0.4
"""Mean confidence above the accuracy from which chance-level predictions are a fault: an overfit model reaches 0.2."""

MAX_CHANCE_SKILL = 0.1
"""The high end of the skill up to which predictions count as no better than chance."""

MIN_UNRELATED_ROWS = 50
"""Fewer rows leave the accuracy too uncertain to call it chance."""

SATURATED, MIN_SATURATED, MAX_DISAGREEING = 0.99, 0.99, 0.001
"""Predictions look in-sample when 99 % of the labels have a probability above 0.99 and at most 0.1 % disagree."""

MIN_IN_SAMPLE_ROWS = 200
"""With fewer rows a right model may agree with all labels by chance."""


def find_faults(outputs: NDArray[np.float32], manifest: Manifest, *, seed: int = 0) -> tuple[Fault, ...]:
    """Return what is wrong with given predictions, the clearest fault first; empty where nothing is.

    Parameters
    ----------
    outputs
        Probabilities [N, K], or predictions [N] for regression; NaN where a row is missing.
    manifest
        The samples and their labels.
    seed
        Seed of the search for another order of the rows.
    """
    if manifest.task is Task.REGRESSION:
        return tuple(_row_faults(outputs, manifest, seed))
    rows = np.flatnonzero(manifest.labelled & np.isfinite(outputs).all(axis=1))
    if not len(rows):
        return ()
    probs = outputs[rows].astype(np.float64)
    if manifest.task is Task.MULTILABEL:
        exchanged = tuple(exchanged_columns(probs, manifest.label_matrix[rows], manifest.classes))
        return exchanged or tuple(_row_faults(outputs, manifest, seed))
    labels = manifest.label_codes[rows].astype(np.int64)
    found = [*exchanged_columns(probs, labels, manifest.classes), *dead_columns(probs, labels, manifest.classes)]
    disagreeing = int((probs.argmax(axis=1) != labels).sum())
    if not found and disagreeing >= MIN_DISAGREEING:
        found = list(_row_faults(outputs, manifest, seed))
    if not found:
        found = [*unrelated(probs, labels), *in_sample(probs, labels)]
    return tuple(found)


def _row_faults(outputs: NDArray[np.float32], manifest: Manifest, seed: int) -> Iterator[Fault]:
    """Yield a fault when a shift or another order of the rows fits the labels far better."""
    labels = manifest_codes(manifest)
    features = outputs.reshape(len(outputs), -1)
    known = np.isfinite(features).all(axis=1) & (labels.codes >= 0) if labels is not None else np.zeros(0, bool)
    if labels is None or known.sum() < MIN_ROWS or len(np.unique(labels.codes[known])) < 2:
        return
    names = manifest.table["uri"].to_pylist() if "uri" in manifest else None
    found = check_content(
        Samples(features, names=names), labels, min_signal=MIN_SIGNAL, min_gain=MIN_ROW_NATS, seed=seed
    )
    if found.repair is None or found.repair.diagnosis is None:
        return
    yield Fault(
        "rows",
        f"the rows of the predictions and the labels are in different orders: {found.repair.diagnosis.detail}. Put "
        f"in one order, they fit {number(found.repaired_signal, 2)} standard deviations better than shuffled ones; as "
        f"given, {number(found.signal, 2)}",
        "give a mapping from sample id to row, or a table with sample_id, so that no order has to be assumed",
        evidence={"signal": found.signal, "repaired_signal": found.repaired_signal, "gain_nats": found.gain},
    )


def unrelated(probs: NDArray[np.float64], labels: NDArray[np.int64]) -> Iterator[Fault]:
    """Yield a fault when confident predictions agree with the labels only by chance; shapes [n, K] and [n]."""
    if len(labels) < MIN_UNRELATED_ROWS:
        return
    accuracy = float((probs.argmax(axis=1) == labels).mean())
    confidence = float(probs.max(axis=1).mean())
    if confidence - accuracy < MIN_UNEXPLAINED or classification_skill(probs, labels).high > MAX_CHANCE_SKILL:
        return
    yield Fault(
        "unrelated",
        f"the predictions do not belong to these labels: they are {percent(confidence)} sure on average, and "
        f"{percent(accuracy)} of them agree with the labels",
        "check that the rows belong to these samples in this order: give a mapping from sample id to row. If they do, "
        "the labels have nothing to do with the samples (see DC108)",
        evidence={"mean_confidence": confidence, "accuracy": accuracy},
    )


def in_sample(probs: NDArray[np.float64], labels: NDArray[np.int64]) -> Iterator[Fault]:
    """Yield a fault when predictions agree with nearly all labels, and are certain of them; shapes [n, K] and [n]."""
    own = probs[np.arange(len(labels)), labels]
    disagreeing = float((probs.argmax(axis=1) != labels).mean())
    certain = float((own > SATURATED).mean())
    if len(labels) < MIN_IN_SAMPLE_ROWS or disagreeing > MAX_DISAGREEING or certain < MIN_SATURATED:
        return
    yield Fault(
        "in-sample",
        f"the predictions look in-sample: {percent(1 - disagreeing)} agree with the labels, and {percent(certain)} "
        f"give the label a probability above {SATURATED}. A model that was trained on these labels repeats wrong ones",
        "predict each sample by a model that was not trained on it, for example with "
        "sklearn.model_selection.cross_val_predict(method='predict_proba'). If these predictions are out of sample, "
        "there is no label to question",
        evidence={"disagreeing": disagreeing, "certain": certain},
        certain=False,
    )
