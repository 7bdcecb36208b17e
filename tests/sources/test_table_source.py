from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datacheck.errors import SourceError
from datacheck.manifest import HoldsLabels, Manifest, Modality, Remedy, Task
from datacheck.manifest.readers import FileReader, SampleReadError
from datacheck.sources import open_source

from .pets_data import write_image


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_csv_with_relative_paths(tmp_path: Path) -> None:
    write_image(tmp_path / "images" / "1.png")
    path = write(
        tmp_path / "labels.csv",
        "File Name,Class,subset,patient_id,age\nimages/1.png,007,training,p1,30\nimages/2.png,,dev,p2,41\n",
    )
    manifest = open_source(path)
    assert manifest.table.to_pydict() == {
        "sample_id": ["images/1.png", "images/2.png"],
        "uri": ["images/1.png", "images/2.png"],
        "label": ["007", None],
        "split": ["train", "val"],
        "group": ["p1", "p2"],
        "age": [30, 41],
    }
    assert (manifest.task, manifest.modality, manifest.root) == (Task.CLASSIFICATION, Modality.IMAGE, tmp_path)
    assert manifest.extra_columns == ("age",)
    assert manifest.reader is not None
    assert manifest.reader.read("images/1.png")[:4] == b"\x89PNG"
    assert (
        "path = 'File Name' (guessed), label = 'Class' (guessed), split = 'subset' (guessed), "
        "group = 'patient_id' (guessed), split 'training' read as 'train', 'dev' read as 'val'" in manifest.took_for
    )


def test_without_a_header(tmp_path: Path) -> None:
    path = write(tmp_path / "labels.tsv", "a.png\tcat\nb.png\tdog\n")
    manifest = open_source(path, columns=["path", "label"])
    assert manifest.table["label"].to_pylist() == ["cat", "dog"]
    assert manifest.table["uri"].to_pylist() == ["a.png", "b.png"]


def test_columns_that_the_caller_names_win(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "id,label,species,where\n1,x,cat,a.png\n2,y,dog,b.png\n")
    manifest = open_source(path, label="species", path="where")
    assert manifest.table["label"].to_pylist() == ["cat", "dog"]
    assert manifest.table["label_"].to_pylist() == ["x", "y"]
    assert manifest.table["uri"].to_pylist() == ["a.png", "b.png"]
    assert "(guessed)" not in manifest.took_for


def test_json_lines_and_parquet_and_memory_agree(tmp_path: Path) -> None:
    rows = [{"path": "a.png", "label": "cat"}, {"path": "b.png", "label": "dog"}, {"path": "c.png", "label": None}]
    lines = write(tmp_path / "t.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    table = pa.Table.from_pylist(rows)
    pq.write_table(table, tmp_path / "t.parquet")
    columns = {name: [row[name] for row in rows] for name in ("path", "label")}
    sources = [lines, tmp_path / "t.parquet", table, pd.DataFrame(rows), columns]
    found = [open_source(source, root=tmp_path) for source in sources]
    for manifest in found:
        assert manifest.table.equals(found[0].table)
        assert manifest.root == tmp_path
    assert found[0].labelled.tolist() == [True, True, False]


def test_decimal_targets_are_regression(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "path,target\na.png,1.5\nb.png,\nc.png,3\n")
    manifest = open_source(path)
    assert manifest.task is Task.REGRESSION
    np.testing.assert_array_equal(manifest.target, [1.5, np.nan, 3.0])


def test_whole_targets_are_classes_unless_asked_otherwise(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "path,target\na.png,1\nb.png,10\nc.png,2\n")
    assert open_source(path).classes == ("1", "2", "10")
    manifest = open_source(path, task="regression")
    assert manifest.task is Task.REGRESSION
    assert manifest.target.tolist() == [1.0, 10.0, 2.0]
    assert open_source(path, label="target", task="regression").target.tolist() == [1.0, 10.0, 2.0]


def test_whole_floats_are_classes() -> None:
    manifest = open_source(pd.DataFrame({"label": [0.0, 1.0, np.nan]}))
    assert manifest.table["label"].to_pylist() == ["0", "1", None]


@pytest.mark.parametrize("name", ["labels", "tags"])
def test_labels_in_one_text_column(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / "t.csv", f"path,{name}\na.png,sky|sea\nb.png,sky\nc.png,\n")
    manifest = open_source(path)
    assert manifest.task is Task.MULTILABEL
    assert manifest.table["labels"].to_pylist() == [["sky", "sea"], ["sky"], None]


def test_another_separator_and_lists() -> None:
    manifest = open_source({"label": ["a; b", "", "b"]}, label_separator=";")
    assert manifest.table["labels"].to_pylist() == [["a", "b"], [], ["b"]]
    assert manifest.label_matrix.tolist() == [[True, True], [False, False], [False, True]]
    lists = open_source({"labels": [["a", "b"], [], None]})
    assert lists.table["labels"].to_pylist() == [["a", "b"], [], None]


def test_a_tabular_table_has_no_images() -> None:
    manifest = open_source({"y": ["a", "b"], "height": [1.5, 2.5]})
    assert manifest.modality is Modality.TABULAR
    assert manifest.reader is None
    assert manifest.root is None
    assert manifest.table.column_names == ["sample_id", "label", "height"]


def test_absolute_paths_with_an_outlier(tmp_path: Path) -> None:
    paths = [str(write_image(tmp_path / "data" / place / f"{n}.png")) for place in ("a", "b") for n in range(20)]
    table = {"path": [*paths, "/etc/hostname"], "label": ["x"] * 41}
    manifest = open_source(table)
    assert manifest.root == tmp_path / "data"
    assert manifest.table["uri"].to_pylist() == table["path"]
    reader = manifest.reader
    assert isinstance(reader, FileReader)
    assert reader.read(paths[-1])[:4] == b"\x89PNG"
    with pytest.raises(SampleReadError, match="escapes-root"):
        reader.read("/etc/hostname")


def test_absolute_paths_with_nothing_in_common_need_a_root() -> None:
    with pytest.raises(SourceError, match=r"found /disk1 \(50%\), /disk2 \(50%\); pass root='/'"):
        open_source({"path": ["/disk1/a.png", "/disk2/b.png"]})
    assert open_source({"path": ["/disk1/a.png", "/disk2/b.png"]}, root="/").root == Path("/")


def test_hazardous_paths_stay_as_written(tmp_path: Path) -> None:
    uris = ["a\\b.png", "../out.png", "./c.png"]
    manifest = open_source({"path": uris}, root=tmp_path)
    assert manifest.table["uri"].to_pylist() == uris
    assert manifest.reader is not None
    with pytest.raises(SampleReadError, match="escapes-root"):
        manifest.reader.read("../out.png")


def test_a_wrong_root_is_told_with_the_right_one(tmp_path: Path) -> None:
    write_image(tmp_path / "images" / "1.png")
    (tmp_path / "meta").mkdir()
    path = write(tmp_path / "meta" / "t.csv", "path,label\nimages/1.png,cat\n")
    manifest = open_source(path)
    assert manifest.root == tmp_path
    assert manifest.table["uri"].to_pylist() == ["images/1.png"]
    assert "files found in ../" in manifest.took_for
    assert "files found" not in open_source(path, root=tmp_path).took_for


def test_class_names_of_indices_can_be_given() -> None:
    manifest = open_source({"label": [1, 0, -1]}, classes=["cat", "dog"])
    assert manifest.table["label"].to_pylist() == ["dog", "cat", None]
    with pytest.raises(SourceError, match="expected labels below 2, the number of class names, found 2"):
        open_source({"label": [2]}, classes=["cat", "dog"])


def test_masks_in_a_column() -> None:
    manifest = open_source({"image": ["a.png"], "mask": ["m/a.png"]})
    assert manifest.task is Task.SEGMENTATION
    assert manifest.table["label_uri"].to_pylist() == ["m/a.png"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"expected a table in .*t\.csv, found an empty file"),
        ("a,b\n", "expected rows in .*, found none"),
        ("a,b\n1,2\n1,2,3\n", r"expected CSV in .*t\.csv, found: CSV parse error: .*Expected 2 columns, got 3"),
        ("a,a\n1,2\n", r"expected columns of different names in .*, found 'a' more than once"),
    ],
)
def test_damaged_tables(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        open_source(write(tmp_path / "t.csv", text))


def test_a_table_that_is_no_parquet(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"expected PARQUET in .*t\.parquet, found"):
        open_source(write(tmp_path / "t.parquet", "no"))


def test_other_encodings_are_read_and_said(tmp_path: Path) -> None:
    for encoding, said in (("latin-1", "read as cp1252, since it is not UTF-8"), ("utf-16", "read as utf-16")):
        (tmp_path / "t.csv").write_bytes("path,label\na.png,caf\xe9\nb.png,th\xe9\n".encode(encoding))
        manifest = open_source(tmp_path / "t.csv")
        assert manifest.table["label"].to_pylist() == ["caf\xe9", "th\xe9"]
        assert said in manifest.took_for
    (tmp_path / "t.csv").write_bytes("path,label\na.png,caf\xe9\n".encode("utf-8-sig"))
    assert open_source(tmp_path / "t.csv").table.column_names == ["sample_id", "uri", "label"]
    assert "read as" not in open_source(tmp_path / "t.csv").took_for


def test_a_missing_column_is_suggested() -> None:
    with pytest.raises(SourceError, match=r"label='lable': expected one of the columns path, label \(did you mean"):
        open_source({"path": ["a"], "label": ["b"]}, label="lable")


words = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=8).filter(
    lambda word: word.strip() == word and word.lower() not in {"na", "n/a", "null", "nan", "#n/a", "#na", "-nan"}
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(words, st.one_of(st.none(), words), st.sampled_from(["train", "val", "test", "fold7"])),
        min_size=1,
        max_size=8,
    )
)
def test_tables_come_back_from_every_format(tmp_path: Path, rows: list[tuple[str, str | None, str]]) -> None:
    frame: dict[str, list[Any]] = {
        "sample_id": [str(number) for number in range(len(rows))],
        "label": [label for _, label, _ in rows],
        "split": [split for _, _, split in rows],
        "note": ["x" + note for note, _, _ in rows],
    }
    table = pa.table(frame, schema=pa.schema([(name, pa.string()) for name in frame]))
    pq.write_table(table, tmp_path / "t.parquet")
    pa.csv.write_csv(table, tmp_path / "t.csv")
    (tmp_path / "t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in table.to_pylist()), encoding="utf-8")
    for name in ("t.parquet", "t.csv", "t.jsonl"):
        manifest = open_source(tmp_path / name, label="label", task="classification")
        found = manifest.table.to_pydict()
        assert {column: found[column] for column in frame} == frame
        manifest.save(tmp_path / "manifest.parquet")
        assert Manifest.load(tmp_path / "manifest.parquet") == manifest


def test_every_column_is_used_or_named_as_unread() -> None:
    rows = {
        "image": ["a.png", "b.png", "c.png", "d.png"],
        "species": ["cat", "dog"] * 2,
        "habitat": ["sea", "sea", "lake", "lake"],
        "note": ["w", "x", "y", "z"],
    }
    inventory = open_source(rows).inventory
    assert [(item.name, item.role) for item in inventory.used] == [("image", "path")]
    assert [(item.name, item.labels) for item in inventory.unread] == [
        ("species", HoldsLabels.MAYBE),
        ("habitat", HoldsLabels.MAYBE),
        ("note", HoldsLabels.NO),
    ]
    assert inventory.perhaps_labels[0].remedy == Remedy("--label species", "label='species'")
    labelled = open_source(rows, label="species").inventory
    assert [(item.name, item.role) for item in labelled.used] == [("image", "path"), ("species", "label")]
    assert labelled.perhaps_labels == ()
    features = open_source({"y": ["a", "b"], "height": [1.5, 2.5]}).inventory
    assert [(item.name, item.role) for item in features.used] == [("y", "label"), ("height", "feature")]


@pytest.mark.parametrize("place", [0, 11])
@pytest.mark.parametrize("line", ["null", "3", '"text"', "[1, 2]", "garbage"])
def test_a_line_that_is_no_object_is_named(tmp_path: Path, place: int, line: str) -> None:
    lines = [json.dumps({"path": f"{n}.png", "label": "ab"[n % 2]}) for n in range(20)]
    path = write(tmp_path / "t.jsonl", "\n".join([*lines[:place], line, *lines[place:]]) + "\n")
    with pytest.raises(
        SourceError, match=rf"expected a JSON object on each line of .*t\.jsonl, found .* on line {place + 1};"
    ):
        open_source(path)


def test_a_null_label_is_an_unlabelled_sample(tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", '{"path": "a.png", "label": null}\n\n{"path": "b.png", "label": "cat"}\n')
    assert open_source(path).table["label"].to_pylist() == [None, "cat"]


def test_json_lines_after_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_bytes(b'\xef\xbb\xbf{"n": 1, "label": "a"}\n{"n": 2, "label": "b"}\n')
    assert open_source(tmp_path / "t.jsonl").table["n"].to_pylist() == [1, 2]


@pytest.mark.parametrize("last", ['{"n": 3, "lab', '{"n": "three", "label": "a"}'])
def test_a_broken_row_of_json_lines_is_named_with_what_to_do(tmp_path: Path, last: str) -> None:
    (tmp_path / "t.jsonl").write_text('{"n": 1, "label": "a"}\n{"n": 2, "label": "b"}\n' + last + "\n")
    with pytest.raises(SourceError, match=r"in row \d; correct that row"):
        open_source(tmp_path / "t.jsonl")
