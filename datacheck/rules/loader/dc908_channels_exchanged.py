"""DC908: red and blue are exchanged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from datacheck.before_training.evidence import PreflightContext
from datacheck.findings import Found, Outcome, Severity
from datacheck.rules.loader.base import TRAIN_FILES, LoaderRule, unless_train
from datacheck.text import number


@dataclass(frozen=True)
class ChannelsExchanged(LoaderRule):
    """Red and blue are exchanged.

    What
    ----
    Compares the colours that arrive with those of the files.

    Why it hurts training
    ---------------------
    ``cv2.imread`` gives blue, green, red. Weights that were trained on red, green, blue then see a world of other
    colours, and lose some points without any other sign.

    How it is measured
    ------------------
    The quantiles of each channel of the images that were found again, against those of their files in the right and
    in the reversed order. Found where the reversed order leaves at most a twentieth of the residual (``ratio``).
    Grey images tell nothing.

    How to fix
    ----------
    ``cv2.cvtColor(image, cv2.COLOR_BGR2RGB)`` after reading, or the means and weights that expect this order.

    Example
    -------
    Images read by cv2.imread::

        DC908 red and blue arrive exchanged in 'train': in the reversed order the colours fit the files 93 times
          better
    """

    code: ClassVar[str] = "DC908"
    name: ClassVar[str] = "channels-exchanged"
    severity: ClassVar[Severity] = Severity.ERROR
    requires = (TRAIN_FILES,)

    ratio: float = 20.0

    def judge(self, context: PreflightContext) -> Outcome:
        """Judge loader and model."""
        findings, judged, unknown = [], {}, {}
        for loader in context.loaders:
            swapped = float("nan") if loader.found is None else loader.found.swapped
            if not np.isfinite(swapped):
                unknown[loader.name] = (
                    "fewer than 8 coloured images arrive whole: crops, augmentation and grey images tell nothing"
                )
                continue
            judged[loader.name] = "the channels are in the order of the files"
            if swapped >= self.ratio:
                findings.append(
                    self.finding(
                        f"red and blue arrive exchanged in {loader.name!r}: in the reversed order the colours fit "
                        f"the files "
                        f"{number(swapped, 2)} times better",
                        "convert with cv2.cvtColor(image, cv2.COLOR_BGR2RGB) after reading, unless the weights "
                        "expect this",
                        evidence={"ratio": swapped},
                    )
                )
        return Found(tuple(findings)) if findings else unless_train(judged, unknown)
