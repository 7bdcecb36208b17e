"""Layouts of well-known datasets that are none of the usual ones: nothing is read for what it is not."""

from __future__ import annotations

from pathlib import Path

from datacheck import audit
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


def test_folders_of_patients_are_no_classes_beside_a_table_of_findings(tmp_path: Path) -> None:
    rows = "Path,Edema,Mass\n"
    for number in range(16):
        name = f"train/patient{number // 2:05}/study1/view{number % 2}.jpg"
        write_image(tmp_path / name, number)
        rows += f"{name},{number // 2 % 2},{number // 4 % 2}\n"
    (tmp_path / "train.csv").write_text(rows)
    manifest = open_source(tmp_path)
    assert (manifest.task, manifest.classes) == (Task.MULTILABEL, ("Edema", "Mass"))
    assert open_source(tmp_path, class_level=1).task is Task.CLASSIFICATION


def test_folders_of_parts_are_no_classes_beside_a_table(tmp_path: Path) -> None:
    rows = "Image Index,Finding Labels,Patient ID\n"
    for number in range(16):
        write_image(tmp_path / f"images_{number // 8:03}" / "images" / f"{number:08}.png", number)
        rows += f"{number:08}.png,{['No Finding', 'Mass|Nodule', 'Nodule'][number % 3]},{number // 2}\n"
    (tmp_path / "Data_Entry.csv").write_text(rows)
    manifest = open_source(tmp_path)
    assert (manifest.task, manifest.classes) == (Task.MULTILABEL, ("Mass", "No Finding", "Nodule"))


def test_numbered_folders_that_are_the_classes_of_the_table_stay(tmp_path: Path) -> None:
    rows = "subject,classname,img\n"
    for number in range(16):
        write_image(tmp_path / f"c{number % 4}" / f"img_{number}.jpg", number)
        rows += f"p{number // 4},c{number % 4},img_{number}.jpg\n"
    (tmp_path / "drivers.csv").write_text(rows)
    manifest = open_source(tmp_path)
    assert "class folders" in manifest.took_for
    assert manifest.classes == ("c0", "c1", "c2", "c3")


def test_labels_of_a_split_come_from_its_list(tmp_path: Path) -> None:
    for code in range(2):
        _images(tmp_path, f"train/n0{code}/images/n0{code}_{{}}.JPEG")
    _images(tmp_path, "val/images/val_{}.JPEG")
    _images(tmp_path, "test/images/test_{}.JPEG")
    rows = "".join(f"val_{number}.JPEG\tn0{number % 2}\t0\t0\t9\t9\n" for number in range(6))
    (tmp_path / "val" / "val_annotations.txt").write_text(rows)
    manifest = open_source(tmp_path)
    labels = dict(zip(manifest.table["uri"].to_pylist(), manifest.table["label"].to_pylist(), strict=True))
    assert [labels[f"val/images/val_{number}.JPEG"] for number in range(6)] == ["n00", "n01"] * 3
    assert labels["test/images/test_0.JPEG"] is None
    assert labels["train/n01/images/n01_0.JPEG"] == "n01"
    assert manifest.classes == ("n00", "n01")


def test_a_list_of_other_classes_labels_nothing(tmp_path: Path) -> None:
    _images(tmp_path, "train/cat/{}.jpg")
    _images(tmp_path, "train/dog/{}.jpg")
    _images(tmp_path, "val/images/v{}.jpg")
    (tmp_path / "val" / "shot.csv").write_text("file,label\n" + "".join(f"v{n}.jpg,{'ab'[n % 2]}\n" for n in range(6)))
    manifest = open_source(tmp_path)
    assert manifest.classes == ("cat", "dog")
    assert [each.name for each in manifest.inventory.perhaps_labels] == ["val/shot.csv"]


def test_a_table_in_each_split_folder_is_read_for_its_split(tmp_path: Path) -> None:
    for split, n in (("train", 6), ("valid", 4)):
        _images(tmp_path, f"{split}/{split}_{{}}.jpg", n)
        rows = "".join(f"{split}_{number}.jpg, {number % 2}, {1 - number % 2}\n" for number in range(n))
        (tmp_path / split / "_classes.csv").write_text("filename, cat, dog\n" + rows)
    manifest = open_source(tmp_path)
    assert (manifest.classes, manifest.splits) == (("cat", "dog"), ("train", "val"))
    assert manifest.labelled.all()
    assert manifest.table["label"].to_pylist()[-2:] == ["dog", "cat"]


def test_numbers_with_commas_are_no_yolo_file(tmp_path: Path) -> None:
    _images(tmp_path, "images/{:06}.jpg")
    for number in range(6):
        path = tmp_path / "annotations" / f"{number:06}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text("10,10,20,20,1,4,0,0\n5,5,8,8,1,1,0,0\n")
    manifest = open_source(tmp_path)
    assert manifest.task is Task.PAIRED
    assert [each.count for each in manifest.inventory.unread_labels] == [6]


def test_an_odd_number_of_key_points_is_drawn_as_far_as_it_goes(tmp_path: Path) -> None:
    for number in range(3):
        write_image(tmp_path / "data" / "images" / f"{number}.jpg", number)
        path = tmp_path / "data" / "labels" / f"{number}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text("0 0.5 0.5 0.2 0.2 0.1 0.1 0.2\n")
    report = audit(tmp_path / "data", out=tmp_path / "run")
    assert (report.manifest.task, report.failed) == (Task.DETECTION, ())
    assert (tmp_path / "run" / "report.html").exists()


def test_two_domains_with_splits_in_their_names(tmp_path: Path) -> None:
    for name in ("trainA", "trainB", "testA", "testB"):
        _images(tmp_path, name + "/{}.jpg", 2)
    manifest = open_source(tmp_path)
    assert (manifest.classes, sorted(manifest.splits)) == (("A", "B"), ["test", "train"])
    said = set(zip(*(manifest.table[name].to_pylist() for name in ("uri", "split", "label")), strict=True))
    assert ("trainB/1.jpg", "train", "B") in said
    assert ("testA/0.jpg", "test", "A") in said
