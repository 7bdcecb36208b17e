"""DC906: inputs that no network can learn from: not a number, constant, or of an integer type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from datacheck.before_training.evidence import PreflightContext
from datacheck.findings import Finding, Found, Outcome, Passed, Severity
from datacheck.rules.loader.base import TRAIN, LoaderRule
from datacheck.text import plural


@dataclass(frozen=True)
class InputValues(LoaderRule):
    """Inputs that no network can learn from: not a number, constant, or of an integer type.

    What
    ----
    Looks at the values of the images as they arrive.

    Why it hurts training
    ---------------------
    One value that is not a number makes every weight not a number. Constant images hold nothing. Integers stop most
    layers with an error, or are cut.

    How it is measured
    ------------------
    All values of the drawn batches. An image is constant if its largest and smallest value are equal.

    How to fix
    ----------
    Convert with ``ToTensor`` or ``v2.ToDtype(torch.float32, scale=True)``; guard divisions in your own transforms.

    Example
    -------
    A division by zero in a transform::

        DC906 8 of 64 images in 'train' hold values that are not numbers or infinite
    """

    code: ClassVar[str] = "DC906"
    name: ClassVar[str] = "input-values"
    severity: ClassVar[Severity] = Severity.ERROR
    requires = (TRAIN,)

    def judge(self, context: PreflightContext) -> Outcome:
        """Judge loader and model."""
        findings: list[Finding] = []
        for loader in context.loaders:
            images = [image for batch in loader.batches for image in batch.images]
            kinds = sorted({str(batch.images.dtype) for batch in loader.batches})
            n_bad = sum(not np.isfinite(image).all() for image in images if image.dtype.kind == "f")
            n_flat = sum(bool(image.size and image.max() == image.min()) for image in images)
            where = f"in {loader.name!r}"
            if n_bad:
                findings.append(
                    self.finding(
                        f"{n_bad:,} of {plural(len(images), 'image')} {where} hold values that are not numbers or "
                        f"infinite",
                        "guard divisions and logarithms in the transforms; check the files that are named by DC101",
                        evidence={"n_images": n_bad},
                        affected=n_bad,
                    )
                )
            if n_flat:
                findings.append(
                    self.finding(
                        f"{n_flat:,} of {plural(len(images), 'image')} {where} have one value everywhere",
                        "look at what the transforms do to these images",
                        severity=Severity.ERROR if n_flat == len(images) else Severity.WARNING,
                        evidence={"n_images": n_flat},
                        affected=n_flat,
                    )
                )
            if all(np.issubdtype(batch.images.dtype, np.integer) for batch in loader.batches):
                findings.append(
                    self.finding(
                        f"images {where} arrive as {', '.join(kinds)}, not as decimal numbers",
                        "convert them: v2.ToDtype(torch.float32, scale=True), or ToTensor()",
                        severity=Severity.WARNING,
                        evidence={"types": kinds},
                    )
                )
        if findings:
            return Found(tuple(findings))
        return Passed(f"{plural(sum(each.n_images for each in context.loaders), 'image')} with usual values")
