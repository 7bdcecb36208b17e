"""Do the intervals of the number of wrong labels cover it, and does the estimate keep quiet where a probe is too weak?

Run by hand: ``python -m tests.benchmarks.bench_error_counts [--seeds 1] [--data FOLDER]``. Clean datasets with planted
errors (none, 2, 5, 10 and 40 % at random; 10 and 30 % always to the next class) under probes from strong to useless,
and the human labels of CIFAR-10N where the folder of real data has them. With ``--probes own`` real sets alone, judged
by the probes that datacheck trains itself (see `own_counts`). Figures go to ``docs/benchmarks.md``.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray
from sklearn import datasets
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from datacheck.labels.label_yield import LabelYield, estimate_label_yield
from datacheck.labels.quality import LabelAssessment
from datacheck.probing.backends.descriptors import describe, principal_components
from datacheck.probing.skill import MIN_SKILL, classification_skill

from .own_counts import Counted, Sources, counts, report

DATA = Path(__file__).parents[3] / "shared" / "data"
PHOTOS = "cifar10n-train.parquet"
N_PHOTOS = 3000
NOISE = (("none", 0.0), ("any", 0.02), ("any", 0.05), ("any", 0.1), ("any", 0.4), ("next", 0.1), ("next", 0.3))

PROBES: dict[str, Callable[[], Any]] = {
    "logistic": lambda: make_pipeline(StandardScaler(), LogisticRegression(max_iter=150, tol=1e-2)),
    "neighbours": lambda: make_pipeline(StandardScaler(), KNeighborsClassifier(15)),
    "naive Bayes": lambda: make_pipeline(StandardScaler(), GaussianNB(var_smoothing=1e-2)),
}

Labelled = tuple[NDArray[Any], NDArray[np.int64], NDArray[np.int64]]


@dataclass(frozen=True)
class Case:
    """One count: what was found, how many labels are wrong, and which of the queue's first are."""

    name: str
    found: LabelYield
    n_wrong: int
    trusted: bool
    precision: float

    @property
    def covered(self) -> bool:
        """Whether the interval holds the number of wrong labels."""
        return self.found.estimated_errors.low <= self.n_wrong <= self.found.estimated_errors.high

    @property
    def width(self) -> float:
        """Of the interval, as a share of the labels."""
        return (self.found.estimated_errors.high - self.found.estimated_errors.low) / self.found.n

    @property
    def accused(self) -> float:
        """Share of the labels in the recommended part of the queue."""
        return self.found.recommended_depth / self.found.n


def cases(seeds: int, data: Path) -> Iterator[Case]:
    """Every dataset, noise, probe and seed."""
    for seed in range(seeds):
        for name, (x, clean, given) in problems(seed, data):
            for probe in PROBES:
                yield judged(f"{name}, {probe}", x, clean, given, probe, seed)


def problems(seed: int, data: Path) -> Iterator[tuple[str, Labelled]]:
    """Datasets with each kind of noise."""
    rng = np.random.default_rng(seed)
    for name, (x, clean) in sources(data).items():
        n_classes = int(clean.max()) + 1
        for kind, rate in NOISE:
            wrong = rng.random(len(clean)) < rate
            step = rng.integers(1, n_classes, len(clean)) if kind == "any" else 1
            yield f"{name}, {kind} {rate:.0%}", (x, clean, np.where(wrong, (clean + step) % n_classes, clean))
    if (data / PHOTOS).exists() and seed == 0:
        x, columns = photos(data / PHOTOS)
        for name in ("worse", "aggre"):
            yield f"CIFAR-10N, {name}", (x, columns["clean"], columns[name])


def sources(data: Path) -> dict[str, tuple[NDArray[Any], NDArray[np.int64]]]:
    """Features and clean labels."""
    found = {}
    for name in ("digits", "wine", "breast_cancer", "iris"):
        x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
        found[name] = (x, y.astype(np.int64))
    found["16 pixels of digits"] = (found["digits"][0][:, ::4], found["digits"][1])
    for n_classes, separation in ((2, 0.8), (2, 1.5), (4, 1.4), (5, 1.0), (8, 2.0), (3, 0.5)):
        x, y = datasets.make_classification(
            1000, 20, n_informative=10, n_classes=n_classes, n_clusters_per_class=1, class_sep=separation, flip_y=0,
            random_state=n_classes,
        )  # fmt: skip
        found[f"{n_classes} classes at {separation}"] = (x, y.astype(np.int64))
    if (data / PHOTOS).exists():
        x, columns = photos(data / PHOTOS)
        two = columns["clean"] < 2
        found["CIFAR-10"] = (x, columns["clean"])
        found["CIFAR-10, two classes"] = (x[two], columns["clean"][two])
    return found


def photos(path: Path) -> tuple[NDArray[np.float32], dict[str, NDArray[np.int64]]]:
    """Descriptors of photographs, their clean and their human labels."""
    table = pq.read_table(path).slice(0, N_PHOTOS)
    pixels = np.stack(
        [cv2.imdecode(np.frombuffer(one, np.uint8), cv2.IMREAD_COLOR)[..., ::-1] for one in table["jpeg"].to_pylist()]
    )
    labels = {
        name: np.unique(table[name].to_pylist(), return_inverse=True)[1].astype(np.int64)
        for name in ("clean", "worse", "aggre")
    }
    return principal_components(describe(pixels))[:, :100], labels


def judged(
    name: str, x: NDArray[Any], clean: NDArray[np.int64], given: NDArray[np.int64], probe: str, seed: int
) -> Case:
    """Count the wrong labels by a probe that is cross-fitted, and fitted again with planted errors."""

    def fit(labels: NDArray[np.int64], fold_seed: int) -> NDArray[np.float32]:
        folds = StratifiedKFold(5, shuffle=True, random_state=fold_seed)
        probs = np.zeros((len(labels), int(clean.max()) + 1), dtype=np.float32)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = cross_val_predict(PROBES[probe](), x, labels, cv=folds, method="predict_proba")
        probs[:, np.unique(labels)] = found
        return probs

    probs = fit(given, seed)
    assessment = LabelAssessment.of(probs, given)
    found = estimate_label_yield(assessment, refit=fit, seed=seed)
    queue = np.argsort(assessment.odds.quality, kind="stable")[: found.recommended_depth]
    wrong = given != clean
    trusted = classification_skill(probs, given).low >= MIN_SKILL
    return Case(name, found, int(wrong.sum()), trusted, float(wrong[queue].mean()) if len(queue) else float("nan"))


def summary(found: list[Case]) -> str:
    """One row of the table."""
    noisy = [case for case in found if case.n_wrong]
    clean = [case for case in found if not case.n_wrong]
    accused = sum(case.accused > 0.01 for case in clean)
    warned = sum(case.accused > 0.01 and case.found.noise_is_evident for case in clean)
    error = np.median([abs(case.found.estimated_errors.value - case.n_wrong) / case.found.n for case in found])
    return (
        f"{len(found)} | {np.mean([case.covered for case in found]):.1%} | "
        f"{np.median([case.width for case in found]):.1%} | {error:.1%} | "
        f"{np.nanmedian([case.precision for case in noisy]):.0%} | {accused}, {warned} of {len(clean)}"
    )


def run(seeds: int = 1, data: Path = DATA) -> list[Case]:
    """Judge, print, return."""
    found = []
    for case in cases(seeds, data):
        found.append(case)
        if case.trusted and case.found.conclusive and not case.covered:
            print(f"not covered: {case.name}: {case.n_wrong}, {case.found.count_in_words()}")
    rows = {
        "probe without skill (judges nothing)": [case for case in found if not case.trusted],
        "inconclusive (no estimate)": [case for case in found if case.trusted and not case.found.conclusive],
        "conclusive": [case for case in found if case.trusted and case.found.conclusive],
    }
    print("| | cases | covered | width | error of the estimate | precision of the queue | clean: queue, warning |")
    for name, chosen in rows.items():
        print(f"| {name} | {summary(chosen)} |")
    return found


def run_own(seeds: int, given: Sources) -> list[Counted]:
    """Count by datacheck's own probes; print each count as it comes, and the table."""
    found = []
    for one in counts(seeds, given):
        found.append(one)
        words = "nothing counted" if one.found is None else one.found.count_in_words()
        missed = " NOT COVERED" if one.found is not None and not one.covered else ""
        print(
            f"{one.name}, {one.noise}: {one.n_wrong}; {words}; {one.accused} accused; {one.seconds:.1f} s{missed}",
            flush=True,
        )
    report(found)
    return found


@pytest.mark.benchmark
@pytest.mark.timeout(3600)
def test_conclusive_counts_cover_and_clean_labels_raise_no_warning() -> None:
    found = [case for case in run() if case.trusted and case.found.conclusive]
    assert np.mean([case.covered for case in found]) >= 0.95


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--probes", choices=["stand-ins", "own"], default="stand-ins")
    parser.add_argument("--tables", type=Path, help="own probes: folder of CSV files without header, class last")
    parser.add_argument("--photos", type=Path, nargs="*", default=[], help="own probes: folders with class folders")
    parser.add_argument("--budget", default="10s", help="own probes: of each table")
    arguments = parser.parse_args()
    if arguments.probes == "own":
        own = Sources(arguments.data, arguments.tables, tuple(arguments.photos), arguments.budget)
        run_own(arguments.seeds, own)
    else:
        run(arguments.seeds, arguments.data)
