"""Does each item of a plan pay? Trainings with and without it, on clean held-out test labels, over seeds.

By hand: python -m tests.benchmarks.bench_plan_pays run trashnet --seeds 0-4 --to results.jsonl
         python -m tests.benchmarks.bench_plan_pays show results.jsonl

Sets: ``digits`` (long tail of 20), ``trashnet`` (as it is), ``trashnet-tail`` (long tail of 10), ``cifar-aggre`` and
``cifar-worse`` (images with human labels, long tail of 10; the test labels are the clean ones). Models: ``small``, a
network of three convolutions from random weights, and ``lite0``, a linear head on the frozen packaged network (on patch
features of digits). Every arm of a seed starts from the same weights. A line of JSON is written as soon as an arm is
done. What a repaired split is worth is measured by bench_plan_splits.py. Data are read from ``DATACHECK_SHARED_DATA``.
"""

from __future__ import annotations

import argparse
import io
import json
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy import stats
from torch import nn

from datacheck.manifest import Manifest
from datacheck.plan import TrainingPlan, make_plan
from datacheck.plan.encoders import BackboneEncoder, PatchEncoder, shrink
from datacheck.plan.torch import PlannedLoss
from datacheck.probing import probe
from datacheck.testing import make_imbalanced
from tests.benchmarks.bench_plan import DATA, photos

VIEWS = 4
TENTH = "the tenth of the labels most in doubt, asked for or not,"
WHOLE = "everything that the plan says"
SMALL_SIDE = 32
EPOCHS = {"small": 25, "lite0": 40}
RATES = {"small": 3e-3, "lite0": 1e-3}


@dataclass(frozen=True)
class Draw:
    """One draw of a set: ``given`` labels of the training samples, ``clean`` ones of all, class codes [N]."""

    name: str
    pixels: NDArray[np.uint8]
    given: NDArray[np.int64]
    clean: NDArray[np.int64]
    classes: tuple[str, ...]
    test: NDArray[np.bool_]
    seed: int

    @cached_property
    def encoder(self) -> Any:
        if self.pixels.shape[1] < 16:
            return PatchEncoder.fit(self.pixels, seed=0)
        return BackboneEncoder.load("lite0", 96 if self.pixels.shape[1] > 48 else 64)

    @cached_property
    def features(self) -> NDArray[np.float32]:
        return self.encoder.encode(self.pixels)

    @property
    def manifest(self) -> Manifest:
        """The training samples with the given labels."""
        names = np.array(self.classes)[self.given[~self.test]]
        ids = np.flatnonzero(~self.test).astype(str)
        return Manifest.from_columns({"sample_id": ids, "label": names, "split": ["train"] * len(ids)})


def draw_of(name: str, seed: int) -> Draw:
    """A third of every class of the clean labels is the test set; the rest is thinned out where the name says so."""
    pixels, given, clean, factor = _source(name, seed)
    classes, codes = np.unique(clean, return_inverse=True)
    codes_given = np.searchsorted(classes, given)
    rng = np.random.default_rng([seed, 1])
    test = np.zeros(len(codes), dtype=bool)
    for code in range(len(classes)):
        rows = rng.permutation(np.flatnonzero(codes == code))
        test[rows[: len(rows) // 3]] = True
    keep = np.ones(len(codes), dtype=bool)
    if factor:
        whole = Manifest.from_columns({"sample_id": np.flatnonzero(~test).astype(str), "label": clean[~test]})
        thinned, _ = make_imbalanced(whole, factor, seed=seed)
        keep = test.copy()
        keep[thinned.sample_ids.to_numpy(zero_copy_only=False).astype(int)] = True
    return Draw(name, pixels[keep], codes_given[keep], codes[keep], tuple(classes.tolist()), test[keep], seed)


def _source(name: str, seed: int) -> tuple[NDArray[np.uint8], NDArray[Any], NDArray[Any], float]:
    if name == "digits":
        from sklearn.datasets import load_digits

        found = load_digits()
        pixels = np.repeat((found.images * 15.9375).astype(np.uint8)[..., None], 3, axis=-1)
        return pixels, found.target.astype(str), found.target.astype(str), 20.0
    if name.startswith("trashnet"):
        pixels, names = photos(96)
        return pixels, names, names, 10.0 if name.endswith("tail") else 0.0
    table = pq.read_table(DATA / "cifar10n-train.parquet")
    table = table.take(np.random.default_rng([seed, 99]).permutation(len(table))[:4500])
    pixels = np.stack([np.asarray(Image.open(io.BytesIO(data)).convert("RGB")) for data in table["jpeg"].to_pylist()])
    given, clean = (np.array(table[column].to_pylist()) for column in (name.removeprefix("cifar-"), "clean"))
    return pixels, given, clean, 10.0


def small_network(n_classes: int) -> nn.Module:
    layers: list[nn.Module] = []
    for before, after in ((3, 16), (16, 32), (32, 64)):
        layers += [nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, n_classes))


@dataclass
class Arm:
    """How to train: ``codes`` and ``keep`` [T], the loss, draw weights [T] or None, and views [V, N, S, S, 3]."""

    codes: NDArray[np.int64]
    keep: NDArray[np.bool_]
    loss: nn.Module
    weight: NDArray[np.float64] | None = None
    views: NDArray[np.uint8] | None = None


def inputs_of(draw: Draw, model: str, pixels: NDArray[np.uint8]) -> torch.Tensor:
    if model == "lite0":
        return torch.from_numpy(draw.encoder.encode(pixels))
    small = shrink(pixels, min(SMALL_SIDE, pixels.shape[1]))
    return torch.from_numpy(np.ascontiguousarray(small.transpose(0, 3, 1, 2)))


def train(draw: Draw, model: str, plain: torch.Tensor, arm: Arm) -> float:
    """Return the balanced accuracy on the clean test labels."""
    torch.manual_seed(draw.seed)
    rows = np.flatnonzero(~draw.test)
    x = [plain[rows]] if arm.views is None else [inputs_of(draw, model, view) for view in arm.views]
    axes = (0,) if model == "lite0" else (0, 2, 3)
    mean, deviation = (f(plain[rows], dim=axes, keepdim=True) for f in (torch.mean, torch.std))
    x = torch.stack([(view - mean) / (deviation + 1e-3) for view in x])
    y = torch.from_numpy(arm.codes)
    n_classes = len(draw.classes)
    network = nn.Linear(plain.shape[1], n_classes) if model == "lite0" else small_network(n_classes)
    optimizer = torch.optim.AdamW(network.parameters(), RATES[model], weight_decay=0.05)
    kept, rng = np.flatnonzero(arm.keep), np.random.default_rng([draw.seed, 2])
    steps = EPOCHS[model] * -(-len(kept) // 32)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATES[model], total_steps=steps)
    for _ in range(EPOCHS[model]):
        chances = None if arm.weight is None else arm.weight[kept] / arm.weight[kept].sum()
        order = rng.permutation(kept) if chances is None else rng.choice(kept, len(kept), p=chances)
        for start in range(0, len(order), 32):
            at = torch.from_numpy(order[start : start + 32])
            optimizer.zero_grad()
            arm.loss(network(x[torch.randint(len(x), (len(at),)), at]), y[at]).backward()
            optimizer.step()
            schedule.step()
    network.eval()
    with torch.inference_mode():
        tested = (plain[np.flatnonzero(draw.test)] - mean) / (deviation + 1e-3)
        right = network(tested).argmax(1).numpy() == draw.clean[draw.test]
    return float(np.mean([right[draw.clean[draw.test] == code].mean() for code in range(n_classes)]))


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


def arms_of(draw: Draw, plan: TrainingPlan, found: Any) -> dict[str, Arm | None]:
    """What is compared; None stands for what the plan does not recommend, which changes nothing."""
    codes, n = draw.given[~draw.test], int((~draw.test).sum())
    clean, everything, plain = draw.clean[~draw.test], np.ones(n, dtype=bool), nn.CrossEntropyLoss()
    counts = np.bincount(codes, minlength=len(draw.classes))
    shares = torch.tensor(counts / counts.sum(), dtype=torch.float32).clamp_min(1e-4)
    balanced = nn.CrossEntropyLoss((1 / shares) / (1 / shares * shares).sum())
    draws = np.asarray(plan.samples["weight"].to_numpy())
    weight = draws if np.ptp(draws[draws > 0]) > 0 and plan.strategy.endswith("sampling") else None
    views, used = views_of(plan, draw), plan.rebalancing is not None
    flips = np.stack([draw.pixels[~draw.test], draw.pixels[~draw.test][:, :, ::-1]])
    arms: dict[str, Arm | None] = {
        "none": Arm(codes, everything, plain),
        "rebalance as planned": Arm(codes, everything, plan.loss(), weight) if used else None,
        "class weights by inverse frequency, asked for or not": Arm(codes, everything, balanced),
        "logits adjusted, asked for or not": Arm(codes, everything, PlannedLoss(torch.ones(len(shares)), shares.log())),
        "sampler with equal shares, asked for or not": Arm(codes, everything, plain, 1 / counts[codes]),
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
                     budget=options.budget)  # fmt: skip
    about = {
        "set": draw.name, "seed": draw.seed, "n_train": len(train_rows), "n_test": int(draw.test.sum()),
        "strategy": plan.strategy, "doubted": plan.samples["action"].to_pylist().count("relabel"),
        "wrong": int((draw.given[train_rows] != draw.clean[train_rows]).sum()),
        "augment": [one.name for one in plan.by_kind("augment") if one.settings.get("applied")],
    }  # fmt: skip
    seconds = time.process_time() - began
    write_row(options.to, {**about, "arm": "plan", "model": "", "score": None, "seconds": seconds})
    arms = arms_of(draw, plan, found)
    for model in options.models.split(","):
        plain = inputs_of(draw, model, draw.pixels) if model == "small" else torch.from_numpy(draw.features)
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
    parser.add_argument("--models", default="small,lite0")
    options = parser.parse_args()
    if options.what == "show":
        return show(Path(options.set))
    torch.set_num_threads(1)
    first, last = (int(end) for end in options.seeds.split("-"))
    for seed in range(first, last + 1):
        for name in options.set.split(","):
            run(draw_of(name, seed), options)


if __name__ == "__main__":
    main()
