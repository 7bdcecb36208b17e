"""DC708: the test set chooses the model."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from datacheck.findings import Severity
from datacheck.linting.source import SourceFile
from datacheck.rules.code.base import CodeRule, Hit
from datacheck.rules.code.shared import is_test_code, quoted, spaced

_TEST = re.compile(r"(?:^|[^a-z])test(?:ing)?(?:[^a-z]|$)")
_CHOOSERS = ("EarlyStopping", "ModelCheckpoint", "ReduceLROnPlateau")


@dataclass(frozen=True)
class TestSetChoice(CodeRule):
    """The test set chooses the epoch or the model.

    What
    ----
    Finds ``if test_acc > best_acc`` that keeps a checkpoint, ``validation_data`` of the test set beside callbacks
    that stop or keep by it, and the same with ``eval_set`` and ``early_stopping_rounds``.

    Why it hurts training
    ---------------------
    The best of many epochs on the test set is a lucky one: the reported score is too high, by more the smaller the
    test set is and the more often it was asked.

    How it is measured
    ------------------
    By the names of what is compared and kept.

    How to fix
    ----------
    Choose on a validation set; use the test set once, at the end.

    Wrong, then right::

        if test_acc > best_acc:
            torch.save(model.state_dict(), "best.pt")

        if val_acc > best_acc:
            torch.save(model.state_dict(), "best.pt")

    Example
    -------
    The checkpoint of the best test accuracy is kept::

        DC708 `test_acc > best_acc` chooses by the test set, so its score is too high
    """

    code: ClassVar[str] = "DC708"
    name: ClassVar[str] = "test-set-choice"
    severity: ClassVar[Severity] = Severity.WARNING

    def hits(self, source: SourceFile) -> Iterator[Hit]:
        """Yield choices by the test set."""
        if is_test_code(source):
            return
        remedy = "choose on a validation set, and use the test set once at the end"
        for node in source.nodes:
            if isinstance(node, ast.If) and chooses_by_test(node):
                test = quoted(ast.unparse(node.test))
                yield Hit(node.test, f"{test} chooses by the test set, so its score is too high", remedy)
        for call in source.calls("fit", "fit_generator", "train"):
            data, chooser = call.keyword("validation_data"), call.keyword("callbacks")
            if chooser is None:
                data, chooser = call.keyword("eval_set"), call.keyword("early_stopping_rounds")
                stops = chooser is not None
            else:
                stops = any(word in _whole(source, chooser) for word in _CHOOSERS)
            if data is not None and stops and _of_test(ast.unparse(data)):
                message = f"{quoted(ast.unparse(data))} chooses when to stop or what to keep, so its score is too high"
                yield Hit(data, message, remedy)


def chooses_by_test(node: ast.If) -> bool:
    """Whether an ``if`` compares a test metric with the best so far, and keeps something."""
    compares = [one for one in ast.walk(node.test) if isinstance(one, ast.Compare)]
    for one in compares:
        sides = [ast.unparse(side) for side in (one.left, *one.comparators)]
        if any(_of_test(side) and "best" not in side for side in sides) and any(
            "best" in side.lower() for side in sides
        ):
            return True
    return False


def _of_test(text: str) -> bool:
    return bool(_TEST.search(spaced(text)))


def _whole(source: SourceFile, node: ast.expr) -> str:
    """Return the text of callbacks, with what the names in it were assigned."""
    names = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
    values = [ast.unparse(one.value) for one in source.nodes if isinstance(one, ast.Assign)
              and {ast.unparse(target) for target in one.targets} & names]  # fmt: skip
    return " ".join([ast.unparse(node), *values])
