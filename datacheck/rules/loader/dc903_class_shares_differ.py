"""DC903: the training loader gives classes in other shares than the dataset, or the plan, has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chisquare

from datacheck.before_training.evidence import PreflightContext
from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.manifest import Task
from datacheck.rules.loader.base import TRAIN_CLASSES, CannotJudge, LoaderRule
from datacheck.rules.loader.class_numbers import class_of_number
from datacheck.rules.loader.dc904_train_not_shuffled import is_sorted
from datacheck.text import percent


@dataclass(frozen=True)
class ClassSharesDiffer(LoaderRule):
    """The training loader gives classes in other shares than the dataset, or the plan, has.

    What
    ----
    Compares how often each class arrives with its share in the audited training data, or with the shares that the
    plan wants.

    Why it hurts training
    ---------------------
    A sampler with swapped weights, or a filter that drops a class, changes what is learned. If it is on purpose,
    all is well.

    How it is measured
    ------------------
    Chi-squared test of the drawn labels against the expected shares, from at least ``fewest`` labels on; found
    below a p-value of ``alpha``. Classes are drawn in batches of a fixed order where the loader does not shuffle:
    then DC904 speaks first.

    How to fix
    ----------
    Check the weights of the sampler: one for each sample, in the order of the dataset.

    Example
    -------
    A sampler whose weights were swapped::

        DC903 classes arrive in other shares than the audited training data has (p < 1e-06): 'box' 10 % instead of 90 %,
          'ring' 90 % instead of 10 %
    """

    code: ClassVar[str] = "DC903"
    name: ClassVar[str] = "class-shares-differ"
    severity: ClassVar[Severity] = Severity.WARNING
    requires = (TRAIN_CLASSES,)

    alpha: float = 1e-6
    fewest: int = 100

    def judge(self, context: PreflightContext) -> Outcome:
        """Judge loader and model."""
        manifest, labels = context.manifest, context.train.class_labels
        assert labels is not None, "required"
        if manifest is None or manifest.task is not Task.CLASSIFICATION:
            raise CannotJudge("no audit with class labels was given to compare with")
        if len(labels) < self.fewest:
            raise CannotJudge(f"needs {self.fewest} labels, {len(labels)} were drawn")
        if is_sorted(context.train):
            raise CannotJudge(
                "the loader does not shuffle, so the first batches tell nothing about the shares (see DC904)"
            )
        codes = manifest.label_codes
        if "train" in manifest.splits:
            codes = codes[manifest.split_codes == manifest.splits.index("train")]
        counts = np.bincount(codes[codes >= 0], minlength=len(manifest.classes))
        expected = [("the audited training data has", counts / counts.sum())]
        if context.shares is not None:
            expected.insert(0, ("the plan wants", context.shares))
        known = context.train.classes if context.train.classes is not None else manifest.classes
        number = class_of_number(manifest, known, np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))
        inside = labels[(labels >= 0) & (labels < len(number))]
        drawn = np.bincount(number[inside][number[inside] >= 0], minlength=len(manifest.classes))
        p_values = [_p_value(drawn, shares) for _, shares in expected]
        if not drawn.sum() or max(p_values) >= self.alpha:
            return Passed("classes arrive in the shares that are expected")
        against, wanted = expected[0]
        shares = drawn / drawn.sum()
        worst = np.argsort(-np.abs(shares - wanted), kind="stable")[:3]
        named = [f"{manifest.classes[k]!r} {percent(shares[k])} instead of {percent(wanted[k])}" for k in worst]
        below = f"p < {max(*p_values, self.alpha):.0e}"
        finding = self.finding(
            f"classes arrive in other shares than {against} ({below}): {', '.join(named)}",
            "check the sampler: its weights are one for each sample, in the order of the dataset",
            evidence={"p": p_values[0], "drawn": drawn.tolist(), "expected": wanted.round(4).tolist()},
        )
        return Found((finding,))


def _p_value(drawn: NDArray[np.int64], shares: NDArray[np.float64]) -> float:
    """Return how likely such counts are where the shares are those; 0 where a class arrives that has no share."""
    possible = shares > 0
    if drawn[~possible].any():
        return 0.0
    wanted = drawn.sum() * shares[possible] / shares[possible].sum()
    return float(chisquare(drawn[possible], wanted).pvalue) if drawn.sum() else 1.0
