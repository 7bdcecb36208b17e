"""The probe from end to end: a manifest in, out-of-sample predictions and what follows from them out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from datacheck.errors import ConfigError, ProbeError, require
from datacheck.manifest import Manifest, Modality, Task
from datacheck.models.folds import Folds
from datacheck.models.learning_task import LearningTask
from datacheck.probing.backend import USER_ARRAYS
from datacheck.probing.backends import Available, Backend, FitOptions, choose_backend, images
from datacheck.probing.budget import Clock
from datacheck.probing.folds import deal_folds, given_folds
from datacheck.probing.images import bring_pixels
from datacheck.probing.options import AtHand, Options
from datacheck.probing.outputs import ProbeOutputs
from datacheck.probing.results import outputs_of
from datacheck.probing.targets import usable_labels, y_of
from datacheck.probing.user_arrays import align
from datacheck.probing.weights import takes_photos
from datacheck.scanning.measurements import Measurements

if TYPE_CHECKING:
    from datacheck.duplicates.clusters import DuplicateClusters

MIN_SAMPLES = 8
"""Fewer samples cannot fill five folds with two classes each."""


def run_probe(
    manifest: Manifest, options: Options, at_hand: AtHand, clock: Clock, *, run_dir: Path | None = None
) -> ProbeOutputs:
    """Do what `datacheck.probing.probe` says; the scan, where one is needed, is kept in ``run_dir``."""
    _check_task(manifest)
    backend = chosen_backend(options, at_hand, manifest)
    pixels, measurements = None, at_hand.measurements
    if "pixels" in backend.needs:
        has_weights = backend.name == images.BACKEND.name or "weights" in backend.needs
        packaged = has_weights and options.packaged and takes_photos(options.weights)
        pixels, measurements = bring_pixels(manifest, at_hand, run_dir, packaged=packaged)
    user_array, assumed = _user_array(backend, at_hand, manifest)
    fit_options = FitOptions(
        manifest,
        clock,
        options.device,
        options.epochs,
        options.flip,
        options.side,
        options.weights,
        options.packaged,
        0 if pixels is None else pixels.shape[1],
        user_array,
    )
    folds = _folds(backend, options, fit_options, measurements, at_hand.duplicates)
    problem = LearningTask(
        manifest.task,
        manifest.classes,
        y_of(manifest),
        usable_labels(manifest),
        folds.fold,
        folds.n_folds,
        pixels,
        options.seed,
    )
    fitted = backend.fit(problem, fit_options)
    if not options.plants_errors:
        fitted = replace(fitted, refit=None)
    return outputs_of(manifest, problem, fitted, clock, (*assumed, *folds.notes), advice=backend.advice)


def chosen_backend(options: Options, at_hand: AtHand, manifest: Manifest) -> Backend:
    """Return the backend to use, after checking that what it needs can be had.

    Raises
    ------
    ConfigError
        When its name is unknown, an input that it needs is missing, or there is no such device.
    MissingExtraError
        When it needs torch and torch is not installed.
    """
    available = Available(
        pred_probs=at_hand.pred_probs is not None,
        features=at_hand.features is not None,
        pixels=at_hand.pixels is not None or (manifest.modality is Modality.IMAGE and manifest.reader is not None),
        weights=options.weights is not None,
    )
    backend = choose_backend(options.backend, available)
    if options.device not in {"auto", "cpu"}:
        require("torch", extra="probe", purpose="a probe on an accelerator")
        from datacheck.probing.networks.devices import resolve_device

        resolve_device(options.device)
    if "weights" in backend.needs and options.weights is None:
        raise ConfigError(
            f"backend={backend.name!r} needs weights=: the path of a torchvision state dict, or a name such as "
            "'resnet18'"
        )
    if "torch" in backend.needs:
        require("torch", extra="probe", purpose=f"the {backend.name} probe")
    return backend


def _user_array(
    backend: Backend, at_hand: AtHand, manifest: Manifest
) -> tuple[NDArray[np.float32] | None, tuple[str, ...]]:
    """Return the user's array that a backend needs, in the manifest's order, and what was assumed about it."""
    for name in USER_ARRAYS:
        if name in backend.needs:
            array = getattr(at_hand, name)
            if array is None:
                raise ConfigError(f"backend={backend.name!r} needs {name}=")
            return align(array, manifest, what=name)
    return None, ()


def _check_task(manifest: Manifest) -> None:
    if manifest.task not in {Task.CLASSIFICATION, Task.MULTILABEL, Task.REGRESSION}:
        raise ProbeError(
            f"expected labels to predict (classification, multilabel or regression), found task {manifest.task.value!r}"
        )
    if manifest.task is not Task.REGRESSION and len(manifest.classes) < 2:
        raise ProbeError(f"expected two or more classes, found {list(manifest.classes)}")


def _folds(
    backend: Backend,
    options: Options,
    fit_options: FitOptions,
    measurements: Measurements | None,
    duplicates: DuplicateClusters | None,
) -> Folds:
    manifest, rows = fit_options.manifest, fit_options.user_array
    usable = np.ones(len(manifest), dtype=bool)
    if measurements is not None:
        measurements.check_aligned(manifest)
        if "pixels" in backend.needs:
            usable &= measurements.readable
    if rows is not None:
        usable &= np.isfinite(rows).all(axis=1)
    n_labelled = int((usable_labels(manifest) & usable).sum())
    if n_labelled < MIN_SAMPLES:
        raise ProbeError(
            f"expected at least {MIN_SAMPLES} readable samples with a label, found {n_labelled} of {len(manifest)}"
        )
    if options.folds is not None and not isinstance(options.folds, int):
        return given_folds(options.folds, usable)
    n_folds = backend.folds(int(usable.sum()), fit_options) if options.folds is None else options.folds
    if duplicates is None and n_folds > 1:
        from datacheck.duplicates.clusters import duplicates_at_hand

        duplicates = duplicates_at_hand(manifest, measurements, options.near_duplicate_distance)
    return deal_folds(manifest, None if duplicates is None else duplicates.linked, usable, n_folds, options)
