"""Boxes in a contract: their classes, how many, how large, images without any; the clean twin keeps it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from datacheck.cli import run
from datacheck.fingerprints import fingerprint
from datacheck.manifest import Manifest
from datacheck_expectations import Contract, ContractResult, check_shard, check_tables
from tests.annotations.drawn import Drawn, drawn_objects
from tests.contracts.conftest import accept
from tests.contracts.world import World
from tests.fingerprints.test_boxes import dataset

Images = list[list[tuple[int, float]]]


def drawn_images(seed: int, n_images: int = 250) -> Images:
    """Draw images of two kinds: in one most boxes are cells, in the other most are plates; one in ten is empty."""
    rng = np.random.default_rng(seed)
    images: Images = []
    for _ in range(n_images):
        plates = 0.9 if rng.random() < 0.3 else 0.1
        n_boxes = 0 if rng.random() < 0.1 else int(rng.integers(4, 12))
        classes = (rng.random(n_boxes) < plates).astype(int).tolist()
        sides = np.clip(rng.lognormal(2.5, 0.4, n_boxes), 2, 90).tolist()
        images.append(list(zip(classes, sides, strict=True)))
    return images


@pytest.fixture(scope="module")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    folder = tmp_path_factory.mktemp("boxes")
    return accept(World(dataset(drawn_images(0)), None, folder), folder / "contract")


def held(contract: Contract, images: Images) -> ContractResult:
    return check_tables(contract, dataset(images))


def test_a_proposal_has_terms_about_boxes(contract: Contract) -> None:
    types = {(term.type, term.kwargs.get("column")) for term in contract.terms}
    numbers = ("boxes_in_image", "mean_box_size", "smallest_box", "largest_box")
    assert types >= {("expect_property_in_range", name) for name in numbers}
    assert types >= {("expect_property_drift_at_most", name) for name in numbers[:2]}
    assert types >= {
        ("expect_allowed_box_classes", None),
        ("expect_box_class_drift_at_most", None),
        ("expect_empty_image_share_between", None),
        ("expect_class_coverage", None),
        ("expect_labelled_share_at_least", None),
    }


def test_fresh_images_of_the_same_kind_keep_it(contract: Contract) -> None:
    for seed in range(1, 4):
        assert [outcome.sentence for outcome in held(contract, drawn_images(seed)).broken] == []


def changed(images: Images, change: Callable[[int, float], tuple[int, float]]) -> Images:
    return [[change(*box) for box in image] for image in images]


BREAKAGES: dict[str, tuple[Callable[[Images], Images], str, str]] = {
    "a class that is not declared": (
        lambda images: [[(-1, 20.0), *image[1:]] if at == 5 else image for at, image in enumerate(images)],
        "expect_allowed_box_classes",
        "has another class: '7' (1)",
    ),
    "all boxes of one class": (
        lambda images: changed(images, lambda class_id, side: (0, side)),
        "expect_box_class_drift_at_most",
        "the largest change is",
    ),
    "images that lost their boxes": (
        lambda images: [[] if at % 3 == 0 else image for at, image in enumerate(images)],
        "expect_empty_image_share_between",
        "images have no box",
    ),
    "half of the boxes are gone": (
        lambda images: [image[::2] for image in images],
        "expect_property_drift_at_most",
        "the mean number of boxes",
    ),
    "boxes of half the size": (
        lambda images: changed(images, lambda class_id, side: (class_id, side / 2)),
        "expect_property_drift_at_most",
        "the mean mean box size",
    ),
}


@pytest.mark.parametrize("name", BREAKAGES)
def test_a_breakage_breaks_its_term(contract: Contract, name: str) -> None:
    change, kind, words = BREAKAGES[name]
    broken = held(contract, change(drawn_images(1))).broken
    assert any(outcome.term.type == kind and words in outcome.sentence for outcome in broken), broken


def test_a_shard_is_checked_with_its_own_boxes(contract: Contract) -> None:
    found = check_shard(dataset(drawn_images(7, 60), first=1000), contract)
    assert found.result.broken == ()
    accepted = fingerprint(dataset(drawn_images(0))).boxes_of()
    assert found.merged.boxes_of().images == accepted.images + 60


@pytest.mark.slow
def test_the_command_line_makes_and_checks_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Drawn(tmp_path / "data", "YOLO", drawn_objects(40)).write()
    assert run(["audit", str(tmp_path / "data"), "--out", str(tmp_path / "run"), "--jobs", "1", "--quiet"]) in (0, 1)
    assert run(["contract", "init", str(tmp_path / "run"), "-o", str(tmp_path / "contract")]) == 0
    again = ["contract", "check", str(tmp_path / "data"), "--contract", str(tmp_path / "contract"), "--jobs", "1"]
    capsys.readouterr()
    assert run(again) == 0
    label = tmp_path / "data" / "labels" / "0003.txt"
    label.write_text(label.read_text() + "9 0.5 0.5 0.2 0.2\n")
    assert run(again) == 1
    assert "another class: '9' (1)" in capsys.readouterr().out


def test_a_dataset_without_boxes_has_no_such_term(tmp_path: Path) -> None:
    manifest = Manifest.from_columns({"label": ["a", "b"] * 50})
    found = accept(World(manifest, None, tmp_path), tmp_path / "contract")
    assert [term.type for term in found.terms if "box" in term.type or "empty" in term.type] == []
