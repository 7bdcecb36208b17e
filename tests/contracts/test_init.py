"""Making a contract: from errors only where they are accepted, whole or not at all, in every format."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from datacheck.cli import run
from datacheck.errors import ContractError
from datacheck.findings import Failed, Finding, Found, Severity
from datacheck.fingerprints import fingerprint
from datacheck.manifest import Manifest
from datacheck.report import Report, RuleOutcome
from datacheck_expectations import Contract, check_tables, suites, write_contract
from datacheck_expectations.gx import gxe


def report(*outcomes: RuleOutcome) -> Report:
    manifest = Manifest.from_columns({"label": ["cat", "dog"] * 100, "split": ["train", "test"] * 100})
    return Report(manifest, fingerprint=fingerprint(manifest), outcomes=outcomes)


def found(code: str, severity: Severity) -> RuleOutcome:
    finding = Finding(code=code, name="a-rule", severity=severity, message=f"{code} is broken\x1b[31m", remedy="Mend.")
    return RuleOutcome(code, "a-rule", Found((finding,)))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_errors_of_the_audit_are_refused_or_accepted_by_name(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report(found("DC301", Severity.ERROR), found("DC303", Severity.ERROR), found("DC202", Severity.WARNING)).save("run")
    assert run(["contract", "init", "run"]) == 2
    error = capsys.readouterr().err
    assert "accept them with --accept DC301 --accept DC303" in error
    assert "DC301: DC301 is broken" in error
    assert "\x1b" not in error
    assert not Path("contract").exists()
    assert run(["contract", "init", "run", "--accept", "DC301"]) == 2
    assert "accept them with --accept DC303" in capsys.readouterr().err
    assert run(["contract", "init", "run", "--accept", "DC301", "--accept", "DC330"]) == 2
    assert "no such error (did you mean 'DC303'?)" in capsys.readouterr().err
    assert run(["contract", "init", "run", "--accept", "DC301", "--accept", "DC303"]) == 0
    assert "errors of the audit that you accepted: DC301, DC303" in capsys.readouterr().out
    assert Contract.load("contract").accepted == ("DC301", "DC303")
    assert run(["contract", "update", "run", "--yes"]) == 2
    assert run(["contract", "update", "--accept", "DC301"]) == 2
    assert "--accept goes with the run folder" in capsys.readouterr().err


def test_a_crashed_rule_is_an_error_and_a_clean_audit_needs_no_word(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report(RuleOutcome("DC108", "a-rule", Failed("ValueError: x"))).save("crashed")
    assert run(["contract", "init", "crashed"]) == 2
    assert "--accept DC108" in capsys.readouterr().err
    report(found("DC202", Severity.WARNING)).save("clean")
    assert run(["contract", "init", "clean", "-q"]) == 0
    assert capsys.readouterr().out == ""
    assert Contract.load("contract").accepted == ()


KILLED = """
import os, signal
from datacheck_expectations import project
real = project._build
def build(*arguments):
    real(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)
project._build = build
from datacheck.cli import main
main(["contract", *{arguments}])
"""


def killed(*arguments: str) -> None:
    """Run a command that is killed after the project was built."""
    done = subprocess.run([sys.executable, "-c", KILLED.format(arguments=arguments)], timeout=120, check=False)
    assert done.returncode == -signal.SIGKILL


@pytest.mark.slow
def test_a_killed_init_leaves_nothing_and_the_next_works(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report().save("run")
    killed("init", "run", "-o", "contract")
    assert not Path("contract").exists()
    assert [path.name for path in here.glob(".contract*")] != []
    assert run(["contract", "check", "run/manifest.parquet", "--contract", "contract"]) == 2
    assert run(["contract", "init", "run", "-o", "contract"]) == 0
    assert list(here.glob(".contract*")) == []
    assert check_tables("contract", report().manifest).success


@pytest.mark.slow
def test_a_killed_update_keeps_the_old_contract(here: Path) -> None:
    report().save("run")
    assert run(["contract", "init", "run"]) == 0
    Path("contract/README.md").write_text("ours")
    labels = ["cat", "dog", "cow", "dog"] * 50
    later = Manifest.from_columns({"label": labels, "split": ["train", "test"] * 100})
    Report(later, fingerprint=fingerprint(later)).save("later")
    killed("update", "later", "--yes")
    assert check_tables("contract", report().manifest).success
    assert run(["contract", "update", "later", "--yes"]) == 0
    assert check_tables("contract", later).success
    assert not Path("contract/.unfinished").exists()


def test_an_interrupted_replacement_is_recognised_and_repeated(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = write_contract("contract", suites.tabular(["cat", "dog"], ["train", "test"]))
    Path("contract/README.md").write_text("ours")
    real = Path.replace

    def stop(self: Path, target: Path) -> Path:
        if target.name == "contract.json" and target.parent.name == "contract":
            raise OSError(28, "No space left on device")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", stop)
    with pytest.raises(ContractError, match="No space left"):
        write_contract("contract", [gxe.ExpectTableRowCountToBeBetween(min_value=1)])
    monkeypatch.undo()
    monkeypatch.chdir(here)
    with pytest.raises(ContractError, match="interrupted, so that it is not whole: write it again"):
        check_tables("contract", report().manifest)
    report().save("run")
    assert run(["contract", "init", "run"]) == 0
    assert len(Contract.load("contract").terms) > len(made.terms)
    assert Path("contract/README.md").read_text() == "ours"
    assert not Path("contract/.unfinished").exists()


def test_a_contract_in_a_folder_that_cannot_be_written(here: Path) -> None:
    Path("file").write_text("x")
    with pytest.raises(ContractError, match="found other files: name another"):
        write_contract("file", suites.tabular(["cat"]))
    with pytest.raises(ContractError, match="a contract cannot be written to"):
        write_contract("file/contract", suites.tabular(["cat"]))


def test_thresholds_that_nothing_can_break_are_refused() -> None:
    from datacheck_expectations import ExpectClassShares, ExpectPropertyInRange

    with pytest.raises(ContractError, match="expected a finite number, found nan"):
        ExpectClassShares(split="all", shares={"cat": [float("nan"), 1.0]}, confidence=0.9)
    with pytest.raises(ContractError, match="confidence: expected a number from 0 to below 1, found 1"):
        ExpectPropertyInRange(column="width", split="all", low=1, high=2, min_share=0.9, confidence=1.0, max_repeated=1)


def test_sarif_is_valid_and_names_the_terms(tmp_path: Path) -> None:
    made = write_contract(tmp_path / "c", suites.tabular(["cat"], ["train", "test"]))
    log = json.loads(check_tables(made, report().manifest).render("sarif"))
    run_ = log["runs"][0]
    ids = [rule["id"] for rule in run_["tool"]["driver"]["rules"]]
    assert ids == ["expect_class_coverage", "expect_allowed_labels", "expect_unique_ids.sample_id"]
    assert {one["ruleId"] for one in run_["results"]} == {"expect_class_coverage", "expect_allowed_labels"}
    assert run_["invocations"][0]["exitCode"] == 1
