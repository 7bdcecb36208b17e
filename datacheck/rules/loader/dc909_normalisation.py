"""DC909: values are normalised twice, divided by 255 twice, or not scaled at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from datacheck.before_training.evidence import PreflightContext
from datacheck.findings import Found, Outcome, Severity
from datacheck.rules.loader.base import TRACED_FIT, TRAIN_FILES, LoaderRule, traced, unless_train
from datacheck.text import number


@dataclass(frozen=True)
class Normalisation(LoaderRule):
    """Values are normalised twice, divided by 255 twice, or not scaled at all.

    What
    ----
    Recovers the mean and standard deviation by which the images were normalised, from the values that arrive and
    those of the files.

    Why it hurts training
    ---------------------
    A network that was trained on values around 0 with a spread of 1 gets values of a hundredth, or of hundreds.
    Training starts far from where it should and often stays there.

    How it is measured
    ------------------
    A straight line through the quantiles of each channel, of the images that arrive whole; judged where it explains
    at least 99 % (``fit``). A standard deviation of 0.15 to 0.6 is a normalisation, 1 is values from 0 to 1, 1/255
    values from 0 to 255.

    How to fix
    ----------
    Scale once: ``v2.ToDtype(torch.float32, scale=True)`` divides by 255, as ``ToTensor()`` does; then normalise
    once.

    Example
    -------
    ToTensor, then another / 255::

        DC909 values in 'train' were divided by 255 twice: they lie between 0 and 0.0039
    """

    code: ClassVar[str] = "DC909"
    name: ClassVar[str] = "normalisation"
    severity: ClassVar[Severity] = Severity.ERROR
    requires = (TRAIN_FILES,)

    fit: float = TRACED_FIT

    def judge(self, context: PreflightContext) -> Outcome:
        """Judge loader and model."""
        findings, judged, unknown = [], {}, {}
        for loader in context.loaders:
            if loader.found is None or not traced(loader, self.fit):
                unknown[loader.name] = (
                    "fewer than 8 images arrive whole and without a change of colours: the values cannot be traced"
                )
                continue
            std, mean = float(np.median(np.abs(loader.found.std))), float(np.median(loader.found.mean))
            judged[loader.name] = f"normalised once or scaled to 1: std {number(std, 2)}, mean {number(mean, 2)}"
            found = kind_of(std)
            if found is not None:
                message, remedy, severity = found
                findings.append(
                    self.finding(
                        f"values in {loader.name!r} {message}",
                        remedy,
                        severity=severity,
                        evidence={"std": loader.found.std.tolist(), "mean": loader.found.mean.tolist()},
                    )
                )
        return Found(tuple(findings)) if findings else unless_train(judged, unknown)


def kind_of(std: float) -> tuple[str, str, Severity] | None:
    """Return what is wrong with a recovered standard deviation, what to do, and how severe it is; None if nothing is.

    Examples
    --------
    >>> kind_of(0.229) is None, kind_of(1.0) is None, kind_of(255.0)[0]
    (True, True, 'were divided by 255 twice: they lie between 0 and 0.0039')
    """
    scale_once = "scale and normalise once: ToTensor() divides by 255 already"
    if std > TWICE_SCALED:
        return f"were divided by 255 twice: they lie between 0 and {1 / std:.2g}", scale_once, Severity.ERROR
    if NORMALISED[0] <= std <= NORMALISED[1] or abs(std - 1) <= SCALED:
        return None
    if abs(std * 255 - 1) <= SCALED:
        what = "were not scaled: they lie between 0 and 255"
        return what, "divide by 255 and normalise, unless the model does so itself", Severity.WARNING
    if std < NOT_SCALED:
        return "were normalised without dividing by 255 first", "divide by 255 before the normalisation", Severity.ERROR
    if std < NORMALISED[0]:
        return f"were normalised twice (together a standard deviation of {std:.2g})", scale_once, Severity.ERROR
    return None


NORMALISED = (0.1, 0.6)
"""Standard deviations of usual normalisations: ImageNet has 0.23."""

SCALED = 0.05
"""How far the spread of values from 0 to 1 may be off."""

TWICE_SCALED = 20.0
"""Above it values were divided by 255 once more; with ImageNet's normalisation on top it is 58."""

NOT_SCALED = 0.003
"""Below it, values from 0 to 255 were normalised as if they were 0 to 1."""
