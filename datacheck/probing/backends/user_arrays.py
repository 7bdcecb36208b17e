"""Backends ``features`` and ``pred_probs``: the user's own arrays, aligned on ``sample_id``. Need no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from datacheck.errors import ProbeError
from datacheck.manifest import Manifest, Task
from datacheck.models.heads import HeadRecipe, fit_heads
from datacheck.models.learning_task import Fitted, LearningTask
from datacheck.probing.budget import Clock

Given: TypeAlias = NDArray[Any] | Mapping[str, Any] | Any
"""Rows in the manifest's order, or rows by sample id: a mapping, or a table with ``sample_id`` and numeric columns."""


def align(given: Given, manifest: Manifest, *, what: str) -> NDArray[np.float32]:
    """Return one row of numbers a sample in the manifest's order, NaN for samples that were not given; [N, D].

    Raises
    ------
    ProbeError
        When an array has another number of rows, ids are unknown or repeat, or the rows differ in length.

    Examples
    --------
    >>> manifest = Manifest.from_columns({"sample_id": ["a", "b"], "label": ["cat", "dog"]})
    >>> align({"b": [1.0, 2.0], "a": [3.0, 4.0]}, manifest, what="features").tolist()
    [[3.0, 4.0], [1.0, 2.0]]
    """
    if isinstance(given, Mapping | pa.Table):
        ids, values = _by_id(given, what)
        position = pc.index_in(pa.array(ids, pa.string()), value_set=manifest.sample_ids.combine_chunks())
        if position.null_count:
            unknown = next(name for name, at in zip(ids, position.to_pylist(), strict=True) if at is None)
            raise ProbeError(f"{what}: {position.null_count} sample ids are not in the manifest, such as {unknown!r}")
        rows = position.to_numpy()
        if len(np.unique(rows)) != len(rows):
            raise ProbeError(f"{what}: expected each sample id once, found {len(rows) - len(np.unique(rows))} repeated")
        aligned = np.full((len(manifest), values.shape[1]), np.nan, dtype=np.float32)
        aligned[rows] = values
        return aligned
    values = np.asarray(given, dtype=np.float32)
    values = values[:, None] if values.ndim == 1 else values
    if values.ndim != 2 or len(values) != len(manifest):
        raise ProbeError(
            f"{what}: expected shape [{len(manifest)}, D] in the manifest's order (or rows by sample_id), "
            f"found {list(values.shape)}"
        )
    return values


def _by_id(given: Mapping[str, Any] | pa.Table, what: str) -> tuple[list[str], NDArray[np.float32]]:
    if isinstance(given, pa.Table):
        if "sample_id" not in given.column_names:
            raise ProbeError(f"{what}: expected a column 'sample_id', found {given.column_names}")
        names = [name for name in given.column_names if name != "sample_id"]
        columns = [given[name].to_numpy() for name in names]
        return given["sample_id"].cast(pa.string()).to_pylist(), np.stack(columns, axis=1).astype(np.float32)
    try:
        values = np.stack([np.atleast_1d(np.asarray(row, dtype=np.float32)) for row in given.values()])
    except ValueError as error:
        raise ProbeError(f"{what}: expected rows of one length, {error}") from None
    return [str(name) for name in given], values


def check_pred_probs(values: NDArray[np.float32], manifest: Manifest) -> NDArray[np.float32]:
    """Return probabilities [N, K], or predictions [N] for regression, after checking that they can be such.

    Raises
    ------
    ProbeError
        When the columns are not the manifest's classes, or numbers are not probabilities.
    """
    if manifest.task is Task.REGRESSION:
        if values.shape[1] != 1:
            raise ProbeError(f"pred_probs: expected one prediction a sample for regression, found {values.shape[1]}")
        return values[:, 0]
    if values.shape[1] != len(manifest.classes):
        raise ProbeError(
            f"pred_probs: expected {len(manifest.classes)} columns in the order of the classes "
            f"{list(manifest.classes[:5])}..., found {values.shape[1]}"
        )
    known = values[~np.isnan(values).any(axis=1)]
    if known.size and (known.min() < -1e-4 or known.max() > 1 + 1e-4):
        raise ProbeError(f"pred_probs: expected values in [0, 1], found {known.min():.3g} to {known.max():.3g}")
    sums = known.sum(axis=1)
    if manifest.task is Task.CLASSIFICATION and known.size and np.abs(sums - 1).max() > 1e-2:
        row = int(np.abs(sums - 1).argmax())
        raise ProbeError(f"pred_probs: expected each row to sum to 1, found {sums[row]:.4g}; apply a softmax first")
    return values


def fit_features(problem: LearningTask, clock: Clock, features: NDArray[np.float32]) -> Fitted:
    """Solve heads on the user's features for all folds at once; more seeds while the budget allows, up to three."""
    recipe = HeadRecipe()
    members: list[NDArray[np.float32]] = []
    for seed in range(3):
        started = clock.used
        members.append(fit_heads(features, problem, recipe, seed=problem.seed + seed))
        clock.tell()
        if clock.used - started > 0.25 * clock.left:
            break

    def refit(labels: NDArray[np.int64], seed: int) -> NDArray[np.float32]:
        return fit_heads(features, problem.with_labels(labels, seed), recipe, seed=seed)

    return Fitted(
        np.stack(members),
        features,
        "features",
        refit=refit if problem.task is Task.CLASSIFICATION else None,
        choices=(
            f"solved a head of {recipe.hidden} hidden units on your {features.shape[1]} features for "
            f"{problem.n_folds} folds at once, {len(members)} seeds averaged",
        ),
    )
