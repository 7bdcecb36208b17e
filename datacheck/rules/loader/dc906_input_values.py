"""DC906: inputs that no network can learn from: not a number, constant, or of an integer type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from datacheck.before_training.evidence import LoaderEvidence, PreflightContext
from datacheck.findings import Finding, Found, Outcome, Passed, Severity
from datacheck.rules.loader.base import TRAIN, LoaderRule, traced
from datacheck.text import number, plural


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
    All values of the drawn batches. Where the normalisation cannot be traced to the files (DC909), values beyond
    ``largest`` or within ``smallest_spread`` are named too. An image is constant if its largest and smallest value are
    equal.

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

    largest: float = 30.0  # normalised values stay below 5, and values from 0 to 255 do not
    smallest_spread: float = 0.05  # values from 0 to 1 that were divided by 255 once more lie within 0.004

    def judge(self, context: PreflightContext) -> Outcome:
        """Judge loader and model."""
        findings: list[Finding] = []
        for loader in context.loaders:
            images = [image for batch in loader.batches for image in batch.images]
            where = f"in {loader.name!r}"
            n_bad = sum(not np.isfinite(image).all() for image in images if image.dtype.kind == "f")
            n_flat = sum(bool(image.size and image.max() == image.min()) for image in images)
            if n_bad:
                findings.append(self._not_numbers(where, n_bad, len(images)))
            if n_flat:
                findings.append(self._constant(where, n_flat, len(images)))
            if all(np.issubdtype(batch.images.dtype, np.integer) for batch in loader.batches):
                findings.append(self._integers(where, loader))
            elif not (n_bad or n_flat or traced(loader)):
                findings += self._range(where, loader)
        if findings:
            return Found(tuple(findings))
        return Passed(f"{plural(sum(each.n_images for each in context.loaders), 'image')} with usual values")

    def _not_numbers(self, where: str, n_bad: int, n_images: int) -> Finding:
        return self.finding(
            f"{n_bad:,} of {plural(n_images, 'image')} {where} hold values that are not numbers or infinite",
            "guard divisions and logarithms in the transforms; check the files that are named by DC101",
            evidence={"n_images": n_bad},
            affected=n_bad,
        )

    def _constant(self, where: str, n_flat: int, n_images: int) -> Finding:
        return self.finding(
            f"{n_flat:,} of {plural(n_images, 'image')} {where} have one value everywhere",
            "look at what the transforms do to these images",
            severity=Severity.ERROR if n_flat == n_images else Severity.WARNING,
            evidence={"n_images": n_flat},
            affected=n_flat,
        )

    def _integers(self, where: str, loader: LoaderEvidence) -> Finding:
        kinds = sorted({str(batch.images.dtype) for batch in loader.batches})
        return self.finding(
            f"images {where} arrive as {', '.join(kinds)}, not as decimal numbers",
            "convert them: v2.ToDtype(torch.float32, scale=True), or ToTensor()",
            severity=Severity.WARNING,
            evidence={"types": kinds},
        )

    def _range(self, where: str, loader: LoaderEvidence) -> list[Finding]:
        low = float(min(batch.images.min(initial=np.inf) for batch in loader.batches))
        high = float(max(batch.images.max(initial=-np.inf) for batch in loader.batches))
        if max(-low, high) <= self.largest and high - low >= self.smallest_spread:
            return []
        return [
            self.finding(
                f"values {where} lie between {number(low)} and {number(high)}: networks expect a spread of about 1",
                "scale and normalise once: ToTensor() divides by 255; give audit= to see what was done",
                severity=Severity.WARNING,
                evidence={"low": low, "high": high},
            )
        ]
