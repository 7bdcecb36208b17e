"""A manifest that datacheck wrote is opened as it was."""

from __future__ import annotations

import tarfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from datacheck.errors import ScanError, SourceError
from datacheck.manifest import Manifest
from datacheck.scanning import scan
from datacheck.sources import open_source
from datacheck.sources.saved_manifest import recognises


def test_it_comes_back_whole_with_its_files_in_reach(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(tmp_path / "a.png")
    columns = {"uri": ["a.png"], "label": ["cat"], "old_label": pa.array([None], pa.string())}
    manifest = Manifest.from_columns(columns, classes=["dog", "cat"], root=tmp_path)
    elsewhere = tmp_path / "runs/new.parquet"
    manifest.save(elsewhere)
    opened = open_source(str(elsewhere))
    assert opened.table.equals(manifest.table)
    assert (opened.classes, opened.root) == (("dog", "cat"), tmp_path)
    assert opened.reader is not None
    assert opened.reader.read("a.png")[:4] == b"\x89PNG"


def test_images_in_a_tar_are_in_reach_again(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(tmp_path / "a.png")
    with tarfile.open(tmp_path / "shard.tar", "w") as tar:
        tar.add(tmp_path / "a.png", "cat/a.png")
        tar.add(tmp_path / "a.png", "dog/b.png")
    manifest = open_source(tmp_path / "shard.tar")
    manifest.save(tmp_path / "runs/new.parquet")
    opened = open_source(tmp_path / "runs/new.parquet")
    assert opened.reader is not None
    for uri in opened.table["uri"].to_pylist():
        assert opened.reader.read(uri) == (tmp_path / "a.png").read_bytes()
    assert scan(opened).measurements.readable.all()


def test_images_in_memory_are_out_of_reach_and_it_is_said_what_to_do(tmp_path: Path) -> None:
    open_source((np.zeros((2, 8, 8, 3), np.uint8), [0, 1])).save(tmp_path / "new.parquet")
    opened = open_source(tmp_path / "new.parquet")
    assert opened.reader is None
    with pytest.raises(ScanError, match="open its source again"):
        scan(opened)


def test_other_parquet_files_are_tables(tmp_path: Path) -> None:
    pq.write_table(pa.table({"label": ["cat"]}), tmp_path / "table.parquet")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1")
    assert not recognises(tmp_path / "table.parquet")
    assert not recognises(tmp_path / "broken.parquet")
    assert open_source(tmp_path / "table.parquet").took_for.startswith("a table")


def test_options_have_no_say(tmp_path: Path) -> None:
    Manifest.from_columns({"label": ["cat"]}).save(tmp_path / "new.parquet")
    with pytest.raises(SourceError, match="option 'label' does not apply to a source of kind manifest"):
        open_source(tmp_path / "new.parquet", label="label")
