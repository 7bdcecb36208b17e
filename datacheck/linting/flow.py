"""Follows a file statement by statement: which value each name has, inside functions and through their calls."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from datacheck.linting.expressions import Expressions
from datacheck.linting.values import (
    UNKNOWN,
    Environment,
    Events,
    Loop,
    Value,
    after_branches,
    either,
    text_of,
    together,
)

MAX_STEPS = 50_000
"""Statements that are followed in one file, with those of functions once for each different call: some seconds."""

MAX_DEPTH = 6
"""Calls inside of calls that are followed; deeper ones give an unknown value."""

MAX_NESTING = 60
"""Blocks inside of blocks that are followed: more is generated code, and Python's own stack is finite."""


def follow(tree: ast.Module) -> Events:
    """Return what the code of a file does: the top first, then every function and class that was not called there."""
    flow = Flow(tree)
    flow.block(tree.body)
    for name, value in list(flow.env.items()):
        if value.kind in ("function", "class") and "." not in name and value.definition not in flow.entered:
            flow.enter_once(value)
    return flow.events


class Flow(Expressions):
    """The state while a file is followed."""

    def __init__(self, tree: ast.Module) -> None:
        super().__init__(tree)
        self.steps = 0
        self.nesting = 0
        self.entered: set[ast.AST] = set()
        self.memory: dict[tuple[object, ...], Value] = {}
        self.returned: list[Value] = []
        self.generated: dict[ast.AST, list[ast.expr]] = {}

    def block(self, body: Iterable[ast.stmt]) -> None:
        """Follow statements in order."""
        self.nesting += 1
        if self.nesting <= MAX_NESTING:
            for statement in body:
                self.steps += 1
                if self.steps <= MAX_STEPS:
                    self.statement(statement)
        self.nesting -= 1

    def statement(self, node: ast.stmt) -> None:
        """Follow one statement."""
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self.env[node.name] = Value("function", definition=node)
            case ast.ClassDef():
                self.env[node.name] = Value("class", definition=node, name=node.name)
            case ast.Assign(targets=targets, value=value):
                self.assign(targets, value)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self.assign([target], value)
            case ast.AugAssign(target=target, value=value):
                added = self.value(value)
                self.put(target, self.appended(self.read(target), added, whole=True))
            case ast.Expr(value=value):
                self.value(value)
            case ast.Return(value=value):
                self.returned.append(UNKNOWN if value is None else self.value(value))
            case ast.For() | ast.AsyncFor():
                self.loop(node)
            case ast.While(test=test):
                self.value(test)
                self.block([*node.body, *node.orelse])
            case ast.If():
                self.branches(node)
            case ast.With() | ast.AsyncWith():
                for item in node.items:
                    value_of = self.value(item.context_expr)
                    if item.optional_vars is not None:
                        self.put(item.optional_vars, value_of)
                self.block(node.body)
            case ast.Try():
                self.block([*node.body, *node.orelse, *node.finalbody])
                before = dict(self.env)
                for handler in node.handlers:
                    self.block(handler.body)
                self.env = after_branches(self.env, before, self.env)
            case ast.Delete() | ast.Import() | ast.ImportFrom() | ast.Pass():
                pass
            case _:
                for child in ast.iter_child_nodes(node):
                    if isinstance(child, ast.expr):
                        self.value(child)

    def assign(self, targets: list[ast.expr], value: ast.expr) -> None:
        """Follow an assignment; the calls in it know the names that they are assigned to."""
        self.targets = tuple(text_of(name) for target in targets for name in _names(target))
        found = self.value(value)
        self.targets = ()
        for target in targets:
            self.put(target, found)

    def loop(self, node: ast.For | ast.AsyncFor) -> None:
        """Follow a loop once, with the elements of what it goes over."""
        over = self.value(node.iter)
        self.events.loops.append(Loop(node, over, node))
        self.put(node.target, over.element())
        self.loops.append(over)
        self.block(node.body)
        self.loops.pop()
        self.block(node.orelse)

    def branches(self, node: ast.If) -> None:
        """Follow both branches of an ``if``, or the one that a constant chooses."""
        self.value(node.test)
        chosen = self.truth(node.test)
        if chosen is not None:
            self.block(node.body if chosen else node.orelse)
            return
        before = dict(self.env)
        n_before = len(self.returned)
        self.block(node.body)
        first, self.env = self.env, dict(before)
        returned = self.returned[n_before:]
        del self.returned[n_before:]
        self.block(node.orelse)
        self.returned = [*self.returned[:n_before], *returned, *self.returned[n_before:]]
        ends = node.body and isinstance(node.body[-1], ast.Return | ast.Raise | ast.Continue | ast.Break)
        self.env = self.env if ends else after_branches(before, first, self.env)

    def enter(self, value: Value, args: tuple[Value, ...], keywords: dict[str, Value], texts: tuple[str, ...]) -> Value:
        """Follow a function of the file with the values of a call; the same call is followed once."""
        definition = value.definition
        if isinstance(definition, ast.ClassDef):
            return self.instance(definition, args, keywords, texts)
        if not isinstance(definition, ast.FunctionDef | ast.AsyncFunctionDef) or len(self.path) >= MAX_DEPTH:
            return UNKNOWN
        key = (definition, args, tuple(sorted(keywords.items(), key=lambda pair: pair[0])), texts)
        if key not in self.memory:
            self.memory[key] = UNKNOWN  # what a function that calls itself sees
            self.memory[key] = self._inside(definition, args, keywords, texts)
        return self.memory[key]

    def _inside(
        self,
        definition: ast.FunctionDef | ast.AsyncFunctionDef,
        args: tuple[Value, ...],
        keywords: dict[str, Value],
        texts: tuple[str, ...],
    ) -> Value:
        self.entered.add(definition)
        saved = (self.env, self.returned, self.path, self.scope, self.loops, self.targets)
        names = [one.arg for one in (*definition.args.posonlyargs, *definition.args.args)]
        bound = dict(zip(names, args, strict=False))
        defaults = definition.args.defaults
        for name, default in zip(names[len(names) - len(defaults) :], defaults, strict=True):
            if name not in bound and name not in keywords and texts:
                bound[name] = self.value(default)
        parameters = {*names, *(one.arg for one in definition.args.kwonlyargs)}
        inner: Environment = {**self.env, **dict.fromkeys(parameters, UNKNOWN), **bound}
        inner.update({name: value for name, value in keywords.items() if name in parameters})
        self.env, self.returned, self.path = inner, [], (*self.path, ",".join(texts))
        self.scope, self.loops, self.targets = definition, [], ()
        self.block(definition.body)
        attributes = {name: value for name, value in self.env.items() if name.startswith("self.")}
        result = self.returned[0] if self.returned else UNKNOWN
        for other in self.returned[1:]:
            result = either(result, other)
        if not self.returned:
            if definition not in self.generated:
                self.generated[definition] = _yielded(definition)
            values = [self.read(node) for node in self.generated[definition]]
            result = together(values, "listing") if values else UNKNOWN
        self.env, self.returned, self.path, self.scope, self.loops, self.targets = saved
        self.env.update(attributes)
        return result

    def instance(
        self, node: ast.ClassDef, args: tuple[Value, ...], keywords: dict[str, Value], texts: tuple[str, ...]
    ) -> Value:
        """Follow the methods of a class, ``__init__`` first, with one set of attributes."""
        tags: frozenset[str] = frozenset().union(*(one.tags for one in (*args, *keywords.values()))) & {"random"}
        made = Value("instance", name=node.name, definition=node, tags=frozenset({"random-data"}) if tags else tags)
        key = (node, args, tuple(sorted(keywords.items(), key=lambda pair: pair[0])), texts)
        if key in self.memory or len(self.path) >= MAX_DEPTH:
            return made
        self.memory[key] = made
        self.entered.add(node)
        outer = {name: value for name, value in self.env.items() if name.startswith("self.")}
        for name in outer:
            del self.env[name]
        methods = [one for one in node.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)]
        methods.sort(key=lambda one: one.name != "__init__")
        for method in methods:
            self.env[f"self.{method.name}"] = Value("function", definition=method)
        for method in methods:
            given = (made, *args) if method.name == "__init__" else (made,)
            value = self._inside(method, given, keywords if method.name == "__init__" else {}, texts)
            if method.name in ("forward", "call", "__call__"):
                self.outputs[node] = value
        for name in [name for name in self.env if name.startswith("self.")]:
            del self.env[name]
        self.env.update(outer)
        return made

    def enter_once(self, value: Value) -> None:
        """Follow a function or class that nothing in the file calls, with unknown arguments."""
        if isinstance(value.definition, ast.ClassDef):
            self.instance(value.definition, (), {}, ())
        else:
            self.enter(value, (), {}, ())


def _names(target: ast.expr) -> list[ast.expr]:
    if isinstance(target, ast.Tuple | ast.List):
        return [name for part in target.elts for name in _names(part)]
    return [target.value if isinstance(target, ast.Starred) else target]


def _yielded(definition: ast.AST) -> list[ast.expr]:
    found = [node.value for node in ast.walk(definition) if isinstance(node, ast.Yield)]
    return [value for value in found if value is not None]
