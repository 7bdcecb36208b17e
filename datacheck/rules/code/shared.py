"""What several rules on code ask of a file."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from datacheck.linting.source import SourceFile
from datacheck.linting.values import Call, Part, Value

_LABELS = re.compile(
    r"(?:^|[^a-z])(?:y|ys|y_?train|labels?|lbls?|targets?|masks?|anno\w*|gts?|truth|segs?|segment\w*|captions?|boxes|"
    r"bbox\w*|json|xmls?|txts?|depths?|hr|clean|density)(?:s|_?list|_?paths?|_?files?|_?names?|_?dir)?(?:[^a-z]|$)"
)
"""Words in the text of an argument that say: these are the labels."""

_HELD_OUT = re.compile(r"(?:^|[^a-z])(?:val|valid|validation|test|dev|eval|evaluation)(?:[^a-z]|$)")
_TRAIN = re.compile(r"(?:^|[^a-z])(?:train|training|trn)(?:[^a-z]|$)")
_FOR_TESTS = re.compile(r"(?:^|[/\\])(?:tests?[/\\]|test_[^/\\]*$|conftest\.py$|[^/\\]*_test\.py$)")


def spaced(text: str) -> str:
    """Return text in lower case with the parts of camel-case names apart.

    Examples
    --------
    >>> spaced("trainSet.valLoader")
    'train_set.val_loader'
    """
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text).lower()


def of_labels(text: str) -> bool:
    """Whether the text of an expression speaks of labels."""
    return bool(_LABELS.search(spaced(text)))


def held_out(text: str) -> bool:
    """Whether the text of an expression speaks of samples to validate or test on, and not of training.

    Examples
    --------
    >>> held_out("self.val_set"), held_out("train_val_set"), held_out("values")
    (True, False, False)
    """
    return bool(_HELD_OUT.search(spaced(text))) and not of_training(text)


def of_training(text: str) -> bool:
    """Whether the text of an expression speaks of training."""
    return bool(_TRAIN.search(spaced(text)))


def is_test_code(source: SourceFile) -> bool:
    """Whether the file tests code rather than trains: what it does on purpose is no slip."""
    return bool(_FOR_TESTS.search(source.path))


def quoted(text: str, limit: int = 40) -> str:
    """Return source text for a message, cut to a length.

    Examples
    --------
    >>> quoted("x" * 60)
    '`xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…`'
    """
    line = " ".join(text.split())
    return f"`{line if len(line) <= limit else line[: limit - 1] + '…'}`"


@dataclass(frozen=True)
class Side:
    """One of several lists that are used in parallel."""

    text: str
    value: Value

    @property
    def words(self) -> str:
        """The text, and that of the listings that it comes from."""
        return " ".join([self.text, *(one.text for one in self.value.origins)])


@dataclass(frozen=True)
class Parallel:
    """A place that takes the same position of several lists to belong together."""

    node: ast.AST
    what: str
    sides: tuple[Side, ...]
    scope: ast.AST | None
    strict: bool = True

    def pairs(self) -> Iterator[tuple[Side, Side]]:
        """Yield each two sides."""
        for n, first in enumerate(self.sides):
            for second in self.sides[n + 1 :]:
                yield first, second


_PARALLEL = ("zip", "map", "from_tensor_slices", "DataFrame", "train_test_split", "TensorDataset", "fit")
"""Functions that pair what they are given by position."""


@lru_cache(maxsize=1)
def parallels(source: SourceFile) -> tuple[Parallel, ...]:
    """Return the places that use several lists in parallel; ``strict`` where that is certain to pair them."""
    return tuple(_parallels(source))


def _parallels(source: SourceFile) -> Iterator[Parallel]:
    for call in source.calls(
        "zip", "map", "from_tensor_slices", "DataFrame", "train_test_split", "TensorDataset", "fit"
    ):
        texts, values = _sides(call)
        if len(values) >= 2:
            sides = tuple(Side(text, value) for text, value in zip(texts, values, strict=True))
            yield Parallel(call.node, call.tail, sides, call.scope, call.tail not in ("zip", "map"))
    yield from _same_index(source)


def _sides(call: Call) -> tuple[list[str], tuple[Value, ...]]:
    args = call.node.args
    if any(isinstance(arg, ast.Starred) for arg in args):
        return [], ()
    texts = [ast.unparse(arg) for arg in args]
    if call.name == "zip":
        return texts, call.args
    if call.name == "map":
        return texts[1:], call.args[1:]
    if call.tail in ("from_tensor_slices", "DataFrame") and args and isinstance(args[0], ast.Tuple | ast.List):
        return [ast.unparse(one) for one in args[0].elts], call.args[0].items
    if call.tail == "DataFrame" and args and isinstance(args[0], ast.Dict) and None not in args[0].keys:
        parts = zip(args[0].keys, args[0].values, strict=True)
        return [f"{ast.unparse(value)}" for _, value in parts], call.args[0].items
    if call.tail == "train_test_split":
        return texts, call.args
    if call.tail == "TensorDataset":
        return texts, call.args
    if call.tail == "fit" and call.receiver.kind != "estimator":
        return texts[:2], call.args[:2]
    return [], ()


def _same_index(source: SourceFile) -> Iterator[Parallel]:
    groups: dict[tuple[object, str, tuple[object, ...]], list[Part]] = {}
    for part in source.events.parts:
        index = part.node.slice
        variable = any(isinstance(node, ast.Name) for node in ast.walk(index))
        if variable and not isinstance(index, ast.Slice | ast.Tuple) and part.value.kind in ("listing", "table"):
            run = tuple(sorted({step for one in part.value.origins for step in one.path[:-1]}))
            groups.setdefault((part.scope, ast.unparse(index), run), []).append(part)
    for (_, index_text, _), parts in groups.items():
        sides = {ast.unparse(part.node.value): part for part in parts}
        if len(sides) >= 2:
            found = tuple(Side(text, part.value) for text, part in sides.items())
            last = list(sides.values())[-1]
            yield Parallel(last.node, f"[{index_text}]", found, last.scope)


_CHECKS = frozenset({"stem", "splitext", "basename", "replace"})


def checks_names(parallel: Parallel, source: SourceFile) -> bool:
    """Whether the function around compares the names of the files, by ``assert`` or by ``if``."""
    around = source.tree if parallel.scope is None else parallel.scope
    for node in ast.walk(around):
        if isinstance(node, ast.Assert | ast.If):
            tested = {getattr(one, "attr", getattr(one, "id", "")) for one in ast.walk(node.test)}
            compared = any(
                isinstance(one, ast.Compare) and isinstance(one.ops[0], ast.Eq | ast.NotEq | ast.In)
                for one in ast.walk(node.test)
            )
            if compared and (tested & _CHECKS or any("name" in word or "stem" in word for word in tested)):
                return True
    return False
