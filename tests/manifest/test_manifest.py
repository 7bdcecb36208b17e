"""The manifest: casting, what is filled in, what is refused, and the way to disk and back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from datacheck.errors import ManifestError, StorageError
from datacheck.manifest import Inventory, ItemKind, Listings, Manifest, Modality, Task, Used, natural_sorted
from datacheck.manifest.readers import TarReader


@pytest.mark.parametrize(
    ("column", "values", "task"),
    [
        ("label", ["a", "b"], Task.CLASSIFICATION),
        ("target", [1, 2], Task.REGRESSION),
        ("labels", [["a"], []], Task.MULTILABEL),
        ("label_uri", ["a.png", "b.png"], Task.PAIRED),
        ("other", [1, 2], Task.UNLABELLED),
    ],
)
def test_the_task_follows_from_the_label_column(column: str, values: list[Any], task: Task) -> None:
    manifest = Manifest.from_columns({column: values})
    assert manifest.task is task
    assert manifest.labelled.tolist() == [task is not Task.UNLABELLED] * 2
    assert task.label_column == (None if task is Task.UNLABELLED else column)


def test_ids_come_from_uris_and_are_made_unique() -> None:
    manifest = Manifest.from_columns({"uri": ["a.png", "b.png", "a.png", None]})
    assert manifest.sample_ids.to_pylist() == ["a.png", "b.png", "a.png#2", "row 3"]
    assert Manifest.from_columns({"label": ["a"] * 11}).sample_ids.to_pylist()[:2] == ["00", "01"]
    assert manifest.modality is Modality.IMAGE


def test_labels_become_words_and_indices() -> None:
    manifest = Manifest.from_columns(pd.DataFrame({"label": [2.0, np.nan, 10.0]}))
    assert manifest.table["label"].to_pylist() == ["2", None, "10"]
    assert manifest.classes == ("2", "10")
    assert manifest.label_codes.tolist() == [0, -1, 1]
    assert manifest.labelled.tolist() == [True, False, True]


def test_several_labels_are_a_matrix() -> None:
    manifest = Manifest.from_columns({"labels": [["b", "a"], [], None]})
    assert manifest.label_matrix.tolist() == [[True, True], [False, False], [False, False]]
    assert manifest.labelled.tolist() == [True, True, False]


def test_splits_are_listed_in_the_usual_order() -> None:
    manifest = Manifest.from_columns({"label": ["a"] * 4, "split": ["zoo", "test", None, "train"]})
    assert manifest.splits == ("train", "test", "zoo")
    assert manifest.split_codes.tolist() == [2, 1, -1, 0]


@pytest.mark.parametrize(
    ("columns", "options", "message"),
    [
        ({"sample_id": ["a", "a"]}, {}, "expected unique ids, found 1 that repeat, such as 'a'"),
        ({"sample_id": ["a", None]}, {}, "expected no nulls, found 1"),
        ({"target": ["x"]}, {}, "column 'target': expected double, found string"),
        ({"label": ["cta"]}, {"classes": ["cat"]}, r"found \['cta'\] \(did you mean 'cat'\?\)"),
        ({"label": ["a"]}, {"classes": ["a", "a"]}, "class names repeat"),
        ({"label": ["a"]}, {"task": Task.REGRESSION}, "a regression manifest needs a column 'target'"),
        ({"a": [1], "b": [1, 2]}, {}, "expected columns of one length"),
    ],
)
def test_what_is_refused(columns: dict[str, Any], options: dict[str, Any], message: str) -> None:
    with pytest.raises(ManifestError, match=message):
        Manifest.from_columns(columns, **options)


def test_it_comes_back_whole(tmp_path: Path) -> None:
    manifest = Manifest.from_columns(
        {"uri": ["a.png"], "label_uri": ["m/a.png"], "age": [3]},
        root=tmp_path,
        took_for="a pair",
        listings=Listings(("a.png", "b.png"), ("m/a.png",)),
        inventory=Inventory(used=(Used("*.png", ItemKind.FILE, "images", 1, ("a.png",)),)),
    )
    manifest.save(tmp_path / "manifest.parquet")
    loaded = Manifest.load(tmp_path / "manifest.parquet")
    assert loaded == manifest
    assert loaded.reader == manifest.reader
    by_tar = Manifest.from_columns({"uri": ["a.tar/@0+1/a.png"]}, root=tmp_path, reader=TarReader(tmp_path))
    by_tar.save(tmp_path / "tars.parquet")
    assert Manifest.load(tmp_path / "tars.parquet").reader == TarReader(tmp_path)


@pytest.mark.parametrize("change", [{"task": "guessing"}, {"classes": 3}, {"inventory": {}}, {"reader": "magic"}])
def test_edited_metadata_are_a_clear_error(tmp_path: Path, change: dict[str, Any]) -> None:
    path = tmp_path / "manifest.parquet"
    Manifest.from_columns({"uri": ["a.png"]}, root=tmp_path).save(path)
    table = pq.read_table(path)
    metadata = json.loads(table.schema.metadata[b"datacheck"]) | change
    pq.write_table(table.replace_schema_metadata({b"datacheck": json.dumps(metadata).encode()}), path)
    with pytest.raises(StorageError, match=r"expected a manifest in .*manifest\.parquet, but .*; run the audit again"):
        Manifest.load(path)


def test_rows_and_columns_can_be_taken_and_set() -> None:
    manifest = Manifest.from_columns({"label": ["a", "b", "c"]})
    assert manifest.take(np.array([True, False, True])).table["label"].to_pylist() == ["a", "c"]
    assert manifest.take([2]).classes == ("a", "b", "c")
    changed = manifest.with_column("split", ["train", "val", "val"]).with_column("note", pa.array([1, 2, 3]))
    assert (changed.splits, changed.extra_columns) == (("train", "val"), ("note",))


def test_natural_order_counts() -> None:
    assert natural_sorted(["a10", "a9", "10", "2", "02"]) == ["02", "2", "10", "a9", "a10"]
