from __future__ import annotations

from pathlib import Path

from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.manifest import Manifest
from datacheck.manifest.readers import ReadFailure
from datacheck.rules.base import RuleContext
from datacheck.rules.files.dc101_unreadable_sample import REMEDIES, UnreadableSample
from datacheck.testing import corrupt_files, measurements_for, toy_images, toy_labels

from .examples import shown


def test_failures_are_grouped_by_reason_the_most_first() -> None:
    manifest = Manifest.from_columns(
        {"uri": list("abcde"), "label": ["cat", "cat", "dog", "dog", "dog"], "split": ["train"] * 3 + ["test"] * 2}
    )
    errors = ["truncated", None, "zero-bytes", "zero-bytes", None]
    outcome = UnreadableSample().check(RuleContext(manifest, measurements_for(manifest, error=errors)))
    assert isinstance(outcome, Found)
    first, second = outcome.findings
    assert first.message == "2 of 5 samples cannot be read (zero-bytes): 'c' and 'd'"
    assert first.severity is Severity.ERROR
    assert first.evidence["by_class"] == {"dog": 2}
    assert first.evidence["share"] == 2 / 5
    assert first.evidence["by_split"] == {"train": 1, "test": 1}
    assert second.sample_ids == ("a",)
    assert outcome.issues["note"].to_pylist() == ["truncated", "zero-bytes", "zero-bytes"]


def test_planted_corruption_is_found_by_the_scan(tmp_path: Path) -> None:
    from datacheck.scanning import scan

    manifest, truth = corrupt_files(toy_images(tmp_path, n_per_class=4), 3, kind="zero")
    outcome = UnreadableSample().check(RuleContext(manifest, scan(manifest, jobs=1).measurements))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].sample_ids == truth.sample_ids
    assert outcome.findings[0].evidence["reason"] == "zero-bytes"


def test_the_clean_twin_is_silent() -> None:
    manifest = toy_labels(30)
    assert UnreadableSample().check(RuleContext(manifest, measurements_for(manifest))) == Passed(
        "all 30 samples can be read"
    )
    assert isinstance(UnreadableSample().check(RuleContext(manifest)), NotApplicable)


def test_every_reason_has_a_remedy() -> None:
    assert set(REMEDIES) == {str(reason) for reason in ReadFailure}


def test_the_example_is_produced() -> None:
    manifest = Manifest.from_columns({"sample_id": ["cat/1.jpg", "cat/2.jpg"], "uri": ["cat/1.jpg", "cat/2.jpg"]})
    outcome = UnreadableSample().check(RuleContext(manifest, measurements_for(manifest, error=[None, "truncated"])))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(UnreadableSample)
