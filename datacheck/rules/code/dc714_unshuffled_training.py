"""DC714: the training loader does not shuffle."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from datacheck.findings import Severity
from datacheck.linting.source import SourceFile
from datacheck.linting.values import Call
from datacheck.rules.code.base import CodeRule, Hit
from datacheck.rules.code.shared import held_out, is_test_code, of_training, spaced

_OWN_ORDER = re.compile(r"(?:^|_)(?:iter\w*|stream\w*|wds|webdataset|sampler|dali|ffcv|memory|feature\w*|extract\w*|"
                        r"eval\w*|noshuffle|ordered|seq\w*|bptt|index\w*|query|stat\w*)(?:_|$)")  # fmt: skip
"""Words of loaders that are in order on purpose, or whose dataset decides the order."""


@dataclass(frozen=True)
class UnshuffledTraining(CodeRule):
    """The loader of the training samples does not shuffle.

    What
    ----
    Finds a ``DataLoader`` named for training, without ``shuffle=True`` and without a sampler, in a file that trains.

    Why it hurts training
    ---------------------
    Datasets are usually sorted by class or by source. Each batch then holds one class: the network forgets the others,
    and batch normalisation learns the statistics of single classes.

    How it is measured
    ------------------
    By the arguments of the loader; datasets that iterate decide the order themselves and are silent, as are files
    without a backward pass.

    How to fix
    ----------
    Pass ``shuffle=True``.

    Wrong, then right::

        train_loader = DataLoader(train_set, batch_size=32)

        train_loader = DataLoader(train_set, batch_size=32, shuffle=True)

    Example
    -------
    The loader was copied from the one for validation::

        DC714 `train_loader` does not shuffle: batches follow the order of the dataset
    """

    code: ClassVar[str] = "DC714"
    name: ClassVar[str] = "unshuffled-training"
    severity: ClassVar[Severity] = Severity.WARNING

    def hits(self, source: SourceFile) -> Iterator[Hit]:
        """Yield training loaders in order."""
        if is_test_code(source) or not trains(source) or "IterableDataset" in source.text:
            return
        for call in source.calls("DataLoader"):
            name = next((one for one in call.targets if of_training(one)), "")
            if name and not held_out(name) and not shuffles(call) and not _has_own_order(call, name):
                message = f"`{name}` does not shuffle: batches follow the order of the dataset"
                yield Hit(call.node, message, "pass shuffle=True")


def trains(source: SourceFile) -> bool:
    """Whether a file trains."""
    return any(call.tail in ("backward", "fit", "fit_generator") for call in source.events.calls)


def shuffles(call: Call) -> bool:
    """Whether a loader shuffles, or may."""
    if call.takes_more or len(call.args) > 2 or {"sampler", "batch_sampler"} & call.keywords.keys():
        return True
    given = call.keyword("shuffle")
    return given is not None and not (isinstance(given, ast.Constant) and given.value in (False, None, 0))


def _has_own_order(call: Call, name: str) -> bool:
    return any(_OWN_ORDER.search(spaced(text).replace(".", "_")) for text in (name, call.text(0)))
