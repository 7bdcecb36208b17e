"""DC306: labels that are distributed differently in two splits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import Finding, Found, Outcome, Passed, Severity
from datacheck.labels.placeholders import placeholder_targets
from datacheck.manifest import Manifest, Task
from datacheck.rules.base import CannotJudge, Rule, RuleContext
from datacheck.rules.mask_classes import class_shares_of
from datacheck.rules.requirements import LABELS_OR_MASKS, SPLITS
from datacheck.rules.splits.mask_shares import compare_shares
from datacheck.rules.splits.shared import split_pairs
from datacheck.stats import (
    Interval,
    benjamini_hochberg,
    category_shift,
    cohens_h,
    hedges_g,
    ks_distance,
    total_variation,
)
from datacheck.stats.states import Moments
from datacheck.text import percent, percent_range

_MAX_CLASSES = 20
"""The evidence names at most this many classes, those whose share differs most."""


@dataclass(frozen=True)
class LabelDrift(Rule):
    """The classes (or targets) of two splits are distributed differently.

    What
    ----
    Compares the class shares of each two splits; for regression the distribution of the target, for multilabel data the
    share of each label.

    Why it hurts training
    ---------------------
    A model learns the class shares that it was trained on. If the evaluation has other shares, its probabilities and
    its threshold are biased, and its accuracy depends on the mixture as much as on the model.

    How it is measured
    ------------------
    Classification: total variation distance of the shares, which is the share of labels that would have to change, with
    a 95 % interval from a bootstrap. Regression: Kolmogorov–Smirnov distance of the targets with a distribution-free
    interval. Multilabel: the largest change of any one label. Masks: for each class the share of the images that show
    it, and the mean share of an image that it covers (Welch's t-test, an image is one observation). Found if the lower
    end of the interval is at least ``min_effect`` and the p-value (chi-squared, by permutation for small counts;
    Kolmogorov–Smirnov) is below ``alpha`` after Benjamini–Hochberg over all comparisons. Splits of fewer than
    ``min_samples`` labels are not judged.

    How to fix
    ----------
    Split again, stratified by label. If the difference is meant (a balanced test set), declare the shares of
    deployment and judge each class by itself.

    Example
    -------
    The test set was collected elsewhere::

        split    cat    dog
        train    300    300
        test      90     10

        DC306 labels of 'train' and 'test' differ: 40 % of them would have to change (95 % interval 33 to 47 %),
          most for 'cat': 50 % to 90 %
    """

    code: ClassVar[str] = "DC306"
    name: ClassVar[str] = "label-drift"
    severity: ClassVar[Severity] = Severity.WARNING
    requires = (LABELS_OR_MASKS, SPLITS)

    min_effect: float = 0.05  # one label in twenty
    alpha: float = 0.01  # one false alarm in a hundred datasets
    min_samples: int = 20  # fewer labels give intervals wider than any drift

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        manifest = context.manifest
        if manifest.task is Task.SEGMENTATION:
            return self._of_masks(context)
        labelled = manifest.split_codes[usable(manifest)]
        sizes = np.bincount(labelled[labelled >= 0], minlength=len(manifest.splits))
        pairs = [pair for pair in split_pairs(manifest) if sizes[list(pair)].min() >= self.min_samples]
        if not pairs:
            raise CannotJudge(f"no two splits have {self.min_samples} labels each")
        compared = list(_comparisons(manifest, pairs, context.seed))
        adjusted = benjamini_hochberg([p for *_, p, _ in compared])
        findings = [
            self._finding(manifest, pair, distance, {**details, "p_adjusted": float(p)})
            for (pair, distance, _, details), p in zip(compared, adjusted, strict=True)
            if p < self.alpha and distance.low >= self.min_effect
        ]
        if not findings:
            return Passed("the labels of all splits have the same distribution")
        return Found(tuple(sorted(findings, key=lambda finding: -finding.evidence["distance"]["low"])))

    def _of_masks(self, context: RuleContext) -> Outcome:
        """Judge the classes of masks, by the images that show them and by their pixels."""
        classes, shares = class_shares_of(context)
        split = np.where(np.isnan(shares).any(axis=1), -1, context.manifest.split_codes)
        names = context.manifest.splits
        sizes = np.bincount(split[split >= 0], minlength=len(names))
        pairs = [pair for pair in split_pairs(context.manifest) if sizes[list(pair)].min() >= self.min_samples]
        if not pairs:
            raise CannotJudge(f"no two splits have {self.min_samples} masks each")
        compared = [
            (pair, *each) for pair in pairs for each in compare_shares(classes, shares, *(split == k for k in pair))
        ]
        adjusted = benjamini_hochberg([p for _, _, p, _ in compared])
        found: dict[tuple[int, int], list[tuple[Interval, str]]] = {}
        for (pair, size, _, words), p in zip(compared, adjusted, strict=True):
            if p < self.alpha and size.low >= self.min_effect:
                found.setdefault(pair, []).append((size, words))
        if not found:
            return Passed("the masks of all splits show the same classes as often and as large")
        return Found(tuple(self._mask_finding((names[a], names[b]), found[a, b]) for a, b in found))

    def _mask_finding(self, splits: tuple[str, str], moved: list[tuple[Interval, str]]) -> Finding:
        moved = sorted(moved, key=lambda each: -each[0].low)
        size, words = moved[0]
        more = f"; {len(moved) - 1:,} more" if len(moved) > 1 else ""
        return self.finding(
            f"the masks of {splits[0]!r} and {splits[1]!r} differ, most {words} (95 % interval of the difference "
            f"{percent_range(size.low, size.high)}){more}",
            "split again, stratified by what the images show; if the difference is meant, judge each class by itself",
            evidence={
                "splits": list(splits),
                "distance": size.to_json(),
                "moves": [words for _, words in moved[:_MAX_CLASSES]],
            },
        )

    def _finding(
        self, manifest: Manifest, pair: tuple[int, int], distance: Interval, details: dict[str, Any]
    ) -> Finding:
        names = [manifest.splits[number] for number in pair]
        what = "targets" if manifest.task is Task.REGRESSION else "labels"
        return self.finding(
            f"{what} of {names[0]!r} and {names[1]!r} differ: {percent(distance.value)} of them would have to change "
            f"(95 % interval {percent_range(distance.low, distance.high)}), {details['most']}",
            "split again, stratified by label; if the difference is meant, judge each class by itself",
            evidence={"splits": names, "distance": distance.to_json(), **details},
        )


Comparison = tuple[tuple[int, int], Interval, float, dict[str, Any]]


def _comparisons(manifest: Manifest, pairs: list[tuple[int, int]], seed: int) -> Iterator[Comparison]:
    if manifest.task is Task.REGRESSION:
        yield from (_compare_targets(manifest, pair) for pair in pairs)
        return
    counts, rows = label_counts(manifest)
    for pair in pairs:
        a, b = counts[pair[0]], counts[pair[1]]
        if manifest.task is Task.CLASSIFICATION:
            details = class_moves(manifest.classes, a, b, int(rows[pair[0]]), int(rows[pair[1]]))
            yield pair, total_variation(a, b, seed=seed), category_shift(a, b, seed=seed), details
            continue
        for number, name in enumerate(manifest.classes):
            n_a, n_b = int(rows[pair[0]]), int(rows[pair[1]])
            with_a, with_b = np.array([a[number], n_a - a[number]]), np.array([b[number], n_b - b[number]])
            details = class_moves((name,), a[[number]], b[[number]], n_a, n_b)
            yield pair, total_variation(with_a, with_b, seed=seed), category_shift(with_a, with_b, seed=seed), details


def usable(manifest: Manifest) -> NDArray[np.bool_]:
    """Return which rows have a label that can be compared; a target must be finite and no placeholder; [N]."""
    if manifest.task is not Task.REGRESSION:
        return manifest.labelled
    return np.isfinite(manifest.target) & ~placeholder_targets(manifest.target)


def label_counts(manifest: Manifest) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return labels by split and class [S, K], and labelled rows by split [S]."""
    n_splits, n_classes = len(manifest.splits), len(manifest.classes)
    split = manifest.split_codes.astype(np.int64)
    kept = (split >= 0) & manifest.labelled
    rows = np.bincount(split[kept], minlength=n_splits)
    if manifest.task.lists_classes:
        matrix = manifest.label_matrix
        return np.stack([matrix[kept & (split == number)].sum(axis=0) for number in range(n_splits)]), rows
    cells = split[kept] * n_classes + manifest.label_codes[kept]
    return np.bincount(cells, minlength=n_splits * n_classes).reshape(n_splits, n_classes), rows


def class_moves(
    classes: tuple[str, ...], first: NDArray[np.int64], second: NDArray[np.int64], n_first: int, n_second: int
) -> dict[str, Any]:
    """Return the classes whose share differs most, with Cohen's h, and a phrase about the first of them."""
    moved = second / max(1, n_second) - first / max(1, n_first)
    order = np.argsort(-np.abs(moved), kind="stable")[:_MAX_CLASSES].tolist()
    listed = [
        {
            "class": classes[number],
            "share_first": float(first[number] / max(1, n_first)),
            "share_second": float(second[number] / max(1, n_second)),
            "cohens_h": cohens_h((int(first[number]), int(second[number])), (n_first, n_second)).to_json(),
        }
        for number in order
    ]
    top = listed[0]
    most = f"most for {top['class']!r}: {percent(top['share_first'])} to {percent(top['share_second'])}"
    return {"classes": listed, "most": most}


def _compare_targets(manifest: Manifest, pair: tuple[int, int]) -> Comparison:
    kept = usable(manifest)
    a, b = (manifest.target[kept & (manifest.split_codes == number)] for number in pair)
    distance, p = ks_distance(a, b)
    moments = [Moments.empty().update(part) for part in (a, b)]
    effect = hedges_g(*moments)
    details = {
        "hedges_g": effect.to_json(),
        "mean_first": float(a.mean()),
        "mean_second": float(b.mean()),
        "most": f"mean {a.mean():.4g} to {b.mean():.4g} (Hedges' g {effect:.2f})",
    }
    return pair, distance, p, details
