"""DC709: class numbers are made separately for training and test."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from datacheck.findings import Severity
from datacheck.linting.knowledge import FOLDERS_OF_CLASSES
from datacheck.linting.source import SourceFile
from datacheck.linting.values import Call
from datacheck.rules.code.base import CodeRule, Hit
from datacheck.rules.code.shared import held_out, is_test_code, of_training, quoted

_SPLIT_WORDS = re.compile(r"train(?:ing)?|val(?:id(?:ation)?)?|test(?:ing)?|dev|eval", re.IGNORECASE)


@dataclass(frozen=True)
class ClassIndexMismatch(CodeRule):
    """Class numbers are made separately for training and for test.

    What
    ----
    Finds a ``LabelEncoder`` (or ``factorize``) that is fitted again on the labels of the test set, image folders of
    different places that are joined, and, as advice, image folders of different places for training and test.

    Why it hurts training
    ---------------------
    The numbers follow the sorted names of the classes that are there. Where one class is missing in one part, every
    later class has another number: the score drops, or a joined dataset mixes classes, and nothing says why.

    How it is measured
    ------------------
    By what each encoder is fitted on, and by the paths of the folders. ``ImageFolder("data/train")`` beside
    ``ImageFolder("data/val")`` is usual and silent: `datacheck audit` compares the folders themselves (DC109).

    How to fix
    ----------
    Make the numbers once, from training, and use them everywhere; compare ``class_to_idx`` of the folders.

    Wrong, then right::

        y_test = encoder.fit_transform(test["breed"])

        y_test = encoder.transform(test["breed"])

    Example
    -------
    An encoder that is fitted twice::

        DC709 the encoder is fitted again on `test['breed']`: a class can have another number than in training
    """

    code: ClassVar[str] = "DC709"
    name: ClassVar[str] = "class-index-mismatch"
    severity: ClassVar[Severity] = Severity.ERROR

    def hits(self, source: SourceFile) -> Iterator[Hit]:
        """Yield class numbers that are made twice."""
        if is_test_code(source):
            return
        encoders = [call for call in source.calls("fit_transform", "factorize") if _encodes(call, source)]
        trained = any(of_training(call.text(0)) for call in encoders)
        for call in encoders:
            if trained and held_out(call.text(0)):
                text = quoted(call.text(0))
                message = f"the encoder is fitted again on {text}: a class can have another number than in training"
                yield Hit(call.node, message, "use transform(…) with the encoder that was fitted on training")
        if not any(word in source.text for word in ("class_to_idx", "target_transform", ".classes")):
            yield from self._folders(source)

    def _folders(self, source: SourceFile) -> Iterator[Hit]:
        places = {name: (call, _place(call)) for call in source.calls(*FOLDERS_OF_CLASSES) for name in call.targets}
        for call in source.calls("ConcatDataset"):
            joined = {
                places[one.id][1] for one in ast.walk(call.node) if isinstance(one, ast.Name) and one.id in places
            }
            if len(joined) > 1 and None not in joined:
                message = "image folders of different places are joined: the same number can mean two classes"
                yield Hit(call.node, message, "compare class_to_idx of the folders, or give them one mapping")
        trained = {place for name, (_, place) in places.items() if of_training(name)}
        for name, (call, place) in places.items():
            if held_out(name) and place is not None and trained and None not in trained and place not in trained:
                message = f"`{name}` numbers the classes of another folder than training: a number can mean two classes"
                yield Hit(call.node, message, "compare class_to_idx of the two", Severity.INFO)


def _encodes(call: Call, source: SourceFile) -> bool:
    if call.tail == "factorize":
        return True
    name = call.name.rpartition(".")[0]
    made = next((one for one in source.calls("LabelEncoder") if name in one.targets), None)
    return "LabelEncoder" in name or made is not None


def _place(call: Call) -> str | None:
    """Return a constant root with the words of splits taken out; None where it is not constant."""
    root = call.node.args[0] if call.node.args else call.keyword("root")
    if not isinstance(root, ast.Constant) or not isinstance(root.value, str):
        return None
    return re.sub(r"[\W_]+", "/", _SPLIT_WORDS.sub("", root.value)).strip("/").lower()
