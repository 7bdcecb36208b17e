"""Does the plan help the main training, and what does it cost? By hand: python tests/benchmarks/bench_plan.py [part]

Parts: ``digits``, ``cifar`` (verdicts over three seeds, seconds of a plan), ``trashnet`` (long-tailed by a factor of
20: the main training with the plan beside the one without, on the same balanced test photos), ``balanced`` (as many
photos of each class: what the plan recommends must not lower it). Data are read from ``DATACHECK_SHARED_DATA``.
"""

from __future__ import annotations

import io
import os
import sys
import tarfile
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from PIL import Image
from scipy import stats

from datacheck.manifest import Manifest
from datacheck.plan import TrainingPlan, make_plan
from datacheck.testing import make_imbalanced

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("DATACHECK_SHARED_DATA", ROOT.parent / "shared" / "data"))
SEEDS = range(5)


def digits() -> None:
    from sklearn.datasets import load_digits

    found = load_digits()
    pixels = np.repeat((found.images * 15.9375).astype(np.uint8)[..., None], 3, axis=-1)
    for seed in range(3):
        show("digits", seed, Manifest.from_columns({"label": found.target.astype(str)}), pixels)


def cifar(n: int = 4300) -> None:
    table = pq.read_table(DATA / "cifar10n-train.parquet")
    table = table.take(np.random.default_rng(99).permutation(len(table))[:n])
    pixels = np.stack([np.asarray(Image.open(io.BytesIO(data)).convert("RGB")) for data in table["jpeg"].to_pylist()])
    for seed in range(3):
        show("cifar", seed, Manifest.from_columns({"label": table["clean"].to_pylist()}), pixels)


def show(name: str, seed: int, manifest: Manifest, pixels: NDArray[np.uint8]) -> None:
    started = time.perf_counter()
    plan = make_plan(manifest, pixels=pixels, seed=seed, budget="20m")
    print(f"{name} seed {seed}: {len(manifest)} samples, {time.perf_counter() - started:.0f} s")
    for item in plan.by_kind("augment"):
        turns = ", ".join(
            f"{turn['from']}>{turn['into']} {turn['share']:.0%}" for turn in item.settings.get("turns", ())
        )
        print(f"  {item.verdict:<13}{item.name:<18}{item.measured[0] if item.measured else ''}  {turns}", flush=True)


def photos(side: int = 96) -> tuple[NDArray[np.uint8], NDArray[np.str_]]:
    pixels, names = [], []
    with tarfile.open(DATA / "trashnet-subset.tar") as archive:
        for member in sorted(archive.getmembers(), key=lambda one: one.name):
            if member.name.lower().endswith(".jpg"):
                image = Image.open(io.BytesIO(archive.extractfile(member).read())).convert("RGB")
                pixels.append(np.asarray(image.resize((side, side), Image.Resampling.BOX)))
                names.append(Path(member.name).parent.name)
    return np.stack(pixels), np.array(names)


def features_of(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    from datacheck.plan.crossfit import BackboneEncoder
    from datacheck.probe.weights import PretrainedWeights

    weights = PretrainedWeights(DATA / "mobilenet_v2_imagenet_fp16.pt", mean=(0.5, 0.5, 0.5), deviation=(0.5, 0.5, 0.5))
    return BackboneEncoder.load(weights, 96).encode(pixels)


def dealt(names: NDArray[np.str_], seed: int, factor: float | None) -> Manifest:
    """A third of every class is the test split; the rest is thinned out to a long tail where a factor is given."""
    rng = np.random.default_rng(seed)
    test = np.zeros(len(names), dtype=bool)
    for name in np.unique(names):
        rows = rng.permutation(np.flatnonzero(names == name))
        test[rows[: len(rows) // 3]] = True
    if factor is None:
        smallest = min(int((~test & (names == name)).sum()) for name in np.unique(names) if name != "trash")
        keep = test | (names == "trash")
        for name in np.unique(names):
            keep[rng.permutation(np.flatnonzero(~test & (names == name)))[:smallest]] = True
        keep &= names != "trash"
    else:
        keep = np.ones(len(names), dtype=bool)
    split = np.where(test, "test", "train")
    ids = np.arange(len(names)).astype(str)
    whole = Manifest.from_columns({"sample_id": ids, "label": names, "split": split}).take(keep)
    whole = Manifest.from_columns(whole.table.select(["sample_id", "label", "split"]))
    if factor is None:
        return whole
    thinned, truth = make_imbalanced(whole.take(whole.split_codes == whole.splits.index("train")), factor, seed=seed)
    print("  training samples", truth.details["counts"])
    kept = set(thinned.sample_ids.to_pylist()) | set(ids[test])
    return whole.take(np.array([one in kept for one in whole.sample_ids.to_pylist()]))


def main_training(plan: TrainingPlan, features: NDArray[np.float32], *, follow: bool, seed: int) -> float:
    """Train two layers on frozen features, with the plan's sampler and loss or without; balanced test accuracy."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    codes = np.array([plan.class_code(label) for label in plan.samples["label"].to_pylist()])
    train, test = plan.rows("train"), plan.rows("test")
    mean, deviation = features[train].mean(axis=0), features[train].std(axis=0) + 1e-3
    x = torch.from_numpy((features - mean) / deviation)
    y = torch.from_numpy(codes)
    model = nn.Sequential(nn.Dropout(0.2), nn.Linear(x.shape[1], 128), nn.ReLU(), nn.Dropout(0.3),
                          nn.Linear(128, len(plan.classes)))  # fmt: skip
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3, weight_decay=0.05)
    loss = plan.loss() if follow else nn.CrossEntropyLoss()
    shuffle = torch.Generator().manual_seed(seed)
    for epoch in range(60):
        order = list(plan.sampler("train", seed=1000 * seed + epoch)) if follow else None
        drawn = torch.randperm(len(train), generator=shuffle).tolist() if order is None else order
        for start in range(0, len(drawn), 32):
            batch = train[drawn[start : start + 32]]
            optimizer.zero_grad()
            loss(model(x[batch]), y[batch]).backward()
            optimizer.step()
    model.eval()
    with torch.inference_mode():
        right = model(x[test]).argmax(1).numpy() == codes[test]
    return float(np.mean([right[codes[test] == code].mean() for code in range(len(plan.classes))]))


def compare(title: str, without: list[float], with_plan: list[float]) -> None:
    difference = np.array(with_plan) - without
    half = stats.t.ppf(0.975, len(difference) - 1) * difference.std(ddof=1) / np.sqrt(len(difference))
    print(f"{title}: without {np.mean(without):.3f}, with {np.mean(with_plan):.3f}, difference "
          f"{difference.mean():+.3f} [{difference.mean() - half:+.3f}, {difference.mean() + half:+.3f}] "
          f"{np.round(difference, 3).tolist()}", flush=True)  # fmt: skip


def trashnet(factor: float | None = 20.0) -> None:
    pixels, names = photos()
    features = features_of(pixels)
    plans = []
    for seed in SEEDS:
        manifest = dealt(names, seed, factor)
        rows = manifest.sample_ids.to_numpy().astype(int)
        plans.append((make_plan(manifest, features=features[rows], seed=seed, n_seeds=5, augment=False), rows))
        item = plans[-1][0].by_kind("rebalance")[0]
        print(f"  data {seed}: {plans[-1][0].strategy}  {item.summary}", flush=True)
    plan, rows = plans[0]
    runs = [
        (main_training(plan, features[rows], follow=follow, seed=seed)) for follow in (False, True) for seed in SEEDS
    ]
    compare("one dataset, five trainings", runs[:5], runs[5:])
    pairs = [
        [main_training(one, features[kept], follow=follow, seed=seed) for follow in (False, True)]
        for seed, (one, kept) in enumerate(plans)
    ]
    compare("five draws of the dataset, a plan and a training each", *map(list, zip(*pairs, strict=True)))


PARTS = {"digits": digits, "cifar": cifar, "trashnet": trashnet, "balanced": lambda: trashnet(None)}

if __name__ == "__main__":
    for part in sys.argv[1:] or PARTS:
        print(f"== {part}")
        PARTS[part]()
