"""A second scan reads only what changed; a killed one goes on where it was."""

from __future__ import annotations

import errno
import io
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from PIL import Image

from datacheck.errors import ScanError
from datacheck.manifest import Manifest
from datacheck.manifest.readers import FileReader, FileStamp
from datacheck.scanning import ScanResult, ThumbnailStore, scan
from datacheck.scanning.stamps import may_hide_a_change
from datacheck.scanning.thumbnails import KeptPictures
from datacheck.scanning.worker import exclusive
from tests.scanning.corpus import encode, photo


@dataclass(frozen=True)
class Counting:
    """Reads files and writes down which."""

    root: Path
    log: Path
    workers: Literal["process", "thread"] = "thread"

    def stamp(self, uri: str) -> FileStamp | None:
        return FileReader(self.root).stamp(uri)

    def read(self, uri: str) -> bytes:
        with self.log.open("a") as file:
            file.write(uri + "\n")
        return FileReader(self.root).read(uri)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    data = tmp_path / "data"
    data.mkdir()
    for number in range(20):
        (data / f"{number:02}.png").write_bytes(encode(Image.fromarray(photo(rng, 30, 40)), "PNG"))
    (data / "20.png").write_bytes(b"no image")
    return tmp_path


@pytest.fixture(autouse=True)
def _files_are_old(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scans take place an hour from now: that files were written just before them is not what most tests are about."""
    scan_at(monkeypatch, time.time_ns() + 3_600_000_000_000)


def scan_at(monkeypatch: pytest.MonkeyPatch, now: int) -> None:
    monkeypatch.setattr(sys.modules["datacheck.scanning.job"], "now_ns", lambda: now)


def run(folder: Path, names: list[str] | None = None, **options: Any) -> tuple[ScanResult, list[str]]:
    log = folder / "log"
    log.write_text("")
    uris = names or sorted(path.name for path in (folder / "data").iterdir())
    manifest = Manifest.from_columns({"uri": uris}, reader=Counting(folder / "data", log))
    result = scan(manifest, run_dir=folder / "run", jobs=2, **options)
    return result, sorted(log.read_text().split())


def assert_same(one: ScanResult, other: ScanResult) -> None:
    assert one.measurements.table.equals(other.measurements.table)
    ids = one.measurements.table["sample_id"].to_pylist()
    assert (one.thumbnails is None) == (other.thumbnails is None)
    if one.thumbnails is not None and other.thumbnails is not None:
        assert one.thumbnails.get(ids) == other.thumbnails.get(ids)
    assert (one.pixels is None) == (other.pixels is None)
    if one.pixels is not None and other.pixels is not None:
        assert np.array_equal(one.pixels, other.pixels)


def clean(folder: Path, names: list[str] | None = None, **options: Any) -> ScanResult:
    uris = names or sorted(path.name for path in (folder / "data").iterdir())
    reader = Counting(folder / "data", folder / "clean-log")
    return scan(Manifest.from_columns({"uri": uris}, reader=reader), jobs=1, **options)


def test_nothing_changed_nothing_read(folder: Path) -> None:
    first, read = run(folder, pixels=8)
    assert len(read) == 21
    second, read = run(folder, pixels=8)
    assert read == []
    assert_same(first, second)
    assert_same(first, clean(folder, pixels=8))


def test_only_changed_new_and_touched_files_are_read(folder: Path) -> None:
    run(folder, pixels=8)
    data = folder / "data"
    (data / "03.png").write_bytes(encode(Image.new("RGB", (9, 9), "red"), "PNG"))
    (data / "new.png").write_bytes(encode(Image.new("RGB", (5, 5), "blue"), "PNG"))
    (data / "07.png").unlink()
    os.utime(data / "11.png", ns=(1, 1))
    (data / "20.png").write_bytes(encode(Image.new("RGB", (4, 4), "lime"), "PNG"))
    result, read = run(folder, pixels=8)
    assert read == ["03.png", "11.png", "20.png", "new.png"]
    assert_same(result, clean(folder, pixels=8))
    assert result.measurements.table["mtime_ns"].to_pylist()[10] == 1
    assert run(folder, pixels=8)[1] == []


def test_a_file_overwritten_with_its_size_and_time_restored_is_read_again(folder: Path) -> None:
    first, _ = run(folder)
    path = folder / "data" / "03.png"
    status = path.stat()
    path.write_bytes(bytes(status.st_size))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    again, read = run(folder)
    assert read == ["03.png"]
    assert first.measurements.strings("error")[3] is None
    assert again.measurements.strings("error")[3] == "not-an-image"


def test_a_file_changed_within_a_tick_of_the_scan_is_read_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / "data" / "03.png"
    size, changed = path.stat().st_size, path.stat().st_ctime_ns
    path.write_bytes(bytes(size))
    monkeypatch.setattr(Counting, "stamp", lambda self, uri: FileStamp(size, 5, changed))  # one tick, one stamp
    scan_at(monkeypatch, changed)
    first, _ = run(folder, ["03.png"])
    path.write_bytes(encode(Image.new("RGB", (9, 9), "red"), "PNG"))
    scan_at(monkeypatch, changed + 20_000_000_000)
    second, read = run(folder, ["03.png"])
    assert read == ["03.png"]
    assert [one.measurements.strings("error").tolist() for one in (first, second)] == [["not-an-image"], [None]]
    assert run(folder, ["03.png"])[1] == []


def test_a_file_as_new_as_the_scan_is_compared_once_and_not_decoded_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.utime(folder / "data" / "01.png", ns=(5, 5))
    changed = (folder / "data" / "01.png").stat().st_ctime_ns
    scan_at(monkeypatch, changed)
    first, _ = run(folder, ["01.png"], pixels=8)
    scan_at(monkeypatch, changed + 20_000_000_000)
    monkeypatch.setattr(sys.modules["datacheck.scanning.shard"], "decode_bytes", None)
    second, read = run(folder, ["01.png"], pixels=8)
    assert read == ["01.png"]
    assert_same(first, second)
    assert run(folder, ["01.png"], pixels=8)[1] == []


@pytest.mark.parametrize(
    ("modified", "changed", "now", "expected"),
    [
        (7_000_000_005, 7_000_000_005, 7_000_000_005, True),  # the same tick
        (7_000_000_005, 7_000_000_005, 7_010_000_005, True),
        (7_000_000_005, 7_000_000_005, 7_010_000_006, False),  # a tick older
        (7_000_000_000, 7_000_000_000, 9_000_000_000, True),  # whole seconds
        (7_000_000_000, 7_000_000_000, 9_000_000_001, False),
        (99_000_000_005, 7_000_000_005, 9_000_000_000, False),  # the modification time was set
        (7_000_000_005, 0, 7_000_000_009, True),  # no change time
        (7_000_000_005, 0, 7_020_000_000, False),
        (7_000_000_005, 9_000_000_005, 8_000_000_000, True),  # the clock was set back
        (-1, -1, 8_000_000_000, False),  # no stamp: read at every scan in any case
    ],
)
def test_which_stamps_may_hide_a_change(modified: int, changed: int, now: int, expected: bool) -> None:
    assert may_hide_a_change(np.array([[9], [modified], [changed]]), now).tolist() == [expected]


def test_a_tag_of_the_content_hides_no_change() -> None:
    stamps = np.array([[9, 9], [7_000_000_000, 7_000_000_000], [2**62, 0]])
    assert may_hide_a_change(stamps, 8_000_000_000, tagged=True).tolist() == [False, True]


def test_a_touched_file_is_not_decoded_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = Counting(folder / "data", folder / "log")
    manifest = Manifest.from_columns({"uri": ["01.png"]}, reader=reader)
    first = scan(manifest, run_dir=folder / "run")
    os.utime(folder / "data" / "01.png", ns=(5, 5))
    monkeypatch.setattr(sys.modules["datacheck.scanning.shard"], "decode_bytes", None)
    again = scan(manifest, run_dir=folder / "run").measurements.table
    assert again.drop(["mtime_ns"]).equals(first.measurements.table.drop(["mtime_ns"]))


def test_other_pixels_are_made_anew_and_none_keeps_those_there(folder: Path) -> None:
    run(folder, pixels=8)
    assert run(folder)[1] == []
    assert run(folder, pixels=8)[1] == []
    other, read = run(folder, pixels=12)
    assert len(read) == 21 or len(read) == 20
    assert_same(other, clean(folder, pixels=12))
    assert len(list((folder / "run" / "scan").glob("pixels-*"))) == 1


def test_thumbnails_asked_for_later_are_made(folder: Path) -> None:
    run(folder, thumbnails=False)
    result, read = run(folder)
    assert len(read) >= 20
    assert_same(result, clean(folder))


def test_another_order_and_repeated_files(folder: Path) -> None:
    run(folder, pixels=8)
    names = ["05.png", "20.png", "05.png", "00.png", "19.png"]
    result, read = run(folder, names, pixels=8)
    assert read == []
    assert_same(result, clean(folder, names, pixels=8))
    assert result.pixels is not None
    assert np.array_equal(result.pixels[0], result.pixels[2])


def test_rows_of_another_version_are_measured_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(folder)
    monkeypatch.setattr(sys.modules["datacheck.scanning.cached_rows"], "SCAN_VERSION", 999)
    assert len(run(folder)[1]) == 21


def test_a_failure_that_may_pass_is_tried_again(folder: Path) -> None:
    names = ["00.png", "late.png"]
    assert run(folder, names)[0].measurements.strings("error").tolist() == [None, "vanished"]
    (folder / "data" / "late.png").write_bytes(encode(Image.new("L", (3, 3)), "PNG"))
    result, read = run(folder, names)
    assert (read, result.measurements.readable.tolist()) == (["late.png"], [True, True])


def test_damaged_and_half_written_parts_are_ignored(folder: Path) -> None:
    first, _ = run(folder, pixels=8)
    cache = folder / "run" / "scan"
    whole = (cache / "index.arrow").read_bytes()
    (cache / "part-abc-000001.arrow").write_bytes(whole[: len(whole) // 2])
    (cache / ".part-abc-000002.arrow.xyz.tmp").write_bytes(b"half")
    (cache / "thumbs-orphan.bin").write_bytes(b"orphan")
    second, read = run(folder, pixels=8)
    assert read == []
    assert_same(first, second)
    (cache / "index.arrow").write_bytes(whole[:-40])
    third, read = run(folder, pixels=8)
    assert len(read) == 21
    assert_same(third, clean(folder, pixels=8))
    assert not (cache / "thumbs-orphan.bin").exists()


def test_lost_thumbnails_and_pixels_are_made_again(folder: Path) -> None:
    run(folder, pixels=8)
    for path in (folder / "run" / "scan").glob("thumbs-*.bin"):
        path.write_bytes(path.read_bytes()[:50])
    again, _ = run(folder, pixels=8)
    assert_same(again, clean(folder, pixels=8))
    for path in (folder / "run" / "scan").glob("pixels-*"):
        path.unlink()
    again, _ = run(folder, pixels=8)
    assert_same(again, clean(folder, pixels=8))


def test_the_cache_does_not_grow_for_ever(folder: Path) -> None:
    rng = np.random.default_rng(1)
    sizes = []
    for number in range(40):
        changed = encode(Image.fromarray(photo(rng, 30, 40)), "PNG")
        (folder / "data" / f"{number % 4:02}.png").write_bytes(changed)
        result, _ = run(folder, pixels=8)
        sizes.append(len(list((folder / "run" / "scan").iterdir())))
    assert max(sizes) < 30
    assert_same(result, clean(folder, pixels=8))


def test_two_scans_of_one_run_folder_do_not_mix(folder: Path) -> None:
    (folder / "run" / "scan").mkdir(parents=True)
    with exclusive(folder / "run" / "scan" / ".lock"), pytest.raises(ScanError, match="another scan"):
        run(folder)


def test_thumbnails_are_read_back_from_the_run_folder(folder: Path) -> None:
    result, _ = run(folder)
    store = ThumbnailStore.open(folder / "run")
    pictures = store.get(["04.png", "20.png", "unknown", "00.png", "04.png"])
    assert list(pictures) == ["04.png", "00.png"]
    assert all(Image.open(io.BytesIO(data)).size == (40, 30) for data in pictures.values())
    assert result.measurements.thumbnails == folder / "run" / "scan"


def test_pictures_of_small_files_are_made_again_and_of_the_scanned_content_alone(folder: Path) -> None:
    big = np.random.default_rng(0).integers(0, 256, (400, 300, 3), np.uint8)
    (folder / "data" / "big.png").write_bytes(encode(Image.fromarray(big), "PNG"))
    kept = clean(folder).thumbnails
    manifest = Manifest.from_columns({"uri": ["04.png", "big.png", "05.png", "20.png"]}, root=folder / "data")
    result = scan(manifest, run_dir=folder / "run", jobs=1)
    assert result.thumbnails is not None
    assert kept is not None
    assert result.thumbnails.index["sample_id"].to_pylist() == ["big.png"]
    assert result.thumbnails.get(["05.png", "big.png", "20.png", "04.png"]) == kept.get(["05.png", "big.png", "04.png"])
    assert ThumbnailStore.open(folder / "run").get(["04.png", "big.png"]) == kept.get(["big.png"])
    manifest.save(folder / "run" / "manifest.parquet")
    result.measurements.save(folder / "run" / "measurements.parquet")
    (folder / "data" / "04.png").write_bytes((folder / "data" / "05.png").read_bytes())
    (folder / "data" / "big.png").unlink()
    assert KeptPictures(folder / "run").get("04.png") is None
    assert ThumbnailStore.open(folder / "run").get(["04.png", "05.png", "big.png"]) == kept.get(["05.png", "big.png"])


SCRIPT = """
import os, sys
from pathlib import Path
from datacheck.manifest import Manifest
from datacheck.scanning import job, scan
job.COMMIT_SECONDS = 0.0
root = Path(sys.argv[1])
names = sorted(path.name for path in (root / "data").iterdir())
scan(Manifest.from_columns({"uri": names}, root=root / "data"), run_dir=root / "run", jobs=2, pixels=8,
     progress=lambda done, total: print(done, total, flush=True))
"""


def start(folder: Path) -> subprocess.Popen[str]:
    temporary = folder.parent / "temporary"  # a killed scan leaves its folder there
    temporary.mkdir(exist_ok=True)
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(temporary)},
    )


def end_after(process: subprocess.Popen[str], count: int, signal_number: int) -> int:
    """Send a signal as soon as so many files are done; return how many were."""
    assert process.stdout is not None
    done = 0
    for line in process.stdout:
        done = int(line.split()[0])
        if done >= count:
            process.send_signal(signal_number)
            break
    process.stdout.read()
    process.wait()
    return done


def many(folder: Path, count: int) -> None:
    rng = np.random.default_rng(2)
    for number in range(count):
        (folder / "data" / f"m{number:03}.png").write_bytes(encode(Image.fromarray(photo(rng, 60, 80)), "PNG"))


def children_of(process_id: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except (OSError, IndexError):
            continue
        if int(fields[1]) == process_id:
            found.append(int(stat.parent.name))
    return found


def killed_and_restarted(folder: Path, counts: list[int]) -> None:
    wanted = clean(folder, pixels=8, thumbnails=False)
    total = len(wanted.measurements)
    for count in counts:
        process = start(folder)
        assert process.stdout is not None
        process.stdout.readline()
        workers = children_of(process.pid)
        done = end_after(process, count, signal.SIGKILL)
        while any(Path(f"/proc/{worker}").exists() for worker in workers):  # orphaned workers notice within a file
            time.sleep(0.02)
        assert process.stderr is not None
        process.stderr.close()
        assert process.returncode == -signal.SIGKILL
        assert process.stdout is not None
        process.stdout.close()
        assert done < total
    result, read = run(folder, pixels=8, thumbnails=False)
    assert_same(result, wanted)
    assert len(read) <= total - done + 2
    assert run(folder, pixels=8, thumbnails=False)[1] == []


def test_killed_once_and_started_again(folder: Path) -> None:
    many(folder, 150)
    killed_and_restarted(folder, [60])


@pytest.mark.slow
def test_killed_at_ten_points_and_started_again(folder: Path) -> None:
    many(folder, 400)
    killed_and_restarted(folder, [1, 40, 80, 120, 160, 200, 240, 280, 320, 360])


def test_ctrl_c_keeps_the_work_and_leaves_nothing_running(folder: Path) -> None:
    many(folder, 150)
    process = start(folder)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    workers = children_of(process.pid)
    assert len(workers) == 2
    done = end_after(process, 40, signal.SIGINT)
    complaint = process.stderr.read()
    process.stdout.close()
    process.stderr.close()
    assert process.returncode == -signal.SIGINT or process.returncode == 130
    assert complaint.count("Traceback") == 1
    assert complaint.rstrip().endswith("KeyboardInterrupt")
    assert not [worker for worker in workers if Path(f"/proc/{worker}").exists()]
    result, read = run(folder, pixels=8, thumbnails=False)
    assert len(read) <= 171 - done
    assert_same(result, clean(folder, pixels=8, thumbnails=False))


def test_a_full_disk_is_an_error_before_the_map_is_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OSError, match="No space left on device"):
        run(folder, pixels=8)
    assert not list(folder.rglob("pixels-*"))
    monkeypatch.undo()
    assert_same(run(folder, pixels=8)[0], clean(folder, pixels=8))
