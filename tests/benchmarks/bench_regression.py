"""Wrong regression targets of real data: average precision beside cleanlab's scores, on the same predictions.

Run by hand: ``OMP_NUM_THREADS=1 python tests/benchmarks/bench_regression.py [--seeds 3] [--features FILE.npy]``; ten
minutes on one core. 5 % of each target are made wrong in nine ways, and predicted out of sample (5 folds) by ridge
regression and by extremely randomised trees. Three targets are read off the first 1,500 CIFAR images of the folder of
real data (``--data``) and predicted from a frozen MobileNetV2's features, which are computed here unless ``--features``
names an array of them in the file's order. `CleanLearning` fits some sixty models a case, so it sees every case of the
ridge regression, but of the trees only the first seed of targets with fewer than 1,000 samples. Figures go to
``docs/benchmarks.md``.
"""

from __future__ import annotations

import argparse
import io
import os
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from PIL import Image
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.linear_model import RidgeCV
from sklearn.metrics import average_precision_score
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from datacheck.labels.target_quality import target_deviations

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from cleanlab.regression.learn import CleanLearning
    from cleanlab.regression.rank import get_label_quality_scores

Floats = NDArray[np.float64]
Target = tuple[str, Floats, Floats]

DATA = Path(os.environ.get("DATACHECK_SHARED_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
SHARE = 0.05
N_PHOTOS = 1500
SIDE = 96
LARGE = 1000
"""From as many samples, trees are too slow for `CleanLearning`."""

N_RESAMPLES = 10_000
CHOSEN_ON = frozenset({"diabetes", "digits: ink", "digits: number", "wine: proline", "tumours: texture"})
"""The targets on which the method was chosen; the others were scored once, afterwards."""

PEERS = ("outre", "residual", "in sample", "CleanLearning")


@dataclass(frozen=True)
class Case:
    """A target with 5 % of it wrong, and what one model says to it; arrays [N]."""

    target: str
    way: str
    probe: str
    seed: int
    wrong: NDArray[np.bool_]
    given: Floats
    predicted: Floats
    """Out of sample."""
    fitted: Floats
    """In sample."""
    learned: Floats | None
    """Label quality by `CleanLearning`."""


@dataclass(frozen=True)
class Ranking:
    """Average precision of each method on one case."""

    target: str
    way: str
    probe: str
    seed: int
    precision: dict[str, float]

    @property
    def lead(self) -> float:
        """By how much datacheck is ahead of the better of cleanlab's two scores."""
        return self.precision["datacheck"] - max(self.precision["outre"], self.precision["residual"])


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


def photos(data: Path, features: Path | None) -> Iterator[Target]:
    """Targets read off CIFAR images, to be predicted from a frozen network's features."""
    table = pq.read_table(data / "cifar10n-train.parquet").slice(0, N_PHOTOS)
    pixels = np.stack([np.asarray(Image.open(io.BytesIO(one.as_py())).convert("RGB")) for one in table["jpeg"]])
    x = embed(pixels, data) if features is None else np.load(features, mmap_mode="r")[:N_PHOTOS].astype(np.float64)
    left, strength, _ = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)
    leading, values = left[:, :48] * strength[:48], pixels.astype(np.float64)
    yield "photos: brightness", leading, values.mean(axis=(1, 2, 3))
    yield "photos: contrast", leading, values.mean(axis=3).std(axis=(1, 2))
    yield "photos: blueness", leading, (values[..., 2] - values[..., 0]).mean(axis=(1, 2))


def embed(pixels: NDArray[np.uint8], data: Path) -> Floats:
    """Features of images by the frozen network; [N, H, W, 3] to [N, 1280]."""
    import torch

    from datacheck.probing.networks.backbone import load_backbone
    from datacheck.probing.weights import PretrainedWeights

    half = (0.5, 0.5, 0.5)
    weights = PretrainedWeights(
        data / "mobilenet_v2_imagenet_fp16.pt", architecture="mobilenet_v2", mean=half, deviation=half
    )
    network = load_backbone(weights)[0].eval()
    found = []
    with torch.inference_mode():
        for start in range(0, len(pixels), 50):
            batch = torch.from_numpy(pixels[start : start + 50]).permute(0, 3, 1, 2) / 127.5 - 1
            batch = torch.nn.functional.interpolate(batch, SIDE, mode="bilinear", align_corners=False)
            found.append(network(batch).numpy())
    return np.concatenate(found).astype(np.float64)


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


def cases(name: str, features: Floats, target: Floats, seed: int) -> Iterator[Case]:
    """Each way of being wrong under each model; predictions are made once for all methods."""
    folds = KFold(5, shuffle=True, random_state=seed)
    for number, (way, given) in enumerate(spoilt(target, np.random.default_rng([seed, 11]))):
        models = {
            "ridge": make_pipeline(StandardScaler(), RidgeCV(np.logspace(-2, 4, 13))),
            "trees": ExtraTreesRegressor(40, max_features=0.34, min_samples_leaf=2, random_state=seed + number),
        }
        for probe, model in models.items():
            predicted = cross_val_predict(model, features, given, cv=folds)
            fitted = clone(model).fit(features, given).predict(features)
            learned = None
            if probe == "ridge" or (seed == 0 and len(given) < LARGE):
                issues = CleanLearning(model, verbose=False, seed=seed).find_label_issues(features, given)
                learned = issues["label_quality"].to_numpy()
            yield Case(name, way, probe, seed, given != target, given, predicted, fitted, learned)


def ranking(case: Case) -> Ranking:
    """Average precision of every method; suspicion is high for what is suspect."""
    suspicion = {
        "datacheck": target_deviations(case.given, case.predicted),
        "outre": -get_label_quality_scores(case.given, case.predicted, method="outre"),
        # The order of cleanlab's exp(-|residual|), without its ties at zero beyond 745 units of the target.
        "residual": np.abs(case.given - case.predicted),
        "in sample": np.abs(case.given - case.fitted),
    }
    if case.learned is not None:
        suspicion["CleanLearning"] = -case.learned
    precision = {method: float(average_precision_score(case.wrong, score)) for method, score in suspicion.items()}
    return Ranking(case.target, case.way, case.probe, case.seed, precision)


def main() -> None:
    """Print average precision by target and by way of being wrong, and intervals of the differences."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--features", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    asked = parser.parse_args()
    found: list[Ranking] = []
    for name, features, target in (*tables(), *photos(asked.data, asked.features)):
        here = [ranking(case) for seed in range(asked.seeds) for case in cases(name, features, target, seed)]
        show(name, here)
        found += here
    for field in ("way", "probe"):
        for value in dict.fromkeys(getattr(one, field) for one in found):
            show(value, [one for one in found if getattr(one, field) == value])
    groups = {
        "targets that it was chosen on": [one for one in found if one.target in CHOSEN_ON],
        "all others": [one for one in found if one.target not in CHOSEN_ON],
        "all": found,
    }
    for name, here in groups.items():
        show(name, here)
    for name, here in groups.items():
        for peer in PEERS:
            print(f"{name}: datacheck less {peer}: {difference(here, peer)}", flush=True)


def show(name: str, found: list[Ranking]) -> None:
    """Print the mean of each method, how often datacheck is at least as good as cleanlab's default, and the worst."""
    mean = {method: np.mean([one.precision[method] for one in found]) for method in ("datacheck", *PEERS[:-1])}
    at_least = np.mean([one.precision["datacheck"] >= one.precision["outre"] - 0.005 for one in found])
    both = [one.precision for one in found if "CleanLearning" in one.precision]
    pair = [np.mean([one[method] for one in both]) for method in ("CleanLearning", "datacheck")]
    worst = min(found, key=lambda one: one.lead)
    print(
        f"{name:30} {len(found):4} cases  {'  '.join(f'{method} {value:.3f}' for method, value in mean.items())}  "
        f"as good as outre or better in {100 * at_least:.0f} %  "
        f"CleanLearning {pair[0]:.3f} beside {pair[1]:.3f} on {len(both)}  "
        f"worst {worst.lead:+.3f} ({worst.target}, {worst.way}, {worst.probe}, seed {worst.seed})",
        flush=True,
    )


def difference(found: list[Ranking], peer: str) -> str:
    """Mean paired difference with 95 % intervals: of resampled cases, and of resampled targets with all their cases."""
    by_target: dict[str, list[float]] = {}
    for one in found:
        if peer in one.precision:
            by_target.setdefault(one.target, []).append(one.precision["datacheck"] - one.precision[peer])
    leads = np.concatenate([np.asarray(values) for values in by_target.values()])
    sums = np.array([sum(values) for values in by_target.values()])
    counts = np.array([len(values) for values in by_target.values()])
    rng = np.random.default_rng(0)

    def interval(resample: Callable[[], Any]) -> str:
        low, high = np.quantile([resample() for _ in range(N_RESAMPLES)], (0.025, 0.975))
        return f"[{low:+.3f}, {high:+.3f}]"

    def targets() -> float:
        drawn = rng.integers(len(sums), size=len(sums))
        return float(sums[drawn].sum() / counts[drawn].sum())

    cases_interval = interval(lambda: leads[rng.integers(len(leads), size=len(leads))].mean())
    ahead = int((sums > 0).sum())
    return (
        f"{leads.mean():+.4f} over {len(leads)} cases {cases_interval}, over targets {interval(targets)}, "
        f"ahead on {ahead} of {len(sums)} targets"
    )


if __name__ == "__main__":
    main()
