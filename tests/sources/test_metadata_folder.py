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
