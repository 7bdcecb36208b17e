"""DC914: the loss starts far from that of a guess."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from datacheck.before_training.evidence import PreflightContext
from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.rules.loader.base import MODEL, CannotJudge, LoaderRule
from datacheck.text import number


@dataclass(frozen=True)
class InitialLoss(LoaderRule):
    """The loss starts far from that of a guess.

    What
    ----
    Compares the loss of the first batch with the logarithm of the number of outputs, which a network without any
    knowledge has.

    Why it hurts training
    ---------------------
    A start far above it wastes the first epochs on a wrong scale, and shows a missing normalisation, a last layer
    that starts too large, or labels of another meaning. A start far below it shows weights that know the task
    already, or labels that leak into the input.

    How it is measured
    ------------------
    Cross-entropy alone, in training and in evaluation mode: both must be more than ``far`` away, since one alone
    errs for networks with batch normalisation.

    How to fix
    ----------
    Check the scale of the inputs and the start of the last layer; if the weights were trained on this task, all is
    well.

    Example
    -------
    A last layer that starts a hundred times too large::

        DC914 the loss starts at 48.1 (evaluation: 45.2), and a guess among 3 outputs has 1.1
    """

    code: ClassVar[str] = "DC914"
    name: ClassVar[str] = "initial-loss"
    severity: ClassVar[Severity] = Severity.WARNING
    requires = (MODEL,)

    far: float = 0.5

    def judge(self, context: PreflightContext) -> Outcome:
        """Judge loader and model."""
        model = context.model
        assert model is not None, "required"
        losses = (model.train.loss, model.evaluation.loss)
        if model.loss_name != "CrossEntropyLoss" or len(model.output_shape) != 2:
            raise CannotJudge(f"knows the start of cross-entropy only, and the loss is {model.loss_name}")
        if not np.isfinite(losses).all():
            raise CannotJudge("the loss could not be computed (see DC913)")
        guess = float(np.log(model.output_shape[1]))
        if min(abs(loss - guess) for loss in losses) <= self.far:
            return Passed(f"the loss starts at {number(losses[0])}, a guess has {number(guess)}")
        finding = self.finding(
            f"the loss starts at {number(losses[0])} (evaluation: {number(losses[1])}), and a guess among "
            f"{model.output_shape[1]} outputs has {number(guess, 2)}",
            "check the scale of the inputs and the start of the last layer; all is well if the weights know this task",
            severity=Severity.WARNING if min(losses) > guess else Severity.INFO,
            evidence={"train": losses[0], "evaluation": losses[1], "guess": guess},
        )
        return Found((finding,))
