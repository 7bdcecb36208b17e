"""A plan as a training script that runs: ``datacheck plan RUN --script train.py``."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from string import Template

from datacheck.errors import PlanError
from datacheck.plan.augment.snippets import CALLS, IMPORTS, augmentation_text
from datacheck.plan.record import PlanRecord
from datacheck.probing.weights import default_weights_installed
from datacheck.storage import write_text

BATCH = 64
"""Images in a step where there are enough: a common first value, which most GPUs hold at 224 pixels."""

STEPS_AN_EPOCH = 20
"""A small training set gets a smaller batch, so that an epoch has at least about this many steps."""

LEAST_BATCH = 8
"""Batch normalisation needs several images in a step."""

STEPS = 5000
"""Steps of a training from scratch, from which the most epochs follow: a common first value."""

EPOCHS = (10, 100)
"""At least and at most this many epochs, so that a large dataset is seen often enough and a small one ends."""

DOUBTED_FROM = '"keep", "leave-out", or "suggested": those of the probe'
"""What can be done with labels in doubt."""

PHOTO_SIDE = 64
"""Images from this side on are given to the pretrained network; smaller ones show it too little."""


def write_script(
    plan: PlanRecord,
    path: Path,
    *,
    run: Path,
    root: Path | None,
    transforms: str = "torchvision",
    overwrite: bool = False,
) -> None:
    """Write a training script for a plan.

    Parameters
    ----------
    plan
        Of samples in files.
    path
        Where the script goes.
    run
        The folder of the plan.
    root
        The folder that the samples' files are relative to.
    transforms
        The library that the augmentations are written for: ``torchvision`` or ``albumentations``.
    overwrite
        Whether to replace a file that is there.

    Raises
    ------
    PlanError
        When samples are no files, have no classes, or no image was read; when the file exists.
    ConfigError
        When there is no such library.
    """
    check_new(path, overwrite=overwrite)
    write_text(path, script_text(plan, name=path.name, run=run, root=root, transforms=transforms))


def check_new(path: Path, *, overwrite: bool) -> None:
    """Refuse to replace a script, which people may have written or edited.

    Raises
    ------
    PlanError
        When the file exists and is not to be replaced.
    """
    if path.exists() and not overwrite:
        raise PlanError(f"expected a new file for the script, {path} exists: name another one, or give --overwrite")


def script_text(plan: PlanRecord, *, name: str, run: Path, root: Path | None, transforms: str = "torchvision") -> str:
    """Return the text of a training script; see `write_script`."""
    settings = plan.item("normalise").settings
    if plan.task != "classification":
        raise PlanError(
            f"a training script trains a classifier of one class an image, this is the plan of a {plan.task} dataset: "
            "take what you need from plan.json"
        )
    if root is None or plan.samples["uri"].null_count:
        raise PlanError("a training script reads files, and these samples are in memory: use plan.subset(...)")
    if not plan.classes or "size" not in settings:
        raise PlanError("a training script needs classes and images: audit a folder of images with labels")
    n_train = len(plan.rows(plan.train_split))
    batch = max(LEAST_BATCH, min(BATCH, n_train // STEPS_AN_EPOCH))
    epochs = min(max(STEPS // max(n_train // batch, 1), EPOCHS[0]), EPOCHS[1])
    small = f"so few that an epoch has about {STEPS_AN_EPOCH} steps" if batch < BATCH else "a common first value"
    photos = int(settings["size"]) >= PHOTO_SIDE and default_weights_installed()
    network_from = (
        "the packaged pretrained EfficientNet-lite0, its last stages trained: images are photos"
        if photos
        else f"from random weights: images are below {PHOTO_SIDE} pixels, or no packaged weights are installed"
    )
    augmentations = augmentation_text(plan, transforms)
    tried = sum(bool(item.measured) and "family" in item.settings for item in plan.by_kind("augment"))
    none = f"none: of {tried} tried none gains beyond doubt" if tried else "none: none was tried"
    template = Template(files("datacheck.plan").joinpath("train_script.txt").read_text(encoding="utf-8"))
    return template.substitute(
        title=_plain(root.name) or "a dataset",
        name=_plain(name),
        run=f"Path({str(run.absolute())!r})",
        root=f"Path({str(root.absolute())!r})",
        size=int(settings["size"]),
        size_from="the median shorter side of the training images, at most 224",
        network="lite0" if photos else "small",
        network_from=network_from,
        batch=batch,
        batch_from=small,
        epochs=epochs,
        epochs_from=f"about {STEPS:,} steps, but {EPOCHS[0]} to {EPOCHS[1]}; the learning curve ends it earlier",
        doubted_from=DOUBTED_FROM,
        imports=f"{IMPORTS[transforms]}\n" if augmentations != "[]" else "",
        call=CALLS[transforms],
        augment_from=none if augmentations == "[]" else "the gains are those of the plan, out of sample",
        augmentations=augmentations,
    )


def _plain(name: str) -> str:
    """Return a name that cannot end the docstring that it stands in."""
    return re.sub(r"[^\w .-]", "_", name)
