"""The command line as a new user meets it: right exit codes, no tracebacks, errors that help."""

from __future__ import annotations

import errno
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from datacheck.cli import run
from datacheck.cli.audit import default_run_folder, parse_shares
from datacheck.errors import ConfigError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two classes of noise images; one of them is there twice, under both labels."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for label in ("cat", "dog"):
        for number in range(30):
            path = tmp_path / "data" / label / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, 255, (32, 32, 3), dtype=np.uint8)).save(path)
    (tmp_path / "data/dog/0.png").write_bytes((tmp_path / "data/cat/0.png").read_bytes())
    return tmp_path / "data"


def test_findings_at_fail_on_exit_with_1_and_below_with_0(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", str(folder), "--select", "DC304"]) == 1
    assert "conflicting-duplicates" in capsys.readouterr().out
    assert run(["audit", str(folder), "--select", "DC203"]) == 0
    assert run(["audit", str(folder), "--ignore", "DC3,DC4,DC105"]) == 0


def test_the_run_folder_is_the_cache_and_holds_the_report(folder: Path) -> None:
    run(["audit", str(folder)])
    place = default_run_folder(str(folder))
    names = {path.name for path in place.iterdir()}
    assert {"manifest.parquet", "measurements.parquet", "fingerprint.json", "findings.json", "report.html"} <= names
    assert (place / ".gitignore").read_text() == "*\n"


def test_machine_readable_formats_go_to_standard_output(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["audit", str(folder), "--format", "json", "--select", "DC304"])
    outcomes = json.loads(capsys.readouterr().out)["outcomes"]
    assert [(outcome["code"], outcome["status"]) for outcome in outcomes] == [("DC304", "found")]
    run(["audit", str(folder), "--format", "junit", "--select", "DC304"])
    assert ElementTree.fromstring(capsys.readouterr().out).tag in {"testsuites", "testsuite"}
    run(["audit", str(folder), "--format", "sarif", "--select", "DC304"])
    assert json.loads(capsys.readouterr().out)["version"] == "2.1.0"
    run(["audit", str(folder), "--format", "github", "--select", "DC304"])
    assert capsys.readouterr().out.startswith("::error ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["audit", "no-such-folder"], "no-such-folder"),
        (["audit", "dta"], "did you mean 'data'"),
        (["audit", "data", "--selct", "DC1"], "--select"),
        (["audit", "data", "--select", "DC9999"], "DC9999"),
        (["audit", "data", "--fail-on", "eror"], "did you mean 'error'"),
        (["audit", "data", "--format", "jsn"], "did you mean 'json'"),
        (["audit", "data", "--weights", "net.pt"], "add --probe"),
        (["audit", "data", "--engine", "dask"], "expected one of local, ray"),
        (["audit", "data", "--config", "none.toml"], "expected a configuration file"),
        (["audit", "data", "--deployment", "cat=2"], "expected class=share"),
        (["audit", "data", "--jobs", "0"], "jobs"),
        (["audit", "data", "--reference", "none.json"], "none.json"),
        (["adit", "data"], "audit"),
        (["report", "no-such-run"], "no-such-run"),
        (["explain", "DC999"], "DC999"),
        (["explain", "DC2"], "expected one rule"),
        (["diff", "a.json", "b.json"], "a.json"),
    ],
)
def test_mistakes_exit_with_2_and_say_what_to_do(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert run(arguments) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert "Traceback" not in captured.err + captured.out


def test_a_bad_configuration_file_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("datacheck.toml").write_text("[rules.DC203]\nmax_rato = 3\n")
    assert run(["audit", str(folder)]) == 2
    assert "max_rato" in capsys.readouterr().err


def test_report_shows_an_earlier_audit_without_the_dataset(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["audit", str(folder), "--out", "run", "--select", "DC304"])
    first = capsys.readouterr().out
    for path in folder.rglob("*.png"):
        path.unlink()
    assert run(["report", "run"]) == 1
    again = capsys.readouterr().out
    assert "conflicting-duplicates" in first
    assert "conflicting-duplicates" in again
    assert run(["report", "run", "--format", "html", "-o", "page.html"]) == 1
    assert "conflicting-duplicates" in Path("page.html").read_text(encoding="utf-8")


def test_fingerprint_and_diff(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["fingerprint", str(folder), "-o", "before.json"]) == 0
    assert run(["diff", "before.json", "before.json"]) == 0
    (folder / "cat/0.png").unlink()
    capsys.readouterr()
    assert run(["diff", "before.json", str(folder)]) == 1
    assert "cat" in capsys.readouterr().out


def test_rules_and_explain(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rules", "--select", "DC2", "--format", "json"]) == 0
    codes = [rule["code"] for rule in json.loads(capsys.readouterr().out)]
    assert codes == ["DC201", "DC202", "DC203", "DC204", "DC205", "DC206"]
    assert run(["explain", "class-imbalance"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("DC203 · class-imbalance")
    assert "How to fix" in text


def test_version_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == "datacheck 0.1.0\n"
    assert run(["audit", "--help"]) == 0
    assert "--fail-on" in capsys.readouterr().out


@pytest.mark.parametrize("group", [[], ["queue"], ["relabel"], ["contract"]])
def test_the_lists_of_commands_are_not_cut_off(
    group: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    run([*group, "--help"])
    listed = capsys.readouterr().out.partition("Commands:")[2]
    assert listed.strip()
    assert "..." not in listed


def test_nothing_but_the_report_goes_to_a_pipe(folder: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "datacheck", "audit", str(folder), "-q"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert result.stderr == ""
    assert "\x1b[" not in result.stdout


def test_ctrl_c_says_that_work_is_kept(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    (tmp_path / "many").mkdir()
    content = rng.integers(0, 255, (600, 800, 3), dtype=np.uint8)
    Image.fromarray(content).save(tmp_path / "many/0.png")
    for number in range(1, 1500):
        (tmp_path / f"many/{number}.png").hardlink_to(tmp_path / "many/0.png")
    process = subprocess.Popen(
        [sys.executable, "-m", "datacheck", "audit", "many", "--out", "run"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while not (tmp_path / "run/scan").is_dir():  # the scan has begun
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    assert process.returncode == 130, errors
    assert "finished work is kept" in errors
    assert "Traceback" not in errors


def test_a_table_of_which_nothing_can_be_judged_is_not_clean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text("foo,bar\n" + "".join(f"a{n},b{n}\n" for n in range(60)))
    assert run(["audit", "t.csv"]) == 2
    out = capsys.readouterr().out
    assert "nothing could be judged" in out
    assert "name them" in out


def test_an_audit_that_nobody_reads_to_the_end_keeps_its_exit_code(folder: Path) -> None:
    for options, code in (["--ignore", "DC3"], 0), ([], 1), (["--format", "json"], 1):
        process = subprocess.Popen(
            [sys.executable, "-m", "datacheck", "audit", str(folder), "--quiet", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        process.stdout.close()
        _, errors = process.communicate()
        assert (process.returncode, errors) == (code, "")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "no room left on the disk; finished work is kept"),
        (PermissionError(errno.EACCES, "Permission denied", "x.html"), "Permission denied: x.html"),
        (ValueError("odd"), "internal error: ValueError: odd"),
    ],
)
def test_errors_of_the_system_are_told_from_our_own(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: Exception,
    message: str,
) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise error

    monkeypatch.setattr("datacheck.cli.audit.run_audit", fail)
    assert run(["audit", str(folder)]) == 2
    assert message in capsys.readouterr().err


def test_shares() -> None:
    assert parse_shares("a=0.25,b=c=0.75") == {"a": 0.25, "b=c": 0.75}
    with pytest.raises(ConfigError, match="expected class=share"):
        parse_shares("a")
