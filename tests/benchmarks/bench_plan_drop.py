"""What is it worth to leave copies out, and to have conflicting copies checked? Trainings with and without, over seeds.

By hand: python -m tests.benchmarks.bench_plan_drop trashnet --models lite0 --to drop.jsonl

Sets and models are those of bench_plan_pays.py. Planted into the training images, written as files and scanned: every
twentieth is there ten times under its label, and another tenth has a copy under one other label, as in
a folder that was put together from several downloads. The test images have no copies. "Leave out" trains without the
samples that the plan drops; "checked" gives those whose label it doubts the true one, as a person would.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

from datacheck.plan import make_plan
from datacheck.scanning import scan
from datacheck.sources import open_source
from tests.benchmarks.bench_plan_pays import show, write_row
from tests.benchmarks.plan_training import Arm, Draw, draw_of, inputs_of, train

REPEATED, TIMES, CONFLICTING = 0.05, 9, 0.1


def with_copies(draw: Draw) -> Draw:
    """Append copies of training images: ``clean`` is the true label of each, ``given`` the one it is filed under."""
    rng = np.random.default_rng([draw.seed, 4])
    order = rng.permutation(np.flatnonzero(~draw.test))
    n_repeated, n_conflicting = round(REPEATED * len(order)), round(CONFLICTING * len(order))
    repeated = np.repeat(order[:n_repeated], TIMES)
    conflicting = order[n_repeated : n_repeated + n_conflicting]
    other = (draw.given[conflicting] + rng.integers(1, len(draw.classes), n_conflicting)) % len(draw.classes)
    rows = np.concatenate([np.arange(len(draw.given)), repeated, conflicting])
    given = np.concatenate([draw.given, draw.given[repeated], other])
    test = np.concatenate([draw.test, np.zeros(len(repeated) + n_conflicting, dtype=bool)])
    return Draw(draw.name, draw.pixels[rows], given, draw.clean[rows], draw.classes, test, draw.seed)


def planned_actions(draw: Draw) -> np.ndarray:
    """Write the training images as files and return what the plan does with each; strings [T]."""
    with tempfile.TemporaryDirectory() as folder:
        for row in np.flatnonzero(~draw.test):
            path = Path(folder) / draw.classes[draw.given[row]] / f"{row:06}.png"
            path.parent.mkdir(exist_ok=True)
            Image.fromarray(draw.pixels[row]).save(path)
        manifest = open_source(Path(folder))
        measured = scan(manifest).measurements
        plan = make_plan(manifest, measurements=measured, augment=False, budget="5s", duplicates="exact")
    row_of = [int(Path(one).stem) for one in plan.samples["sample_id"].to_pylist()]
    return np.array(plan.samples["action"].to_pylist(), dtype=object)[np.argsort(row_of)]


def run(draw: Draw, models: list[str], path: Path) -> None:
    action = planned_actions(draw)
    given, clean = draw.given[~draw.test], draw.clean[~draw.test]
    everything, kept, loss = np.ones(len(given), dtype=bool), action != "drop", nn.CrossEntropyLoss()
    checked = np.where(action == "relabel", clean, given)
    arms = {
        "none": Arm(given, everything, loss),
        "leave out as planned": Arm(given, kept, loss),
        "conflicting copies checked": Arm(checked, everything, loss),
        "conflicting copies left out": Arm(given, action != "relabel", loss),
        "both: left out, and checked": Arm(checked, kept, loss),
    }
    about = {"set": draw.name, "seed": draw.seed, "n_train": len(given), "strategy": "", "augment": [],
             "dropped": int((~kept).sum()), "doubted": int((action == "relabel").sum())}  # fmt: skip
    print(about)
    for model in models:
        plain = torch.from_numpy(draw.features) if model == "lite0" else inputs_of(draw, model, draw.pixels)
        for title, arm in arms.items():
            began = time.process_time()
            score = train(draw, model, plain, arm)
            seconds = time.process_time() - began
            write_row(path, {**about, "arm": title, "model": model, "score": score, "seconds": seconds})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets")
    parser.add_argument("--models", default="lite0", help="of small, lite0 and tuned")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--images", type=int, default=2400, help="of CIFAR-10, before any is held out")
    parser.add_argument("--to", type=Path, default=Path("plan-drop.jsonl"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    for seed in range(options.seeds):
        for name in options.sets.split(","):
            run(with_copies(draw_of(name, seed, options.images)), options.models.split(","), options.to)
    show(options.to)


if __name__ == "__main__":
    main()
