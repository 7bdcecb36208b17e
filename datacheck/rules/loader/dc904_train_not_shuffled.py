"""DC904: the training loader does not shuffle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.before_training.evidence import LoaderEvidence, PreflightContext
from datacheck.findings import Finding, Found, Outcome, Passed, Severity
from datacheck.rules.loader.base import TRAIN_CLASSES, CannotJudge, LoaderRule
from datacheck.text import number


@dataclass(frozen=True)
class TrainNotShuffled(LoaderRule):
    """The training loader does not shuffle.

    What
    ----
    Finds a training loader whose batches hold far fewer classes than shuffled batches would.

    Why it hurts training
    ---------------------
    A network that sees one class after the other forgets the first ones. Batch statistics are those of a class.

    How it is measured
    ------------------
    The mean number of distinct classes a batch, against ``draws`` random orders of the same labels. If the items
    come in the order of the dataset and the classes do not come in blocks, that is information.

    How to fix
    ----------
    ``DataLoader(..., shuffle=True)``, or a sampler that draws at random.

    Example
    -------
    Class folders in order::

        DC904 the training loader does not shuffle: a batch has 1.3 classes on average, and at least 3 in 2,000
          random orders
    """

    code: ClassVar[str] = "DC904"
    name: ClassVar[str] = "train-not-shuffled"
    severity: ClassVar[Severity] = Severity.WARNING
    requires = (TRAIN_CLASSES,)

    draws: int = 2000
    seed: int = 0

    def judge(self, context: PreflightContext) -> Outcome:
        """Judge loader and model."""
        labels = context.train.class_labels
        assert labels is not None, "required"
        if context.train.n_items is None and len(context.train.batches) < 2:
            raise CannotJudge("one batch tells nothing about the order")
        sizes = [len(batch.images) for batch in context.train.batches]
        if len(sizes) < 2 or max(sizes) < 2 or len(np.unique(labels)) < 2:
            if is_sorted(context.train):
                return Found((self._in_order(),))
            raise CannotJudge("the batches drawn have one class in all, or one image each")
        starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        mean = _distinct(labels, starts)
        rng = np.random.default_rng(self.seed)
        least = min(_distinct(rng.permutation(labels), starts) for _ in range(self.draws))
        if mean < least:
            finding = self.finding(
                f"the training loader does not shuffle: a batch has {number(mean, 2)} classes on average, and at least "
                f"{number(least, 2)} in {self.draws:,} random orders",
                "pass shuffle=True, or a sampler that draws at random",
                evidence={"classes_a_batch": mean, "least_of_random_orders": least},
            )
            return Found((finding,))
        if is_sorted(context.train):
            return Found((self._in_order(),))
        return Passed(f"a batch has {number(mean, 2)} classes on average, as in a random order")

    def _in_order(self) -> Finding:
        return self.finding(
            "the training loader gives the items in the order of the dataset",
            "pass shuffle=True, or a sampler that draws at random",
            severity=Severity.INFO,
        )


def is_sorted(loader: LoaderEvidence) -> bool:
    """Return whether the items come in the order of the dataset."""
    items = [batch.items for batch in loader.batches]
    if any(each is None for each in items):
        return False
    order = np.concatenate([each for each in items if each is not None])
    return len(order) > 2 and bool((np.diff(order) == 1).all())


def _distinct(labels: NDArray[np.int64], starts: NDArray[np.int64]) -> float:
    """Return the mean number of distinct labels in batches that begin at some places."""
    return float(np.mean([len(np.unique(part)) for part in np.split(labels, starts[1:])]))
