"""Backend ``tabular``: scikit-learn's gradient boosting on the manifest's own columns. Needs no torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from datacheck.errors import ProbeError
from datacheck.manifest import Manifest, Task
from datacheck.models.learning_task import Fitted, LearningTask
from datacheck.probing.budget import Clock

MAX_CATEGORIES = 255


def table_features(manifest: Manifest) -> tuple[NDArray[np.float64], NDArray[np.bool_], tuple[str, ...]]:
    """Return the extra columns as numbers [N, D], which of them are categories [D], and their names.

    Texts with more than 255 values, and columns with a value of their own for every row, tell rows apart and nothing
    else: they are left out.

    Raises
    ------
    ProbeError
        When no column is left.
    """
    found: list[tuple[str, NDArray[np.float64], bool]] = []
    for name in manifest.extra_columns:
        column = manifest.table[name]
        kind = column.type
        if pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind):
            numbers = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
            found.append((name, np.asarray(numbers, dtype=np.float64), False))
        elif pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind):
            if pa.types.is_dictionary(kind):
                column = column.cast(kind.value_type)
            encoded = pc.dictionary_encode(column.cast(pa.string())).combine_chunks()
            if len(encoded.dictionary) <= min(MAX_CATEGORIES, max(1, len(manifest) // 2)):
                codes = encoded.indices.cast(pa.float64()).to_numpy(zero_copy_only=False)
                found.append((name, np.asarray(codes, dtype=np.float64), True))
    if not found:
        raise ProbeError(
            f"expected columns to learn from beside the label, found {list(manifest.extra_columns)}: none is numeric "
            "or a category; give features= or pred_probs="
        )
    names, columns, categories = zip(*found, strict=True)
    return np.stack(columns, axis=1), np.array(categories), tuple(names)


def fit(problem: LearningTask, clock: Clock, manifest: Manifest) -> Fitted:
    """Train gradient boosting a fold."""
    features, categories, names = table_features(manifest)
    outputs = _cross_fit(problem, features, categories, clock)

    def refit(labels: NDArray[np.int64], seed: int) -> NDArray[np.float32]:
        return _cross_fit(problem.with_labels(labels, seed), features, categories, clock)

    return Fitted(
        outputs[None],
        None,
        "tabular",
        refit=refit if problem.task is Task.CLASSIFICATION else None,
        choices=(f"gradient boosting on {len(names)} columns ({', '.join(names[:6])}), {problem.n_folds} folds",),
    )


def _cross_fit(
    problem: LearningTask, features: NDArray[np.float64], categories: NDArray[np.bool_], clock: Clock
) -> NDArray[np.float32]:
    shape = (len(problem.fold),) if problem.task is Task.REGRESSION else (len(problem.fold), problem.width)
    outputs = np.full(shape, np.nan, dtype=np.float32)
    for fold in range(problem.n_folds):
        train, held_out = problem.training_rows(fold), problem.held_out(fold)
        if not len(train):
            continue
        if problem.task is Task.MULTILABEL:
            for column in range(problem.width):
                outputs[held_out, column] = _probability(
                    problem, features, categories, train, held_out, problem.y[:, column].astype(np.int64), 2
                )[:, 1]
        elif problem.task is Task.CLASSIFICATION:
            outputs[held_out] = _probability(problem, features, categories, train, held_out, problem.y, problem.width)
        else:
            model = _boosting("HistGradientBoostingRegressor", problem, categories)
            outputs[held_out] = model.fit(features[train], problem.y[train]).predict(features[held_out])
        clock.tell()
    return outputs


def _probability(
    problem: LearningTask,
    features: NDArray[np.float64],
    categories: NDArray[np.bool_],
    train: NDArray[np.intp],
    held_out: NDArray[np.intp],
    answers: NDArray[Any],
    width: int,
) -> NDArray[np.float32]:
    """Return [R, width] probabilities; a class that is absent from the training rows gets 0."""
    probabilities = np.zeros((len(held_out), width), dtype=np.float32)
    present = np.unique(answers[train])
    if len(present) == 1:
        probabilities[:, present[0]] = 1
        return probabilities
    model = _boosting("HistGradientBoostingClassifier", problem, categories).fit(features[train], answers[train])
    probabilities[:, model.classes_] = model.predict_proba(features[held_out])
    return probabilities


def _boosting(kind: str, problem: LearningTask, categories: NDArray[np.bool_]) -> Any:
    from sklearn import ensemble

    options: dict[str, Any] = {"categorical_features": categories} if categories.any() else {}
    return getattr(ensemble, kind)(
        max_iter=100, learning_rate=0.1, early_stopping=False, random_state=problem.seed, **options
    )
