"""DC504: an image property that predicts the label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.manifest import Task
from datacheck.rules.base import CannotJudge, Rule, RuleContext
from datacheck.rules.labels.label_shortcuts import label_gains
from datacheck.rules.requirements import SAMPLE_CLASSES, SCAN
from datacheck.scanning.measurements import PROPERTIES
from datacheck.stats import Interval, benjamini_hochberg, paired_difference
from datacheck.text import percent, plural

N_FOLDS = 5
"""Each prediction is made by a tree that was trained on four fifths of the rows."""

MIN_LEAVES = 8
"""A tree has at least so many leaves, enough for three cuts in a row."""

MIN_LEAF = 5
"""A leaf holds at least so many rows, in large datasets 1 in 200, so that a tree does not memorise single images."""

LEAVES_SHARE = 200
"""See `MIN_LEAF`."""

ALPHA = 0.05
"""Level of the test that a gain is above 0; the size of the gain decides, so the usual level serves."""


@dataclass(frozen=True)
class Shortcut(Rule):
    """A property of the image alone, such as its size or brightness, predicts the label.

    What
    ----
    Looks for a single measured property (width, file size, brightness, the mean of a channel …) that predicts the label
    better than always predicting the largest class.

    Why it hurts training
    ---------------------
    A network learns the easiest difference. If the cats were photographed at dusk or saved with another program, it
    learns the dusk or the program: it is right on every split of this dataset, and wrong in use.

    How it is measured
    ------------------
    By a small decision tree on one property at a time, five-fold out of sample: its hits minus those of the largest
    class of the same training folds, paired, with a 95 % interval. Reported if the low end of the interval is at least
    ``min_gain`` and the difference is significant after Benjamini–Hochberg over the properties. Some of it is natural
    (an object with more detail makes a larger file). So it is a warning only if ``warning_share`` of the errors of the
    largest class disappear, and an error from a gain of ``error_gain`` on. Of more than ``max_samples`` images, so
    many are drawn at random, and the evidence says so. Needs no probe.

    Multilabel: each label by itself, by its share in sixteen ranges of a property; the gain is balanced accuracy above
    the 50 % of guessing, and the intervals hold for all labels and properties together.

    How to fix
    ----------
    If the property comes from how the data was collected, hide it (crop, resize, re-encode, normalise;
    ``datacheck plan`` measures which augmentation hides it) or collect more varied data. If it belongs to the subject,
    leave it.

    Example
    -------
    120 cats were photographed in the evening, 80 dogs at noon::

        DC504 brightness alone predicts 100 % of the labels; always predicting the largest class gets 60 % (a gain of
          33.1 to 46.9 points, 95 % interval)
    """

    code: ClassVar[str] = "DC504"
    name: ClassVar[str] = "shortcut"
    severity: ClassVar[Severity] = Severity.WARNING
    requires = (SAMPLE_CLASSES, SCAN)

    min_gain: float = 0.1  # smaller gains are natural in most datasets
    warning_share: float = 0.25  # a quarter of the errors disappear without a look at the content
    error_gain: float = 0.4  # the property is nearly the label
    min_samples: int = 50  # ten images in each fold
    max_samples: int = 50_000  # the interval of a gain is then at most a point to each side

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        if context.manifest.task is Task.MULTILABEL:
            return self._multilabel(context)
        labels = context.manifest.label_codes
        known = (labels >= 0) & context.measured.readable
        if known.sum() < self.min_samples or len(np.unique(labels[known])) < 2:
            raise CannotJudge(
                f"needs {self.min_samples} or more labelled, readable images of two classes, found {int(known.sum())}"
            )
        chosen, judged = self._drawn(known, context.seed)
        gains, shares = self._measure(context, chosen)
        predictive = self._predictive(gains)
        if not predictive:
            return Passed(f"no image property alone predicts the label ({judged})")
        name = predictive[0]
        gain, majority = gains[name], shares[name]
        others = len(predictive) - 1
        finding = self.finding(
            f"{name} alone predicts {percent(majority + gain.value)} of the labels; always predicting the largest "
            f"class gets {percent(majority)} (a gain of {100 * gain.low:.1f} to {100 * gain.high:.1f} points, 95 % "
            "interval)" + (f"; {plural(others, 'other property', 'other properties')} too" if others else ""),
            "if it comes from how the images were collected, hide it (crop, resize, re-encode, normalise) or collect "
            "more varied data; if it belongs to the subject, leave it",
            severity=self._severity(gain, majority),
            evidence={
                "property": name,
                "majority_share": majority,
                "gains": {name: gains[name].to_json() for name in predictive},
                "judged": judged,
            },
        )
        return Found((finding,))

    def _drawn(self, known: NDArray[np.bool_], seed: int) -> tuple[NDArray[np.int64], str]:
        """Return the rows that are judged, and which they are in words."""
        rows = np.flatnonzero(known)
        chosen = drawn(rows, self.max_samples, seed=seed)
        if len(chosen) == len(rows):
            return rows, f"all {len(rows):,} images"
        return chosen, f"{len(chosen):,} of {len(rows):,} images, drawn at random"

    def _measure(self, context: RuleContext, chosen: NDArray[np.int64]) -> tuple[dict[str, Interval], dict[str, float]]:
        """Return each property's gain on the chosen rows, and the share of the largest class beside it."""
        labels = context.manifest.label_codes[chosen]
        gains: dict[str, Interval] = {}
        shares: dict[str, float] = {}
        for name in PROPERTIES:
            values = context.measured.values(name)[chosen]
            rows = np.isfinite(values)
            if rows.sum() >= self.min_samples and np.ptp(values[rows]) > 0:
                gains[name], shares[name] = property_gain(values[rows], labels[rows], seed=context.seed)
        return gains, shares

    def _multilabel(self, context: RuleContext) -> Outcome:
        manifest = context.manifest
        known = manifest.labelled & context.measured.readable
        if known.sum() < self.min_samples or not len(manifest.classes):
            raise CannotJudge(f"needs {self.min_samples} or more labelled, readable images, found {int(known.sum())}")
        chosen, judged = self._drawn(known, context.seed)
        level = 1 - ALPHA / (len(PROPERTIES) * len(manifest.classes))
        found: list[tuple[str, str, Interval]] = []
        for name in PROPERTIES:
            values = context.measured.values(name)[chosen]
            rows = np.isfinite(values)
            if rows.sum() < self.min_samples or np.ptp(values[rows]) == 0:
                continue
            gains = label_gains(values[rows], manifest.label_matrix[chosen[rows]], level=level, seed=context.seed)
            found += [(label, name, gain) for label, gain in zip(manifest.classes, gains, strict=True)]
        predictive = sorted((one for one in found if one[2].low >= self.min_gain), key=lambda one: -one[2].low)
        if not predictive:
            return Passed(f"no image property alone predicts a label ({judged})")
        label, name, gain = predictive[0]
        more = {one[0]: one[1] for one in reversed(predictive) if one[0] != label}
        finding = self.finding(
            f"{name} alone predicts the label {label!r} with a balanced accuracy of {percent(0.5 + gain.value)}, where "
            f"guessing gets 50 % (a gain of {100 * gain.low:.1f} to {100 * gain.high:.1f} points, 95 % interval for "
            "all labels and properties together)"
            + (f"; so it is for {plural(len(more), 'other label')}" if more else ""),
            "if it comes from how the images were collected, hide it (crop, resize, re-encode, normalise) or collect "
            "more varied data; if it belongs to the subject, leave it",
            severity=self._severity(gain, 0.5),
            evidence={
                "gains": [{"label": one[0], "property": one[1], **one[2].to_json()} for one in predictive],
                "judged": judged,
            },
        )
        return Found((finding,))

    def _severity(self, gain: Interval, majority: float) -> Severity:
        if gain.low >= self.error_gain:
            return Severity.ERROR
        return self.severity if gain.low >= self.warning_share * (1 - majority) else Severity.INFO

    def _predictive(self, gains: dict[str, Interval]) -> list[str]:
        """The properties that gain enough, the best first."""
        z = [gain.value / max(gain.standard_error, 1e-12) for gain in gains.values()]
        adjusted = benjamini_hochberg(norm.sf(z))
        chosen = [
            name
            for (name, gain), p_value in zip(gains.items(), adjusted, strict=True)
            if gain.low >= self.min_gain and p_value < ALPHA
        ]
        return sorted(chosen, key=lambda name: -gains[name].value)


def drawn(rows: NDArray[np.int64], most: int, *, seed: int = 0) -> NDArray[np.int64]:
    """Return at most so many of the rows, drawn at random without replacement, in their order.

    Examples
    --------
    >>> drawn(np.arange(5), 9).tolist(), len(drawn(np.arange(100), 9))
    ([0, 1, 2, 3, 4], 9)
    """
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))


def property_gain(
    values: NDArray[np.float64], labels: NDArray[np.integer[Any]], *, seed: int = 0
) -> tuple[Interval, float]:
    """Return what a small tree on one property gains over the largest class out of sample, and the latter's accuracy.

    Examples
    --------
    >>> values, labels = np.r_[np.zeros(50), np.ones(50)], np.repeat([0, 1], 50)
    >>> gain, majority = property_gain(values, labels)
    >>> round(majority, 2), round(majority + gain.value, 2)
    (0.4, 1.0)
    """
    from sklearn.tree import DecisionTreeClassifier

    n_classes = len(np.unique(labels))
    fold = np.random.default_rng(seed).permutation(len(labels)) % N_FOLDS
    by_property, by_majority = np.zeros(len(labels), dtype=bool), np.zeros(len(labels), dtype=bool)
    leaves = max(MIN_LEAVES, 2 * n_classes)
    leaf = max(MIN_LEAF, len(labels) // LEAVES_SHARE)
    for one in range(N_FOLDS):
        train, test = fold != one, fold == one
        tree = DecisionTreeClassifier(max_leaf_nodes=leaves, min_samples_leaf=leaf, random_state=seed)
        tree.fit(values[train, None], labels[train])
        by_property[test] = tree.predict(values[test, None]) == labels[test]
        by_majority[test] = labels[test] == np.bincount(labels[train]).argmax()
    return paired_difference(by_property, by_majority), float(by_majority.mean())
