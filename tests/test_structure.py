"""The structure of the code keeps the limits that CONTRIBUTING.md states."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import structure

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def modules() -> list[structure.Module]:
    return structure.read_modules(ROOT)


def test_no_file_is_longer_than_can_be_read_in_one_sitting(modules: list[structure.Module]) -> None:
    assert [module.path for module in modules if module.text.count("\n") > structure.MAX_LINES] == []


def test_nothing_imports_in_circles(modules: list[structure.Module]) -> None:
    assert structure.import_circles(modules) == []


def test_few_functions_have_many_parameters(modules: list[structure.Module]) -> None:
    assert len(structure.wide_functions(modules)) <= 10


def test_every_constant_has_a_reason(modules: list[structure.Module]) -> None:
    assert structure.unexplained_constants(modules) == []


def test_the_measures_find_what_they_look_for() -> None:
    wide = "def f(a, b, c, d, e, g, h):\n    pass\n"
    one = structure.Module("datacheck.a", "a.py", "from datacheck import b\nLIMIT = 5\nNAME = 'x'\n" + wide)
    other = structure.Module("datacheck.b", "b.py", 'def g():\n    import datacheck.a\n\n\nKNOWN = 5\n"""Why."""\n')
    assert structure.import_circles([one, other]) == [["datacheck.a", "datacheck.b"]]
    assert structure.unexplained_constants([one, other]) == ["a.py:2 LIMIT"]
    assert structure.wide_functions([one, other]) == ["a.py:4 f (7)"]
