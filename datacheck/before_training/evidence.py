"""What was seen of a loader and a model, as arrays and numbers that rules judge; nothing here needs torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.manifest import Manifest

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Batch:
    """One batch as it arrives.

    Attributes
    ----------
    images
        The first input, as an array with the type that arrived; [B, ...].
    labels
        The labels, as an array with the type that arrived; None where there are none.
    items
        The place of each item in the dataset; None where it cannot be known; [B].
    """

    images: NDArray[Any]
    labels: NDArray[Any] | None
    items: Indices | None


@dataclass(frozen=True)
class FoundFiles:
    """The files that the drawn images were found to be.

    Attributes
    ----------
    row
        Row of the audited manifest whose file each image shows, -1 where none was found; [n].
    expected
        Row that the dataset itself names for the item, -1 where it names none; [n].
    std, mean
        Standard deviation and mean that the images were normalised by, for each channel, recovered from the files of
        values in [0, 1]; NaN where they cannot be; [3].
    fit
        Share of the variance that this explains (R²), the median over the images; NaN where there are too few.
    swapped
        Residual with the channels in the file's order, divided by that in the reversed order: large where red and blue
        are exchanged; NaN where the images are grey or too few.
    """

    row: Indices
    expected: Indices
    std: Floats
    mean: Floats
    fit: float
    swapped: float


@dataclass(frozen=True)
class LoaderEvidence:
    """What was seen of one loader.

    Attributes
    ----------
    name
        ``train`` or ``val``.
    batches
        The batches drawn, at least one.
    n_items
        Items of the dataset; None where it does not say.
    paths
        The file of each item, where the dataset lists them.
    reachable
        The items that the loader's sampler can give; None where that cannot be known; [R].
    reachable_in
        The dataset behind all ``Subset`` objects, as a number that is equal for one object, and the places there of the
        reachable items; None where that cannot be known.
    classes
        The class names in the order of the codes, where the dataset names them.
    found
        The files that the images were found to be; None where nothing was audited to compare with.
    not_found
        Why ``found`` is None.
    varies
        Whether two readings of one item differ; None where items cannot be read alone.
    repeats
        Distinct results among readings of one item by several workers, and how many readings there were; None where
        there are no workers, or the items do not vary.
    epochs_equal
        Whether two epochs gave the same varying items; None as above.
    seconds
        Seconds that the loader took for each batch after the first; [batches − 1].
    n_workers
        Worker processes of the loader.
    """

    name: str
    batches: tuple[Batch, ...]
    n_items: int | None = None
    paths: tuple[str, ...] | None = None
    reachable: Indices | None = None
    reachable_in: tuple[int, Indices] | None = None
    classes: tuple[str, ...] | None = None
    found: FoundFiles | None = None
    not_found: str = ""
    varies: bool | None = None
    repeats: tuple[int, int] | None = None
    epochs_equal: bool | None = None
    seconds: Floats = field(default_factory=lambda: np.empty(0))
    n_workers: int = 0

    @property
    def labels(self) -> NDArray[Any] | None:
        """The labels of all batches; None where there are none."""
        parts = [batch.labels for batch in self.batches]
        return None if any(part is None for part in parts) else np.concatenate([p for p in parts if p is not None])

    @property
    def class_labels(self) -> Indices | None:
        """The labels as class numbers; None where they are not whole numbers, one a sample."""
        labels = self.labels
        if labels is None or labels.ndim != 1 or not np.issubdtype(labels.dtype, np.number):
            return None
        whole = np.asarray(labels)
        return whole.astype(np.int64) if np.isfinite(whole).all() and (whole == np.round(whole)).all() else None

    @property
    def n_images(self) -> int:
        """How many images were drawn."""
        return sum(len(batch.images) for batch in self.batches)


@dataclass(frozen=True)
class Mode:
    """What the model gives in one mode, training or evaluation.

    Attributes
    ----------
    loss
        The loss of the first batch; NaN where it cannot be computed.
    error
        Why the model or the loss failed; empty where neither did.
    """

    loss: float
    error: str = ""


@dataclass(frozen=True)
class Layer:
    """The output of one layer for the first batch.

    Attributes
    ----------
    name
        Its name in the model.
    largest
        Largest absolute value.
    spread
        Standard deviation.
    zeros
        Share of zeros.
    starts_at_zero
        Whether all that it multiplies by is 0, or all that comes in: its zeros are then not its own.
    """

    name: str
    largest: float
    spread: float
    zeros: float
    starts_at_zero: bool = False


@dataclass(frozen=True)
class ModelEvidence:
    """What was seen of a model and a loss, with the first batch of the training loader.

    Attributes
    ----------
    output_shape
        Shape of the output for a batch; empty where the model failed.
    loss_name
        The class of the loss.
    train, evaluation
        What the model gives in its two modes.
    sums_to_one
        Whether the rows of the output are at least 0 and sum to 1.
    without_gradient
        Parameters that got no gradient in any of a few steps.
    no_step
        Why no step was made; empty where steps were made.
    n_parameters
        Parameters that are to be trained.
    n_frozen
        Parameters that are not.
    batch_dependence
        Largest relative difference between the output of an image alone and in its batch, in evaluation mode; NaN where
        it cannot be computed.
    layers
        The output of each layer, from the first to the last.
    overfit
        Loss before and after training on one batch, and the accuracy on it; None where that was not asked.
    step_seconds
        Seconds of a step (forward, backward) without the loader; NaN where it failed.
    device
        Where the model is.
    """

    output_shape: tuple[int, ...]
    loss_name: str
    train: Mode
    evaluation: Mode
    sums_to_one: bool = False
    without_gradient: tuple[str, ...] = ()
    no_step: str = ""
    n_parameters: int = 0
    n_frozen: int = 0
    batch_dependence: float = float("nan")
    layers: tuple[Layer, ...] = ()
    overfit: tuple[float, float, float] | None = None
    step_seconds: float = float("nan")
    device: str = "cpu"


@dataclass(frozen=True)
class FasterLoader:
    """The loader with other settings, measured.

    Attributes
    ----------
    n_workers
        Workers that were tried.
    seconds
        Seconds a batch, each.
    decoding
        Seconds to decode one file whole, and at the smallest scale that is not below the size that arrives; None where
        the dataset names no JPEG files.
    """

    n_workers: tuple[int, ...]
    seconds: tuple[float, ...]
    decoding: tuple[float, float] | None = None


@dataclass(frozen=True)
class PreflightContext:
    """Everything a rule on loader, model and loss may look at.

    Attributes
    ----------
    train, val
        What was seen of the loaders.
    model
        What was seen of the model and the loss; None where none was given.
    manifest
        The audited dataset; None where none was given.
    shares
        Class shares that a plan's sampler is meant to give, in the order of the manifest's classes.
    faster
        The training loader with other numbers of workers.
    """

    train: LoaderEvidence
    val: LoaderEvidence | None = None
    model: ModelEvidence | None = None
    manifest: Manifest | None = None
    shares: Floats | None = None
    faster: FasterLoader | None = None

    @property
    def loaders(self) -> Sequence[LoaderEvidence]:
        """The loaders that were given."""
        return (self.train,) if self.val is None else (self.train, self.val)
