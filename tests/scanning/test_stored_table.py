from pathlib import Path

import numpy as np
import pytest

from datacheck.duplicates.clusters import find_duplicates
from datacheck.errors import StorageError
from datacheck.fingerprints import fingerprint
from datacheck.scanning import measurements as module
from datacheck.scanning.measurements import Measurements
from datacheck.scanning.stored_table import StoredTable
from tests.benchmarks.drawn_rows import drawn_manifest, drawn_measurements


@pytest.fixture(name="pair")
def _pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Measurements, Measurements]:
    drawn = drawn_measurements(drawn_manifest(2_000))
    drawn.save(tmp_path / "measurements.parquet")
    monkeypatch.setattr(module, "MAX_ROWS_IN_MEMORY", 100)
    return drawn, Measurements.load(tmp_path / "measurements.parquet")


def test_columns_on_disk_are_those_in_memory(pair: tuple[Measurements, Measurements]) -> None:
    drawn, stored = pair
    assert isinstance(stored.table, StoredTable)
    assert stored.whole().equals(drawn.table)
    rows = np.array([3, 5, 1_999])
    assert np.array_equal(stored.signatures(rows), drawn.signatures(rows))
    assert np.array_equal(stored.known("error"), drawn.known("error"))


def test_duplicates_and_fingerprint_are_the_same(pair: tuple[Measurements, Measurements]) -> None:
    drawn, stored = pair
    manifest = drawn_manifest(2_000)
    assert fingerprint(manifest, stored).to_json() == fingerprint(manifest, drawn).to_json()
    one, other = find_duplicates(drawn), find_duplicates(stored)
    assert (one.exact >= 0).any()
    assert np.array_equal(one.exact, other.exact)
    assert np.array_equal(one.near, other.near)


def test_a_copy_is_the_same_file(pair: tuple[Measurements, Measurements], tmp_path: Path) -> None:
    drawn, stored = pair
    stored.save(tmp_path / "again" / "measurements.parquet")
    stored.save(tmp_path / "measurements.parquet")
    assert Measurements.load(tmp_path / "again" / "measurements.parquet").whole().equals(drawn.table)


def test_a_damaged_column_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "measurements.parquet"
    drawn_measurements(drawn_manifest(2_000)).save(path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    monkeypatch.setattr(module, "MAX_ROWS_IN_MEMORY", 100)
    with pytest.raises(StorageError, match=r"measurements\.parquet"):
        Measurements.load(path).whole()
