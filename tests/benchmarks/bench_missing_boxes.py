"""How many of the boxes that are taken out of a dataset the search for objects without a box lists.

Run by hand: ``python tests/benchmarks/bench_missing_boxes.py FOLDER... [--seeds 1] [--budget 120]``. Each folder is a
detection dataset. 10 % of its boxes are taken out; the search then hides 15 % of the others to know its cut. A listed
place counts as found where it overlaps a box that was taken out by 0.3 or more, each box once; others may be objects
that were never drawn. The budget is in seconds of processor time, for the search alone.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

import datacheck
from datacheck.annotations.shifts import paired_iou
from datacheck.probing.budget import Clock
from datacheck.probing.objects.choice import choose_boxes
from datacheck.probing.objects.missing import LEAST_OVERLAP, Missing, Searched
from datacheck.probing.objects.placement import RECALL
from datacheck.probing.objects.search import given_boxes, search, searchable
from datacheck.probing.options import Options
from datacheck.rules import RuleContext
from datacheck.scanning import scan

TAKEN_OUT = 0.1
"""Share of the boxes."""


def hits(context: RuleContext, gone: NDArray[np.bool_], found: Missing) -> NDArray[np.bool_]:
    """Return which places are boxes that were taken out."""
    assert context.boxes is not None
    row, boxes = context.boxes.objects.row, context.boxes.boxes
    hit, used = np.zeros(len(found.heat), dtype=bool), set()
    for k in np.argsort(-found.heat, kind="stable"):
        some = np.flatnonzero(gone & (row == found.row[k]))
        overlap = paired_iou(boxes[some], found.boxes[k][None])
        best = int(overlap.argmax()) if len(some) else -1
        if best >= 0 and overlap[best] >= LEAST_OVERLAP and some[best] not in used:
            hit[k] = True
            used.add(some[best])
    return hit


def one_run(context: RuleContext, seed: int, budget: float) -> str:
    """Take boxes out, search, and return the figures."""
    boxes, sizes, nowhere = context.boxes, context.image_sizes, np.empty(0, dtype=np.int64)
    assert boxes is not None
    good = choose_boxes(boxes, sizes, nowhere).objects
    gone = np.zeros(len(boxes.objects), dtype=bool)
    gone[good] = np.random.default_rng(seed).random(len(good)) < TAKEN_OUT
    given = given_boxes(replace(boxes, boxes=np.where(gone[:, None], np.nan, boxes.boxes)), good)
    rows = searchable(context.manifest, sizes, nowhere)
    images = Searched(rows, rows, sizes.frame[rows], ())
    clock = Clock(budget, now=time.process_time)
    found, why_not = search(context.manifest, images, given, Options(seed=seed), clock)
    if found is None:
        return why_not
    hit, listed = hits(context, gone, found), found.listed(RECALL)
    precision = average_precision_score(hit, found.heat) * hit.sum() / gone.sum()
    return (
        f"AP {precision:.3f}; listed {len(listed)}, taken out {hit[listed].sum()} of {gone.sum()}; hidden "
        f"{len(found.hidden_heat)}, of which seen {(found.hidden_heat > 0).mean():.2f}; {found.n_boxes} boxes in "
        f"{found.n_images} images; {clock.used:.0f} s of processor"
    )


def main() -> None:
    """Search each dataset."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--budget", type=float, default=120.0)
    given = parser.parse_args()
    for folder in given.folders:
        manifest = datacheck.open(folder)
        context = RuleContext(manifest, scan(manifest, thumbnails=False).measurements)
        for seed in range(given.seeds):
            print(f"{folder.name}, seed {seed}: {one_run(context, seed, given.budget)}", flush=True)


if __name__ == "__main__":
    main()
