"""What a plan is made from, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datacheck.duplicates import DEFAULT_NEAR_DUPLICATE_DISTANCE, DuplicateSearch
from datacheck.errors import PlanError, did_you_mean, require
from datacheck.manifest import Manifest, Task
from datacheck.models.folds import join_groups
from datacheck.plan.encoders import LARGEST_SIDE, BackboneEncoder, Encoder, PatchEncoder
from datacheck.probing.weights import DEFAULT_WEIGHTS, NO_WEIGHTS, PretrainedWeights, default_weights_installed

if TYPE_CHECKING:
    from datacheck.duplicates.clusters import DuplicateClusters
    from datacheck.fingerprints import Fingerprint
    from datacheck.probing.outputs import ProbeOutputs
    from datacheck.scanning.measurements import Measurements

SEED_STEP = 1000
"""Distance between the seeds of repetitions, so that plans of neighbouring seeds share none."""

BACKBONE_SIDE = 96
"""Pixels a side that images are brought to for a pretrained network, small ones enlarged: at 64 pixels its features are
much less accurate, ..."""

SMALL_BACKBONE_SIDE = 64
"""... but on a busy machine, or within a short budget, twice as many samples can be tried."""


@dataclass(frozen=True)
class PlanInputs:
    """What a plan is made from; the attributes are the arguments of `datacheck.plan.make_plan`."""

    manifest: Manifest
    measurements: Measurements | None = None
    pixels: NDArray[np.uint8] | None = None
    probe: ProbeOutputs | None = None
    features: NDArray[np.floating[Any]] | None = None
    weights: Any = None
    seed: int = 0
    n_seeds: int = 3
    device: str = "auto"
    near_duplicate_distance: int = DEFAULT_NEAR_DUPLICATE_DISTANCE
    duplicates: str = "auto"

    @property
    def is_classification(self) -> bool:
        """Whether each sample has one class: what rebalancing, augmenting and collecting need."""
        return self.manifest.task is Task.CLASSIFICATION

    @property
    def seeds(self) -> tuple[int, ...]:
        """A seed for each repetition, all following from one."""
        return tuple(self.seed + SEED_STEP * number for number in range(self.n_seeds))

    @cached_property
    def codes(self) -> NDArray[np.int64]:
        """Class of each sample, or a bin of its target or labels, such that splits can be stratified; -1 for none."""
        if self.is_classification:
            return self.manifest.label_codes.astype(np.int64)
        from datacheck.probing.targets import strata_of

        answers: NDArray[Any] = np.zeros(len(self.manifest))
        if self.manifest.task is Task.REGRESSION:
            answers = self.manifest.target
        elif self.manifest.task.lists_classes:
            answers = self.manifest.label_matrix.astype(np.float32)
        else:
            return np.full(len(self.manifest), -1, dtype=np.int64)
        return strata_of(self.manifest.task, answers, self.manifest.labelled)

    @cached_property
    def _duplicates(self) -> DuplicateClusters | None:
        if self.measurements is None:
            return None
        from datacheck.duplicates.search import search_duplicates

        return search_duplicates(
            self.manifest,
            self.measurements,
            search=DuplicateSearch(self.duplicates),
            max_distance=self.near_duplicate_distance,
        )

    @property
    def exact(self) -> NDArray[np.int64] | None:
        """The clusters of exact duplicates, -1 for a sample without one; None where nothing was scanned."""
        return None if self._duplicates is None else self._duplicates.exact

    @cached_property
    def groups(self) -> NDArray[np.int64]:
        """What must stay together: the group column, exact and near duplicates; shape [N]."""
        columns = [np.full(len(self.manifest), -1, dtype=np.int64)]
        if "group" in self.manifest:
            indices = self.manifest.table["group"].combine_chunks().dictionary_encode().indices
            columns.append(indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64))
        if self._duplicates is not None:
            columns.append(self._duplicates.linked)
        return join_groups(*columns)

    def readable(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return those of some rows whose files can be read."""
        return rows if self.measurements is None else rows[self.measurements.readable[rows]]

    @property
    def encodes_with_backbone(self) -> bool:
        """Whether label-free features have to be made by a pretrained network, which takes milliseconds an image."""
        given = self.features is not None or (self.probe is not None and self.probe.embeddings_label_free)
        return self.weights is not None and not given

    def label_free_features(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.floating[Any]], str] | None:
        """Return features of rows that no label went into, and what they are; None where there are none."""
        if self.features is not None:
            return self.features[rows], "the features that were given"
        probe = self.probe
        if probe is not None and probe.embeddings is not None and probe.embeddings_label_free:
            return probe.embeddings[rows], f"the probe's embeddings ({probe.backend})"
        if self.pixels is None:
            return None
        encoder = self.encoder(self.pixels[rows])
        return encoder.encode(self.pixels[rows]), encoder.title

    @cached_property
    def backbone(self) -> BackboneEncoder:
        """The pretrained network.

        Raises
        ------
        MissingExtraError
            When there is no torch.
        """
        for module in ("torch", "torchvision"):
            require(module, extra="probe", purpose="a plan measured on a pretrained network")
        return BackboneEncoder.load(self.weights, BACKBONE_SIDE, self.device)

    def encoder(self, pixels: NDArray[np.uint8]) -> Encoder:
        """Return what makes features without labels: the pretrained network, else patches of these images."""
        return PatchEncoder.fit(pixels, seed=self.seed) if self.weights is None else self.backbone


def usual_weights(weights: Any, pixels: NDArray[np.uint8] | None) -> Any:
    """Return the weights to use: those that were asked for; else for photos the packaged ones, where installed.

    None stands for patches of the images, which suit small ones.
    """
    if weights is not None:
        return None if getattr(weights, "source", weights) == NO_WEIGHTS else weights
    small = pixels is None or pixels.ndim != 4 or pixels.shape[1] <= LARGEST_SIDE
    if small or not default_weights_installed() or find_spec("torchvision") is None:
        return None
    return PretrainedWeights(DEFAULT_WEIGHTS)


def check_inputs(data: PlanInputs, fingerprint: Fingerprint | None = None) -> None:
    """Raise a `PlanError` unless everything has a row for each sample."""
    manifest, pixels, features = data.manifest, data.pixels, data.features
    if not len(manifest):
        raise PlanError("expected samples to plan for, found an empty manifest")
    if data.n_seeds < 1:
        raise PlanError(f"n_seeds: expected 1 or more repetitions, found {data.n_seeds}")
    if data.measurements is not None:
        data.measurements.check_aligned(manifest)
    if pixels is not None and (
        pixels.dtype != np.uint8
        or pixels.ndim != 4
        or pixels.shape[1] != pixels.shape[2]
        or pixels.shape[3] != 3
        or len(pixels) != len(manifest)
    ):
        raise PlanError(f"pixels: expected uint8 [{len(manifest)}, S, S, 3], found {pixels.dtype} {list(pixels.shape)}")
    if features is not None and (features.ndim != 2 or len(features) != len(manifest)):
        raise PlanError(f"features: expected [{len(manifest)}, D], found {list(features.shape)}")
    if data.probe is not None:
        _check_probe(manifest, data.probe)
    if fingerprint is not None and fingerprint.n_samples != len(manifest):
        raise PlanError(
            f"fingerprint: expected one of the manifest's {len(manifest):,} samples, found {fingerprint.n_samples:,}: "
            "make it again with datacheck.fingerprint(manifest)"
        )


def _check_probe(manifest: Manifest, probe: ProbeOutputs) -> None:
    if tuple(probe.classes) != tuple(manifest.classes):
        raise PlanError(
            f"probe: expected outputs for the classes {list(manifest.classes[:10])}, found {list(probe.classes[:10])}: "
            "probe this manifest again"
        )
    ids = manifest.sample_ids.to_pylist()
    if len(probe) != len(ids):
        raise PlanError(
            f"probe: expected outputs for {len(ids):,} samples, found {len(probe):,}: probe this manifest again"
        )
    different = np.flatnonzero(np.asarray(probe.sample_ids, dtype=object) != np.asarray(ids, dtype=object))
    if len(different):
        row = int(different[0])
        raise PlanError(
            f"probe: expected sample {ids[row]!r} in row {row}, found {str(probe.sample_ids[row])!r} "
            f"({len(different):,} rows differ): probe this manifest again"
        )


def target_shares(manifest: Manifest, declared: Mapping[str, float]) -> NDArray[np.float64]:
    """Return declared class shares in the order of the classes; a `PlanError` where they are none."""
    unknown = [name for name in declared if name not in manifest.classes]
    if unknown:
        raise PlanError(
            f"deployment_shares: expected classes among {list(manifest.classes[:20])}, found {unknown[0]!r}"
            f"{did_you_mean(unknown[0], manifest.classes)}"
        )
    shares = np.array([float(declared.get(name, 0.0)) for name in manifest.classes])
    if not np.isfinite(shares).all() or (shares < 0).any() or not np.isclose(shares.sum(), 1, atol=0.01):
        raise PlanError(f"deployment_shares: expected shares of 0 or more that sum to 1, found {dict(declared)}")
    normal: NDArray[np.float64] = shares / shares.sum()
    return normal
