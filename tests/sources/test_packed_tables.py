"""Tables in other files than plain CSV: packed, JSON documents, Arrow, decimal commas; and class names in JSON."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import feather, ipc

from datacheck.errors import SourceError
from datacheck.sources import open_source
from tests.sources.pets_data import write_image

TEXT = "height,label\n1.5,cat\n2.5,dog\n3.5,cat\n"
COLUMNS = {"height": [1.5, 2.5, 3.5], "label": ["cat", "dog", "cat"]}
RECORDS = [dict(zip(COLUMNS, row, strict=True)) for row in zip(*COLUMNS.values(), strict=True)]


def _is_the_table(path: Path) -> bool:
    table = open_source(path).table
    return {name: table[name].cast(pa.string()).to_pylist() for name in COLUMNS} == {
        "height": ["1.5", "2.5", "3.5"],
        "label": COLUMNS["label"],
    }


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv.gz", gzip.compress(TEXT.encode())),
        ("t.csv.bz2", bz2.compress(TEXT.encode())),
        ("T.CSV.XZ", lzma.compress(TEXT.encode())),
        ("t.json.gz", gzip.compress(json.dumps(RECORDS).encode())),
        ("t.json", json.dumps(RECORDS).encode()),
        ("columns.json", json.dumps(COLUMNS).encode()),
        ("t.data", TEXT.encode()),
        ("comma.csv", TEXT.replace(",", ";").replace(".", ",").encode()),
    ],
)
def test_is_read_as_the_plain_csv(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert _is_the_table(tmp_path / name)


def test_a_zip_of_one_table_and_what_macos_adds_is_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "train.csv.zip", "w") as archive:
        archive.writestr("train.csv", TEXT)
        archive.writestr("__MACOSX/._train.csv", "x")
    assert _is_the_table(tmp_path / "train.csv.zip")


def test_arrow_files_and_streams_are_read(tmp_path: Path) -> None:
    table = pa.table(COLUMNS)
    feather.write_feather(table, tmp_path / "t.feather")
    with ipc.new_stream(tmp_path / "t.arrow", table.schema) as stream:
        stream.write_table(table)
    assert _is_the_table(tmp_path / "t.feather")
    assert _is_the_table(tmp_path / "t.arrow")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv.gz", b"\x1f\x8bgarbage", "pack it again"),
        ("t.csv.zip", b"PK\x03\x04garbage", "pack it again"),
        ("t.json", b'{"a": 1', "expected JSON in"),
        ("t.json", b'{"version": 2}', "an object with the keys version; write a table"),
        ("t.csv", b"made by me\na,label\n1,x\n", "remove lines above the header"),
        ("t.pkl", b"\x80", "read it with the library that wrote it"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_to_do(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=message) as caught:
        open_source(tmp_path / name)
    assert str(tmp_path / name) in str(caught.value)


def test_pictures_in_an_arrow_file_are_not_passed_over(tmp_path: Path) -> None:
    table = pa.table({"image": [{"bytes": b"x", "path": "a"}], "label": [0]})
    feather.write_feather(table, tmp_path / "t.arrow")
    with pytest.raises(SourceError, match="found pictures in 'image'"):
        open_source(tmp_path / "t.arrow")


def _images(folder: Path, n: int = 6) -> list[str]:
    for place in range(n):
        write_image(folder / "images" / f"{place}.png")
    return [f"{place}.png" for place in range(n)]


@pytest.mark.parametrize("form", ["records", "by name"])
def test_a_json_document_beside_images_holds_their_labels(tmp_path: Path, form: str) -> None:
    words = ["cat", "dog"] * 3
    rows: Any = dict(zip(_images(tmp_path), words, strict=True))
    rows = [{"file": name, "label": word} for name, word in rows.items()] if form == "records" else rows
    (tmp_path / "labels.json").write_text(json.dumps(rows))
    assert open_source(tmp_path).table["label"].to_pylist() == words


@pytest.mark.parametrize(
    ("name", "content", "classes"),
    [
        ("classes.json", ["cat", "dog"], ("cat", "dog")),
        ("class_to_idx.json", {"dog": 1, "cat": 0}, ("cat", "dog")),
        ("id2label.json", {"0": "cat", "1": "dog"}, ("cat", "dog")),
        ("classes.json", {"1": "cat", "2": "dog"}, ("0", "1")),
        ("config.json", ["cat", "dog"], ("0", "1")),
    ],
)
def test_a_json_file_names_the_classes_of_numbers(
    tmp_path: Path, name: str, content: Any, classes: tuple[str, ...]
) -> None:
    rows = "".join(f"{image},{place % 2}\n" for place, image in enumerate(_images(tmp_path)))
    (tmp_path / "train.csv").write_text(f"file,label\n{rows}")
    (tmp_path / name).write_text(json.dumps(content))
    manifest = open_source(tmp_path / "train.csv")
    assert manifest.classes == classes
    assert (name in [item.name for item in manifest.inventory.used]) == (classes == ("cat", "dog"))


def test_a_description_in_json_beside_a_table_is_no_second_table(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text(TEXT)
    (tmp_path / "dataset_info.json").write_text("{}")
    manifest = open_source(tmp_path)
    assert len(manifest) == 3
    assert "dataset_info.json" in [item.name for item in manifest.inventory.unread]


def test_a_column_of_two_types_is_named(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(json.dumps([{"n": 1, "title": "a"}, {"n": 2, "title": 300}]))
    with pytest.raises(SourceError, match="found 'int' and 'str' in 'title'; write it as one type"):
        open_source(tmp_path / "t.json")
