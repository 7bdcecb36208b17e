"""What an expression is worth: order, origin and facts, passed on through calls, lists and slices."""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from dataclasses import replace

from datacheck.linting.calls import effect_of, result_of
from datacheck.linting.values import (
    UNKNOWN,
    UNORDERED,
    Call,
    Environment,
    Events,
    Loop,
    Origin,
    Part,
    Value,
    constant,
    either,
    text_of,
    together,
)


class Expressions(ABC):
    """Evaluates expressions; `datacheck.linting.flow.Flow` adds the statements."""

    def __init__(self, tree: ast.Module) -> None:
        self.imports = imported_names(tree)
        self.env: Environment = {}
        self.events = Events()
        self.loops: list[Value] = []
        self.path: tuple[str, ...] = ()
        self.scope: ast.AST | None = None
        self.targets: tuple[str, ...] = ()
        self.outputs: dict[ast.AST, Value] = {}
        self.seeded = ""

    @abstractmethod
    def enter(self, value: Value, args: tuple[Value, ...], keywords: dict[str, Value], texts: tuple[str, ...]) -> Value:
        """Follow a function of the file."""

    def dotted(self, node: ast.expr) -> str:
        """Return the dotted name of an expression with import aliases undone; of a method call, what can be told."""
        if isinstance(node, ast.Name):
            return self.imports.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            return f"{self.dotted(node.value)}.{node.attr}"
        if isinstance(node, ast.Call):
            return f"{self.dotted(node.func)}()"
        return "?"

    def read(self, node: ast.expr) -> Value:
        """Return the value of a name or attribute without following anything."""
        if isinstance(node, ast.Name | ast.Attribute):
            return self.env.get(text_of(node), UNKNOWN)
        return UNKNOWN

    def put(self, target: ast.expr, value: Value) -> None:
        """Give a name, an attribute or the names of a tuple their value."""
        match target:
            case ast.Name() | ast.Attribute():
                self.events.assigned.append((target, value, self.env))
                self.env[text_of(target)] = value
            case ast.Tuple(elts=elts) | ast.List(elts=elts):
                apart = value.items if len(value.items) == len(elts) else (_part(value),) * len(elts)
                for name, part in zip(elts, apart, strict=True):
                    if value.kind == "element" and value.items:
                        part = part.element() if part.kind else part
                    self.put(name.value if isinstance(name, ast.Starred) else name, part)
            case ast.Subscript(value=ast.Name() | ast.Attribute() as holder) if isinstance(target.slice, ast.Slice):
                self.env[text_of(holder)] = value

    def appended(self, before: Value, added: Value, *, whole: bool = False) -> Value:
        """Return a list after an append in the loops that are open (``whole``: after it was extended by a list)."""
        loops = [loop for loop in self.loops if loop.origins]
        inner = loops[-1] if loops else UNKNOWN
        order = added.order if whole and added.origins else inner.order
        origins = before.origins | added.origins.union(*(loop.origins for loop in loops))
        if not origins:
            return replace(before, tags=before.tags | added.tags, order="")
        if before.origins and before.order != order:
            order = UNORDERED if UNORDERED in (before.order, order) and "" not in (before.order, order) else ""
        return Value("listing", order, origins, before.shuffles | added.shuffles, before.tags | added.tags)

    def truth(self, node: ast.expr) -> bool | None:
        """Return what a condition is where constants decide it."""
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            inner = self.truth(node.operand)
            return None if inner is None else not inner
        found = constant(node.value) if isinstance(node, ast.Constant) else self.read(node)
        return {"True": True, "False": False}.get(found.constant or "")

    def value(self, node: ast.expr) -> Value:
        """Return the value of an expression, and note the calls and subscripts in it."""
        match node:
            case ast.Constant():
                return constant(node.value)
            case ast.Name():
                return self.env.get(node.id, UNKNOWN)
            case ast.Attribute():
                self.value(node.value)
                return self.env.get(text_of(node), UNKNOWN)
            case ast.Call():
                return self.call(node)
            case ast.Subscript():
                return self.part(node)
            case ast.Tuple(elts=elts) | ast.List(elts=elts):
                items = tuple(self.value(one) for one in elts)
                joined = together(items, "tuple" if isinstance(node, ast.Tuple) else "")
                return replace(joined, items=items, order="")
            case ast.Set(elts=elts):
                values = together([self.value(one) for one in elts])
                return replace(values, kind="set", order="")
            case ast.ListComp(elt=elt) | ast.GeneratorExp(elt=elt) | ast.SetComp(elt=elt):
                return self.comprehension(node, elt)
            case ast.Dict(keys=keys, values=values):
                for key in keys:
                    if key is not None:
                        self.value(key)
                return Value("dict", items=tuple(self.value(one) for one in values))
            case ast.DictComp(key=key, value=value):
                self.comprehension(node, key, value)
                return Value("dict")
            case ast.IfExp(test=test, body=body, orelse=other):
                self.value(test)
                chosen = self.truth(test)
                if chosen is not None:
                    return self.value(body if chosen else other)
                return either(self.value(body), self.value(other))
            case ast.BinOp(left=left, right=right, op=op):
                a, b = self.value(left), self.value(right)
                joined = together([a, b], "listing" if a.kind == "listing" or b.kind == "listing" else "")
                statistic = isinstance(op, ast.Sub) and _centred(left, right)
                dropped = replace(joined, tags=joined.tags - {"softmax"})
                return dropped.with_tags("fitted") if statistic else dropped
            case ast.Starred(value=inner) | ast.Await(value=inner) | ast.NamedExpr(value=inner):
                found = self.value(inner)
                if isinstance(node, ast.NamedExpr):
                    self.put(node.target, found)
                return found
            case ast.Lambda():
                return Value("function", definition=node)
            case _:
                for child in ast.iter_child_nodes(node):
                    if isinstance(child, ast.expr):
                        self.value(child)
                return UNKNOWN

    def comprehension(self, node: ast.expr, *elements: ast.expr) -> Value:
        """Return the value of a comprehension: a list follows what it goes over."""
        outer = dict(self.env)
        over = []
        targets, self.targets = self.targets, ()
        for generator in getattr(node, "generators", ()):
            value = self.value(generator.iter)
            self.events.loops.append(Loop(generator, value, node))
            over.append(value)
            self.put(generator.target, value.element())
            for condition in generator.ifs:
                self.value(condition)
        values = [self.value(element) for element in elements]
        self.env, self.targets = outer, targets
        result = replace(together(over, "listing" if any(one.origins for one in over) else ""), items=())
        extra = values[0].tags & {"random", "augmented", "fitted"} if values else frozenset()
        if not any(one.origins for one in over) and values and values[0].kind == "listing":
            result = values[0]
        if isinstance(node, ast.SetComp):
            return Value("set", UNORDERED, frozenset({self.origin(node)}))
        return replace(result, tags=result.tags | extra)

    def origin(self, node: ast.AST) -> Origin:
        """Return the origin of a listing that is made here; known constants stand in for the names of its arguments."""
        text = ast.unparse(node)
        if isinstance(node, ast.Call):
            known = [self.read(arg).constant for arg in node.args]
            text += "".join(f" {one}" for one in known if one)
        return Origin(text, self.path, node)

    def part(self, node: ast.Subscript) -> Value:
        """Return the value of a subscript."""
        whole, index = self.value(node.value), self.value(node.slice)
        self.events.parts.append(Part(node, whole, self.targets, self.scope))
        if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, int) and whole.items:
            position = node.slice.value
            if -len(whole.items) <= position < len(whole.items):
                return whole.items[position]
        if index.shuffles:
            return replace(whole, shuffles=whole.shuffles | index.shuffles, items=())
        if isinstance(node.slice, ast.Slice | ast.Tuple):
            return replace(whole, items=())
        if whole.kind in ("listing", "set"):
            return whole.element()
        return whole.derived()

    def call(self, node: ast.Call) -> Value:
        """Return the result of a call, and follow it where it is a function of the file."""
        targets, self.targets = self.targets, ()
        receiver = self.value(node.func.value) if isinstance(node.func, ast.Attribute) else UNKNOWN
        called = UNKNOWN if isinstance(node.func, ast.Name) else self.read(node.func)
        if isinstance(node.func, ast.Name):
            called = self.env.get(node.func.id, UNKNOWN)
        elif not isinstance(node.func, ast.Attribute):
            called = self.value(node.func)
        loss = called.name if called.kind == "loss" else ""
        args = tuple(self.value(arg) for arg in node.args)
        keywords = {one.arg: self.value(one.value) for one in node.keywords if one.arg is not None}
        call = Call(node, self.dotted(node.func), receiver, args, keywords, targets, self.scope, loss)
        self.events.calls.append(call)
        self.targets = targets
        if called.kind in ("function", "class") and not any(isinstance(arg, ast.Starred) for arg in node.args):
            texts = (*(text_of(arg) for arg in node.args), *(text_of(one.value) for one in node.keywords))
            own = (UNKNOWN, *args) if text_of(node.func).startswith("self.") else args
            return self.enter(called, own, keywords, texts)
        if called.kind == "instance" and called.definition in self.outputs:
            return self.outputs[called.definition]
        if effect_of(self, call):
            return UNKNOWN
        return result_of(self, call, called)


_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
"""The fields of statements that hold statements."""


def imported_names(tree: ast.Module) -> dict[str, str]:
    """Return what each imported name stands for, in the whole file.

    Examples
    --------
    >>> imported_names(ast.parse("import numpy as np; from os import listdir as ls; import torch.nn"))
    {'np': 'numpy', 'ls': 'os.listdir', 'torch': 'torch'}
    """
    names = {}
    statements: list[ast.AST] = [tree]
    for node in statements:  # imports are statements: expressions need not be searched
        for block in _BLOCKS:
            inside = getattr(node, block, None)
            statements += inside if isinstance(inside, list) else ()
        if isinstance(node, ast.Import):
            for one in node.names:
                names[one.asname or one.name.partition(".")[0]] = one.name if one.asname else one.name.partition(".")[0]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for one in node.names:
                names[one.asname or one.name] = f"{node.module}.{one.name}"
    return names


def _part(value: Value) -> Value:
    """Return one of the parts of a value that is taken apart into names."""
    return replace(value, items=(), kind="" if value.kind in ("zip", "tuple") else value.kind)


def _centred(left: ast.expr, right: ast.expr) -> bool:
    """Whether this is ``x - x.mean(…)`` or ``x - np.mean(x, …)``."""
    return (
        isinstance(right, ast.Call)
        and isinstance(right.func, ast.Attribute)
        and right.func.attr == "mean"
        and ast.unparse(left) in (ast.unparse(right.func.value), *(text_of(arg) for arg in right.args))
    )
