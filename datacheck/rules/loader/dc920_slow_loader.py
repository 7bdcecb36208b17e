"""DC920: the model waits for the loader."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from datacheck.before_training.evidence import PreflightContext
from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.rules.loader.base import MODEL, CannotJudge, LoaderRule
from datacheck.text import number


@dataclass(frozen=True)
class SlowLoader(LoaderRule):
    """The model waits for the loader.

    What
    ----
    Compares the seconds of a batch of the loader alone with those of a training step alone.

    Why it hurts training
    ---------------------
    The processor or the graphics card that was paid for stands still while images are decoded.

    How it is measured
    ------------------
    The median over the drawn batches after the first, against the fastest of a few steps on the device of the model.
    Where the loader is slower, other numbers of workers are timed as well, and the decoding of some JPEG files, whole
    and at the scale that is enough: what helps is named.

    How to fix
    ----------
    Set ``num_workers`` to the number that was fastest, decode images at a smaller size, or store them smaller;
    ``pin_memory=True`` for a graphics card.

    Example
    -------
    No workers::

        DC920 the model waits for the loader: 0.4 s a batch, a step takes 0.1 s; 2 workers need 0.2 s
    """

    code: ClassVar[str] = "DC920"
    name: ClassVar[str] = "slow-loader"
    severity: ClassVar[Severity] = Severity.INFO
    requires = (MODEL,)

    slower: float = 1.2

    def judge(self, context: PreflightContext) -> Outcome:
        """Judge loader and model."""
        model, train = context.model, context.train
        assert model is not None, "required"
        if not len(train.seconds) or not model.step_seconds > 0:
            raise CannotJudge("neither the loader nor a step could be timed")
        loader = float(np.median(train.seconds))
        if loader <= self.slower * model.step_seconds:
            return Passed(f"{number(loader, 2)} s a batch of the loader, {number(model.step_seconds, 2)} s a step")
        step = number(model.step_seconds, 2)
        message = f"the model waits for the loader: {number(loader, 2)} s a batch, a step takes {step} s"
        remedies = []
        faster = context.faster
        if faster is not None and min(faster.seconds) < loader:
            best = faster.n_workers[int(np.argmin(faster.seconds))]
            message += f"; {best} workers need {number(min(faster.seconds), 2)} s"
            remedies.append(f"set num_workers={best}")
        if faster is not None and faster.decoding is not None and faster.decoding[0] > self.slower * faster.decoding[1]:
            whole, reduced = (number(1000 * seconds, 2) for seconds in faster.decoding)
            message += f"; decoding a file takes {whole} ms, at the size that is needed {reduced} ms"
            remedies.append("decode at a reduced scale (Image.draft) or store the images smaller")
        remedies.append("pin_memory=True for a graphics card")
        remedy = "; ".join(remedies)
        finding = self.finding(
            message,
            remedy,
            evidence={
                "loader_seconds": loader,
                "step_seconds": model.step_seconds,
                "device": model.device,
                "workers": {} if faster is None else dict(zip(map(str, faster.n_workers), faster.seconds, strict=True)),
            },
        )
        return Found((finding,))
