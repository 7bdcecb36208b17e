"""``probe.npz`` and ``probe.json``: a probe's outputs on disk, without pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.checked import checked
from datacheck.errors import StorageError
from datacheck.labels.label_yield import LabelYield, measured
from datacheck.labels.look import Look
from datacheck.manifest import Task
from datacheck.models.learning_task import Fault
from datacheck.probing.outputs import ProbeOutputs
from datacheck.stats import Interval, Stratum
from datacheck.storage import atomic_path, read_json, reading, write_text

SCHEMA = "datacheck.probe"
VERSION = 1
"""Version of ``probe.json`` and ``probe.npz``."""

_ARRAYS = ("sample_ids", "fold", "label_quality", "suggested")
_OPTIONAL_ARRAYS = ("pred_probs", "predictions", "embeddings")
_YIELD_ARRAYS = ("depth", "precision", "precision_low", "precision_high")


def save_probe(outputs: ProbeOutputs, folder: Path) -> None:
    """Write ``probe.npz`` (the arrays) and then ``probe.json`` (everything else) into a run folder.

    Examples
    --------
    >>> import tempfile
    >>> outputs = ProbeOutputs(
    ...     sample_ids=np.array(["a"]), task=Task.CLASSIFICATION, classes=("cat", "dog"),
    ...     pred_probs=np.array([[0.9, 0.1]], np.float32), predictions=None, embeddings=None,
    ...     fold=np.zeros(1, np.int16), label_quality=np.ones(1, np.float32), suggested=np.array([-1], np.int32))
    >>> folder = Path(tempfile.mkdtemp())
    >>> save_probe(outputs, folder)
    >>> load_probe(folder).classes
    ('cat', 'dog')
    """
    with atomic_path(folder / "probe.npz") as temporary, temporary.open("wb") as stream:
        np.savez_compressed(stream, allow_pickle=False, **_arrays(outputs))
    numbers = {
        "schema": SCHEMA,
        "version": VERSION,
        "task": outputs.task.value,
        "classes": list(outputs.classes),
        "metrics": {name: asdict(estimate) for name, estimate in outputs.metrics.items()},
        "label_yield": _yield_json(outputs.label_yield),
        "dynamics": list(outputs.dynamics),
        "embeddings_label_free": outputs.embeddings_label_free,
        "backend": outputs.backend,
        "device": outputs.device,
        "seconds": outputs.seconds,
        "seed": outputs.seed,
        "choices": list(outputs.choices),
        "advice": outputs.advice,
        "left_out": outputs.left_out,
        "faults": [asdict(fault) for fault in outputs.faults],
    }
    # An interval may be open (NaN or infinite) where it could not be made, so Python's JSON constants are kept.
    write_text(folder / "probe.json", json.dumps(numbers, indent=2, ensure_ascii=False) + "\n")


def load_probe(folder: Path) -> ProbeOutputs:
    """Read what `save_probe` wrote.

    Raises
    ------
    StorageError
        When a file is missing, damaged, of a newer version, or the two do not belong together.
    """
    path = folder / "probe.npz"
    numbers = read_json(folder / "probe.json", schema=SCHEMA, version=VERSION)
    arrays = _read_arrays(path)
    with reading(path, "the outputs of a probe", "probe again"):
        return checked(_outputs(numbers, arrays, where=path), path)


def _arrays(outputs: ProbeOutputs) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {name: getattr(outputs, name) for name in _ARRAYS}
    arrays["sample_ids"] = np.asarray(outputs.sample_ids, dtype=np.str_)
    for name in _OPTIONAL_ARRAYS:
        if getattr(outputs, name) is not None:
            arrays[name] = getattr(outputs, name)
    for name, values in outputs.dynamics.items():
        arrays[f"dynamics/{name}"] = values
    if outputs.label_yield is not None:
        by_model = outputs.label_yield.model or outputs.label_yield
        for name in _YIELD_ARRAYS:
            arrays[f"label_yield/{name}"] = getattr(by_model, name)
    return arrays


def _yield_json(label_yield: LabelYield | None) -> dict[str, Any] | None:
    if label_yield is None:
        return None
    look, label_yield = label_yield.look, label_yield.model or label_yield
    return {
        "estimated_errors": asdict(label_yield.estimated_errors),
        "recommended_depth": label_yield.recommended_depth,
        "noise_certainty": label_yield.noise_certainty,
        "look": None if look is None else [asdict(stratum) for stratum in look.strata],
    }


def _label_yield(numbers: Mapping[str, Any] | None, arrays: Mapping[str, NDArray[Any]]) -> LabelYield | None:
    """Return the yield by the model, or by what people found where they looked."""
    if numbers is None:
        return None
    curves: dict[str, Any] = {name: arrays[f"label_yield/{name}"] for name in _YIELD_ARRAYS}
    by_model = LabelYield(
        estimated_errors=Interval(**numbers["estimated_errors"]),
        recommended_depth=numbers["recommended_depth"],
        noise_certainty=numbers["noise_certainty"],
        **curves,
    )
    strata = numbers.get("look")
    return measured(by_model, None if strata is None else Look(tuple(Stratum(**one) for one in strata)))


def _read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    with reading(path, "the arrays of a probe", "probe again"), path.open("rb") as stream, np.load(stream) as archive:
        return {name: archive[name] for name in archive.files}


def _outputs(numbers: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], *, where: Path) -> ProbeOutputs:
    n_rows = len(arrays["sample_ids"])
    per_row = [name for name in arrays if not name.startswith("label_yield/")]
    for name in per_row:
        if len(arrays[name]) != n_rows:
            raise StorageError(f"{where}: expected {n_rows} rows of {name!r}, found {len(arrays[name])}; probe again")
    if "pred_probs" in arrays and arrays["pred_probs"].shape != (n_rows, len(numbers["classes"])):
        raise StorageError(
            f"{where}: expected 'pred_probs' of shape {(n_rows, len(numbers['classes']))}, found "
            f"{arrays['pred_probs'].shape}; probe again"
        )
    lengths = {len(arrays[name]) for name in arrays if name.startswith("label_yield/")}
    if len(lengths) > 1:
        raise StorageError(f"{where}: expected arrays of one length for 'label_yield', found {sorted(lengths)}")
    needed: dict[str, Any] = {name: arrays[name] for name in _ARRAYS}
    optional: dict[str, Any] = {name: arrays.get(name) for name in _OPTIONAL_ARRAYS}
    return ProbeOutputs(
        **needed,
        **optional,
        task=Task(numbers["task"]),
        classes=tuple(numbers["classes"]),
        label_yield=_label_yield(numbers["label_yield"], arrays),
        dynamics={name: arrays[f"dynamics/{name}"] for name in numbers["dynamics"]},
        metrics={name: Interval(**value) for name, value in numbers["metrics"].items()},
        embeddings_label_free=numbers["embeddings_label_free"],
        backend=numbers["backend"],
        device=numbers["device"],
        seconds=numbers["seconds"],
        seed=numbers["seed"],
        choices=tuple(numbers["choices"]),
        advice=numbers["advice"],
        left_out=numbers.get("left_out", 0),
        faults=tuple(Fault(**fault) for fault in numbers["faults"]),
    )
