"""What the shell offers when Tab is pressed: fixed words, codes of rules, severities."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

Completer = Callable[[str], list[tuple[str, str]]]
"""Takes what was typed so far; returns words, each with what it means."""

SEVERITIES = ("info", "warning", "error")


def one_of(*words: str) -> Completer:
    """Return what offers fixed words.

    Examples
    --------
    >>> one_of("json", "junit", "sarif")("j")
    [('json', ''), ('junit', '')]
    """

    def complete(incomplete: str) -> list[tuple[str, str]]:
        return [(word, "") for word in words if word.startswith(incomplete)]

    return complete


def rules(incomplete: str) -> list[tuple[str, str]]:
    """Offer the codes of all rules, and names where a name was begun.

    Examples
    --------
    >>> rules("DC30")[:2]
    [('DC301', 'exact-duplicate'), ('DC302', 'near-duplicate')]
    """
    return list(_matching(incomplete, ()))


def rule_list(incomplete: str) -> list[tuple[str, str]]:
    """Offer rules for a list with commas: the last one is completed.

    Examples
    --------
    >>> rule_list("DC101,split-l")
    [('DC101,split-leakage', 'DC303')]
    """
    return _last(incomplete, ())


def rules_or_severities(incomplete: str) -> list[tuple[str, str]]:
    """Offer rules and severities for a list with commas."""
    return _last(incomplete, (*SEVERITIES, "none"))


def tools(incomplete: str) -> list[tuple[str, str]]:
    """Offer the annotation tools."""
    from datacheck.relabel.formats import FORMATS

    return one_of(*FORMATS)(incomplete)


def _last(incomplete: str, words: Sequence[str]) -> list[tuple[str, str]]:
    before, comma, last = incomplete.rpartition(",")
    return [(f"{before}{comma}{word}", meaning) for word, meaning in _matching(last, words)]


def _matching(incomplete: str, words: Sequence[str]) -> Iterator[tuple[str, str]]:
    from datacheck.rules.plugins import rules_of_every_family

    yield from ((word, "") for word in words if word.startswith(incomplete))
    for rule in rules_of_every_family():
        if rule.code.startswith(incomplete.upper()):
            yield rule.code, rule.name
        elif incomplete and rule.name.startswith(incomplete.lower()):
            yield rule.name, rule.code
