"""What a plan is made from, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datacheck.errors import PlanError, did_you_mean, require
from datacheck.manifest import Manifest, Task

if TYPE_CHECKING:
    from datacheck.fingerprints import Fingerprint
    from datacheck.plan.crossfit import Encoder
    from datacheck.probing.outputs import ProbeOutputs
    from datacheck.scanning.measurements import Measurements


BACKBONE_SIDE = 96
"""Images are brought to this side for a pretrained network, small ones enlarged: at 64 pixels it tells much less."""


@dataclass(frozen=True)
class Inputs:
    """What a plan is made from."""

    manifest: Manifest
    measurements: Measurements | None
    pixels: NDArray[np.uint8] | None
    probe: ProbeOutputs | None
    features: NDArray[np.floating[Any]] | None
    weights: Any
    seed: int
    n_seeds: int
    device: str = "auto"

    @property
    def codes(self) -> NDArray[np.int64]:
        if self.manifest.task is Task.CLASSIFICATION:
            return self.manifest.label_codes.astype(np.int64)
        from datacheck.probing.targets import strata_of

        answers: NDArray[Any] = np.zeros(len(self.manifest))
        if self.manifest.task is Task.REGRESSION:
            answers = self.manifest.target
        elif self.manifest.task is Task.MULTILABEL:
            answers = self.manifest.label_matrix.astype(np.float32)
        else:
            return np.full(len(self.manifest), -1, dtype=np.int64)
        return strata_of(self.manifest.task, answers, self.manifest.labelled)

    def groups(self) -> tuple[NDArray[np.int64], NDArray[np.int64] | None]:
        """Return what must stay together, and the clusters of exact duplicates."""
        from datacheck.models.folds import join_groups

        columns = [np.full(len(self.manifest), -1, dtype=np.int64)]
        exact = None
        if "group" in self.manifest:
            indices = self.manifest.table["group"].combine_chunks().dictionary_encode().indices
            columns.append(indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64))
        if self.measurements is not None:
            from datacheck.duplicates.clusters import find_duplicates

            clusters = find_duplicates(self.measurements)
            columns.append(clusters.linked)
            exact = clusters.exact
        return join_groups(*columns), exact

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

    def encoder(self, pixels: NDArray[np.uint8]) -> Encoder:
        """Return what turns pixels into features without labels: the pretrained network, else patches of these images.

        Raises
        ------
        MissingExtraError
            When there are weights and no torch.
        """
        if self.weights is None:
            from datacheck.plan.patches import PatchEncoder

            return PatchEncoder.fit(pixels, seed=self.seed)
        for module in ("torch", "torchvision"):
            require(module, extra="probe", purpose="a plan measured on a pretrained network")
        from datacheck.plan.crossfit import BackboneEncoder

        return BackboneEncoder.load(self.weights, BACKBONE_SIDE, self.device)


def check_inputs(
    manifest: Manifest,
    measurements: Measurements | None,
    pixels: NDArray[np.uint8] | None,
    features: NDArray[np.floating[Any]] | None,
    probe: ProbeOutputs | None = None,
    fingerprint: Fingerprint | None = None,
) -> None:
    """Raise a `PlanError` unless everything has a row for each sample."""
    if not len(manifest):
        raise PlanError("expected samples to plan for, found an empty manifest")
    if measurements is not None:
        measurements.check_aligned(manifest)
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
    if probe is not None:
        _check_probe(manifest, probe)
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
