from dataclasses import dataclass
from importlib.metadata import EntryPoint
from typing import ClassVar

import pytest

from datacheck.errors import ConfigError
from datacheck.findings import Outcome, Passed, Severity
from datacheck.rules import RULES
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.plugins import GROUP, all_rules


@dataclass(frozen=True)
class Plugin(Rule):
    """A rule of a plug-in."""

    code: ClassVar[str] = "AA001"
    name: ClassVar[str] = "plugged-in"
    severity: ClassVar[Severity] = Severity.INFO

    def judge(self, context: RuleContext) -> Outcome:
        return Passed()


class SameCode(Plugin):
    """Takes the code of another rule."""

    name: ClassVar[str] = "another-name"


class SameName(Plugin):
    """Takes the name of another rule."""

    code: ClassVar[str] = "AA002"


pair = (Plugin, SameName)


def entry(attribute: str) -> EntryPoint:
    return EntryPoint(name=attribute.lower(), value=f"{__name__}:{attribute}", group=GROUP)


def test_without_plugins_these_are_the_builtin_rules() -> None:
    assert all_rules(plugins=()) == RULES


def test_a_plugin_joins_in_the_order_of_codes_and_counts_once() -> None:
    assert all_rules(plugins=[entry("Plugin"), entry("Plugin")]) == (Plugin, *RULES)


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        (
            ["Plugin", "SameCode"],
            r"each rule code once, found 'AA001' in both .*\.Plugin .*and .*\.SameCode .*'samecode'",
        ),
        (["pair"], r"each rule name once, found 'plugged-in' in both .*\.Plugin .*and .*\.SameName"),
        (["missing"], "'missing' .* cannot be loaded: AttributeError"),
        (["entry"], "'entry' .*expected a dataclass derived from datacheck.rules.Rule"),
    ],
)
def test_a_plugin_that_does_not_fit_is_named(attributes: list[str], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        all_rules(plugins=[entry(attribute) for attribute in attributes])
