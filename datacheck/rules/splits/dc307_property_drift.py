"""DC307: images that look different in two splits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import Finding, Found, Outcome, Passed, Severity
from datacheck.rules.base import CannotJudge, Rule, RuleContext
from datacheck.rules.requirements import PIXELS, SPLITS
from datacheck.rules.splits.shared import split_pairs
from datacheck.scanning.measurements import PROPERTIES, Measurements
from datacheck.stats import Interval, benjamini_hochberg, hedges_g, ks_distance, wasserstein
from datacheck.stats.states import Moments
from datacheck.text import number

Shift = tuple[str, Interval, float]
"""A property, its distance between two splits, and the adjusted p-value."""


@dataclass(frozen=True)
class PropertyDrift(Rule):
    """The images of two splits differ in brightness, size, sharpness or another property.

    What
    ----
    Compares the distribution of each measured image property between each two splits.

    Why it hurts training
    ---------------------
    If images were taken, cropped or encoded in another way, the evaluation measures the camera as much as the model. If
    nobody meant this, the split was not made at random.

    How it is measured
    ------------------
    By the Kolmogorov–Smirnov distance, the largest difference of the two cumulative shares, with the distribution-free
    95 % interval of Dvoretzky, Kiefer and Wolfowitz (Massart 1990). Found if the distance is at least ``min_distance``,
    the lower end of the interval at least ``min_low``, and the p-value below ``alpha`` after Benjamini–Hochberg over
    all properties and pairs of splits. Hedges' g and the earth mover's distance in standard deviations give the
    direction and size. Splits of fewer than ``min_samples`` measured images are not judged.

    How to fix
    ----------
    Find out what differs between the splits (source, date, preprocessing). Split at random within it; or by it, if the
    images in use will differ in the same way. Preprocess all splits alike.

    Example
    -------
    The test photos were taken in the evening::

        DC307 images of 'train' and 'test' differ in brightness: the median is 0.5 in 'train' and 0.3 in 'test'
          (Kolmogorov–Smirnov distance 0.50, 95 % interval 0.29 to 0.71)
    """

    code: ClassVar[str] = "DC307"
    name: ClassVar[str] = "property-drift"
    severity: ClassVar[Severity] = Severity.WARNING
    requires = (PIXELS, SPLITS)

    min_distance: float = 0.1  # one image in ten would have to change
    min_low: float = 0.05  # and one in twenty is certain
    alpha: float = 0.01  # one false alarm in a hundred datasets
    min_samples: int = 30  # fewer images give intervals wider than any drift

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        manifest, measurements = context.manifest, context.measured
        sizes = np.bincount(manifest.split_codes[measurements.readable] + 1, minlength=len(manifest.splits) + 1)[1:]
        pairs = [pair for pair in split_pairs(manifest) if sizes[list(pair)].min() >= self.min_samples]
        if not pairs:
            raise CannotJudge(f"no two splits have {self.min_samples} readable images each")
        compared = [
            (pair, *entry) for pair in pairs for entry in compare_properties(measurements, manifest.split_codes, pair)
        ]
        adjusted = benjamini_hochberg([p for *_, p in compared])
        findings = []
        for pair in pairs:
            shifted = [
                (name, distance, float(p))
                for (of, name, distance, _), p in zip(compared, adjusted, strict=True)
                if of == pair and self._drifted(distance, float(p))
            ]
            if shifted:
                findings.append(self._finding(context, pair, sorted(shifted, key=lambda one: -one[1].low)))
        return Found(tuple(findings)) if findings else Passed("the images of all splits have the same properties")

    def _drifted(self, distance: Interval, p: float) -> bool:
        return p < self.alpha and distance.value >= self.min_distance and distance.low >= self.min_low

    def _finding(self, context: RuleContext, pair: tuple[int, int], shifted: list[Shift]) -> Finding:
        names = [context.manifest.splits[number] for number in pair]
        described = [
            {
                "property": name,
                "distance": distance.to_json(),
                "p_adjusted": p,
                **describe(*_two(context.measured, name, context.manifest.split_codes, pair)),
            }
            for name, distance, p in shifted
        ]
        top, distance = described[0], shifted[0][1]
        others = f" and {len(described) - 1} more properties" if len(described) > 1 else ""
        return self.finding(
            f"images of {names[0]!r} and {names[1]!r} differ in {top['property']}{others}: the median is "
            f"{number(top['median_first'])} in {names[0]!r} and {number(top['median_second'])} in {names[1]!r} "
            f"(Kolmogorov–Smirnov distance {distance.value:.2f}, 95 % interval {distance.low:.2f} to "
            f"{distance.high:.2f})",
            "find out what differs between the splits, split at random within it, and preprocess all splits alike",
            evidence={"splits": names, "properties": described},
        )


def compare_properties(
    measurements: Measurements, split: NDArray[np.int32], pair: tuple[int, int]
) -> list[tuple[str, Interval, float]]:
    """Return for each property that varies its Kolmogorov–Smirnov distance between two splits, and the p-value."""
    compared = []
    for name in PROPERTIES:
        a, b = _two(measurements, name, split, pair)
        if min(len(a), len(b)) and min(a.min(), b.min()) < max(a.max(), b.max()):
            compared.append((name, *ks_distance(a, b)))
    return compared


def describe(first: NDArray[np.float64], second: NDArray[np.float64]) -> dict[str, Any]:
    """Return medians, Hedges' g and the normalised earth mover's distance of two samples, JSON-safe."""
    moved = wasserstein(first, second)
    return {
        "median_first": float(np.median(first)),
        "median_second": float(np.median(second)),
        "hedges_g": hedges_g(Moments.empty().update(first), Moments.empty().update(second)).to_json(),
        "wasserstein": moved if np.isfinite(moved) else None,
        "n": [len(first), len(second)],
    }


def _two(
    measurements: Measurements, name: str, split: NDArray[np.int32], pair: tuple[int, int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    values = measurements.values(name)
    finite = np.isfinite(values)
    return values[finite & (split == pair[0])], values[finite & (split == pair[1])]
