"""Learning curves: how well a quick head does on growing parts of the data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.models.parallel import run_parallel
from datacheck.models.ridge import LEAST_PENALTY, PENALTY_SHARE, fit_ridge
from datacheck.models.softmax import fit_softmax, predict_softmax

Indices = NDArray[np.intp]

Predict = Callable[[Indices, NDArray[np.bool_], Indices], NDArray[np.integer[Any]]]
"""Training rows [n], which of them each part holds [F, n], and held-out rows [m] to their predicted classes [F, m]."""

WIDTH_PENALTY = 0.25
"""Added to the ridge penalty for each feature: a part with few rows to a feature would fit noise, and the curve would
fall for that reason alone."""

RATES = np.linspace(0.05, 1.5, 146)
"""Exponents tried for the power law, in steps of 0.01; those published lie between 0.07 and 0.5 (Hestness 2017)."""


@dataclass(frozen=True)
class Curve:
    """Out-of-sample accuracy at F sizes, in R repetitions.

    Attributes
    ----------
    sizes
        Rows that a head is fitted on, shape [F].
    errors
        Share of held-out rows that are predicted wrongly, shape [R, F].
    recall
        Share of each class that is predicted correctly, NaN for a class without rows; shape [R, F, K].
    """

    sizes: NDArray[np.float64]
    errors: NDArray[np.float64]
    recall: NDArray[np.float64]


def learning_curve(
    codes: NDArray[np.integer[Any]],
    n_classes: int,
    folds: Sequence[NDArray[np.integer[Any]]],
    predict: Predict,
    *,
    fractions: Sequence[float],
    seeds: Sequence[int],
) -> Curve:
    """Fit a head on growing parts of what each fold leaves, and predict what it holds out.

    Each part holds the same share of every class, and all of the smaller parts.

    Parameters
    ----------
    codes
        Class of each row, no -1; shape [N].
    n_classes
        K.
    folds
        Fold that holds each row out, -1 for rows that take no part; shape [N] for each of R repetitions.
    predict
        The head: `by_ridge` or `by_softmax`.
    fractions
        Shares of the training rows, ascending; F.
    seeds
        Of the drawing of the parts, one a repetition.
    """

    def correct_in(repetition: int) -> NDArray[np.float64]:
        fold, rank = folds[repetition], _rank_within(codes, np.random.default_rng(seeds[repetition]))
        correct = np.full((len(fractions), len(codes)), np.nan)
        for held_out in np.unique(fold[fold >= 0]).tolist():
            train, test = np.flatnonzero((fold != held_out) & (fold >= 0)), np.flatnonzero(fold == held_out)
            parts = rank[train] < np.asarray(fractions)[:, None]
            correct[:, test] = predict(train, parts, test) == codes[test]
        return correct

    correct = np.stack(run_parallel(correct_in, range(len(folds))))
    held = np.isfinite(correct)
    counts = np.bincount(codes, minlength=n_classes)
    hits = np.stack([[np.bincount(codes, one, n_classes) for one in part] for part in np.where(held, correct, 0.0)])
    n_train = np.mean([(fold >= 0).sum() * (1 - 1 / max(2, len(np.unique(fold[fold >= 0])))) for fold in folds])
    return Curve(
        np.asarray(fractions) * n_train,
        1 - np.nanmean(correct, axis=2),
        np.where(counts > 0, hits / np.maximum(counts, 1), np.nan),
    )


def by_ridge(x: NDArray[np.floating[Any]], codes: NDArray[np.integer[Any]], n_classes: int) -> Predict:
    """Return a ridge head on whitened features, shape [N, D]: fast, for many rows and classes of about one size."""

    def predict(train: Indices, parts: NDArray[np.bool_], test: Indices) -> NDArray[np.integer[Any]]:
        predicted = []
        for part in parts:
            rows = train[part]
            target = np.eye(n_classes)[codes[rows]]
            prior = target.mean(axis=0) if len(rows) else np.zeros(n_classes)
            penalty = max(LEAST_PENALTY, PENALTY_SHARE * len(rows)) + WIDTH_PENALTY * x.shape[1]
            predicted.append((x[test] @ fit_ridge(x[rows], target - prior, penalty) + prior).argmax(axis=1))
        return np.stack(predicted)

    return predict


def by_softmax(x: NDArray[np.float32], codes: NDArray[np.integer[Any]], n_classes: int, penalty: float) -> Predict:
    """Return a softmax regression on whitened features, shape [N, D]: slower, and fairer to rare classes."""

    def predict(train: Indices, parts: NDArray[np.bool_], test: Indices) -> NDArray[np.integer[Any]]:
        offsets, penalties = np.zeros((len(parts), n_classes)), np.full(len(parts), penalty)
        fitted = fit_softmax(x[train], codes[train], parts.astype(np.float64), offsets, penalties)
        return np.asarray(predict_softmax(fitted, x[test]).argmax(axis=-1))

    return predict


def _rank_within(codes: NDArray[np.integer[Any]], rng: np.random.Generator) -> NDArray[np.float64]:
    """Random rank of each row within its class, in [0, 1); shape [N]."""
    shuffled = rng.permutation(len(codes))
    order = shuffled[np.argsort(codes[shuffled], kind="stable")]
    counts = np.bincount(codes)
    starts = np.concatenate(([0], np.cumsum(counts)))[:-1]
    rank = np.empty(len(codes))
    rank[order] = (np.arange(len(codes)) - starts[codes[order]]) / counts[codes[order]]
    return rank


def fit_power_law(sizes: NDArray[np.float64], errors: NDArray[np.float64]) -> tuple[float, float, float]:
    """Fit error = floor + scale × n^-rate by least squares over a grid of rates, floor and scale not negative.

    Examples
    --------
    >>> sizes = np.array([100.0, 200, 400, 800])
    >>> floor, scale, rate = fit_power_law(sizes, 0.1 + 2 * sizes**-0.5)
    >>> round(floor, 2), round(scale, 2), round(rate, 2)
    (0.1, 2.0, 0.5)
    """
    best = (float("inf"), float(errors.min()), 0.0, 0.0)
    for rate in RATES.tolist():
        basis = sizes**-rate
        scale = max(0.0, float(np.cov(basis, errors, bias=True)[0, 1] / basis.var()))
        floor = float(errors.mean() - scale * basis.mean())
        if floor < 0:
            floor, scale = 0.0, float((basis * errors).sum() / (basis**2).sum())
        loss = float(((floor + scale * basis - errors) ** 2).sum())
        if loss < best[0] - 1e-15:
            best = (loss, floor, scale, rate)
    return best[1], best[2], best[3]
