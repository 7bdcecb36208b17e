"""DC308: splits that can be told apart by their content."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.models.ridge import RidgeHead
from datacheck.pairing.embedding_spaces import embedding_spaces
from datacheck.rules.base import CannotJudge, Rule, RuleContext
from datacheck.rules.requirements import EMBEDDINGS, SPLITS
from datacheck.rules.shared import embedded
from datacheck.stats import Interval, benjamini_hochberg
from datacheck.stats.compare import auc

ALPHA = 0.05
"""Level of the test that an AUC is above one half; the effect size decides, so the usual level serves."""


@dataclass(frozen=True)
class EmbeddingDrift(Rule):
    """A classifier can predict which split a sample comes from.

    What
    ----
    Trains a small classifier to predict from which of two splits a sample comes, and reports the pairs of splits for
    which it succeeds out of sample.

    Why it hurts training
    ---------------------
    A validation set that looks different from the training set measures something else than what is learnt. A test set
    that looks different ranks models by how well they cope with the shift.

    How it is measured
    ------------------
    By a domain classifier (Lopez-Paz and Oquab 2017): ridge regression on the principal components of the embeddings,
    five-fold out of sample. Its area under the ROC curve (AUC) is 0.5 if the splits are alike; the 95 % interval is
    DeLong's. Reported if the low end is at least ``min_auc`` and the difference is significant after
    Benjamini–Hochberg over the pairs of splits; an error from ``error_auc`` on. If each fold was embedded by a network
    of its own, samples are compared within a fold, because two networks always differ.

    How to fix
    ----------
    Find out what differs (DC307 names image properties), and split again at random over the groups. If the shift is
    meant, keep a second validation set from the training distribution, to tell shift from overfitting (DC602).

    Example
    -------
    All test photos come from another city::

        DC308 a classifier can tell 'test' from 'val': AUC 0.95 out of sample (95 % interval 0.93 to 0.97; 0.5 if they
          are alike)
    """

    code: ClassVar[str] = "DC308"
    name: ClassVar[str] = "embedding-drift"
    severity: ClassVar[Severity] = Severity.WARNING
    requires = (SPLITS, EMBEDDINGS)

    min_auc: float = 0.6  # of two samples, one of each split, 6 in 10 pairs are told apart
    error_auc: float = 0.8  # 8 in 10
    min_samples: int = 30  # fewer samples give intervals wider than any drift

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        pairs = self._compare(context)
        if not pairs:
            raise CannotJudge(f"needs {self.min_samples} samples or more of two splits, embedded by the same network")
        z = [(one.value - 0.5) / max(one.standard_error, 1e-9) for one in pairs.values()]
        adjusted = benjamini_hochberg(norm.sf(z))
        drifted = [
            (pair, one)
            for (pair, one), p_value in zip(pairs.items(), adjusted, strict=True)
            if one.low >= self.min_auc and p_value < ALPHA
        ]
        if not drifted:
            return Passed("no split can be told from another by its content")
        (first, second), worst = max(drifted, key=lambda item: item[1].low)
        finding = self.finding(
            f"a classifier can tell {second!r} from {first!r}: AUC {worst.value:.2f} out of sample (95 % interval "
            f"{worst.low:.2f} to {worst.high:.2f}; 0.5 if they are alike)",
            "find out what differs (DC307 names image properties) and split again at random over the groups; if the "
            "shift is meant, keep a second validation set from the training distribution",
            severity=Severity.ERROR if worst.low >= self.error_auc else self.severity,
            evidence={"pairs": [{"splits": list(pair), "auc": one.to_json()} for pair, one in pairs.items()]},
        )
        return Found((finding,))

    def _compare(self, context: RuleContext) -> dict[tuple[str, str], Interval]:
        found = embedded(context)
        splits, sides = context.manifest.splits, context.manifest.split_codes[found.rows]
        space = embedding_spaces(found.embeddings, found.probe.fold[found.rows], seed=context.seed)
        pairs = {}
        for first, second in combinations(range(len(splits)), 2):
            rows = comparable(sides, space, first, second, least=self.min_samples)
            if len(rows):
                domain = (sides[rows] == second).astype(np.int64)
                pairs[splits[first], splits[second]] = domain_auc(
                    found.embeddings[rows], domain, space=space[rows], seed=context.seed
                )
        return pairs


def comparable(
    sides: NDArray[np.integer[Any]], space: NDArray[np.int64], first: int, second: int, *, least: int
) -> NDArray[np.intp]:
    """Rows of two splits in the spaces that hold ``least`` or more of each; shapes [n], [n].

    Examples
    --------
    >>> comparable(np.array([0, 1, 0, 0]), np.array([0, 0, 1, 1]), 0, 1, least=1).tolist()
    [0, 1]
    """
    wanted = np.zeros(len(sides), dtype=bool)
    for one in np.unique(space).tolist():
        here = (space == one) & ((sides == first) | (sides == second))
        if min((sides[here] == first).sum(), (sides[here] == second).sum()) >= least:
            wanted |= here
    return np.flatnonzero(wanted)


def domain_auc(
    embeddings: NDArray[np.floating[Any]],
    domain: NDArray[np.int64],
    *,
    space: NDArray[np.int64] | None = None,
    seed: int = 0,
) -> Interval:
    """Return the out-of-sample AUC of domain 1 against domain 0; shapes [N, D] and [N], ``space`` as in `RidgeHead`.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> embeddings = rng.normal(size=(400, 4)) + np.repeat([[0.0], [1.5]], 200, axis=0)
    >>> domain_auc(embeddings, np.repeat([0, 1], 200)).low > 0.9
    True
    """
    scores = RidgeHead(embeddings, seed=seed, space=space).scores(domain, 2)
    return auc(scores[:, 1] - scores[:, 0], domain == 1)
