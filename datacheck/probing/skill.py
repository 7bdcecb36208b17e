"""Whether a probe knows enough to doubt a label: its skill above the answer that needs no look at the samples."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.manifest import Manifest, Task
from datacheck.probing.outputs import ProbeOutputs
from datacheck.stats import Interval, mean_difference

MIN_SKILL = 0.2
"""A probe whose skill may lie below this says nothing about labels: most of what it doubts is its own mistake."""

MIN_SAMPLES = 8

ADVICE = "give it more time (--budget), weights (--weights) or features"


def probe_skill(manifest: Manifest, probe: ProbeOutputs) -> Interval | None:
    """Return the probe's out-of-sample skill on the given labels: 0 for the trivial answer, 1 for all of them right.

    See `classification_skill`, `multilabel_skill` and `regression_skill`. None without predictions or labels.
    """
    if manifest.task is Task.REGRESSION:
        if probe.predictions is None:
            return None
        target = manifest.target
        rows = np.isfinite(target) & np.isfinite(probe.predictions)
        return regression_skill(probe.predictions[rows], target[rows]) if rows.sum() >= MIN_SAMPLES else None
    if probe.pred_probs is None or manifest.task not in {Task.CLASSIFICATION, Task.MULTILABEL}:
        return None
    rows = manifest.labelled & np.isfinite(probe.pred_probs).all(axis=1)
    if rows.sum() < MIN_SAMPLES:
        return None
    if manifest.task is Task.CLASSIFICATION:
        return classification_skill(probe.pred_probs[rows], manifest.label_codes[rows].astype(np.int64))
    return multilabel_skill(probe.pred_probs[rows], manifest.label_matrix[rows])


def classification_skill(pred_probs: NDArray[np.floating[Any]], labels: NDArray[np.integer[Any]]) -> Interval:
    """(accuracy - majority) / (1 - majority), on the same samples; shapes [N, K] and [N].

    Examples
    --------
    >>> labels = np.repeat([0, 1], 50)
    >>> classification_skill(np.eye(2)[labels], labels).value
    1.0
    >>> classification_skill(np.tile([0.6, 0.4], (100, 1)), labels).value
    0.0
    """
    majority = labels == np.bincount(labels).argmax()
    gained = (pred_probs.argmax(axis=1) == labels).astype(np.float64) - majority
    return _relative(gained, float(1 - majority.mean()))


def multilabel_skill(pred_probs: NDArray[np.floating[Any]], matrix: NDArray[Any]) -> Interval:
    """1 - squared error / squared error of each class's own share (Brier skill); shapes [N, K].

    Examples
    --------
    >>> matrix = np.eye(2)[np.repeat([0, 1], 50)]
    >>> multilabel_skill(matrix, matrix).value
    1.0
    """
    wanted = np.asarray(matrix, dtype=np.float64)
    trivial = ((wanted - wanted.mean(axis=0)) ** 2).mean(axis=1)
    return _relative(trivial - ((wanted - pred_probs) ** 2).mean(axis=1), float(trivial.mean()))


def regression_skill(predictions: NDArray[np.floating[Any]], target: NDArray[np.floating[Any]]) -> Interval:
    """1 - (mean absolute error / mean absolute deviation from the median)², robust to the errors looked for; shape [N].

    The square puts it on the scale of R².

    Examples
    --------
    >>> regression_skill(np.arange(20.0), np.arange(20.0)).value
    1.0
    """
    trivial = np.abs(target - np.median(target))
    relative = _relative(trivial - np.abs(target - predictions), float(trivial.mean()))
    low, value, high = (1 - (1 - min(one, 1.0)) ** 2 for one in (relative.low, relative.value, relative.high))
    return Interval(value, low, high, method=relative.method, n=relative.n)


def _relative(gained: NDArray[np.float64], room: float) -> Interval:
    """Mean gain as a share of what there was to gain, with a 95 % interval of the paired differences."""
    if room <= 0:
        return Interval(0.0, 0.0, 0.0, method="nothing to gain over the trivial answer", n=len(gained))
    return mean_difference(gained, unit=room, prior=room)


def refusal(skill: Interval, *, min_skill: float = MIN_SKILL) -> str | None:
    """Say why a probe of this skill may not accuse labels, or return None where it may.

    Examples
    --------
    >>> refusal(Interval(0.9, 0.88, 0.92)) is None
    True
    >>> refusal(Interval(0.01, -0.01, 0.03)).split(":")[0]
    'the probe is hardly better than the trivial answer'
    """
    if skill.low >= min_skill:
        return None
    return (
        f"the probe is hardly better than the trivial answer: of what there is to gain over it, it gains "
        f"{100 * skill.value:.0f} % ({100 * skill.low:.0f} to {100 * skill.high:.0f} %), and below "
        f"{100 * min_skill:.0f} % its doubts say nothing about the labels; {ADVICE}"
    )
