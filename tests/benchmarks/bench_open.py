"""How fast sources open and listings are paired by name, without reading an image.

Run by hand: ``python tests/benchmarks/bench_open.py [--rows 5000000] [--files 1000000] [--names 1000000]``; 0 leaves
one out. The files are empty and take inodes, not room. Figures go to ``docs/benchmarks.md``.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from datacheck.manifest import Listings
from datacheck.pairing import repair_by_name
from datacheck.sources import open_source

N_CLASSES = 1000


def write_tables(folder: Path, n_rows: int) -> None:
    rng = np.random.default_rng(0)
    numbers = pa.array(np.arange(n_rows)).cast(pa.string())
    table = pa.table(
        {
            "path": pc.binary_join_element_wise(pa.scalar("train/img_"), numbers, pa.scalar(".jpg"), ""),
            "label": pa.array([f"class{k}" for k in range(N_CLASSES)]).take(
                pa.array(rng.integers(0, N_CLASSES, n_rows))
            ),
            "split": pa.array(["train", "val", "test"]).take(pa.array(rng.integers(0, 3, n_rows))),
        }
    )
    pq.write_table(table, folder / "table.parquet")
    pyarrow.csv.write_csv(table, folder / "table.csv")


def write_files(folder: Path, n_files: int) -> None:
    for number in range(n_files):
        path = folder / f"c{number % N_CLASSES}" / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def timed(what: str, call: Callable[[], object]) -> None:
    wall, processor = time.perf_counter(), time.process_time()
    call()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{what}: {wall:.1f} s ({processor:.1f} s of processor time), peak so far {memory:.2f} GB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--names", type=int, default=1_000_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.rows:
            write_tables(folder, options.rows)
            timed(f"CSV of {options.rows:,} rows", lambda: open_source(folder / "table.csv"))
            timed(f"Parquet of {options.rows:,} rows", lambda: open_source(folder / "table.parquet"))
        if options.files:
            write_files(folder / "files", options.files)
            timed(f"folder of {options.files:,} files", lambda: open_source(folder / "files"))
    if options.names:
        images = tuple(f"images/img_{number}.jpg" for number in range(options.names))
        masks = tuple(sorted(f"masks/img_{number}_mask.png" for number in range(options.names)))
        timed(f"{options.names:,} names in natural and in text order", lambda: repair_by_name(Listings(images, masks)))
        images = tuple(f"a/{number:07}.jpg" for number in range(options.names))
        masks = tuple(f"b/{number:07}.png" for number in range(1, options.names + 1))
        timed(f"{options.names:,} names numbered from 0 and from 1", lambda: repair_by_name(Listings(images, masks)))


if __name__ == "__main__":
    main()
