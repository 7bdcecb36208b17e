"""What is known of an expression of the code that is read."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

UNORDERED, TEXT_ORDER, NATURAL_ORDER = "unordered", "text", "natural"
"""Orders of a listing: as the file system or a hash gives it, by text, by the numbers in the names."""


@dataclass(frozen=True)
class Origin:
    """Where files or classes were listed: the same text with the same arguments is the same listing."""

    text: str
    path: tuple[str, ...] = ()
    node: ast.AST = field(default_factory=ast.AST, compare=False, repr=False)


@dataclass(frozen=True)
class Value:
    """What is known of one value; an empty one is unknown.

    Attributes
    ----------
    kind
        ``listing``, ``table``, ``zip``, ``enumerate``, ``module``, ``loss``, ``function``, ``class``, ``instance`` ….
    order
        Of a listing: `UNORDERED`, `TEXT_ORDER`, `NATURAL_ORDER`, ``key …``, or empty where it is not known.
    origins, shuffles
        The listings that it was made from, and the shuffles that it went through.
    tags
        Other facts: ``random`` (a transform that draws), ``augmented``, ``fitted``, ``softmax``, ``split`` ….
    items
        The parts of a tuple, where they are known apart.
    name
        The dotted name of the class that an instance was made of.
    constant
        The text of a constant.
    definition
        The function or class of the file that this is, or is an instance of.
    """

    kind: str = ""
    order: str = ""
    origins: frozenset[Origin] = frozenset()
    shuffles: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    items: tuple[Value, ...] = ()
    name: str = ""
    constant: str | None = None
    definition: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda | None = None

    def with_tags(self, *tags: str) -> Value:
        """Return the value with more facts."""
        return replace(self, tags=self.tags | set(tags))

    def derived(self, kind: str = "") -> Value:
        """Return what an unknown function makes of the value: of the same origin, in an order that is not known."""
        kept = self.tags & _LASTING if self.tags else self.tags
        if not (kind or kept or self.origins or self.shuffles):
            return UNKNOWN
        return Value(kind, origins=self.origins, shuffles=self.shuffles, tags=kept)

    def element(self) -> Value:
        """Return one element of a listing."""
        if self.items and self.kind not in ("zip", "enumerate", "tuple"):
            return self.items[0]
        return Value("element", origins=self.origins, items=self.items, tags=self.tags & {"augmented", "fitted"})


UNKNOWN = Value()

_LASTING = frozenset({"augmented", "fitted"})
"""Facts that an unknown function does not undo."""

Environment = dict[str, Value]
"""The values of names, those of attributes under their dotted text such as ``self.files``."""


def text_of(node: ast.expr) -> str:
    """Return the source text of an expression; of names and attributes without the cost of `ast.unparse`."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{text_of(node.value)}.{node.attr}"
    return ast.unparse(node)


def either(a: Value, b: Value) -> Value:
    """Return what holds of both values: the value after two branches."""
    if a == b:
        return a
    return Value(
        kind=a.kind if a.kind == b.kind else "",
        order=a.order if a.order == b.order else "",
        origins=a.origins | b.origins,
        shuffles=a.shuffles & b.shuffles,
        tags=a.tags & b.tags,
        name=a.name if a.name == b.name else "",
        definition=a.definition if a.definition is b.definition else None,
    )


def together(values: Iterable[Value], kind: str = "") -> Value:
    """Return a value made of several, such as a sum of lists: it has the facts of each."""
    found = [value for value in values if value is not UNKNOWN]
    if not found:
        return Value(kind) if kind else UNKNOWN
    orders = {value.order for value in found if value.origins}
    return Value(
        kind=kind,
        order=UNORDERED if UNORDERED in orders else next(iter(orders)) if len(orders) == 1 else "",
        origins=frozenset().union(*(value.origins for value in found)),
        shuffles=frozenset().union(*(value.shuffles for value in found)),
        tags=frozenset().union(*(value.tags for value in found)),
    )


def after_branches(before: Environment, first: Environment, second: Environment) -> Environment:
    """Return the names after an ``if``: what both branches agree on; a name of one branch alone is as there."""
    return {
        name: either(first[name], second[name])
        if name in first and name in second
        else first.get(name, second.get(name, UNKNOWN))
        for name in (*first, *(name for name in second if name not in first))
    }


@dataclass(frozen=True)
class Call:
    """One evaluated call.

    Attributes
    ----------
    node, name
        The call, and its dotted name with import aliases undone, such as ``numpy.random.shuffle``.
    receiver
        Of a method: the value before the dot.
    args, keywords
        The values of the arguments.
    targets
        The names that the result is assigned to, as text.
    scope
        The function that it stands in; None at the top of the file.
    loss
        The class of the loss that is called, where it is one.
    """

    node: ast.Call
    name: str
    receiver: Value
    args: tuple[Value, ...]
    keywords: Mapping[str, Value]
    targets: tuple[str, ...]
    scope: ast.AST | None
    loss: str = ""

    @property
    def tail(self) -> str:
        """The last part of the name."""
        return self.name.rpartition(".")[2]

    def text(self, position: int) -> str:
        """Return the source text of a positional argument, or nothing."""
        return text_of(self.node.args[position]) if position < len(self.node.args) else ""

    def keyword(self, name: str) -> ast.expr | None:
        """Return the expression of a keyword argument."""
        return next((one.value for one in self.node.keywords if one.arg == name), None)

    @property
    def takes_more(self) -> bool:
        """Whether ``**options`` may hold more arguments than can be seen."""
        return any(one.arg is None for one in self.node.keywords)


@dataclass(frozen=True)
class Part:
    """One evaluated subscript, ``value[index]``."""

    node: ast.Subscript
    value: Value
    targets: tuple[str, ...]
    scope: ast.AST | None


@dataclass(frozen=True)
class Loop:
    """One loop, and what it goes over."""

    node: ast.For | ast.AsyncFor | ast.comprehension
    value: Value
    holder: ast.AST


@dataclass
class Events:
    """What happened while a file was followed, in order."""

    calls: list[Call] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    loops: list[Loop] = field(default_factory=list)
    assigned: list[tuple[ast.expr, Value, Environment]] = field(default_factory=list)


def constant(value: Any) -> Value:
    """Return the value of a constant of the code."""
    return Value("constant", constant=repr(value))
