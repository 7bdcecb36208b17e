"""DC916: parameters that are to be trained get no gradient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from datacheck.before_training.evidence import PreflightContext
from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.rules.loader.base import MODEL, CannotJudge, LoaderRule
from datacheck.text import listed


@dataclass(frozen=True)
class NoGradient(LoaderRule):
    """Parameters that are to be trained get no gradient.

    What
    ----
    Names the parameters whose gradient is zero or missing in each of a few steps.

    Why it hurts training
    ---------------------
    They stay as they were set: a branch that is not used, a ``detach`` too many, dead units. The optimiser keeps
    its state for them all the same.

    How it is measured
    ------------------
    Four steps of a copy of the model. The first alone is not enough: layers that start at zero have no gradient
    there. A model whose parameters are all frozen is named as an error.

    How to fix
    ----------
    Use the layer, or freeze it on purpose (``requires_grad_(False)``).

    Example
    -------
    A branch that forward does not use::

        DC916 2 of 8 parameters get no gradient: 'extra.weight' and 'extra.bias'
    """

    code: ClassVar[str] = "DC916"
    name: ClassVar[str] = "no-gradient"
    severity: ClassVar[Severity] = Severity.WARNING
    requires = (MODEL,)

    def judge(self, context: PreflightContext) -> Outcome:
        """Judge loader and model."""
        model = context.model
        assert model is not None, "required"
        if model.n_frozen and not model.n_parameters:
            finding = self.finding(
                f"all {model.n_frozen:,} parameters are frozen: nothing is trained",
                "unfreeze what is to be trained (requires_grad_(True))",
                severity=Severity.ERROR,
            )
            return Found((finding,))
        if not model.step_seconds > 0:
            raise CannotJudge(model.no_step or "no step could be made (see DC913)")
        names = model.without_gradient
        if not names:
            return Passed(f"all {model.n_parameters:,} parameters get a gradient")
        finding = self.finding(
            f"{len(names):,} of {model.n_parameters:,} parameters get no gradient: {listed(names, 5)}",
            "use these layers in forward, or freeze them on purpose (requires_grad_(False))",
            severity=Severity.ERROR if len(names) == model.n_parameters else Severity.WARNING,
            evidence={"parameters": list(names[:50])},
        )
        return Found((finding,))
