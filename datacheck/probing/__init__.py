"""The probe: a quick model predicts the user's own labels out of sample, to show which are likely wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datacheck.duplicates import DEFAULT_NEAR_DUPLICATE_DISTANCE
from datacheck.labels.label_yield import LabelYield
from datacheck.probing.outputs import ProbeOutputs
from datacheck.probing.storage import load_probe, save_probe
from datacheck.probing.weights import NO_WEIGHTS, PretrainedWeights

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from datacheck.duplicates.clusters import DuplicateClusters
    from datacheck.scanning.measurements import Measurements

__all__ = ["LabelYield", "PretrainedWeights", "ProbeOutputs", "load_probe", "probe", "save_probe"]


def probe(
    source: object,
    *,
    budget: str | float = "60s",
    device: str = "auto",
    seed: int = 0,
    backend: str = "auto",
    weights: PretrainedWeights | str | Path | None = None,
    features: Any = None,
    pred_probs: Any = None,
    folds: int | NDArray[np.integer[Any]] | None = None,
    run_dir: str | Path | None = None,
    pixels: NDArray[np.uint8] | int | None = None,
    measurements: Measurements | None = None,
    duplicates: DuplicateClusters | None = None,
    epochs: int | None = None,
    flip: bool | None = None,
    side: int | None = None,
    near_duplicate_distance: int = DEFAULT_NEAR_DUPLICATE_DISTANCE,
    progress: Callable[[int, int], None] | None = None,
    tensorboard: str | Path | None = None,
    **source_options: Any,
) -> ProbeOutputs:
    """Predict every label out of sample by a quick model, and rank the labels by how likely they are wrong.

    Duplicates and groups stay in one fold, so the copy of a wrong label cannot confirm it. ``choices`` of the result
    says what was chosen, and why. The budget decides the width and the epochs of a network. The same width and epochs
    give the same result on the same device, bit for bit on a CPU: set ``epochs`` (and ``side``) to repeat a run.

    Parameters
    ----------
    source
        A manifest, or anything that `datacheck.open` takes, with ``source_options``.
    budget
        Seconds, or a text such as ``"60s"``, ``"10m"``. Reading the files counts.
    device
        ``"auto"``, ``"cpu"``, ``"cuda"``, ``"cuda:1"``.
    seed
        Seed of folds, weights, batches and planted errors.
    backend
        ``"images"``, ``"descriptors"``, ``"scratch"``, ``"pretrained"``, ``"features"``, ``"pred_probs"`` or
        ``"tabular"``. ``"auto"`` takes ``pred_probs`` or ``features`` where you give them, else ``pretrained`` for
        images where there are ``weights``, else ``images`` (``descriptors``, and beside them the packaged weights for
        photos, or ``scratch`` where time and samples allow), and ``tabular`` for tables.
    weights
        Name of packaged weights (``"lite0"``), path of a torchvision state dict, or name of weights that are cached;
        `PretrainedWeights` to say more; ``"none"`` to use no pretrained network.
    features, pred_probs
        Your own, one row a sample. Rows are matched by id where there is one: a mapping from sample id, a column
        ``sample_id``, the index of a pandas object; else they are taken in the manifest's order. The columns of
        ``pred_probs`` are matched by class name where they have names. ``pred_probs`` must be out of sample.
    folds
        How many, or the fold of each sample.
    run_dir
        Folder for the outputs (and the scan).
    pixels
        uint8 [N, S, S, 3] where you have them already; or the side S in pixels to scan at.
    measurements
        Where you have them already: duplicates are found in them.
    duplicates
        The duplicate clusters, where you have them already; what they tie together stays in one fold.
    epochs, flip, side
        Passes over the samples, whether images may be mirrored, and the side in pixels that a pretrained network is
        given. Chosen by the probe where they are None.
    near_duplicate_distance
        Images whose perceptual hashes differ in at most so many of 64 bits stay in one fold.
    progress
        Called with (done, total) in tenths of a second.
    tensorboard
        Folder for a TensorBoard log.
    **source_options
        Options of `datacheck.open`.

    Raises
    ------
    ProbeError
        When the dataset cannot be probed.
    ConfigError
        When an option is unusable.
    MissingExtraError
        When torch is needed and not installed; ``descriptors``, ``images``, ``features``, ``pred_probs`` and
        ``tabular`` do without.

    Examples
    --------
    >>> import numpy as np
    >>> from datacheck.manifest import Manifest
    >>> rng = np.random.default_rng(0)
    >>> label = rng.integers(0, 2, 200)
    >>> features = rng.normal(size=(200, 8)) + 3 * label[:, None]
    >>> names = np.array(["cat", "dog"])[label]
    >>> names[7] = "dog" if names[7] == "cat" else "cat"
    >>> outputs = probe(Manifest.from_columns({"label": names}), features=features)
    >>> int(outputs.label_quality.argmin())
    7
    """
    from datacheck.probing.budget import Clock, parse_budget
    from datacheck.probing.engine import run_probe
    from datacheck.probing.options import AtHand, Options
    from datacheck.sources import open_source

    clock = Clock(parse_budget(budget), progress=progress)
    if weights is not None and not isinstance(weights, PretrainedWeights):
        weights = PretrainedWeights(weights)
    packaged = weights is None or weights.source != NO_WEIGHTS
    options = Options(
        backend,
        device,
        seed,
        weights if packaged else None,
        packaged,
        folds,
        epochs,
        flip,
        side,
        near_duplicate_distance,
    )
    at_hand = AtHand(features, pred_probs, pixels, measurements, duplicates)
    folder = None if run_dir is None else Path(run_dir)
    outputs = run_probe(open_source(source, **source_options), options, at_hand, clock, run_dir=folder)
    if folder is not None:
        save_probe(outputs, folder)
    if tensorboard is not None:
        from datacheck.probing.tensorboard import write_tensorboard

        write_tensorboard(outputs, Path(tensorboard))
    clock.finish()
    return outputs
