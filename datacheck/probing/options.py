"""What the user asks of the probe, and the arrays that the caller already holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datacheck.duplicates import DEFAULT_NEAR_DUPLICATE_DISTANCE
from datacheck.probing.user_arrays import UserArray
from datacheck.probing.weights import PretrainedWeights
from datacheck.scanning.measurements import Measurements

if TYPE_CHECKING:
    from datacheck.duplicates.clusters import DuplicateClusters


@dataclass(frozen=True)
class Options:
    """Options of `datacheck.probing.probe`; see there.

    ``packaged`` is False for ``weights="none"``. ``plants_errors`` is False where no count of wrong labels is wanted:
    then no model is fitted again on planted ones.
    """

    backend: str = "auto"
    device: str = "auto"
    seed: int = 0
    weights: PretrainedWeights | None = None
    packaged: bool = True
    folds: int | NDArray[Any] | None = None
    epochs: int | None = None
    flip: bool | None = None
    side: int | None = None
    near_duplicate_distance: int = DEFAULT_NEAR_DUPLICATE_DISTANCE
    plants_errors: bool = True


@dataclass(frozen=True)
class AtHand:
    """Arrays that need not be computed: see the parameters of the same names of `datacheck.probing.probe`."""

    features: UserArray | None = None
    pred_probs: UserArray | None = None
    pixels: NDArray[np.uint8] | int | None = None
    measurements: Measurements | None = None
    duplicates: DuplicateClusters | None = None
