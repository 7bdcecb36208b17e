"""What the calls of well-known functions return, and what they change."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import Protocol

from datacheck.linting import knowledge as known
from datacheck.linting.values import (
    NATURAL_ORDER,
    TEXT_ORDER,
    UNKNOWN,
    UNORDERED,
    Call,
    Origin,
    Value,
    text_of,
    together,
)


class State(Protocol):
    """What a call may look at and change: `datacheck.linting.expressions.Expressions`."""

    seeded: str
    path: tuple[str, ...]

    def read(self, node: ast.expr) -> Value:
        """Return the value of a name or attribute."""

    def put(self, target: ast.expr, value: Value) -> None:
        """Give a name its value."""

    def appended(self, before: Value, added: Value, *, whole: bool = False) -> Value:
        """Return a list after an append."""

    def origin(self, node: ast.AST) -> Origin:
        """Return the origin of a listing that is made here."""


def effect_of(state: State, call: Call) -> bool:
    """Apply a call that changes a variable in place; return whether it was one."""
    func = call.node.func
    holder = func.value if isinstance(func, ast.Attribute) else None
    if call.tail in ("seed", "set_state", "setstate", "set_rng_state"):
        state.seeded = "state" if "state" in call.tail else f"seed {call.text(0)}"
    elif call.tail in ("shuffle",) and call.args and "sklearn" not in call.name:
        _shuffle(state, call)
    elif holder is None or not isinstance(holder, ast.Name | ast.Attribute):
        return False
    elif call.tail == "sort" and not call.args:
        before = state.read(holder)
        state.put(holder, replace(before, order=_order(call), shuffles=frozenset()))
    elif call.tail in ("append", "add", "insert") and call.args:
        state.put(holder, state.appended(state.read(holder), call.args[-1]))
    elif call.tail == "extend" and call.args:
        state.put(holder, state.appended(state.read(holder), call.args[0], whole=True))
    elif call.tail == "fit" and call.receiver.name in known.STATISTICS and call.node.args:
        state.put(call.node.args[0], call.args[0].with_tags("fitted", call.receiver.name))
        state.put(holder, call.receiver)
    else:
        return False
    return True


def _shuffle(state: State, call: Call) -> None:
    target = call.node.args[0]
    base = call.node.func.value if isinstance(call.node.func, ast.Attribute) else None
    if isinstance(base, ast.Call) and base.args:
        identity = ast.unparse(base)  # random.Random(4).shuffle(x): the same seed gives the same order
    elif state.seeded:
        identity, state.seeded = state.seeded, ""
    else:
        identity = f"line {call.node.lineno}:{call.node.col_offset} {state.path}"
    if isinstance(target, ast.Name | ast.Attribute):
        before = state.read(target)
        parts = tuple(replace(one, shuffles=one.shuffles | {identity}) for one in before.items)
        state.put(target, replace(before, shuffles=before.shuffles | {identity}, items=parts))


def _order(call: Call) -> str:
    key = call.keyword("key")
    if key is None or (isinstance(key, ast.Constant) and key.value is None):
        return TEXT_ORDER
    text = ast.unparse(key)
    if "natural" in text or "natsort" in text:
        return NATURAL_ORDER
    if isinstance(key, ast.Lambda) and len(key.args.args) == 1:
        name = key.args.args[0].arg
        body = ast.parse(ast.unparse(key.body), mode="eval")
        for node in ast.walk(body):
            if isinstance(node, ast.Name) and node.id == name:
                node.id = "_"
        return f"key {ast.unparse(body)}"
    return f"key {text}"


def result_of(state: State, call: Call, called: Value) -> Value:
    """Return what a call gives."""
    first = call.args[0] if call.args else UNKNOWN
    tail, name = call.tail, call.name
    if name in known.LISTINGS or (tail in known.LISTING_METHODS and _of_a_path(call)):
        if name == "os.walk":
            return Value("walk", UNORDERED, frozenset({state.origin(call.node)}))
        return Value("listing", UNORDERED, frozenset({state.origin(call.node)}))
    if name == "range" and len(call.node.args) == 1 and _counts(call.node.args[0]):
        counted = call.node.args[0]
        assert isinstance(counted, ast.Call)
        return replace(state.read(counted.args[0]), kind="positions")
    if name in ("set", "frozenset") and call.args:
        return Value("set", UNORDERED, frozenset({state.origin(call.node)}))
    if tail in ("sorted", "natsorted", "humansorted", "os_sorted", "realsorted"):
        order = _order(call) if tail == "sorted" else NATURAL_ORDER
        return replace(first, order=order, shuffles=frozenset(), items=(), kind="listing" if first.origins else "")
    if tail in ("get_state", "getstate", "get_rng_state"):
        state.seeded = "state"
        return UNKNOWN
    if tail in ("permutation", "randperm") or (tail == "sample" and name.startswith("random.")):
        mark = f"line {call.node.lineno}:{call.node.col_offset} {state.path}"
        return replace(first, kind=first.kind if first.origins else "", shuffles=first.shuffles | {mark}, constant=None)
    if tail in ("loadtxt", "genfromtxt", "read_csv", "readlines", "loadmat", "read_excel", "read_table"):
        return Value("table", name=tail)
    return _facts(state, call, called) or _passed_on(call, first)


def _counts(node: ast.expr) -> bool:
    """Whether this is ``len(x)``."""
    return isinstance(node, ast.Call) and text_of(node.func) == "len" and len(node.args) == 1


def _of_a_path(call: Call) -> bool:
    base = call.name.rpartition(".")[0].lower()
    return isinstance(call.node.func, ast.Attribute) and "fs" not in base.split(".")[-1] and not base.endswith("gfile")


def _facts(state: State, call: Call, called: Value) -> Value | None:
    """Return the result of a call that adds a fact, or None."""
    first = call.args[0] if call.args else UNKNOWN
    tail, name = call.tail, call.name
    if tail == "zip":
        if any(isinstance(arg, ast.Starred) for arg in call.node.args):
            return replace(first, items=(), kind="", order="")
        return replace(together(call.args, "zip"), items=call.args)
    if tail == "enumerate":
        return replace(first, kind="enumerate", items=(UNKNOWN, first))
    if tail == "softmax" or called.tags & {"ends-softmax"}:
        return Value(tags=frozenset({"softmax"}))
    if tail in ("Softmax", "Softmax2d") and "nn" in name:
        return Value("module", tags=frozenset({"ends-softmax"}))
    if tail == "Sequential" and call.args:
        return Value("module", tags=call.args[-1].tags & {"ends-softmax"})
    if tail == "CrossEntropyLoss":
        return Value("loss", name="torch.nn.CrossEntropyLoss")
    if tail in known.RANDOM_TRANSFORMS:
        return Value("transform", tags=frozenset({"random"}))
    if tail == "ImageDataGenerator" and known.GENERATOR_OPTIONS & call.keywords.keys():
        return Value("generator", name=tail, tags=frozenset({"random"}))
    if tail in known.STATISTICS:
        return Value("estimator", name=tail)
    if tail == "fit_transform" and call.receiver.name in known.STATISTICS:
        return first.with_tags("fitted", call.receiver.name)
    if tail in known.OVERSAMPLERS:
        return together(call.args).with_tags("augmented", tail)
    if tail in known.SPLITTERS:
        return Value("split", tags=frozenset({"split", tail}))
    return None


def _passed_on(call: Call, first: Value) -> Value:
    """Return what passes through a call: order where it is kept, else the origin alone."""
    tail = call.tail
    given = (call.receiver, *call.args, *call.keywords.values())
    if tail in known.NOT_DATA:
        return UNKNOWN
    if tail in known.KEEPS_ORDER:
        kept = call.args[-1] if tail in ("map", "filter") and call.args else first if call.args else call.receiver
        if kept.kind == "tuple":
            return replace(together(kept.items, "listing"), items=())
        named = kept if kept.origins or kept.shuffles or kept.tags or kept.definition else together(given)
        return replace(named, items=kept.items if tail in ("list", "tuple") else ())
    random = any("random" in value.tags for value in given)
    if tail in ("Compose", "Sequential", "transforms", "OneOf", "Pipeline"):
        return Value("transform", tags=frozenset({"random"} if random else ()))
    result = together([value.derived() for value in given if value.kind not in ("module", "estimator", "transform")])
    if random and (tail[:1].isupper() or "dataset" in tail.lower()):
        result = result.with_tags("random-data")
    if tail == "transform" and call.receiver.name in known.STATISTICS:
        result = first if "fitted" in first.tags else result
    if any(word in tail.lower() for word in ("augment", "oversample", "over_sample")) and call.args:
        result = result.with_tags("augmented", tail)
    return replace(result, order="") if result.order else result
