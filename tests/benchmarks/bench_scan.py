"""How fast the scan is, beside CleanVision and beside bare decoding, in one run on one machine.

    python tests/benchmarks/bench_scan.py [--only NAME] [--cleanvision PYTHON]

CleanVision pins its own versions, so it lives in an environment of its own, whose interpreter the option names::

    uv venv cv && uv pip install --python cv/bin/python cleanvision
    python tests/benchmarks/bench_scan.py --cleanvision cv/bin/python

What is compared: the whole scan (hashes, properties, thumbnails, cache) with the start of its processes; CleanVision's
default checks without its imports; reading and scaled decoding alone, in a pool that is already warm.
"""

from __future__ import annotations

import argparse
import io
import multiprocessing
import os
import resource
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from datacheck.cpus import available_cpus
from datacheck.manifest import Manifest
from datacheck.scanning import scan

pytestmark = pytest.mark.benchmark

COPIES = 8
SCALE = 2
SHARED = Path(os.environ.get("DATACHECK_SHARED_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))

CLEANVISION = """
import os, sys, time
if __name__ == "__main__":
    from cleanvision import Imagelab
    start = time.perf_counter()
    busy = sum(os.times()[:4])
    lab = Imagelab(data_path=sys.argv[1])
    lab.find_issues(n_jobs=int(sys.argv[2]), verbose=False)
    n = len(lab.issues)
    print(n / (time.perf_counter() - start), n / (sum(os.times()[:4]) - busy))
"""


def photos(folder: Path) -> Path:
    """Unpack the photos once, and link them under further names so that a run takes seconds."""
    with tarfile.open(SHARED / "trashnet-subset.tar") as archive:
        archive.extractall(folder / "once", filter="data")
    originals = sorted((folder / "once").rglob("*.jpg"))
    for copy in range(COPIES):
        (folder / "many" / f"{copy}").mkdir(parents=True)
        for number, path in enumerate(originals):
            os.link(path, folder / "many" / f"{copy}" / f"{number}.jpg")
    return folder


def manifest_of(folder: Path) -> Manifest:
    return Manifest.from_columns(
        {"uri": sorted(str(p.relative_to(folder)) for p in folder.rglob("*.jpg"))}, root=folder
    )


def decode_opencv(path: str) -> int:
    import cv2

    cv2.setNumThreads(1)
    data = Path(path).read_bytes()
    return int(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_REDUCED_COLOR_2).shape[0])


def decode_pillow(path: str) -> int:
    from PIL import Image

    image = Image.open(io.BytesIO(Path(path).read_bytes()))
    image.draft("RGB", (image.width // SCALE, image.height // SCALE))
    return int(np.asarray(image).shape[0])


def decode_rate_of_a_processor(folder: Path) -> float:
    """Images in a second of processor time of reading and decoding alone, which other load hardly changes."""
    paths = [str(path) for path in folder.rglob("*.jpg")]
    best = 0.0
    for decoder in (decode_opencv, decode_pillow):
        busy = time.process_time()
        for path in paths:
            decoder(path)
        best = max(best, len(paths) / (time.process_time() - busy))
    return best


def decode_rate(folder: Path) -> float:
    """Images a second of reading and decoding alone, the better of the two decoders."""
    paths = [str(path) for path in folder.rglob("*.jpg")]
    best = 0.0
    with multiprocessing.get_context("spawn").Pool(available_cpus()) as pool:
        for decoder in (decode_opencv, decode_pillow):
            pool.map(decoder, paths[:200])
            start = time.perf_counter()
            pool.map(decoder, paths, chunksize=48)
            rate = len(paths) / (time.perf_counter() - start)
            print(f"  {decoder.__name__}: {rate:,.0f} images/s")
            best = max(best, rate)
    return best


def scan_rates(folder: Path) -> tuple[float, float]:
    """Images in a second by the clock and of processor time, start of the processes and all."""
    manifest = manifest_of(folder)
    with tempfile.TemporaryDirectory() as run_dir:
        start, busy = time.perf_counter(), sum(os.times()[:4])
        result = scan(manifest, run_dir=Path(run_dir))
        seconds, processor = time.perf_counter() - start, sum(os.times()[:4]) - busy
    assert result.measurements.readable.all()
    return len(manifest) / seconds, len(manifest) / processor


def cleanvision_rates(interpreter: str, folder: Path) -> tuple[float, float]:
    done = subprocess.run(
        [interpreter, "-c", CLEANVISION, str(folder), str(available_cpus())], capture_output=True, text=True, check=True
    )
    clock, processor = done.stdout.split()[-2:]
    return float(clock), float(processor)


def bench_speed(interpreter: str | None) -> dict[str, float]:
    """Scan beside CleanVision and bare decoding; decoding is measured before and after, and the better one counts."""
    with tempfile.TemporaryDirectory() as name:
        folder = photos(Path(name))
        decoding = decode_rate(folder / "many")
        alone = max(decode_rate_of_a_processor(folder / "once") for _ in range(3))
        rates = [scan_rates(folder / "many") for _ in range(2)]
        scanning, busy = (max(column) for column in zip(*rates, strict=True))
        decoding = max(decoding, decode_rate(folder / "many"))
        ratios = {
            "of the bare decode rate (wanted >= 0.7)": scanning / decoding,
            "of the same by processor time": busy / alone,
        }
        print(f"  scan: {scanning:,.0f} images/s; bare decode at 1/{SCALE}: {decoding:,.0f} images/s")
        print(f"  of processor time: scan {busy:,.0f} images/s, bare decode {alone:,.0f} images/s")
        if interpreter:
            peer, of_processor = cleanvision_rates(interpreter, folder / "once")
            print(f"  CleanVision: {peer:,.1f} images/s, {of_processor:,.1f} a second of processor time")
            ratios["times CleanVision (wanted >= 25)"] = scanning / peer
            ratios["times CleanVision by processor time"] = busy / of_processor
    return ratios


def bench_again(interpreter: str | None) -> dict[str, float]:
    """Scan 50,000 unchanged files again."""
    from PIL import Image

    with tempfile.TemporaryDirectory() as name:
        folder, rng = Path(name) / "data", np.random.default_rng(0)
        folder.mkdir()
        pictures = []
        for _ in range(50):
            buffer = io.BytesIO()
            Image.fromarray(rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(buffer, "PNG")
            pictures.append(buffer.getvalue())
        for number in range(50_000):
            (folder / f"{number:05d}.png").write_bytes(pictures[number % 50])
        manifest = Manifest.from_columns({"uri": [f"{number:05d}.png" for number in range(50_000)]}, root=folder)
        seconds = []
        for _ in range(3):
            start = time.perf_counter()
            result = scan(manifest, run_dir=Path(name) / "run", pixels=32)
            seconds.append(time.perf_counter() - start)
        assert result.measurements.readable.all()
    print(f"  first scan {seconds[0]:.2f} s, again {seconds[1]:.2f} s, {seconds[2]:.2f} s")
    return {"seconds for 50,000 unchanged files (wanted < 3)": max(seconds[1:])}


def bench_memory(interpreter: str | None) -> dict[str, float]:
    """Peak memory of the scanning process and of its largest worker, in MiB."""
    with tempfile.TemporaryDirectory() as name:
        folder = photos(Path(name))
        scan(manifest_of(folder / "many"), run_dir=folder / "run", pixels=64)
    return {
        "MiB peak, this process": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "MiB peak, largest worker": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
    }


BENCHMARKS: dict[str, Callable[[str | None], dict[str, float]]] = {
    "memory": bench_memory,
    "speed": bench_speed,
    "again": bench_again,
}


@pytest.fixture(name="interpreter")
def _interpreter() -> str | None:
    return os.environ.get("DATACHECK_CLEANVISION_PYTHON")


@pytest.mark.parametrize("name", list(BENCHMARKS))
def test_benchmark(name: str, interpreter: str | None, shared_data: Path) -> None:
    assert all(value > 0 for value in BENCHMARKS[name](interpreter).values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=list(BENCHMARKS), help="run one benchmark")
    parser.add_argument("--cleanvision", metavar="PYTHON", help="interpreter of an environment with CleanVision")
    options = parser.parse_args()
    print(f"{available_cpus()} processors, Python {sys.version.split()[0]}")
    for name, bench in BENCHMARKS.items():
        if options.only in (None, name):
            print(name)
            for what, value in bench(options.cleanvision).items():
                print(f"  {value:,.2f} {what}")


if __name__ == "__main__":
    main()
