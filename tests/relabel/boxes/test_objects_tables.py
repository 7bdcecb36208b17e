"""Corrected Parquet shards and Arrow streams with a column of boxes: only the rows that were decided differ."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datacheck.cli import run as datacheck_command
from datacheck.errors import RelabelError
from datacheck.manifest import Manifest
from datacheck.manifest.shards import ShardReader
from datacheck.relabel.boxes.images import BoxImages
from datacheck.relabel.boxes.writers import objects_table
from datacheck.relabel.boxes.writers.base import Added, Change, ImageEdits
from datacheck.relabel.formats.links import Links
from datacheck.sources import open_source
from tests.annotations.drawn import CLASSES, drawn_objects
from tests.annotations.test_hugging_face_objects import dataset
from tests.relabel.boxes.drawn_run import answer, audited_again, images_of, save_answers
from tests.relabel.boxes.test_apply_boxes import digests

SIZE = (96, 72)
METADATA = {"huggingface": "{}", "own": "é"}


def rows_of(counts: list[int], *, of_lists: bool) -> list[dict[str, Any]]:
    """Return rows with so many boxes each, and columns of several types; None is a row without annotations."""
    rows = []
    for number, count in enumerate(counts):
        boxes = [{"id": k, "area": 50.0, "bbox": [1.5 + 10 * k, 2.0, 8.0, 6.25], "category": k % 2}
                 for k in range(count)]  # fmt: skip
        lists = {key: [each[key] for each in boxes] for key in ("id", "area", "bbox", "category")}
        rows.append({
            "image": {"bytes": bytes([number]) * (number + 1), "path": None if number % 2 else f"{number}.png"},
            "objects": lists if of_lists else boxes,
            "note": None if number % 3 == 1 else f"n{number}", "kind": "ab"[number % 2], "share": number / 3,
        })  # fmt: skip
    return rows


def table_of(rows: list[dict[str, Any]], *, of_lists: bool) -> pa.Table:
    many = pa.list_ if of_lists else lambda kind: kind
    fields = {"id": pa.int64(), "area": pa.float32(), "bbox": pa.list_(pa.float32()), "category": pa.int8()}
    objects = pa.struct([(name, many(kind)) for name, kind in fields.items()])
    schema = pa.schema([
        ("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
        ("objects", objects if of_lists else pa.list_(objects)),
        ("note", pa.large_string()), ("kind", pa.string()), pa.field("share", pa.float64(), nullable=False),
    ], METADATA)  # fmt: skip
    table = pa.Table.from_pylist(rows, schema)
    return table.set_column(3, "kind", table["kind"].dictionary_encode()).replace_schema_metadata(METADATA)


def written_as(table: pa.Table, path: Path, size: int, codec: str) -> Path:
    if path.suffix == ".parquet":
        pq.write_table(table, path, compression=codec, row_group_size=size)
        return path
    with pa.OSFile(str(path), "wb") as out, pa.ipc.new_stream(out, table.schema) as stream:
        stream.write_table(table, max_chunksize=size)
    return path


def layout_of(path: Path) -> tuple[pa.Table, list[Any]]:
    """Return what a file holds, and how: its row groups with their codecs, or its batches."""
    if path.suffix == ".parquet":
        with pq.ParquetFile(path) as file:
            groups = [file.metadata.row_group(k) for k in range(file.num_row_groups)]
            how = [(each.num_rows, *(each.column(k).compression for k in range(each.num_columns))) for each in groups]
            return file.read(), [*how, file.metadata.format_version, file.schema.to_arrow_schema()]
    table = pa.ipc.open_stream(path.read_bytes()).read_all()
    return table, [batch.num_rows for batch in table.to_batches()]


def edited(row: Mapping[str, Any], number: int, deed: str, *, of_lists: bool) -> tuple[ImageEdits, Any]:
    """Return an edit of a row, and the boxes that it leaves."""
    objects = row["objects"]
    boxes = [dict(each) for each in objects] if not of_lists else [
        dict(zip(objects, each, strict=True)) for each in zip(*objects.values(), strict=True)
    ]  # fmt: skip
    uri = f"a/train-0.parquet#{number}"
    if deed == "add" or not boxes:
        new = {"id": len(boxes), "area": 200.0, "bbox": [5.0, 6.0, 10.0, 20.0], "category": 1}
        if not boxes:
            new |= {"id": 1}
        edit, boxes = ImageEdits(uri, SIZE, (), (Added("1", (5.0, 6.0, 15.0, 26.0)),)), [*boxes, new]
    else:
        old = (1.5, 2.0, 9.5, 8.25)
        change = (
            Change(1, "0", old, deleted=True) if deed == "delete" else Change(1, "0", old, "1", (1.0, 2.0, 9.0, 8.0))
        )
        edit = ImageEdits(uri, SIZE, (change,))
        boxes = boxes[1:] if deed == "delete" else [
            {**boxes[0], "bbox": [1.0, 2.0, 8.0, 6.0], "category": 1, "area": 48.0}, *boxes[1:]
        ]  # fmt: skip
    lists = {key: [each[key] for each in boxes] for key in ("id", "area", "bbox", "category")}
    return edit, lists if of_lists else boxes


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=7), st.data(), st.integers(1, 8), st.booleans(),
    st.sampled_from(["x.parquet", "x.arrow"]), st.sampled_from(["none", "snappy", "zstd"]),
)  # fmt: skip
def test_every_other_row_column_and_the_layout_are_the_same(
    tmp_path_factory: pytest.TempPathFactory, counts: list[int], data: st.DataObject, size: int, of_lists: bool,
    name: str, codec: str,
) -> None:  # fmt: skip
    folder = tmp_path_factory.mktemp("t")
    rows = rows_of(counts, of_lists=of_lists)
    path = written_as(table_of(rows, of_lists=of_lists), folder / name, size, codec)
    content = path.read_bytes()
    touched = data.draw(st.sets(st.integers(0, len(rows) - 1), min_size=1))
    edits = []
    for number in sorted(touched):
        deed = data.draw(st.sampled_from(["add", "delete", "change"]))
        edit, after = edited(rows[number], number, deed, of_lists=of_lists)
        edits.append(edit)
        rows[number]["objects"] = after
    correction = objects_table.correction(path, edits)
    assert correction is not None
    correction.write(folder / f"new-{name}")
    expected, (found, how) = table_of(rows, of_lists=of_lists), layout_of(folder / f"new-{name}")
    assert found.schema.equals(layout_of(path)[0].schema, check_metadata=True)
    assert found.to_pylist() == expected.to_pylist()
    assert how == layout_of(path)[1]
    assert path.read_bytes() == content


def test_rows_without_a_number_are_found_by_their_path_and_other_files_are_none(tmp_path: Path) -> None:
    table = table_of(rows_of([1, 2], of_lists=True), of_lists=True).drop_columns(["image"])
    path = written_as(table.append_column("file_name", pa.array(["a.png", "b.png"])), tmp_path / "m.parquet", 9, "none")
    gone = Change(2, "1", (11.5, 2.0, 19.5, 8.25), deleted=True)
    found = objects_table.correction(path, [ImageEdits("set/b.png", SIZE, (gone,))])
    assert found is not None
    assert {row: value["id"] for row, value in found.values.items()} == {1: [0]}
    with pytest.raises(RelabelError, match=r"expected one row for 'c.png', found 0"):
        objects_table.correction(path, [ImageEdits("c.png", SIZE, (gone,))])
    with pytest.raises(RelabelError, match=r"expected 'm.parquet#2' among 2 rows"):
        objects_table.correction(path, [ImageEdits("m.parquet#2", SIZE, (gone,))])
    (tmp_path / "m.jsonl").write_text("{}")
    assert objects_table.correction(tmp_path / "m.jsonl", []) is None


def boxes_in(images: BoxImages) -> dict[str, list[Any]]:
    """Return class and corners of each image's boxes."""
    return {each.uri: [(one.label, one.box) for one in each.boxes] for each in images.images.values()}


def images_in(folder: Path) -> list[bytes]:
    manifest = open_source(folder)
    assert manifest.reader is not None
    return [bytes(manifest.reader.read(uri)) for uri in manifest.table["uri"].to_pylist()]


@pytest.mark.parametrize("how", ["saved", "parquet"])
def test_shards_are_corrected_in_the_copy(tmp_path: Path, how: str) -> None:
    datasets = pytest.importorskip("datasets")
    whole = dataset()
    parts = {"train": whole.select(range(7)), "test": whole.select(range(7, 12))}
    if how == "saved":
        datasets.DatasetDict(parts).save_to_disk(tmp_path / "set")
        changed = {"train/data-00000-of-00001.arrow", "train/state.json"}
    else:
        for name, part in parts.items():
            part.to_parquet(tmp_path / "set/data" / f"{name}-00000-of-00001.parquet")
        (tmp_path / "set/README.md").write_text("cups")
        changed = {"data/train-00000-of-00001.parquet"}
    run = audited_again(tmp_path)
    manifest = Manifest.load(run / "manifest.parquet")
    assert isinstance(manifest.reader, ShardReader)
    one = {name: manifest.table[name][9].as_py() for name in ("sample_id", "uri")}
    assert Links(None, "embed", shards=manifest.reader).content(one) == images_in(tmp_path / "set")[9]
    images = [each for each in images_of(run).images.values() if each.split == "train"]
    first = images[2]
    save_answers(run, [
        answer(1, first.sample_id, "change", 1, label=CLASSES[0], box=(2, 3, 30, 40)),
        answer(2, first.sample_id, "add", label=CLASSES[1], box=(50, 20, 90, 60)),
        answer(3, images[3].sample_id, "delete", 1),
    ])  # fmt: skip
    before = digests(tmp_path / "set")
    assert datacheck_command(["relabel", "apply", str(run), "--folder", str(tmp_path / "new")]) == 0
    assert digests(tmp_path / "set") == before
    after = digests(tmp_path / "new")
    assert {name for name in before if after.get(name) != before[name]} == changed
    assert set(after) == set(before)
    assert images_in(tmp_path / "new") == images_in(tmp_path / "set")

    wanted = boxes_in(images_of(run))
    own = wanted[first.uri]
    own[0] = (CLASSES[0], (2, 3, 30, 40))
    own.append((CLASSES[1], (50, 20, 90, 60)))
    del wanted[images[3].uri][0]
    (tmp_path / "again").mkdir()
    (tmp_path / "new").rename(tmp_path / "again/set")
    assert boxes_in(images_of(audited_again(tmp_path / "again"))) == wanted
    if how == "saved":
        old, new = (json.loads((path / "train/state.json").read_text()) for path in
                    (tmp_path / "set", tmp_path / "again/set"))  # fmt: skip
        assert len(new["_fingerprint"]) == 16
        assert old.pop("_fingerprint") != new.pop("_fingerprint")
        assert old == new
        assert len(datasets.load_from_disk(tmp_path / "again/set")["train"][2]["objects"]["category"]) == len(own)


def test_of_a_single_file_only_that_is_copied(tmp_path: Path) -> None:
    pytest.importorskip("datasets")
    (tmp_path / "mixed").mkdir()
    (tmp_path / "mixed/other.txt").write_text("not of the dataset")
    dataset().to_parquet(tmp_path / "mixed/cups.parquet")
    run = tmp_path / "run"
    datacheck_command(["audit", str(tmp_path / "mixed/cups.parquet"), "--out", str(run), "--select", "DC809"])
    first = next(iter(images_of(run).images.values()))
    save_answers(run, [answer(1, first.sample_id, "delete", 1)])
    assert datacheck_command(["relabel", "apply", str(run), "--folder", str(tmp_path / "new")]) == 0
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["cups.parquet"]
    rows = pq.read_table(tmp_path / "new/cups.parquet")["objects"].to_pylist()
    assert len(rows[0]["category"]) == len(next(iter(drawn_objects(12).values()))) - 1
