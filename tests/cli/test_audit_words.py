"""What ``datacheck audit`` says: whole lines in a pipe, options in its hints, and no option without an effect."""

from __future__ import annotations

import inspect
import os
import pty
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datacheck import report
from datacheck.cli import run
from datacheck.cli.audit import audit_command
from datacheck.cli.contract import check_command
from datacheck.cli.fingerprint import fingerprint_command
from datacheck.cli.output import FORMATS
from datacheck.cli.source_options import OPTIONS as OF_COMMANDS
from datacheck.report.wording import OPTIONS
from datacheck.sources import SourceOptions


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two classes of noise images, one of which is broken."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for number in range(60):
        path = tmp_path / "data" / ("cat", "dog")[number % 2] / f"{number:02d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (32, 32, 3), dtype=np.uint8)).save(path)
    (tmp_path / "data/cat/04.png").write_bytes(b"")
    return tmp_path / "data"


def test_every_argument_of_open_is_an_option_of_the_same_name() -> None:
    arguments = {option.name for option in fields(SourceOptions)} | {"kind", "bins", "ignore_index"}
    assert set(OF_COMMANDS) == arguments - {"labels"}
    assert set(OPTIONS) == set(OF_COMMANDS)


def test_every_format_but_html_goes_to_standard_output() -> None:
    assert set(FORMATS) == set(report.FORMATS) - {"html"}


def test_the_command_line_starts_without_scipy_and_scikit_learn() -> None:
    code = (
        "import sys; from datacheck.cli import run; run(['--version']);"
        "print([name for name in ('scipy', 'sklearn', 'pandas', 'torch', 'cv2', 'PIL') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_pipe_gets_a_whole_line_for_each_finding_and_each_sample(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    assert run(["audit", "data", "--select", "DC101", "--out", "run"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "data: 60 images · 2 classes"
    (finding,) = [line for line in lines if line.startswith("data: error DC101 ")]
    assert "1 of 60 samples cannot be read" in finding
    assert ". Fix: " in finding
    assert any(line.startswith("data/cat/04.png: error DC101 unreadable-sample: ") for line in lines)
    assert lines[-2:] == ["data: report: run/report.html", "data: next: datacheck explain DC101"]
    assert "…" not in "".join(lines)


def test_the_terminal_format_in_a_pipe_wraps_and_cuts_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    run(["audit", "data", "--select", "DC101", "--format", "terminal"])
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 120  # the path of the report may be longer than a line
    assert "✖ error    DC101 unreadable-sample" in text
    assert "…" not in text


def on_a_terminal(*arguments: str) -> Iterator[str]:
    """Yield what the command line writes to a terminal of 80 columns."""
    child, descriptor = pty.fork()
    if child == 0:
        os.execvpe(sys.executable, [sys.executable, "-m", "datacheck", *arguments], {**os.environ, "COLUMNS": "80"})
    try:
        while content := os.read(descriptor, 65536):
            yield content.decode()
    except OSError:  # the other side was closed
        os.waitpid(child, 0)


def test_a_terminal_gets_the_screen_for_people(folder: Path) -> None:
    text = "".join(on_a_terminal("audit", "data", "--select", "DC101", "-q"))
    assert "✖ error" in text
    assert "→ " in text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--budget", "10s"], "--budget sets how the probe is trained, and no probe is asked for: add --probe"),
        (["--device", "cpu"], "--device sets how the probe is trained, and no probe is asked for: add --probe"),
        (["--weights", "a.pt"], "--weights sets how the probe is trained"),
        (["--weights-inputs", "unit"], "--weights-inputs sets how the probe is trained"),
        (["--probe", "--weights-inputs", "unit"], "none is given: add --weights"),
        (["--probe", "--budget", "soon"], "expected a budget such as '60s', '10m' or '1h', found 'soon'"),
        (["--probe", "--budget", "0s"], "found '0s'"),
        (["--probe", "--device", "gpu"], "device: expected auto, cpu, cuda, mps, xpu"),
        (["--seed", "-1"], "'--seed'"),
        (["--kind", "folder"], "kind: expected one of"),
        (["--task", "regresion"], "did you mean 'regression'"),
    ],
)
def test_options_without_effect_and_unusable_values_are_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    assert run(["audit", "data", *options]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.out == ""


def test_the_command_that_is_proposed_works(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [f"{(n % 2 and 'cat') or 'dog'},{n % 2 + n / 100},{n % 7}" for n in range(60)]
    Path("a table.csv").write_text("\n".join(["kind_of,a,b", *rows]) + "\n")
    arguments = ["audit", "a table.csv", "--label", "kind_of", "--select", "DC203", "--format", "terminal"]
    assert run(arguments) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "next    datacheck audit 'a table.csv' --label kind_of --probe"
    command = shlex.split(last.removeprefix("next    "))
    assert run([*command[1:], "--select", "DC501,DC601"]) in {0, 1}
    assert "could not be trained" not in capsys.readouterr().out


def test_hints_of_errors_name_options(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("odd.xyz").write_text("1,2\n")
    assert run(["audit", "odd.xyz"]) == 2
    error = capsys.readouterr().err
    assert "--kind" in error
    assert "kind=" not in error


def test_a_file_name_in_an_error_cannot_control_the_terminal(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "no\x1b[31m-such\x07"]) == 2
    error = capsys.readouterr().err
    assert "\x1b" not in error
    assert "\x07" not in error


def test_the_probe_of_data_without_labels_is_named_and_the_rest_is_judged(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in folder.glob("*/*.png"):
        path.rename(folder / path.name)
    (folder / "04.png").unlink()
    assert run(["audit", "data", "--probe", "--select", "DC101,DC5"]) == 2
    out = capsys.readouterr().out
    assert "data: unjudged: the probe was asked for and could not be trained: " in out
    assert "1 rule passed" in out


def test_a_termination_ends_with_a_word(folder: Path) -> None:
    source = folder.parent / "many"
    source.mkdir()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (1200, 1600, 3), dtype=np.uint8)).save(source / "0.png")
    for number in range(1, 3000):
        (source / f"{number}.png").hardlink_to(source / "0.png")
    command = [sys.executable, "-m", "datacheck", "audit", str(source), "--out", "run", "--jobs", "1"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        while not Path("run/.gitignore").exists():  # the run folder is made just before the scan
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=120)
    assert process.returncode == 143
    assert errors == "\ndatacheck: SIGTERM: finished work is kept in the run folder; run it again to continue\n"


def test_each_command_that_opens_a_dataset_takes_all_options() -> None:
    for command in (audit_command, fingerprint_command, check_command):
        assert set(OF_COMMANDS) <= set(inspect.signature(command).parameters)


def test_a_fingerprint_is_taken_with_the_options_of_the_table(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("t.csv").write_text("kind_of;a\n" + "cat;1\ndog;2\n" * 20)
    assert run(["fingerprint", "t.csv", "--delimiter", ";", "--label", "kind_of", "-o", "f.json"]) == 0
    assert capsys.readouterr().out.startswith("f.json: 40 samples, identity ")


def test_a_declared_goal_is_a_threshold_of_the_triage(tmp_path: Path) -> None:
    table = tmp_path / "data.csv"
    table.write_text("label,x\n" + "".join(f"{'ab'[row % 2]},{row % 2 + row / 1e4}\n" for row in range(80)))
    arguments = ["audit", str(table), "--select", "DC203", "--goal-error", "0.05", "--out", str(tmp_path / "run")]
    assert run([*arguments, "--quiet"]) == 0
    assert report.Report.load(tmp_path / "run").settings["rules"] == {"DC602": {"goal_error": 0.05}}
