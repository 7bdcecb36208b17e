"""DC911: validation images vary from one reading to the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from datacheck.before_training.evidence import PreflightContext
from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.rules.loader.base import VAL, CannotJudge, LoaderRule


@dataclass(frozen=True)
class VaryingValidation(LoaderRule):
    """Validation images vary from one reading to the next.

    What
    ----
    Reads the same validation items twice and compares them bit by bit.

    Why it hurts training
    ---------------------
    The validation score then rises and falls by chance, and is not that of the images. ``val.dataset.transform =
    …`` after ``random_split`` changes the training set as well, and the other way round: both share one dataset.

    How it is measured
    ------------------
    Four items, read twice each in one process.

    How to fix
    ----------
    Give the validation set its own dataset with a transform without random parts.

    Example
    -------
    random_split shares one transform::

        DC911 validation images vary from one reading to the next: a random transform is applied to them
    """

    code: ClassVar[str] = "DC911"
    name: ClassVar[str] = "varying-validation"
    severity: ClassVar[Severity] = Severity.ERROR
    requires = (VAL,)

    def judge(self, context: PreflightContext) -> Outcome:
        """Judge loader and model."""
        val = context.val
        assert val is not None, "required"
        if val.varies is None:
            raise CannotJudge("single items of the validation set cannot be read")
        if not val.varies:
            return Passed("two readings of the validation items are equal")
        finding = self.finding(
            "validation images vary from one reading to the next: a random transform is applied to them",
            "give the validation set its own dataset, with a transform without random parts",
        )
        return Found((finding,))
