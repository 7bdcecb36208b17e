"""DC603: would more data help?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import Finding, Found, NotApplicable, Outcome, Passed, Severity
from datacheck.manifest import Task
from datacheck.models.components import whiten
from datacheck.models.folds import assign_folds
from datacheck.models.learning_curve import Curve, by_ridge, fit_power_law, learning_curve
from datacheck.models.ridge import N_FOLDS
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.shared import embedded
from datacheck.stats import Z95

FRACTIONS = (0.1, 0.2, 0.35, 0.5, 0.7, 1.0)
N_DRAWS = 4


@dataclass(frozen=True)
class LearningCurve(Rule):
    """Accuracy is still rising with the number of samples, or has stopped.

    What
    ----
    Fits a quick head on 10 to 100 % of the data, and says what twice the data would bring, overall and for the classes
    that gain most.

    Why it hurts training
    ---------------------
    Where the curve still rises, labelling more is the cheapest way to a better model; where it is flat, it is money for
    nothing, and the model or the labels have to change.

    How it is measured
    ------------------
    Ridge head on the probe's embeddings, five folds, ``N_DRAWS`` seeds; error at each size is fitted with a power law,
    error(n) = floor + scale × n^-rate (Hestness et al. 2017), and read at twice the size. The interval is the spread of
    the fits to each seed's curve. The embeddings are fixed, so a network that is trained end to end may gain more.
    Reported when the low end of the gain is at least ``min_gain``.

    How to fix
    ----------
    Collect or label more, of the classes that still gain first (``datacheck plan`` makes the list); or stop collecting
    where the rule says that the curve is flat.

    Example
    -------
    >>> sizes = np.array([100.0, 200, 400, 800])
    >>> floor, scale, rate = fit_power_law(sizes, 0.1 + 2 * sizes**-0.5)
    >>> round(floor, 2), round(rate, 2)
    (0.1, 0.5)
    """

    code: ClassVar[str] = "DC603"
    name: ClassVar[str] = "learning-curve"
    severity: ClassVar[Severity] = Severity.INFO

    min_gain: float = 0.01
    min_samples: int = 200

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        if context.manifest.task is not Task.CLASSIFICATION:
            return NotApplicable(f"needs class labels; the task of this dataset is {context.manifest.task.value}")
        found = embedded(context, least=self.min_samples, label_free=True)
        if isinstance(found, NotApplicable):
            return found
        labels = context.manifest.label_codes[found.rows].astype(np.int64)
        known = labels >= 0
        if known.sum() < self.min_samples or len(np.unique(labels[known])) < 2:
            return NotApplicable(f"needs {self.min_samples} or more labelled samples of two classes")
        classes = context.manifest.classes
        curve = accuracy_curve(found.embeddings[known], labels[known], len(classes), seed=context.seed)
        gain = projected_gain(curve)
        if gain["low"] < self.min_gain:
            return Passed(
                f"the learning curve is flat: twice the data would bring {100 * gain['value']:.1f} points "
                f"({100 * gain['low']:.1f} to {100 * gain['high']:.1f})"
            )
        rising = class_gains(curve, classes)
        finding = Finding(
            code=self.code,
            name=self.name,
            severity=self.severity,
            message=f"more data would help: twice as much is expected to bring {100 * gain['value']:.1f} points of "
            f"accuracy ({100 * gain['low']:.1f} to {100 * gain['high']:.1f}), most of all to {rising[0]['class']!r}",
            remedy="collect or label more, of the classes that still gain first",
            evidence={
                "curve": [
                    {"n": int(size), "accuracy": float(1 - errors.mean()), "low": float(1 - errors.max()),
                     "high": float(1 - errors.min())}
                    for size, errors in zip(curve.sizes, curve.errors.T, strict=True)
                ],
                "gain_at_twice": gain,
                "classes": rising[:10],
            },
        )  # fmt: skip
        return Found((finding,))


def accuracy_curve(
    embeddings: NDArray[np.floating[Any]], labels: NDArray[np.int64], n_classes: int, *, seed: int = 0
) -> Curve:
    """Out-of-sample error of a ridge head on growing parts of the data; shapes [N, D] and [N]."""
    x = whiten(embeddings, np.ones(len(labels), dtype=bool))
    seeds = [seed + draw for draw in range(N_DRAWS)]
    alone = np.arange(len(labels))
    folds = [assign_folds(labels, alone, n_folds=N_FOLDS, seed=one).fold for one in seeds]
    return learning_curve(labels, n_classes, folds, by_ridge(x, labels, n_classes), fractions=FRACTIONS, seeds=seeds)


def projected_gain(curve: Curve) -> dict[str, float]:
    """Accuracy that twice the data would bring by the power law, with the spread of the fits to each draw."""
    gains = []
    for errors in [curve.errors.mean(axis=0), *curve.errors]:
        _, scale, rate = fit_power_law(curve.sizes, errors)
        largest = float(curve.sizes[-1])
        gains.append(scale * (largest**-rate - (2 * largest) ** -rate))
    spread = Z95 * float(np.std(gains[1:], ddof=1))
    value = float(gains[0])
    return {"value": value, "low": max(0.0, value - spread), "high": value + spread}


def class_gains(curve: Curve, classes: tuple[str, ...]) -> list[dict[str, Any]]:
    """Recall gained per class from half of the data to all of it, most first."""
    half = FRACTIONS.index(0.5)
    recall = np.nan_to_num(curve.recall.mean(axis=0))
    gained = recall[-1] - recall[half]
    order = np.argsort(-gained, kind="stable")
    return [
        {"class": classes[label], "recall": float(recall[-1, label]), "gain_from_half": float(gained[label])}
        for label in order
    ]
