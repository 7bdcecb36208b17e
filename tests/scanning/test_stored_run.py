"""The run folder in a store of this process: whole or refused, whatever was written last."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from datacheck.errors import ConfigError, StorageError
from datacheck.manifest.object_store import Address
from datacheck.manifest.stored_objects import StoredObjects
from datacheck.scanning import stored_run
from datacheck.scanning.stored_run import MARKER, StoredRun
from datacheck.scanning.working_copy import local_copy, on_this_machine, working_copy

fsspec = pytest.importorskip("fsspec")

FILES = {"findings.json": b"{}", "scan/index.arrow": b"rows", "issues.parquet": b"issues"}


@pytest.fixture
def address() -> Iterator[Address]:
    yield Address("memory", "bucket/run")
    store = fsspec.filesystem("memory")
    for name in store.find("bucket"):
        store.rm_file(name)


def fill(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def saved(address: Address, files: dict[str, bytes]) -> None:
    with working_copy(address, needed=False) as run:
        fill(run.folder, files)


def broken_off(address: Address, files: dict[str, bytes]) -> None:
    with working_copy(address, needed=False) as run:
        fill(run.folder, files)
        raise ZeroDivisionError


def content(folder: Path) -> dict[str, bytes]:
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {name: value for name, value in found.items() if not name.startswith(".")}


def test_what_is_saved_is_read_back_without_locks_and_pixels(address: Address) -> None:
    saved(address, {**FILES, ".lock": b"", "scan/.lock": b"", "scan/pixels-1.npy": b"large"})
    assert content(local_copy(str(address))) == FILES
    names = {name.removeprefix("/bucket/run/") for name in fsspec.filesystem("memory").find("bucket/run")}
    assert names == {*FILES, MARKER}


def test_files_that_are_gone_and_unchanged_files(address: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    saved(address, FILES)
    sent: list[str] = []
    upload = StoredObjects.upload

    def noted(self: StoredObjects, folder: Path, names: list[str], *, to: str = "") -> None:
        sent.extend(names)
        upload(self, folder, names, to=to)

    monkeypatch.setattr(StoredObjects, "upload", noted)
    with working_copy(address, needed=True) as run:
        (run.folder / "issues.parquet").unlink()
        (run.folder / "plan.json").write_bytes(b"plan")
    assert sent == ["plan.json"]
    assert set(content(local_copy(str(address)))) == {"findings.json", "scan/index.arrow", "plan.json"}
    with working_copy(address, needed=True):
        pass
    assert sent == ["plan.json"]


@pytest.mark.parametrize("after", range(4))
def test_a_killed_upload_is_the_old_run_or_the_new_one_or_refused(
    address: Address, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    saved(address, FILES)
    new = {"findings.json": b"new", "scan/index.arrow": b"new rows", "issues.parquet": b"new issues"}
    run = StoredRun.open(address, tmp_path, needed=False)
    fill(tmp_path, new)
    upload = StoredObjects.upload

    def killed(self: StoredObjects, folder: Path, names: list[str], *, to: str = "") -> None:
        upload(self, folder, list(names)[:after], to=to)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(StoredObjects, "upload", killed)
        with pytest.raises(KeyboardInterrupt):
            run.commit()
    if after in (0, 3):
        assert content(local_copy(str(address))) == (new if after else FILES)
    else:
        with pytest.raises(StorageError, match="is not whole: it is being written, or the process that wrote it"):
            local_copy(str(address))
    saved(address, new)
    assert content(local_copy(str(address))) == new


def test_an_object_that_was_changed_or_deleted_is_named(address: Address) -> None:
    saved(address, FILES)
    store = fsspec.filesystem("memory")
    store.pipe_file("bucket/run/issues.parquet", b"other")
    with pytest.raises(StorageError, match=r"'issues.parquet' is missing or was changed"):
        local_copy(str(address))
    store.rm_file("bucket/run/issues.parquet")
    with pytest.raises(StorageError, match=r"'issues.parquet' is missing or was changed"):
        local_copy(str(address))


def test_an_unfinished_scan_is_fetched_and_then_removed(address: Address) -> None:
    saved(address, FILES)
    with pytest.raises(ZeroDivisionError):
        broken_off(address, {"scan/part-1.arrow": b"part", "findings.json": b"half"})
    assert content(local_copy(str(address))) == FILES
    with working_copy(address, needed=False) as run:
        assert content(run.folder) == {**FILES, "scan/part-1.arrow": b"part"}
    names = fsspec.filesystem("memory").find("bucket/run")
    assert not [name for name in names if "unfinished" in name]


def test_checkpoints_wait_for_their_time(address: Address, tmp_path: Path) -> None:
    run = StoredRun.open(address, tmp_path, needed=False)
    fill(tmp_path, {"scan/part-1.arrow": b"part"})
    store = fsspec.filesystem("memory")
    run.checkpoint()
    assert not store.exists("bucket/run/unfinished/scan/part-1.arrow")
    run.checkpoint(at_once=True)
    assert store.cat_file("bucket/run/unfinished/scan/part-1.arrow") == b"part"


def test_names_that_lead_out_are_refused(address: Address) -> None:
    marker = {"schema": stored_run.SCHEMA, "version": 1, "state": "complete", "files": {"../x": [1, "0"]}}
    fsspec.filesystem("memory").pipe_file(f"bucket/run/{MARKER}", json.dumps(marker).encode())
    with pytest.raises(StorageError, match=r"below the run folder, found '\.\./x'"):
        local_copy(str(address))


def test_what_is_refused(address: Address) -> None:
    with pytest.raises(StorageError, match=r"found no complete\.json there: run datacheck audit"):
        local_copy(str(address))
    with pytest.raises(ConfigError, match=r"expected a folder in the bucket, such as s3://b/run"):
        StoredObjects(Address("s3", "b"))
    with pytest.raises(ConfigError, match="found hf://datasets/x"):
        StoredObjects(Address("hf", "datasets/x"))
    with pytest.raises(ConfigError, match="run_dir: expected a folder of this machine, found s3://b/x"):
        on_this_machine(Path("s3://b/x"), "run_dir")
