"""Wrong regression targets of real data: average precision beside cleanlab's scores, on the same predictions.

Run by hand: ``python tests/benchmarks/bench_regression.py --data FOLDER [--features FILE.npy] [--seeds 3]``. 5 % of
each target are made wrong in nine ways, and predicted out of sample (5 folds) by ridge regression and by extremely
randomised trees. ``--features`` takes features of the CIFAR images in the file's order, such as those of a frozen
network, and adds three targets that are read off the first 1,500 images. Figures go to ``docs/benchmarks.md``.
"""

from __future__ import annotations

import argparse
import io
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.linear_model import RidgeCV
from sklearn.metrics import average_precision_score
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from datacheck.probe.target_quality import target_deviations

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from cleanlab.regression.learn import CleanLearning
    from cleanlab.regression.rank import get_label_quality_scores

Floats = NDArray[np.float64]
Target = tuple[str, Floats, Floats]

SHARE = 0.05
CHOSEN_ON = frozenset({"diabetes", "digits: ink", "digits: number", "wine: proline", "tumours: texture"})
"""The targets on which the method was chosen; the others were scored once, afterwards."""


def tables() -> Iterator[Target]:
    """Name, features and target of scikit-learn's real datasets."""
    diabetes = load_diabetes()
    yield "diabetes", diabetes.data, diabetes.target
    digits, images = load_digits().data, load_digits().images
    blurred = digits + 2 * np.random.default_rng(0).normal(size=digits.shape)
    yield "digits: ink", blurred, digits.mean(axis=1)
    yield "digits: number", digits, load_digits().target.astype(float)
    yield "digits: centre", digits, (images.sum(axis=1) * np.arange(8)).sum(axis=1) / images.sum(axis=(1, 2))
    wine = load_wine().data
    yield "wine: proline", wine[:, :12], wine[:, 12]
    yield "wine: alcohol", wine[:, 1:], wine[:, 0]
    tumours, names = load_breast_cancer().data, list(load_breast_cancer().feature_names)
    for which, kin, column in (("texture", ("texture",), 1), ("area", ("area", "radius", "perimeter"), 3)):
        kept = [number for number, name in enumerate(names) if not any(word in name for word in kin)]
        yield f"tumours: {which}", tumours[:, kept], tumours[:, column]
    iris = load_iris().data
    yield "iris: petal length", iris[:, [0, 1, 3]], iris[:, 2]


def pictures(data: Path, features: Path, n_rows: int = 1500) -> Iterator[Target]:
    """Targets read off CIFAR images, to be predicted from given features."""
    table = pq.read_table(data / "cifar10n-train.parquet").slice(0, n_rows)
    pixels = np.stack([np.asarray(Image.open(io.BytesIO(one.as_py()))) for one in table["jpeg"]]).astype(float)
    x = np.load(features, mmap_mode="r")[:n_rows].astype(np.float64)
    left, strength, _ = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)
    leading = left[:, :48] * strength[:48]
    yield "photos: brightness", leading, pixels.mean(axis=(1, 2, 3))
    yield "photos: contrast", leading, pixels.mean(axis=3).std(axis=(1, 2))
    yield "photos: blueness", leading, (pixels[..., 2] - pixels[..., 0]).mean(axis=(1, 2))


def spoilt(target: Floats, rng: np.random.Generator) -> Iterator[tuple[str, Floats]]:
    """The target with 5 % of it wrong, in each way."""
    n, deviation = len(target), float(target.std())
    rows = rng.choice(n, max(5, round(SHARE * n)), replace=False)
    right, normal = target[rows], rng.normal(size=len(rows))
    ways = {
        "another sample's": target[rng.permutation(n)[: len(rows)]],
        "+ 0.5 deviations": right + 0.5 * deviation * normal,
        "+ 1 deviation": right + deviation * normal,
        "+ 2 deviations": right + 2 * deviation * normal,
        "times ten": 10 * right,
        "Fahrenheit": 1.8 * right + 32,
        "sign lost": -right,
        "mirrored at the median": 2 * np.median(target) - right,
        "+ its own size": right + normal * (np.abs(right - target.min()) + 0.1 * deviation),
    }
    for way, wrong in ways.items():
        given = target.copy()
        given[rows] = wrong
        yield way, given


def scores(features: Floats, given: Floats, model: Any, seed: int, *, learn: bool) -> dict[str, Floats]:
    """Suspicion of each target by each method; high is suspect."""
    folds = KFold(5, shuffle=True, random_state=seed)
    predicted = cross_val_predict(model, features, given, cv=folds)
    found = {
        "datacheck": target_deviations(given, predicted),
        "outre": -get_label_quality_scores(given, predicted, method="outre"),
        "residual": np.abs(given - predicted),
        "in sample": np.abs(given - model.fit(features, given).predict(features)),
    }
    if learn:
        issues = CleanLearning(model, verbose=False, seed=seed).find_label_issues(features, given)
        found["CleanLearning"] = -issues["label_quality"].to_numpy()
    return found


def main() -> None:
    """Print average precision by target and by way of being wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--features", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--learn", action="store_true", help="also CleanLearning, which fits many times more")
    asked = parser.parse_args()
    targets = [*tables(), *(pictures(asked.data, asked.features) if asked.features else ())]
    results: list[dict[str, Any]] = []
    for name, features, target in targets:
        for seed in range(asked.seeds):
            for number, (way, given) in enumerate(spoilt(target, np.random.default_rng([seed, 11]))):
                models = {
                    "ridge": make_pipeline(StandardScaler(), RidgeCV(np.logspace(-2, 4, 13))),
                    "trees": ExtraTreesRegressor(40, max_features=0.34, min_samples_leaf=2, random_state=seed + number),
                }
                for probe, model in models.items():
                    found = scores(features, given, model, seed, learn=asked.learn)
                    marks = {key: average_precision_score(given != target, value) for key, value in found.items()}
                    results.append({"target": name, "way": way, "probe": probe, **marks})
        show(name, [one for one in results if one["target"] == name])
    for way in dict.fromkeys(one["way"] for one in results):
        show(way, [one for one in results if one["way"] == way])
    show("targets that it was chosen on", [one for one in results if one["target"] in CHOSEN_ON])
    show("all others", [one for one in results if one["target"] not in CHOSEN_ON])


def show(name: str, results: list[dict[str, Any]]) -> None:
    """Print the mean of each method, and how often datacheck is at least as good as cleanlab's default."""
    methods = [key for key in results[0] if key not in {"target", "way", "probe"}]
    means = "  ".join(f"{key} {np.mean([one[key] for one in results]):.3f}" for key in methods)
    at_least = np.mean([one["datacheck"] >= one["outre"] - 0.005 for one in results])
    print(f"{name:30} {means}  as good as outre or better in {100 * at_least:.0f} %", flush=True)


if __name__ == "__main__":
    main()
