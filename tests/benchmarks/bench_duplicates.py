"""Near-duplicate search over a million 64-bit hashes with planted neighbours, and a crowd of 100,000 under one hash.

python tests/benchmarks/bench_duplicates.py
"""

from __future__ import annotations

import resource
import time

import numpy as np
import pyarrow as pa
import pytest

from datacheck.duplicates.clusters import find_duplicates
from datacheck.scanning.measurements import MEASUREMENTS_SCHEMA, Measurements

pytestmark = pytest.mark.benchmark
N, PLANTED, CROWD = 1_000_000, 10_000, 100_000


def planted(seed: int = 0) -> Measurements:
    rng = np.random.default_rng(seed)
    hashes, shade = rng.integers(0, 2**64, N, dtype=np.uint64), rng.uniform(0.2, 0.8, N)
    bits = np.argsort(rng.random((PLANTED, 64)), axis=1)[:, :6].astype(np.uint64)
    flips = np.where(np.arange(6) < rng.integers(0, 7, (PLANTED, 1)), np.uint64(1) << bits, np.uint64(0))
    hashes[N - PLANTED :] = hashes[:PLANTED] ^ np.bitwise_or.reduce(flips, axis=1)
    shade[N - PLANTED :] = shade[:PLANTED] + rng.uniform(-0.03, 0.03, PLANTED)
    hashes[N // 2 : N // 2 + CROWD] = hashes[N // 2]
    columns = dict.fromkeys(("mean_red", "mean_green", "mean_blue", "std_red", "std_green", "std_blue"), shade)
    columns |= {
        "width": np.full(N, 64),
        "height": np.full(N, 64),
        "perceptual_hash": hashes,
        "readable": np.ones(N, bool),
    }
    names = pa.array(np.arange(N)).cast(pa.string())
    columns |= {"sample_id": names, "content_hash": names}
    arrays = [
        pa.array(columns[field.name]).cast(field.type, safe=False) if field.name in columns else pa.nulls(N, field.type)
        for field in MEASUREMENTS_SCHEMA
    ]
    return Measurements(pa.table(arrays, schema=MEASUREMENTS_SCHEMA))


def test_bench_duplicates() -> None:
    measurements = planted()
    start = time.perf_counter()
    found = find_duplicates(measurements)
    seconds = time.perf_counter() - start
    pairs = found.near_pairs[found.near_pairs[:, 0] < PLANTED]
    recall = np.count_nonzero(pairs[:, 1] == pairs[:, 0] + N - PLANTED) / PLANTED
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{N:,} hashes: {seconds:.1f} s (goal 60), {memory:.2f} GB (goal 2), planted found {recall:.2%} (goal 100 %)")
    print(f"ratio to the goal: {60 / seconds:.1f} times as fast, {2 / memory:.1f} times as small")


if __name__ == "__main__":
    test_bench_duplicates()
