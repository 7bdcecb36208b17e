"""Layouts of well-known datasets that are none of the usual ones: nothing is read for what it is not."""

from __future__ import annotations

from pathlib import Path

from datacheck.manifest import Task
from datacheck.sources import open_source

from .pets_data import write_image

CODES = [0, 0, 0, 0, 1, 2]


def _images(root: Path, form: str, n: int = 6) -> None:
    for number in range(n):
        write_image(root / form.format(number), number)


def test_the_partition_of_celeba_is_no_class(tmp_path: Path) -> None:
    _images(tmp_path, "img_align_celeba/{:06}.jpg")
    rows = "".join(f"{number:06}.jpg {code}\n" for number, code in enumerate(CODES))
    (tmp_path / "list_eval_partition.txt").write_text(rows)
    manifest = open_source(tmp_path)
    assert manifest.classes == ("img_align_celeba",)
    assert [question.unjudged for question in manifest.inventory.questions] == [False, True]
    assert "'list_eval_partition.txt' may hold the labels" in manifest.inventory.questions[1].text


def test_three_numbers_in_place_of_words_for_splits(tmp_path: Path) -> None:
    _images(tmp_path, "{}.jpg")
    rows = "".join(f"{number}.jpg,{'ab'[number % 2]},{code}\n" for number, code in enumerate(CODES))
    (tmp_path / "t.csv").write_text("image_id,label,partition\n" + rows)
    manifest = open_source(tmp_path / "t.csv")
    assert manifest.table["split"].to_pylist() == ["train"] * 4 + ["val", "test"]
    assert "split '0' read as 'train', '1' read as 'val', '2' read as 'test'" in manifest.took_for


def test_two_numbers_stay_as_they_are(tmp_path: Path) -> None:
    _images(tmp_path, "{}.jpg")
    rows = "".join(f"{number}.jpg,{'ab'[number % 2]},{number // 4}\n" for number in range(6))
    (tmp_path / "t.csv").write_text("image_id,label,partition\n" + rows)
    assert open_source(tmp_path / "t.csv").splits == ("0", "1")


def test_a_folder_named_for_its_format_is_no_class(tmp_path: Path) -> None:
    _images(tmp_path, "jpg/image_{:05}.jpg")
    (tmp_path / "imagelabels.mat").write_bytes(b"MATLAB 5.0 MAT-file")
    manifest = open_source(tmp_path)
    assert manifest.task is Task.UNLABELLED
    assert [each.name for each in manifest.inventory.perhaps_labels] == ["imagelabels.mat"]


def test_words_for_splits_within_the_names_of_all_folders(tmp_path: Path) -> None:
    for folder in ("bounding_box_train", "bounding_box_test", "query"):
        _images(tmp_path, f"{folder}/{{:04}}_c1.jpg")
    manifest = open_source(tmp_path)
    assert (manifest.task, set(manifest.splits)) == (Task.UNLABELLED, {"train", "test", "query"})


def test_classes_whose_names_hold_such_words_stay_classes(tmp_path: Path) -> None:
    for folder in ("train_station", "airport", "test_site", "bus", "market"):
        _images(tmp_path, f"{folder}/{{}}.jpg")
    assert open_source(tmp_path).classes == ("airport", "bus", "market", "test_site", "train_station")
