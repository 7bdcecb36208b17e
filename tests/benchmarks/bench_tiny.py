"""Copies between CIFAR-10's test and training images, beside the list of pairs that people judged (ciFAIR).

Run by hand: ``python tests/benchmarks/bench_tiny.py BINARY PAIRS [--sheet SHEET.png] [--list PAIRS.txt]``. ``BINARY``
is the folder of CIFAR-10's binary version (``data_batch_1.bin`` … ``test_batch.bin``), ``PAIRS`` the file
``meta/duplicates_cifar10.csv`` of https://github.com/cvjena/cifair (Barz and Denzler, "Do we train on test data?
Purging CIFAR of near-duplicates", 2020). The sheet shows 100 of the pairs found, drawn at random, for the eye to judge;
those of ciFAIR's list have a blue bar.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from datacheck.duplicates import DEFAULT_NEAR_DUPLICATE_DISTANCE, DuplicateSearch
from datacheck.duplicates.clusters import DuplicateClusters
from datacheck.duplicates.search import search_duplicates
from datacheck.rules.base import RuleContext
from datacheck.rules.splits.dc303_split_leakage import SplitLeakage
from datacheck.scanning import scan
from datacheck.sources import open_source

Pairs = dict[tuple[int, int], bool]

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def read_batch(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the labels [N] and images [N, 32, 32, 3] of a file of the binary version."""
    records = np.frombuffer(path.read_bytes(), np.uint8).reshape(-1, 1 + 3 * 32 * 32)
    return records[:, 0], records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)


def write_images(binary: Path, folder: Path) -> None:
    """Write each image as ``split/class/number.png``, the number as in the original files."""
    for split, names in (("test", ["test_batch"]), ("train", [f"data_batch_{n}" for n in range(1, 6)])):
        batches = [read_batch(binary / f"{name}.bin") for name in names]
        labels, images = (np.concatenate(part) for part in zip(*batches, strict=True))
        for number, (label, image) in enumerate(zip(labels.tolist(), images, strict=True)):
            place = folder / split / CLASSES[label]
            place.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(place / f"{number:05d}.png", compress_level=1)


def across(ids: list[str], found: DuplicateClusters) -> Pairs:
    """Return the numbers of test and training image of each pair across the splits, and whether it is mirrored."""
    pairs: Pairs = {}
    for (one, other), orientation in zip(found.near_pairs.tolist(), found.orientation.tolist(), strict=True):
        if ids[one].startswith("test") and ids[other].startswith("train"):
            pairs[int(Path(ids[one]).stem), int(Path(ids[other]).stem)] = orientation == 1
    return pairs


def _same(found: DuplicateClusters) -> DuplicateClusters:
    return found


def sheet(binary: Path, pairs: Pairs, listed: set[tuple[int, int]], path: Path) -> None:
    """Draw 100 pairs side by side, the training image mirrored where it was found so."""
    test = read_batch(binary / "test_batch.bin")[1]
    train = np.concatenate([read_batch(binary / f"data_batch_{n}.bin")[1] for n in range(1, 6)])
    keys = sorted(pairs)
    chosen = np.random.default_rng(0).choice(len(keys), min(100, len(keys)), replace=False)
    page = Image.new("RGB", (10 * 148, 10 * 80), "white")
    for place, number in enumerate(sorted(chosen.tolist())):
        one, other = keys[number]
        second = Image.fromarray(train[other])
        x, y = place % 10 * 148, place // 10 * 80
        page.paste(Image.fromarray(test[one]).resize((70, 70)), (x, y))
        page.paste((ImageOps.mirror(second) if pairs[keys[number]] else second).resize((70, 70)), (x + 71, y))
        page.paste("blue" if keys[number] in listed else "white", (x, y + 72, x + 141, y + 76))
    page.save(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("binary", type=Path)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("--sheet", type=Path)
    parser.add_argument("--list", type=Path)
    arguments = parser.parse_args()
    with arguments.pairs.open(newline="") as file:
        listed = {(int(row["TestID"]), int(row["TrainID"])) for row in csv.DictReader(file)}
    with tempfile.TemporaryDirectory() as place:
        write_images(arguments.binary, Path(place))
        manifest = open_source(place)
        start = time.process_time(), time.perf_counter()
        measurements = scan(manifest, jobs=1, thumbnails=False).measurements
        print(f"scan: {time.process_time() - start[0]:.0f} CPU s, {time.perf_counter() - start[1]:.0f} s", flush=True)
        ids = manifest.sample_ids.to_pylist()
        for search in (DuplicateSearch.HASH, DuplicateSearch.AUTO):
            start = time.process_time(), time.perf_counter()
            found = search_duplicates(
                manifest, measurements, search=search, max_distance=DEFAULT_NEAR_DUPLICATE_DISTANCE
            )
            seconds = time.process_time() - start[0], time.perf_counter() - start[1]
            pairs = across(ids, found)
            print(
                f"{search.value}: {seconds[0]:.0f} CPU s, {seconds[1]:.0f} s; {len(found.near_pairs)} pairs in all, "
                f"{len(pairs)} of a test and a training image ({sum(pairs.values())} mirrored), "
                f"{len(set(pairs) & listed)} of the {len(listed)} that are listed; "
                f"{len({test for test, _ in pairs})} test images, "
                f"{len({test for test, _ in pairs} & {test for test, _ in listed})} of them listed",
                flush=True,
            )
            outcome = SplitLeakage().check(RuleContext(manifest, measurements, find_copies=partial(_same, found)))
            print([finding.message for finding in getattr(outcome, "findings", ())], flush=True)
        if arguments.sheet is not None:
            sheet(arguments.binary, pairs, listed, arguments.sheet)
        if arguments.list is not None:
            arguments.list.write_text(
                "".join(f"{one}-{other}{'m' * pairs[one, other]}\n" for one, other in sorted(pairs))
            )


if __name__ == "__main__":
    main()
