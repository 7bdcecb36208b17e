"""DC604: how many directions the samples vary in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import Finding, Found, NotApplicable, Outcome, Passed, Severity
from datacheck.models.components import Components
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.shared import embedded


@dataclass(frozen=True)
class Dimensionality(Rule):
    """The samples vary in very few directions, or in more than there are samples to fill.

    What
    ----
    Principal components of the embeddings: in how many directions the samples vary (participation ratio), and how many
    hold 90 and 95 % of the variance.

    Why it hurts training
    ---------------------
    Samples that vary in two or three directions are near copies of a few scenes: the dataset is worth far fewer samples
    than it holds. And where there are not several samples to each direction, a linear head fits noise.

    How it is measured
    ------------------
    Eigenvalues of the covariance of the embeddings; participation ratio = (sum)² / sum of squares. Reported when it is
    below ``min_participation``, or when there are fewer than ``samples_per_dimension`` samples to each dimension of the
    90 % of variance.

    How to fix
    ----------
    Few directions: look for near duplicates (DC302) and collect other scenes. Too many for the samples: reduce the
    embedding (PCA) before a linear head, regularise, or collect more.

    Example
    -------
    >>> rng = np.random.default_rng(0)
    >>> spectrum(rng.normal(size=(500, 2)) @ rng.normal(size=(2, 20)))["dims_95"]
    2
    """

    code: ClassVar[str] = "DC604"
    name: ClassVar[str] = "dimensionality"
    severity: ClassVar[Severity] = Severity.INFO

    min_participation: float = 2.0
    samples_per_dimension: float = 3.0

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        found = embedded(context)
        if isinstance(found, NotApplicable):
            return found
        described = spectrum(found.embeddings)
        few = described["participation_ratio"] < self.min_participation and found.embeddings.shape[1] > 2
        thin = len(found.rows) < self.samples_per_dimension * described["dims_90"]
        summary = (
            f"{described['participation_ratio']:.1f} effective directions of {found.embeddings.shape[1]}, "
            f"90 % of the variance in {described['dims_90']}, 95 % in {described['dims_95']}"
        )
        if not few and not thin:
            return Passed(summary)
        finding = Finding(
            code=self.code,
            name=self.name,
            severity=self.severity,
            message=("the samples vary in very few directions: " if few else "too few samples for their variety: ")
            + summary
            + f" ({len(found.rows):,} samples)",
            remedy="look for near duplicates (DC302) and collect other scenes"
            if few
            else "reduce the embedding or regularise a linear head, or collect more",
            evidence={**described, "samples": len(found.rows), "width": int(found.embeddings.shape[1])},
        )
        return Found((finding,))


def spectrum(embeddings: NDArray[np.floating[Any]]) -> dict[str, Any]:
    """Participation ratio, dimensions for 90 and 95 % of the variance, and the leading shares; from [N, D]."""
    values = Components.fit(np.asarray(embeddings, dtype=np.float64), least=0).variances
    total = float(values.sum())
    if total <= 0:
        return {"participation_ratio": 0.0, "dims_90": 0, "dims_95": 0, "shares": []}
    cumulative = np.cumsum(values) / total
    return {
        "participation_ratio": float(total**2 / (values**2).sum()),
        "dims_90": int(np.searchsorted(cumulative, 0.9 - 1e-12) + 1),
        "dims_95": int(np.searchsorted(cumulative, 0.95 - 1e-12) + 1),
        "shares": [float(share) for share in values[:20] / total],
    }
