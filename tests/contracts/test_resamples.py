"""A contract of clean data holds on fresh data of the same kind."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from datacheck.demo import write_demo
from datacheck.manifest import Manifest
from datacheck.manifest.readers import FileReader
from datacheck.scanning import scan
from datacheck.sources import open_source
from datacheck_expectations import Contract, check_tables
from tests.contracts.conftest import accept
from tests.contracts.world import World
from tests.thorough import THOROUGH


@pytest.mark.parametrize("seed", range(8))
def test_holds_on_fresh_subsets_of_the_same_photos(demo: World, contract: Contract, seed: int) -> None:
    rng = np.random.default_rng(seed)
    part = demo.take(np.sort(rng.choice(len(demo.manifest), 1200, replace=False)))
    result = check_tables(contract, part.manifest, part.measurements)
    assert result.success, [(one.term.type, one.sentence) for one in (*result.broken, *result.unchecked)]


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_holds_on_fresh_draws_of_the_demo(contract: Contract, tmp_path: Path) -> None:
    """New papers, inks, light and splits each time: of 50, 48 must hold, of fewer all."""
    broken: dict[int, list[str]] = {}
    for seed in range(1, 51 if THOROUGH else 7):
        folder = tmp_path / str(seed)
        write_demo(folder, clean=True, seed=seed)
        manifest = open_source(folder)
        manifest = dataclasses.replace(manifest, reader=FileReader(folder, workers="thread"))
        result = check_tables(contract, manifest, scan(manifest, thumbnails=False).measurements)
        if not result.success:
            broken[seed] = [one.sentence for one in (*result.broken, *result.unchecked)]
    assert len(broken) <= (2 if THOROUGH else 0), broken


@pytest.mark.parametrize("n_classes", [2, 20, 200])
def test_holds_on_fresh_draws_of_one_population(tmp_path: Path, n_classes: int) -> None:
    """No stratification: labels, splits and a target column drawn independently, by a long-tailed distribution."""
    rng = np.random.default_rng(n_classes)
    shares = rng.dirichlet(np.full(n_classes, 2.0))

    def draw() -> World:
        columns = {
            "label": [f"c{k}" for k in rng.choice(n_classes, 4000, p=shares)],
            "split": rng.choice(["train", "val", "test"], 4000, p=[0.7, 0.15, 0.15]).tolist(),
        }
        classes = [f"c{k}" for k in range(n_classes)]
        return World(Manifest.from_columns(columns, classes=classes), None, tmp_path)

    contract = accept(draw(), tmp_path / "contract")
    results = [check_tables(contract, draw().manifest) for _ in range(4)]
    assert all(result.success for result in results), [one.sentence for r in results for one in r.broken]


def test_holds_on_fresh_draws_of_a_regression_population(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)

    def draw() -> World:
        columns = {
            "target": rng.lognormal(0.0, 1.0, 3000),
            "split": rng.choice(["train", "test"], 3000, p=[0.8, 0.2]).tolist(),
        }
        return World(Manifest.from_columns(columns), None, tmp_path)

    contract = accept(draw(), tmp_path / "contract")
    results = [check_tables(contract, draw().manifest) for _ in range(10)]
    assert [one.sentence for result in results for one in result.broken] == []
