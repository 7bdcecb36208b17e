"""Which rules run, and with which thresholds."""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from datacheck.errors import ConfigError, did_you_mean
from datacheck.rules.common import BaseRule

AnyRule = TypeVar("AnyRule", bound=BaseRule[Any])
"""A rule of one family: what is selected has the type of what was given."""

EVERYTHING = "ALL"
"""The selector that matches every rule, whatever its prefix."""


def select_rules(
    rules: Sequence[type[AnyRule]],
    select: Iterable[str] = ("DC",),
    ignore: Iterable[str] = (),
    *,
    elsewhere: Sequence[type[BaseRule[Any]]] = (),
) -> tuple[type[AnyRule], ...]:
    """Return the rules that a selection leaves, in the order given.

    A selector is the beginning of a code (``DC``, ``DC3``, ``DC301``), a rule's name (``exact-duplicate``), or ``ALL``.
    The longer selector wins, so ``select=["DC301"], ignore=["DC3"]`` runs DC301 alone; at equal length, ignore wins.
    A selector may name rules of ``elsewhere``, which another command judges: one configuration file serves them all.

    Raises
    ------
    ConfigError
        When a selector matches no rule, or the selection leaves none: an audit of nothing would pass unseen.

    Examples
    --------
    >>> from datacheck.rules import RULES
    >>> [rule.code for rule in select_rules(RULES, select=["DC20"], ignore=["DC202", "class-imbalance"])]
    ['DC201', 'DC204', 'DC205', 'DC206']
    """
    wanted = tuple(_known_selector(selector, (*rules, *elsewhere), "select") for selector in select)
    unwanted = tuple(_known_selector(selector, (*rules, *elsewhere), "ignore") for selector in ignore)
    chosen = tuple(rule for rule in rules if _strength(rule, wanted) > _strength(rule, unwanted))
    if not chosen:
        runners = sorted({rule.judged_by for rule in elsewhere if _strength(rule, wanted) > _strength(rule, unwanted)})
        raise ConfigError(
            f"expected at least one rule to run, found none left by select={list(wanted)} and ignore={list(unwanted)}; "
            + (f"these rules are judged by {' and '.join(runners)}" if runners else "select more, or ignore less")
        )
    return chosen


def configure(rule_class: type[AnyRule], settings: Mapping[str, Any]) -> AnyRule:
    """Return the rule with its thresholds set from configuration; those not named keep their default.

    Keys may be spelt with hyphens or underscores.

    Raises
    ------
    ConfigError
        When a key is not a threshold of the rule, or its value has another type.

    Examples
    --------
    >>> from datacheck.rules.coverage.dc202_rare_class import RareClass
    >>> configure(RareClass, {"min-train": 50}).min_train
    50
    """
    known = tuple(field.name for field in fields(rule_class) if field.init)  # type: ignore[arg-type]
    hints = get_type_hints(rule_class)
    values = {}
    for key, value in settings.items():
        name = key.replace("-", "_")
        if name not in known:
            options = f"expected one of {', '.join(known)}" if known else "this rule has no thresholds"
            raise ConfigError(
                f"{rule_class.code} {rule_class.name}: unknown threshold {key!r}{did_you_mean(name, known)}; {options}"
            )
        values[name] = conform(value, hints[name], f"{rule_class.code} {rule_class.name}: {key}")
    try:
        return rule_class(**values)
    except ValueError as error:
        raise ConfigError(f"{rule_class.code} {rule_class.name}: {error}") from error


def _known_selector(selector: str, rules: Sequence[type[BaseRule[Any]]], option: str) -> str:
    selector = selector.strip()
    if any(_matches(rule, selector) for rule in rules):
        return selector
    known = [word for rule in rules for word in (rule.code, rule.name)]
    guess = did_you_mean(selector.upper(), known) or did_you_mean(selector.lower(), known)
    raise ConfigError(
        f"{option}: expected the beginning of a rule's code, a rule's name or {EVERYTHING}, found {selector!r}{guess}; "
        "run: datacheck rules"
    )


def _matches(rule: type[BaseRule[Any]], selector: str) -> bool:
    upper = selector.upper()
    return upper == EVERYTHING or (bool(upper) and rule.code.startswith(upper)) or rule.name == selector.lower()


def _strength(rule: type[BaseRule[Any]], selectors: Iterable[str]) -> int:
    """Return how specifically a rule is named: -1 not at all, 0 by ALL, else how much of its code."""
    strengths = [-1]
    for selector in selectors:
        if _matches(rule, selector):
            by_prefix = rule.code.startswith(selector.upper())
            strengths.append(len(selector) if by_prefix else 0 if selector.upper() == EVERYTHING else len(rule.code))
    return max(strengths)


def conform(value: Any, hint: Any, where: str) -> Any:
    """Return the value as the type that a field declares, or say what was expected and found.

    Raises
    ------
    ConfigError
        When the value has another type; True is no number here, and 3 is a fine 3.0.

    Examples
    --------
    >>> conform([1, 2], tuple[float, ...], "the example")
    (1.0, 2.0)
    """
    if hint is Any:
        return value
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        for option in arguments:
            try:
                return conform(value, option, where)
            except ConfigError:
                continue
    elif hint is type(None):
        if value is None:
            return None
    elif hint is float:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
    elif hint is int:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    elif hint in (bool, str):
        if isinstance(value, hint):
            return value
    elif origin is tuple:
        if isinstance(value, list | tuple):
            kinds = arguments[:1] * len(value) if arguments[-1] is Ellipsis else arguments
            if len(kinds) == len(value):
                return tuple(
                    conform(item, kind, f"{where}[{n}]")
                    for n, (item, kind) in enumerate(zip(value, kinds, strict=True))
                )
    elif origin is not None and issubclass(origin, Mapping):
        if isinstance(value, Mapping):
            return {conform(key, arguments[0], where): conform(item, arguments[1], f"{where}.{key}")
                    for key, item in value.items()}  # fmt: skip
    elif isinstance(hint, type) and isinstance(value, hint):
        return value
    raise ConfigError(f"{where}: expected {_spell(hint)}, found {type(value).__name__} {value!r}")


def _spell(hint: Any) -> str:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return " or ".join(_spell(option) for option in arguments)
    if origin is tuple:
        if arguments[-1] is Ellipsis:
            return f"a list of {_spell(arguments[0])}"
        return f"a list of {len(arguments)} values ({', '.join(_spell(option) for option in arguments)})"
    words = {
        Any: "any value",
        float: "a number",
        int: "a whole number",
        bool: "true or false",
        str: "text",
        type(None): "nothing",
    }
    if origin is not None and issubclass(origin, Mapping):
        inner = get_origin(arguments[1]) or arguments[1]
        return "a table" if inner is Any else "a table of tables" if inner is origin else f"a table of {_spell(inner)}"
    return words.get(hint, getattr(hint, "__name__", str(hint)))
