"""Whoever runs the shards, the result is the same; and a script needs no guard."""

from __future__ import annotations

import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from datacheck.errors import ConfigError, MissingExtraError, ScanError, SourceError
from datacheck.manifest import Manifest
from datacheck.manifest.readers import FileReader, FileStamp, Workers
from datacheck.scanning import scan
from datacheck.scanning.shard import ShardSettings, merge, shard
from tests.scanning.corpus import encode, photo
from tests.scanning.test_incremental import assert_same


class Threaded:
    """Files, read in this process."""

    workers = "thread"

    def __init__(self, root: Path) -> None:
        self.files = FileReader(root)

    def stamp(self, uri: str) -> FileStamp | None:
        return self.files.stamp(uri)

    def read(self, uri: str) -> bytes:
        return self.files.read(uri)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, rng = tmp_path_factory.mktemp("engines"), np.random.default_rng(0)
    for number in range(40):
        image = Image.fromarray(photo(rng, 300, 400))
        (folder / f"{number:02}.jpg").write_bytes(encode(image, ("JPEG", "PNG", "WEBP")[number % 3]))
    (folder / "10.jpg").write_bytes(b"")
    return folder


def names(data: Path) -> list[str]:
    return sorted(path.name for path in data.iterdir())


def test_processes_and_threads_agree(data: Path) -> None:
    processes = scan(Manifest.from_columns({"uri": names(data)}, root=data), jobs=2, pixels=32)
    threads = scan(Manifest.from_columns({"uri": names(data)}, reader=Threaded(data)), jobs=3, pixels=32)
    assert_same(processes, threads)
    assert processes.measurements.strings("error").tolist().count("zero-bytes") == 1


def test_merged_shards_are_the_whole(data: Path) -> None:
    settings = ShardSettings(FileReader(data), pixels=16)
    uris = names(data)
    whole = shard(uris, [None] * 40, settings)
    parts = merge([shard(uris[at : at + 7], [None] * len(uris[at : at + 7]), settings) for at in range(0, 40, 7)])
    assert whole.thumbnails == parts.thumbnails
    assert whole.pixels is not None
    assert parts.pixels is not None
    assert np.array_equal(whole.pixels, parts.pixels)
    for name, values in whole.columns.items():
        np.testing.assert_array_equal(values, parts.columns[name])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_ray_agrees(data: Path) -> None:
    pytest.importorskip("ray")
    manifest = Manifest.from_columns({"uri": names(data)}, root=data)
    assert_same(scan(manifest, engine="ray", jobs=2, pixels=32), scan(manifest, jobs=2, pixels=32))


def test_ray_missing_says_what_to_install(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"datacheck-audit\[ray\]"):
        scan(Manifest.from_columns({"uri": names(data)}, root=data), engine="ray")


def test_an_unguarded_script_scans(data: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "print('main runs')\n"
        "from pathlib import Path\n"
        "from datacheck.manifest import Manifest\n"
        "from datacheck.scanning import scan\n"
        f"manifest = Manifest.from_columns({{'uri': {names(data)}}}, root=Path({str(data)!r}))\n"
        "print(int(scan(manifest, jobs=2).measurements.readable.sum()))\n"
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n") == ["main runs", "39", ""]
    assert done.stderr == ""


def test_progress_reaches_the_end(data: Path) -> None:
    seen: list[tuple[int, int]] = []
    manifest = Manifest.from_columns({"uri": names(data)}, reader=Threaded(data))
    scan(manifest, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (40, 40)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_bad_options_and_nothing_to_read(data: Path) -> None:
    manifest = Manifest.from_columns({"uri": ["a"]}, root=data)
    with pytest.raises(ConfigError, match=r"did you mean 'local'"):
        scan(manifest, engine="locl")
    with pytest.raises(ConfigError, match="jobs"):
        scan(manifest, jobs=0)
    with pytest.raises(ConfigError, match="pixels"):
        scan(manifest, pixels=0)
    with pytest.raises(ScanError, match="no reader"):
        scan(Manifest.from_columns({"sample_id": ["a"]}))


def test_an_empty_manifest(tmp_path: Path) -> None:
    result = scan(Manifest.from_columns({"uri": np.array([], dtype=str)}, root=tmp_path), run_dir=tmp_path, pixels=8)
    assert len(result.measurements) == 0
    assert result.pixels is not None
    assert result.pixels.shape == (0, 8, 8, 3)


@dataclass(frozen=True)
class Ending:
    """Files of a store that refuses every request from one file on, until a folder beside them is there."""

    root: Path
    workers: Workers
    ahead: int = 4

    def stamp(self, uri: str) -> FileStamp | None:
        return FileReader(self.root).stamp(uri)

    def read(self, uri: str) -> bytes:
        if uri >= "30" and not self.root.with_name("open").is_dir():
            raise SourceError("the credentials were refused")
        return FileReader(self.root).read(uri)


@pytest.mark.parametrize("workers", ["process", "thread"])
def test_a_store_that_refuses_ends_the_scan_and_no_file_is_called_bad(
    data: Path, workers: Workers, tmp_path: Path
) -> None:
    place = tmp_path / "data"
    place.symlink_to(data)
    manifest = Manifest.from_columns({"uri": names(data)}, reader=Ending(place, workers))
    with pytest.raises(SourceError, match="the credentials were refused"):
        scan(manifest, jobs=1, run_dir=tmp_path / "run")
    (tmp_path / "open").mkdir()
    again = scan(manifest, jobs=1, run_dir=tmp_path / "run")
    assert_same(again, scan(Manifest.from_columns({"uri": names(data)}, root=data), jobs=1))


class Made:
    """Makes every array when it is asked for: 400 of 3 MB each, 1.2 GB in all."""

    workers = "thread"

    def stamp(self, uri: str) -> None:
        return None

    def read(self, uri: str) -> NDArray[np.uint8]:
        return np.full((1000, 1000, 3), int(uri) % 256, dtype=np.uint8)


def test_memory_is_bounded_while_arrays_stream() -> None:
    manifest = Manifest.from_columns({"uri": [str(number) for number in range(400)]}, reader=Made())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = scan(manifest, jobs=2, pixels=32)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown < 200, f"{grown:.0f} MiB"
    assert np.allclose(result.measurements.values("brightness"), np.arange(400) % 256 / 255)
