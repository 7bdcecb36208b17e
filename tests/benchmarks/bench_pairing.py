"""Slipped pairings of real photographs (CIFAR-10N): found, explained, repaired, and nothing claimed where none is.

Run by hand: ``python tests/benchmarks/bench_pairing.py --data FOLDER [--seeds 10] [--features FILE.npy]``. By default
the features are the probe's own descriptors, which need no torch; ``--features`` takes any label-free features of the
50,000 images in the file's order, such as those of a frozen network. ``--space probe`` runs the probe on each broken
listing, as an audit does, and hands its embeddings and its out-of-sample probabilities to the examination: minutes a
listing, so that ``--listings`` picks some and ``--cache`` keeps what the probe gave. ``--without`` leaves the
probabilities out. Figures go to ``docs/benchmarks.md``.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from PIL import Image

from datacheck.manifest import Manifest
from datacheck.pairing import LabelCodes, Samples, check_content
from datacheck.probing import PretrainedWeights
from datacheck.probing.backends.descriptors import N_EMBEDDING, describe, principal_components
from datacheck.probing.budget import Clock
from datacheck.probing.engine import run_probe
from datacheck.probing.options import AtHand, Options

N_ROWS = 5000
SETTLED = 0.95

Labels = NDArray[np.int64]
Case = tuple[str, Labels, int]
Names = list[str] | None


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


@dataclass(frozen=True)
class Seen:
    """What an examination sees of a listing: features, and a probe's folds and probabilities where one ran."""

    features: NDArray[Any]
    fold: NDArray[Any] | None = None
    pred_probs: NDArray[Any] | None = None


See = Callable[[NDArray[np.int64], Labels, str], Seen]


def listings(
    true: Labels, rng: np.random.Generator, uris: list[str]
) -> Iterator[tuple[Case, list[str] | None, Labels]]:
    """All listings of a subset: the case, the names that are known, and the order of the subset's rows."""
    every = np.arange(len(true))
    for cases, names in ((slipped(true, rng), None), (by_names(true, uris), uris), (unslipped(true, rng), uris)):
        for case in cases:
            yield case, names, every
    by_class = np.argsort(true, kind="stable")
    yield ("right, sorted by class", true[by_class], 0), uris, by_class
    yield ("sorted by class, rolled by 1", np.roll(true[by_class], 1), 0), uris, by_class


def measure(see: See, labels: Labels, seeds: int, wanted: list[str] | None) -> dict[str, list[dict[str, float]]]:
    """Examine the listings of ``seeds`` subsets that are wanted; results by name."""
    found: dict[str, list[dict[str, float]]] = {}
    uris = [f"photo{number}.jpg" for number in range(N_ROWS)]
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        rows = rng.choice(len(labels), N_ROWS, replace=False)
        for (name, given, there), names, order in listings(labels[rows], rng, uris):
            if wanted is None or name in wanted:
                seen = see(rows[order], given, f"{name}-{seed}")
                found.setdefault(name, []).append(one_case(seen, labels[rows[order]], given, there, names, seed))
    return found


def one_case(seen: Seen, true: Labels, given: Labels, there: int, uris: Names, seed: int) -> dict[str, float]:
    """Examine one listing; ``there`` first rows have their label somewhere in the listing."""
    started = time.perf_counter()
    samples = Samples(seen.features, names=uris, fold=seen.fold, pred_probs=seen.pred_probs)
    repair = check_content(samples, LabelCodes.of_classes(given), seed=seed).repair
    seconds = time.perf_counter() - started
    if repair is None:
        return {"claimed": 0.0, "seconds": seconds}
    wrong = given[repair.label_of] != true
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


def fixed_space(features: NDArray[Any]) -> See:
    """See each subset by features that know of no labels; those of the last subset are kept."""
    kept: dict[bytes, Seen] = {}

    def see(rows: NDArray[np.int64], given: Labels, name: str) -> Seen:
        key = rows.tobytes()
        if key not in kept:
            kept.clear()
            kept[key] = Seen(embed(features, rows))
        return kept[key]

    return see


def probe_space(images: NDArray[Any], classes: list[str], data: Path, cache: Path | None, budget: float) -> See:
    """See each listing as an audit does: a probe is trained on the labels as given."""

    def see(rows: NDArray[np.int64], given: Labels, name: str) -> Seen:
        file = None if cache is None else cache / f"{name}.npz"
        if file is not None and file.exists():
            kept = np.load(file)
            return Seen(kept["features"].astype(np.float32), kept["fold"], kept["pred_probs"])
        half = (0.5, 0.5, 0.5)
        weights = PretrainedWeights(
            data / "mobilenet_v2_imagenet_fp16.pt", architecture="mobilenet_v2", mean=half, deviation=half
        )
        outputs = run_probe(
            Manifest.from_columns({"label": [classes[one] for one in given]}),
            Options(backend="pretrained", weights=weights, side=96, epochs=3, folds=3),
            AtHand(pixels=np.ascontiguousarray(images[rows])),
            Clock(budget),
        )
        assert outputs.embeddings is not None
        print(f"{name}: probed in {outputs.seconds:.0f} s", flush=True)
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            features = outputs.embeddings.astype(np.float16)
            np.savez(file, features=features, fold=outputs.fold, pred_probs=outputs.pred_probs)
        return Seen(outputs.embeddings, outputs.fold, outputs.pred_probs)

    return see


def main() -> None:
    """Print one table for each label set."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--features", type=Path)
    parser.add_argument("--space", choices=["fixed", "probe"], default="fixed")
    parser.add_argument("--budget", type=float, default=240, help="seconds a listing, with --space probe")
    parser.add_argument("--cache", type=Path, help="folder for what the probe gave")
    parser.add_argument("--without", action="store_true", help="leave the probe's probabilities out")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--labels", nargs="+", default=["clean", "aggre"])
    parser.add_argument("--listings", nargs="+")
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
        see = fixed_space(images)
        if asked.space == "probe":
            source = "probe"
            cache = None if asked.cache is None else asked.cache / which
            see = probe_space(images, classes, asked.data, cache, asked.budget)
        if asked.without:
            see = without_probabilities(see)
        print(f"\n{which} labels, {asked.seeds} subsets of {N_ROWS:,}, {source}")
        print(f"{'listing':42}{'claimed':>9}{'exact':>9}{'wrong':>9}{'settled wrong':>15}{'to look at':>12}{'s':>6}")
        for name, runs in measure(see, labels, asked.seeds, asked.listings).items():
            show(name, runs)


def without_probabilities(see: See) -> See:
    """See the same, but for what the probe predicts."""

    def seen(rows: NDArray[np.int64], given: Labels, name: str) -> Seen:
        return replace(see(rows, given, name), pred_probs=None)

    return seen


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
