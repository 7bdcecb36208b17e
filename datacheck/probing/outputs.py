"""The result of a probe: numpy arrays and numbers, no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from datacheck.labels.label_yield import LabelYield
from datacheck.manifest import Task
from datacheck.models.learning_task import Fault
from datacheck.stats import Interval

ADVICE = "train the probe longer (--budget), or give it pretrained weights (--weights) or features"
"""What makes most probes more accurate."""


@dataclass(frozen=True)
class ProbeOutputs:
    """Out-of-sample outputs of the probe, row n for row n of the manifest.

    Attributes
    ----------
    sample_ids
        Strings, shape [N].
    task, classes
        As in the manifest; column k of ``pred_probs`` is ``classes[k]``.
    pred_probs
        Out-of-sample class probabilities, float32, shape [N, K]; NaN rows were not probed. None for regression.
    predictions
        Out-of-sample predictions, float32, shape [N]. Regression only.
    embeddings
        Float32, shape [N, D], rows of NaN where there is none; None when the backend has no embedding.
    embeddings_label_free
        Whether the embeddings were made without the labels. Embeddings of a network that was trained on the labels
        separate the classes as labelled, right or wrong: they cannot show whether labels fit their samples.
    fold
        The fold that held a sample out, int16, shape [N]; -1 where it was not probed.
    label_quality
        Float32 in [0, 1], shape [N]; low is suspect, NaN where not probed or unlabelled.
    suggested
        Index into ``classes`` of the suggested label, int32, shape [N]; -1 where there is none.
    label_yield
        Estimated error count and queue precision; None where it could not be estimated.
    dynamics
        Training dynamics by name (``margin``, ``forgetting``, ``loss``), each float32, shape [N].
    metrics
        ``accuracy``, ``balanced_accuracy``, ``recall/cat`` … with intervals.
    backend, device, seconds, seed
        What ran, where, for how long, from which seed.
    advice
        What would make this probe more accurate, for the messages of a probe that is too weak.
    choices
        What the probe chose and why, a sentence each, as shown to the user.
    left_out
        Labelled samples that were not judged because the budget did not suffice; their ``fold`` is -1.
    faults
        What is wrong with predictions that the user gave; no label is judged while there is a fault.
    """

    sample_ids: NDArray[np.str_]
    task: Task
    classes: tuple[str, ...]
    pred_probs: NDArray[np.float32] | None
    predictions: NDArray[np.float32] | None
    embeddings: NDArray[np.float32] | None
    fold: NDArray[np.int16]
    label_quality: NDArray[np.float32]
    suggested: NDArray[np.int32]
    label_yield: LabelYield | None = None
    embeddings_label_free: bool = False
    dynamics: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    metrics: Mapping[str, Interval] = field(default_factory=dict)
    backend: str = ""
    device: str = "cpu"
    seconds: float = 0.0
    seed: int = 0
    choices: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    advice: str = ADVICE
    left_out: int = 0

    @property
    def left_out_in_words(self) -> str:
        """How many labels were not judged, as a clause; empty where all were."""
        if not self.left_out:
            return ""
        return f"{self.left_out:,} other labels were not judged, as the budget did not suffice (--budget)"

    def __len__(self) -> int:
        return len(self.sample_ids)
