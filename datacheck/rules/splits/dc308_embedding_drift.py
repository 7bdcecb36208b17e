"""DC308: splits that can be told apart by their content."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from datacheck.findings import Finding, Found, NotApplicable, Outcome, Passed, Severity
from datacheck.models.ridge import RidgeHead
from datacheck.pairing.embedding_spaces import embedding_spaces
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.shared import embedded
from datacheck.stats.compare import auc
from datacheck.stats.intervals import Interval, benjamini_hochberg


@dataclass(frozen=True)
class EmbeddingDrift(Rule):
    """A classifier can tell which split a sample comes from.

    What
    ----
    Trains a small classifier to say which of two splits a sample belongs to, and reports the pairs of splits for which
    it can, out of sample.

    Why it hurts training
    ---------------------
    A validation set that looks different from the training set measures something else than what is being learnt; a
    test set that does ranks models by how they take the shift.

    How it is measured
    ------------------
    Domain classifier (Lopez-Paz and Oquab 2017): ridge on the embeddings' principal components, five-fold out of
    sample; area under the ROC curve with DeLong's 95 % interval, 0.5 where the splits are alike. Reported when the low
    end is at least ``min_auc`` and the difference survives Benjamini–Hochberg over the pairs of splits. Where each fold
    was embedded by a network of its own, samples are compared within a fold, as two networks always differ.

    How to fix
    ----------
    Find out what differs (DC307 names image properties); split again at random over the groups, or, where the shift is
    deliberate, keep a second validation set from the training distribution to tell shift from overfitting (DC602).

    Example
    -------
    >>> rng = np.random.default_rng(0)
    >>> embeddings = rng.normal(size=(400, 4)) + np.repeat([[0.0], [1.5]], 200, axis=0)
    >>> domain_auc(embeddings, np.repeat([0, 1], 200)).low > 0.9
    True
    """

    code: ClassVar[str] = "DC308"
    name: ClassVar[str] = "embedding-drift"
    severity: ClassVar[Severity] = Severity.WARNING

    min_auc: float = 0.6
    error_auc: float = 0.8
    min_samples: int = 30

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        splits, codes = context.manifest.splits, context.manifest.split_codes
        if len(splits) < 2:
            return NotApplicable("needs two or more splits")
        found = embedded(context)
        if isinstance(found, NotApplicable):
            return found
        sides = codes[found.rows]
        space = embedding_spaces(found.embeddings, found.probe.fold[found.rows], seed=context.seed)
        pairs: dict[tuple[str, str], Interval] = {}
        for first in range(len(splits)):
            for second in range(first + 1, len(splits)):
                rows = comparable(sides, space, first, second, least=self.min_samples)
                if len(rows):
                    domain = (sides[rows] == second).astype(np.int64)
                    pairs[splits[first], splits[second]] = domain_auc(
                        found.embeddings[rows], domain, space=space[rows], seed=context.seed
                    )
        if not pairs:
            return NotApplicable(
                f"needs {self.min_samples} or more samples of two splits that one network has embedded"
            )
        z = [(one.value - 0.5) / max((one.high - one.low) / 3.92, 1e-9) for one in pairs.values()]
        adjusted = benjamini_hochberg(norm.sf(z))
        drifted = [
            (pair, one)
            for (pair, one), p_value in zip(pairs.items(), adjusted, strict=True)
            if one.low >= self.min_auc and p_value < 0.05
        ]
        if not drifted:
            return Passed("no split can be told from another by its content")
        drifted.sort(key=lambda item: -item[1].low)
        (first_name, second_name), worst = drifted[0]
        finding = Finding(
            code=self.code,
            name=self.name,
            severity=Severity.ERROR if worst.low >= self.error_auc else self.severity,
            message=f"{first_name} and {second_name} can be told apart by content alone: out-of-sample AUC "
            f"{worst.value:.2f} ({worst.low:.2f} to {worst.high:.2f}; 0.5 is alike)",
            remedy="find out what differs (DC307 names properties), and split again at random over the groups; keep a "
            "deliberate shift, with a second validation set drawn from the training distribution",
            evidence={"pairs": [{"splits": list(pair), "auc": one.to_json()} for pair, one in pairs.items()]},
        )
        return Found((finding,))


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
    """Out-of-sample AUC of telling domain 1 from domain 0; shapes [N, D] and [N], ``space`` as in `RidgeHead`."""
    scores = RidgeHead(embeddings, seed=seed, space=space).scores(domain, 2)
    return auc(scores[:, 1] - scores[:, 0], domain == 1)
