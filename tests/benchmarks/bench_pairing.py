"""Slipped pairings of real photographs (CIFAR-10N): found, explained, repaired, and nothing claimed where none is.

Run by hand: ``python tests/benchmarks/bench_pairing.py --data FOLDER [--seeds 10] [--features FILE.npy]``. By default
the features are the probe's own descriptors, which need no torch; ``--features`` takes any label-free features of the
50,000 images in the file's order, such as those of a frozen network. Figures go to ``docs/benchmarks.md``.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from PIL import Image

from datacheck.probe.descriptors import N_EMBEDDING, describe, principal_components
from datacheck.probe.pairing import examine_pairing

N_ROWS = 5000
SETTLED = 0.95

Labels = NDArray[np.int64]
Case = tuple[str, Labels, int]


def slipped(true: Labels, rng: np.random.Generator) -> Iterator[Case]:
    """Listings that slipped: name, labels as given, and the rows whose true label is in the listing."""
    n = len(true)
    start, first = int(rng.integers(100, n - 100)), int(rng.integers(100, n - 1500))
    for by in (1, -1, 2):
        yield f"rolled by {by}", np.r_[true[:start], np.roll(true[start:], by)], n
    yield "one label doubled, the last lost", np.r_[true[:start], true[start - 1 : -1]], n - 1
    for name, block in (
        ("window of 800 rolled by 1", np.roll(true[first : first + 800], 1)),
        ("block of 600 reversed", true[first : first + 600][::-1]),
    ):
        yield name, np.r_[true[:first], block, true[first + len(block) :]], n
    swapped = true.copy()
    swapped[first : first + 300], swapped[first + 900 : first + 1200] = (
        true[first + 900 : first + 1200],
        true[first : first + 300],
    )
    yield "blocks of 300 exchanged", swapped, n


def by_names(true: Labels, uris: list[str]) -> Iterator[Case]:
    """Listings of which one was sorted as text, the other by number."""
    text = np.array(sorted(range(len(true)), key=lambda row: uris[row]))
    images_by_text = np.empty_like(true)
    images_by_text[text] = true
    yield "labels in text order, images by number", true[text], len(true)
    yield "images in text order, labels by number", images_by_text, len(true)


def unslipped(true: Labels, rng: np.random.Generator) -> Iterator[Case]:
    """Listings of which nothing may be claimed."""
    yield "labels shuffled", rng.permutation(true), 0
    yield "right, in random order", true, 0


def measure(features: NDArray[Any], labels: Labels, seeds: int) -> dict[str, list[dict[str, float]]]:
    """Examine all listings of ``seeds`` subsets; results by name."""
    found: dict[str, list[dict[str, float]]] = {}
    uris = [f"photo{number}.jpg" for number in range(N_ROWS)]
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        rows = rng.choice(len(labels), N_ROWS, replace=False)
        x, true = embed(features, rows), labels[rows]
        for cases, names in ((slipped(true, rng), None), (by_names(true, uris), uris), (unslipped(true, rng), uris)):
            for name, given, there in cases:
                found.setdefault(name, []).append(one_case(x, true, given, there, names, seed))
        by_class = np.argsort(true, kind="stable")
        sorted_labels = true[by_class]
        name = "right, sorted by class"
        found.setdefault(name, []).append(one_case(x[by_class], sorted_labels, sorted_labels, 0, uris, seed))
        name = "sorted by class, rolled by 1"
        rolled = np.roll(sorted_labels, 1)
        found.setdefault(name, []).append(one_case(x[by_class], sorted_labels, rolled, 0, uris, seed))
    return found


def one_case(
    x: NDArray[Any], true: Labels, given: Labels, there: int, uris: list[str] | None, seed: int
) -> dict[str, float]:
    """Examine one listing; ``there`` first rows have their label somewhere in the listing."""
    started = time.perf_counter()
    repair = examine_pairing(x, given, uris=uris, seed=seed).repair
    seconds = time.perf_counter() - started
    if repair is None:
        return {"claimed": 0.0, "seconds": seconds}
    wrong = given[repair.source] != true
    settled = repair.certainty >= SETTLED
    return {
        "claimed": 1.0,
        "seconds": seconds,
        "exact": float(not wrong[:there].any()),
        "wrong": float(wrong.sum()),
        "wrong though settled": float((wrong & settled).sum()),
        "to look at": float((~settled).sum()),
    }


def embed(features: NDArray[Any], rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """The features of some rows: given ones, or descriptors of images."""
    if features.ndim == 2:
        return np.asarray(features[rows], dtype=np.float32)
    parts = [describe(features[rows[start : start + 512]]) for start in range(0, len(rows), 512)]
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return principal_components(joined)[:, :N_EMBEDDING]


def main() -> None:
    """Print one table for each label set."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--features", type=Path)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--labels", nargs="+", default=["clean", "aggre"])
    asked = parser.parse_args()
    table = pq.read_table(asked.data / "cifar10n-train.parquet")
    if asked.features is None:
        images: NDArray[Any] = np.stack([np.asarray(Image.open(io.BytesIO(one.as_py()))) for one in table["jpeg"]])
    else:
        images = np.load(asked.features, mmap_mode="r")
    classes = sorted(set(table["clean"].to_pylist()))
    for which in asked.labels:
        labels = np.array([classes.index(word) for word in table[which].to_pylist()])
        source = "descriptors" if asked.features is None else asked.features.name
        print(f"\n{which} labels, {asked.seeds} subsets of {N_ROWS:,}, {source}")
        print(f"{'listing':42}{'claimed':>9}{'exact':>9}{'wrong':>9}{'settled wrong':>15}{'to look at':>12}{'s':>6}")
        for name, runs in measure(images, labels, asked.seeds).items():
            show(name, runs)


def show(name: str, runs: list[dict[str, float]]) -> None:
    """Print a row: counts of listings, rows wrong and to look at a listing, rows wrong though settled in all."""
    counts = {key: sum(run.get(key, 0) for run in runs) for key in ("claimed", "exact", "wrong though settled")}
    a_listing = {key: sum(run.get(key, 0) for run in runs) / len(runs) for key in ("wrong", "to look at", "seconds")}
    print(
        f"{name:42}{counts['claimed']:9.0f}{counts['exact']:9.0f}{a_listing['wrong']:9.1f}"
        f"{counts['wrong though settled']:15.0f}{a_listing['to look at']:12.1f}{a_listing['seconds']:6.1f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
