"""The result of a probe of masks: numpy arrays and numbers, no torch."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from datacheck.labels.fault_count import FaultCount
from datacheck.probing.segments.suspicion import KindOfSuspects, fault_count


@dataclass(frozen=True)
class MaskProbe:
    """What the probe says of the masks of a dataset.

    Attributes
    ----------
    classes
        Names of the K classes.
    rows
        The manifest's rows that were judged, ascending; [n].
    pixel_quality, image_quality
        Mean probability of the class in the mask over the places of each image, and 1 - the suspicion of its most
        suspect region; low is suspect; [n].
    accuracy
        Share of the places where the most likely class is that of the mask, out of sample.
    baseline
        The same if the most frequent class were predicted everywhere.
    kinds
        The regions by kind of fault: ``class``, ``missing``, ``border``; empty where nothing was judged.
    why_not
        Why nothing was judged; else empty.
    left_out
        How many images were not judged, by the reason.
    model
        What predicted.
    seconds
        Wall time.
    values
        What a pixel of each class holds; empty where an older version probed.
    predicted
        The most likely class of each place of each image, [n, G, G]; empty where an older version probed.
    """

    classes: tuple[str, ...]
    rows: NDArray[np.int64]
    pixel_quality: NDArray[np.float64]
    image_quality: NDArray[np.float64]
    accuracy: float
    baseline: float
    kinds: dict[str, KindOfSuspects] = field(default_factory=dict)
    why_not: str = ""
    left_out: tuple[tuple[str, int], ...] = ()
    model: str = ""
    seconds: float = 0.0
    values: tuple[int, ...] = ()
    predicted: NDArray[np.uint8] = field(default_factory=lambda: np.empty((0, 0, 0), np.uint8), repr=False)

    def fault_counts(self) -> list[FaultCount]:
        """Return how many regions have each kind of fault, as far as that was judged."""
        return [fault_count(self.kinds, name) for name in self.kinds]

    @classmethod
    def none(cls, why_not: str, seconds: float = 0.0) -> MaskProbe:
        """Return the result where nothing could be judged."""
        return cls((), np.empty(0, np.int64), np.empty(0), np.empty(0), float("nan"), float("nan"), {}, why_not,
                   seconds=seconds)  # fmt: skip
