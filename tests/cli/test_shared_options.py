"""The same option has the same name in every command."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

import datacheck
from datacheck.cli import run
from datacheck.cli.app import app
from datacheck.testing import toy_images

LETTERS = {"-o": "--out", "-q": "--quiet", "-v": "--verbose", "-y": "--yes", "-h": "--help"}


def commands(command: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    for name, inner in getattr(command, "commands", {}).items():
        full = f"{path} {name}".strip()
        if hasattr(inner, "commands"):
            yield from commands(inner, full)
        else:
            yield full, inner


COMMANDS = dict(commands(get_command(app)))


def names_of(command: str) -> list[list[str]]:
    return [[*one.opts] for one in COMMANDS[command].params if one.param_type_name == "option"]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_letter_stands_for_one_word(command: str) -> None:
    for names in names_of(command):
        for name in names:
            if len(name) == 2:
                assert LETTERS[name] in names
            letter = next((letter for letter, word in LETTERS.items() if word == name), None)
            assert letter is None or letter in names


def test_the_commands_that_write_and_those_that_draw_bars_say_so_alike() -> None:
    having = {
        word: {command for command in COMMANDS if any(word in names for names in names_of(command))}
        for word in ("--out", "--quiet")
    }
    assert having["--out"] == {
        "audit", "card", "contract check", "contract init", "export", "fingerprint", "plan", "queue export",
        "relabel apply", "report",
    }  # fmt: skip
    bars = {"audit", "compare-labels", "contract check", "demo", "diff", "fingerprint", "plan", "queue push"}
    assert having["--quiet"] == bars | {"contract init", "export"}


def test_no_command_draws_bars_that_cannot_be_turned_off() -> None:
    folder = Path(datacheck.__file__).parent / "cli"
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "progress_bars":
                assert [word.arg for word in node.keywords] == ["quiet"], f"{path.name}:{node.lineno}"


def test_the_short_and_the_old_names_work(tmp_path: Path) -> None:
    toy_images(tmp_path / "data", size=16, n_per_class=5)
    assert run(["audit", str(tmp_path / "data"), "-o", str(tmp_path / "run"), "-q", "--select", "DC101"]) == 0
    for number, name in enumerate(("-o", "--out", "--output")):
        page = tmp_path / f"{number}.html"
        assert run(["report", str(tmp_path / "run"), "--format", "html", name, str(page)]) == 0
        assert page.stat().st_size > 10_000
