"""Sentences on a terminal are broken between words; commands to copy are not."""

from __future__ import annotations

import sys

import pytest

from datacheck.cli import run
from datacheck.cli.output import say

Captured = pytest.CaptureFixture[str]


def take_for_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for stream in (sys.stdout, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "40")


def test_a_long_line_goes_on_below_and_a_command_stays_whole(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    take_for_a_terminal(monkeypatch)
    command = "next: datacheck queue export runs/photos --to label-studio -o tasks.json"
    say(f"measured: 49 of 120 labels looked at are wrong\n  - an indented line is indented below too\n{command}")
    assert capsys.readouterr().out.splitlines() == [
        "measured: 49 of 120 labels looked at are",
        "  wrong",
        "  - an indented line is indented below",
        "    too",
        command,
    ]


def test_in_a_pipe_a_line_stays_a_line(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    say("measured: 49 of 120 labels looked at are wrong")
    assert capsys.readouterr().out == "measured: 49 of 120 labels looked at are wrong\n"


@pytest.mark.parametrize("arguments", [["explain", "DC304"], ["report", "nowhere"]])
def test_what_is_long_fits_the_terminal(
    arguments: list[str], capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_for_a_terminal(monkeypatch)
    run(arguments)
    printed = capsys.readouterr()
    lines = (printed.out + printed.err).splitlines()
    assert len(lines) > 1
    assert [line for line in lines if len(line) > 40 and not line.startswith("    DC304")] == []


def test_a_missing_command_line_library_shows_no_traceback(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [one for one in sys.modules if one.startswith(("typer", "datacheck.cli."))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "typer", None)
    assert run(["rules"]) == 2
    assert capsys.readouterr().err.startswith("datacheck: internal error: ModuleNotFoundError: ")
