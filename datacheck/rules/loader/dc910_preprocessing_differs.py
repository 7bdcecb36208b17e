"""DC910: training and validation images are preprocessed differently."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from datacheck.before_training.evidence import LoaderEvidence, PreflightContext
from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.rules.loader.base import VAL, LoaderRule, traced
from datacheck.text import number


@dataclass(frozen=True)
class PreprocessingDiffers(LoaderRule):
    """Training and validation images are preprocessed differently.

    What
    ----
    Compares size, type, range and normalisation of what the two loaders give.

    Why it hurts training
    ---------------------
    The validation score is then that of another task. Often one of two copies of the transforms was changed.

    How it is measured
    ------------------
    Shape without batch and the type; the recovered normalisation where both could be recovered; else the mean and
    spread of all values, which must differ by more than ``far`` standard deviations between images to be named.

    How to fix
    ----------
    Build both transforms from one function, the random parts apart.

    Example
    -------
    Only one loader normalises::

        DC910 training and validation images are normalised differently: std 0.23 in 'train', 1 in 'val'
    """

    code: ClassVar[str] = "DC910"
    name: ClassVar[str] = "preprocessing-differs"
    severity: ClassVar[Severity] = Severity.ERROR
    requires = (VAL,)

    far: float = 4.0
    ratio: float = 1.5

    def judge(self, context: PreflightContext) -> Outcome:
        """Judge loader and model."""
        train, val = context.train, context.val
        assert val is not None, "required"
        shapes = [tuple(each.batches[0].images.shape[1:]) for each in (train, val)]
        kinds = [str(each.batches[0].images.dtype) for each in (train, val)]
        differing = []
        if len(shapes[0]) == len(shapes[1]) and shapes[0] != shapes[1]:
            channels = [shape[0] if shape and shape[0] in (1, 3, 4) else shape[-1] for shape in shapes]
            severity = Severity.ERROR if channels[0] != channels[1] else Severity.INFO
            differing.append((f"have different sizes: {shapes[0]} in 'train', {shapes[1]} in 'val'", severity))
        if kinds[0] != kinds[1]:
            differing.append((f"have different types: {kinds[0]} in 'train', {kinds[1]} in 'val'", Severity.WARNING))
        stds = [_std(each) for each in (train, val)]
        if np.isfinite(stds).all():
            if max(stds) > self.ratio * min(stds):
                words = f"std {number(stds[0], 2)} in 'train', {number(stds[1], 2)} in 'val'"
                differing.append((f"are normalised differently: {words}", Severity.ERROR))
        else:
            spread = [_spread(each) for each in (train, val)]
            gap = abs(spread[0][0] - spread[1][0]) / max(min(spread[0][2], spread[1][2]), 1e-12)
            scale = max(spread[0][1], spread[1][1]) / max(min(spread[0][1], spread[1][1]), 1e-12)
            if gap > self.far and scale > self.ratio:
                words = f"mean {number(spread[0][0], 2)} in 'train', {number(spread[1][0], 2)} in 'val'"
                differing.append((f"have values of another range: {words}", Severity.ERROR))
        if not differing:
            return Passed(f"both loaders give {kinds[0]} of {shapes[0]}")
        findings = [
            self.finding(
                f"training and validation images {words}",
                "build both transforms from one function, the random parts apart",
                severity=severity,
            )
            for words, severity in differing
        ]
        return Found(tuple(findings))


def _std(loader: LoaderEvidence) -> float:
    """Return the standard deviation of the normalisation, NaN where it is not known."""
    if loader.found is None or not traced(loader):
        return float("nan")
    return float(np.median(np.abs(loader.found.std)))


def _spread(loader: LoaderEvidence) -> tuple[float, float, float]:
    """Return the mean and the spread of all values, and the spread of the images' means."""
    images = np.concatenate([batch.images.reshape(len(batch.images), -1) for batch in loader.batches[:1]])
    values = images.astype(np.float64)
    return float(values.mean()), float(values.std()), float(values.mean(axis=1).std())
