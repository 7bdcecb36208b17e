"""Fingerprint, DC306 and the DC2 rules over a manifest of ten million labels, without pixels.

python tests/benchmarks/bench_fingerprint.py
"""

from __future__ import annotations

import resource
import time

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from datacheck.fingerprints import fingerprint
from datacheck.manifest import Manifest
from datacheck.rules import RULES, RuleContext

pytestmark = pytest.mark.benchmark
N, CLASSES = 10_000_000, 1_000


def manifest(seed: int = 0) -> Manifest:
    rng = np.random.default_rng(seed)
    label = pa.DictionaryArray.from_arrays(
        pa.array(rng.integers(0, CLASSES, N, dtype=np.int32)), pa.array([f"class {code}" for code in range(CLASSES)])
    )
    split = pa.DictionaryArray.from_arrays(
        pa.array(rng.choice(3, N, p=[0.8, 0.1, 0.1]).astype(np.int32)), pa.array(["train", "val", "test"])
    )
    names = pc.binary_join_element_wise("images/", pa.array(np.arange(N)).cast(pa.string()), ".jpg", "")
    return Manifest.from_columns({"sample_id": names, "label": label, "split": split})


def test_bench_fingerprint() -> None:
    made = manifest()
    start = time.perf_counter()
    taken = fingerprint(made)
    print(f"fingerprint of {N:,} rows: {time.perf_counter() - start:.1f} s")
    context = RuleContext(made, fingerprint=taken)
    for rule in RULES:
        if rule.code.startswith("DC2") or rule.code == "DC306":
            began = time.perf_counter()
            outcome = rule().check(context)
            print(f"{rule.code}: {time.perf_counter() - began:.1f} s, {type(outcome).__name__}")
    seconds = time.perf_counter() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"together {seconds:.1f} s (goal 60, {60 / seconds:.1f} times as fast), {memory:.2f} GB (goal 4)")


if __name__ == "__main__":
    test_bench_fingerprint()
