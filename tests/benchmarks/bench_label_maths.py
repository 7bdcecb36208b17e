"""Label maths on 1,280,000 × 1,000 memory-mapped probabilities, beside cleanlab at a size that it can do.

Run by hand: ``python tests/benchmarks/bench_label_maths.py [--rows 1280000] [--classes 1000]``. Needs room for the
probabilities in the temporary folder (5.1 GB at the default size). Figures go to ``docs/benchmarks.md``.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

from datacheck.labels.confident_learning import ConfidentLearning, find_label_issues
from datacheck.labels.noise_matrix import label_odds, smoothed_noise_matrix
from datacheck.labels.rows import row_statistics

PEER_ROWS = 50_000


class AnonymousMemory:
    """Peak of the process's anonymous memory (bytes) while it runs: what is needed beyond the mapped input."""

    def __enter__(self) -> AnonymousMemory:
        self.start = self.peak = self._now()
        self._running = True
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._running = False
        self._thread.join()

    def _watch(self) -> None:
        while self._running:
            self.peak = max(self.peak, self._now())
            time.sleep(0.02)

    @staticmethod
    def _now() -> int:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("RssAnon"):
                return int(line.split()[1]) * 1024
        return 0


def write_probabilities(path: Path, n_rows: int, n_classes: int, seed: int = 0) -> np.ndarray:
    """Write probabilities of a fair classifier to ``path`` in chunks; return labels with 10 % errors."""
    rng = np.random.default_rng(seed)
    probs = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(n_rows, n_classes))
    true = rng.integers(0, n_classes, n_rows)
    for start in range(0, n_rows, 20_000):
        rows = slice(start, min(start + 20_000, n_rows))
        block = rng.random((rows.stop - rows.start, n_classes), dtype=np.float32)
        block **= 8
        index = np.arange(len(block))
        block[index, true[rows]] += rng.gamma(2.0, n_classes / 16, len(block)).astype(np.float32)
        block /= block.sum(axis=1, keepdims=True)
        probs[rows] = block
    probs.flush()
    return np.where(rng.random(n_rows) < 0.1, rng.integers(0, n_classes, n_rows), true)


def label_maths(probs: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, dict[str, float]]:
    """Row statistics, joint, quality and flags; and the seconds of each."""
    seconds = {}

    def timed(name: str, start: float) -> float:
        now = time.perf_counter()
        seconds[name] = now - start
        return now

    at = time.perf_counter()
    rows = row_statistics(probs, labels)
    at = timed("row statistics", at)
    confident = ConfidentLearning.of(rows)
    at = timed("confident joint", at)
    label_odds(rows, smoothed_noise_matrix(confident.joint))
    at = timed("label quality", at)
    flags = find_label_issues(rows, confident.joint)
    timed("flags", at)
    return flags, seconds


def compare_with_cleanlab(probs: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Seconds of cleanlab and of datacheck for flags and quality on the same rows; the flags are the same."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from cleanlab.filter import find_label_issues as peer_issues
        from cleanlab.rank import get_label_quality_scores as peer_quality

        at = time.perf_counter()
        quality = peer_quality(labels, probs, method="normalized_margin")
        expected = peer_issues(labels, probs, n_jobs=2)
        theirs = time.perf_counter() - at
    at = time.perf_counter()
    rows = row_statistics(probs, labels)
    margin = (rows.self_confidence - rows.rival + 1) / 2
    flags = find_label_issues(rows, ConfidentLearning.of(rows).joint)
    ours = time.perf_counter() - at
    np.testing.assert_allclose(margin, quality, atol=1e-6)
    assert (flags == expected).all(), f"{(flags != expected).sum()} flags differ from cleanlab's"
    return theirs, ours


def run(folder: Path, n_rows: int, n_classes: int) -> dict[str, float]:
    """Write, measure, print; return the figures."""
    path = folder / "pred_probs.npy"
    labels = write_probabilities(path, n_rows, n_classes)
    probs = np.load(path, mmap_mode="r")
    with AnonymousMemory() as memory:
        flags, seconds = label_maths(probs, labels)
    total = sum(seconds.values())
    for name, value in seconds.items():
        print(f"{name:16s} {value:7.1f} s")
    beyond = (memory.peak - memory.start) / 2**30
    print(f"{'all':16s} {total:7.1f} s for {n_rows:,} × {n_classes:,}; {beyond:.2f} GiB beyond the input; ", end="")
    print(f"{int(flags.sum()):,} flags")
    small = np.array(probs[: min(PEER_ROWS, n_rows)])
    theirs, ours = compare_with_cleanlab(small, labels[: len(small)])
    print(
        f"{len(small):,} × {n_classes:,}: cleanlab {theirs:.1f} s, datacheck {ours:.1f} s, {theirs / ours:.1f} × ",
        end="",
    )
    print("faster, the same flags")
    return {"seconds": total, "gib": beyond, "ratio": theirs / ours}


@pytest.mark.benchmark
@pytest.mark.timeout(1200)
def test_label_maths_at_imagenet_scale(tmp_path: Path) -> None:
    if shutil.disk_usage(tmp_path).free < 8 * 2**30:
        pytest.skip("needs 8 GiB of free disk")
    figures = run(tmp_path, 1_280_000, 1_000)
    assert figures["seconds"] < 60
    assert figures["gib"] < 4
    assert figures["ratio"] > 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_280_000)
    parser.add_argument("--classes", type=int, default=1_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder), arguments.rows, arguments.classes)
