"""DC707: a random split that cannot be drawn again, or is drawn again differently."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from datacheck.findings import Severity
from datacheck.linting.knowledge import SEEDS, SPLITTERS
from datacheck.linting.source import SourceFile
from datacheck.linting.values import Call
from datacheck.rules.code.base import CodeRule, Hit
from datacheck.rules.code.shared import held_out, is_test_code, of_training, quoted


@dataclass(frozen=True)
class UnseededSplit(CodeRule):
    """A random split has no seed, or is drawn twice with different seeds.

    What
    ----
    Finds ``random_split`` without a generator and ``train_test_split`` without ``random_state`` in a file that sets no
    seed (advice), and two splits of the same samples with different seeds of which one gives the training part and the
    other the part to validate on (an error).

    Why it hurts training
    ---------------------
    A run that goes on from a checkpoint draws another split: the samples it validates on were trained on before. Two
    splits with different seeds overlap at once.

    How it is measured
    ------------------
    By the arguments of each split, and by calls that set a seed anywhere in the file.

    How to fix
    ----------
    Give the split a seed, and draw it once; better, write it to a file.

    Wrong, then right::

        train, val = random_split(dataset, [900, 100])

        train, val = random_split(dataset, [900, 100], generator=torch.Generator().manual_seed(0))

    Example
    -------
    A split without a generator::

        DC707 this random split has no seed: a run that goes on from a checkpoint validates on samples it trained on
    """

    code: ClassVar[str] = "DC707"
    name: ClassVar[str] = "unseeded-split"
    severity: ClassVar[Severity] = Severity.INFO

    def hits(self, source: SourceFile) -> Iterator[Hit]:
        """Yield splits without a seed and splits that disagree."""
        if is_test_code(source):
            return
        calls = list({call.node: call for call in source.calls(*SPLITTERS)}.values())
        seeded = any(one.tail in SEEDS or "seed" in one.tail.lower() for one in source.events.calls)
        for call in calls:
            if not seeded and not has_seed(call):
                message = (
                    "this random split has no seed: a run that goes on from a checkpoint validates on samples it "
                    "trained on"
                )
                option = (
                    "generator=torch.Generator().manual_seed(0)" if "random_split" in call.name else "random_state=0"
                )
                yield Hit(call.node, message, f"add {option}")
        for position, first in enumerate(calls):
            for second in calls[position + 1 :]:
                if disagree(first, second):
                    message = f"{quoted(first.text(0))} is split twice with different seeds: the two parts overlap"
                    yield Hit(second.node, message, "draw the split once and use all of its parts", Severity.ERROR)


def has_seed(call: Call) -> bool:
    """Whether a split is given a seed, is not random, or may be given one by ``**options``."""
    if call.takes_more:
        return True
    if call.tail == "random_split":
        return "generator" in call.keywords or len(call.args) > 2
    shuffle = call.keyword("shuffle")
    fixed = isinstance(shuffle, ast.Constant) and shuffle.value is False
    state = call.keyword("random_state")
    return fixed or (state is not None and not (isinstance(state, ast.Constant) and state.value is None))


def disagree(first: Call, second: Call) -> bool:
    """Whether one split keeps training, the other the rest, of the same samples under different seeds."""
    if first.tail != second.tail or first.text(0) != second.text(0) or first.scope is not second.scope:
        return False
    seeds = [ast.unparse(one) if one is not None else "" for one in map(_seed, (first, second))]
    parts = [tuple(name for name in one.targets if name.strip("_")) for one in (first, second)]
    trains = [any(map(of_training, names)) for names in parts]
    held = [any(map(held_out, names)) for names in parts]
    return seeds[0] != seeds[1] and sorted(zip(trains, held, strict=True)) == [(False, True), (True, False)]


def _seed(call: Call) -> ast.expr | None:
    return call.keyword("random_state") or call.keyword("generator")
