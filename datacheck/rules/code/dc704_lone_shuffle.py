"""DC704: one of two parallel lists is shuffled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from datacheck.findings import Severity
from datacheck.linting.source import SourceFile
from datacheck.rules.code.base import CodeRule, Hit
from datacheck.rules.code.shared import Parallel, Side, of_labels, parallels, quoted


@dataclass(frozen=True)
class LoneShuffle(CodeRule):
    """One of two lists that are used in parallel is shuffled, or each by a shuffle of its own.

    What
    ----
    Finds lists that are zipped, fitted or made into a dataset together and did not go through the same shuffles.

    Why it hurts training
    ---------------------
    The labels then belong to other samples: the model learns nothing, or only the class shares.

    How it is measured
    ------------------
    By following the shuffles of each list. Two shuffles count as the same after the same seed, after the state of the
    generator was put back, or by one shared permutation.

    How to fix
    ----------
    Shuffle one permutation and index both with it, or shuffle the pairs.

    Wrong, then right::

        random.shuffle(images)
        model.fit(images, labels)

        order = rng.permutation(len(images))
        model.fit(images[order], labels[order])

    Example
    -------
    Only the images are shuffled::

        DC704 `images` is shuffled and `labels` is not in the same way, and they are used in parallel: samples get the
          labels of others
    """

    code: ClassVar[str] = "DC704"
    name: ClassVar[str] = "lone-shuffle"
    severity: ClassVar[Severity] = Severity.ERROR

    def hits(self, source: SourceFile) -> Iterator[Hit]:
        """Yield lists that were shuffled apart."""
        for parallel in parallels(source):
            for first, second in parallel.pairs():
                if apart(parallel, first, second):
                    one, other = (first, second) if first.value.shuffles else (second, first)
                    message = (
                        f"{quoted(one.text)} is shuffled and {quoted(other.text)} is not in the same way, and they are "
                        "used in parallel: samples get the labels of others"
                    )
                    yield Hit(parallel.node, message, "shuffle one permutation and index both with it")


def apart(parallel: Parallel, first: Side, second: Side) -> bool:
    """Whether two sides went through different shuffles although they are sample and label."""
    a, b = first.value, second.value
    if a.shuffles == b.shuffles or first.text == second.text:
        return False
    if any(one.value.constant or one.value.kind in ("instance", "module") for one in (first, second)):
        return False
    labels = of_labels(first.text) or of_labels(second.text)
    same = first.text.split("[")[0] == second.text.split("[")[0]
    return not same and (labels or (parallel.strict and parallel.what in ("fit", "TensorDataset")))
