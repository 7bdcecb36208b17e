"""Images that a small network can tell apart in seconds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

Images = tuple[NDArray[np.uint8], NDArray[np.int64]]


@pytest.fixture
def stripes() -> Callable[..., Images]:
    """Make grey stripes, across or down, under noise: pixels [N, S, S, 3] and label codes."""

    def make(n: int = 96, side: int = 16) -> Images:
        rng = np.random.default_rng(0)
        label = np.arange(n) % 2
        wave = np.tile([40, 40, 210, 210], side // 4)
        images = np.where(label[:, None, None] == 0, wave[None, :, None], wave[None, None, :])
        noisy = np.clip(images + rng.normal(0, 25, (n, side, side)), 0, 255).astype(np.uint8)
        return np.repeat(noisy[..., None], 3, axis=3), label

    return make
