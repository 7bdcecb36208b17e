"""Progress where there is no terminal."""

from __future__ import annotations

import pytest

from datacheck.cli.progress import Lines, progress_bars


def test_a_long_run_writes_a_line_every_ten_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    time = iter([0.0, 0.0, 4.0, 9.9, 10.0, 12.0, 25.0, 50.0])
    lines = Lines(lambda: next(time))
    for done in (0, 10, 20, 25, 30, 60, 100):
        lines("scan", done, 100)
    assert capsys.readouterr().err.splitlines() == [
        "scan: 25 % done, about 30 s left",
        "scan: 60 % done, about 17 s left",
    ]


def test_a_short_run_and_a_quiet_one_write_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines(lambda: 0.0)
    for done in range(10):
        lines("scan", done, 10)
    with progress_bars(quiet=True) as progress:
        assert progress is None
    assert capsys.readouterr().err == ""
