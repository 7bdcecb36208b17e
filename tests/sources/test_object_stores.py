"""A dataset in an object store is read as its local copy is: on fsspec's store in memory, without a server."""

from __future__ import annotations

import re
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from datacheck.errors import MissingExtraError, SourceError
from datacheck.manifest import Manifest
from datacheck.manifest.object_store import StoreReader
from datacheck.manifest.readers import ReadFailure, SampleReadError
from datacheck.manifest.store_errors import explain_store_error
from datacheck.scanning import scan
from datacheck.sources import open_source

from .pets_data import Pets

fsspec = pytest.importorskip("fsspec")


@pytest.fixture
def store() -> Iterator[Any]:
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    memory.pseudo_dirs[:] = [""]
    yield memory
    memory.store.clear()
    memory.pseudo_dirs[:] = [""]


def put(store: Any, root: Path, place: str = "bucket/pets") -> str:
    for path in sorted(root.rglob("*")):
        if path.is_file():
            store.pipe_file(f"/{place}/{path.relative_to(root).as_posix()}", path.read_bytes())
    return f"memory://{place}"


def in_folder(root: Path) -> str:
    return ""


def with_table(root: Path) -> str:
    names = sorted(path.relative_to(root).as_posix() for path in root.rglob("*.png"))
    lines = ["file,label,split", *(f"{name},{name.split('/')[1]},{name.split('/')[0]}" for name in names)]
    (root / "table.csv").write_text("\n".join(lines) + "\n")
    return "/table.csv"


def with_boxes(root: Path) -> str:
    for path in root.rglob("*.png"):
        path.with_suffix(".txt").write_text("0 0.5 0.5 0.5 0.5\n")
    (root / "classes.txt").write_text("pet\n")
    return ""


def with_tars(root: Path) -> str:
    for split in ("train", "valid"):
        with tarfile.open(root / f"{split}-0.tar", "w") as archive:
            for path in sorted((root / split).rglob("*.png")):
                name = f"{path.parent.name}-{path.stem}"
                archive.add(path, f"{name}.png")
                (root / "x.cls").write_text(path.parent.name)
                archive.add(root / "x.cls", f"{name}.cls")
    for path in [*root.rglob("*.png"), root / "x.cls"]:
        path.unlink()
    return ""


@pytest.mark.parametrize("layout", [in_folder, with_table, with_boxes, with_tars])
def test_a_store_is_read_as_the_local_copy_is(layout: Callable[[Path], str], pets: Pets, store: Any) -> None:
    below = layout(pets.root)
    local, stored = open_source(f"{pets.root}{below}"), open_source(put(store, pets.root) + below)
    assert stored.table.equals(local.table)
    assert len(stored) == 6
    assert (stored.task, stored.classes, stored.splits) == (local.task, local.classes, local.splits)
    assert stored.took_for == local.took_for.replace(str(pets.root), "memory://bucket/pets")
    assert stored.inventory == local.inventory
    assert isinstance(stored.reader, StoreReader)
    assert stored.reader.url == "memory://bucket/pets"
    tables = [scan(each).measurements.table.drop_columns(["mtime_ns"]) for each in (stored, local)]
    assert tables[0].equals(tables[1])


def test_a_local_table_of_addresses(pets: Pets, store: Any, tmp_path: Path) -> None:
    url = put(store, pets.root)
    (tmp_path / "list.csv").write_text("path,label\n" + "".join(f"{url}/{n},x\n" for n in pets.names))
    manifest = open_source(tmp_path / "list.csv")
    assert manifest.table["uri"].to_pylist() == list(pets.names)
    assert scan(manifest).measurements.readable.all()


def test_a_saved_manifest_reads_the_store_again(pets: Pets, store: Any, tmp_path: Path) -> None:
    manifest = open_source(put(store, pets.root))
    manifest.save(tmp_path / "manifest.parquet")
    loaded = Manifest.load(tmp_path / "manifest.parquet")
    assert loaded.reader == manifest.reader
    assert loaded.reader is not None
    assert loaded.reader.read(pets.names[0]) == (pets.root / pets.names[0]).read_bytes()


def test_only_changed_objects_are_read_again(pets: Pets, store: Any, tmp_path: Path) -> None:
    url = put(store, pets.root)
    first = scan(open_source(url), run_dir=tmp_path).measurements
    other = (pets.root / pets.names[1]).read_bytes()
    store.pipe_file(f"/bucket/pets/{pets.names[0]}", other)
    again = scan(open_source(url), run_dir=tmp_path).measurements
    changed = [a != b for a, b in zip(first.strings("content_hash"), again.strings("content_hash"), strict=True)]
    assert changed == [True, False, False, False, False, False]


def test_names_that_lead_elsewhere_are_left_out_and_said(pets: Pets, store: Any) -> None:
    url = put(store, pets.root)
    png = (pets.root / pets.names[0]).read_bytes()
    for name in ("train/cat//1.png", "train/cat/../../../../etc/x.png", "train/cat/1.png/inner.png"):
        store.store[f"/bucket/pets/{name}"] = store.store[f"/bucket/pets/{pets.names[0]}"].__class__(
            store, f"/bucket/pets/{name}", png
        )
    manifest = open_source(url)
    assert len(manifest) == 6
    left_out = {example for item in manifest.inventory.unread for example in item.examples}
    assert left_out >= {"bucket/pets/train/cat//1.png", "bucket/pets/train/cat/../../../../etc/x.png"}


def test_a_reader_never_leaves_its_prefix() -> None:
    reader = StoreReader("memory://bucket/pets")
    for uri in ("../secret.png", "a/../../secret.png", "/bucket/secret.png", "..", "a\0b"):
        with pytest.raises(SampleReadError) as refused:
            reader.read(uri)
        assert refused.value.reason is ReadFailure.ESCAPES_ROOT
    assert reader.key("a/../b.png") == "bucket/pets/b.png"


def test_what_cannot_be_opened_says_so_by_its_address(pets: Pets, store: Any) -> None:
    url = put(store, pets.root)
    store.pipe_file("/bucket/notes/readme.txt", b"nothing\n")
    for place, message in (
        ("memory://bucket/dogs", "expected objects below memory://bucket/dogs, found none"),
        ("memory://", "expected a bucket"),
        ("memory://bucket/notes", "expected images below memory://bucket/notes, found none"),
    ):
        with pytest.raises(SourceError, match=message) as refused:
            open_source(place)
        assert "datacheck-store-" not in str(refused.value)
    with pytest.raises(SourceError, match="option 'label' is for a table"):
        open_source(url, label="x")


def test_the_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gcsfs", None)
    with pytest.raises(MissingExtraError, match=r"reading gs:// needs gcsfs.*datacheck-audit\[gcs\]"):
        open_source("gs://bucket/pets")


class AnswerError(Exception):
    """An error as botocore raises it."""

    def __init__(self, code: str) -> None:
        super().__init__(f"An error occurred ({code})")
        self.response = {"Error": {"Code": code}}


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("NoSuchBucket", "no bucket 'b'"),
        ("PermanentRedirect", "another region .*AWS_DEFAULT_REGION"),
        ("ExpiredToken", "credentials were refused .*AWS_PROFILE"),
        ("AccessDenied", "access is denied .*s3:ListBucket"),
        ("SlowDown", "SlowDown.*run it again"),
    ],
)
def test_each_refusal_says_what_to_do(code: str, message: str) -> None:
    assert re.search(message, explain_store_error(AnswerError(code), "s3://b/pets", "b", "list"))
