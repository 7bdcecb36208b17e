"""A plain PyTorch training, with and without the plan: five lines make the difference.

Run it: python examples/train_with_plan.py

The data are scikit-learn's digits, reduced to a long tail (the rarest digit has a twentieth of the samples of the
commonest). Both trainings are tested on the same balanced test split, over three seeds.
"""

from __future__ import annotations

import tempfile

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader

import datacheck
from datacheck.testing import make_imbalanced

EPOCHS = 20


def long_tailed_digits() -> tuple[datacheck.Manifest, np.ndarray]:
    """Return a manifest with a long-tailed training split and a balanced test split, and uint8 pixels [N, 8, 8, 3]."""
    digits = load_digits()
    pixels = np.repeat((digits.images * 15.9375).astype(np.uint8)[..., None], 3, axis=-1)
    names = digits.target.astype(str)
    test = np.random.default_rng(0).permutation(len(names)) % 3 == 0
    columns = {"sample_id": np.arange(len(names)).astype(str), "label": names, "split": np.where(test, "test", "train")}
    manifest = datacheck.Manifest.from_columns(columns)
    thinned, _ = make_imbalanced(manifest.take(~test), 20)
    rows = np.sort(np.r_[thinned.sample_ids.to_numpy().astype(int), np.flatnonzero(test)])
    return manifest.take(rows), pixels[rows]


def network(n_classes: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(32 * 16, 64), nn.ReLU(), nn.Linear(64, n_classes),
    )  # fmt: skip


def train(loader: DataLoader, criterion: nn.Module, n_classes: int, seed: int) -> nn.Module:
    torch.manual_seed(seed)
    model = network(n_classes)
    steps = EPOCHS * len(loader)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps)
    for _ in range(EPOCHS):
        for x, y in loader:
            optimizer.zero_grad()
            criterion(model(x), y).backward()
            optimizer.step()
            schedule.step()
    return model


@torch.inference_mode()
def balanced_accuracy(model: nn.Module, loader: DataLoader, n_classes: int) -> float:
    model.eval()
    found = [(model(x).argmax(1), y) for x, y in loader]
    predicted, wanted = (torch.cat(part) for part in zip(*found, strict=True))
    return float(torch.stack([(predicted == wanted)[wanted == k].float().mean() for k in range(n_classes)]).mean())


def main() -> None:
    torch.set_num_threads(1)  # the network is small: threads would wait for each other
    manifest, pixels = long_tailed_digits()
    dataset = list(zip(pixels, manifest.table["label"].to_pylist(), strict=True))
    ids = manifest.sample_ids.to_pylist()  # of a dataset in memory; an ImageFolder knows its files
    run = tempfile.mkdtemp()
    datacheck.make_plan(manifest, pixels=pixels, budget="60s").save(run)
    plain, planned = [], []
    for seed in range(3):
        # The five lines: load, train split, test split, sampler, loss.
        plan = datacheck.TrainingPlan.load(run)
        train_set = plan.subset("train", dataset, paths=ids)
        test_set = plan.subset("test", dataset, paths=ids)
        sampler = plan.sampler(train_set, seed=seed)
        criterion = plan.loss()

        n = len(plan.classes)
        test = DataLoader(test_set, batch_size=256)
        model = train(DataLoader(train_set, batch_size=32, sampler=sampler), criterion, n, seed)
        planned.append(balanced_accuracy(model, test, n))

        as_it_came = plan.subset("train", dataset, paths=ids, augment=False)
        shuffled = DataLoader(as_it_came, batch_size=32, shuffle=True, generator=torch.Generator().manual_seed(seed))
        model = train(shuffled, nn.CrossEntropyLoss(), n, seed)
        plain.append(balanced_accuracy(model, test, n))
    print(plan)
    print(f"\nbalanced accuracy without the plan {np.mean(plain):.3f}  {np.round(plain, 3).tolist()}")
    print(f"balanced accuracy with the plan    {np.mean(planned):.3f}  {np.round(planned, 3).tolist()}")


if __name__ == "__main__":
    main()
