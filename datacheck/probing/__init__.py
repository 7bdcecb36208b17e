"""The probe: a quick model, trained out of sample on the user's own data, that says which labels to doubt."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datacheck.labels.label_yield import LabelYield
from datacheck.probing.outputs import ProbeOutputs
from datacheck.probing.storage import load_probe, save_probe
from datacheck.probing.weights import PretrainedWeights

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

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
    epochs: int | None = None,
    flip: bool | None = None,
    side: int | None = None,
    bins: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    tensorboard: str | Path | None = None,
    **source_options: Any,
) -> ProbeOutputs:
    """Train a quick model out of sample, and say which labels to doubt, how sure that is, and how many there are.

    Duplicates and groups never straddle folds, so no wrong label vouches for its own copy. ``choices`` of the result
    says what was chosen, and why. The budget decides the plan (the network's width, its epochs); the same plan gives
    the same result on the same device, bit for bit on a CPU: pin it with ``epochs`` (and ``side``) to repeat a run.

    Parameters
    ----------
    source
        A manifest, or anything that `datacheck.open` takes, with ``source_options``.
    budget
        Seconds, or such as ``"60s"``, ``"10m"``. Reading the files takes part of it.
    device
        ``"auto"``, ``"cpu"``, ``"cuda"``, ``"cuda:1"``.
    seed
        Of folds, weights, batches and planted errors.
    backend
        ``"images"``, ``"descriptors"``, ``"scratch"``, ``"pretrained"``, ``"features"``, ``"pred_probs"`` or
        ``"tabular"``. ``"auto"``: what is given (``pred_probs``, ``features``), else ``pretrained`` where there are
        ``weights``, else ``images`` for images (``descriptors``, beside them ``scratch`` where time and samples allow)
        and ``tabular`` for tables.
    weights
        Path of a torchvision state dict, or the name of weights that are cached; `PretrainedWeights` to say more.
    features, pred_probs
        Your own, one row a sample: an array in the manifest's order, a mapping from sample id, or an Arrow table with
        ``sample_id``. ``pred_probs`` must be out of sample.
    folds
        How many, or the fold of each sample.
    run_dir
        Keeps the outputs (and the scan) there.
    pixels
        uint8 [N, S, S, 3] where they are at hand already; or the side S to scan at.
    measurements
        Where they are at hand already: duplicates are known from them.
    epochs, flip, side
        Pin what is otherwise chosen: passes over the samples, whether images may be mirrored, pixels of the side that
        a pretrained network sees.
    bins
        Turns a regression target into this many classes.
    progress
        Called with (done, total) in tenths of a second; the rest is what is left.
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
    from datacheck.probing.engine import Options, run_probe

    if weights is not None and not isinstance(weights, PretrainedWeights):
        weights = PretrainedWeights(weights)
    return run_probe(
        source,
        budget=budget,
        options=Options(backend, device, seed, weights, folds, epochs, flip, side),
        features=features,
        pred_probs=pred_probs,
        pixels=pixels,
        measurements=measurements,
        run_dir=None if run_dir is None else Path(run_dir),
        progress=progress,
        tensorboard=None if tensorboard is None else Path(tensorboard),
        bins=bins,
        source_options=source_options,
    )
