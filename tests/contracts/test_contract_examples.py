"""The examples of contracts run as they stand."""

from __future__ import annotations

import runpy
import shutil
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from datacheck_expectations import Contract, check
from tests.contracts.world import World

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "contracts"


def run(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(EXAMPLES / name), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)


@pytest.mark.slow
def test_a_plain_checkpoint() -> None:
    done = run("plain_checkpoint.py")
    assert done.returncode == 1, done.stderr
    assert "BROKEN expect_allowed_labels 1 of 121 samples has another label: 'cow' (1)" in done.stdout
    assert done.stdout.count("kept  ") == 3


@pytest.mark.slow
def test_the_python_api(tmp_path: Path) -> None:
    done = run("python_api.py", str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "'star' has 0 samples in 'val'" in done.stdout
    assert "60 samples of a new shard: keeps the contract" in done.stdout


@pytest.fixture
def project(accepted: World, contract: Contract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository as the examples expect it: data, and the contract beside them."""
    shutil.copytree(contract.folder, tmp_path / "contract")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "photos").symlink_to(accepted.manifest.root or "", target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def commands() -> list[str]:
    """The contract checks that the workflow, the hook and the stage run."""
    workflow = yaml.safe_load((EXAMPLES / "ci/github-actions.yml").read_text())
    hook = yaml.safe_load((EXAMPLES / "ci/pre-commit-config.yaml").read_text())
    stages = yaml.safe_load((EXAMPLES / "ci/dvc.yaml").read_text())
    steps = [step.get("run", "") for step in workflow["jobs"]["contract"]["steps"]]
    found = [step for step in steps if "contract check" in step]
    found += [hook["repos"][0]["hooks"][0]["entry"], stages["stages"]["contract"]["cmd"]]
    return found


@pytest.mark.slow
@pytest.mark.parametrize("number", range(3))
def test_the_commands_of_workflow_hook_and_stage(project: Path, number: int) -> None:
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    command = commands()[number].replace("contract check", "contract check --jobs 1")
    done = subprocess.run(
        command, shell=True, cwd=project, capture_output=True, text=True, env={"PATH": path}, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for split in (project / "data" / "photos").iterdir():
        assert split.is_dir()
    broken = project / "broken"
    shutil.copytree(project / "data/photos/val", broken / "val")
    failing = command.replace("data/photos", "broken").replace("data-docs", "other-docs")
    again = subprocess.run(
        failing, shell=True, cwd=project, capture_output=True, text=True, env={"PATH": path}, check=False
    )
    assert again.returncode == 1, again.stdout + again.stderr


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_the_makefile_names_its_commands(project: Path) -> None:
    done = subprocess.run(
        ["make", "-n", "-f", str(EXAMPLES / "ci/Makefile"), "train"],
        cwd=project,
        capture_output=True,
        text=True,
        check=True,
    )
    first, _, last = done.stdout.strip().splitlines()
    assert first.startswith("datacheck contract check data/photos --contract contract --format junit")
    assert last == "python train.py data/photos"


def test_the_airflow_task(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With stand-ins for Airflow's decorators, which call the tasks at once."""
    decorators, exceptions = types.ModuleType("airflow.decorators"), types.ModuleType("airflow.exceptions")

    class AirflowFailException(Exception):  # noqa: N818
        """Airflow's own."""

    def dag(**_: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        return lambda function: lambda: None

    decorators.task = lambda function: function  # type: ignore[attr-defined]
    decorators.dag = dag  # type: ignore[attr-defined]
    exceptions.AirflowFailException = AirflowFailException  # type: ignore[attr-defined]
    for name, module in (("airflow", types.ModuleType("airflow")), ("airflow.decorators", decorators),
                         ("airflow.exceptions", exceptions)):  # fmt: skip
        monkeypatch.setitem(sys.modules, name, module)
    found = runpy.run_path(str(EXAMPLES / "ci/airflow_dag.py"))
    monkeypatch.setattr(
        "datacheck_expectations.check", lambda data, contract, run_dir: check(data, contract, scan=False)
    )
    for split in ("val", "test"):
        shutil.copytree(project / "data/photos" / split, project / "broken" / split)
    with pytest.raises(AirflowFailException, match="has 0 samples in 'train'"):
        found["keep_contract"](str(project / "broken"), str(project / "contract"))
