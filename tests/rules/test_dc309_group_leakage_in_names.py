from __future__ import annotations

import numpy as np
import pytest

from datacheck.findings import Found, NotApplicable, Outcome, Passed, Severity
from datacheck.manifest import Manifest
from datacheck.rules.base import RuleContext
from datacheck.rules.splits.dc309_group_leakage_in_names import GroupLeakageInNames

from .examples import shown

SPLITS = np.array(["train", "val", "test"])


def check(names: list[str], split: list[str], **columns: list[str]) -> Outcome:
    labels = [("ill", "well")[row // 4 % 2] for row in range(len(names))]
    manifest = Manifest.from_columns({"uri": names, "label": labels, "split": split, **columns})
    return GroupLeakageInNames().check(RuleContext(manifest))


def patients(n: int = 160) -> list[str]:
    return [f"patient{row // 4:03d}_slice{row % 4:02d}.png" for row in range(n)]


def by_slice(n: int = 160) -> list[str]:
    """12 patients in one split each, 28 in train and test."""
    return ["train" if row < 48 or row % 2 else "test" for row in range(n)]


def test_patients_in_several_splits_are_named() -> None:
    outcome = check(patients(), by_slice())
    assert isinstance(outcome, Found)
    (finding,) = outcome.findings
    assert finding.message == shown(GroupLeakageInNames)
    assert finding.severity is Severity.WARNING
    assert finding.evidence["n_groups"] == 40
    assert finding.evidence["n_shared"] == 28
    assert finding.evidence["splits"] == {"train and test": 56}
    assert finding.evidence["example"] == ["patient012_slice01.png", "patient012_slice00.png"]
    rows = outcome.issues.to_pylist()
    assert [row["sample_id"] for row in rows][:2] == ["patient012_slice00.png", "patient012_slice02.png"]
    assert rows[0]["related_id"] == "patient012_slice01.png"
    assert rows[0]["note"] == "patient012"


def test_a_split_by_patient_is_silent() -> None:
    outcome = check(patients(), ["train" if row < 100 else "test" for row in range(160)])
    assert outcome == Passed("the groups that file names show (patient<id>) are in one split each")


def test_plain_numbers_are_silent() -> None:
    assert check([f"img_{row:04d}.png" for row in range(160)], by_slice()) == Passed("the file names show no groups")


def test_declared_groups_are_left_to_dc305() -> None:
    outcome = check(patients(), by_slice(), group=["a"] * 160)
    assert isinstance(outcome, NotApplicable)
    assert "DC305" in outcome.reason


def test_numbers_that_start_again_in_each_split_are_silent() -> None:
    names = [f"{'train' if row < 80 else 'test'}/{name}" for row, name in enumerate(patients(80) * 2)]
    assert isinstance(check(names, ["train"] * 80 + ["test"] * 80), Passed)


@pytest.mark.parametrize(("shuffled", "found"), [(True, True), (False, False)])
def test_frames_of_one_video_are_reported_where_neighbours_are_in_different_splits(shuffled: bool, found: bool) -> None:
    names = [f"frame_{row:05d}.jpg" for row in range(900)]
    split = np.repeat(["train", "test"], [700, 200])
    if shuffled:
        split = np.random.default_rng(0).permutation(split)
    outcome = check(names, split.tolist())
    assert isinstance(outcome, Found if found else Passed)
    if isinstance(outcome, Found):
        assert outcome.findings[0].message.startswith("30 of 30 sequences that the file names show")


def test_an_augmented_copy_in_another_split() -> None:
    names = [f"{row // 2}{'_flip' if row % 2 else ''}.jpg" for row in range(100)]
    outcome = check(names, ["test" if row == 7 else "train" for row in range(100)])
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == (
        "1 of 50 originals with augmented copies that the file names show ('<image>_<change>', such as '3') are in "
        "several splits"
    )
    assert outcome.issues["sample_id"].to_pylist() == ["3_flip.jpg"]
