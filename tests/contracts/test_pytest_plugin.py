"""The fixture ``assert_dataset`` as a user's own tests meet it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from datacheck.pytest_plugin import assert_dataset  # noqa: F401 - the fixture, where the plugin is not installed
from datacheck_expectations import Contract, ContractResult
from tests.contracts.world import World

TESTS = """
def test_kept(assert_dataset):
    result = assert_dataset({source!r}, contract={contract!r}, jobs=1)
    assert result.success

def test_broken(assert_dataset):
    assert_dataset({broken!r}, contract={contract!r}, scan=False, fail_on="warning")

def test_no_contract(assert_dataset):
    assert_dataset({source!r}, contract="nowhere")
"""


def test_in_this_process(
    assert_dataset: Callable[..., ContractResult],  # noqa: F811
    accepted: World,
    contract: Contract,
) -> None:
    world = accepted.without(accepted.rows("val", "9"))
    with pytest.raises(pytest.fail.Exception, match="could not be checked"):
        assert_dataset(accepted.manifest, contract=contract.folder, scan=False)
    with pytest.raises(pytest.fail.Exception, match="could not be checked against the contract: expected"):
        assert_dataset(world.manifest, contract="nowhere")


@pytest.mark.slow
def test_a_dataset_that_breaks_its_contract_fails_the_test(accepted: World, contract: Contract, tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("label,split\n" + "0,train\n1,val\n" * 100)
    assert accepted.manifest.root is not None
    text = TESTS.format(
        source=str(accepted.manifest.root), contract=str(contract.folder), broken=str(tmp_path / "labels.csv")
    )
    (tmp_path / "test_data.py").write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "datacheck.pytest_plugin", "-p", "no:xdist", "test_data.py"],
        cwd=tmp_path, capture_output=True, text=True, timeout=200,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 passed" in done.stdout
    assert "2 failed" in done.stdout
    assert "has 0 samples in 'test'" in done.stdout
    assert "datacheck contract init" in done.stdout
    assert "Traceback" not in done.stdout


def test_the_plugin_is_declared() -> None:
    import tomllib

    root = Path(__file__).resolve().parents[2]
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"datacheck.pytest_plugin": "datacheck.pytest_plugin"}
