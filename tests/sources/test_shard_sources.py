from __future__ import annotations

import io
import json
import os
import pickle
import tarfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from datacheck.errors import SourceError
from datacheck.manifest import Task
from datacheck.manifest.readers import SampleReadError
from datacheck.sources import open_source
from datacheck.testing import toy_images

from .pets_data import Pets


def add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


@pytest.fixture
def shards(pets: Pets, tmp_path: Path) -> Path:
    folder = tmp_path / "shards"
    folder.mkdir()
    for split in ("train", "val"):
        with tarfile.open(folder / f"{split}-000.tar", "w") as archive:
            for row, name in enumerate(pets.names):
                if pets.splits[row] == split:
                    add(archive, f"{row:04d}.png", (pets.root / name).read_bytes())
                    add(archive, f"{row:04d}.cls", str(["cat", "dog"].index(pets.labels[row])).encode())
                    add(archive, f"{row:04d}.json", json.dumps({"weight": row + 0.5}).encode())
    return folder


def test_webdataset(shards: Path, pets: Pets) -> None:
    manifest = open_source(shards, classes=["cat", "dog"])
    assert manifest.table["label"].to_pylist() == list(pets.labels)
    assert manifest.table["split"].to_pylist() == list(pets.splits)
    assert manifest.table["sample_id"].to_pylist()[::5] == ["train-000.tar/0000", "val-000.tar/0005"]
    assert manifest.table["weight"].to_pylist() == [0.5, 1.5, 2.5, 3.5, 4.5, 5.5]
    assert manifest.took_for.startswith("WebDataset, 2 tars")
    reader = pickle.loads(pickle.dumps(manifest.reader))
    for uri, name in zip(manifest.table["uri"].to_pylist(), pets.names, strict=True):
        assert reader.read(uri) == (pets.root / name).read_bytes()
    stamp = reader.stamp(manifest.table["uri"][0].as_py())
    assert stamp.byte_size == (pets.root / pets.names[0]).stat().st_size


def test_braces_globs_and_one_tar(shards: Path) -> None:
    assert len(open_source(f"{shards}/train-{{000..001}}.tar")) == 4
    assert "train-001.tar missing" in open_source(f"{shards}/train-{{000..001}}.tar").took_for
    assert len(open_source(f"{shards}/*.tar")) == 6
    assert open_source(shards / "val-000.tar").table["sample_id"].to_pylist() == ["0004", "0005"]
    with pytest.raises(SourceError, match=r"did you mean 'train-000.tar'"):
        open_source(shards / "tran-000.tar")


def test_what_a_cut_tar_lost_and_a_shard_that_is_not_there_leave_the_audit_without_green(shards: Path) -> None:
    whole = open_source(shards / "train-000.tar").inventory
    assert (whole.unread_labels, whole.questions) == ((), ())
    content = (shards / "train-000.tar").read_bytes()
    with tarfile.open(shards / "train-000.tar") as archive:
        second = archive.getmembers()[3]
    (shards / "train-000.tar").write_bytes(content[: second.offset + 100])
    cut = open_source(shards / "train-000.tar")
    assert len(cut) == 1
    [lost] = cut.inventory.unread_labels
    assert lost.name == "the rest of train-000.tar"
    assert lost.reason == f"the tar is damaged (the header at byte {second.offset:,} is cut); get it again"
    damaged = bytearray(content)
    damaged[second.offset + 150] ^= 1
    (shards / "train-000.tar").write_bytes(damaged)
    [lost] = open_source(shards / "train-000.tar").inventory.unread_labels
    assert "is damaged" in lost.reason
    (shards / "train-000.tar").write_bytes(content[: second.offset])
    asked = open_source(shards / "train-000.tar").inventory
    assert asked.unread_labels == ()
    assert "may have been cut" in asked.questions[0].text
    absent = open_source(f"{shards}/train-{{000..001}}.tar").inventory.unread_labels
    assert [Path(each.name).name for each in absent] == ["train-001.tar"]


def test_json_labels_and_a_key_of_the_callers_choice(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for row, species in enumerate(["cat", "dog"]):
            add(archive, f"{row}.jpg", b"\xff\xd8")
            add(archive, f"{row}.json", json.dumps({"species": species, "score": 0.5 + row}).encode())
    manifest = open_source(tmp_path / "a.tar", label="species")
    assert manifest.table["label"].to_pylist() == ["cat", "dog"]
    assert open_source(tmp_path / "a.tar", target="score").target.tolist() == [0.5, 1.5]


def test_a_tar_of_class_folders(pets: Pets, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "pets.tar", "w") as archive:
        archive.add(pets.root, arcname="pets")
    manifest = open_source(tmp_path / "pets.tar")
    assert manifest.table["label"].to_pylist() == list(pets.labels)
    assert manifest.table["split"].to_pylist() == list(pets.splits)


def test_member_names_never_make_a_path(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        add(archive, "../../etc/x.jpg", b"12345")
    manifest = open_source(tmp_path / "a.tar")
    uri = manifest.table["uri"][0].as_py()
    assert uri == "a.tar/@512+5/../../etc/x.jpg"
    assert manifest.reader is not None
    assert manifest.reader.read(uri) == b"12345"
    with pytest.raises(SampleReadError, match="escapes-root"):
        manifest.reader.read("../b.tar/@0+5/x.jpg")
    with pytest.raises(SampleReadError, match="truncated"):
        manifest.reader.read("a.tar/@512+999999/x.jpg")


def test_a_tar_that_breaks_off_keeps_what_came_before(shards: Path, tmp_path: Path) -> None:
    whole = (shards / "train-000.tar").read_bytes()
    (tmp_path / "cut.tar").write_bytes(whole[: len(whole) // 4])
    manifest = open_source(tmp_path / "cut.tar")
    assert 0 < len(manifest) < 4
    (tmp_path / "no.tar").write_bytes(b"no tar" * 200)
    with pytest.raises(SourceError, match="expected a tar in"):
        open_source(tmp_path / "no.tar")


def test_compressed_tars_are_refused(shards: Path, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        archive.add(shards / "train-000.tar", arcname="x.jpg")
    with pytest.raises(SourceError, match="found a compressed one, which cannot be read at random"):
        open_source(tmp_path / "a.tar.gz")


def test_real_tar_of_class_folders(shared_data: Path) -> None:
    manifest = open_source(shared_data / "trashnet-subset.tar")
    assert np.bincount(manifest.label_codes).tolist() == [153, 193, 155, 225, 184, 52]
    assert manifest.table["sample_id"][1].as_py() == "trashnet/cardboard/cardboard2"
    assert manifest.reader is not None
    assert manifest.reader.read(manifest.table["uri"][-1].as_py())[:3] == b"\xff\xd8\xff"  # type: ignore[index]


def encoded(pets: Pets, rows: slice) -> pa.Table:
    names = pets.names[rows]
    images = [{"bytes": (pets.root / name).read_bytes(), "path": None} for name in names]
    info = {
        "info": {"features": {"image": {"_type": "Image"}, "label": {"names": ["cat", "dog"], "_type": "ClassLabel"}}}
    }
    labels = [["cat", "dog"].index(label) for label in pets.labels[rows]]
    table = pa.table(
        {
            "image": pa.array(images, pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
            "label": pa.array(labels, pa.int64()),
        }
    )
    return table.replace_schema_metadata({"huggingface": json.dumps(info)})


def test_parquet_shards_with_images(pets: Pets, tmp_path: Path) -> None:
    folder = tmp_path / "hub" / "data"
    folder.mkdir(parents=True)
    pq.write_table(encoded(pets, slice(0, 4)), folder / "train-00000-of-00001.parquet", row_group_size=3)
    pq.write_table(encoded(pets, slice(4, 6)), folder / "validation-00000-of-00001.parquet")
    manifest = open_source(tmp_path / "hub")
    assert manifest.task is Task.CLASSIFICATION
    assert manifest.table["label"].to_pylist() == list(pets.labels)
    assert manifest.table["split"].to_pylist() == list(pets.splits)
    assert manifest.classes == ("cat", "dog")
    reader = pickle.loads(pickle.dumps(manifest.reader))
    for uri, name in zip(manifest.table["uri"].to_pylist(), pets.names, strict=True):
        assert reader.read(uri) == (pets.root / name).read_bytes()
    one = open_source(folder / "train-00000-of-00001.parquet")
    assert one.table["uri"].to_pylist()[-1] == "train-00000-of-00001.parquet#3"


def test_hugging_face_datasets(pets: Pets, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    features = datasets.Features(image=datasets.Image(), label=datasets.ClassLabel(names=["cat", "dog"]))
    rows = {"image": [str(pets.root / name) for name in pets.names], "label": list(pets.labels)}
    whole = datasets.Dataset.from_dict(rows, features=features)
    both = datasets.DatasetDict(train=whole.select(range(4)), validation=whole.select([4, 5]))
    both.save_to_disk(tmp_path / "saved")
    for source in (both, tmp_path / "saved"):
        manifest = open_source(source)
        assert manifest.table["label"].to_pylist() == list(pets.labels)
        assert manifest.table["split"].to_pylist() == list(pets.splits)
        assert manifest.classes == ("cat", "dog")
        assert manifest.reader is not None
        for uri, name in zip(manifest.table["uri"].to_pylist(), pets.names, strict=True):
            assert manifest.reader.read(uri) == (pets.root / name).read_bytes()
    shuffled = open_source(whole.select([5, 0]))
    assert shuffled.table["label"].to_pylist() == ["dog", "cat"]
    assert shuffled.reader is not None
    assert shuffled.reader.read("0") == (pets.root / pets.names[5]).read_bytes()


def test_a_saved_dataset_cannot_lead_out_of_its_folder(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text(json.dumps({"_data_files": [{"filename": "../x.arrow"}]}))
    (tmp_path / "dataset_info.json").write_text("{}")
    with pytest.raises(SourceError, match="leads out of the dataset's root"):
        open_source(tmp_path)


HOSTILE = [
    "null",
    "{",
    "[" * 100_000,
    '{"label": "\\ud800"}',
    '{"\\udcff": 1}',
    '{"label": 1' + "0" * 400 + "}",
    '{"label": 1' + "0" * 5000 + "}",
    '{"label": [[["a"]], 1, null]}',
    '{"label": NaN, "uri": "../../etc/passwd", "sample_id": 3}',
    '{"": "x"}',
    "\0\1\2",
]


@pytest.mark.parametrize("content", HOSTILE)
def test_hostile_json_in_a_tar_is_no_crash(pets: Pets, tmp_path: Path, content: str) -> None:
    image = (pets.root / pets.names[0]).read_bytes()
    with tarfile.open(tmp_path / "t.tar", "w") as archive:
        for row, each in enumerate(('{"label": "cat"}', content, '{"label": "dog"}')):
            add(archive, f"{row}.png", image)
            add(archive, f"{row}.json", each.encode())
    manifest = open_source(tmp_path / "t.tar")
    assert len(manifest) == 3
    labels = manifest.table["label"].to_pylist()
    assert (labels[0], labels[2]) == ("cat", "dog")
    assert ("1 member .json without JSON" in manifest.took_for) is (
        content in ("{", "[" * 100_000, HOSTILE[6], "\0\1\2")
    )
    manifest.save(tmp_path / "manifest.parquet")


def test_a_named_pipe_is_refused_and_never_waited_for(tmp_path: Path) -> None:
    for name in ("labels.csv", "rows.jsonl", "t.parquet", "a.npy", "s.tar"):
        os.mkfifo(tmp_path / name)
        with pytest.raises(SourceError, match=r"expected an ordinary file at .*, found a named pipe"):
            open_source(tmp_path / name)
    with pytest.raises(SourceError, match="found a named pipe"):
        open_source(tmp_path)


def test_a_parquet_file_without_images_beside_image_files_is_no_shard(tmp_path: Path) -> None:
    toy_images(tmp_path, size=16, n_per_class=4, splits=None)
    pq.write_table(pa.table({"sample_id": ["x"], "note": ["y"]}), tmp_path / "notes.parquet")
    manifest = open_source(tmp_path)
    assert len(manifest) == 12
    assert manifest.classes == ("bar", "disc", "star")
    assert [(item.name, item.labels.value) for item in manifest.inventory.unread] == [("notes.parquet", "maybe")]
