"""Accepted datasets and their contracts, made once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from datacheck.demo import write_demo
from datacheck.manifest import Manifest
from datacheck.scanning import scan
from datacheck.sources import open_source
from datacheck.testing import toy_pairs

pytest.importorskip(
    "great_expectations", reason="contracts need Great Expectations: pip install 'datacheck-audit[contracts]'"
)

from datacheck_expectations import Contract, CopySearch, propose_expectations, write_contract
from tests.contracts.world import World


def accept(world: World, folder: Path) -> Contract:
    report = world.report()
    copies = CopySearch.of_report(report)
    expectations = propose_expectations(report)
    return write_contract(folder, expectations, reference=report.fingerprint, copies=copies, source="a test")


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The demo's clean data, measured once."""
    folder = tmp_path_factory.mktemp("demo")
    write_demo(folder / "clean", clean=True)
    manifest = open_source(folder / "clean")
    return World(manifest, scan(manifest, thumbnails=False).measurements, folder / "scratch")


@pytest.fixture
def accepted(demo: World, tmp_path: Path) -> World:
    """The demo's clean data with a scratch folder of the test's own."""
    return replace(demo, scratch=tmp_path / "scratch")


@pytest.fixture(scope="session")
def contract(demo: World, tmp_path_factory: pytest.TempPathFactory) -> Contract:
    """The contract of the demo's clean data."""
    return accept(demo, tmp_path_factory.mktemp("contract") / "contract")


@pytest.fixture(scope="session")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Images with masks."""
    folder = tmp_path_factory.mktemp("pairs")
    manifest = toy_pairs(folder / "data", n=60)
    return World(manifest, scan(manifest, thumbnails=False).measurements, folder / "scratch")


@pytest.fixture(scope="session")
def table(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A regression table of people: several rows a person, no person in two splits."""
    rng = np.random.default_rng(0)
    person = np.repeat(np.arange(500), 4)
    split = np.where(person % 5 == 0, "test", "train")
    columns = {
        "target": rng.gamma(4.0, 10.0, len(person)),
        "split": split.tolist(),
        "group": [f"p{number:03d}" for number in person],
    }
    return World(Manifest.from_columns(columns), None, tmp_path_factory.mktemp("table"))
