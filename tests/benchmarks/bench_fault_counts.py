"""Whether the intervals of the numbers of faulty boxes and regions hold what they say: planted faults, counted.

Run by hand: ``python tests/benchmarks/bench_fault_counts.py FOLDER... [--masks CAMVID] [--seeds 3] [--first-seed 0]
[--images 150] [--keep FOLDER]``. Of each detection dataset a random part of the images is taken. In copies of them 0, 3
and 10 % of the boxes are removed, and of the others as many each get another class, an empty place, and a place at an
overlap of 0.3 to 0.6. The product's probe judges each copy, and its counts of boxes that hold no object, lie elsewhere
and are missing are compared with the truth: what was planted among the boxes that were judged. A removed box counts as
missing, and so does the object of a box that was moved to an empty place, in the images that were searched. What was
wrong before counts as right, which makes low ends look worse than they are.

``--masks`` is CamVid as `bench_segmentation` has it: into 0, 25 and 100 % of 64 images one fault of each kind is
planted, and two of each into those of the last.

The budget is in seconds of processor time. ``--keep`` saves the probes there, and takes those that are there.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

import datacheck
from datacheck.annotations.masks import mask_values
from datacheck.labels.fault_count import FaultCount
from datacheck.manifest import Manifest
from datacheck.manifest.annotations import OBJECT, object_lists
from datacheck.probing.budget import Clock
from datacheck.probing.networks.pixel_heads import Training, embed_maps, fit_pixel_heads
from datacheck.probing.objects import BoxProbe, load_box_probe, run_box_probe, save_box_probe
from datacheck.probing.options import Options
from datacheck.probing.segments.grids import edge_strength, label_grid, read_image
from datacheck.probing.segments.planting import plant as plant_region
from datacheck.probing.segments.regions import Picture
from datacheck.probing.segments.suspicion import KINDS, N_FOLDS, fault_count, judge
from datacheck.probing.weights import DEFAULT_WEIGHTS, PretrainedWeights
from datacheck.rules.base import RuleContext
from datacheck.scanning import scan
from tests.benchmarks.bench_box_probe import plant
from tests.benchmarks.bench_segmentation import CLASSES

SHARES, MASK_SHARES = (0.0, 0.03, 0.1), (0.0, 0.25, 1.0)
"""Share of the boxes with each kind of fault, and share of the images with a fault of each kind in their mask."""

N_MASKS = 64
"""Images with masks."""

Counted = tuple[str, FaultCount, int]
"""The kind, what the product says, and how many were planted."""


def without(context: RuleContext, gone: NDArray[np.bool_]) -> RuleContext:
    """Return a dataset without some of its boxes."""
    manifest, boxes = context.manifest, context.boxes
    assert boxes is not None
    flat = manifest.table["annotated_objects"].combine_chunks().flatten()
    some = pa.array(np.flatnonzero(~gone))
    values = {each.name: flat.field(each.name).take(some) for each in OBJECT}
    ends = np.searchsorted(boxes.objects.row[~gone], np.arange(len(manifest) + 1))
    return RuleContext(manifest.with_column("annotated_objects", object_lists(values, ends)), context.measurements)


def boxes_counted(context: RuleContext, share: float, seed: int, budget: float, kept: Path | None) -> Iterator[Counted]:
    """Plant faults into a share of the boxes each, probe, and yield the counts."""
    boxes = context.boxes
    assert boxes is not None
    gone = np.zeros(len(boxes.objects), dtype=bool)
    usable = np.flatnonzero((boxes.sizes >= 4).all(axis=1) & np.isfinite(boxes.frame).all(axis=1))
    gone[np.random.default_rng([seed, 99]).permutation(usable)[: round(share * len(usable))]] = True
    planted = plant(without(context, gone), seed, (share, share, share))
    probe = _probed(planted.context, seed, budget, kept)
    if probe.placement is not None:
        kind = planted.kind[probe.placement.objects]
        yield "spurious", probe.placement.n_spurious(), int((kind == 2).sum())
        yield "misplaced", probe.placement.n_misplaced(), int((kind == 3).sum())
    if probe.missing is not None:
        assert planted.context.boxes is not None
        left = planted.context.boxes.objects.row[planted.kind == 2]
        rows = np.concatenate([boxes.objects.row[gone], left])
        yield "missing", probe.missing.n_missing(), int(np.isin(rows, probe.missing.row).sum())


def _probed(seen: RuleContext, seed: int, budget: float, kept: Path | None) -> BoxProbe:
    if kept is not None and (kept / "boxes" / "boxes.json").exists():
        return load_box_probe(kept, seen.manifest)
    assert seen.boxes is not None
    clock = Clock(budget, now=time.process_time)
    probe = run_box_probe(seen.manifest, seen.boxes, seen.image_sizes, Options(seed=seed), clock)
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        save_box_probe(probe, seen.manifest, seen.measurements, kept)
    return probe


def masks_counted(manifest: Manifest, seed: int) -> Iterator[tuple[float, Counted]]:
    """Plant faults into a share of the masks each, train, and yield the share and the counts."""
    rows = np.random.default_rng(seed).permutation(len(manifest))[:N_MASKS]
    assert manifest.reader is not None
    values = [mask_values(bytes(manifest.reader.read(manifest.table["label_uri"][int(row)].as_py()))) for row in rows]
    right = np.stack([label_grid(each, CLASSES) for each in values if each is not None])
    images = [each for each in (read_image(manifest, int(row)) for row in rows) if each is not None]
    clock, fold = Clock(36_000.0), np.random.default_rng(seed).permutation(len(images)) % N_FOLDS
    weights, n_classes = PretrainedWeights(DEFAULT_WEIGHTS), len(CLASSES.names)
    features = embed_maps(lambda k: images[k], len(images), weights, "cpu", clock, 36_000.0)
    for share in MASK_SHARES:
        rng, labels, truth = np.random.default_rng([seed, int(100 * share)]), right.copy(), dict.fromkeys(KINDS, 0)
        for k, name in [(k, name) for k in range(len(images)) for name in KINDS for _ in range(2 if share == 1 else 1)]:
            fault = plant_region(labels[k], name, n_classes, rng) if rng.random() < share else None
            if fault is not None:
                labels[k] = fault.labels
                truth[name] += 1
        probs = fit_pixel_heads(features, labels, fold, n_classes, Training("cpu", clock, 36_000.0, seed))
        pictures = [
            Picture(label, each.astype(np.float32), edge_strength(image))
            for label, each, image in zip(labels, probs, images, strict=True)
        ]
        _, kinds = judge(pictures, fold, n_classes, seed)
        for name in kinds:
            yield share, (f"region: {name}", fault_count(kinds, name), truth[name])


def part_of(folder: Path, n_images: int) -> RuleContext:
    """Return a random part of a detection dataset."""
    manifest = datacheck.open(folder)
    manifest = manifest.take(np.sort(np.random.default_rng(0).permutation(len(manifest))[:n_images]))
    return RuleContext(manifest, scan(manifest, thumbnails=False).measurements)


def main() -> None:
    """Print a line a count, and how many of them hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="*")
    parser.add_argument("--masks", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--images", type=int, default=150)
    parser.add_argument("--budget", type=float, default=45.0)
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    found: dict[tuple[str, str], list[tuple[float, FaultCount, int]]] = {}

    def told(name: str, seed: int, share: float, counted: Counted) -> None:
        kind, count, truth = counted
        found.setdefault((name, kind), []).append((share, count, truth))
        print(f"{name}, seed {seed}, {share:.0%}: {kind}: {truth} planted; {count.in_words()}", flush=True)

    seeds = range(given.first_seed, given.first_seed + given.seeds)
    for folder in given.folders:
        context = part_of(folder, given.images)
        for seed in seeds:
            for share in SHARES:
                kept = given.keep and given.keep / f"{folder.name}-{seed}-{share}"
                for counted in boxes_counted(context, share, seed, given.budget, kept):
                    told(folder.name, seed, share, counted)
    if given.masks is not None:
        manifest = datacheck.open(given.masks)
        for seed in seeds:
            for share, counted in masks_counted(manifest, seed):
                told(given.masks.name, seed, share, counted)
    for (name, kind), each in found.items():
        intervals = [(count.interval, truth) for _, count, truth in each if count.interval is not None]
        held = sum(interval.low <= truth <= interval.high for interval, truth in intervals)
        above = sum(interval.low > 0 for interval, truth in intervals if truth)
        alarms = sum(interval.low > 0 for interval, truth in intervals if not truth)
        told_of = f"{held} of {len(intervals)} hold the planted number, {len(each) - len(intervals)} cannot be told"
        faulty, clean = sum(truth > 0 for *_, truth in each), sum(not truth for *_, truth in each)
        print(
            f"{name}, {kind}: {told_of}; low end above 0: {above} of {faulty} with faults, {alarms} of {clean} without"
        )


if __name__ == "__main__":
    main()
