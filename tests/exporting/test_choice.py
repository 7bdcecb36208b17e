"""Which samples stay: without what errors name, one of each set of copies, the classes and the share."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import datacheck
from datacheck.errors import ConfigError
from datacheck.exporting import Wanted, choose
from datacheck.findings import Finding, Found, Severity, sample_issues
from datacheck.manifest import Manifest
from datacheck.report import Report, RuleOutcome
from datacheck.testing import toy_images

RULES = ["DC101", "DC301", "DC302", "DC303", "DC304", "DC501"]
LEAKED, COPY, EMPTY = "test/bar/bar_0039.jpg", "train/star/star_0003.jpg", "val/bar/bar_0025.jpg"
CONFLICT = ("train/disc/disc_0001.jpg", "train/star/star_0002.jpg")
SAME = "an exact copy of a sample that stays"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """120 images with a copy, a leaked copy, two copies under two labels, and an empty file."""
    folder = tmp_path_factory.mktemp("choice") / "data"
    toy_images(folder, size=32)
    for copy, source in ((COPY, "train/star/star_0001.jpg"), (LEAKED, "train/bar/bar_0001.jpg"), CONFLICT[::-1]):
        (folder / copy).write_bytes((folder / source).read_bytes())
    (folder / EMPTY).write_bytes(b"")
    return datacheck.audit(folder, select=RULES)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Report:
    folder = tmp_path_factory.mktemp("clean") / "data"
    toy_images(folder, size=32)
    return datacheck.audit(folder, select=RULES)


def test_errors_go_and_the_first_copy_stays(report: Report) -> None:
    choice = choose(report, Wanted())
    assert choice.left_out == {
        "DC304 conflicting-duplicates": list(CONFLICT),
        "DC101 unreadable-sample": [EMPTY],
        "DC303 split-leakage": [LEAKED],
        SAME: [COPY],
    }
    assert len(choice.rows) == 115
    assert choice.emptied == []


def test_of_a_clean_dataset_all_stays(clean: Report) -> None:
    choice = choose(clean, Wanted(drop=("info",)))
    assert choice.left_out == {}
    assert choice.rows.tolist() == list(range(120))


def test_without_dropping_the_copy_in_training_stays_and_conflicting_copies_both_do(report: Report) -> None:
    assert choose(report, Wanted(drop=())).left_out == {SAME: [LEAKED, COPY]}
    assert choose(report, Wanted(drop=(), duplicates="keep")).left_out == {}


def test_named_rules_alone_are_dropped(report: Report) -> None:
    choice = choose(report, Wanted(drop=("DC101", "conflicting-duplicates"), duplicates="keep"))
    assert choice.left_out == {"DC304 conflicting-duplicates": list(CONFLICT), "DC101 unreadable-sample": [EMPTY]}
    repeated = choose(report, Wanted(drop=("DC301",), duplicates="keep"))
    assert repeated.left_out == {"DC301 exact-duplicate": [COPY]}


def test_near_duplicates_are_left_out_where_that_is_asked_for(clean: Report) -> None:
    ids = ["train/bar/bar_0001.jpg", "train/bar/bar_0002.jpg"]
    near = Finding(
        code="DC302", name="near-duplicate", severity=Severity.WARNING, message="", remedy="", sample_ids=tuple(ids)
    )
    issues = sample_issues("DC302", ids, 1.0, related_id=[None, ids[0]], cluster=[0, 0])
    found = replace(clean, outcomes=(RuleOutcome("DC302", "near-duplicate", Found((near,), issues)),))
    assert choose(found, Wanted(drop=())).left_out == {}
    assert choose(found, Wanted(drop=(), duplicates="near")).left_out == {"a near duplicate of another sample": ids[1:]}
    # and a small part keeps the two together
    for seed in range(8):
        stays = {found.manifest.sample_ids[row].as_py() for row in choose(found, Wanted(share=0.3, seed=seed)).rows}
        assert len(stays & set(ids)) in (0, 2)


def test_classes_are_kept_and_an_unknown_one_is_refused(report: Report) -> None:
    choice = choose(report, Wanted(classes=("bar", "star")))
    assert set(report.manifest.take(choice.rows).table["label"].to_pylist()) == {"bar", "star"}
    assert len(choice.left_out["of another class (--classes)"]) == 39  # one of the 40 goes for a conflict
    assert choice.emptied == ["disc in train", "disc in val", "disc in test"]
    with pytest.raises(ConfigError, match=r"expected some of .* found 'stars' .did you mean 'star'"):
        choose(report, Wanted(classes=("bar", "stars")))


def test_a_share_is_taken_of_each_class_in_each_split(clean: Report) -> None:
    part = clean.manifest.take(choose(clean, Wanted(share=0.25)).rows)
    counts = {
        split: np.bincount(part.label_codes[part.split_codes == code], minlength=3).tolist()
        for code, split in enumerate(part.splits)
    }
    assert counts == {"train": [6, 6, 6], "val": [2, 2, 2], "test": [2, 2, 2]}


def test_groups_are_drawn_whole() -> None:
    rng = np.random.default_rng(0)
    columns = {
        "x": rng.normal(size=300).tolist(),
        "label": ["a", "b", "b"] * 100,
        "group": [f"g{row // 6}" for row in range(300)],
    }
    report = datacheck.audit(columns, select=["DC301"], group="group")
    rows = choose(report, Wanted(drop=(), share=0.2)).rows
    drawn = {row // 6 for row in rows.tolist()}
    assert sorted(rows.tolist()) == [6 * group + place for group in sorted(drawn) for place in range(6)]
    assert len(drawn) == 10


def test_groups_that_file_names_show_are_drawn_whole() -> None:
    names = [f"patient{n // 5:02d}_slice{n % 5}.png" for n in range(100)]
    manifest = Manifest.from_columns({"uri": names, "label": ["a", "b"] * 50, "split": ["train"] * 100})
    report = Report(manifest)
    kept = [names[row] for row in choose(report, Wanted(drop=(), duplicates="keep", share=0.2)).rows]
    assert 10 <= len(kept) <= 30
    assert {name.split("_")[0]: sum(one.startswith(name[:9]) for one in kept) for name in kept} == dict.fromkeys(
        {name.split("_")[0] for name in kept}, 5
    )


def test_what_cannot_be_done_is_said(report: Report) -> None:
    with pytest.raises(ConfigError, match="DC501 mislabel names is not known, it was not judged"):
        choose(report, Wanted(drop=("DC501",)))
    with pytest.raises(ConfigError, match=r"found 'eror' .did you mean 'error'"):
        choose(report, Wanted(drop=("eror",)))
    with pytest.raises(ConfigError, match="--duplicates: expected one of exact, near, keep, found 'all'"):
        Wanted(duplicates="all")
    for share in (0.0, 1.0, -1.0, 10.0, float("nan")):
        with pytest.raises(ConfigError, match="--share: expected a share between 0 and 1"):
            Wanted(share=share)
    with pytest.raises(ConfigError, match="copies is not known, the audit scanned nothing: add --duplicates keep"):
        choose(replace(report, measurements=None), Wanted())


def test_nothing_left_is_an_error() -> None:
    manifest = datacheck.open({"label": ["a", "b"], "x": [1.5, 2.5]})
    ids = manifest.sample_ids.to_pylist()
    finding = Finding(
        code="DC401", name="dark", severity=Severity.ERROR, message="", remedy="", sample_ids=tuple(ids), n_affected=2
    )
    bad = Report(
        manifest, outcomes=(RuleOutcome("DC401", "dark", Found((finding,), sample_issues("DC401", ids, 1.0))),)
    )
    with pytest.raises(ConfigError, match="nothing would be left of 2 samples; most are left out for: DC401 dark"):
        choose(bad, Wanted())


def test_a_saved_run_gives_the_same_choice(report: Report, tmp_path: Path) -> None:
    report.save(tmp_path)
    wanted = Wanted(share=0.3)
    assert choose(Report.load(tmp_path), wanted).rows.tolist() == choose(report, wanted).rows.tolist()


def test_what_people_listed_is_left_out_and_an_unknown_name_refused(clean: Report) -> None:
    name = "train/bar/bar_0002.jpg"
    choice = choose(clean, Wanted(leave_out=(name,)))
    assert choice.left_out == {"in your list (--leave-out)": [name]}
    with pytest.raises(ConfigError, match=r"'train/bar/bar_002.jpg' \(did you mean"):
        choose(clean, Wanted(leave_out=("train/bar/bar_002.jpg",)))
