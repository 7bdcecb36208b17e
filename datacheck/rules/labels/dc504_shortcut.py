"""DC504: an image property that gives the label away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import Finding, Found, NotApplicable, Outcome, Passed, Severity
from datacheck.manifest import Task
from datacheck.rules.base import Rule, RuleContext
from datacheck.scanning.measurements import PROPERTIES
from datacheck.stats import Interval, benjamini_hochberg, paired_difference

N_FOLDS = 5


@dataclass(frozen=True)
class Shortcut(Rule):
    """A property of the image alone, such as its size or brightness, predicts the label.

    What
    ----
    Looks for a single measured property (width, file size, brightness, a channel's mean …) that predicts the label
    better than always answering the largest class.

    Why it hurts training
    ---------------------
    A network takes the easiest way: if the cats were photographed at dusk or saved by another tool, it learns dusk or
    the tool, is right on every split of this dataset, and wrong in deployment.

    How it is measured
    ------------------
    A decision tree of at most eight leaves a class pair needs, fitted on one property at a time, five-fold out of
    sample; its hits minus those of the majority class of the same training folds, paired, with a 95 % interval.
    Reported when the interval's low end is at least ``min_gain`` and the difference survives Benjamini–Hochberg over
    the properties. Some of it is natural (a pen's longer strokes make larger files): it is a warning from
    ``warning_share`` of the majority class's mistakes undone, an error from a gain of ``error_gain``. Needs
    measurements only, no probe.

    How to fix
    ----------
    If the property is a trace of how the data was collected, remove it (crop, resize, re-encode, normalise,
    ``datacheck plan`` measures which augmentation hides it) or collect across it; if it belongs to the subject, leave
    it.

    Example
    -------
    >>> values, labels = np.r_[np.zeros(50), np.ones(50)], np.repeat([0, 1], 50)
    >>> gain, majority = property_gain(values, labels)
    >>> round(majority, 2), round(majority + gain.value, 2)
    (0.4, 1.0)
    """

    code: ClassVar[str] = "DC504"
    name: ClassVar[str] = "shortcut"
    severity: ClassVar[Severity] = Severity.WARNING

    min_gain: float = 0.1
    warning_share: float = 0.25
    error_gain: float = 0.4
    min_samples: int = 50

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        if context.manifest.task is not Task.CLASSIFICATION:
            return NotApplicable(f"needs class labels; the task of this dataset is {context.manifest.task.value}")
        if context.measurements is None:
            return NotApplicable("needs the images' measurements; nothing was scanned")
        labels = context.manifest.label_codes
        known = (labels >= 0) & context.measurements.readable
        if known.sum() < self.min_samples or len(np.unique(labels[known])) < 2:
            return NotApplicable(
                f"needs {self.min_samples} or more labelled, readable images of two classes, found {int(known.sum())}"
            )
        gains: dict[str, Interval] = {}
        shares: dict[str, float] = {}
        for name in PROPERTIES:
            values = context.measurements.values(name)
            rows = known & np.isfinite(values)
            if rows.sum() >= self.min_samples and np.ptp(values[rows]) > 0:
                gains[name], shares[name] = property_gain(values[rows], labels[rows], seed=context.seed)
        telling = self._telling(gains)
        if not telling:
            return Passed("no image property alone predicts the label")
        name = telling[0]
        top, majority = gains[name], shares[name]
        finding = Finding(
            code=self.code,
            name=self.name,
            severity=self._severity(top, majority),
            message=f"{name} alone predicts the label {100 * (majority + top.value):.0f} % of the time, against "
            f"{100 * majority:.0f} % for always the largest class (a gain of {100 * top.low:.0f} to "
            f"{100 * top.high:.0f} points)" + (f"; so do {len(telling) - 1} other properties" * (len(telling) > 1)),
            remedy="if it is a trace of how the images were collected, hide it (crop, resize, re-encode, normalise) or "
            "collect across it; if it belongs to the subject, leave it",
            evidence={
                "property": name,
                "majority_share": majority,
                "gains": {name: gains[name].to_json() for name in telling},
            },
        )
        return Found((finding,))

    def _severity(self, gain: Interval, majority: float) -> Severity:
        if gain.low >= self.error_gain:
            return Severity.ERROR
        return self.severity if gain.low >= self.warning_share * (1 - majority) else Severity.INFO

    def _telling(self, gains: dict[str, Interval]) -> list[str]:
        from scipy.stats import norm

        if not gains:
            return []
        z = [gain.value / max((gain.high - gain.low) / 3.92, 1e-12) for gain in gains.values()]
        adjusted = benjamini_hochberg(norm.sf(z))
        chosen = [
            name
            for (name, gain), p_value in zip(gains.items(), adjusted, strict=True)
            if gain.low >= self.min_gain and p_value < 0.05
        ]
        return sorted(chosen, key=lambda name: -gains[name].value)


def property_gain(
    values: NDArray[np.float64], labels: NDArray[np.integer[Any]], *, seed: int = 0
) -> tuple[Interval, float]:
    """Out-of-sample accuracy of a small tree on one property above that of the majority class, and the latter; [n]."""
    from sklearn.tree import DecisionTreeClassifier

    n_classes = len(np.unique(labels))
    fold = np.random.default_rng(seed).permutation(len(labels)) % N_FOLDS
    by_property, by_majority = np.zeros(len(labels), dtype=bool), np.zeros(len(labels), dtype=bool)
    leaf = max(5, len(labels) // 200)
    for one in range(N_FOLDS):
        train, test = fold != one, fold == one
        tree = DecisionTreeClassifier(max_leaf_nodes=max(8, 2 * n_classes), min_samples_leaf=leaf, random_state=seed)
        tree.fit(values[train, None], labels[train])
        by_property[test] = tree.predict(values[test, None]) == labels[test]
        by_majority[test] = labels[test] == np.bincount(labels[train]).argmax()
    return paired_difference(by_property, by_majority), float(by_majority.mean())
