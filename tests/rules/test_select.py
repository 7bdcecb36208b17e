from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import pytest

from datacheck.errors import ConfigError
from datacheck.findings import Outcome, Passed, Severity
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.select import configure, select_rules


@dataclass(frozen=True)
class Dark(Rule):
    """A rule with one threshold of each type."""

    code: ClassVar[str] = "DC401"
    name: ClassVar[str] = "dark"
    severity: ClassVar[Severity] = Severity.WARNING

    limit: float = 0.1
    min_count: int = 3
    strict: bool = False
    channel: str = "all"
    cap: float | None = None
    columns: tuple[str, ...] = ()
    span: tuple[float, float] = (0.0, 1.0)
    shares: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.limit < 0:
            raise ValueError(f"limit: expected at least 0, found {self.limit}")

    def judge(self, context: RuleContext) -> Outcome:
        return Passed()


@dataclass(frozen=True)
class Bright(Dark):
    """Another one."""

    code: ClassVar[str] = "DC402"
    name: ClassVar[str] = "bright"


@dataclass(frozen=True)
class ExactDuplicate(Dark):
    """One of another family."""

    code: ClassVar[str] = "DC301"
    name: ClassVar[str] = "exact-duplicate"


@dataclass(frozen=True)
class Foreign(Dark):
    """One of a plug-in."""

    code: ClassVar[str] = "XY001"
    name: ClassVar[str] = "foreign"


RULES: tuple[type[Rule], ...] = (ExactDuplicate, Dark, Bright, Foreign)


def codes(**selection: list[str]) -> list[str]:
    return [rule.code for rule in select_rules(RULES, **selection)]


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ({}, ["DC301", "DC401", "DC402"]),
        ({"select": ["ALL"]}, ["DC301", "DC401", "DC402", "XY001"]),
        ({"select": ["DC4"]}, ["DC401", "DC402"]),
        ({"select": ["dc402", "exact-duplicate"]}, ["DC301", "DC402"]),
        ({"ignore": ["DC4"]}, ["DC301"]),
        ({"ignore": ["bright"]}, ["DC301", "DC401"]),
        ({"select": ["DC402"], "ignore": ["DC4"]}, ["DC402"]),
        ({"select": ["bright"], "ignore": ["DC4"]}, ["DC402"]),
        ({"select": ["DC", "XY"], "ignore": ["DC40", "DC301"]}, ["XY001"]),
        ({"select": ["DC401"], "ignore": ["ALL"]}, ["DC401"]),
    ],
)
def test_selects_by_prefix_name_and_all(selection: dict[str, list[str]], expected: list[str]) -> None:
    assert codes(**selection) == expected


def test_at_equal_length_ignore_wins() -> None:
    assert codes(select=["DC401", "DC402"], ignore=["dark"]) == ["DC402"]


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        ({"select": ["exact-duplicat"]}, "select: .*found 'exact-duplicat' \\(did you mean 'exact-duplicate'\\?\\)"),
        ({"ignore": ["DC4011"]}, "ignore: .*found 'DC4011' \\(did you mean 'DC401'\\?\\)"),
        ({"select": [""]}, "found ''"),
        ({"select": ["DC4"], "ignore": ["DC4"]}, "found none left by select=\\['DC4'\\] and ignore=\\['DC4'\\]"),
    ],
)
def test_a_selection_that_cannot_be_meant_is_refused(selection: dict[str, list[str]], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        codes(**selection)


def test_rules_that_another_command_judges_are_known_and_not_selected() -> None:
    assert [rule.code for rule in select_rules(RULES, ["DC402", "XY001"], elsewhere=(Foreign,))] == ["DC402", "XY001"]
    here = RULES[:3]
    assert [rule.code for rule in select_rules(here, ["DC402", "XY"], elsewhere=(Foreign,))] == ["DC402"]
    with pytest.raises(ConfigError, match="these rules are judged by datacheck audit"):
        select_rules(here, ["XY"], elsewhere=(Foreign,))


def test_configures_every_type() -> None:
    rule = configure(
        Dark,
        {
            "limit": 1,
            "min-count": 5,
            "strict": True,
            "channel": "red",
            "cap": 2,
            "columns": ["a", "b"],
            "span": [0, 2],
            "shares": {"cat": 1},
        },
    )
    assert rule == Dark(1.0, 5, True, "red", 2.0, ("a", "b"), (0.0, 2.0), {"cat": 1.0})
    assert configure(Dark, {}) == Dark()
    assert configure(Dark, {"cap": None}) == Dark()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"limt": 1}, "DC401 dark: unknown threshold 'limt' \\(did you mean 'limit'\\?\\); expected one of limit, "),
        ({"limit": "a"}, "DC401 dark: limit: expected a number, found str 'a'"),
        ({"limit": True}, "expected a number, found bool True"),
        ({"min_count": 1.5}, "expected a whole number, found float 1.5"),
        ({"strict": 1}, "expected true or false, found int 1"),
        ({"channel": 3}, "expected text, found int 3"),
        ({"cap": "a"}, "expected a number or nothing, found str 'a'"),
        ({"columns": "a"}, "expected a list of text, found str 'a'"),
        ({"columns": ["a", 1]}, "columns\\[1\\]: expected text, found int 1"),
        ({"span": [1]}, "expected a list of 2 values \\(a number, a number\\), found list \\[1\\]"),
        ({"shares": {"cat": "x"}}, "shares.cat: expected a number, found str 'x'"),
        ({"limit": -1}, "DC401 dark: limit: expected at least 0, found -1.0"),
    ],
)
def test_a_setting_that_does_not_fit_is_refused(settings: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        configure(Dark, settings)
