"""The probe: a source goes in, out-of-sample predictions and what follows from them come out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.errors import ConfigError, ProbeError, did_you_mean, require
from datacheck.manifest import Manifest, Modality, Task
from datacheck.models.folds import Folds, assign_folds, join_groups
from datacheck.models.learning_task import Fitted, LearningTask
from datacheck.probing.backends import images as small_images
from datacheck.probing.backends import user_arrays as given
from datacheck.probing.budget import Clock, parse_budget
from datacheck.probing.images import bring_pixels
from datacheck.probing.outputs import ProbeOutputs
from datacheck.probing.skill import probe_skill, refusal
from datacheck.probing.targets import bin_target, strata_of
from datacheck.probing.weights import PretrainedWeights
from datacheck.scanning.measurements import Measurements

BACKENDS = ("auto", "images", "descriptors", "scratch", "pretrained", "features", "pred_probs", "tabular")
MIN_SAMPLES = 8
FROM_PIXELS = frozenset({"images", "descriptors", "scratch", "pretrained"})
TORCH = frozenset({"scratch", "pretrained"})


@dataclass(frozen=True)
class Options:
    """What `probe` was asked for, checked; see there."""

    backend: str = "auto"
    device: str = "auto"
    seed: int = 0
    weights: PretrainedWeights | None = None
    folds: int | NDArray[Any] | None = None
    epochs: int | None = None
    flip: bool | None = None
    side: int | None = None


def run_probe(
    source: object,
    *,
    budget: str | float,
    options: Options,
    features: given.Given | None = None,
    pred_probs: given.Given | None = None,
    pixels: NDArray[np.uint8] | int | None = None,
    measurements: Measurements | None = None,
    run_dir: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
    tensorboard: Path | None = None,
    bins: int | None = None,
    source_options: Mapping[str, Any] | None = None,
    timer: Callable[[], float] = time.perf_counter,
) -> ProbeOutputs:
    """Do what `datacheck.probing.probe` says; ``timer`` reads the seconds that the budget counts."""
    clock = Clock(parse_budget(budget), now=timer, progress=progress)
    manifest = _manifest(source, source_options or {})
    notes: list[str] = []
    if bins is not None:
        manifest, note = bin_target(manifest, bins)
        notes.append(note)
    _check_task(manifest)
    backend = choose_backend(options, manifest, features is not None, pred_probs is not None, pixels is not None)
    rows = images = None
    if backend in FROM_PIXELS:
        images, measurements = bring_pixels(manifest, pixels, measurements, run_dir)
    elif backend in {"features", "pred_probs"}:
        handed = features if backend == "features" else pred_probs
        if handed is None:
            raise ConfigError(f"backend={backend!r} needs {backend}=")
        rows = given.align(handed, manifest, what=backend)
    problem, folds = _problem(manifest, options, backend, images, rows, measurements, clock)
    fitted = _fit(backend, problem, clock, options, manifest, rows)
    outputs = _outputs(manifest, problem, fitted, clock, (*notes, *folds.notes))
    if run_dir is not None:
        from datacheck.probing.storage import save_probe

        save_probe(outputs, Path(run_dir))
    if tensorboard is not None:
        _write_tensorboard(outputs, tensorboard)
    if progress is not None:
        done = max(1, round(10 * clock.used))
        progress(done, done)
    return outputs


def choose_backend(options: Options, manifest: Manifest, features: bool, pred_probs: bool, pixels: bool) -> str:
    """Return the backend that ``auto`` stands for, or the one that is named.

    Raises
    ------
    ConfigError
        When the name is unknown or what it needs is missing.
    """
    if options.backend not in BACKENDS:
        raise ConfigError(
            f"backend: expected one of {list(BACKENDS)}, found {options.backend!r}"
            f"{did_you_mean(options.backend, BACKENDS)}"
        )
    if options.device not in {"auto", "cpu"}:
        _training("accelerated").resolve_device(options.device)
    if options.backend == "pretrained" and options.weights is None:
        raise ConfigError(
            "backend='pretrained' needs weights=: the path of a torchvision state dict, or a name such as 'resnet18'"
        )
    if options.backend != "auto":
        return options.backend
    if pred_probs or features:
        return "pred_probs" if pred_probs else "features"
    if pixels or (manifest.modality is Modality.IMAGE and manifest.reader is not None):
        return "images" if options.weights is None else "pretrained"
    return "tabular"


def choose_n_folds(backend: str, device: str, n_samples: int) -> int:
    """Return how many folds suit a backend: many where a fold is cheap or samples are few, few where it is dear.

    Examples
    --------
    >>> choose_n_folds("features", "cpu", 50_000), choose_n_folds("scratch", "cpu", 50_000)
    (5, 2)
    """
    if backend in {"scratch", "pretrained"} and n_samples >= 2000:
        if device != "cpu":
            return 4
        return 2 if n_samples >= 10_000 else 3
    return 5


def _manifest(source: object, options: Mapping[str, Any]) -> Manifest:
    if isinstance(source, Manifest):
        if options:
            raise ConfigError(f"a Manifest takes no source options, found {sorted(options)}")
        return source
    from datacheck.sources import open_source

    return open_source(source, **options)


def _check_task(manifest: Manifest) -> None:
    if manifest.task not in {Task.CLASSIFICATION, Task.MULTILABEL, Task.REGRESSION}:
        raise ProbeError(
            f"expected labels to predict (classification, multilabel or regression), found a {manifest.task.value} "
            "manifest"
        )
    if manifest.task is not Task.REGRESSION and len(manifest.classes) < 2:
        raise ProbeError(f"expected two or more classes to tell apart, found {list(manifest.classes)}")


def _problem(
    manifest: Manifest,
    options: Options,
    backend: str,
    pixels: NDArray[np.uint8] | None,
    rows: NDArray[np.float32] | None,
    measurements: Measurements | None,
    clock: Clock,
) -> tuple[LearningTask, Folds]:
    labelled = manifest.labelled.copy()
    usable = np.ones(len(manifest), dtype=bool)
    if measurements is not None:
        measurements.check_aligned(manifest)
        if backend in FROM_PIXELS:
            usable &= measurements.readable
    if rows is not None:
        usable &= np.isfinite(rows).all(axis=1)
    if int((labelled & usable).sum()) < MIN_SAMPLES:
        raise ProbeError(
            f"expected at least {MIN_SAMPLES} readable samples with a label, found {int((labelled & usable).sum())} of "
            f"{len(manifest)}"
        )
    answers: NDArray[Any]
    if manifest.task is Task.CLASSIFICATION:
        answers = manifest.label_codes.astype(np.int64)
    else:
        answers = manifest.target if manifest.task is Task.REGRESSION else manifest.label_matrix.astype(np.float32)
    strata = strata_of(manifest.task, answers, labelled)
    folds = _folds(manifest, options, backend, strata, usable, measurements, clock.seconds)
    return (
        LearningTask(
            manifest.task,
            manifest.classes,
            answers,
            labelled,
            folds.fold,
            folds.n_folds,
            pixels if backend in FROM_PIXELS else None,
            options.seed,
        ),
        folds,
    )


def _folds(
    manifest: Manifest,
    options: Options,
    backend: str,
    strata: NDArray[np.int64],
    usable: NDArray[np.bool_],
    measurements: Measurements | None,
    seconds: float,
) -> Folds:
    if backend == "pred_probs" and options.folds is None:
        note = "took your pred_probs at their word: that they are out of sample cannot be checked"
        return Folds(np.where(usable, 0, -1).astype(np.int16), 1, (note,))
    if options.folds is not None and not isinstance(options.folds, int):
        fold = np.asarray(options.folds)
        if fold.shape != (len(manifest),) or fold.max() < 1:
            raise ProbeError(
                f"folds: expected a number, or a fold for each of {len(manifest)} samples from 0 to at least 1, "
                f"found shape {list(fold.shape)} with {np.unique(fold).size} values"
            )
        fold = np.where(usable, fold, -1).astype(np.int16)
        return Folds(fold, int(fold.max()) + 1, ("held out the folds that you gave",))
    n_folds = options.folds
    if n_folds is None:
        device = options.device
        if backend == "images":
            backend = small_images.heavier_backend(int(usable.sum()), device, seconds)
        if device == "auto" and backend in TORCH:
            device = _training(backend).resolve_device("auto").type
        n_folds = choose_n_folds(backend, device, int(usable.sum()))
    groups, note = _groups(manifest, measurements)
    names = manifest.classes if manifest.task is Task.CLASSIFICATION else ()
    dealt = assign_folds(strata, groups, n_folds=n_folds, seed=options.seed, names=names, usable=usable)
    return replace(dealt, notes=(f"{n_folds} folds, stratified by label{note}", *dealt.notes))


def _groups(manifest: Manifest, measurements: Measurements | None) -> tuple[NDArray[np.int64], str]:
    """Return what must never be separated: the manifest's groups, exact and near duplicates."""
    columns: list[NDArray[np.int64]] = [np.full(len(manifest), -1, dtype=np.int64)]
    kept = []
    if "group" in manifest:
        indices = manifest.table["group"].combine_chunks().dictionary_encode().indices
        columns.append(indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64))
        kept.append("groups")
    if measurements is not None:
        from datacheck.duplicates.clusters import find_duplicates

        linked = find_duplicates(measurements).linked
        columns.append(linked.astype(np.int64))
        kept.append(f"{int((linked >= 0).sum())} exact and near duplicates")
    return join_groups(*columns), f"; {' and '.join(kept)} kept together" if kept else ""


def _training(backend: str) -> Any:
    require("torch", extra="probe", purpose=f"the {backend} probe")
    from datacheck.probing.networks import training

    return training


def _fit(
    backend: str,
    problem: LearningTask,
    clock: Clock,
    options: Options,
    manifest: Manifest,
    rows: NDArray[np.float32] | None,
) -> Fitted:
    if backend == "features":
        assert rows is not None
        return given.fit_features(problem, clock, rows)
    if backend == "pred_probs":
        assert rows is not None
        return Fitted(given.check_pred_probs(rows, manifest)[None], None, "pred_probs")
    if backend == "tabular":
        from datacheck.probing.backends import tabular

        return tabular.fit(problem, clock, manifest)
    if backend == "descriptors":
        from datacheck.probing.backends import descriptors

        return descriptors.fit(problem, clock)
    if backend == "images":
        return small_images.fit(problem, clock, options.device, epochs=options.epochs, flip=options.flip)
    device = _training(backend).resolve_device(options.device)
    if backend == "scratch":
        from datacheck.probing.backends import scratch

        return scratch.fit(problem, clock, device, epochs=options.epochs, flip=options.flip)
    from datacheck.probing.backends import pretrained

    assert options.weights is not None
    return pretrained.fit(
        problem, clock, device, options.weights, epochs=options.epochs, flip=options.flip, side=options.side
    )


def _outputs(
    manifest: Manifest, problem: LearningTask, fitted: Fitted, clock: Clock, notes: tuple[str, ...]
) -> ProbeOutputs:
    from datacheck.probing.judge import judge

    mean = fitted.members.mean(axis=0)
    judged = judge(problem, fitted, mean)
    regression = problem.task is Task.REGRESSION
    outputs = ProbeOutputs(
        sample_ids=np.array(manifest.sample_ids.to_pylist(), dtype=np.str_),
        task=problem.task,
        classes=problem.classes,
        pred_probs=None if regression else mean,
        predictions=mean if regression else None,
        embeddings=fitted.embeddings,
        fold=problem.fold,
        label_quality=judged.label_quality,
        suggested=judged.suggested,
        label_yield=judged.label_yield,
        dynamics=fitted.dynamics,
        metrics=judged.metrics,
        backend=fitted.backend,
        device=fitted.device,
        seconds=clock.used,
        seed=problem.seed,
        choices=(*fitted.choices, *notes, *judged.notes),
    )
    skill = probe_skill(manifest, outputs)
    reason = None if skill is None else refusal(skill)
    if skill is None:
        return outputs
    metrics = {**outputs.metrics, "skill": skill}
    if reason is None:
        return replace(outputs, metrics=metrics)
    return replace(outputs, metrics=metrics, label_yield=None, choices=(*outputs.choices, reason))


def _write_tensorboard(outputs: ProbeOutputs, folder: Path) -> None:
    require("tensorboard", extra="tensorboard", purpose="the TensorBoard log")
    writer = require("torch.utils.tensorboard", extra="tensorboard", purpose="the TensorBoard log").SummaryWriter(
        str(folder)
    )
    for name, estimate in outputs.metrics.items():
        writer.add_scalar(f"probe/{name}", estimate.value)
    for name, values in outputs.dynamics.items():
        writer.add_histogram(f"probe/{name}", values[np.isfinite(values)])
    writer.add_text("probe/choices", "\n\n".join(outputs.choices))
    writer.close()
