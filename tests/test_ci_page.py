"""What the page on CI gives to copy works: the commands of its action and of its hook are run."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from datacheck.testing import toy_images

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "how-to" / "in-ci.md"


def block(name: str) -> Any:
    """Return the YAML block of the page that begins with the name of its file."""
    (found,) = re.findall(rf"```yaml\n# {re.escape(name)}\n(.*?)\n```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return yaml.safe_load(found)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with data of two classes, one file of them empty, and the command on the path."""
    toy_images(tmp_path / "data/photos", size=16, n_per_class=10)
    (tmp_path / "data/photos/train/bar/bar_0001.jpg").write_bytes(b"")
    command = tmp_path / "bin" / "datacheck"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m datacheck "$@"\n')
    command.chmod(0o755)
    return tmp_path


def shell(script: str, place: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    paths = {"PATH": f"{place / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    environment = {**os.environ, **paths, **variables}
    return subprocess.run(  # as GitHub runs it
        ["bash", "-eo", "pipefail", "-c", script],
        cwd=place,
        env=environment,
        text=True,
        capture_output=True,
        check=False,
    )


@pytest.mark.slow
def test_the_action_annotates_summarises_and_fails_on_errors(place: Path) -> None:
    action = block(".github/actions/datacheck/action.yml")
    (step,) = [one for one in action["runs"]["steps"] if "DATA" in one.get("env", {})]
    assert set(step["env"].values()) == {f"${{{{ inputs.{name} }}}}" for name in action["inputs"]}
    summary = place / "summary.md"
    done = shell(step["run"], place, DATA="data/photos", FAIL_ON="error", OPTIONS="--select DC1", GITHUB_STEP_SUMMARY=str(summary))  # fmt: skip # noqa: E501
    assert done.returncode == 1
    assert "::error file=data/photos/train/bar/bar_0001.jpg" in done.stdout
    assert "error DC101 unreadable-sample" in summary.read_text(encoding="utf-8")
    assert (place / ".datacheck/ci/report.html").is_file()
    summary.unlink()
    missing = shell(step["run"], place, DATA="data/nothing", FAIL_ON="error", OPTIONS="", GITHUB_STEP_SUMMARY=str(summary))  # fmt: skip # noqa: E501
    assert missing.returncode == 2


@pytest.mark.slow
def test_the_hook_stops_the_commit(place: Path) -> None:
    (hook,) = block(".pre-commit-config.yaml")["repos"][0]["hooks"]
    done = shell(hook["entry"], place)
    assert done.returncode == 1
    assert "error DC101 unreadable-sample" in done.stdout
