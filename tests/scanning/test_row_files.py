from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from datacheck.manifest import Manifest
from datacheck.scanning import gathered, measurements, row_files, scan
from datacheck.scanning.row_files import RowFile, Rows, row_writer
from datacheck.scanning.stored_table import StoredTable
from tests.scanning.corpus import encode, photo, write

SCHEMA = pa.schema([("number", pa.int64()), ("text", pa.string())])


def written(path: Path, *, n_batches: int = 3, size: int = 5) -> RowFile:
    with row_writer(path, SCHEMA, "1") as writer:
        for number in range(n_batches):
            values = np.arange(size) + size * number
            writer.write_table(pa.table({"number": values, "text": [str(one) for one in values]}, schema=SCHEMA))
    file = RowFile.open(path, "1")
    assert file is not None
    return file


@pytest.mark.parametrize("most", [1_000, 4])
def test_rows_of_several_files_in_any_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setattr(row_files, "MAX_ROWS_IN_MEMORY", most)
    rows = Rows(SCHEMA)
    starts = [start for name in "ab" for start, _ in rows.add(written(tmp_path / name))]
    assert (starts, len(rows)) == ([0, 5, 10, 15, 20, 25], 30)
    assert rows.take(np.array([29, 0, 16, 3, 0])).to_pydict() == {
        "number": [14, 0, 1, 3, 0],
        "text": ["14", "0", "1", "3", "0"],
    }
    assert rows.take(np.empty(0, np.int64)).num_rows == 0


def test_a_file_that_differs_from_what_was_written_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "rows.arrow"
    written(path)
    whole = path.read_bytes()
    assert RowFile.open(path, "2") is None
    assert RowFile.open(tmp_path / "nowhere", "1") is None
    for damaged in (whole[:-1], whole[:40], b"", whole[:60] + b"x" + whole[61:]):
        path.write_bytes(damaged)
        assert RowFile.open(path, "1") is None


def test_many_measurements_go_to_disk_and_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    files = {f"{number}.png": encode(Image.fromarray(photo(rng, 30, 40)), "PNG") for number in range(5)}
    for peak in (900, 65_000):  # other bit depths, so that brightness is brought to one scale
        files[f"{peak}.png"] = encode(
            Image.fromarray((photo(rng, 30, 40)[..., 0] * np.uint32(peak) // 255).astype(np.uint16)), "PNG"
        )
    names = write(tmp_path / "data", {**files, "text.png": b"no image"})
    manifest = Manifest.from_columns({"uri": [*names, *names[:2], None]}, root=tmp_path / "data")
    wanted = scan(manifest, jobs=1).measurements.whole()
    assert wanted["brightness"][5].as_py() < 0.02 < 0.3 < wanted["brightness"][6].as_py()
    for module in (gathered, row_files, measurements):
        monkeypatch.setattr(module, "MAX_ROWS_IN_MEMORY", 3)
    monkeypatch.setattr(row_files, "BLOCK_ROWS", 4)
    monkeypatch.setattr("datacheck.scanning.job.BLOCK_ROWS", 4)
    for run in (None, tmp_path / "run", tmp_path / "run"):
        result = scan(manifest, jobs=1, run_dir=run).measurements
        assert isinstance(result.table, StoredTable)
        assert result.whole().equals(wanted)
        result.save(tmp_path / f"measurements-{run is None}.parquet")
        result.save(tmp_path / "again.parquet")
        assert measurements.Measurements.load(tmp_path / "again.parquet").whole().equals(wanted)
    first, second = (scan(manifest, jobs=1, run_dir=tmp_path / "run").measurements for _ in range(2))
    for number, measured in enumerate((first, second)):  # the second scan removed the file of the first
        measured.save(tmp_path / f"saved-{number}.parquet")
        assert measurements.Measurements.load(tmp_path / f"saved-{number}.parquet").whole().equals(wanted)
    assert not list((tmp_path / "run" / "scan").glob("measurements*"))
