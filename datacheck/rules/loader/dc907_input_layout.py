"""DC907: images arrive with their channels last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from datacheck.before_training.evidence import PreflightContext
from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.rules.loader.base import TRAIN, CannotJudge, LoaderRule


@dataclass(frozen=True)
class InputLayout(LoaderRule):
    """Images arrive with their channels last.

    What
    ----
    Looks at the order of the axes: networks of torch expect batch, channels, height, width.

    Why it hurts training
    ---------------------
    A convolution then takes the rows of the image for its channels. It stops with an error about shapes, or, if the
    sizes fit by chance, learns nonsense.

    How it is measured
    ------------------
    By the shape of the batch: the last axis has 1, 3 or 4 entries and the second one more than 4.

    How to fix
    ----------
    ``v2.ToImage()``, ``ToTensor()``, or ``images.permute(0, 3, 1, 2)``.

    Example
    -------
    Arrays as OpenCV reads them::

        DC907 images in 'train' arrive as (32, 64, 64, 3), channels last: torch expects (32, 3, 64, 64)
    """

    code: ClassVar[str] = "DC907"
    name: ClassVar[str] = "input-layout"
    severity: ClassVar[Severity] = Severity.ERROR
    requires = (TRAIN,)

    def judge(self, context: PreflightContext) -> Outcome:
        """Judge loader and model."""
        findings = []
        for loader in context.loaders:
            shape = loader.batches[0].images.shape
            if len(shape) != 4:
                continue
            if shape[-1] in CHANNELS and shape[1] not in CHANNELS:
                expected = (shape[0], shape[3], shape[1], shape[2])
                findings.append(
                    self.finding(
                        f"images in {loader.name!r} arrive as {shape}, channels last: torch expects {expected}",
                        "use ToTensor() or v2.ToImage(), or images.permute(0, 3, 1, 2)",
                        evidence={"shape": list(shape)},
                    )
                )
        if findings:
            return Found(tuple(findings))
        shape = context.train.batches[0].images.shape
        if len(shape) != 4:
            raise CannotJudge(f"the inputs have the shape {shape}, which is none of images")
        return Passed(f"images arrive as {shape}")


CHANNELS = (1, 3, 4)
"""Numbers of channels that images have."""
