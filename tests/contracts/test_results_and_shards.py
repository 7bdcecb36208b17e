"""Formats of a result, the command line, shards, and changes of a contract."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from datacheck.cli import run
from datacheck.errors import ConfigError, ContractError
from datacheck.findings import Severity
from datacheck.fingerprints import Fingerprint, fingerprint
from datacheck_expectations import (
    Contract,
    ContractResult,
    check_shard,
    check_tables,
    diff_contracts,
    propose_expectations,
    update_contract,
    write_contract,
)
from datacheck_expectations.gx import gxe
from tests.contracts.conftest import accept
from tests.contracts.world import World, pixels


@pytest.fixture
def broken(accepted: World, contract: Contract) -> ContractResult:
    planted = accepted.relabel(accepted.rows("train", "3")[:9], "<b>x</b>").copy(
        accepted.rows("test")[:3], split="train"
    )
    return check_tables(contract, planted.manifest, planted.measurements)


def test_json_says_everything(broken: ContractResult) -> None:
    value = json.loads(broken.render("json"))
    assert (value["schema"], value["success"], value["scope"]) == ("datacheck.contract_result", False, "dataset")
    assert value["counts"] == {"kept": len(broken.outcomes) - len(broken.broken), "broken": len(broken.broken),
                               "not checked": 0}  # fmt: skip
    labels = next(term for term in value["terms"] if term["expectation"] == "expect_allowed_labels")
    assert labels["found"] == "9 of 1,800 samples have another label: '<b>x</b>' (9)"
    assert labels["offending"][0] == {"label": "<b>x</b>", "samples": 9, "such as": labels["sample_ids"][0]}


def test_junit_has_a_case_for_each_term(broken: ContractResult) -> None:
    suite = ElementTree.fromstring(broken.render("junit"))
    cases = [case for case in suite.findall(".//testcase") if str(case.get("name")).endswith("contract-term")]
    assert len(cases) == len(broken.outcomes)
    failed = {case.get("name") for case in cases if case.find("failure") is not None}
    assert "expect_no_leakage_across_splits.content_cluster contract-term" in failed
    assert not any("expect_class_coverage" in str(name) for name in failed)


def test_github_annotates_what_is_broken(broken: ContractResult, monkeypatch: pytest.MonkeyPatch) -> None:
    assert broken.manifest.root is not None
    monkeypatch.chdir(broken.manifest.root)
    lines = broken.render("github").splitlines()
    assert len(lines) == len(broken.broken)
    assert any(line.startswith("::error file=test/") and "byte-for-byte copy" in line for line in lines)


def test_the_terminal_says_what_was_promised_and_why(broken: ContractResult) -> None:
    text = broken.render()
    assert "✖ critical  9 of 1,800 samples have another label" in text
    assert "required: Every label is one of '0', '1'," in text
    assert "why: " not in text
    assert "why: The 10 classes of the accepted dataset" in broken.render(verbose=True)
    assert "breaks the contract" in text.splitlines()[-1]
    assert max(map(len, text.splitlines()[:-1])) <= 120
    with pytest.raises(ConfigError, match="did you mean 'json'"):
        broken.render("jsn")


def test_severity_decides_the_exit_code(accepted: World, contract: Contract, tmp_path: Path) -> None:
    soft = write_contract(
        tmp_path / "soft", [gxe.ExpectTableRowCountToEqual(value=1, severity="info")], reference=contract.reference
    )
    result = check_tables(soft, accepted.manifest)
    assert [result.exit_code(severity) for severity in (Severity.ERROR, Severity.WARNING, Severity.INFO)] == [0, 0, 1]
    assert result.broken[0].sentence == "observed 1797"


def test_init_check_diff_and_update(
    accepted: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    report = accepted.report()
    report.save("run")
    assert run(["contract", "init", "run", "-o", "contract"]) == 0
    assert "41 terms" in capsys.readouterr().out
    assert run(["contract", "init", "run", "-o", "contract"]) == 2
    assert "contract update" in capsys.readouterr().err
    assert Path("contract/.gitignore").read_text() == "uncommitted/\n"
    assert "analytics_enabled: false" in Path("contract/great_expectations.yml").read_text()
    source = str(accepted.manifest.root)
    assert run(["contract", "check", source, "--jobs", "1", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["success"] is True
    assert run(["contract", "diff", "contract", "contract"]) == 0

    thinned = accepted.without(accepted.rows("train", "8")[20:])
    thinned.report().save("later")
    capsys.readouterr()
    assert run(["contract", "update", "later"]) == 2
    captured = capsys.readouterr()
    assert "add --yes" in captured.err
    assert "expect_class_shares train: shares of 0:" in captured.out
    assert run(["contract", "update", "later", "--yes"]) == 0
    held = check_tables("contract", thinned.manifest, thinned.measurements)
    assert held.success, [one.sentence for one in held.broken]


def test_hand_edits_are_accepted_by_update(
    contract: Contract, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    old = update_contract_copy(contract, tmp_path / "contract")
    suite = tmp_path / "contract/expectations/datacheck.json"
    value = json.loads(suite.read_text())
    gone = value["expectations"].pop(0)
    suite.write_text(json.dumps(value))
    with pytest.raises(ContractError, match="update --contract"):
        Contract.load(tmp_path / "contract")
    assert run(["contract", "update"]) == 2
    assert f"lost  {gone['type']}" in capsys.readouterr().out
    assert run(["contract", "update", "--yes"]) == 0
    assert len(Contract.load(tmp_path / "contract").terms) == len(old.terms) - 1


def update_contract_copy(contract: Contract, folder: Path) -> Contract:
    import shutil

    return Contract.load(shutil.copytree(contract.folder, folder))


def test_an_update_keeps_what_a_team_added(accepted: World, tmp_path: Path) -> None:
    from datacheck_expectations import foreign_expectations

    own = gxe.ExpectTableRowCountToBeBetween(min_value=1000, severity="warning", notes="Training needs as many.")
    report = accepted.report()
    assert report.fingerprint is not None
    made = write_contract(tmp_path / "c", [*propose_expectations(report), own], reference=report.fingerprint)
    again = update_contract(
        made, [*propose_expectations(report), *foreign_expectations(made)], reference=report.fingerprint
    )
    kept = [term for term in again.terms if term.type == "expect_table_row_count_to_be_between"]
    assert [(term.kwargs, term.severity, term.why) for term in kept] == [
        ({"min_value": 1000}, "warning", "Training needs as many.")
    ]
    assert diff_contracts(made, again).changes == ()


def test_a_diff_says_what_loosens_and_what_tightens(accepted: World, contract: Contract, tmp_path: Path) -> None:
    planted = accepted.copy(accepted.rows("train")[:9])
    later = accept(planted, tmp_path / "later")
    found = {f"{change.title}": change for change in diff_contracts(contract, later).changes}
    assert found["expect_duplicates_at_most content_cluster"].direction == "looser"
    back = {f"{change.title}": change for change in diff_contracts(later, contract).changes}
    assert back["expect_duplicates_at_most content_cluster"].direction == "tighter"
    assert "max_share 0 → 0.0" in found["expect_duplicates_at_most content_cluster"].message


def shard_of(world: World, n: int, seed: int) -> World:
    rng = np.random.default_rng(seed)
    return world.take(np.sort(rng.choice(world.rows("train"), n, replace=False)))


def check_part(part: World, contract: Contract, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Check a shard with measurements at hand."""
    import sys

    monkeypatch.setattr(sys.modules["datacheck_expectations.shard"], "measure", lambda *_: part.measurements)
    return check_shard(part.manifest, contract)


def test_a_clean_shard_keeps_the_contract(accepted: World, contract: Contract, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(4):
        part = shard_of(accepted, 150, seed)
        found = check_part(part, contract, monkeypatch)
        assert found.result.success, [one.sentence for one in found.result.broken]
        assert found.result.scope == "shard"
        assert found.merged.n_samples == 1797 + 150


def test_the_merged_fingerprint_is_that_of_the_whole(
    accepted: World, contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = accepted.without(accepted.rows("val"))
    second = accepted.take(accepted.rows("val"))
    import dataclasses

    before = dataclasses.replace(contract, reference=fingerprint(first.manifest, first.measurements))
    merged: Fingerprint = check_part(second, before, monkeypatch).merged
    assert merged.class_counts("val") == contract.reference.class_counts("val")  # type: ignore[union-attr]
    assert merged.identity == contract.reference.identity  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("dark", "expect_property_drift_at_most"),
        ("one class", "expect_label_drift_at_most"),
        ("copies", "expect_duplicates_at_most"),
    ],
)
def test_a_broken_shard_is_found(
    accepted: World, contract: Contract, monkeypatch: pytest.MonkeyPatch, name: str, reason: str
) -> None:
    part = shard_of(accepted, 200, 0)
    if name == "dark":
        part = part.rewrite(np.arange(200), pixels(lambda p: p * 0.8))
    elif name == "one class":
        part = shard_of(accepted, 400, 0)
        part = part.relabel(part.rows(), "3")
    else:
        part = part.copy(np.arange(20))
    result = check_part(part, contract, monkeypatch).result
    assert result.exit_code() == 1
    assert any(one.term.type.startswith(reason) for one in result.broken), [one.sentence for one in result.broken]


def test_a_shard_needs_a_reference(accepted: World, tmp_path: Path) -> None:
    bare = write_contract(tmp_path / "bare", [gxe.ExpectTableRowCountToBeBetween(min_value=1)])
    with pytest.raises(ContractError, match="no fingerprint to merge"):
        check_shard(accepted.manifest, bare)
