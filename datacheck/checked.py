"""Do the values that were read from a file have the types that their classes declare?"""

from __future__ import annotations

import inspect
import sys
import types
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

import numpy as np

from datacheck.errors import StorageError

T = TypeVar("T")

MAX_WHOLE = 2**63
"""Whole numbers from here on are no number that arrays can hold."""

_WORDS = {float: "a number", int: "a whole number", str: "text", bool: "true or false", types.NoneType: "nothing"}


def checked(value: T, path: Path) -> T:
    """Return a dataclass that was read from a file, once every field has the type that its class declares.

    Tuples, mappings and dataclasses are checked through, arrays by the kind of their numbers.

    Raises
    ------
    StorageError
        Which names the file, the field, what was expected and what was found.

    Examples
    --------
    >>> from datacheck.stats import Interval
    >>> checked(Interval(0.5, 0.4, "high", 0.95, "by hand"), Path("plan.json"))
    Traceback (most recent call last):
        ...
    datacheck.errors.StorageError: plan.json: expected a number in 'high', found 'high'; make the file again
    """
    problem = _problem(value, type(value), "")
    if problem is not None:
        raise StorageError(f"{path}: {problem}; make the file again")
    return value


def _problem(value: object, hint: Any, place: str) -> str | None:
    """Say what is wrong with a value; None when it has the type."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any and is_dataclass(value):
        hint = type(value)
    if hint is Any or hint is object or isinstance(hint, TypeVar) or getattr(hint, "_is_protocol", False):
        return None
    if origin in (Union, types.UnionType):
        problems = [_problem(value, one, place) for one in arguments]
        # Of several types, the problem inside a value of the right outer type says the most.
        return None if None in problems else max((text for text in problems if text), key=len)
    if origin is Literal:
        return None if value in arguments else _expected(f"one of {list(arguments)}", value, place)
    if origin is np.ndarray:
        return _array_problem(value, arguments, place)
    if origin is not None:
        return _container_problem(value, origin, arguments, place)
    if not _is_instance(value, hint):
        return _expected(_WORDS.get(hint, f"a {hint.__name__}"), value, place)
    if is_dataclass(value) and not isinstance(value, type):
        hints = _hints(type(value))
        places = ((one.name, f"{place}.{one.name}".lstrip(".")) for one in fields(value))
        return _first(_problem(getattr(value, name), hints[name] or Any, inner) for name, inner in places)
    return None


def _container_problem(value: object, origin: Any, arguments: tuple[Any, ...], place: str) -> str | None:
    if issubclass(origin, Mapping):
        if not isinstance(value, Mapping):
            return _expected("an object", value, place)
        key, item = arguments
        return _first(_problem(one, key, place) or _problem(value[one], item, f"{place}.{one}") for one in value)
    if issubclass(origin, tuple) and arguments and arguments[-1] is not Ellipsis:
        if not isinstance(value, tuple) or len(value) != len(arguments):
            return _expected(f"{len(arguments)} values", value, place)
        pairs = zip(value, arguments, strict=True)
        return _first(_problem(one, hint, f"{place}[{number}]") for number, (one, hint) in enumerate(pairs))
    if issubclass(origin, Sequence | AbstractSet):
        if not isinstance(value, origin) or isinstance(value, str):
            return _expected("a list", value, place)
        return _first(_problem(one, arguments[0], f"{place}[{number}]") for number, one in enumerate(value))
    return None if isinstance(value, origin) else _expected(f"a {origin.__name__}", value, place)


def _array_problem(value: object, arguments: tuple[Any, ...], place: str) -> str | None:
    if not isinstance(value, np.ndarray):
        return _expected("an array", value, place)
    wanted = get_args(arguments[1])[0] if len(arguments) > 1 and get_args(arguments[1]) else Any
    if not isinstance(wanted, type) or wanted is np.generic:
        wanted = get_origin(wanted)
    if wanted is None or value.dtype == object or np.issubdtype(value.dtype, wanted):
        return None
    return _expected(f"an array of {wanted.__name__}", f"{value.dtype}", place)


def _is_instance(value: object, hint: Any) -> bool:
    if hint is float:
        return isinstance(value, float) or (type(value) is int and abs(value) < MAX_WHOLE)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return not isinstance(hint, type) or isinstance(value, hint)


def _expected(what: str, found: object, place: str) -> str:
    where = f" in {place!r}" if place else ""
    return f"expected {what}{where}, found {found!r:.60}"


def _first(problems: Any) -> str | None:
    return next((problem for problem in problems if problem is not None), None)


@cache
def _hints(kind: type) -> dict[str, Any]:
    """The declared types of a dataclass; None where a type is imported for the type checker only."""
    found: dict[str, Any] = {}
    for one in fields(kind):
        owner = next(base for base in kind.__mro__ if one.name in inspect.get_annotations(base))
        text = inspect.get_annotations(owner)[one.name]
        try:
            found[one.name] = eval(text, vars(sys.modules[owner.__module__])) if isinstance(text, str) else text
        except NameError:
            found[one.name] = None
    return found
