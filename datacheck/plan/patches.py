"""Features of images that no label goes into: how strongly patches of the image answer to patches of the dataset.

Random whitened patches, soft threshold, pooled over a grid: Coates and Ng, *The importance of encoding versus training
with sparse coding and vector quantization*, 2011. A linear head on them is no match for a trained network, but it is
fit in closed form in every fold, and nothing that a fold holds out has gone into the features.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from datacheck.models.components import Components

Array = NDArray[np.float32]

N_FILTERS = 96
N_PATCHES = 20_000
THRESHOLD = 0.25
LARGEST_SIDE = 48
FLAT = 10 / 255**2
"""Variance below which a patch counts as flat."""

WHITENING_FLOOR = 0.1
"""Added to each variance before whitening, so that directions without any are not amplified (Coates and Ng 2011)."""

BATCH = 128


@dataclass(frozen=True)
class PatchEncoder:
    """Encodes images of one side; see the module.

    Attributes
    ----------
    filters, offset
        Whitened patches [size * size * 3, F], and their answer to the mean patch [F].
    size, stride, side, grid
        In pixels: patch, step, the side that images are brought to; and cells a side that are pooled.
    """

    filters: Array
    offset: Array
    size: int
    stride: int
    side: int
    grid: int

    @property
    def title(self) -> str:
        """In words."""
        return f"random patches of {self.size} pixels at {self.side} pixels (Coates and Ng 2011)"

    @classmethod
    def fit(cls, pixels: NDArray[np.uint8], *, seed: int) -> PatchEncoder:
        """Draw and whiten patches of images uint8 [N, S, S, 3]."""
        side = min(pixels.shape[1], LARGEST_SIDE)
        size, stride = (3, 1) if side <= 16 else (5, 2) if side <= 32 else (6, 3)
        size = min(size, side)
        rng = np.random.default_rng([seed, 11])
        images = rng.integers(0, len(pixels), N_PATCHES)
        corners = rng.integers(0, side - size + 1, (N_PATCHES, 2))
        patches = np.empty((N_PATCHES, size * size * 3), dtype=np.float32)
        for start in range(0, N_PATCHES, 2000):
            part = slice(start, start + 2000)
            whole = shrink(pixels[images[part]], side)
            for row, (image, (down, right)) in enumerate(zip(whole, corners[part], strict=True), start=start):
                patches[row] = image[down : down + size, right : right + size].reshape(-1)
        normal = _normalised(patches).astype(np.float64)
        components = Components.fit(normal, least=0)
        mean, whitening = components.mean, components.whitening(added=WHITENING_FLOOR) @ components.directions.T
        lively = np.flatnonzero(normal.var(axis=1) > 0.1)
        chosen = (lively if len(lively) >= N_FILTERS else np.arange(N_PATCHES))[:N_FILTERS]
        atoms = (normal[chosen] - mean) @ whitening
        atoms /= np.maximum(np.linalg.norm(atoms, axis=1, keepdims=True), 1e-9)
        filters = whitening @ atoms.T
        return cls(
            filters.astype(np.float32), (mean @ filters).astype(np.float32), size, stride, side, 2 if side <= 8 else 3
        )

    def encode(self, pixels: NDArray[np.uint8]) -> Array:
        """Return features of images uint8 [N, S, S, 3]; shape [N, 2 * F * grid * grid]."""
        parts = [
            self._encode(shrink(pixels[start : start + BATCH], self.side)) for start in range(0, len(pixels), BATCH)
        ]
        width = 2 * self.filters.shape[1] * self.grid**2
        return np.concatenate(parts) if parts else np.empty((0, width), dtype=np.float32)

    def _encode(self, images: Array) -> Array:
        windows = np.lib.stride_tricks.sliding_window_view(images, (self.size, self.size), axis=(1, 2))
        windows = windows[:, :: self.stride, :: self.stride].transpose(0, 1, 2, 4, 5, 3)
        n, across = windows.shape[:2]
        answers = _normalised(windows.reshape(n * across * across, -1)) @ self.filters - self.offset
        answers = answers.reshape(n, across, across, -1)
        cells = []
        edges = np.linspace(0, across, self.grid + 1).round().astype(int)
        for top, bottom in pairwise(edges):
            for left, right in pairwise(edges):
                cell = answers[:, top : max(bottom, top + 1), left : max(right, left + 1)]
                cells += [
                    np.maximum(cell - THRESHOLD, 0).mean(axis=(1, 2)),
                    np.maximum(-cell - THRESHOLD, 0).mean(axis=(1, 2)),
                ]
        return np.concatenate(cells, axis=1)


def shrink(pixels: NDArray[np.uint8], side: int) -> Array:
    """Return images as float32 in [0, 1], averaged down to a side; shape [N, side, side, 3]."""
    if pixels.shape[1] != side:
        import cv2

        pixels = np.stack([cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA) for image in pixels])
    images: Array = pixels.astype(np.float32) / np.float32(255)
    return images


def _normalised(patches: Array) -> Array:
    """Patches with mean 0 and about unit variance, flat ones left small; shape [P, D]."""
    centred = patches - patches.mean(axis=1, keepdims=True)
    scale = 1 / np.sqrt((centred**2).mean(axis=1, keepdims=True) + np.float32(FLAT))
    normal: Array = (centred * scale).astype(np.float32)
    return normal
