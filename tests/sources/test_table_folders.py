"""Folders that hold tables and no images: one table, tables named for splits, and what cannot be told apart."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from datacheck.errors import SourceError
from datacheck.manifest import Task
from datacheck.sources import open_source


def table(path: Path, rows: str, header: str = "size,label") -> None:
    path.write_text(f"{header}\n{rows}\n")


def test_tables_named_for_splits_are_read_together(tmp_path: Path) -> None:
    table(tmp_path / "train.csv", "1,a\n2,b")
    table(tmp_path / "Validation_set.csv", "3,a")
    table(tmp_path / "sample_submission.csv", "1,a", header="id,label")
    manifest = open_source(tmp_path)
    assert manifest.table["split"].to_pylist() == ["train", "train", "val"]
    assert manifest.table["label"].to_pylist() == ["a", "b", "a"]
    assert [item.name for item in manifest.inventory.unread] == ["sample_submission.csv"]


def test_a_test_table_without_the_label_that_is_named(tmp_path: Path) -> None:
    table(tmp_path / "train.csv", "1,0\n2,1", header="size,Survived")
    table(tmp_path / "test.csv", "3", header="size")
    manifest = open_source(tmp_path, label="Survived")
    assert manifest.table["label"].to_pylist() == ["0", "1", None]
    assert manifest.task is Task.CLASSIFICATION


def test_the_only_table(tmp_path: Path) -> None:
    table(tmp_path / "birds.csv", "1,a\n2,b")
    manifest = open_source(tmp_path)
    assert manifest.table["label"].to_pylist() == ["a", "b"]
    assert "split" not in manifest


def test_several_tables_without_splits_are_named_with_their_calls(tmp_path: Path) -> None:
    table(tmp_path / "birds.csv", "1,a")
    table(tmp_path / "trees.csv", "1,a")
    with pytest.raises(SourceError, match=r"datacheck audit .*birds\.csv, or datacheck audit .*trees\.csv"):
        open_source(tmp_path)


def test_a_folder_of_pickles_says_what_to_open(tmp_path: Path) -> None:
    (tmp_path / "data_batch_1").write_bytes(b"no pickle is loaded")
    with pytest.raises(SourceError, match="pickles are not loaded"):
        open_source(tmp_path)


def test_splits_whose_columns_differ_in_type_name_the_column(tmp_path: Path) -> None:
    pq.write_table(pa.table({"size": [1, 2], "label": ["a", "b"]}), tmp_path / "part-0.parquet")
    pq.write_table(pa.table({"size": [1, 2], "label": [0, 1]}), tmp_path / "part-1.parquet")
    with pytest.raises(SourceError, match=r"'label' \(string in 'part-0.parquet', int64 in 'part-1.parquet'\)"):
        open_source(tmp_path)
    pq.write_table(pa.table({"size": [1.5, 2], "label": ["a", "b"]}), tmp_path / "part-1.parquet")
    assert len(open_source(tmp_path)) == 4


def test_a_column_of_words_for_splits_whatever_its_name(tmp_path: Path) -> None:
    table(tmp_path / "t.csv", "1,a,Training\n2,b,Training\n3,a,Validation", header="size,label,Set")
    assert open_source(tmp_path / "t.csv").table["split"].to_pylist() == ["train", "train", "val"]
    table(tmp_path / "t.csv", "1,a,train\n2,b,train\n3,a,bus", header="size,label,vehicle")
    assert "split" not in open_source(tmp_path / "t.csv")


def test_labels_joined_by_a_bar(tmp_path: Path) -> None:
    table(tmp_path / "t.csv", "1,Mass|Nodule\n2,Mass\n3,No Finding\n4,Nodule|Edema")
    manifest = open_source(tmp_path / "t.csv")
    assert manifest.task is Task.MULTILABEL
    assert manifest.table["labels"].to_pylist()[3] == ["Nodule", "Edema"]
    table(tmp_path / "t.csv", "1,left|right\n2,up\n3,up\n4,left|right")
    assert open_source(tmp_path / "t.csv").task is Task.CLASSIFICATION
