"""Do the intervals of the number of wrong labels of multilabel data cover it, and do clean labels stay below a warning?

Run by hand: ``python -m tests.benchmarks.bench_multilabel_counts [--seeds 3] [--probes stand-ins|own]``. Sets whose
true labels are known: eight properties of scikit-learn's digits (even, prime, with a loop, …), six labels that each
move the features, ten rare ones, five of scikit-learn's generator, and four that follow a curve. Of the labels that are
given 0, 2, 5 and 10 % are taken away, added elsewhere, half of each, or taken away from whole samples. Stand-ins are
discriminant analysis, linear and quadratic, and nearest neighbours, cross-fitted; ``own`` is the probe of a table that
datacheck trains itself. Labels that a probe has not learnt are left out, as by DC501. Figures go to
``docs/benchmarks.md``.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.datasets import load_digits, make_multilabel_classification
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.model_selection import cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

import datacheck
from datacheck.labels.label_columns import ALPHA, column_gains
from datacheck.labels.multilabel_count import MultilabelCount, count_multilabel_errors
from datacheck.manifest import Manifest, Task
from datacheck.probing.skill import MIN_SKILL

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

PROPERTIES = ([0, 2, 4, 6, 8], [5, 6, 7, 8, 9], [2, 3, 5, 7], [0, 6, 8, 9], [1, 4, 7], [3, 8], [0], [4, 9])
"""Digits that are even, five or more, prime, have a loop, …"""

NOISE = (("none", 0.0), *((kind, rate) for kind in ("missing", "added", "both", "whole") for rate in (0.02, 0.05, 0.1)))

STAND_INS: dict[str, Callable[[], Any]] = {
    "linear": LinearDiscriminantAnalysis,
    "quadratic": lambda: QuadraticDiscriminantAnalysis(reg_param=0.1),
    "neighbours": lambda: KNeighborsClassifier(15),
}


def digits(_: int) -> tuple[Floats, Flags]:
    """Properties of digits."""
    x, y = load_digits(return_X_y=True)
    return x, np.stack([np.isin(y, members) for members in PROPERTIES], axis=1)


def moved(n: int, n_labels: int, separation: float, share: float) -> Callable[[int], tuple[Floats, Flags]]:
    """Labels that each move the features in a direction of their own; some samples have many."""

    def draw(seed: int) -> tuple[Floats, Flags]:
        rng = np.random.default_rng(seed)
        often = share * (0.5 + rng.random((n, 1)))
        true = rng.random((n, n_labels)) < often
        directions = rng.normal(size=(n_labels, n_labels + 6))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        return rng.normal(size=(n, n_labels + 6)) + separation * true @ directions, true

    return draw


def generated(seed: int) -> tuple[Floats, Flags]:
    """Labels of scikit-learn's generator: mixtures of words."""
    x, true = make_multilabel_classification(2_000, 20, n_classes=5, n_labels=2, length=100, random_state=seed)
    return x.astype(np.float64), true.astype(bool)


def curved(seed: int) -> tuple[Floats, Flags]:
    """Labels that no linear model follows."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(1_500, 8))
    height = (
        np.sin(x @ rng.normal(size=(8, 4))) + 0.3 * x @ rng.normal(size=(8, 4)) + 0.15 * rng.normal(size=(1_500, 4))
    )
    return x, height > np.quantile(height, 0.8, axis=0)


SETS: dict[str, Callable[[int], tuple[Floats, Flags]]] = {
    "digits": digits,
    "near": moved(1_500, 6, 2.5, 0.25),
    "far": moved(1_500, 6, 4.0, 0.25),
    "rare": moved(2_000, 10, 4.0, 0.06),
    "generated": generated,
    "curved": curved,
}


def spoiled(true: Flags, kind: str, rate: float, rng: np.random.Generator) -> Flags:
    """Take away labels, add others, or both; as many as a share of those that are there."""
    given, n_wrong = true.copy(), round(rate * true.sum())
    if kind == "whole":
        order = rng.permutation(len(true))
        given[order[: np.searchsorted(np.cumsum(true[order].sum(axis=1)), n_wrong)]] = False
        return given
    n_missing = {"none": 0, "missing": n_wrong, "added": 0, "both": n_wrong // 2}[kind]
    given.flat[rng.choice(np.flatnonzero(true), n_missing, replace=False)] = False
    given.flat[rng.choice(np.flatnonzero(~true), n_wrong - n_missing, replace=False)] = True
    return given


def by_stand_in(name: str, x: Floats, given: Flags) -> Floats:
    """Cross-fitted probabilities, label by label."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        columns = [cross_val_predict(STAND_INS[name](), x, one, cv=5, method="predict_proba")[:, 1] for one in given.T]
    return np.stack(columns, axis=1)


def by_own_probe(x: Floats, given: Flags, seed: int) -> Floats:
    """The probe of a table."""
    names = np.array([f"l{number}" for number in range(given.shape[1])])
    columns: dict[str, Any] = {f"c{number}": column for number, column in enumerate(x.T)}
    columns["labels"] = [names[row].tolist() for row in given]
    manifest = Manifest.from_columns(columns, task=Task.MULTILABEL, classes=names.tolist())
    found = datacheck.probe(manifest, budget="10s", seed=seed).pred_probs
    assert found is not None, "the labels are classes"
    return np.clip(found.astype(np.float64), 0, 1)


@dataclass(frozen=True)
class Counted:
    """One count: what was planted among the labels that the probe has learnt, and what was found."""

    name: str
    noise: str
    n_wrong: int
    wrong_by_label: NDArray[np.int64]
    found: MultilabelCount

    @property
    def covered(self) -> bool:
        """Whether the interval holds the number of wrong labels."""
        return self.found.errors.low <= self.n_wrong <= self.found.errors.high

    @property
    def labels_covered(self) -> int:
        """For how many labels it does."""
        pairs = zip(self.found.by_column, self.wrong_by_label, strict=True)
        return sum(one.low <= n_wrong <= one.high for one, n_wrong in pairs)


def counts(seeds: int, probes: str) -> Iterator[Counted]:
    """Every set under every noise and probe."""
    for name, draw in SETS.items():
        for seed in range(seeds):
            x, true = draw(seed)
            x = StandardScaler().fit_transform(x)
            for kind, rate in NOISE:
                given = spoiled(true, kind, rate, np.random.default_rng([seed, round(1000 * rate)]))
                for probe in STAND_INS if probes == "stand-ins" else ("own",):
                    probs = by_own_probe(x, given, seed) if probe == "own" else by_stand_in(probe, x, given)
                    shares = np.broadcast_to(given.mean(axis=0), given.shape)
                    skill = column_gains(probs, shares, given, level=1 - ALPHA / given.shape[1])
                    known = np.flatnonzero([one.low >= MIN_SKILL for one in skill])
                    if len(known):
                        wrong = (given != true)[:, known].sum(axis=0)
                        found = count_multilabel_errors(probs[:, known], given[:, known])
                        yield Counted(f"{name} {seed} {probe}", f"{kind} {rate:.0%}", int(wrong.sum()), wrong, found)


def row(found: list[Counted]) -> str:
    """Counts, coverage in all and by label, width, how many have an estimate, its error, and warnings."""
    known = [one for one in found if one.found.conclusive]
    width = np.median([(one.found.errors.high - one.found.errors.low) / one.found.given for one in found])
    error = (
        np.median([abs(one.found.errors.value - one.n_wrong) / one.found.given for one in known]) if known else np.nan
    )
    labels = sum(len(one.wrong_by_label) for one in found)
    return (
        f"{len(found)} | {sum(one.covered for one in found)} of {len(found)} | "
        f"{sum(one.labels_covered for one in found)} of {labels} | {width:.1%} | "
        f"{len(known)} | {error:.1%} | {sum(one.found.noise_is_evident for one in found)}"
    )


def run(seeds: int = 3, probes: str = "stand-ins") -> list[Counted]:
    """Count, print, return."""
    found = []
    for one in counts(seeds, probes):
        found.append(one)
        if not one.covered:
            print(f"not covered: {one.name}, {one.noise}: {one.n_wrong}, {one.found.in_words()}", flush=True)
    print("| noise | counts | interval covers | of one label | width | with an estimate | its error | warning |")
    for noise in dict.fromkeys(one.noise for one in found):
        print(f"| {noise} | {row([one for one in found if one.noise == noise])} |")
    print(f"| all | {row(found)} |")
    return found


@pytest.mark.benchmark
@pytest.mark.timeout(3600)
def test_counts_cover_and_clean_labels_raise_no_warning() -> None:
    found = run(1)
    assert np.mean([one.covered for one in found]) >= 0.95
    assert not any(one.found.noise_is_evident for one in found if not one.n_wrong)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--probes", choices=["stand-ins", "own"], default="stand-ins")
    arguments = parser.parse_args()
    run(arguments.seeds, arguments.probes)
