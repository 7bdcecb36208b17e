"""The audit as a whole: rules that crash, selection, exit codes, the cache, the probe, and what is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import datacheck
from datacheck.auditing import audit, run_rules
from datacheck.config import Settings
from datacheck.duplicates import clusters, search
from datacheck.errors import ConfigError, ProbeError, StorageError
from datacheck.findings import Failed, Outcome, Passed, Severity
from datacheck.fingerprints import fingerprint
from datacheck.manifest import Manifest
from datacheck.report import Report
from datacheck.rules import Rule, RuleContext

SILENT = ("DC4", "DC105", "DC107", "DC307")
"""Rules that may speak of noise images, and are not what these tests are about."""


@dataclass(frozen=True)
class Crashing(Rule):
    """Crashes."""

    code, name, severity = "XY001", "crashing", Severity.WARNING

    def judge(self, context: RuleContext) -> Outcome:
        raise ZeroDivisionError("by the rule")


@dataclass(frozen=True)
class Passing(Rule):
    """Passes."""

    code, name, severity = "XY002", "passing", Severity.WARNING

    def judge(self, context: RuleContext) -> Outcome:
        return Passed()


def photos(n: int = 60, seed: int = 0) -> tuple[np.ndarray[Any, Any], list[str]]:
    """Noise images of two classes, all different."""
    return np.random.default_rng(seed).integers(0, 255, (n, 32, 32, 3), dtype=np.uint8), ["cat", "dog"] * (n // 2)


def twins() -> tuple[np.ndarray[Any, Any], list[str]]:
    """Noise images, the first two of which are the same under two labels."""
    images, labels = photos()
    images[1] = images[0]
    return images, labels


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    from PIL import Image

    for number, (image, label) in enumerate(zip(*photos(), strict=True)):
        path = tmp_path / "data" / label / f"{number:02d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    return tmp_path / "data"


def test_a_rule_that_raises_is_failed_and_stops_no_other() -> None:
    context = RuleContext(Manifest.from_columns({"label": ["cat", "dog"]}))
    crashed, passed = run_rules((Crashing(), Passing()), context)
    assert isinstance(crashed.outcome, Failed)
    assert crashed.outcome.error == "ZeroDivisionError: by the rule"
    assert "raise ZeroDivisionError" in crashed.outcome.details
    assert isinstance(passed.outcome, Passed)


def test_a_rule_that_raises_fails_the_audit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datacheck.auditing.judging.all_rules", lambda: (Crashing, Passing))
    report = audit(photos(), select=["ALL"])
    assert [outcome.status for outcome in report.outcomes] == ["failed", "passed"]
    assert report.exit_code() == 2
    assert [outcome.code for outcome in report.failed] == ["XY001"]


def test_duplicates_are_found_once_for_all_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    find = search.search_duplicates

    def counted(*arguments: Any, **options: Any) -> clusters.DuplicateClusters:
        calls.append({"max_distance": options["max_distance"]})
        return find(*arguments, **options)

    monkeypatch.setattr(search, "search_duplicates", counted)
    report = audit(twins(), select=["DC301", "DC302", "DC304"], settings=Settings(near_duplicate_distance=3))
    assert calls == [{"max_distance": 3}]
    assert [finding.code for finding in report.findings if finding.severity is Severity.ERROR] == ["DC304"]


def test_the_near_duplicate_distance_reaches_the_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}

    def refuse(manifest: Manifest, **options: Any) -> None:
        given.update(options)
        raise ProbeError("not today")

    monkeypatch.setattr("datacheck.auditing.probe.train_probe", refuse)
    audit(photos(), probe=True, select=["DC1"], settings=Settings(near_duplicate_distance=9, seed=5, device="cpu"))
    assert {name: given[name] for name in ("near_duplicate_distance", "seed", "device", "budget")} == {
        "near_duplicate_distance": 9,
        "seed": 5,
        "device": "cpu",
        "budget": "60s",
    }


def test_select_and_ignore_choose_the_rules() -> None:
    report = audit(photos(), select=["DC2"], ignore=["DC203"])
    assert [outcome.code for outcome in report.outcomes] == ["DC201", "DC202", "DC204", "DC205", "DC206"]
    assert report.settings["select"] == ["DC2"]
    assert report.settings["ignore"] == ["DC203"]


def test_thresholds_are_set_by_code_and_unknown_codes_are_refused() -> None:
    report = audit(photos(), select=["DC202"], settings=Settings(rules={"DC202": {"min_train": 1000}}))
    assert [finding.code for finding in report.findings] == ["DC202"]
    with pytest.raises(ConfigError, match="thresholds are set by rule code"):
        audit(photos(), settings=Settings(rules={"DC2": {"min_train": 1}}))


@pytest.mark.parametrize(("fail_on", "expected"), [(Severity.ERROR, 1), (Severity.WARNING, 1), (Severity.INFO, 1)])
def test_a_finding_at_or_above_fail_on_exits_with_1(fail_on: Severity, expected: int) -> None:
    report = audit(twins(), select=["DC304"])
    assert report.worst is Severity.ERROR
    assert report.exit_code(fail_on) == expected


def test_findings_below_fail_on_exit_with_0() -> None:
    report = audit(photos(), select=["DC202"], settings=Settings(rules={"DC202": {"min_train": 1000}}))
    assert report.worst is Severity.WARNING
    assert report.exit_code(Severity.ERROR) == 0
    assert report.exit_code(Severity.WARNING) == 1


def test_the_worst_severity_reads_as_a_word() -> None:
    assert str(audit(twins(), select=["DC304"]).worst) == "error"
    assert f"{Severity.WARNING}" == "warning"


def test_a_reference_fingerprint_reaches_the_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[RuleContext] = []

    class Looking(Passing):
        def judge(self, context: RuleContext) -> Outcome:
            seen.append(context)
            return Passed()

    monkeypatch.setattr("datacheck.auditing.judging.all_rules", lambda: (Looking,))
    reference = fingerprint(Manifest.from_columns({"label": ["cat", "dog"]}))
    audit(photos(), reference=reference, deployment_shares={"cat": 0.9, "dog": 0.1}, seed=4)
    assert seen[0].reference is reference
    assert seen[0].deployment_shares == {"cat": 0.9, "dog": 0.1}
    assert seen[0].seed == 4


def test_an_audit_from_python_writes_the_page_that_the_command_line_writes(folder: Path, tmp_path: Path) -> None:
    audit(folder, out=tmp_path / "run")
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert {"report.html", "findings.json", "issues.parquet", "manifest.parquet", ".gitignore"} <= names
    assert "No obstacle to training found" in (tmp_path / "run/report.html").read_text(encoding="utf-8")


def test_without_out_nothing_is_written(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    audit(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_probe_that_cannot_be_trained_leaves_the_rest_of_the_audit() -> None:
    images, _ = photos()
    report = audit((images, ["cat"] * 60), probe=True, select=["DC101", "DC5"])
    assert report.probe is None
    assert report.with_status("passed")
    assert report.exit_code() == 2
    (sentence,) = report.unmet
    assert sentence.startswith("the probe was asked for and could not be trained: expected two or more classes")


def test_a_probe_that_is_given_unusable_arrays_raises() -> None:
    with pytest.raises(ProbeError, match="pred_probs"):
        audit(photos(), probe={"pred_probs": np.full((60, 3), 1 / 3)}, select=["DC101"])


def features() -> Mapping[str, Any]:
    rng = np.random.default_rng(0)
    label = np.arange(120) % 2
    return {"label": np.array(["cat", "dog"])[label], "a": rng.normal(size=120) + 3 * label, "b": rng.normal(size=120)}


@pytest.fixture(scope="module")
def probed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("probed") / "run"
    probe = {"features": np.random.default_rng(1).normal(size=(120, 4)) + 2 * (np.arange(120) % 2)[:, None]}
    report = audit(features(), out=run, probe=probe, select=["DC5"])
    assert report.probe is not None
    return run


def copied(run: Path, to: Path) -> Path:
    import shutil

    shutil.copytree(run, to)
    return to


def test_a_later_audit_keeps_the_probe_of_the_same_dataset(probed: Path, tmp_path: Path) -> None:
    run = copied(probed, tmp_path / "run")
    report = audit(features(), out=run, select=["DC5"])
    assert report.probe is not None
    assert report.notes[0].startswith("the probe is that of an earlier audit")
    assert report.with_status("passed") or report.findings
    assert Report.load(run).probe is not None


def test_a_later_audit_of_another_dataset_says_that_it_dropped_the_probe(probed: Path, tmp_path: Path) -> None:
    run = copied(probed, tmp_path / "run")
    columns = dict(features())
    columns["label"] = np.roll(columns["label"], 1)
    report = audit(columns, out=run, select=["DC5"])
    assert report.probe is None
    assert report.notes == (
        "the probe of the earlier audit was dropped, because the dataset has changed since: probe it again",
    )
    again = audit(features(), out=run, select=["DC5"])
    assert again.probe is None
    assert again.notes == ()


def test_an_audit_without_the_probe_on_purpose_drops_it_in_silence(probed: Path, tmp_path: Path) -> None:
    report = audit(features(), out=copied(probed, tmp_path / "run"), probe=False, select=["DC5"])
    assert report.probe is None
    assert report.notes == ()


def test_a_damaged_run_folder_is_audited_as_a_new_one(probed: Path, tmp_path: Path) -> None:
    run = copied(probed, tmp_path / "run")
    (run / "probe.npz").write_bytes(b"nonsense")
    with pytest.raises(StorageError):
        Report.load(run)
    assert audit(features(), out=run, select=["DC1"]).probe is None


def test_a_manifest_takes_no_source_options() -> None:
    with pytest.raises(ConfigError, match="a Manifest takes no source options"):
        datacheck.audit(Manifest.from_columns({"label": ["cat", "dog"]}), label="label")
