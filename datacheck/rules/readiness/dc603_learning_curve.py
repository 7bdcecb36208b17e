"""DC603: would more data help?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.models.components import whiten
from datacheck.models.folds import assign_folds
from datacheck.models.learning_curve import Curve, by_ridge, fit_power_law, learning_curve
from datacheck.models.ridge import N_FOLDS
from datacheck.rules.base import CannotJudge, Rule, RuleContext
from datacheck.rules.requirements import CLASS_LABELS, EMBEDDINGS
from datacheck.rules.shared import embedded
from datacheck.stats import Z95
from datacheck.text import percent, percent_range, plural

FRACTIONS = (0.1, 0.2, 0.35, 0.5, 0.7, 1.0)
"""Parts of the data that the curve is measured on, about evenly spaced on a logarithmic scale."""

N_DRAWS = 4
"""Curves, each on its own draw of the data; their spread gives the interval."""

MAX_CLASSES = 10
"""The evidence names at most this many classes, those that gain most."""


@dataclass(frozen=True)
class LearningCurve(Rule):
    """More data would still improve the model.

    What
    ----
    Trains a quick model on 10 to 100 % of the data, and estimates what twice the data would bring, overall and for the
    classes that gain most. Says too what a tenth of the data already teaches.

    Why it hurts training
    ---------------------
    If the curve still rises, more labels are the cheapest way to a better model. If it is flat, they cost money and
    bring nothing; the model or the labels have to change.

    How it is measured
    ------------------
    By ridge regression on the embeddings of the probe, five folds, 4 seeds. The errors are fitted with a power law,
    error(n) = floor + scale × n^-rate (Hestness et al. 2017), and read at twice the size. The interval is the spread of
    the fits to the curve of each seed. The embeddings are fixed, so a network that is trained end to end may gain more.
    Reported if the low end of the gain is at least ``min_gain``.

    How to fix
    ----------
    Collect or label more, first of the classes that still gain (``datacheck plan`` makes the list). If the rule passes,
    the curve is flat: stop collecting.

    Example
    -------
    600 photos of four animals::

        DC603 more data would help: twice as much is expected to bring 5.2 points of accuracy (95 % interval 3.8 to
          6.7), most to the class 'owl'; trained on a tenth, 48 samples, the model is 44.2 % accurate (43.2 to 45 % over
          4 draws), on all 74.6 %; the largest class is 25 %
    """

    code: ClassVar[str] = "DC603"
    name: ClassVar[str] = "learning-curve"
    severity: ClassVar[Severity] = Severity.INFO
    requires = (CLASS_LABELS, EMBEDDINGS)

    min_gain: float = 0.01  # one point of accuracy for twice the data
    min_samples: int = 200  # a tenth of it still trains a model

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        found = embedded(context, least=self.min_samples, label_free=True)
        labels = context.manifest.label_codes[found.rows].astype(np.int64)
        known = labels >= 0
        if known.sum() < self.min_samples or len(np.unique(labels[known])) < 2:
            raise CannotJudge(f"needs {self.min_samples} or more labelled samples of two classes")
        classes = context.manifest.classes
        curve = accuracy_curve(found.embeddings[known], labels[known], len(classes), seed=context.seed)
        gain = projected_gain(curve)
        points = {name: f"{100 * value:.1f}" for name, value in gain.items()}
        interval = f"(95 % interval {points['low']} to {points['high']})"
        if gain["low"] < self.min_gain:
            return Passed(
                f"the learning curve is flat: twice the data would bring {points['value']} points {interval}; "
                f"{_from_a_tenth(curve, labels[known])}"
            )
        rising = class_gains(curve, classes)
        finding = self.finding(
            f"more data would help: twice as much is expected to bring {points['value']} points of accuracy "
            f"{interval}, most to the class {rising[0]['class']!r}; {_from_a_tenth(curve, labels[known])}",
            "collect or label more, first of the classes that still gain",
            evidence={
                "curve": [
                    {"n": int(size), "accuracy": float(1 - errors.mean()), "low": float(1 - errors.max()),
                     "high": float(1 - errors.min())}
                    for size, errors in zip(curve.sizes, curve.errors.T, strict=True)
                ],
                "gain_at_twice": gain,
                "classes": rising[:MAX_CLASSES],
            },
        )  # fmt: skip
        return Found((finding,))


def _from_a_tenth(curve: Curve, labels: NDArray[np.int64]) -> str:
    """Say what a tenth of the data already teaches, with the range over the draws."""
    tenth, whole = 1 - curve.errors[:, 0], 1 - curve.errors[:, -1]
    largest = float(np.bincount(labels).max() / len(labels))
    return (
        f"trained on a tenth, {plural(round(float(curve.sizes[0])), 'sample')}, the model is "
        f"{percent(float(tenth.mean()))} accurate ({percent_range(float(tenth.min()), float(tenth.max()))} over "
        f"{plural(len(tenth), 'draw')}), on all {percent(float(whole.mean()))}; the largest class is {percent(largest)}"
    )


def accuracy_curve(
    embeddings: NDArray[np.floating[Any]], labels: NDArray[np.int64], n_classes: int, *, seed: int = 0
) -> Curve:
    """Return the out-of-sample error of a ridge head on growing parts of the data; shapes [N, D] and [N]."""
    x = whiten(embeddings, np.ones(len(labels), dtype=bool))
    seeds = [seed + draw for draw in range(N_DRAWS)]
    alone = np.arange(len(labels))
    folds = [assign_folds(labels, alone, n_folds=N_FOLDS, seed=one).fold for one in seeds]
    return learning_curve(labels, n_classes, folds, by_ridge(x, labels, n_classes), fractions=FRACTIONS, seeds=seeds)


def projected_gain(curve: Curve) -> dict[str, float]:
    """Return the accuracy that twice the data would bring by the power law, and the spread of the fits to each draw."""
    gains = []
    for errors in [curve.errors.mean(axis=0), *curve.errors]:
        _, scale, rate = fit_power_law(curve.sizes, errors)
        largest = float(curve.sizes[-1])
        gains.append(scale * (largest**-rate - (2 * largest) ** -rate))
    spread = Z95 * float(np.std(gains[1:], ddof=1))
    value = float(gains[0])
    return {"value": value, "low": max(0.0, value - spread), "high": value + spread}


def class_gains(curve: Curve, classes: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the recall gained per class from half of the data to all of it, most first."""
    half = FRACTIONS.index(0.5)
    recall = np.nan_to_num(curve.recall.mean(axis=0))
    gained = recall[-1] - recall[half]
    order = np.argsort(-gained, kind="stable")
    return [
        {"class": classes[label], "recall": float(recall[-1, label]), "gain_from_half": float(gained[label])}
        for label in order
    ]
