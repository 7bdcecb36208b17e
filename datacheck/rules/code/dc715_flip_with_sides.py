"""DC715: images are mirrored although classes name a side."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from datacheck.findings import Severity
from datacheck.linting.knowledge import FLIPS
from datacheck.linting.source import SourceFile
from datacheck.linting.values import Call
from datacheck.rules.code.base import CodeRule, Hit
from datacheck.rules.code.shared import quoted, spaced


@dataclass(frozen=True)
class FlipWithSides(CodeRule):
    """Images are mirrored at random although two classes differ in left and right.

    What
    ----
    Finds a horizontal flip in a file whose class names hold a pair such as ``turn_left`` and ``turn_right``.

    Why it hurts training
    ---------------------
    Half of the images of each of the two classes show the other one: the pair cannot be told apart better than by
    chance.

    How it is measured
    ------------------
    By names in one list, tuple or dictionary that become equal when left is read as right. Code that exchanges the
    labels or the key points with the flip is silent.

    How to fix
    ----------
    Leave out the flip, or exchange the two labels when an image is flipped.

    Wrong, then right::

        CLASSES = ["turn_left", "turn_right"]
        transform = Compose([RandomHorizontalFlip(), ToTensor()])

        transform = Compose([RandomAffine(5), ToTensor()])

    Example
    -------
    Arrows on a road::

        DC715 images are mirrored, and the classes `turn_left` and `turn_right` differ in the side alone
    """

    code: ClassVar[str] = "DC715"
    name: ClassVar[str] = "flip-with-sides"
    severity: ClassVar[Severity] = Severity.WARNING

    def hits(self, source: SourceFile) -> Iterator[Hit]:
        """Yield flips beside such classes."""
        flips = [call for call in source.calls(*FLIPS) if _flips(call)]
        if not flips or re.search(r"flip_?(?:pairs|ind|idx|map|label)|swap|keypoint", source.text, re.IGNORECASE):
            return
        pair = sides(source)
        if pair is not None:
            message = (
                f"images are mirrored, and the classes {quoted(pair[0])} and {quoted(pair[1])} differ in the side alone"
            )
            for call in flips:
                yield Hit(call.node, message, "leave out the flip, or exchange the two labels with it")


def sides(source: SourceFile) -> tuple[str, str] | None:
    """Return two names in one collection that differ in left and right alone."""
    for node in source.nodes:
        if isinstance(node, ast.List | ast.Tuple | ast.Set | ast.Dict):
            parts = [*node.keys, *node.values] if isinstance(node, ast.Dict) else node.elts
            names = [one.value for one in parts if isinstance(one, ast.Constant) and isinstance(one.value, str)]
            mirrored = {_mirrored(name): name for name in names if _mirrored(name) != name}
            for name in names:
                if name in mirrored and len(name) <= 40:
                    return (name, mirrored[name]) if "left" in name.lower() else (mirrored[name], name)
    return None


def _mirrored(name: str) -> str:
    return re.sub(r"left|right", lambda found: _OTHER[found[0]], name)


_OTHER = {"left": "right", "right": "left"}


def _flips(call: Call) -> bool:
    chance = call.keyword("p")
    return "vertical" not in spaced(call.text(0)) and not (isinstance(chance, ast.Constant) and chance.value == 0)
