"""What every built-in rule must be."""

import dataclasses
import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from datacheck.findings import Severity
from datacheck.rules import CODE_RULES, LOADER_RULES, RULES, BaseRule
from datacheck.rules.base import SECTIONS, RuleContext, explanation
from datacheck.rules.select import configure

from .examples import shown

TESTS = Path(__file__).parent
PACKAGE = Path(inspect.getfile(RuleContext)).parent

CATALOGUE: tuple[type[BaseRule[Any]], ...] = tuple(
    sorted((*RULES, *CODE_RULES, *LOADER_RULES), key=lambda rule: rule.code)
)

every_rule = pytest.mark.parametrize("rule", CATALOGUE, ids=lambda rule: rule.code)


def test_codes_are_unique_and_in_order_and_names_unique() -> None:
    for rules in (RULES, CODE_RULES, LOADER_RULES):
        codes = [rule.code for rule in rules]
        assert codes == sorted(codes)
    assert len({rule.code for rule in CATALOGUE}) == len(CATALOGUE)
    assert len({rule.name for rule in CATALOGUE}) == len(CATALOGUE)


def test_every_rule_file_is_in_the_tuple() -> None:
    files = {path.stem for path in PACKAGE.rglob("dc[0-9]*.py")}
    assert files == {rule.__module__.rsplit(".", 1)[-1] for rule in CATALOGUE}


@every_rule
class TestEveryRule:
    def test_is_a_frozen_dataclass_with_code_name_and_severity(self, rule: type[BaseRule[Any]]) -> None:
        assert dataclasses.is_dataclass(rule)
        assert rule.__dataclass_params__.frozen  # type: ignore[attr-defined]
        assert re.fullmatch(r"DC[1-9]\d\d", rule.code)
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.name)
        assert isinstance(rule.severity, Severity)
        assert {"code", "name", "severity"}.isdisjoint(field.name for field in dataclasses.fields(rule))  # type: ignore[arg-type]
        assert isinstance(rule(), BaseRule)
        assert configure(rule, {}) == rule()

    def test_its_file_and_its_test_are_named_after_it(self, rule: type[BaseRule[Any]]) -> None:
        stem = f"{rule.code.lower()}_{rule.name.replace('-', '_')}"
        assert rule.__module__.rsplit(".", 1)[-1] == stem
        assert rule.__name__ == "".join(word.capitalize() for word in rule.name.split("-"))
        assert (TESTS / f"test_{stem}.py").is_file()

    def test_its_docstring_has_the_sections(self, rule: type[BaseRule[Any]]) -> None:
        lines = explanation(rule).splitlines()
        assert lines[0].endswith(".")
        underlined = [(n, line) for n, line in enumerate(lines[:-1]) if line and set(lines[n + 1]) == {"-"}]
        assert tuple(line for _, line in underlined) == SECTIONS
        assert all(len(lines[n + 1]) == len(line) and lines[n + 2].strip() for n, line in underlined)

    def test_its_example_is_a_finding_that_its_test_produces(self, rule: type[BaseRule[Any]]) -> None:
        assert shown(rule)
        assert "shown(" in (TESTS / f"test_{rule.__module__.rsplit('.', 1)[-1]}.py").read_text()
