"""Does the plan help the main training, and what does it cost? By hand: python tests/benchmarks/bench_plan.py [part]

Parts: ``digits``, ``cifar`` (verdicts over three seeds, seconds of a plan), ``trashnet`` (long-tailed by a factor of
20: the main training with the plan beside the one without, on the same balanced test photos), ``balanced`` (as many
photos of each class: what the plan recommends must not lower it), ``large`` (a plan of 50,000 images: seconds and peak
memory beyond the probe). ``--draws 5-9`` says which draws of the photos, ``--augment`` adds the plan's augmentations to
the main training. Data are read from ``DATACHECK_SHARED_DATA``.
"""

from __future__ import annotations

import argparse
import io
import os
import resource
import tarfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from PIL import Image
from scipy import stats

from datacheck.manifest import Manifest
from datacheck.plan import TrainingPlan, make_plan
from datacheck.plan.encoders import BackboneEncoder, shrink
from datacheck.probing.weights import PretrainedWeights
from datacheck.testing import make_imbalanced

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("DATACHECK_SHARED_DATA", ROOT.parent / "shared" / "data"))
TRAININGS = range(5)
N_VIEWS = 8
WEIGHTS = DATA / "mobilenet_v2_imagenet_fp16.pt"


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


def show(name: str, seed: int, manifest: Manifest, pixels: NDArray[np.uint8], **options: Any) -> None:
    started = time.perf_counter()
    plan = make_plan(manifest, pixels=pixels, seed=seed, **{"budget": "20m", **options})
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


def backbone() -> PretrainedWeights:
    return PretrainedWeights(WEIGHTS, mean=(0.5, 0.5, 0.5), deviation=(0.5, 0.5, 0.5))


def features_of(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    return BackboneEncoder.load(backbone(), 96).encode(pixels)


def views_of(plan: TrainingPlan, pixels: NDArray[np.uint8], plain: NDArray[np.float32]) -> NDArray[np.float32]:
    """Features [V, N, D] of the training photos as the plan's transform makes them, drawn V times; the rest as is."""
    import torch

    transform = plan.train_transform(size=96)
    train, labels = plan.rows("train"), plan.samples["label"].to_pylist()
    views = np.repeat(plain[None], N_VIEWS, axis=0)
    torch.manual_seed(plan.seed)
    for view in views:
        drawn = [transform.augment(pixels[row], labels[row]).permute(1, 2, 0).numpy() for row in train]
        view[train] = features_of(np.stack(drawn))
    return views


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


def main_training(plan: TrainingPlan, views: NDArray[np.float32], *, follow: bool, seed: int) -> float:
    """Train two layers on frozen features, with the plan's sampler and loss or without; balanced test accuracy.

    Both shuffle alike, so that a plan that recommends nothing changes nothing. ``views`` [V, N, D]: every epoch draws
    one of V features for each sample; test samples have V times the same.
    """
    import torch
    from torch import nn
    from torch.utils.data import RandomSampler

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    codes = np.array([plan.class_code(label) for label in plan.samples["label"].to_pylist()])
    train, test = plan.rows("train"), plan.rows("test")
    mean, deviation = views[:, train].mean(axis=(0, 1)), views[:, train].std(axis=(0, 1)) + 1e-3
    x = torch.from_numpy((views - mean) / deviation)
    y = torch.from_numpy(codes)
    model = nn.Sequential(nn.Dropout(0.2), nn.Linear(x.shape[2], 128), nn.ReLU(), nn.Dropout(0.3),
                          nn.Linear(128, len(plan.classes)))  # fmt: skip
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3, weight_decay=0.05)
    loss = plan.loss() if follow else nn.CrossEntropyLoss()
    shuffle = torch.Generator().manual_seed(seed)
    planned = plan.subset("train", codes.tolist(), paths=plan.samples["sample_id"].to_pylist())
    for epoch in range(60):
        plain = RandomSampler(train, generator=torch.Generator().manual_seed(1000 * seed + epoch))
        drawn = list(plan.sampler(planned, seed=1000 * seed + epoch) if follow else plain)
        view = torch.randint(len(x), (len(train),), generator=shuffle)
        for start in range(0, len(drawn), 32):
            at = drawn[start : start + 32]
            optimizer.zero_grad()
            loss(model(x[view[at], train[at]]), y[train[at]]).backward()
            optimizer.step()
    model.eval()
    with torch.inference_mode():
        right = model(x[0, test]).argmax(1).numpy() == codes[test]
    return float(np.mean([right[codes[test] == code].mean() for code in range(len(plan.classes))]))


def compare(title: str, without: list[float], with_plan: list[float]) -> None:
    difference = np.array(with_plan) - without
    half = stats.t.ppf(0.975, len(difference) - 1) * difference.std(ddof=1) / np.sqrt(len(difference))
    print(f"{title}: without {np.mean(without):.3f}, with {np.mean(with_plan):.3f}, difference "
          f"{difference.mean():+.3f} [{difference.mean() - half:+.3f}, {difference.mean() + half:+.3f}] "
          f"{np.round(difference, 3).tolist()}", flush=True)  # fmt: skip


def trashnet(factor: float | None, draws: range, augment: bool) -> None:
    """Train with and without the plan on each draw of the photos, five times each."""
    pixels, names = photos()
    features = features_of(pixels)
    trained: dict[str, list[list[float]]] = {"without": [], "with": [], "with, augmented": []}
    for draw in draws:
        manifest = dealt(names, draw, factor)
        rows = manifest.sample_ids.to_numpy().astype(int)
        plan = make_plan(manifest, features=features[rows], pixels=pixels[rows] if augment else None,
                         weights=backbone() if augment else None, seed=draw, n_seeds=5, augment=augment, budget="20m",
                         )  # fmt: skip
        arms = {"without": features[rows][None], "with": features[rows][None]}
        if augment:
            arms["with, augmented"] = views_of(plan, pixels[rows], features[rows])
            print(f"    {plan.train_transform(size=96)}", flush=True)
        for arm, views in arms.items():
            trained[arm].append(
                [main_training(plan, views, follow=arm != "without", seed=100 * draw + seed) for seed in TRAININGS]
            )
        means = ", ".join(f"{arm} {np.mean(found[-1]):.4f}" for arm, found in trained.items() if found)
        print(f"  draw {draw}: {plan.strategy} ({plan.by_kind('rebalance')[0].summary}); {means}", flush=True)
    without = [float(np.mean(found)) for found in trained["without"]]
    for arm in ("with", "with, augmented"):
        if trained[arm] and len(draws) > 1:
            compare(f"{arm}: {len(draws)} draws, {len(TRAININGS)} trainings each", without,
                    [float(np.mean(found)) for found in trained[arm]])  # fmt: skip


def large(n: int = 50_000) -> None:
    """Plan for CIFAR-10 with features at hand, as a probe leaves them; here random ones of small images."""
    table = pq.read_table(DATA / "cifar10n-train.parquet").slice(0, n)
    pixels = np.stack([np.asarray(Image.open(io.BytesIO(data)).convert("RGB")) for data in table["jpeg"].to_pylist()])
    manifest = Manifest.from_columns({"label": table["worse"].to_pylist()})
    rng = np.random.default_rng(0)
    features = shrink(pixels, 8).reshape(n, -1) @ rng.normal(size=(192, 1280)).astype(np.float32)
    show("large", 0, manifest, pixels, features=features, budget="5m")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"peak memory {peak:.2f} GiB, {(pixels.nbytes + features.nbytes) / 2**30:.2f} of them pixels and features")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", help="digits, cifar, trashnet, balanced, large; all by default")
    parser.add_argument("--draws", default="0-4", help="first and last draw of the photos")
    parser.add_argument("--augment", action="store_true", help="try augmentations on the pretrained network as well")
    chosen = parser.parse_args()
    first, last = (int(end) for end in chosen.draws.split("-"))
    draws = range(first, last + 1)
    parts = {
        "digits": digits,
        "cifar": cifar,
        "trashnet": lambda: trashnet(20.0, draws, chosen.augment),
        "balanced": lambda: trashnet(None, draws, chosen.augment),
        "large": large,
    }
    for part in chosen.parts or parts:
        print(f"== {part}")
        parts[part]()


if __name__ == "__main__":
    main()
