"""Every sample of the plan is found by its file or its id, and whatever cannot be found is refused."""

from __future__ import annotations

import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import datacheck
from datacheck.errors import PlanError
from datacheck.manifest import Manifest
from datacheck.plan import TrainingPlan, make_plan
from datacheck.plan.matching import match_dataset
from datacheck.scanning import scan

torch = pytest.importorskip("torch")
datasets = pytest.importorskip("torchvision.datasets")
data = torch.utils.data

COUNTS = {"train": {"cat": 13, "dog": 22}, "val": {"cat": 12, "dog": 11}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Unpadded numbers, so that text order (0, 1, 10) differs from natural order; a copy, so that a row is dropped."""
    root = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for split, classes in COUNTS.items():
        for name, count in classes.items():
            (root / split / name).mkdir(parents=True)
            for number in range(count):
                pixels = rng.integers(0, 256, (40, 40, 3)).astype(np.uint8)
                Image.fromarray(pixels).save(root / split / name / f"{number}.png")
    copy = root / "train" / "dog" / "11.png"
    copy.write_bytes((root / "train" / "dog" / "3.png").read_bytes())
    return root


@pytest.fixture(scope="module")
def plan(folder: Path) -> TrainingPlan:
    manifest = datacheck.open(folder)
    scanned = scan(manifest)
    return make_plan(manifest, measurements=scanned.measurements, augment=False, n_seeds=1)


def image_folder(path: Path, opened: list[str] | None = None) -> Any:
    """Return an ``ImageFolder`` that notes the split, class and name of each file that it loads."""

    def load(file: str) -> Image.Image:
        if opened is not None:
            opened.append("/".join(Path(file).parts[-3:]))
        with Image.open(file) as image:
            return image.convert("RGB")

    return datasets.ImageFolder(str(path), loader=load)


def wanted(plan: TrainingPlan, split: str) -> list[str]:
    return [plan.samples["sample_id"][int(row)].as_py() for row in plan.rows(split)]


def load_all(subset: Any) -> list[int]:
    return [subset[position][1] for position in range(len(subset))]


@pytest.mark.parametrize("way", ["one split", "joined", "mapping", "shuffled", "a path with dots", "subset of all"])
@pytest.mark.parametrize("split", ["train", "val"])
def test_every_row_reaches_its_own_file(plan: TrainingPlan, folder: Path, way: str, split: str) -> None:
    opened: list[str] = []
    folders = {name: image_folder(folder / name, opened) for name in COUNTS}
    joined = data.ConcatDataset([folders["val"], folders["train"]])
    order = np.random.default_rng(0).permutation(len(joined)).tolist()
    dataset = {
        "one split": folders[split],
        "joined": joined,
        "mapping": folders,
        "shuffled": data.Subset(joined, order),
        "a path with dots": image_folder(folder / "train" / ".." / split, opened),
        "subset of all": data.Subset(data.Subset(joined, order), list(range(len(joined)))[::-1]),
    }[way]
    codes = load_all(plan.subset(split, dataset))
    assert opened == wanted(plan, split)
    assert [plan.classes[code] for code in codes] == [path.split("/")[1] for path in opened]


def test_a_file_that_the_plan_drops_is_not_loaded(plan: TrainingPlan, folder: Path) -> None:
    assert len(plan.rows("train")) == 34
    train = plan.subset("train", image_folder(folder / "train"))
    assert (len(train), len(plan.subset("train", image_folder(folder / "train"), drop=False))) == (34, 35)


def test_a_renumbered_dataset_gets_the_codes_of_the_plan(plan: TrainingPlan, folder: Path) -> None:
    class Renumbered(datasets.ImageFolder):
        def find_classes(self, directory: str) -> tuple[list[str], dict[str, int]]:
            return ["dog", "cat"], {"dog": 0, "cat": 1}

    dataset = Renumbered(str(folder / "train"))
    codes = load_all(plan.subset("train", dataset))
    assert [plan.classes[code] for code in codes] == [path.split("/")[1] for path in wanted(plan, "train")]
    weights = {"cat": 0.5, "dog": 2.0}
    item = replace(plan.item("rebalance"), verdict="use", settings={"loss_weights": weights, "logit_adjustment": {}})
    weighted = replace(plan, items=(item,))
    assert weighted.loss_weights().tolist() == [0.5, 2.0]
    assert weighted.loss_weights(dataset).tolist() == [2.0, 0.5]
    assert weighted.loss(data.Subset(dataset, [0])).weight.tolist() == [2.0, 0.5]
    with pytest.raises(PlanError, match="its parts number them differently"):
        weighted.loss(data.ConcatDataset([dataset, image_folder(folder / "train")]))
    with pytest.raises(PlanError, match="list does not name its classes"):
        weighted.loss([1, 2])


def test_files_whose_labels_differ_are_refused(plan: TrainingPlan, folder: Path) -> None:
    dataset = image_folder(folder / "train")
    dataset.targets[0] = 1
    dataset.samples[0] = (dataset.samples[0][0], 1)
    with pytest.raises(PlanError, match=r"'train/cat/0.png' is 'cat' in the plan and 'dog' in the dataset \(1 of 35"):
        plan.subset("train", dataset)


def test_another_dataset_of_the_same_names_is_refused(plan: TrainingPlan, folder: Path, tmp_path: Path) -> None:
    for source in sorted((folder / "train").rglob("*.png")):
        target = tmp_path / "train" / source.relative_to(folder / "train")
        target.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40, 40)).save(target)
    dataset = image_folder(tmp_path / "train")
    with pytest.raises(PlanError, match="another dataset with files of the same names, or changed since"):
        plan.subset("train", dataset)
    relative = [Path(path).relative_to(tmp_path).as_posix() for path, _ in dataset.samples]
    assert len(plan.subset("train", dataset, paths=relative)) == 34


def test_files_that_are_unknown_missing_or_doubled_are_refused(
    plan: TrainingPlan, folder: Path, tmp_path: Path
) -> None:
    train, val = image_folder(folder / "train"), image_folder(folder / "val")
    with pytest.raises(PlanError, match=r"34 of the split's 34 samples are not in the dataset.*ConcatDataset$"):
        plan.subset("train", val)
    part = data.Subset(train, list(range(15)))
    with pytest.raises(PlanError, match=r"19 of the split's 34 samples .* go on with the other 15 \(partial=True\)"):
        plan.subset("train", part)
    assert len(plan.subset("train", part, partial=True)) == 15
    with pytest.raises(PlanError, match="35 files of the plan occur more than once"):
        plan.subset("train", data.ConcatDataset([train, train]))
    Image.new("RGB", (40, 40)).save(tmp_path / "new.png")
    more = image_folder(folder / "train")
    more.samples.append((str(tmp_path / "new.png"), 0))
    more.targets.append(0)
    with pytest.raises(PlanError, match=r"1 of 36 items are unknown to the plan, such as '.*new.png'"):
        plan.subset("train", more)


def test_a_dataset_that_does_not_say_its_files_needs_paths(plan: TrainingPlan, folder: Path) -> None:
    train = image_folder(folder / "train")
    items = [(np.zeros((40, 40, 3), np.uint8), label) for _, label in train.samples]
    with pytest.raises(PlanError, match=r"names each sample by its file, such as 'train/cat/0.png', .* give paths="):
        plan.subset("train", items)
    with pytest.raises(PlanError, match="paths: expected the path of each of the dataset's 35 items, found 34"):
        plan.subset("train", items, paths=[path for path, _ in train.samples][:34])
    subset = plan.subset("train", items, paths=[path for path, _ in train.samples])
    assert [plan.classes[subset[n][1]] for n in range(34)] == [path.split("/")[1] for path in wanted(plan, "train")]


def test_a_sampler_for_a_dataset_of_ones_own_draws_what_the_plan_trains_on(plan: TrainingPlan, folder: Path) -> None:
    train = image_folder(folder / "train")
    drawn = sorted(train.samples[item][0] for item in plan.sampler(train, seed=0))
    assert [Path(path).relative_to(folder).as_posix() for path in drawn] == sorted(wanted(plan, "train"))
    with pytest.raises(PlanError, match="the plan trains on none of the dataset's 23 items"):
        plan.sampler(image_folder(folder / "val"))


def test_samples_in_memory_are_matched_by_their_ids_or_by_their_place_where_that_is_their_id() -> None:
    labels = ["a", "b"] * 30
    by_place = make_plan(Manifest.from_columns({"label": labels}), n_seeds=1)
    assert match_dataset(by_place, labels).rows.tolist() == list(range(60))
    with pytest.raises(PlanError, match="made for 60 samples, the dataset has 59"):
        match_dataset(by_place, labels[1:])
    named = make_plan(Manifest.from_columns({"sample_id": [f"s{n}" for n in range(60)], "label": labels}), n_seeds=1)
    with pytest.raises(PlanError, match="names each sample by its sample, such as 's0'"):
        match_dataset(named, labels)
    assert match_dataset(named, labels, [f"s{n}" for n in range(59, -1, -1)]).rows.tolist() == list(range(59, -1, -1))


def test_ids_of_different_depths_are_resolved_below_one_folder() -> None:
    class Files:
        def __init__(self, paths: list[str]) -> None:
            self.image_paths = paths

        def __len__(self) -> int:
            return len(self.image_paths)

    names = ["x.png", "a/x.png", "b/a/x.png"]
    made = make_plan(Manifest.from_columns({"uri": names, "label": ["k"] * 3}, root=Path("/nowhere")), n_seeds=1)
    assert match_dataset(made, Files([f"/data/{name}" for name in names[::-1]])).rows.tolist() == [2, 1, 0]
    with pytest.raises(PlanError, match=r"can be 'b/a/x.png' or 'a/x.png' or 'x.png' of the plan: give paths="):
        match_dataset(made, Files(["/data/b/a/x.png"]))
    assert match_dataset(made, Files(names)).rows.tolist() == [0, 1, 2]


def test_a_file_of_several_samples_needs_their_ids() -> None:
    columns = {"sample_id": ["left", "right", "b.png"], "uri": ["a.png", "a.png", "b.png"], "label": ["k"] * 3}
    made = make_plan(Manifest.from_columns(columns, root=Path("/nowhere")), n_seeds=1)
    with pytest.raises(
        PlanError, match=r"'a.png' is the file of 2 samples of the plan: give paths=\[...\], the sample_id"
    ):
        match_dataset(made, [1, 2], ["b.png", "a.png"])
    assert match_dataset(made, [1, 2], ["right", "left"]).rows.tolist() == [1, 0]
    assert match_dataset(made, [1], ["b.png"]).rows.tolist() == [2]


@pytest.mark.slow
def test_every_photo_with_an_unpadded_number_is_reached(shared_data: Path, tmp_path: Path) -> None:
    """TrashNet's photos (glass1, glass10 ...), dealt to two splits; the plan's moves are carried out first."""
    rng = np.random.default_rng(0)
    with tarfile.open(shared_data / "trashnet-subset.tar") as archive:
        for member in sorted(archive.getmembers(), key=lambda one: one.name):
            if member.name.endswith(".jpg"):
                split = "val" if rng.random() < 0.25 else "train"
                target = tmp_path / split / Path(member.name).parent.name / Path(member.name).name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(archive.extractfile(member).read())
    manifest = datacheck.open(tmp_path)
    first = make_plan(manifest, measurements=scan(manifest).measurements, augment=False, n_seeds=1)
    for row in first.samples.select(["sample_id", "split", "planned_split"]).to_pylist():
        name, given, planned = row.values()
        if given != planned:
            (tmp_path / name).rename(tmp_path / planned / name.removeprefix(f"{given}/"))
    manifest = datacheck.open(tmp_path)
    plan = make_plan(manifest, measurements=scan(manifest).measurements, augment=False, n_seeds=1)
    opened: list[str] = []
    reached = 0
    for split in plan.splits:
        opened.clear()
        load_all(plan.subset(split, image_folder(tmp_path / split, opened), size=8))
        assert opened == wanted(plan, split)
        reached += len(opened)
    assert reached == 962
