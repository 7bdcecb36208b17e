"""The hook for pre-commit, as that tool would run it."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]


def test_the_hook_runs_a_command_that_names_the_line(tmp_path: Path) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert hook["id"] == "datacheck-lint"
    assert hook["types_or"] == ["python", "jupyter"]
    bad = tmp_path / "train.py"
    bad.write_text("import os\nfor a, b in zip(os.listdir('images'), os.listdir('masks')):\n    print(a, b)\n")
    good = tmp_path / "good.py"
    sorted_text = bad.read_text()
    for name in ("images", "masks"):
        sorted_text = sorted_text.replace(f"os.listdir('{name}')", f"sorted(os.listdir('{name}'))")
    good.write_text(sorted_text)
    program, *arguments = shlex.split(hook["entry"])
    assert program == "datacheck"
    command = [sys.executable, "-m", program, *arguments]
    found = subprocess.run([*command, str(bad)], capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert f"{bad.name}:2:" in found.stdout
    assert "DC701" in found.stdout
    assert subprocess.run([*command, str(good)], capture_output=True, check=False).returncode == 0
