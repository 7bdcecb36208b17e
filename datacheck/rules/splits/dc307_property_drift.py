"""DC307: images that look different in two splits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import Finding, Found, NotApplicable, Outcome, Passed, Severity
from datacheck.manifest import Modality
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.splits.shared import split_pairs
from datacheck.scanning.measurements import PROPERTIES, Measurements
from datacheck.stats import Interval, benjamini_hochberg, hedges_g, ks_distance, wasserstein
from datacheck.stats.states import Moments


@dataclass(frozen=True)
class PropertyDrift(Rule):
    """The images of two splits differ in brightness, size, sharpness or another property.

    What
    ----
    Compares the distribution of each measured image property between each two splits.

    Why it hurts training
    ---------------------
    Images that were taken, cropped or encoded in another way are another problem: the evaluation then tells about the
    camera as much as about the model. Where it was not meant, the split was not made at random.

    How it is measured
    ------------------
    Kolmogorov–Smirnov distance, the largest difference of the two cumulative shares, with the distribution-free 95 %
    interval of Dvoretzky, Kiefer and Wolfowitz (Massart 1990). Found where the distance is at least ``min_distance``,
    the interval's lower end at least ``min_low``, and the p-value below ``alpha`` after Benjamini–Hochberg over all
    properties and pairs of splits. Hedges' g and the earth mover's distance in standard deviations say in which way.
    Splits of under ``min_samples`` measured images are not judged.

    How to fix
    ----------
    Find out what makes the splits different (source, date, preprocessing) and split at random within it, or by it where
    deployment will differ in the same way. Preprocess all splits alike.

    Example
    -------
    >>> from datacheck.manifest import Manifest
    >>> from datacheck.testing import measurements_for
    >>> manifest = Manifest.from_columns({"uri": [f"{n}.png" for n in range(400)], "split": ["train", "test"] * 200})
    >>> darker = np.linspace(0.3, 0.7, 400) - np.tile([0.0, 0.2], 200)
    >>> found = PropertyDrift().check(RuleContext(manifest, measurements_for(manifest, brightness=darker)))
    >>> found.findings[0].evidence["properties"][0]["property"]
    'brightness'
    """

    code: ClassVar[str] = "DC307"
    name: ClassVar[str] = "property-drift"
    severity: ClassVar[Severity] = Severity.WARNING

    min_distance: float = 0.1
    min_low: float = 0.05
    alpha: float = 0.01
    min_samples: int = 30

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        manifest, measurements = context.manifest, context.measurements
        if manifest.modality is Modality.TABULAR or measurements is None:
            return NotApplicable("compares image properties, and this audit measured none; scan the images")
        if len(manifest.splits) < 2:
            return NotApplicable("compares splits, and this dataset has fewer than two")
        sizes = np.bincount(manifest.split_codes[measurements.readable] + 1, minlength=len(manifest.splits) + 1)[1:]
        pairs = [pair for pair in split_pairs(manifest) if sizes[list(pair)].min() >= self.min_samples]
        if not pairs:
            return NotApplicable(f"no two splits have {self.min_samples} readable images each")
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
                findings.append(self._finding(context, measurements, pair, shifted))
        return Found(tuple(findings)) if findings else Passed("the images of all splits have the same properties")

    def _drifted(self, distance: Interval, p: float) -> bool:
        return p < self.alpha and distance.value >= self.min_distance and distance.low >= self.min_low

    def _finding(
        self,
        context: RuleContext,
        measurements: Measurements,
        pair: tuple[int, int],
        shifted: list[tuple[str, Interval, float]],
    ) -> Finding:
        names = [context.manifest.splits[number] for number in pair]
        described = [
            {
                "property": name,
                "distance": distance.to_json(),
                "p_adjusted": p,
                **describe(*_two(measurements, name, context.manifest.split_codes, pair)),
            }
            for name, distance, p in sorted(shifted, key=lambda entry: -entry[1].low)
        ]
        top, distance = described[0], max((entry[1] for entry in shifted), key=lambda interval: interval.low)
        others = f" and {len(described) - 1} more" if len(described) > 1 else ""
        return Finding(
            code=self.code,
            name=self.name,
            severity=self.severity,
            message=f"images of {names[0]!r} and {names[1]!r} differ in {top['property']}{others}: median "
            f"{top['median_first']:.4g} to {top['median_second']:.4g}, Kolmogorov–Smirnov distance {distance:.2f}",
            remedy="find out what makes the splits different, split at random within it, and preprocess all alike",
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
