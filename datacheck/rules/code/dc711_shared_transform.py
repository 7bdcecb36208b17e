"""DC711: a transform is set through a subset, which changes all of its dataset."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from datacheck.findings import Severity
from datacheck.linting.source import SourceFile
from datacheck.linting.values import UNKNOWN
from datacheck.rules.code.base import CodeRule, Hit
from datacheck.rules.code.shared import quoted


@dataclass(frozen=True)
class SharedTransform(CodeRule):
    """A transform is set through one part of a random split, and changes the other part too.

    What
    ----
    Finds ``val_set.dataset.transform = …`` where ``val_set`` comes from ``random_split``.

    Why it hurts training
    ---------------------
    Both parts hold the same dataset object. The line that was meant for validation switches off the augmentation of
    training, or switches it on for validation, whichever is set last.

    How it is measured
    ------------------
    By following the part back to its split. A part whose ``dataset`` was replaced by a copy before is silent.

    How to fix
    ----------
    Open the dataset twice, with its two transforms, and take the same indices from each.

    Wrong, then right::

        val_set.dataset.transform = plain

        val_set = Subset(ImageFolder("data", transform=plain), val_set.indices)

    Example
    -------
    The transform of validation is set after the split::

        DC711 `val_set.dataset` is the dataset of the other parts too: this changes the transform of all of them
    """

    code: ClassVar[str] = "DC711"
    name: ClassVar[str] = "shared-transform"
    severity: ClassVar[Severity] = Severity.ERROR

    def hits(self, source: SourceFile) -> Iterator[Hit]:
        """Yield transforms that are set through a part."""
        copied = {ast.unparse(target) for target, _, _ in source.events.assigned if _ends(target, "dataset")}
        for target, _, names in source.events.assigned:
            if not (_ends(target, "transform") or _ends(target, "transforms")):
                continue
            holder = target.value if isinstance(target, ast.Attribute) else target
            if not _ends(holder, "dataset") or ast.unparse(holder) in copied:
                continue
            part = holder.value if isinstance(holder, ast.Attribute) else holder
            if "split" in names.get(ast.unparse(part), UNKNOWN).tags:
                message = f"{quoted(ast.unparse(holder))} is the dataset of the other parts too: this changes the "
                message += "transform of all of them"
                yield Hit(target, message, "open the dataset twice, and take the same indices from each")


def _ends(node: ast.expr, attribute: str) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == attribute
