from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from datacheck.findings import Found, NotApplicable, Outcome, Passed, Severity
from datacheck.manifest import Manifest
from datacheck.rules.base import RuleContext
from datacheck.rules.files.dc109_image_folder_mismatch import ImageFolderMismatch
from datacheck.sources import open_source

from .examples import shown


def judge(*uris: str) -> Outcome:
    parts = [uri.split("/") for uri in uris]
    columns = {"uri": list(uris), "split": [row[0] for row in parts], "label": [row[1] for row in parts]}
    return ImageFolderMismatch().check(RuleContext(Manifest.from_columns(columns)))


def folder(root: Path, *paths: str) -> Path:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8)).save(root / path)
    return root


def test_a_class_that_val_lacks_shifts_the_numbers_of_the_later_ones() -> None:
    outcome = judge("train/a/1.png", "train/b/1.png", "train/c/1.png", "val/b/2.png", "val/c/2.png")
    assert isinstance(outcome, Found)
    (finding,) = outcome.findings
    assert finding.message == shown(ImageFolderMismatch)
    assert finding.severity is Severity.ERROR
    assert finding.evidence["numbers"] == {"b": [1, 0], "c": [2, 1]}
    assert finding.evidence["missing"] == ["a"]


def test_a_class_that_only_val_has_shifts_them_too() -> None:
    outcome = judge("train/b/1.png", "train/c/1.png", "val/a/2.png", "val/b/2.png", "val/c/2.png")
    assert isinstance(outcome, Found)
    assert "'train' has none of 'a'" in outcome.findings[0].message


def test_equal_folders_and_a_last_class_that_is_missing_are_silent() -> None:
    assert isinstance(judge("train/a/1.png", "train/b/1.png", "val/a/2.png", "val/b/2.png"), Passed)
    assert isinstance(judge("train/a/1.png", "train/b/1.png", "val/a/2.png"), Passed)


def test_the_classes_of_one_root_are_numbered_once() -> None:
    columns = {"uri": ["a/1.png", "b/1.png", "b/2.png"], "label": ["a", "b", "b"], "split": ["train", "train", "val"]}
    assert isinstance(ImageFolderMismatch().check(RuleContext(Manifest.from_columns(columns))), Passed)


def test_labels_that_are_no_folders_are_not_judged() -> None:
    columns = {"uri": ["x/1.png", "x/2.png"], "label": ["a", "b"]}
    assert isinstance(ImageFolderMismatch().check(RuleContext(Manifest.from_columns(columns))), NotApplicable)


def test_hidden_folders_and_files_of_a_real_folder_are_named(tmp_path: Path) -> None:
    folder(tmp_path, "train/a/1.png", "train/b/1.png", "val/a/1.png", "val/b/1.png", "train/.ipynb_checkpoints/1.png")
    (tmp_path / "train/a/._1.png").write_bytes(b"no image")
    (tmp_path / ".git").mkdir()
    outcome = ImageFolderMismatch().check(RuleContext(open_source(tmp_path)))
    assert isinstance(outcome, Found)
    hidden, left = outcome.findings
    assert hidden.evidence["folders"] == ["train/.ipynb_checkpoints/"]
    assert left.evidence == {"files": ["train/a/._1.png"], "n": 1}
    assert {hidden.severity, left.severity} == {Severity.WARNING}


@pytest.mark.parametrize("missing", [True, False])
def test_two_image_folders_of_torchvision(tmp_path: Path, missing: bool) -> None:
    datasets = pytest.importorskip("torchvision.datasets")
    folder(tmp_path, "train/a/1.png", "train/b/1.png", "val/b/1.png", *(() if missing else ("val/a/1.png",)))
    both = {split: datasets.ImageFolder(str(tmp_path / split)) for split in ("train", "val")}
    outcome = ImageFolderMismatch().check(RuleContext(open_source(both)))
    assert isinstance(outcome, Found if missing else Passed)
