"""A plan as a training script that runs."""

from __future__ import annotations

import ast
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

import datacheck
from datacheck.errors import PlanError
from datacheck.manifest import Manifest
from datacheck.plan import PlanItem, TrainingPlan, make_plan
from datacheck.plan.script import script_text, write_script
from datacheck.probing.weights import default_weights_installed
from datacheck.scanning import scan


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose name would end a string."""
    root = tmp_path_factory.mktemp("run") / 'my """ \'photos\''
    rng = np.random.default_rng(0)
    for split, count in (("train", 12), ("val", 4), ("test", 4)):
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
    assert 'NETWORK = "small"  # from random weights: images are below 64 pixels' in text
    assert "BATCH = 8  # most images in a step: so few that an epoch has about 20 steps" in text
    assert "EPOCHS = 100  # most passes over the training samples: about 5,000 steps, but 10 to 100" in text
    assert "# none: none was tried" in text
    assert repr(str(folder)) in text


@pytest.mark.parametrize("library", ["torchvision", "albumentations"])
def test_the_script_holds_the_augmentations_of_the_plan(plan: TrainingPlan, folder: Path, library: str) -> None:
    text = script_text(flipped(plan), name="train.py", run=Path("run"), root=folder, transforms=library)
    ast.parse(text)
    assert ("from torchvision.transforms import v2" in text) == (library == "torchvision")
    assert {"torchvision": "v2.RandomHorizontalFlip(1.0)", "albumentations": "albumentations.HorizontalFlip(p=1.0)"}[
        library
    ] in text


def flipped(plan: TrainingPlan) -> TrainingPlan:
    settings = {"family": "horizontal_flip", "strength": 1.0, "probability": 0.5, "applied": True}
    item = PlanItem(kind="augment", name="horizontal_flip", verdict="use", summary="", settings=settings)
    return replace(plan, items=(*plan.items, item))


def trained(plan: TrainingPlan, folder: Path, where: Path, *options: str) -> list[str]:
    plan.save(where / "run")
    write_script(plan, where / "train.py", run=where / "run", root=folder)
    command = [sys.executable, "-W", "error", "train.py", "--device", "cpu", *options]
    found = subprocess.run(command, cwd=where, check=False, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    return found.stdout.splitlines()


@pytest.mark.slow
def test_the_script_trains_on_every_planned_sample_and_ends_with_a_test_score(
    plan: TrainingPlan, folder: Path, tmp_path: Path
) -> None:
    pytest.importorskip("torchvision")
    lines = trained(flipped(plan), folder, tmp_path, "--epochs", "12")
    assert lines[0].startswith("learning rate ")
    assert lines[1] == "24 training samples, batches of 8, small at 16 pixels"
    assert "val balanced accuracy" in lines[2]
    assert lines[-2] == "saved model.pt"
    assert lines[-1].startswith("test: balanced accuracy 1.000, accuracy 1.000 [0.6")
    assert lines[-1].endswith("8 samples")
    assert (tmp_path / "model.pt").is_file()


@pytest.mark.slow
def test_the_script_trains_without_the_plan_to_compare_with(plan: TrainingPlan, folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("torchvision")
    action = np.array(plan.samples["action"].to_pylist(), dtype=object)
    reason = np.array(plan.samples["reason"].to_pylist(), dtype=object)
    first, second = plan.rows("train")[:2]
    action[[first, second]] = "drop"
    reason[[first, second]] = ["cannot be read", "an identical copy"]
    samples = plan.samples
    for name, values in (("action", action), ("reason", reason)):
        at = samples.schema.get_field_index(name)
        samples = samples.set_column(at, samples.schema.field(at), pa.array(values, pa.string()))
    dropping = replace(plan, samples=samples)
    lines = trained(dropping, folder, tmp_path, "--epochs", "2", "--rate", "0.001", "--as-given")
    assert lines[0] == "23 training samples, batches of 8, small at 16 pixels"
    assert lines[-1].endswith("8 samples")


def test_a_script_of_the_user_is_not_replaced_unasked(plan: TrainingPlan, folder: Path, tmp_path: Path) -> None:
    own = tmp_path / "train.py"
    own.write_text("print('mine')")
    with pytest.raises(PlanError, match="exists: name another one"):
        write_script(plan, own, run=tmp_path, root=folder)
    assert own.read_text() == "print('mine')"
    write_script(plan, own, run=tmp_path, root=folder, overwrite=True)
    assert "as its plan says" in own.read_text()


@pytest.mark.slow
def test_the_script_fine_tunes_the_packaged_network_and_leaves_out_what_is_doubted(
    plan: TrainingPlan, folder: Path, tmp_path: Path
) -> None:
    pytest.importorskip("torchvision")
    if not default_weights_installed():
        pytest.skip("needs the packaged weights")
    row = int(plan.rows("train")[0])
    action = np.array(plan.samples["action"].to_pylist(), dtype=object)
    action[row] = "relabel"
    at = plan.samples.schema.get_field_index("action")
    samples = plan.samples.set_column(at, plan.samples.schema.field(at), pa.array(action, pa.string()))
    doubtful = replace(plan, samples=samples)
    options = ("--epochs", "2", "--network", "lite0", "--size", "64", "--rate", "0.001", "--doubted", "leave-out")
    lines = trained(doubtful, folder, tmp_path, *options)
    assert lines[0] == "23 training samples, batches of 8, lite0 at 64 pixels"
    assert lines[-1].startswith("test: balanced accuracy ")


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
