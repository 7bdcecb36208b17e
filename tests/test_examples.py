"""The examples run as they stand, and say what they promise."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from datacheck.testing import toy_images

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"


def run(name: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(EXAMPLES / name)], capture_output=True, text=True, timeout=280)


def test_repair_a_pairing() -> None:
    result = run("repair_a_pairing.py")
    assert result.returncode == 0, result.stderr
    assert "natural" in result.stdout.lower()


def test_spoil_photos(tmp_path: Path) -> None:
    toy_images(tmp_path / "toys", n_per_class=60, size=24)
    for path in (tmp_path / "toys").glob("*/*/*"):
        path.parent.parent.parent.joinpath("all", path.parent.name).mkdir(parents=True, exist_ok=True)
        path.rename(tmp_path / "toys" / "all" / path.parent.name / path.name)
    command = [sys.executable, str(EXAMPLES / "spoil_photos.py"), str(tmp_path / "toys" / "all"), str(tmp_path / "new")]
    result = subprocess.run(command, capture_output=True, text=True, timeout=280)
    assert result.returncode == 0, result.stderr
    rows = csv.DictReader((tmp_path / "new-truth.csv").read_text().splitlines())
    truth = {row["sample_id"]: row["label"] for row in rows}
    assert sorted(truth) == sorted(
        path.relative_to(tmp_path / "new").as_posix() for path in (tmp_path / "new").rglob("*") if path.is_file()
    )
    wrong = [name for name, label in truth.items() if name.split("/")[1] != label]
    assert f"wrong labels: {len(wrong)}, in two splits: 24, dark: 6, cut off: 5" in result.stdout
    assert {name.split("/")[0] for name in wrong} == {"train", "val"}


@pytest.mark.slow
def test_before_training() -> None:
    result = run("before_training.py")
    assert result.returncode == 1, result.stderr
    assert "not training" in result.stdout
    assert "DC304" in result.stdout


@pytest.mark.slow
def test_train_with_plan() -> None:
    result = run("train_with_plan.py")
    assert result.returncode == 0, result.stderr
    assert "balanced accuracy with the plan" in result.stdout


def test_every_example_is_run_by_a_test() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert [path.name for path in EXAMPLES.glob("*.py") if f'"{path.name}"' not in text] == []


def test_ci_runs_the_readmes_test_command() -> None:
    commands = ("python3 -m venv .venv", ".venv/bin/pip install -q -e '.[dev]'", ".venv/bin/python -m pytest -n auto")
    assert " && ".join(commands) in (ROOT / "README.md").read_text(encoding="utf-8")
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert [part for part in commands if not any(line.endswith(part) for line in lines)] == []
