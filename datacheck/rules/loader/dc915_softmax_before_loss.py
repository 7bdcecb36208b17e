"""DC915: the model gives probabilities, and the loss applies a softmax to them once more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from datacheck.before_training.evidence import PreflightContext
from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.rules.loader.base import MODEL, CannotJudge, LoaderRule


@dataclass(frozen=True)
class SoftmaxBeforeLoss(LoaderRule):
    """The model gives probabilities, and the loss applies a softmax to them once more.

    What
    ----
    Looks at the outputs that go into cross-entropy.

    Why it hurts training
    ---------------------
    The second softmax makes all gradients small. The network learns, slowly, and its probabilities stay near those
    of a guess.

    How it is measured
    ------------------
    Outputs that are at least 0 and sum to 1 in each row, with ``CrossEntropyLoss``. The logarithm of a softmax is
    harmless there.

    How to fix
    ----------
    Return the logits, and apply the softmax only where probabilities are needed.

    Example
    -------
    nn.Softmax as last layer::

        DC915 the model ends in a softmax, and CrossEntropyLoss applies one itself
    """

    code: ClassVar[str] = "DC915"
    name: ClassVar[str] = "softmax-before-loss"
    severity: ClassVar[Severity] = Severity.ERROR
    requires = (MODEL,)

    def judge(self, context: PreflightContext) -> Outcome:
        """Judge loader and model."""
        model = context.model
        assert model is not None, "required"
        if not model.output_shape:
            raise CannotJudge("the model gave no output (see DC913)")
        if not (model.sums_to_one and model.loss_name == "CrossEntropyLoss"):
            return Passed(f"the outputs go into {model.loss_name} as they should")
        finding = self.finding(
            f"the model ends in a softmax, and {model.loss_name} applies one itself",
            "return the logits, and apply the softmax only where probabilities are needed",
        )
        return Found((finding,))
