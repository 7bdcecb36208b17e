"""The optimiser of the small heads: Adam with decoupled weight decay, in numpy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

FIRST_DECAY = 0.9
"""Of the mean of gradients, as Kingma and Ba (*Adam*, 2015) recommend."""

SECOND_DECAY = 0.99
"""Of the mean of their squares: shorter than the usual 0.999, for runs of a few hundred steps."""

EPSILON = 1e-8
"""Keeps a step finite where all gradients were 0."""


class AdamW:
    """Adam (Kingma and Ba 2015) with decoupled weight decay (Loshchilov and Hutter 2019); changes arrays in place.

    scikit-learn offers no optimiser apart from its models; `datacheck.models.heads` and `datacheck.models.softmax` say
    why those do not serve.

    Parameters
    ----------
    parameters
        Arrays to change.
    decay
        Weight decay of each array, 0 for none.

    Examples
    --------
    >>> weight = np.array([1.0], dtype=np.float32)
    >>> AdamW([weight]).step([np.array([3.0])], 0.1)
    >>> weight.round(3)
    array([0.9], dtype=float32)
    """

    def __init__(self, parameters: Sequence[Array], decay: Sequence[float] | None = None) -> None:
        self.parameters = parameters
        self.decay = [0.0] * len(parameters) if decay is None else list(decay)
        self.first: list[Any] = [np.zeros_like(one) for one in parameters]
        self.second: list[Any] = [np.zeros_like(one) for one in parameters]
        self.count = 0

    def step(self, gradients: Sequence[NDArray[Any]], rate: float) -> None:
        """Take one step at a learning rate."""
        self.count += 1
        corrected = rate * np.sqrt(1 - SECOND_DECAY**self.count) / (1 - FIRST_DECAY**self.count)
        for index, (parameter, gradient) in enumerate(zip(self.parameters, gradients, strict=True)):
            first, second = self.first[index], self.second[index]
            first += (1 - FIRST_DECAY) * (gradient - first)
            second += (1 - SECOND_DECAY) * (gradient * gradient - second)
            if self.decay[index]:
                parameter *= np.float32(1 - rate * self.decay[index])
            parameter -= (corrected * first / (np.sqrt(second) + EPSILON)).astype(np.float32)
