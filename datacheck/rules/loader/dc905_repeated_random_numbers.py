"""DC905: workers, or epochs, repeat the same "random" numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from datacheck.before_training.evidence import PreflightContext
from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.rules.loader.base import TRAIN, CannotJudge, LoaderRule


@dataclass(frozen=True)
class RepeatedRandomNumbers(LoaderRule):
    """Workers, or epochs, repeat the same "random" numbers.

    What
    ----
    Reads one item several times in each worker of the training loader, in two epochs, and counts how many readings
    differ.

    Why it hurts training
    ---------------------
    Every worker then makes the same augmentations, or every epoch those of the first: there is far less variety
    than it seems.

    How it is measured
    ------------------
    Only where two readings in one process differ. A generator that is made in ``__init__`` is copied to each worker
    with its state; the global states of ``random``, numpy and torch are seeded for each worker by torch. Found
    where the workers give at most half as many different readings as there are, or two epochs are equal.

    How to fix
    ----------
    Use torch's random numbers, or make the generator in ``worker_init_fn`` from ``torch.initial_seed()``.

    Example
    -------
    A generator made in ``__init__``, with two workers::

        DC905 2 workers give 4 different readings of one item in 8: they repeat each other's random numbers,
          and the next epoch repeats them again
    """

    code: ClassVar[str] = "DC905"
    name: ClassVar[str] = "repeated-random-numbers"
    severity: ClassVar[Severity] = Severity.WARNING
    requires = (TRAIN,)

    def judge(self, context: PreflightContext) -> Outcome:
        """Judge loader and model."""
        train = context.train
        if train.varies is None:
            raise CannotJudge("single items cannot be read")
        if not train.varies:
            return Passed("items do not vary from one reading to the next")
        if train.repeats is None:
            raise CannotJudge("needs at least two workers")
        distinct, readings = train.repeats
        repeated = distinct <= readings / 2
        if not (repeated or train.epochs_equal):
            return Passed(f"{distinct} different readings of {readings} by {train.n_workers} workers")
        message = (
            f"{train.n_workers} workers give {distinct} different readings of one item in {readings}: they repeat "
            f"each other's "
            "random numbers"
            if repeated
            else "two epochs read the same items with the same random numbers"
        )
        if repeated and train.epochs_equal:
            message += ", and the next epoch repeats them again"
        finding = self.finding(
            message,
            "use torch's random numbers, or make the generator in worker_init_fn from torch.initial_seed()",
            evidence={"distinct": distinct, "readings": readings, "epochs_equal": bool(train.epochs_equal)},
        )
        return Found((finding,))
