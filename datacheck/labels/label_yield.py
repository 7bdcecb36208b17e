"""How many labels are wrong, and the precision of the relabel queue at each depth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datacheck.stats import Interval


@dataclass(frozen=True)
class LabelYield:
    """How many labels are wrong, and how pure the relabel queue is at each depth.

    Attributes
    ----------
    estimated_errors
        Estimated count of wrong labels in the probed samples.
    depth
        Queue depths, ascending; shape [D].
    precision, precision_low, precision_high
        Expected share of wrong labels among the first ``depth`` samples, with its interval; shape [D].
    recommended_depth
        Where to stop: beyond it a reviewed sample is more likely right than wrong.
    """

    estimated_errors: Interval
    depth: NDArray[np.int64]
    precision: NDArray[np.float64]
    precision_low: NDArray[np.float64]
    precision_high: NDArray[np.float64]
    recommended_depth: int
