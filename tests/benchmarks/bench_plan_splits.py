"""By how much does a validation score miss the test score, with copies on both sides of the split, and as repaired?

By hand: python -m tests.benchmarks.bench_plan_splits [results.jsonl] [--model tuned]

A third of TrashNet's photos outside the test set has a mirrored, brighter copy; the split into train and val is random,
as a careless one is. A linear head on the frozen packaged network, or that network with its last stages trained, is
trained on train, and scored on val and on the test photos, none of which has a copy.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from datacheck.manifest import Manifest
from datacheck.plan import make_plan
from datacheck.plan.encoders import BackboneEncoder
from datacheck.plan.networks import TUNED
from tests.benchmarks.bench_plan import photos
from tests.benchmarks.bench_plan_pays import interval, write_row
from tests.benchmarks.plan_training import Arm, Draw, balanced_accuracy, predictions


def splits(seeds: range, path: Path, model: str) -> None:
    """Validation score minus test score: copies on both sides of the split, and as repaired."""
    torch.set_num_threads(1)
    pixels, names = photos(96)
    encoder = BackboneEncoder.load("lite0", 96)
    copies = np.clip(pixels[:, :, ::-1] * 1.15, 0, 255).astype(np.uint8)
    features = np.concatenate([encoder.encode(pixels), encoder.encode(copies)])
    inputs = features
    if model == "tuned":
        early = replace(encoder, stages=encoder.stages[:-TUNED])
        inputs = np.concatenate([early.encode(pixels), early.encode(copies)])
    classes, codes = np.unique(names, return_inverse=True)
    for seed in seeds:
        rng = np.random.default_rng([seed, 3])
        test = rng.random(len(names)) < 1 / 3
        kept = np.flatnonzero(~test)
        rows = np.concatenate([kept, len(names) + rng.permutation(kept)[: len(kept) // 3]])
        of = rows % len(names)
        manifest = Manifest.from_columns({
            "sample_id": rows.astype(str), "label": names[of], "group": of.astype(str),
            "split": np.where(rng.random(len(rows)) < 0.2, "val", "train"),
        })  # fmt: skip
        plan = make_plan(manifest, features=features[rows], augment=False, n_seeds=1, seed=seed)
        tested = np.flatnonzero(test)
        for arm, repaired in (("none", False), ("split repaired", True)):
            train_at, val_at = (plan.rows(part, repaired=repaired) for part in ("train", "val"))
            whole = inputs[np.concatenate([rows[train_at], rows[val_at], tested])]
            given = codes[np.concatenate([of[train_at], of[val_at], tested])]
            at = np.arange(len(whole)) >= len(train_at)
            draw = Draw("splits", pixels[:0], given, given, tuple(classes.tolist()), at, seed)
            arm_of = Arm(given[: len(train_at)], np.ones(len(train_at), dtype=bool), nn.CrossEntropyLoss())
            predicted, held_out = predictions(draw, model, torch.from_numpy(whole), arm_of), given[at]
            scores = [balanced_accuracy(predicted[part], held_out[part])
                      for part in (slice(len(val_at)), slice(len(val_at), None))]  # fmt: skip
            row = {"set": "trashnet, a third copied", "seed": seed, "arm": arm, "model": model, "seconds": 0.0}
            write_row(path, {**row, "score": scores[0] - scores[1], "val": scores[0], "test": scores[1]})


def show(path: Path) -> None:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    missed = {arm: np.array([row["score"] for row in rows if row["arm"] == arm]) for arm in ("none", "split repaired")}
    for arm, values in missed.items():
        print(f"{arm}: validation minus test {interval(values)}")
    print(f"difference {interval(missed['split repaired'] - missed['none'])}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("to", type=Path, nargs="?", default=Path("plan-splits.jsonl"))
    parser.add_argument("--model", default="lite0", choices=["lite0", "tuned"])
    options = parser.parse_args()
    options.to.unlink(missing_ok=True)
    splits(range(5), options.to, options.model)
    show(options.to)


if __name__ == "__main__":
    main()
