"""The wheel as a stranger installs it: both packages, their data files, and a core that needs no extra."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.relabel import environments

ROOT = Path(__file__).resolve().parent.parent

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return path


def test_it_holds_both_packages_and_their_files(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    tops = {name.split("/")[0] for name in names if not name.startswith("datacheck_audit-")}
    assert tops == {"datacheck", "datacheck_expectations"}
    assert {
        "datacheck/py.typed",
        "datacheck_expectations/py.typed",
        "datacheck/report/templates/report.html",
        "datacheck/report/schema/findings.schema.json",
    } <= names


def test_the_core_alone_finds_what_the_demo_planted(wheel: Path, tmp_path: Path) -> None:
    python = tmp_path / "venv" / "bin" / "python"
    environments.make(python, [str(wheel)])
    heavy = "import importlib.util as u; print([n for n in ('torch', 'great_expectations', 'ray') if u.find_spec(n)])"
    assert subprocess.run([str(python), "-c", heavy], capture_output=True, text=True).stdout.strip() == "[]"
    demo = subprocess.run(
        [str(python.with_name("datacheck")), "demo"], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert "Planted 19 kinds of defect, found 19." in demo.stdout
    missing = subprocess.run(
        [str(python.with_name("datacheck")), "contract", "check", ".", "--contract", "contract"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert missing.returncode == 2
    assert "pip install 'datacheck-audit[contracts]'" in missing.stderr
    assert "Traceback" not in missing.stderr
