"""Features of images that are made without the labels: of random patches, or of a frozen pretrained network."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from datacheck.models.components import Components

Array = NDArray[np.float32]

N_FILTERS = 96
"""Patches that every image is compared with: more gain accuracy slowly and cost time in proportion."""

N_PATCHES = 20_000
"""Patches that the whitening is estimated from, at most 108 numbers each."""

PATCHES_AT_ONCE = 2000
"""Patches that are cut at once, to bound the memory."""

THRESHOLD = 0.25
"""Weaker responses count as none (soft threshold, Coates and Ng 2011)."""

LARGEST_SIDE = 48
"""Images are reduced to this side: patches of larger ones show little of an object, and cost more."""

SMALL_SIDES = {16: (3, 1), 32: (5, 2), LARGEST_SIDE: (6, 3)}
"""Side of a patch and step between patches in pixels, for images up to a side."""

COARSE_UP_TO = 8
"""Images up to this side are pooled over 2 x 2 cells, larger ones over 3 x 3."""

FLAT = 10 / 255**2
"""Variance below which a patch counts as flat."""

LIVELY = 0.1
"""Filters are drawn from patches of more variance than this after normalisation: flat ones respond to nothing."""

WHITENING_FLOOR = 0.1
"""Added to each variance before whitening, so that directions without any are not amplified (Coates and Ng 2011)."""

BATCH = 128
"""Images whose patches are compared at once, to bound the memory."""

BACKBONE_BATCH = 32
"""Images in a batch of a pretrained network on a CPU, ..."""

BACKBONE_BATCH_GPU = 256
"""... and on a GPU, which a small batch does not keep busy."""

MAX_THREADS = 16
"""Batches at once on a CPU: each holds its activations in memory."""


class Encoder(Protocol):
    """Turns pixels into features without looking at labels."""

    @property
    def title(self) -> str:
        """What it is, in words."""
        ...

    def encode(self, pixels: NDArray[np.uint8]) -> Array:
        """Return the features of images uint8 [N, S, S, 3]."""
        ...


@dataclass(frozen=True)
class PatchEncoder:
    """How strongly the patches of an image resemble random patches of the dataset.

    Random whitened patches, soft threshold, pooled over a grid: Coates and Ng, *The importance of encoding versus
    training with sparse coding and vector quantization*, 2011. A linear model on them is less accurate than a trained
    network, but it is fitted in closed form in every fold, and is independent of what a fold holds out.

    Attributes
    ----------
    filters, offset
        Whitened patches [size * size * 3, F], and their response to the mean patch [F].
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
        size, stride = next(found for largest, found in SMALL_SIDES.items() if side <= largest)
        size = min(size, side)
        rng = np.random.default_rng([seed, 11])
        images = rng.integers(0, len(pixels), N_PATCHES)
        corners = rng.integers(0, side - size + 1, (N_PATCHES, 2))
        patches = np.empty((N_PATCHES, size * size * 3), dtype=np.float32)
        for start in range(0, N_PATCHES, PATCHES_AT_ONCE):
            part = slice(start, start + PATCHES_AT_ONCE)
            whole = shrink(pixels[images[part]], side)
            for row, (image, (down, right)) in enumerate(zip(whole, corners[part], strict=True), start=start):
                patches[row] = image[down : down + size, right : right + size].reshape(-1)
        normal = _normalised(patches).astype(np.float64)
        components = Components.fit(normal, least=0)
        mean, whitening = components.mean, components.whitening(added=WHITENING_FLOOR) @ components.directions.T
        lively = np.flatnonzero(normal.var(axis=1) > LIVELY)
        chosen = (lively if len(lively) >= N_FILTERS else np.arange(N_PATCHES))[:N_FILTERS]
        atoms = (normal[chosen] - mean) @ whitening
        atoms /= np.maximum(np.linalg.norm(atoms, axis=1, keepdims=True), 1e-9)
        filters = whitening @ atoms.T
        grid = 2 if side <= COARSE_UP_TO else 3
        return cls(filters.astype(np.float32), (mean @ filters).astype(np.float32), size, stride, side, grid)

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
        responses = _normalised(windows.reshape(n * across * across, -1)) @ self.filters - self.offset
        responses = responses.reshape(n, across, across, -1)
        cells = []
        edges = np.linspace(0, across, self.grid + 1).round().astype(int)
        for top, bottom in pairwise(edges):
            for left, right in pairwise(edges):
                cell = responses[:, top : max(bottom, top + 1), left : max(right, left + 1)]
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


@dataclass(frozen=True)
class BackboneEncoder:
    """Features of the last stage of a frozen pretrained network, loaded and fed as the probe does it."""

    stages: Any
    inputs: Any
    name: str
    device: Any

    @classmethod
    def load(cls, weights: Any, side: int, device: str = "auto") -> BackboneEncoder:
        """Load torchvision weights (see `datacheck.probing.PretrainedWeights`) for images brought to a side."""
        import torch

        from datacheck.probing.networks.backbone import load_backbone
        from datacheck.probing.networks.devices import resolve_device
        from datacheck.probing.weights import PretrainedWeights

        known = weights if isinstance(weights, PretrainedWeights) else PretrainedWeights(weights)
        where = resolve_device(device)
        stages, _, name = load_backbone(known)
        normalised = (np.array(known.mean), np.array(known.deviation), side)
        layout = torch.channels_last if where.type == "cuda" else torch.preserve_format
        placed = stages.to(where, memory_format=layout)  # type: ignore[call-overload]
        return cls(placed, normalised, name, where)

    @property
    def title(self) -> str:
        """In words."""
        return f"{self.name} at {self.inputs[2]} pixels, frozen"

    def at(self, side: int) -> BackboneEncoder:
        """Return the same network for images brought to another side."""
        return replace(self, inputs=(*self.inputs[:2], side))

    def encode(self, pixels: NDArray[np.uint8]) -> Array:
        """Return the features of images uint8 [N, S, S, 3]."""
        import torch

        from datacheck.probing.networks.batches import PixelInputs
        from datacheck.probing.networks.devices import autocast
        from datacheck.probing.networks.workers import on_threads

        mean, deviation, side = self.inputs
        inputs = PixelInputs(pixels, self.device, (mean, deviation), side=side)

        batch = BACKBONE_BATCH if self.device.type == "cpu" else BACKBONE_BATCH_GPU

        @torch.inference_mode()
        def part(start: int) -> Array:
            # Pixels are prepared in full precision: autocast would resize them in bfloat16.
            (x,) = inputs.views(np.arange(start, min(start + batch, len(pixels))), flip=False)
            with autocast(self.device):
                features: Array = self.stages(x).float().flatten(1).cpu().numpy()
                return features

        if self.device.type != "cpu":
            return np.concatenate([part(start) for start in range(0, len(pixels), batch)])

        # Batches in parallel, one thread each: threads within a batch wait for each other at every layer, which makes a
        # busy machine many times slower.
        n_workers = min(torch.get_num_threads(), MAX_THREADS)
        parts = on_threads(part, range(0, len(pixels), batch), n_workers, threads_each=1)
        return np.concatenate(parts).astype(np.float32)
