"""DC917: the output for an image depends on the other images of its batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from datacheck.before_training.evidence import PreflightContext
from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.rules.loader.base import MODEL, CannotJudge, LoaderRule
from datacheck.text import number


@dataclass(frozen=True)
class BatchDependence(LoaderRule):
    """The output for an image depends on the other images of its batch.

    What
    ----
    Compares the output for an image alone with that in its batch, in evaluation mode.

    Why it hurts training
    ---------------------
    Such a model has one score at batch size 128 and another at 1, where it will run. A mean over the batch, a
    normalisation over the wrong axis, or a reshape that mixes images are the usual causes.

    How it is measured
    ------------------
    The largest difference of four images, relative to the mean output. Right networks differ by less than 1e-5,
    wrong ones by more than 1e-2; the line is at ``most``.

    How to fix
    ----------
    Look for operations over axis 0, and for ``view`` and ``reshape`` that mix batch and features.

    Example
    -------
    A mean over the batch in forward::

        DC917 in evaluation mode the output for an image changes by 0.62 of its size with the other images of
          the batch
    """

    code: ClassVar[str] = "DC917"
    name: ClassVar[str] = "batch-dependence"
    severity: ClassVar[Severity] = Severity.ERROR
    requires = (MODEL,)

    most: float = 1e-3

    def judge(self, context: PreflightContext) -> Outcome:
        """Judge loader and model."""
        model = context.model
        assert model is not None, "required"
        if not np.isfinite(model.batch_dependence):
            raise CannotJudge("images could not be sent alone, or the batch has one image")
        if model.batch_dependence <= self.most:
            return Passed("the output for an image does not depend on its batch")
        finding = self.finding(
            f"in evaluation mode the output for an image changes by {number(model.batch_dependence, 2)} of its size "
            f"with the "
            "other images of the batch",
            "look for operations over axis 0, and for view and reshape that mix images",
            evidence={"relative_difference": model.batch_dependence},
        )
        return Found((finding,))
