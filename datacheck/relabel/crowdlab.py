"""CROWDLAB (Goh, Tkachenko and Mueller, 2022), as cleanlab implements it: labels of several annotators, and a model."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datacheck.manifest import Task
from datacheck.relabel.answers import AnswerType
from datacheck.relabel.queue import RelabelQueue

if TYPE_CHECKING:
    from datacheck.probing.outputs import ProbeOutputs

MAJORITY = "majority vote"
CROWDLAB = "CROWDLAB"


@dataclass(frozen=True)
class ModelConsensus:
    """What CROWDLAB says; nothing where it did not run.

    Attributes
    ----------
    method
        `CROWDLAB`, or `MAJORITY` where it did not run.
    labels
        The consensus label of each sample and its quality in [0, 1].
    annotators
        The estimated accuracy of each annotator.
    """

    method: str = MAJORITY
    labels: Mapping[str, tuple[str, float]] = field(default_factory=dict)
    annotators: Mapping[str, float] = field(default_factory=dict)


def model_consensus(
    by_sample: Mapping[str, Sequence[Mapping[str, Any]]], queue: RelabelQueue, probe: ProbeOutputs | None
) -> ModelConsensus:
    """Run CROWDLAB where a sample has labels of several annotators, the probe's probabilities and cleanlab."""
    labels = {
        sample_id: {row["annotator"]: row["label"] for row in rows if row["answer"] == AnswerType.LABEL.value}
        for sample_id, rows in by_sample.items()
    }
    labels = {sample_id: given for sample_id, given in labels.items() if given}
    several = any(len(given) > 1 for given in labels.values())
    if queue.task is not Task.CLASSIFICATION or not several or len(labels) < 2:
        return ModelConsensus()
    probabilities = None if probe is None else _probabilities(probe, list(labels))
    if probabilities is None or find_spec("cleanlab") is None:
        return ModelConsensus()
    return _crowdlab(labels, probabilities, queue.classes)


def _probabilities(probe: ProbeOutputs, sample_ids: Sequence[str]) -> NDArray[np.float32] | None:
    """Return the probabilities of some samples, shape [n, K]; None where one of them has none."""
    position = {str(sample_id): row for row, sample_id in enumerate(probe.sample_ids)}
    if probe.pred_probs is None or not position.keys() >= set(sample_ids):
        return None
    found = probe.pred_probs[[position[sample_id] for sample_id in sample_ids]]
    return found if np.isfinite(found).all() else None


def _crowdlab(
    labels: Mapping[str, Mapping[str, str]], probabilities: NDArray[np.float32], classes: Sequence[str]
) -> ModelConsensus:
    import pandas as pd

    annotators = sorted({name for given in labels.values() for name in given})
    code = {name: index for index, name in enumerate(classes)}
    frame = pd.DataFrame(
        [[code[given[name]] if name in given else np.nan for name in annotators] for given in labels.values()],
        columns=annotators,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # importing cleanlab changes the filters of the whole process
        from cleanlab.multiannotator import get_label_quality_multiannotator

        result = get_label_quality_multiannotator(frame, probabilities, verbose=False)
    quality, stats = result["label_quality"], result["annotator_stats"]["annotator_quality"]
    found = zip(labels, quality["consensus_label"], quality["consensus_quality_score"], strict=True)
    return ModelConsensus(
        CROWDLAB,
        {sample_id: (classes[int(index)], float(score)) for sample_id, index, score in found},
        {str(name): float(value) for name, value in stats.items()},
    )
