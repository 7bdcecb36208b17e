"""DC712: images in the order blue, green, red go into statistics of red, green, blue."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from datacheck.findings import Severity
from datacheck.linting.source import SourceFile
from datacheck.linting.values import Call
from datacheck.rules.code.base import CodeRule, Hit
from datacheck.rules.code.shared import of_labels, quoted

_TURNS = re.compile(
    r"BGR2RGB|RGB2BGR|COLOR_BGR|::\s*-1|\[\s*2\s*,\s*1\s*,\s*0\s*\]|to_rgb|bgr_?to_?rgb|bgr2rgb|IMREAD_COLOR_RGB|"
    r"channel_swap|swap_?rb|cv2\.split|\.merge\(|flip\([^)]*,\s*(?:axis\s*=\s*)?(?:2|-1)\s*\)",
    re.IGNORECASE,
)
"""Ways to exchange the channels; one of them anywhere in the file keeps the rule silent."""
_IMAGENET = re.compile(r"0?\.485\s*,\s*0?\.456\s*,\s*0?\.406|IMAGENET_DEFAULT_MEAN")


@dataclass(frozen=True)
class ChannelOrder(CodeRule):
    """Images that cv2.imread reads in the order blue, green, red meet the statistics of red, green, blue.

    What
    ----
    Finds a file that reads images with ``cv2.imread``, never exchanges the channels, and normalises by the means of
    ImageNet.

    Why it hurts training
    ---------------------
    Pretrained weights see red as blue. Fine-tuning hides much of it, and some points of accuracy stay lost; weights
    that are used frozen, or by someone who reads with another library, lose more.

    How it is measured
    ------------------
    By the calls and constants of one file; masks and grey images do not count. A conversion in another file cannot be
    seen: the message says what was looked at.

    How to fix
    ----------
    Convert after reading: ``cv2.cvtColor(image, cv2.COLOR_BGR2RGB)``.

    Wrong, then right::

        image = normalize(to_tensor(cv2.imread(path)))

        image = normalize(to_tensor(cv2.cvtColor(cv2.imread(path), cv2.COLOR_BGR2RGB)))

    Example
    -------
    A loader with OpenCV::

        DC712 `cv2.imread(path)` gives blue, green, red, and this file normalises by ImageNet's means of red, green,
          blue without exchanging them
    """

    code: ClassVar[str] = "DC712"
    name: ClassVar[str] = "channel-order"
    severity: ClassVar[Severity] = Severity.WARNING

    def hits(self, source: SourceFile) -> Iterator[Hit]:
        """Yield images that are read without a conversion."""
        if not _IMAGENET.search(source.text) or _TURNS.search(source.text):
            return
        for call in source.calls("imread"):
            if call.name == "cv2.imread" and reads_colours(call):
                message = (
                    f"{quoted(ast.unparse(call.node))} gives blue, green, red, and this file normalises by ImageNet's "
                    "means of red, green, blue without exchanging them"
                )
                yield Hit(call.node, message, "convert after reading: cv2.cvtColor(image, cv2.COLOR_BGR2RGB)")


def reads_colours(call: Call) -> bool:
    """Whether this reads a colour image rather than a mask or a grey one."""
    flags = " ".join(ast.unparse(one) for one in (*call.node.args[1:], *(word.value for word in call.node.keywords)))
    grey = "GRAY" in flags or "UNCHANGED" in flags or "ANYDEPTH" in flags or flags.strip() in ("0", "-1")
    return not grey and not any(map(of_labels, (*call.targets, call.text(0))))
