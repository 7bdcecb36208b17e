"""Folders with a metadata table, as Hugging Face lays them out."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from datacheck.manifest import Task
from datacheck.sources import open_source


def images(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8)).save(folder / name)


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("top", ["", "data/"])
def test_a_table_in_each_split_folder(tmp_path: Path, suffix: str, top: str) -> None:
    for split in ("train", "validation"):
        folder = tmp_path / f"{top}{split}"
        images(folder, "1.png", "sub/2.png")
        rows = [{"file_name": "1.png", "label": "cat"}, {"file_name": "sub/2.png", "label": "dog"}]
        if suffix == "csv":
            (folder / "metadata.csv").write_text("file_name,label\n1.png,cat\nsub/2.png,dog\n")
        elif suffix == "jsonl":
            (folder / "metadata.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        else:
            pq.write_table(pa.Table.from_pylist(rows), folder / "metadata.parquet")
    manifest = open_source(tmp_path)
    assert manifest.classes == ("cat", "dog")
    assert manifest.splits == ("train", "val")
    assert manifest.table["label"].to_pylist() == ["cat", "dog"] * 2
    assert manifest.reader is not None
    assert all(manifest.reader.read(uri) for uri in manifest.table["uri"].to_pylist())


def test_one_table_for_all_tells_the_split_from_the_paths(tmp_path: Path) -> None:
    images(tmp_path, "train/1.png", "test/2.png")
    (tmp_path / "metadata.csv").write_text("file_name,label\ntrain/1.png,cat\ntest/2.png,dog\n")
    manifest = open_source(tmp_path)
    assert manifest.table["split"].to_pylist() == ["train", "test"]
    assert manifest.table["label"].to_pylist() == ["cat", "dog"]


def test_class_folders_win_over_a_table_without_labels(tmp_path: Path) -> None:
    images(tmp_path, "cat/1.png", "dog/2.png")
    (tmp_path / "metadata.csv").write_text("file_name,text\ncat/1.png,a cat\ndog/2.png,a dog\n")
    manifest = open_source(tmp_path)
    assert manifest.task is Task.CLASSIFICATION
    assert manifest.classes == ("cat", "dog")


def test_a_table_that_names_no_files_is_no_metadata(tmp_path: Path) -> None:
    images(tmp_path, "cat/1.png", "dog/2.png")
    (tmp_path / "metadata.csv").write_text("license,author\nMIT,me\n")
    assert "a folder of images" in open_source(tmp_path).took_for


def test_years_behind_split_folders(tmp_path: Path) -> None:
    images(tmp_path, "train2017/1.jpg", "val2017/2.jpg")
    manifest = open_source(tmp_path)
    assert (manifest.task, manifest.splits) == (Task.UNLABELLED, ("train", "val"))


def test_kaggle_labels_of_train_and_images_of_test(tmp_path: Path) -> None:
    images(tmp_path, *(f"train/{n:02x}a.png" for n in range(6)), *(f"test/{n:02x}b.png" for n in range(4)))
    (tmp_path / "train_labels.csv").write_text("id,label\n" + "".join(f"{n:02x}a,{n % 2}\n" for n in range(6)))
    (tmp_path / "sample_submission.csv").write_text("id,label\n" + "".join(f"{n:02x}b,0\n" for n in range(4)))
    manifest = open_source(tmp_path)
    assert manifest.table["label"].to_pylist() == ["0", "1"] * 3 + [None] * 4
    assert manifest.splits == ("train", "test")
    assert manifest.table["uri"].to_pylist()[5:7] == ["train/05a.png", "test/00b.png"]
    assert (manifest.inventory.used[0].name, manifest.inventory.used[0].role) == ("train_labels.csv", "table")
    assert [(item.name, item.labels.value) for item in manifest.inventory.unread] == [("sample_submission.csv", "no")]


@pytest.mark.parametrize("suffix", ["csv", "txt"])
def test_one_list_a_split(tmp_path: Path, suffix: str) -> None:
    images(tmp_path, *(f"images/{name}.png" for name in "abcdef"))
    gap, header = (",", "file,label\n") if suffix == "csv" else (" ", "")
    for split, names in (("train", "abc"), ("val", "de")):
        rows = "".join(f"images/{name}.png{gap}{'xy'[row % 2]}\n" for row, name in enumerate(names))
        (tmp_path / f"{split}.{suffix}").write_text(header + rows)
    (tmp_path / f"test.{suffix}").write_text(("file\n" if header else "") + "images/f.png\n")
    manifest = open_source(tmp_path)
    assert manifest.classes == ("x", "y")
    assert manifest.table["label"].to_pylist() == ["x", "y", "x", "x", "y", None]
    assert manifest.table["split"].to_pylist() == ["train"] * 3 + ["val"] * 2 + ["test"]


def test_class_folders_win_and_the_table_is_named(tmp_path: Path) -> None:
    images(tmp_path, "cat/1.png", "cat/2.png", "dog/3.png", "dog/4.png")
    (tmp_path / "labels.csv").write_text("file,label\ncat/1.png,a\ncat/2.png,b\ndog/3.png,a\ndog/4.png,b\n")
    manifest = open_source(tmp_path)
    assert manifest.classes == ("cat", "dog")
    (item,) = manifest.inventory.perhaps_labels
    assert (item.name, item.reason) == ("labels.csv", "the labels were read elsewhere in the folder")
    assert item.remedy is not None
    assert item.remedy.command_line == f"datacheck audit {tmp_path}/labels.csv"


def test_split_lists_beside_class_folders(tmp_path: Path) -> None:
    images(tmp_path, *(f"images/{kind}/{n}.jpg" for kind in ("pie", "soup") for n in (1, 2, 3)))
    (tmp_path / "meta").mkdir()
    (tmp_path / "meta" / "classes.txt").write_text("pie\nsoup\n")
    (tmp_path / "meta" / "train.txt").write_text("pie/1\npie/2\nsoup/1\nsoup/2\n")
    (tmp_path / "meta" / "test.txt").write_text("pie/3\nsoup/3\n")
    manifest = open_source(tmp_path)
    assert manifest.classes == ("pie", "soup")
    assert manifest.table["split"].to_pylist() == ["train", "train", "test"] * 2
    assert "splits from meta/test.txt, meta/train.txt" in manifest.took_for


def test_the_split_lists_of_voc(tmp_path: Path) -> None:
    images(
        tmp_path, *(f"JPEGImages/00000{n}.jpg" for n in range(6)), *(f"SegmentationClass/00000{n}.png" for n in (0, 4))
    )
    (tmp_path / "Annotations").mkdir()
    for n in range(6):
        (tmp_path / "Annotations" / f"00000{n}.xml").write_text("<annotation/>")
    for place, train in (("Main", "0123"), ("Segmentation", "0")):
        (tmp_path / "ImageSets" / place).mkdir(parents=True)
        (tmp_path / "ImageSets" / place / "train.txt").write_text("".join(f"00000{n}\n" for n in train))
        (tmp_path / "ImageSets" / place / "val.txt").write_text("000004\n000005\n"[: 14 if place == "Main" else 7])
    (tmp_path / "ImageSets" / "Main" / "trainval.txt").write_text("".join(f"00000{n}\n" for n in range(6)))
    for kind in ("cat", "dog", "cow", "car", "bus", "cup"):
        for split in ("train", "val", "trainval"):
            (tmp_path / "ImageSets" / "Main" / f"{kind}_{split}.txt").write_text("000000 -1\n000001 1\n")
    manifest = open_source(tmp_path)
    assert manifest.task is Task.PAIRED
    assert manifest.table["split"].to_pylist() == ["train"] * 4 + ["val"] * 2
    assert "splits from ImageSets/Main/train.txt, ImageSets/Main/val.txt" in manifest.took_for
    assert "ImageSets/Main/train.txt" not in {item.name for item in manifest.inventory.unread}


def test_a_table_beside_its_images_says_the_same_as_its_folder(tmp_path: Path) -> None:
    images(tmp_path, "train/1.png", "train/2.png", "validation/3.png", "validation/4.png")
    (tmp_path / "metadata.csv").write_text(
        "file_name,label\ntrain/1.png,a\ntrain/2.png,b\nvalidation/3.png,a\nvalidation/4.png,b\n"
    )
    folder, table = open_source(tmp_path), open_source(tmp_path / "metadata.csv")
    assert folder.table["split"].to_pylist() == ["train", "train", "val", "val"]
    assert table.table.equals(folder.table)


def _sorted_by_name(folder: Path, label: str = "{}") -> None:
    names = [f"{start}/{start}{n}.png" for start in "abc" for n in range(8)]
    images(folder, *names)
    rows = [f"{name[2:-4]},{label.format(['cat', 'dog'][n % 2], start=name[0])}\n" for n, name in enumerate(names)]
    (folder / "train.csv").write_text("id,label\n" + "".join(rows))


def test_a_table_wins_over_folders_that_sort_by_the_start_of_the_name(tmp_path: Path) -> None:
    _sorted_by_name(tmp_path)
    manifest = open_source(tmp_path)
    assert manifest.classes == ("cat", "dog")
    labels = dict(zip(manifest.table["uri"].to_pylist(), manifest.table["label"].to_pylist(), strict=True))
    assert (labels["a/a0.png"], labels["b/b1.png"]) == ("cat", "dog")
    (question,) = manifest.inventory.questions
    assert "the labels are those of 'train.csv'" in question.text
    by_folder = open_source(tmp_path, class_level=1)
    assert by_folder.classes == ("a", "b", "c")
    assert open_source(tmp_path, label="label").inventory.questions == ()


@pytest.mark.parametrize("label", ["class {start}", "{start} {}"])
def test_folders_win_over_a_table_of_the_same_or_finer_classes(tmp_path: Path, label: str) -> None:
    _sorted_by_name(tmp_path, label)
    manifest = open_source(tmp_path)
    assert manifest.classes == ("a", "b", "c")
    assert manifest.inventory.questions == ()
