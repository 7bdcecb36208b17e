"""How well the probe of boxes finds wrong classes, spurious and misplaced boxes that are planted in real datasets.

Run by hand: ``python tests/benchmarks/bench_box_probe.py FOLDER... [--seeds 3] [--first-seed 0] [--budget 60]``. Each
folder is a dataset with boxes. In a copy of its boxes some get another class, some are moved to an empty place of their
image (made smaller where there is no room), and some are moved and resized to an overlap of 0.3 to 0.6 with the right
box; the boxes that remain count as right. The product's probe judges all, and each kind of fault is ranked against all
other boxes (average precision, AP). The budget counts seconds of processor time, so that other work on the machine does
not change the figures. Beside it:

- box size alone: for classes the nearest boxes by width and height (out of sample by image), else how unusual a box is;
- cleanlab's ObjectLab, given the probe's predictions as a detector's: the corrected boxes with their class
  probabilities times how much each looks like an object. It has a score for exchanged classes and one for bad places,
  none for spurious boxes. A real detector would also predict boxes elsewhere.
"""

from __future__ import annotations

import argparse
import time
import warnings
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier

import datacheck
from datacheck.annotations.pixels import PixelBoxes
from datacheck.annotations.shifts import paired_iou, shifted
from datacheck.manifest import Manifest
from datacheck.manifest.annotations import OBJECT, object_lists
from datacheck.probing.budget import Clock
from datacheck.probing.objects import BoxProbe, run_box_probe
from datacheck.probing.objects.outputs import class_suspicion, listed_boxes
from datacheck.probing.objects.placement import EMPTY, RECALL
from datacheck.probing.options import Options
from datacheck.rules.base import RuleContext
from datacheck.scanning import scan

Floats = NDArray[np.float64]

KINDS = ("class", "spurious", "misplaced")
SHARES = (0.1, 0.05, 0.1)
"""Kinds of faults, and the share of the boxes that each is planted in."""

SIZES, TRIES = (1.0, 0.7, 0.5, 0.35), 64
"""Sizes of a box that is moved to an empty place, as shares of its own, and draws of each."""


@dataclass(frozen=True)
class Planted:
    """A dataset with faults: what the product sees, and of each box 0, or 1 + the place of its fault in `KINDS`."""

    context: RuleContext
    kind: NDArray[np.int8]


def plant(context: RuleContext, seed: int, shares: tuple[float, float, float] = SHARES) -> Planted:
    """Plant faults of all kinds into a dataset, none of them in the same box."""
    manifest, boxes = context.manifest, context.boxes
    assert boxes is not None
    rng = np.random.default_rng([seed, 17])
    usable = (boxes.sizes >= 4).all(axis=1) & (boxes.objects.class_id >= 0) & np.isfinite(boxes.frame).all(axis=1)
    order = rng.permutation(np.flatnonzero(usable))
    kind = np.zeros(len(boxes.objects), dtype=np.int8)
    ends = np.cumsum([0, *(round(share * len(order)) for share in shares)])
    wrong, spurious, moved = (order[start:end] for start, end in pairwise(ends))
    class_id, placed = boxes.objects.class_id.copy(), boxes.boxes.copy()
    if len(manifest.classes) > 1:
        class_id[wrong] = (class_id[wrong] + rng.integers(1, len(manifest.classes), len(wrong))) % len(manifest.classes)
        kind[wrong] = 1
    for k in spurious:
        place = _empty_place(boxes, int(k), rng)
        if place is not None:
            placed[k], kind[k] = place, 2
    found, copies = shifted(boxes.boxes[moved], boxes.frame[moved], rng, 0.3, 0.6)
    placed[moved[found]], kind[moved[found]] = copies, 3
    changed = _with_objects(manifest, boxes, class_id, placed)
    return Planted(RuleContext(changed, context.measurements), kind)


def _empty_place(boxes: PixelBoxes, k: int, rng: np.random.Generator) -> Floats | None:
    """Return a box of the same shape at a place of the same image where none is, as large as there is room for."""
    others = boxes.boxes[boxes.objects.row == boxes.objects.row[k]]
    for shrunk in SIZES:
        size = shrunk * boxes.sizes[k]
        corners = rng.uniform(0, 1, (TRIES, 2)) * (boxes.frame[k] - size)
        tried = np.concatenate([corners, corners + size], axis=1)
        inside = (tried >= 0).all(axis=1) & (tried[:, 2:] <= boxes.frame[k]).all(axis=1)
        free = inside & (paired_iou(tried[:, None], others[None]).max(axis=1) <= EMPTY)
        if free.any():
            return np.asarray(tried[free.argmax()])
    return None


def _with_objects(manifest: Manifest, boxes: PixelBoxes, class_id: NDArray[np.int32], placed: Floats) -> Manifest:
    column = manifest.table["annotated_objects"].combine_chunks()
    flat = column.flatten()
    values: dict[str, Any] = {each.name: flat.field(each.name) for each in OBJECT}
    changed = (placed != boxes.boxes).any(axis=1)
    scale = boxes.boxes / np.where(boxes.objects.boxes == 0, np.nan, boxes.objects.boxes)
    if np.nanmax(np.abs(scale - 1), initial=0) > 1e-9:
        raise SystemExit("expected boxes in pixels, such as Pascal VOC's or COCO's")
    values["class_id"] = pa.array(class_id, pa.int32())
    for side, name in enumerate(("left", "top", "right", "bottom")):
        values[name] = pa.array(np.where(changed, placed[:, side], boxes.objects.boxes[:, side]), pa.float64())
    lists = object_lists(values, np.searchsorted(boxes.objects.row, np.arange(len(manifest) + 1)))
    return manifest.with_column("annotated_objects", lists)


def scores_of(probe: BoxProbe, n: int) -> list[Floats]:
    """Return how suspect each box is by kind, NaN where it was not judged; [n] each."""
    found = [np.full(n, np.nan) for _ in KINDS]
    if probe.crops is not None:
        found[0][probe.objects] = class_suspicion(probe)
    if probe.placement is not None:
        found[1][probe.placement.objects] = probe.placement.emptiness
        found[2][probe.placement.objects] = probe.placement.shift
    return found


def by_size(context: RuleContext) -> list[Floats]:
    """Return the scores of the baseline that knows only width and height."""
    boxes = context.boxes
    assert boxes is not None
    x = np.log(np.maximum(boxes.sizes, 1.0))
    codes = boxes.objects.class_id
    unusual = np.zeros(len(x))
    for code in np.unique(codes):
        mine = codes == code
        centred = x[mine] - np.median(x[mine], axis=0)
        spread = np.cov(centred.T) + 1e-6 * np.eye(2)
        unusual[mine] = np.einsum("ij,jk,ik->i", centred, np.linalg.inv(spread), centred)
    alike = np.zeros(len(x))
    if len(np.unique(codes)) > 1:
        model = KNeighborsClassifier(25)
        folds = GroupKFold(5)
        probs = cross_val_predict(model, x, codes, groups=boxes.objects.row, cv=folds, method="predict_proba")
        alike = 1 - probs[np.arange(len(x)), np.searchsorted(np.unique(codes), codes)]
    return [alike, unusual, unusual]


def object_lab(context: RuleContext, probe: BoxProbe) -> list[Floats]:
    """Return cleanlab's scores of the probe's predictions, as suspicion; NaN where it has none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from cleanlab.object_detection.rank import compute_badloc_box_scores, compute_swap_box_scores
    boxes, placement = context.boxes, probe.placement
    assert boxes is not None
    n, k = len(boxes.objects), len(context.manifest.classes)
    nothing = np.full(n, np.nan)
    if placement is None:
        return [nothing] * 3
    probs = np.zeros((n, k))
    probs[np.arange(n), boxes.objects.class_id] = 1.0
    if probe.crops is not None and probe.crops.pred_probs is not None:
        columns = [context.manifest.classes.index(name) for name in probe.crops.classes]
        probs[probe.objects[:, None], np.array(columns)] = probe.crops.pred_probs
    objectness = np.full(n, np.nan)
    objectness[placement.objects] = np.clip(1 - placement.emptiness, 0.01, 1)
    corrected = np.full((n, 4), np.nan)
    corrected[placement.objects] = placement.corrected
    rows = np.unique(boxes.objects.row[placement.objects])
    labels, predictions, members = [], [], []
    for row in rows:
        mine = np.flatnonzero((boxes.objects.row == row) & np.isfinite(objectness))
        members.append(mine)
        labels.append({"bboxes": boxes.boxes[mine], "labels": boxes.objects.class_id[mine]})
        each = [np.column_stack([corrected[mine], probs[mine, c] * objectness[mine]]) for c in range(k)]
        one = np.empty(k, dtype=object)
        for c in range(k):
            one[c] = each[c].astype(np.float32)
        predictions.append(one)
    swap, badloc = nothing.copy(), nothing.copy()
    place = np.concatenate(members)
    swap[place] = 1 - np.concatenate(compute_swap_box_scores(labels=labels, predictions=predictions))
    badloc[place] = 1 - np.concatenate(compute_badloc_box_scores(labels=labels, predictions=predictions))
    return [swap, badloc, badloc]


def average_precision(wrong: NDArray[np.bool_], score: Floats) -> float:
    """Return the average precision among the boxes that have a score."""
    judged = np.isfinite(score)
    return float(average_precision_score(wrong[judged], score[judged])) if wrong[judged].any() else float("nan")


def lists_of(context: RuleContext, probe: BoxProbe) -> list[NDArray[np.int64]]:
    """Return the boxes that the product lists, by kind."""
    classes = np.empty(0, dtype=np.int64) if probe.crops is None else listed_boxes(probe, context.manifest).objects
    if probe.placement is None:
        return [classes, classes[:0], classes[:0]]
    placed = probe.placement
    return [classes, placed.objects[placed.spurious(RECALL)], placed.objects[placed.misplaced(RECALL)]]


def one_run(context: RuleContext, seed: int, budget: float) -> list[list[float]]:
    """Plant, probe and print; return for each kind the APs, how many are listed, hits, planted, and the interval."""
    planted = plant(context, seed)
    seen = planted.context
    assert seen.boxes is not None
    start, cpu = time.perf_counter(), time.process_time()
    linked = None if context.duplicates is None else context.duplicates.linked
    probe = run_box_probe(
        seen.manifest,
        seen.boxes,
        seen.image_sizes,
        Options(seed=seed),
        Clock(budget, now=time.process_time),
        linked=linked,
    )
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    ours, sizes, lab = scores_of(probe, len(planted.kind)), by_size(seen), object_lab(seen, probe)
    lists = lists_of(seen, probe)
    numbers = []
    for place, name in enumerate(KINDS):
        wrong = planted.kind == place + 1
        judged = wrong & np.isfinite(ours[place])
        if not judged.any():
            print(f"  seed {seed} {name}: not judged ({probe.why_not or probe.why_not_placed})")
            numbers.append([float("nan")] * 7)
            continue
        aps = [average_precision(wrong, np.where(np.isfinite(ours[place]), one[place], np.nan)) for one in
               (ours, sizes, lab)]  # fmt: skip
        hits, right = int(wrong[lists[place]].sum()), int((planted.kind[lists[place]] == 0).sum())
        words, covered = "", float("nan")
        if place == 0 and probe.crops is not None and probe.crops.label_yield is not None:
            errors, truth = probe.crops.label_yield.estimated_errors, int(judged.sum())
            covered = float(errors.low <= truth <= errors.high)
            words = f"; count {errors.value:.0f} [{errors.low:.0f}, {errors.high:.0f}], planted {truth}"
        print(
            f"  seed {seed} {name}: AP {aps[0]:.3f}, size {aps[1]:.3f}, ObjectLab {aps[2]:.3f}; listed "
            f"{len(lists[place])}: {hits} of this kind, {len(lists[place]) - hits - right} of another, {right} not "
            f"planted; planted and judged {judged.sum()} of {np.isfinite(ours[place]).sum()}{words}",
            flush=True,
        )
        numbers.append([*aps, len(lists[place]), hits, int(judged.sum()), covered])
    print(f"  seed {seed}: {seconds:.0f} s, {cpu:.0f} s of processor", flush=True)
    return numbers


def main() -> None:
    """Print a line a dataset, seed and kind, and the means."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--budget", type=float, default=60.0)
    given = parser.parse_args()
    for folder in given.folders:
        manifest = datacheck.open(folder)
        context = RuleContext(manifest, scan(manifest, thumbnails=False).measurements)
        assert context.boxes is not None
        n_boxes, n_classes = len(context.boxes.objects), len(manifest.classes)
        print(f"{folder.name}: {len(manifest)} images, {n_boxes} boxes, {n_classes} classes")
        seeds = range(given.first_seed, given.first_seed + given.seeds)
        found = np.array([one_run(context, seed, given.budget) for seed in seeds])
        for place, name in enumerate(KINDS):
            means = [float(np.mean(column)) for column in found[:, place].T]
            print(
                f"{folder.name} {name}, mean of {given.seeds}: AP {means[0]:.3f}, size {means[1]:.3f}, ObjectLab "
                f"{means[2]:.3f}; listed {means[3]:.1f}, of this kind {means[4]:.1f} of {means[5]:.1f}; "
                f"interval covers {means[6]:.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
