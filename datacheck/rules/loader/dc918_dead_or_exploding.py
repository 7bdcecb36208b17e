"""DC918: activations are dead, or grow from layer to layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from datacheck.before_training.evidence import PreflightContext
from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.rules.loader.base import MODEL, CannotJudge, LoaderRule
from datacheck.text import listed, plural


@dataclass(frozen=True)
class DeadOrExploding(LoaderRule):
    """Activations are dead, or grow from layer to layer.

    What
    ----
    Looks at the output of each layer for the first batch.

    Why it hurts training
    ---------------------
    A layer that gives only zeros passes no gradient back. Values that grow a thousandfold end as infinity in half
    precision.

    How it is measured
    ------------------
    In evaluation mode: the share of zeros (dead from ``dead`` on) and the largest absolute value (exploding from
    ``largest`` on, or not a number). A layer whose weights all start at zero, as the last of a residual branch, is
    meant to give zeros, and so is what follows it.

    How to fix
    ----------
    Check the scale of the inputs and the initialisation (``kaiming_normal_`` for ReLU).

    Example
    -------
    A bias that starts far below zero::

        DC918 1 layer gives only zeros for the first batch: '1'
    """

    code: ClassVar[str] = "DC918"
    name: ClassVar[str] = "dead-or-exploding"
    severity: ClassVar[Severity] = Severity.WARNING
    requires = (MODEL,)

    dead: float = 0.999
    largest: float = 1e4

    def judge(self, context: PreflightContext) -> Outcome:
        """Judge loader and model."""
        model = context.model
        assert model is not None, "required"
        if not model.layers:
            raise CannotJudge("no layer gave an output (see DC913)")
        dead = [each.name for each in model.layers if each.zeros >= self.dead and not each.starts_at_zero]
        large = [each.name for each in model.layers if not np.isfinite(each.largest) or each.largest >= self.largest]
        findings = []
        if dead:
            findings.append(
                self.finding(
                    f"{plural(len(dead), 'layer')} {'gives' if len(dead) == 1 else 'give'} only zeros for the first "
                    f"batch: "
                    f"{listed(dead)}",
                    "check the scale of the inputs and the initialisation",
                    evidence={"layers": dead},
                )
            )
        if large:
            findings.append(
                self.finding(
                    f"{plural(len(large), 'layer')} {'gives' if len(large) == 1 else 'give'} values beyond "
                    f"{self.largest:g} for "
                    f"the first batch: {listed(large)}",
                    "check the scale of the inputs and the initialisation",
                    evidence={"layers": large},
                )
            )
        return Found(tuple(findings)) if findings else Passed(f"{plural(len(model.layers), 'layer')} with usual values")
