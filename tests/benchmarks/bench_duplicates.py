"""Near-duplicate search over a million 64-bit hashes with planted neighbours, and a crowd of 100,000 under one hash.

python tests/benchmarks/bench_duplicates.py
python tests/benchmarks/bench_duplicates.py --hashes 10000000 --cap 2

``--hashes`` joins so many hashes alone, one in a hundred planted within 6 bits of another one, in an address space that
``--cap`` limits to some GB, libraries included: an array too many ends the run with an error.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np
import pyarrow as pa
import pytest

from datacheck.duplicates.clusters import find_duplicates
from datacheck.duplicates.hamming import hamming_pairs
from datacheck.scanning.measurements import MEASUREMENTS_SCHEMA, Measurements

pytestmark = pytest.mark.benchmark
N, PLANTED, CROWD = 1_000_000, 10_000, 100_000


def flips(n: int, least: int, rng: np.random.Generator) -> np.ndarray:
    """Return masks of ``least`` to 6 random bits; uint64, shape [n]."""
    bits = np.argsort(rng.random((n, 64)), axis=1)[:, :6].astype(np.uint64)
    chosen = np.where(np.arange(6) < rng.integers(least, 7, (n, 1)), np.uint64(1) << bits, np.uint64(0))
    return np.bitwise_or.reduce(chosen, axis=1)


def planted(seed: int = 0) -> Measurements:
    rng = np.random.default_rng(seed)
    hashes, shade = rng.integers(0, 2**64, N, dtype=np.uint64), rng.uniform(0.2, 0.8, N)
    hashes[N - PLANTED :] = hashes[:PLANTED] ^ flips(PLANTED, 0, rng)
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


def join_hashes(n: int, cap: float) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (int(cap * 1e9), int(cap * 1e9)))
    rng = np.random.default_rng(0)
    n_planted = n // 100
    hashes = rng.integers(0, 2**64, n, dtype=np.uint64)
    hashes[n - n_planted :] = hashes[:n_planted] ^ flips(n_planted, 1, rng)
    start, busy = time.perf_counter(), time.process_time()
    pairs, _, complete = hamming_pairs(hashes, 6)
    seconds, processor = time.perf_counter() - start, time.process_time() - busy
    found = pairs[pairs[:, 0] < n_planted]
    recall = np.count_nonzero(found[:, 1] == found[:, 0] + n - n_planted) / n_planted
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"{n:,} hashes in at most {cap} GB: {seconds:.1f} s, {processor:.1f} s of processor, {memory:.2f} GB resident, "
        f"{len(pairs):,} pairs, complete: {complete}, planted found {recall:.4%}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hashes", type=int, help="join so many hashes alone")
    parser.add_argument("--cap", type=float, default=2.0, help="GB of address space")
    options = parser.parse_args()
    if options.hashes:
        join_hashes(options.hashes, options.cap)
    else:
        test_bench_duplicates()


if __name__ == "__main__":
    main()
