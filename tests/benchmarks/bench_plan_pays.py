"""Does each item of a plan pay? Trainings with and without it, on clean held-out test labels, over seeds.

By hand: python -m tests.benchmarks.bench_plan_pays run trashnet --seeds 0-4 --to results.jsonl
         python -m tests.benchmarks.bench_plan_pays show results.jsonl

Sets: ``digits`` (long tail of 20), ``trashnet`` (as it is), ``trashnet-tail`` (long tail of 10), ``cifar-aggre`` and
``cifar-worse`` (images with human labels, long tail of 10; the test labels are the clean ones), and a folder of photos
in class folders (long tail of 10). Models: ``small``, a network of three convolutions from random weights; ``lite0``, a
linear head on the frozen packaged network (on patch features of digits); and ``tuned``, that network with its last
stages trained, as the plan's own script trains it. Every arm of a seed starts from the same weights. A line of JSON
is written as soon as an arm is done. What a repaired split is worth is measured by bench_plan_splits.py. Data are read
from ``DATACHECK_SHARED_DATA``.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import stats
from torch import nn

from datacheck.plan import TrainingPlan, make_plan
from datacheck.plan.torch import PlannedLoss
from datacheck.probing import probe
from tests.benchmarks.plan_training import Arm, Draw, draw_of, inputs_of, train

VIEWS = 4
TENTH = "the tenth of the labels most in doubt, asked for or not,"
WHOLE = "everything that the plan says"


def views_of(plan: TrainingPlan, draw: Draw) -> NDArray[np.uint8] | None:
    """Training images as the plan's transform makes them, drawn several times; None where it augments nothing."""
    side = draw.pixels.shape[1]
    transform = plan.train_transform(size=side)
    if not transform.steps:
        return None
    torch.manual_seed(draw.seed)
    train_pixels, codes = draw.pixels[~draw.test], draw.given[~draw.test]
    pairs = list(zip(train_pixels, codes.tolist(), strict=True))
    return np.stack([[transform.augment(*pair).permute(1, 2, 0).numpy() for pair in pairs] for _ in range(VIEWS)])


def arms_of(draw: Draw, plan: TrainingPlan, found: Any, *, augmented: bool) -> dict[str, Arm | None]:
    """What is compared; None stands for what the plan does not recommend, which changes nothing."""
    codes, n = draw.given[~draw.test], int((~draw.test).sum())
    clean, everything, plain = draw.clean[~draw.test], np.ones(n, dtype=bool), nn.CrossEntropyLoss()
    counts = np.bincount(codes, minlength=len(draw.classes))
    shares = torch.tensor(counts / counts.sum(), dtype=torch.float32).clamp_min(1e-4)
    balanced = nn.CrossEntropyLoss((1 / shares) / (1 / shares * shares).sum())
    draws = np.asarray(plan.samples["weight"].to_numpy())
    weight = draws if np.ptp(draws[draws > 0]) > 0 and plan.strategy.endswith("sampling") else None
    views, used = views_of(plan, draw) if augmented else None, plan.rebalancing is not None
    flips = np.stack([draw.pixels[~draw.test], draw.pixels[~draw.test][:, :, ::-1]])
    arms: dict[str, Arm | None] = {
        "none": Arm(codes, everything, plain),
        "rebalance as planned": Arm(codes, everything, plan.loss(), weight) if used else None,
        "class weights by inverse frequency, asked for or not": Arm(codes, everything, balanced),
        "logits adjusted, asked for or not": Arm(codes, everything, PlannedLoss(torch.ones(len(shares)), shares.log())),
        "sampler with equal shares, asked for or not": Arm(codes, everything, plain, 1 / counts[codes]),
    }
    if augmented:
        arms |= {
            "augment as planned": None if views is None else Arm(codes, everything, plain, views=views),
            "horizontal flip, asked for or not": Arm(codes, everything, plain, views=flips),
        }
    doubted = np.array(plan.samples["action"].to_pylist()) == "relabel"
    if found is not None:
        tenth = np.zeros(n, dtype=bool)
        tenth[np.argsort(found.label_quality)[: n // 10]] = True
        suggested = np.where(found.suggested >= 0, found.suggested, codes)
        as_planned = Arm(np.where(doubted, clean, codes), everything, plain) if doubted.any() else None
        arms |= {
            "labels that the plan doubts checked": as_planned,
            f"{TENTH} checked": Arm(np.where(tenth, clean, codes), everything, plain),
            f"{TENTH} left out": Arm(codes, ~tenth, plain),
            f"{TENTH} replaced by the suggested": Arm(np.where(tenth, suggested, codes), everything, plain),
            "all labels clean (not to be had)": Arm(clean, everything, plain),
        }
    checked = np.where(doubted, clean, codes)
    anything = used or views is not None or (checked != codes).any()
    return arms | {WHOLE: Arm(checked, everything, plan.loss(), weight, views) if anything else None}


def run(draw: Draw, options: argparse.Namespace) -> None:
    train_rows = np.flatnonzero(~draw.test)
    began = time.process_time()
    features = draw.features[train_rows]
    noisy = (draw.given[train_rows] != draw.clean[train_rows]).any()
    found = probe(draw.manifest, features=features, seed=draw.seed, budget="20s") if noisy else None
    plan = make_plan(draw.manifest, features=features, pixels=draw.pixels[train_rows], probe=found, seed=draw.seed,
                     budget=options.budget, augment=not options.no_augment)  # fmt: skip
    about = {
        "set": draw.name, "seed": draw.seed, "n_train": len(train_rows), "n_test": int(draw.test.sum()),
        "strategy": plan.strategy, "doubted": plan.samples["action"].to_pylist().count("relabel"),
        "wrong": int((draw.given[train_rows] != draw.clean[train_rows]).sum()),
        "augment": [one.name for one in plan.by_kind("augment") if one.settings.get("applied")],
    }  # fmt: skip
    seconds = time.process_time() - began
    write_row(options.to, {**about, "arm": "plan", "model": "", "score": None, "seconds": seconds})
    arms = arms_of(draw, plan, found, augmented=not options.no_augment)
    arms = {
        title: arm
        for title, arm in arms.items()
        if title == "none" or any(part in title for part in options.arms.split(","))
    }
    for model in options.models.split(","):
        plain = torch.from_numpy(draw.features) if model == "lite0" else inputs_of(draw, model, draw.pixels)
        for title, arm in arms.items():
            began = time.process_time()
            score = None if arm is None else train(draw, model, plain, arm)
            seconds = time.process_time() - began
            write_row(options.to, {**about, "arm": title, "model": model, "score": score, "seconds": seconds})


def write_row(path: Path, row: dict[str, Any]) -> None:
    print(json.dumps({key: row[key] for key in ("set", "seed", "model", "arm", "score", "seconds")}), flush=True)
    with path.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(row) + "\n")


def interval(differences: NDArray[np.float64]) -> str:
    n = len(differences)
    half = stats.t.ppf(0.975, n - 1) * differences.std(ddof=1) / np.sqrt(n) if n > 1 else float("nan")
    return f"{differences.mean():+.3f} [{differences.mean() - half:+.3f}, {differences.mean() + half:+.3f}]"


def show(path: Path) -> None:
    """Print a Markdown table: paired differences to "none" over the seeds, with Student's interval."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    scores = {(row["set"], row["model"], row["arm"], row["seed"]): row["score"] for row in rows if row["model"]}
    print("| set | model | arm | seeds | without | difference | processor seconds |\n|---|---|---|---|---|---|---|")
    for name, model, arm in dict.fromkeys(key[:3] for key in scores):
        seeds = [key[3] for key in scores if key[:3] == (name, model, arm)]
        base = np.array([scores[name, model, "none", seed] for seed in seeds])
        own = [scores[name, model, arm, seed] for seed in seeds]
        asked = sum(one is not None for one in own)
        if arm == "none":
            continue
        after = np.array([b if one is None else one for b, one in zip(base, own, strict=True)])
        said = interval(after - base) if asked else "not recommended"
        same = [row["seconds"] for row in rows if (row["set"], row["model"], row["arm"]) == (name, model, arm)]
        print(
            f"| {name} | {model} | {arm} | {asked} of {len(seeds)} | {base.mean():.3f} | {said} | {np.mean(same):.0f} |"
        )
    for row in rows:
        if row["arm"] == "plan":
            print({key: row[key] for key in ("set", "seed", "strategy", "augment", "doubted", "n_train")})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["run", "show"])
    parser.add_argument("set", help="a set, or the file to show")
    parser.add_argument("--seeds", default="0-4")
    parser.add_argument("--to", type=Path, default=Path("plan-pays.jsonl"))
    parser.add_argument("--budget", default="60s")
    parser.add_argument("--models", default="small,lite0", help="of small, lite0 and tuned")
    parser.add_argument("--arms", default="", help="train only arms whose names hold one of these parts")
    parser.add_argument("--images", type=int, default=4500, help="of CIFAR-10, before any is held out")
    parser.add_argument("--no-augment", action="store_true", help="neither measure nor train augmentations")
    options = parser.parse_args()
    if options.what == "show":
        return show(Path(options.set))
    torch.set_num_threads(1)
    first, last = (int(end) for end in options.seeds.split("-"))
    for seed in range(first, last + 1):
        for name in options.set.split(","):
            run(draw_of(name, seed, options.images), options)


if __name__ == "__main__":
    main()
