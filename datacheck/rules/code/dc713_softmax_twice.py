"""DC713: softmax before a loss that applies it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from datacheck.findings import Severity
from datacheck.linting.knowledge import CROSS_ENTROPY
from datacheck.linting.source import SourceFile
from datacheck.linting.values import Call
from datacheck.rules.code.base import CodeRule, Hit
from datacheck.rules.code.shared import is_test_code, quoted


@dataclass(frozen=True)
class SoftmaxTwice(CodeRule):
    """The input of a cross-entropy that applies softmax went through softmax before.

    What
    ----
    Finds outputs of softmax, of a ``Sequential`` that ends in it, or of a ``forward`` that returns it, as the input of
    ``nn.CrossEntropyLoss`` or ``F.cross_entropy``.

    Why it hurts training
    ---------------------
    The loss applies softmax itself. Twice, the outputs are nearly equal: gradients are small, training is slow, and
    the loss cannot go below about log(1 + (K − 1) / e) for K classes.

    How it is measured
    ------------------
    By following the output to the loss, through the classes and functions of the file. Softmax in evaluation alone,
    and softmax of the targets, are silent.

    How to fix
    ----------
    Give the loss the raw outputs (logits); apply softmax where probabilities are needed.

    Wrong, then right::

        loss = F.cross_entropy(F.softmax(out, dim=1), y)

        loss = F.cross_entropy(out, y)

    Example
    -------
    The last line of ``forward`` is a softmax::

        DC713 `net(x)` went through softmax, and the loss applies softmax again
    """

    code: ClassVar[str] = "DC713"
    name: ClassVar[str] = "softmax-twice"
    severity: ClassVar[Severity] = Severity.ERROR

    def hits(self, source: SourceFile) -> Iterator[Hit]:
        """Yield losses that are given probabilities."""
        if is_test_code(source):
            return
        for call in source.events.calls:
            if applies_softmax(call) and call.args and "softmax" in call.args[0].tags:
                message = f"{quoted(call.text(0))} went through softmax, and the loss applies softmax again"
                yield Hit(call.node, message, "give the loss the raw outputs (logits)")


def applies_softmax(call: Call) -> bool:
    """Whether a call evaluates a cross-entropy that expects logits."""
    return call.name in CROSS_ENTROPY - {"torch.nn.CrossEntropyLoss"} or call.loss == "torch.nn.CrossEntropyLoss"
