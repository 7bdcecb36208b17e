"""All rules: the built-in ones and those of installed plug-ins."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from datacheck.errors import ConfigError
from datacheck.findings import Severity
from datacheck.rules import CODE_RULES, LOADER_RULES, RULES
from datacheck.rules.base import Rule
from datacheck.rules.common import BaseRule

OTHER_RULES: tuple[type[BaseRule[Any]], ...] = (*CODE_RULES, *LOADER_RULES)
"""The rules that no audit judges: on training code, and on loader and model."""

GROUP = "datacheck.rules"
"""The entry-point group; each entry is a rule class, or a tuple of rule classes."""


def all_rules(
    builtin: Iterable[type[Rule]] = RULES, plugins: Iterable[EntryPoint] | None = None
) -> tuple[type[Rule], ...]:
    """Return the rules of an audit: the built-in ones and those of installed plug-ins, ordered by code.

    Parameters
    ----------
    builtin
        Rules that come with datacheck.
    plugins
        Entry points to load; by default those installed in the group ``datacheck.rules``.

    Raises
    ------
    ConfigError
        When a plug-in cannot be loaded, is not a rule, or takes a code or name that another rule has.

    Examples
    --------
    >>> codes = [rule.code for rule in all_rules(plugins=())]
    >>> codes == sorted(codes)
    True
    """
    loaded = list(builtin)
    origin: dict[type[BaseRule[Any]], str] = {rule: _where(rule) for rule in (*loaded, *OTHER_RULES)}
    for entry in entry_points(group=GROUP) if plugins is None else plugins:
        for rule in _load(entry):
            if rule not in origin:
                origin[rule] = f"{_where(rule)} (plug-in {entry.name!r})"
                loaded.append(rule)
    for what in ("code", "name"):
        owner: dict[str, type[BaseRule[Any]]] = {}
        for any_rule in origin:
            first = owner.setdefault(getattr(any_rule, what), any_rule)
            if first is not any_rule:
                raise ConfigError(
                    f"expected each rule {what} once, found {getattr(any_rule, what)!r} in both {origin[first]} and "
                    f"{origin[any_rule]}; uninstall one of them, or change the {what} of the plug-in's rule"
                )
    return tuple(sorted(loaded, key=lambda rule: rule.code))


def rules_of_every_family() -> tuple[type[BaseRule[Any]], ...]:
    """Return the rules of an audit, on training code, and on loader and model, ordered by code.

    Examples
    --------
    >>> {"DC301"} <= {rule.code for rule in rules_of_every_family()}
    True
    """
    return tuple(sorted((*all_rules(), *OTHER_RULES), key=lambda rule: rule.code))


def _where(rule: type[BaseRule[Any]]) -> str:
    return f"{rule.__module__}.{rule.__qualname__}"


def _load(entry: EntryPoint) -> tuple[type[Rule], ...]:
    try:
        value: Any = entry.load()
    except Exception as error:
        raise ConfigError(
            f"the rule plug-in {entry.name!r} ({entry.value}) cannot be loaded: {type(error).__name__}: {error}; "
            "repair or uninstall it"
        ) from error
    rules = tuple(value) if isinstance(value, tuple | list) else (value,)
    for rule in rules:
        if not _is_rule(rule):
            raise ConfigError(
                f"the rule plug-in {entry.name!r} ({entry.value}): expected a dataclass derived from "
                f"datacheck.rules.Rule with code, name, severity and judge(context), or a tuple of them, found {rule!r}"
            )
    return rules


def _is_rule(value: Any) -> bool:
    return (
        inspect.isclass(value)
        and issubclass(value, Rule)
        and value.judge is not Rule.judge
        and hasattr(value, "__dataclass_fields__")
        and isinstance(getattr(value, "code", None), str)
        and isinstance(getattr(value, "name", None), str)
        and isinstance(getattr(value, "severity", None), Severity)
    )
