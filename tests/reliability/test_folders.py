"""Folders that cannot be read or written, that two audits want, that change under the scan, or that are very large."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from PIL import Image

import datacheck
from datacheck.errors import DatacheckError
from datacheck.manifest import Manifest
from datacheck.manifest.readers import FileReader, SampleContent
from datacheck.scanning import scan
from datacheck.scanning.worker import exclusive
from tests.reliability.conftest import Commands, draw, table
from tests.reliability.oom_reader import TightReader

pytestmark = pytest.mark.slow

NOBODY = 65534
MANY = 100_000


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every user may write to; pytest's own can be entered by one user alone."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        yield folder
        for path in [path for path in folder.rglob("*") if path.is_dir()]:
            path.chmod(0o755)


def test_an_unreadable_folder_is_named_and_the_audit_is_not_green(place: Path, commands: Commands) -> None:
    draw(place / "data")
    (place / "data/train/cat").chmod(0)
    ended = commands.run(place, ["audit", "data", "--out", "run", "--select", "DC1"], uid=NOBODY)
    assert ended.code in (1, 2), ended.printed
    assert "train/cat" in ended.printed
    assert "ermission" in ended.printed
    assert "Traceback" not in ended.printed


def test_a_dataset_that_cannot_be_entered_is_an_error(place: Path, commands: Commands) -> None:
    draw(place / "data")
    (place / "data").chmod(0)
    ended = commands.run(place, ["audit", "data", "--out", "run"], uid=NOBODY)
    assert ended.code == 2, ended.printed
    assert "ermission" in ended.printed
    assert "Traceback" not in ended.printed


@pytest.mark.parametrize("used", [False, True])
def test_a_run_folder_that_cannot_be_written_is_an_error(place: Path, commands: Commands, used: bool) -> None:
    table(place / "table.csv")
    (place / "run").mkdir()
    if used:
        (place / "run/.gitignore").write_text("*\n")
    (place / "run").chmod(0o555)
    ended = commands.run(place, ["audit", "table.csv", "--out", "run"], uid=NOBODY)
    assert ended.code == 2, ended.printed
    assert "expected a run folder that can be written at run: Permission denied" in ended.printed
    assert "Traceback" not in ended.printed


def test_a_second_audit_into_one_folder_is_refused_and_a_third_is_not(tmp_path: Path) -> None:
    table(tmp_path / "table.csv")
    (tmp_path / "run").mkdir()
    with (
        exclusive(tmp_path / "run/.lock", wait=False),
        pytest.raises(DatacheckError, match=r"another audit is using .*run: wait for it, or choose another run folder"),
    ):
        datacheck.audit(tmp_path / "table.csv", out=tmp_path / "run", select=["DC2"])
    assert not (tmp_path / "run/findings.json").exists()
    datacheck.audit(tmp_path / "table.csv", out=tmp_path / "run", select=["DC2"])
    assert len(datacheck.Report.load(tmp_path / "run").manifest) == 200


def test_two_processes_that_audit_into_one_folder_leave_one_whole_audit(tmp_path: Path) -> None:
    table(tmp_path / "long.csv")
    lines = (tmp_path / "long.csv").read_text().splitlines(keepends=True)
    (tmp_path / "short.csv").write_text("".join(lines[:101]))
    code = "import sys, datacheck; datacheck.audit(sys.argv[1], out='run', select=['DC2', 'DC3'])"
    started = [
        subprocess.Popen([sys.executable, "-c", code, name], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
        for name in ("long.csv", "short.csv")
    ]
    printed = [process.communicate(timeout=120)[1] for process in started]
    codes = [process.returncode for process in started]
    assert 0 in codes, printed
    assert all("another audit is using" in words for words, code in zip(printed, codes, strict=True) if code)
    report = datacheck.Report.load(tmp_path / "run")
    assert report.fingerprint is not None
    assert report.fingerprint.identity == datacheck.fingerprint(report.manifest).identity
    assert len(report.manifest) in (100, 200)


class Meddler(FileReader):
    """Changes, removes and replaces files while the scan reads others."""

    def read(self, uri: str) -> SampleContent:
        content = super().read(uri)
        if uri == "0.png":
            Image.new("RGB", (9, 9), (10, 200, 30)).save(self.root / "0.png")  # after it was read
            Image.new("RGB", (7, 7), (1, 2, 3)).save(self.root / "1.png")  # before it is read, after its stamp
            (self.root / "2.png").unlink()
            (self.root / "3.png").unlink()
            (self.root / "3.png").mkdir()
            (self.root / "4.png").write_bytes((self.root / "4.png").read_bytes()[:60])
        return content


def test_files_that_change_during_the_scan_are_read_again_by_the_next(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for number in range(6):
        Image.effect_noise((20 + number, 20), 60).save(data / f"{number}.png")
        os.utime(data / f"{number}.png", (1_000_000_000, 1_000_000_000))
    uris = [f"{number}.png" for number in range(6)]
    reader = Meddler(data, workers="thread")
    first = scan(Manifest.from_columns({"uri": uris}, root=data, reader=reader), run_dir=tmp_path / "run", jobs=1)
    rows = first.measurements.table
    assert rows["readable"].to_pylist() == [True, True, False, False, False, True]
    assert rows["error"].to_pylist() == [None, None, "vanished", "not-a-file", "truncated", None]
    assert rows["width"].to_pylist() == [20, 7, None, None, None, 25]
    again = scan(Manifest.from_columns({"uri": uris}, root=data), run_dir=tmp_path / "run").measurements.table
    fresh = scan(Manifest.from_columns({"uri": uris}, root=data)).measurements.table
    assert again.equals(fresh)
    assert again["width"].to_pylist() == [9, 7, None, None, None, 25]


def test_a_clock_that_is_set_back_makes_no_stale_row(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    later = time.time() + 10 * 365 * 86_400
    for number in range(3):
        Image.effect_noise((20, 20), 60).save(data / f"{number}.png")
        os.utime(data / f"{number}.png", (later, later))
    manifest = Manifest.from_columns({"uri": ["0.png", "1.png", "2.png"]}, root=data)
    scan(manifest, run_dir=tmp_path / "run")
    for path in (tmp_path / "run").rglob("*"):
        os.utime(path, (later, later))  # the run folder, too, is from a time that has not come
    Image.effect_noise((33, 33), 60).save(data / "1.png")
    os.utime(data / "2.png", (1, 1))
    again = scan(manifest, run_dir=tmp_path / "run").measurements.table
    assert again["width"].to_pylist() == [20, 33, 20]
    assert again.equals(scan(manifest).measurements.table)


def test_an_image_for_which_memory_is_too_small_is_a_row_and_the_others_are_measured(tmp_path: Path) -> None:
    for number in range(5):
        Image.effect_noise((40, 40), 60).save(tmp_path / f"{number}.png")
    Image.new("RGB", (8_000, 8_000), (90, 20, 60)).save(tmp_path / "big.png")
    uris = [*(f"{number}.png" for number in range(3)), "big.png", "3.png", "4.png"]
    manifest = Manifest.from_columns({"uri": uris}, root=tmp_path, reader=TightReader(tmp_path))
    rows = scan(manifest, jobs=1).measurements.table
    assert rows["readable"].to_pylist() == [True, True, True, False, True, True]
    assert rows["error"][3].as_py() == "decompression-bomb"
    assert "ran out of memory" in rows["error_detail"][3].as_py()


def test_a_hundred_thousand_unreadable_files_are_a_hundred_thousand_rows(tmp_path: Path) -> None:
    for label in ("cat", "dog"):
        (tmp_path / "data" / label).mkdir(parents=True)
    for number in range(MANY):
        os.close(os.open(tmp_path / f"data/{('cat', 'dog')[number % 2]}/{number}.jpg", os.O_CREAT | os.O_WRONLY))
    report = datacheck.audit(tmp_path / "data", out=tmp_path / "run", select=["DC101"])
    assert len(report.manifest) == MANY
    assert report.findings[0].n_affected == MANY
    kept = pq.read_table(tmp_path / "run/issues.parquet", columns=["code"])
    assert kept.num_rows == MANY
    assert (tmp_path / "run/report.html").stat().st_size < 5_000_000
    print(f"{MANY:,} files: each is a row, and each is named")
