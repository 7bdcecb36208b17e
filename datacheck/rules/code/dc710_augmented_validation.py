"""DC710: random transforms on samples to validate or test on."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from datacheck.findings import Severity
from datacheck.linting.source import SourceFile
from datacheck.linting.values import Call
from datacheck.rules.code.base import CodeRule, Hit
from datacheck.rules.code.shared import held_out, is_test_code, quoted, spaced


@dataclass(frozen=True)
class AugmentedValidation(CodeRule):
    """Validation or test samples go through random transforms.

    What
    ----
    Finds a dataset named for validation or test that is given a transform which draws at random, a generator of Keras
    with random options that serves the validation subset, and a random split of a dataset with such a transform.

    Why it hurts training
    ---------------------
    The score changes from one run to the next and is that of distorted images, usually too low; the best epoch is
    chosen by luck.

    How it is measured
    ------------------
    By following each transform to the dataset that uses it. A transform that only one branch makes random is silent.

    How to fix
    ----------
    Give validation a transform of its own, without the random steps.

    Wrong, then right::

        val_set = ImageFolder("data/val", transform=train_transform)

        val_set = ImageFolder("data/val", transform=plain_transform)

    Example
    -------
    One transform serves both parts::

        DC710 `val_set` goes through random transforms: its score is that of distorted images and changes each time
    """

    code: ClassVar[str] = "DC710"
    name: ClassVar[str] = "augmented-validation"
    severity: ClassVar[Severity] = Severity.WARNING

    def hits(self, source: SourceFile) -> Iterator[Hit]:
        """Yield datasets to validate on that draw at random."""
        if is_test_code(source):
            return
        for call in source.events.calls:
            name = next((one for one in call.targets if held_out(one)), "")
            if any(word in spaced(name) for word in ("tta", "augment", "transform", "_tf")):
                continue
            if makes_random_data(call) and (name or _says_held_out(call)):
                yield self._hit(call, name or ast.unparse(call.node.func))
            elif name and call.tail == "random_split" and call.args and "random-data" in call.args[0].tags:
                yield from () if ".dataset" in source.text or wrapped(source, name) else (self._hit(call, name),)

    def _hit(self, call: Call, name: str) -> Hit:
        message = f"{quoted(name)} goes through random transforms: "
        message += "its score is that of distorted images and changes each time"
        return Hit(call.node, message, "give it a transform without the random steps")


def makes_random_data(call: Call) -> bool:
    """Whether a call makes a dataset with a random transform."""
    if call.tail in ("flow_from_directory", "flow_from_dataframe", "flow"):
        return "random" in call.receiver.tags and call.receiver.kind == "generator"
    made = call.tail[:1].isupper() and call.tail not in ("Compose", "Sequential", "OneOf", "ToTensor", "Lambda")
    values = [*call.args, *call.keywords.values()]
    return made and any("random" in value.tags and value.kind == "transform" for value in values)


def wrapped(source: SourceFile, name: str) -> bool:
    """Whether the part is given to something else with a transform of its own."""
    return any(
        name in (ast.unparse(arg) for arg in (*call.node.args, *(one.value for one in call.node.keywords)))
        and any("transform" in (one.arg or "") for one in call.node.keywords)
        for call in source.events.calls
    )


def _says_held_out(call: Call) -> bool:
    """Whether an argument says that this is the part to validate on: ``split="val"``, ``train=False``."""
    for one in call.node.keywords:
        if isinstance(one.value, ast.Constant):
            if one.arg == "train" and one.value.value is False:
                return True
            if one.arg in ("split", "subset", "mode", "phase", "image_set") and held_out(str(one.value.value)):
                return True
    return False
