"""A plan as a training script that runs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import datacheck
from datacheck.errors import PlanError
from datacheck.manifest import Manifest
from datacheck.plan import TrainingPlan, make_plan
from datacheck.plan.script import script_text, write_script
from datacheck.scanning import scan


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose name would end a string."""
    root = tmp_path_factory.mktemp("run") / 'my """ \'photos\''
    rng = np.random.default_rng(0)
    for split, count in (("train", 12), ("val", 4)):
        for kind, name in enumerate(("dark", "light")):
            (root / split / name).mkdir(parents=True)
            for number in range(count):
                pixels = rng.integers(0, 128, (16, 16, 3)) + 127 * kind
                Image.fromarray(pixels.astype(np.uint8)).save(root / split / name / f"{number}.png")
    return root


@pytest.fixture(scope="module")
def plan(folder: Path) -> TrainingPlan:
    manifest = datacheck.open(folder)
    return make_plan(manifest, measurements=scan(manifest).measurements, augment=False, n_seeds=1)


def test_the_script_states_where_each_number_comes_from(plan: TrainingPlan, folder: Path) -> None:
    text = script_text(plan, name="train.py", run=Path("run"), root=folder)
    ast.parse(text)
    assert "SIZE = 16  # side of the images in pixels: the median shorter side" in text
    assert "BATCH = 8  # images in a step: so few that an epoch has about 20 steps, not measured" in text
    assert "EPOCHS = 100  # passes over the training samples: about 5,000 steps, but 10 to 100 epochs" in text
    assert repr(str(folder)) in text


@pytest.mark.slow
def test_the_script_trains_on_every_planned_sample_and_tests_on_the_others(
    plan: TrainingPlan, folder: Path, tmp_path: Path
) -> None:
    pytest.importorskip("torchvision")
    plan.save(tmp_path / "run")
    write_script(plan, tmp_path / "train.py", run=tmp_path / "run", root=folder)
    command = [sys.executable, "train.py", "--epochs", "2", "--device", "cpu"]
    found = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
    lines = found.stdout.splitlines()
    assert [line.partition(":")[0] for line in lines[:2]] == ["epoch 1", "epoch 2"]
    assert "val balanced accuracy" in lines[1]
    assert lines[2] == "saved model.pt"
    assert (tmp_path / "model.pt").is_file()


def test_samples_without_files_or_images_get_no_script(plan: TrainingPlan) -> None:
    with pytest.raises(PlanError, match="these samples are in memory"):
        script_text(plan, name="train.py", run=Path("run"), root=None)
    pixels = np.zeros((60, 8, 8, 3), np.uint8)
    memory = make_plan(Manifest.from_columns({"label": ["a", "b"] * 30}), pixels=pixels, augment=False, n_seeds=1)
    with pytest.raises(PlanError, match="these samples are in memory"):
        script_text(memory, name="train.py", run=Path("run"), root=Path("/data"))
    blind = make_plan(Manifest.from_columns({"label": ["a", "b"] * 30, "uri": [f"{n}.png" for n in range(60)]},
                                            root=Path("/nowhere")), n_seeds=1)  # fmt: skip
    with pytest.raises(PlanError, match="needs classes and images"):
        script_text(blind, name="train.py", run=Path("run"), root=Path("/nowhere"))
