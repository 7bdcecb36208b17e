"""DC604: in how many directions the samples vary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.manifest import Task
from datacheck.models.components import Components
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.readiness.kept_accuracy import kept_accuracy
from datacheck.rules.requirements import EMBEDDINGS
from datacheck.rules.shared import Embedded, embedded
from datacheck.text import percent, plural

N_SHARES = 20
"""The evidence shows the variance of at most this many directions."""


@dataclass(frozen=True)
class Dimensionality(Rule):
    """The samples vary in very few directions, or in too many for their number.

    What
    ----
    Measures in how many directions the embeddings vary (participation ratio of the principal components), and how many
    directions hold 90 and 95 % of the variance. With class labels, also how much accuracy a linear model keeps on the
    first 2, 4, 8 … directions alone.

    Why it hurts training
    ---------------------
    Samples that vary in two or three directions are near copies of a few scenes: the dataset is worth far fewer samples
    than it has. And with fewer than several samples for each direction, a linear head fits noise.

    How it is measured
    ------------------
    By the eigenvalues of the covariance of the embeddings; participation ratio = (sum)² / sum of squares. Reported if
    it is below ``min_participation``, or if there are fewer than ``samples_per_dimension`` samples for each direction
    of the 90 % of variance. The accuracies are those of ridge regression, out of sample on the same rows and folds,
    with paired intervals that hold for all numbers of directions together. Stated is the smallest number that loses at
    most ``max_lost`` at the high end.

    How to fix
    ----------
    Few directions: look for near duplicates (DC302) and collect other scenes. Too many: reduce the embedding (PCA)
    before a linear head, regularise, or collect more samples.

    Example
    -------
    80 photos of a very varied subject, and embeddings of 300 numbers::

        DC604 too few samples for their variety: 80 samples vary in 62.7 effective directions of 300, 90 % of the
          variance lies in 60, 95 % in 68
    """

    code: ClassVar[str] = "DC604"
    name: ClassVar[str] = "dimensionality"
    severity: ClassVar[Severity] = Severity.INFO
    requires = (EMBEDDINGS,)

    min_participation: float = 2.0  # one or two directions are a slider, not a dataset
    samples_per_dimension: float = 3.0  # a linear fit with fewer samples a weight follows noise
    max_lost: float = 0.02  # two points of accuracy for a much smaller embedding
    min_labelled: int = 200  # fewer leave a loss of several points open

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        found = embedded(context)
        described = spectrum(found.embeddings)
        width = int(found.embeddings.shape[1])
        few = described["participation_ratio"] < self.min_participation and width > 2
        thin = len(found.rows) < self.samples_per_dimension * described["dims_90"]
        summary = (
            f"{plural(len(found.rows), 'sample')} vary in {described['participation_ratio']:.1f} effective directions "
            f"of {width}, 90 % of the variance lies in {described['dims_90']}, 95 % in {described['dims_95']}"
        )
        kept_words, kept = self._kept(context, found)
        summary += kept_words
        if not few and not thin:
            return Passed(summary)
        finding = self.finding(
            ("the samples vary in very few directions: " if few else "too few samples for their variety: ") + summary,
            "look for near duplicates (DC302) and collect other scenes"
            if few
            else "reduce the embedding or regularise before a linear head, or collect more samples",
            evidence={**described, **kept, "samples": len(found.rows), "width": width},
        )
        return Found((finding,))

    def _kept(self, context: RuleContext, found: Embedded) -> tuple[str, dict[str, Any]]:
        """Return in words, and as evidence, how much accuracy few directions keep."""
        if context.manifest.task is not Task.CLASSIFICATION:
            return "", {}
        labels = context.manifest.label_codes[found.rows].astype(np.int64)
        known = labels >= 0
        if known.sum() < self.min_labelled or len(np.unique(labels[known])) < 2:
            return "", {}
        whole, kept = kept_accuracy(
            found.embeddings[known], labels[known], len(context.manifest.classes), seed=context.seed
        )
        evidence = {
            "accuracy": whole.to_json(),
            "accuracy_kept": [
                {"dimensions": one.dimensions, "accuracy": one.accuracy.to_json(), "lost": one.lost.to_json()}
                for one in kept
            ],
        }
        enough = next((one for one in kept if one.lost.high <= self.max_lost), None)
        if enough is None:
            return f"; no smaller number of them keeps the accuracy of {percent(whole.value)}" if kept else "", evidence
        return (
            f"; {enough.dimensions} of them keep the accuracy of a linear model ({percent(enough.accuracy.value)} of "
            f"{percent(whole.value)}; {100 * enough.lost.low:.1f} to {100 * enough.lost.high:.1f} points lost, 95 % "
            "interval)"
        ), evidence


def spectrum(embeddings: NDArray[np.floating[Any]]) -> dict[str, Any]:
    """Return the participation ratio, the directions of 90 and 95 % of the variance, and the leading shares; [N, D].

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> spectrum(rng.normal(size=(500, 2)) @ rng.normal(size=(2, 20)))["dims_95"]
    2
    """
    values = Components.fit(np.asarray(embeddings, dtype=np.float64), least=0).variances
    total = float(values.sum())
    if total <= 0:
        return {"participation_ratio": 0.0, "dims_90": 0, "dims_95": 0, "shares": []}
    cumulative = np.cumsum(values) / total
    return {
        "participation_ratio": float(total**2 / (values**2).sum()),
        "dims_90": int(np.searchsorted(cumulative, 0.9 - 1e-12) + 1),
        "dims_95": int(np.searchsorted(cumulative, 0.95 - 1e-12) + 1),
        "shares": [float(share) for share in values[:N_SHARES] / total],
    }
