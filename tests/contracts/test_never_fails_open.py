"""What was not looked at is never taken for kept: tampering, missing parts and strange input exit with 2."""

from __future__ import annotations

import builtins
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from datacheck.cli import run
from datacheck.errors import ContractError, MissingExtraError
from datacheck.manifest import Manifest
from datacheck_expectations import Contract, check_tables, store, terms
from tests.contracts.world import World


@pytest.fixture
def copy(contract: Contract, tmp_path: Path) -> Path:
    """A copy of the contract, to tamper with."""
    return Path(shutil.copytree(contract.folder, tmp_path / "contract"))


def edit(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    value = json.loads(path.read_text(encoding="utf-8"))
    change(value)
    path.write_text(json.dumps(value), encoding="utf-8")


def suite(folder: Path) -> Path:
    return folder / "expectations" / "datacheck.json"


def rename_first(value: dict[str, Any]) -> None:
    value["expectations"][0]["type"] = "expect_clas_coverage"


def loosen(value: dict[str, Any]) -> None:
    found = next(one for one in value["expectations"] if one["type"] == "expect_duplicates_at_most")
    found["kwargs"]["max_share"] = 0.5


def soften(value: dict[str, Any]) -> None:
    value["expectations"][0]["severity"] = "info"


TAMPERINGS: dict[str, tuple[Callable[[Path], object], str]] = {
    "an expectation removed": (
        lambda c: edit(suite(c), lambda v: v["expectations"].pop(0)), "lost expect_class_coverage"),
    "an expectation doubled": (
        lambda c: edit(suite(c), lambda v: v["expectations"].append(v["expectations"][0])), "gained"),
    "an unknown expectation": (
        lambda c: edit(suite(c), rename_first), "did you mean 'expect_class_coverage'"),
    "a threshold loosened": (lambda c: edit(suite(c), loosen), "gained expect_duplicates_at_most"),
    "a severity lowered": (lambda c: edit(suite(c), soften), "is not the one that contract.json sealed"),
    "no expectation left": (lambda c: edit(suite(c), lambda v: v["expectations"].clear()), "every dataset would keep"),
    "a suite that is no JSON": (lambda c: suite(c).write_text("{"), "expected a suite of expectations"),
    "no suite": (lambda c: suite(c).unlink(), "is missing"),
    "no checkpoint": (lambda c: (c / "checkpoints/datacheck.json").unlink(), "is missing"),
    "a newer schema": (
        lambda c: edit(c / "contract.json", lambda v: v.update(version=99)), "reads up to version 1"),
    "another schema": (
        lambda c: edit(c / "contract.json", lambda v: v.update(schema="x")), "expected schema"),
    "a damaged contract": (lambda c: edit(c / "contract.json", lambda v: v.pop("expectations")), "damaged"),
    "no contract": (lambda c: (c / "contract.json").unlink(), "datacheck contract init"),
    "another fingerprint": (
        lambda c: edit(c / "fingerprint.json", lambda v: v.update(identity="0")), "fingerprint"),
}  # fmt: skip


@pytest.mark.parametrize("name", TAMPERINGS)
def test_tampering_is_refused(
    copy: Path, accepted: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    tamper, message = TAMPERINGS[name]
    tamper(copy)
    with pytest.raises(ContractError, match=message.replace(".", r"\.")):
        check_tables(copy, accepted.manifest, accepted.measurements)
    monkeypatch.chdir(copy.parent)
    assert accepted.manifest.root is not None
    assert run(["contract", "check", str(accepted.manifest.root), "--contract", str(copy), "--no-pixels"]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert "Traceback" not in captured.err


def test_an_expectation_that_great_expectations_drops_is_noticed(
    copy: Path, accepted: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What Great Expectations does not know it drops with a log line, and passes: known to us, unknown to it."""
    known = terms.list_registered_expectation_implementations()
    monkeypatch.setattr(terms, "list_registered_expectation_implementations", lambda: [*known, "expect_clas_coverage"])
    edit(suite(copy), rename_first)
    store.seal(Contract.load(copy, accept_edits=True))
    with pytest.raises(ContractError, match=r"loaded 40 of the 41 terms of the contract: without \['expect_clas_cov"):
        check_tables(copy, accepted.manifest, accepted.measurements)


def test_a_threshold_that_does_not_fit_its_field_is_refused(copy: Path, accepted: World) -> None:
    edit(suite(copy), lambda v: v["expectations"][0]["kwargs"].update(min_count="many"))
    with pytest.raises(ContractError, match=r"the thresholds of expect_class_coverage do not fit it: .*min_count"):
        check_tables(copy, accepted.manifest, accepted.measurements)


def test_a_checkpoint_that_runs_another_suite_is_noticed(copy: Path, accepted: World) -> None:
    """The project's own files may be edited too: what ran decides, not what the checkpoint says."""
    other = json.loads(suite(copy).read_text(encoding="utf-8"))
    other["name"], other["id"] = "short", "11111111-1111-4111-8111-111111111111"
    other["expectations"] = other["expectations"][:3]
    (copy / "expectations" / "short.json").write_text(json.dumps(other), encoding="utf-8")
    edit(copy / "validation_definitions/datacheck.json",
         lambda v: v.update(suite={"name": "short", "id": other["id"]}))  # fmt: skip
    with pytest.raises(ContractError, match="checked 3 of the 41 terms"):
        check_tables(copy, accepted.manifest, accepted.measurements)


def test_a_missing_column_is_not_judged_and_exits_with_2(contract: Contract, accepted: World) -> None:
    result = check_tables(contract, accepted.manifest)
    assert result.exit_code() == 2
    assert not result.success
    sentences = [one.sentence for one in result.unchecked]
    assert any("expected a column 'brightness', found sample_id" in sentence for sentence in sentences)
    kept = {one.term.type for one in result.outcomes if one.status == "kept"}
    assert "expect_class_coverage" in kept
    assert "could not be checked against the contract" in result.render()


def test_an_empty_dataset_keeps_no_contract(
    contract: Contract, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = Manifest.from_columns({"uri": np.array([], dtype=str), "label": np.array([], dtype=str)})
    with pytest.raises(ContractError, match="expected a dataset with samples"):
        check_tables(contract, empty)
    monkeypatch.chdir(tmp_path)
    Path("empty.csv").write_text("path,label\n")
    assert run(["contract", "check", "empty.csv", "--contract", str(contract.folder)]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_without_great_expectations_the_error_says_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = builtins.__import__

    def refuse(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.split(".")[0] == "great_expectations":
            raise ModuleNotFoundError("No module named 'great_expectations'", name="great_expectations")
        return real(name, *args, **kwargs)

    hidden = [name for name in sys.modules if name.split(".")[0] in {"great_expectations", "datacheck_expectations"}]
    for name in hidden:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", refuse)
    monkeypatch.setattr("datacheck.errors.importlib.import_module", lambda name: refuse(name))
    assert run(["contract", "check", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert "pip install 'datacheck-audit[contracts]'" in error
    assert "Traceback" not in error
    with pytest.raises(MissingExtraError, match="a data contract needs great_expectations"):
        import datacheck_expectations  # noqa: F401


def test_import_of_datacheck_and_its_command_line_loads_no_great_expectations() -> None:
    code = (
        "import sys, datacheck, datacheck.cli.app, datacheck.cli.contract, datacheck.pytest_plugin;"
        "print([name for name in ('great_expectations', 'datacheck_expectations', 'pandas') if name in sys.modules])"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )


def test_a_check_leaves_the_contract_as_it_is(contract: Contract, accepted: World) -> None:
    before = {path: path.stat().st_mtime_ns for path in contract.folder.rglob("*")}
    check_tables(contract, accepted.manifest, accepted.measurements)
    assert {path: path.stat().st_mtime_ns for path in contract.folder.rglob("*")} == before


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Sixty photos of noise in two classes."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for number in range(60):
        path = tmp_path / "data" / ("cat" if number % 2 else "dog") / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (32, 32, 3), dtype=np.uint8)).save(path)
    return tmp_path / "data"


def test_mistakes_on_the_command_line(folder: Path, contract: Contract, capsys: pytest.CaptureFixture[str]) -> None:
    place = str(contract.folder)
    for arguments, message in (
        (["init", "no-run"], "audit the accepted dataset first"),
        (["check", "no-data", "--contract", place], "no-data"),
        (["check", "data", "--contract", "nowhere"], "datacheck contract init"),
        (["check", "data", "--contract", place, "--format", "jsn"], "did you mean 'json'"),
        (["check", "data", "--contract", place, "--fail-on", "eror"], "did you mean 'error'"),
        (["check", "data", "--contract", place, "--merged", "x.json"], "go with --shard"),
        (["check", "data", "--contract", place, "--no-pixels", "--docs", "data"], "earlier Data Docs"),
        (["update", "--contract", "nowhere"], "nowhere"),
        (["diff", place, "nowhere"], "nowhere"),
    ):
        assert run(["contract", *arguments]) == 2, arguments
        error = capsys.readouterr().err
        assert message in error, (arguments, error)
        assert "Traceback" not in error
