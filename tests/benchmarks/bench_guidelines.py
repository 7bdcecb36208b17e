"""How often `datacheck.compare_labels` names a class: random halves of one set, and a guideline that changed.

    python tests/benchmarks/bench_guidelines.py [--seeds 10] [--budget 10]

Sets: scikit-learn's digits (1,797 images of 8 × 8, all classes), its copy where the new half was blurred and made
noisy (the samples changed, the guideline did not), and features of overlapping classes. A changed guideline: a share
of the new samples of one class gets the label of its neighbour.
"""

from __future__ import annotations

import argparse

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

import datacheck
from datacheck.manifest import Manifest


def digits() -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return the pixels as features, and the classes."""
    from sklearn.datasets import load_digits

    data = load_digits()
    return data.data.astype(np.float32), data.target.astype(np.int64)


def overlapping(seed: int, n: int = 3000) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return features of six classes that a good model tells apart in four of five cases."""
    rng = np.random.default_rng([seed, 1])
    labels = rng.integers(0, 6, n)
    centres = rng.normal(size=(6, 16)) * 0.7
    return (centres[labels] + rng.normal(size=(n, 16))).astype(np.float32), labels


def drifted(features: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Blur 8 × 8 images and add noise."""
    images = gaussian_filter(features.reshape(-1, 8, 8), (0, 0.6, 0.6)).reshape(len(features), -1)
    return np.asarray(images + rng.normal(size=images.shape) * 2, dtype=np.float32)


def run(name: str, seeds: int, budget: float, share: float) -> tuple[int, int, int]:
    """Return in how many runs the changed class, and in how many any other class was named, and the runs."""
    found = false = 0
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        x, y = overlapping(seed) if name == "overlapping" else digits()
        order = rng.permutation(len(x))
        half = len(x) // 2
        old, new = order[:half], order[half:]
        given = y[new].copy()
        source = np.flatnonzero(given == 3)
        given[rng.permutation(source)[: int(share * len(source))]] = 4
        new_x = drifted(x[new], rng) if name == "digits, drifted" else x[new]
        result = datacheck.compare_labels(
            Manifest.from_columns({"label": [str(one) for one in y[old]]}),
            Manifest.from_columns({"label": [str(one) for one in given]}),
            features=(x[old], new_x),
            budget=budget,
            seed=seed,
        )
        found += "4" in result.changed
        false += bool(set(result.changed) - ({"4"} if share else set()))
    return found, false, seeds


def main() -> None:
    """Print a row for each set and share."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--budget", type=float, default=10)
    options = parser.parse_args()
    for name in ("digits", "digits, drifted", "overlapping"):
        for share in (0.0, 0.15, 0.3):
            found, false, runs = run(name, options.seeds, options.budget, share)
            print(f"{name:16} {share:4.0%} moved: named {found}/{runs}, another class {false}/{runs}", flush=True)


if __name__ == "__main__":
    main()
