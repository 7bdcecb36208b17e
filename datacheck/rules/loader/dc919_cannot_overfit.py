"""DC919: the model cannot learn one batch by heart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from datacheck.before_training.evidence import PreflightContext
from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.rules.loader.base import MODEL, CannotJudge, LoaderRule
from datacheck.text import number, percent


@dataclass(frozen=True)
class CannotOverfit(LoaderRule):
    """The model cannot learn one batch by heart.

    What
    ----
    Trains a copy of the model on the first batch, where that is asked (``overfit=True``).

    Why it hurts training
    ---------------------
    A network that cannot learn a few images will not learn many: a detached graph, a frozen backbone without a
    trained head, labels in the wrong form, a rate of zero.

    How it is measured
    ------------------
    Adam at 3e-4 on one batch within the budget. Learned if the accuracy there reaches 100 %, or the loss falls to a
    tenth; found if the loss falls by less than a tenth of its start.

    How to fix
    ----------
    Check which parameters get a gradient (DC916), and that the labels reach the loss.

    Example
    -------
    A forward that detaches its features::

        DC919 the model does not learn one batch by heart: the loss goes from 1.1 to 1.1
    """

    code: ClassVar[str] = "DC919"
    name: ClassVar[str] = "cannot-overfit"
    severity: ClassVar[Severity] = Severity.ERROR
    requires = (MODEL,)

    least_fall: float = 0.1

    def judge(self, context: PreflightContext) -> Outcome:
        """Judge loader and model."""
        model = context.model
        assert model is not None, "required"
        if model.overfit is None:
            raise CannotJudge(model.no_step or "one batch is learned by heart only where that is asked: overfit=True")
        first, last, accuracy = model.overfit
        if accuracy == 1 or last <= first * (1 - self.least_fall):
            reached = f", accuracy {percent(accuracy)}" if accuracy == accuracy else ""
            return Passed(f"the loss of one batch goes from {number(first, 2)} to {number(last, 2)}{reached}")
        finding = self.finding(
            f"the model does not learn one batch by heart: the loss goes from {number(first, 2)} to {number(last, 2)}",
            "check which parameters get a gradient (DC916), and that the labels reach the loss",
            evidence={"first": first, "last": last, "accuracy": accuracy},
        )
        return Found((finding,))
