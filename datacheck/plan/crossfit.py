"""A classifier for pixels that nobody has seen: ridge regression on label-free features, one fit a fold and seed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from datacheck.models.components import Components
from datacheck.models.folds import assign_folds
from datacheck.models.ridge import FoldSums

Array = NDArray[np.float32]

MAX_COMPONENTS = 384
BATCH = 32
"""Images a pass on a CPU."""

LARGE_BATCH = 256
"""Images a pass on a GPU."""

MAX_THREADS = 16
"""Batches at once on a CPU."""

FLOOR = 0.01
"""Components of less variance than this share of the mean are not brought up to the others. A share of 0.3 and more
tells untouched samples 1 to 4 points better, but needs an augmentation less than a network would: on subsets of
CIFAR-10 it found a third less gain in the horizontal flip."""

PENALTIES = (0.1, 0.3, 1.0, 3.0, 10.0)
"""Tried for the ridge, relative to the mean variance of the features."""


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
class CrossFit:
    """Samples, their folds for each seed, and their features; predicts what a fold holds out, however it was altered.

    Attributes
    ----------
    codes, n_classes
        Class of each sample; shape [N].
    folds
        Fold of each sample for each seed; int16 [S, N].
    clean
        Projected features of the untouched samples; float32 [N, D].
    mean, basis
        The projection: whitened principal components of the untouched samples.

    The penalty of the ridge is chosen anew for whatever is trained on, by held-out accuracy on the untouched samples of
    the first seed: a penalty that suits the untouched samples may be far off once altered ones are added.
    """

    codes: NDArray[np.int64]
    n_classes: int
    folds: NDArray[np.int16]
    clean: Array
    mean: Array
    basis: Array

    @classmethod
    def fit(
        cls,
        features: Array,
        codes: NDArray[np.integer[Any]],
        groups: NDArray[np.int64],
        n_classes: int,
        *,
        seeds: tuple[int, ...],
        n_folds: int = 5,
    ) -> CrossFit:
        """Project the features and deal the folds."""
        n_components = int(np.clip(len(features) // 4, 2, MAX_COMPONENTS))
        found = Components.fit(features, n_components, least=1e-7)
        mean: Array = found.mean.astype(np.float32)
        basis: Array = found.whitening(added=FLOOR * float(found.variances.mean())).astype(np.float32)
        centred = (features - mean).astype(np.float32)
        folds = np.stack([assign_folds(codes, groups, n_folds=n_folds, seed=seed).fold for seed in seeds])
        return cls(np.asarray(codes, np.int64), n_classes, folds, centred @ basis, mean, basis)

    def project(self, features: Array) -> Array:
        """Return the projected features of altered samples; shape [N, D]."""
        projected: Array = ((features - self.mean) @ self.basis).astype(np.float32)
        return projected

    def predict(self, extra: list[Array] | None, views: list[Array], *, clean: bool = True) -> list[NDArray[np.int64]]:
        """Train on the clean samples and on extra views of the same samples, and predict views of what is held out.

        Classes weigh the same in training.

        Parameters
        ----------
        extra
            Projected views to train on, each [N, D], row n being sample n: a fold holds a sample's views out with it.
        views
            Projected views to predict, each [N, D].
        clean
            Whether to train on the clean samples too.

        Returns
        -------
        For each view the predicted class codes; [S, N].
        """
        out = [np.full(self.folds.shape, -1, dtype=np.int64) for _ in views]
        # Many small solves: threads that wait for each other cost more than they save.
        penalty = None
        with threadpool_limits(1, "blas"):
            for number, parts in enumerate(self._parts):
                sums = self._summed(number, extra or [], clean=clean)
                penalty = self._best_penalty(sums, parts) if penalty is None else penalty
                for rows, coefficients in zip(parts, sums.coefficients(penalty, relative=True), strict=True):
                    for view, predicted in zip(views, out, strict=True):
                        predicted[number, rows] = (view[rows] @ coefficients).argmax(axis=1)
        return out

    def _best_penalty(self, sums: FoldSums, parts: list[NDArray[np.intp]]) -> float:
        """Return the penalty of the best held-out accuracy on untouched samples, every class weighing the same."""
        from datacheck.plan.evidence import balanced_accuracy

        shares = np.full(self.n_classes, 1 / self.n_classes)

        def held_out(penalty: float) -> float:
            right = np.full(len(self.codes), np.nan)
            for rows, coefficients in zip(parts, sums.coefficients(penalty, relative=True), strict=True):
                right[rows] = (self.clean[rows] @ coefficients).argmax(axis=1) == self.codes[rows]
            return balanced_accuracy(right, self.codes, shares)

        return max(PENALTIES, key=held_out)

    def _summed(self, number: int, extra: list[Array], *, clean: bool) -> FoldSums:
        """Return what each fold of one seed adds to the normal equations, extra views included."""
        views = [self._of(x, self._parts[number]) for x in extra]
        first, *others = [self._sums[number], *views] if clean else views
        return sum(others, first)

    @cached_property
    def _parts(self) -> list[list[NDArray[np.intp]]]:
        """Rows of each fold of each seed."""
        return [[np.flatnonzero(fold == one) for one in np.unique(fold[fold >= 0])] for fold in self.folds]

    @cached_property
    def _sums(self) -> list[FoldSums]:
        """What each fold of the clean samples adds to the normal equations."""
        return [self._of(self.clean, parts) for parts in self._parts]

    def _of(self, x: Array, parts: list[NDArray[np.intp]]) -> FoldSums:
        """Return what each part adds to the normal equations, every class weighing the same."""
        counts = np.bincount(self.codes, minlength=self.n_classes)
        weight = (len(self.codes) / self.n_classes / np.maximum(counts, 1))[self.codes].astype(np.float32)
        wanted = np.eye(self.n_classes, dtype=np.float32)[self.codes] - np.float32(1 / self.n_classes)
        return FoldSums.of(x, wanted, parts, weight)


@dataclass(frozen=True)
class BackboneEncoder:
    """Features of a pretrained network's last stage, frozen; goes through the probe's own loading and inputs."""

    stages: Any
    inputs: Any
    title: str
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
        return cls(placed, normalised, f"{name} at {side} pixels, frozen", where)

    def encode(self, pixels: NDArray[np.uint8]) -> Array:
        """Return the features of images uint8 [N, S, S, 3]."""
        import torch

        from datacheck.probing.networks.batches import PixelInputs
        from datacheck.probing.networks.devices import autocast
        from datacheck.probing.networks.workers import on_threads

        mean, deviation, side = self.inputs
        inputs = PixelInputs(pixels, self.device, (mean, deviation), side=side)

        batch = BATCH if self.device.type == "cpu" else LARGE_BATCH

        @torch.inference_mode()
        def part(start: int) -> Array:
            # Pixels are prepared in full precision: autocast would resize them in bfloat16.
            (x,) = inputs.views(np.arange(start, min(start + batch, len(pixels))), flip=False)
            with autocast(self.device):
                answers: Array = self.stages(x).float().flatten(1).cpu().numpy()
                return answers

        if self.device.type != "cpu":
            return np.concatenate([part(start) for start in range(0, len(pixels), batch)])

        # Batches side by side, one thread each: threads within a batch wait for each other at every layer, which on a
        # busy machine costs ten times what they bring.
        n_workers = min(torch.get_num_threads(), MAX_THREADS)
        parts = on_threads(part, range(0, len(pixels), batch), n_workers, threads_each=1)
        return np.concatenate(parts).astype(np.float32)
