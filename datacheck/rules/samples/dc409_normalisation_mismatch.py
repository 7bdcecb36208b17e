"""DC409: splits whose pixels have another scale or another channel order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import Finding, Found, Outcome, Passed, Severity
from datacheck.rules.base import CannotJudge, Rule, RuleContext
from datacheck.rules.coverage.shared import split_rows
from datacheck.rules.requirements import PIXELS
from datacheck.stats import Z95

CHANNELS = ("red", "green", "blue")
MOMENTS = tuple(f"{what}_{name}" for what in ("mean", "std") for name in CHANNELS)

_MIN_DEVIATION = 0.01
"""Deviations are at least 2.5 of 255 grey levels, so that two splits of constant colour do not divide by zero."""

_KEPT_BY_SWAP = 0.25
"""Exchanging red and blue explains a difference if at most this share of the squared distance stays."""

Means = NDArray[np.float64]


@dataclass(frozen=True)
class NormalisationMismatch(Rule):
    """The pixel statistics of two splits disagree.

    What
    ----
    Compares the mean and the standard deviation of each colour channel between the training split and every other
    split. If the cause can be recognised, it is named: another scale (0 to 1 beside 0 to 255), red and blue exchanged,
    or another exposure.

    Why it hurts training
    ---------------------
    Inputs are normalised with the statistics of the training split. If another split has another scale, or is BGR
    instead of RGB, every pixel of it is out of distribution, and no metric says why.

    How it is measured
    ------------------
    For each image the mean and standard deviation of each channel, in [0, 1]. Between splits, the difference of their
    averages divided by the pooled standard deviation between images (Cohen's d), with its 95 % interval. Found if an
    interval lies beyond ``min_effect``; an error if beyond ``severe_effect``. Scale: the average brightness differs by
    a factor of ``scale_factor`` or more. Channel order: exchanging red and blue removes at least three quarters of the
    squared distance, and the difference is ``min_swap_z`` standard errors or more.

    How to fix
    ----------
    Load every split with the same code: the same scaling, the same channel order. If the exposure really differs,
    collect training images like those of the other split, or augment brightness and colour.

    Example
    -------
    The test images were divided by 255 twice::

        DC409 the pixels of 'test' are 254 times darker than those of 'train' (mean 0.0018 and 0.4628): one of the two
          splits is scaled twice or not at all
    """

    code: ClassVar[str] = "DC409"
    name: ClassVar[str] = "normalisation-mismatch"
    severity: ClassVar[Severity] = Severity.WARNING
    requires = (PIXELS,)

    min_effect: float = 0.5  # a medium effect in Cohen's terms
    severe_effect: float = 2.0  # the two distributions overlap by less than a third
    scale_factor: float = 20.0  # no exposure differs so much, and a missing division by 255 does
    min_swap_z: float = 6.0  # chance exchanges no channels
    min_images: int = 10  # fewer images give no useful deviation

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        splits, codes = split_rows(context.manifest)
        moments = np.stack([context.measured.values(name) for name in MOMENTS], axis=1)
        known = np.isfinite(moments).all(axis=1)
        sizes = np.bincount(codes[known & (codes >= 0)], minlength=len(splits))
        compared = [split for split in range(len(splits)) if sizes[split] >= self.min_images]
        if len(compared) < 2:
            raise CannotJudge(f"needs two splits with {self.min_images} readable images or more")
        train = splits.index("train") if "train" in splits and splits.index("train") in compared else compared[0]
        reference = moments[known & (codes == train)]
        others = {splits[split]: moments[known & (codes == split)] for split in compared if split != train}
        judged = [self._compare(splits[train], reference, name, other) for name, other in others.items()]
        findings = tuple(finding for finding in judged if finding is not None)
        return Found(findings) if findings else Passed("the channel statistics of all splits agree")

    def _compare(self, train: str, reference: Means, split: str, other: Means) -> Finding | None:
        effect, low, high = effects(reference, other)
        certain = np.where(np.sign(low) == np.sign(high), np.minimum(np.abs(low), np.abs(high)), 0.0)
        here, there = float(reference[:, :3].mean()), float(other[:, :3].mean())
        factor = max(here, there) / max(min(here, there), 1e-6)
        worst = int(np.argmax(certain))
        severity = Severity.ERROR
        if factor >= self.scale_factor:
            cause = "scale"
            message = (
                f"the pixels of {split!r} are {factor:.0f} times {'brighter' if there > here else 'darker'} than those "
                f"of {train!r} (mean {there:.4f} and {here:.4f}): one of the two splits is scaled twice or not at all"
            )
            remedy = "scale both splits alike: divide by 255 once"
        elif swapped(reference[:, :3], other[:, :3], self.min_swap_z):
            cause = "channel order"
            message = f"red and blue seem to be exchanged between {split!r} and {train!r}: one is RGB, the other BGR"
            remedy = "convert one of them, for example with cv2.cvtColor(image, cv2.COLOR_BGR2RGB)"
        elif certain[worst] >= self.min_effect:
            cause = "distribution"
            severity = Severity.ERROR if certain[worst] >= self.severe_effect else self.severity
            moment = f"{('mean', 'standard deviation')[worst // 3]} of {CHANNELS[worst % 3]}"
            message = (
                f"the {moment} differs between {split!r} and {train!r} by {abs(effect[worst]):.1f} standard deviations "
                f"between images (95 % interval from {certain[worst]:.1f} on)"
            )
            remedy = "load both splits with the same code; if the photos do differ, augment brightness and colour"
        else:
            return None
        columns = zip(MOMENTS, reference.mean(axis=0), other.mean(axis=0), effect, low, high, strict=True)
        keys = ("channel", "reference", "here", "effect", "effect_low", "effect_high")
        evidence: dict[str, Any] = {
            "split": split,
            "reference_split": train,
            "cause": cause,
            "brightness_factor": factor,
            "channels": [dict(zip(keys, (name, *map(float, row)), strict=True)) for name, *row in columns],
        }
        return self.finding(message, remedy, severity=severity, evidence=evidence, affected=len(other))


def effects(reference: Means, other: Means) -> tuple[Means, Means, Means]:
    """Return Cohen's d of each column with its 95 % interval; inputs [n, C] and [m, C], results [C] each."""
    n, m = len(reference), len(other)
    pooled = np.sqrt(((n - 1) * reference.var(axis=0, ddof=1) + (m - 1) * other.var(axis=0, ddof=1)) / (n + m - 2))
    effect = (other.mean(axis=0) - reference.mean(axis=0)) / np.maximum(pooled, _MIN_DEVIATION)
    half = Z95 * np.sqrt(1 / n + 1 / m + effect**2 / (2 * (n + m)))
    return effect, effect - half, effect + half


def swapped(reference: Means, other: Means, min_z: float) -> bool:
    """Return whether exchanging red and blue brings the channel means together; inputs [n, 3] and [m, 3].

    Examples
    --------
    >>> train = np.array([[0.6, 0.5, 0.3], [0.7, 0.5, 0.4], [0.6, 0.4, 0.3]])
    >>> swapped(train, train[:, ::-1], min_z=4.0), swapped(train, train, min_z=4.0)
    (True, False)
    """
    difference = reference[:, 0] - reference[:, 2], other[:, 0] - other[:, 2]
    error = np.sqrt(sum(np.var(values) / len(values) for values in difference) + 1e-8)
    apart = (difference[0].mean() - difference[1].mean()) / error
    straight = np.sum((reference.mean(axis=0) - other.mean(axis=0)) ** 2)
    exchanged = np.sum((reference.mean(axis=0) - other.mean(axis=0)[::-1]) ** 2)
    opposite = difference[0].mean() * difference[1].mean() < 0
    return bool(abs(apart) >= min_z and opposite and exchanged <= _KEPT_BY_SWAP * straight)
