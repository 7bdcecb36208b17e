"""DC409: splits whose pixels are on another scale or in another channel order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import Finding, Found, NotApplicable, Outcome, Passed, Severity
from datacheck.rules.base import RuleContext
from datacheck.rules.coverage.shared import split_rows
from datacheck.rules.samples.shared import measured
from datacheck.stats import Z95

CHANNELS = ("red", "green", "blue")


@dataclass(frozen=True)
class NormalisationMismatch:
    """Per-channel statistics of two splits disagree.

    What
    ----
    Compares the mean and the standard deviation of each colour channel between the training split and every other
    split, and names the cause where it can be told: another scale (0 to 1 beside 0 to 255), red and blue exchanged, or
    another exposure.

    Why it hurts training
    ---------------------
    Inputs are normalised with the statistics of the training split. A split that is on another scale, or in BGR where
    the other is in RGB, is out of distribution in every pixel, and no metric says why.

    How it is measured
    ------------------
    Per image, mean and standard deviation of each channel in [0, 1]; between splits, the difference of their averages
    over the pooled standard deviation between images (Cohen's d) with its 95 % interval. Found where the near end of an
    interval is beyond ``min_effect``; an error from ``severe_effect``. Scale: average brightness differs by a factor
    of ``scale_factor`` or more. Channel order: exchanging red and blue removes at least three quarters of a
    squared distance that chance does not explain (``min_swap_z`` standard errors).

    How to fix
    ----------
    Load every split with the same code: same scaling, same channel order. Where the exposure really differs, collect
    training images like those of the other split, or augment brightness and colour.

    Example
    -------
    >>> import numpy as np
    >>> train = np.array([[0.6, 0.5, 0.3], [0.7, 0.5, 0.4], [0.6, 0.4, 0.3]])
    >>> bool(swapped(train, train[:, ::-1], min_z=4.0)), bool(swapped(train, train, min_z=4.0))
    (True, False)
    """

    code: ClassVar[str] = "DC409"
    name: ClassVar[str] = "normalisation-mismatch"
    severity: ClassVar[Severity] = Severity.WARNING

    min_effect: float = 0.5
    severe_effect: float = 2.0
    scale_factor: float = 20.0
    min_swap_z: float = 6.0
    min_images: int = 10

    def check(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        measurements = measured(context)
        if isinstance(measurements, NotApplicable):
            return measurements
        splits, codes = split_rows(context.manifest)
        moments = np.stack(
            [measurements.values(f"{what}_{name}") for what in ("mean", "std") for name in CHANNELS], axis=1
        )
        known = np.isfinite(moments).all(axis=1)
        sizes = np.bincount(codes[known & (codes >= 0)], minlength=len(splits))
        compared = [split for split in range(len(splits)) if sizes[split] >= self.min_images]
        if len(compared) < 2:
            return NotApplicable(f"needs two splits with {self.min_images} readable images or more")
        train = splits.index("train") if "train" in splits and splits.index("train") in compared else compared[0]
        reference = moments[known & (codes == train)]
        findings = []
        for split in compared:
            if split != train:
                other = moments[known & (codes == split)]
                finding = self._compare(splits[train], reference, splits[split], other)
                findings += [finding] if finding else []
        return Found(tuple(findings)) if findings else Passed("channel statistics agree between the splits")

    def _compare(
        self, train: str, reference: NDArray[np.float64], split: str, other: NDArray[np.float64]
    ) -> Finding | None:
        effect, low, high = effects(reference, other)
        certain = np.where(np.sign(low) == np.sign(high), np.minimum(np.abs(low), np.abs(high)), 0.0)
        here, there = float(reference[:, :3].mean()), float(other[:, :3].mean())
        factor = max(here, there) / max(min(here, there), 1e-6)
        worst = int(np.argmax(certain))
        name = f"{('mean', 'standard deviation')[worst // 3]} of {CHANNELS[worst % 3]}"
        severity = Severity.ERROR
        if factor >= self.scale_factor:
            cause = "scale"
            message = f"the pixels of {split!r} are {factor:.0f} times {'brighter' if there > here else 'darker'} than "
            message += (
                f"those of {train!r} (mean {there:.4f} beside {here:.4f}): one of them is scaled twice, or not at all"
            )
            remedy = "scale both splits alike: divide by 255 once"
        elif swapped(reference[:, :3], other[:, :3], self.min_swap_z):
            cause = "channel order"
            message = f"red and blue look exchanged in {split!r} beside {train!r}: one is RGB, the other BGR"
            remedy = "convert one of them, such as with cv2.cvtColor(image, cv2.COLOR_BGR2RGB)"
        elif certain[worst] >= self.min_effect:
            cause = "distribution"
            severity = Severity.ERROR if certain[worst] >= self.severe_effect else self.severity
            message = (
                f"the {name} differs between {split!r} and {train!r} by {abs(effect[worst]):.1f} standard deviations"
            )
            remedy = "load both splits with the same code; if they do differ, augment brightness and colour"
        else:
            return None
        channels = [
            {
                "channel": channel,
                "reference": float(reference[:, column].mean()),
                "here": float(other[:, column].mean()),
                "effect": float(effect[column]),
                "effect_low": float(low[column]),
                "effect_high": float(high[column]),
            }
            for column, channel in enumerate([f"{what}_{name}" for what in ("mean", "std") for name in CHANNELS])
        ]
        return Finding(
            code=self.code,
            name=self.name,
            severity=severity,
            message=message,
            remedy=remedy,
            evidence={
                "split": split,
                "reference_split": train,
                "cause": cause,
                "brightness_factor": factor,
                "channels": channels,
            },
            n_affected=len(other),
        )


def effects(
    reference: NDArray[np.float64], other: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return Cohen's d of each column with its 95 % interval; inputs [n, C] and [m, C], results [C] each."""
    n, m = len(reference), len(other)
    pooled = np.sqrt(((n - 1) * reference.var(axis=0, ddof=1) + (m - 1) * other.var(axis=0, ddof=1)) / (n + m - 2))
    effect = (other.mean(axis=0) - reference.mean(axis=0)) / np.maximum(pooled, 0.01)
    half = Z95 * np.sqrt(1 / n + 1 / m + effect**2 / (2 * (n + m)))
    return effect, effect - half, effect + half


def swapped(reference: NDArray[np.float64], other: NDArray[np.float64], min_z: float) -> bool:
    """Return whether exchanging red and blue brings the channel means together; inputs [n, 3] and [m, 3]."""
    difference = reference[:, 0] - reference[:, 2], other[:, 0] - other[:, 2]
    error = np.sqrt(sum(np.var(values) / len(values) for values in difference) + 1e-8)
    apart = (difference[0].mean() - difference[1].mean()) / error
    straight = np.sum((reference.mean(axis=0) - other.mean(axis=0)) ** 2)
    exchanged = np.sum((reference.mean(axis=0) - other.mean(axis=0)[::-1]) ** 2)
    return bool(
        abs(apart) >= min_z and difference[0].mean() * difference[1].mean() < 0 and exchanged <= 0.25 * straight
    )
