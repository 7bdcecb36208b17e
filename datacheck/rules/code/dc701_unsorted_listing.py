"""DC701: a listing without a defined order reaches a place where order matters."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from datacheck.findings import Severity
from datacheck.linting.source import SourceFile
from datacheck.linting.values import UNORDERED, Loop, Origin, Value, text_of
from datacheck.rules.code.base import CodeRule, Hit
from datacheck.rules.code.shared import (
    Parallel,
    Side,
    checks_names,
    held_out,
    of_labels,
    of_training,
    parallels,
    quoted,
    spaced,
)

SORT = "sort it: wrap the listing in sorted(…)"
_MIXING = ("mix", "blend", "unpaired", "style", "negative", "triplet", "contrast")
"""Words in a function that combines samples of two folders on purpose, in any order."""
_FILES = frozenset({"f", "fn", "file", "filename", "path", "fpath", "p", "img", "image", "frame", "video", "sample"})
"""Names of loops over files, whose numbers are no class numbers."""


@dataclass(frozen=True)
class UnsortedListing(CodeRule):
    """A listing without a defined order reaches a place where order matters.

    What
    ----
    Finds results of ``glob``, ``iglob``, ``Path.glob``, ``rglob``, ``iterdir``, ``os.listdir``, ``scandir``, ``walk``
    and sets that are used in parallel with another list, that number the classes, or that are split by a slice,
    without being sorted first.

    Why it hurts training
    ---------------------
    The file system chooses the order. Two folders with the same names can be listed in two orders: each image then
    trains with the mask of another. Class numbers and splits differ between machines: saved weights name the wrong
    class, and a test set drawn again holds training samples.

    How it is measured
    ------------------
    By following the values of names through the functions of one file. A list that is sorted anywhere before its
    use, or used only by name, is silent.

    How to fix
    ----------
    Sort each listing by the same key, or pair files by their stem. ``datacheck lint --fix`` adds ``sorted(…)``.

    Wrong, then right::

        pairs = zip(glob("images/*.png"), glob("masks/*.png"))

        pairs = zip(sorted(glob("images/*.png")), sorted(glob("masks/*.png")))

    Example
    -------
    Images and masks are listed by two calls::

        DC701 `images` and `masks` are listed in an order that is not defined, and used in parallel: a sample can get
          the label of another
    """

    code: ClassVar[str] = "DC701"
    name: ClassVar[str] = "unsorted-listing"
    severity: ClassVar[Severity] = Severity.ERROR

    def hits(self, source: SourceFile) -> Iterator[Hit]:
        """Yield the places where the order matters."""
        for parallel in parallels(source):
            for first, second in parallel.pairs():
                if mismatched(first, second, UNORDERED) and belong(parallel, first, second, source):
                    yield self._parallel(parallel, first, second)
        yield from self._class_numbers(source)
        yield from self._slices(source)

    def _parallel(self, parallel: Parallel, first: Side, second: Side) -> Hit:
        sides = [side for side in (first, second) if side.value.order == UNORDERED]
        names = " and ".join(quoted(side.text) for side in sides)
        are = "are" if len(sides) == 2 else "is"
        message = (
            f"{names} {are} listed in an order that is not defined, and used in parallel"
            f"{'' if len(sides) == 2 else ' with ' + quoted((second if sides[0] is first else first).text)}: "
            "a sample can get the label of another"
        )
        return Hit(parallel.node, message, "sort both by the same key, or pair them by file stem", to_sort=fixes(sides))

    def _class_numbers(self, source: SourceFile) -> Iterator[Hit]:
        for loop in source.events.loops:
            if loop.value.order == UNORDERED and numbers_classes(loop):
                yield self._numbered(loop.node.iter, loop.value)
        for call in source.calls("index"):
            if call.receiver.kind == "listing" and call.receiver.order == UNORDERED and call.args:
                yield self._numbered(call.node, call.receiver)

    def _numbered(self, node: ast.AST, value: Value) -> Hit:
        made = quoted(next(iter(sorted(one.text for one in value.origins)), ""))
        message = f"numbers follow the order of {made}, which is not defined: a class can get another number next time"
        return Hit(node, message, SORT, to_sort=fixes([Side("", value)]))

    def _slices(self, source: SourceFile) -> Iterator[Hit]:
        seen: dict[tuple[object, ...], set[str]] = {}
        slices = [one for one in source.events.parts if isinstance(one.node.slice, ast.Slice)]
        for part in slices:
            bounds = part.node.slice
            assert isinstance(bounds, ast.Slice)
            ends = {ast.unparse(one) for one in (bounds.lower, bounds.upper) if one is not None}
            key = (part.scope, ast.unparse(part.node.value))
            splits = any(held_out(name) or of_training(name) for name in part.targets)
            again = seen.setdefault(key, set()) & ends
            seen[key] |= ends
            if part.value.order == UNORDERED and part.value.kind in ("listing", "set") and (splits or again):
                whole = quoted(ast.unparse(part.node.value))
                message = f"{whole} is split by position, and listed in an order that is not defined: drawn again, "
                message += "the split is another, and samples move between training and test"
                yield Hit(part.node, message, SORT, Severity.WARNING, fixes([Side("", part.value)]))


def mismatched(first: Side, second: Side, order: str) -> bool:
    """Whether one side is a listing of the order, and the other a listing of other files or the rows of a table."""
    a, b = first.value, second.value
    if order not in (a.order, b.order) or a.origins & b.origins:
        return False
    return all(one.origins or one.kind == "table" for one in (a, b))


def belong(parallel: Parallel, first: Side, second: Side, source: SourceFile) -> bool:
    """Whether the two sides are meant as sample and label, and nothing checks that their names agree."""
    if checks_names(parallel, source):
        return False
    if of_labels(first.words) or of_labels(second.words) or "table" in (first.value.kind, second.value.kind):
        return True
    line = source.lines[getattr(parallel.node, "lineno", 1) - 1].lower()
    around = (getattr(parallel.scope, "name", "") + line).lower()
    return not any(word in around for word in _MIXING)


def numbers_classes(loop: Loop) -> bool:
    """Whether the counter of ``enumerate(…)`` or ``range(len(…))`` becomes the number of a class."""
    parts = loop.node.target.elts if isinstance(loop.node.target, ast.Tuple) else [loop.node.target]
    kind = {1: "positions", 2: "enumerate"}.get(len(parts))
    if not isinstance(parts[0], ast.Name) or loop.value.kind != kind:
        return False
    counter, elements = parts[0].id, names_in(parts[-1])
    if any(spaced(name).rstrip("s").rpartition("_")[2] in _FILES for name in elements - {counter}):
        return False
    if isinstance(loop.holder, ast.DictComp):
        return text_of(loop.holder.value) == counter and bool(elements & names_in(loop.holder.key))
    return any(_stores(node, counter) for one in getattr(loop.holder, "body", ()) for node in ast.walk(one))


def names_in(node: ast.AST) -> set[str]:
    """Return the names in an expression."""
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def _stores(node: ast.AST, counter: str) -> bool:
    """Whether a statement keeps the counter itself as a label."""
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and node.value.id == counter:
        target = node.targets[0]
        return isinstance(target, ast.Subscript) or any(
            word in ast.unparse(target).lower() for word in ("label", "class", "target", "cls", "idx")
        )
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "append" and node.args:
        value = node.args[0]
        parts = value.elts if isinstance(value, ast.Tuple | ast.List) else [value]
        return any(isinstance(part, ast.Name) and part.id == counter for part in parts) and (
            len(parts) > 1 or of_labels(ast.unparse(node.func.value)) or "class" in ast.unparse(node.func.value).lower()
        )
    return False


def fixes(sides: list[Side]) -> tuple[ast.expr, ...]:
    """Return the listings that can be wrapped in ``sorted(…)``; a walk of folders cannot."""
    found: list[Origin] = [one for side in sides for one in side.value.origins]
    return tuple(
        one.node
        for one in found
        if isinstance(one.node, ast.Call) and not one.text.startswith(("os.walk", "os.scandir", "walk(", "scandir("))
    )
