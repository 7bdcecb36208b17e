"""What the shell offers for an option, asked for as bash asks."""

from __future__ import annotations

from typing import Any

import pytest

from datacheck.cli import run
from datacheck.cli.output import FORMATS

from .test_shared_options import COMMANDS

FIXED = {
    "format",
    "fail_on",
    "select",
    "ignore",
    "engine",
    "duplicates",
    "device",
    "task",
    "image_order",
    "label_order",
}
"""Options whose values are known, in whichever command."""


def offered(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], line: str) -> list[str]:
    words = line.split(" ")
    monkeypatch.setenv("_DATACHECK_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
    with pytest.raises(SystemExit) as ended:
        run([])
    assert ended.value.code == 0
    return capsys.readouterr().out.split()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("datacheck explain DC30", [f"DC30{n}" for n in range(1, 10)]),
        ("datacheck explain exact", ["exact-duplicate"]),
        ("datacheck audit data --select DC101,split-", ["DC101,split-leakage"]),
        ("datacheck lint train.py --ignore DC701,DC713", ["DC701,DC713"]),
        ("datacheck export run --drop er", ["error"]),
        ("datacheck audit data --fail-on ", ["info", "warning", "error"]),
        ("datacheck report run --format ", [*FORMATS, "html"]),
        ("datacheck queue export run --to c", ["cvat", "csv"]),
        ("datacheck export run --as l", ["list", "links"]),
    ],
)
def test_known_values_are_offered(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], line: str, expected: list[str]
) -> None:
    found = offered(monkeypatch, capsys, line)
    assert [word for word in found if word in expected] == expected
    assert len(found) == len(expected)


def test_no_option_with_known_values_is_forgotten() -> None:
    lacking = [
        (command, option.name)
        for command, inner in COMMANDS.items()
        for option in inner.params
        if option.name in FIXED and not completes(option)
    ]
    assert lacking == []


def completes(option: Any) -> bool:
    return option._custom_shell_complete is not None
