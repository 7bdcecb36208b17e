"""A plan as torch objects."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from datacheck.errors import PlanError, StorageError
from datacheck.manifest import Manifest
from datacheck.plan import PlanItem, TrainingPlan, make_plan
from datacheck.storage import write_table

torch = pytest.importorskip("torch")

N = 40


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (N, 16, 16, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def labels() -> list[str]:
    return ["cat" if row % 4 else "dog" for row in range(N)]


def planned(labels: list[str], images: np.ndarray, *items: PlanItem) -> TrainingPlan:
    split = ["test" if row % 5 == 4 else "train" for row in range(N)]
    plan = make_plan(Manifest.from_columns({"label": labels, "split": split}), pixels=images, augment=False, n_seeds=1)
    kept = tuple(item for item in plan.items if item.kind not in {item.kind for item in items})
    return replace(plan, items=(*kept, *items))


def dataset_of(images: np.ndarray, labels: list[str]) -> list[tuple[np.ndarray, str]]:
    return list(zip(images, labels, strict=True))


def rebalanced(**settings: dict[str, float]) -> PlanItem:
    return PlanItem(kind="rebalance", name="chosen", verdict="use", summary="", settings=settings)


def flip(*, avoided: tuple[str, ...] = ()) -> PlanItem:
    settings = {
        "family": "horizontal_flip",
        "strength": 1.0,
        "probability": 1.0,
        "applied": True,
        "avoid_classes": avoided,
    }
    return PlanItem(kind="augment", name="horizontal_flip", verdict="use", summary="", settings=settings)


def test_loss_weights_and_logit_adjustment_enter_the_loss(labels, images) -> None:
    plan = planned(
        labels, images, rebalanced(loss_weights={"cat": 0.5, "dog": 2.0}, logit_adjustment={"cat": 1.0, "dog": -1.0})
    )
    assert plan.loss_weights().tolist() == [0.5, 2.0]
    assert plan.logit_adjustment().tolist() == [1.0, -1.0]
    logits, codes = torch.tensor([[0.3, -0.2], [1.0, 2.0]]), torch.tensor([0, 1])
    expected = torch.nn.functional.cross_entropy(
        logits + torch.tensor([1.0, -1.0]), codes, weight=torch.tensor([0.5, 2.0])
    )
    assert plan.loss()(logits, codes).item() == pytest.approx(expected.item())


def test_where_nothing_is_recommended_the_loss_is_plain_and_the_sampler_shuffles(labels, images) -> None:
    nothing = PlanItem(kind="rebalance", name="none", verdict="none helps", summary="")
    plan = planned(labels, images, nothing)
    assert plan.loss_weights().tolist() == [1.0, 1.0]
    assert plan.logit_adjustment().tolist() == [0.0, 0.0]
    train = plan.subset("train", dataset_of(images, labels))
    assert sorted(plan.sampler(train, seed=0)) == list(range(len(train)))
    assert list(plan.sampler(train, seed=0)) == list(plan.sampler(train, seed=0))
    assert len(list(plan.sampler(train, n_draws=500))) == 500
    test = plan.subset("test", dataset_of(images, labels))
    assert sorted(plan.sampler(test, seed=0)) == list(range(len(test)))


def test_the_sampler_draws_by_the_weights(labels, images) -> None:
    plan = planned(labels, images)
    weight = np.where(plan.samples["planned_split"].to_numpy() == "train", 1.0, 0.0)
    weight[np.array(labels) == "dog"] *= 9
    column = plan.samples.column_names.index("weight")
    plan = replace(plan, samples=plan.samples.set_column(column, plan.samples.schema.field("weight"), [weight]))
    dataset = dataset_of(images, labels)
    train, rows = plan.subset("train", dataset), plan.rows("train")
    n_dogs, n_cats = (sum(labels[row] == name for row in rows) for name in ("dog", "cat"))
    for drawn in (
        rows[list(plan.sampler(train, seed=0, n_draws=4000))],
        list(plan.sampler(dataset, seed=0, n_draws=4000)),
    ):
        share = np.mean([labels[row] == "dog" for row in drawn])
        assert share == pytest.approx(9 * n_dogs / (9 * n_dogs + n_cats), abs=0.03)
        assert set(drawn) <= set(rows.tolist())
    assert list(plan.sampler(train, seed=0)) == list(plan.sampler(train, seed=0))
    unrepaired = replace(plan, samples=plan.samples.set_column(4, "split", plan.samples["planned_split"]))
    given = unrepaired.subset("train", dataset, repaired=False)
    given.located.rows[0] = plan.rows("test")[0]
    with pytest.raises(PlanError, match="1 of the subset's 32 samples are not in the plan's training split"):
        plan.sampler(given)


def test_the_transform_leaves_out_the_classes_that_a_flip_would_change(labels, images) -> None:
    plan = planned(labels, images, flip(avoided=("dog",)))
    transform, plain = plan.train_transform(), plan.eval_transform()
    mirrored = plain(images[0][:, ::-1].copy())
    torch.testing.assert_close(transform(images[0], "cat"), mirrored)
    torch.testing.assert_close(transform(images[0], 0), mirrored)
    torch.testing.assert_close(transform(images[0], "dog"), plain(images[0]))
    assert "horizontal_flip p=1 not for ['dog']" in repr(transform)


def test_transforms_normalise_by_the_plan_and_take_any_image(labels, images) -> None:
    plan = planned(labels, images)
    settings = plan.item("normalise").settings
    found = plan.eval_transform()(images[3])
    expected = (images[3] / 255 - settings["mean"]) / settings["std"]
    np.testing.assert_allclose(found.numpy().transpose(1, 2, 0), expected, atol=1e-5)
    as_tensor = torch.from_numpy(images[3].transpose(2, 0, 1).copy())
    for same in (Image.fromarray(images[3]), as_tensor, as_tensor.float() / 255):
        torch.testing.assert_close(plan.eval_transform()(same), found)
    assert plan.eval_transform(size=8)(images[3]).shape == (3, 8, 8)
    assert plan.eval_transform()(images[3][..., 0]).shape == (3, 16, 16)


def test_a_subset_is_a_split_with_its_transform(labels, images) -> None:
    plan = planned(labels, images, flip())
    dataset = dataset_of(images, labels)
    train, test = plan.subset("train", dataset), plan.subset("test", dataset)
    assert (len(train), len(test)) == (32, 8)
    x, code = test[0]
    torch.testing.assert_close(x, plan.eval_transform()(images[4]))
    assert code == plan.classes.index(labels[4])
    torch.testing.assert_close(train[0][0], plan.eval_transform()(images[0][:, ::-1].copy()))
    torch.testing.assert_close(plan.subset("train", dataset, augment=False)[0][0], plan.eval_transform()(images[0]))
    loader = torch.utils.data.DataLoader(train, batch_size=8, sampler=plan.sampler(train))
    assert sum(len(y) for _, y in loader) == 32


def test_bad_input_is_named(labels, images) -> None:
    plan = planned(labels, images, flip())
    dataset = dataset_of(images, labels)
    with pytest.raises(PlanError, match="made for 40 samples, the dataset has 39"):
        plan.subset("train", dataset[:39])
    with pytest.raises(PlanError, match="knows no class 'cow'"):
        plan.train_transform()(images[0], "cow")
    swapped = [dataset[1], *dataset[1:]]
    with pytest.raises(PlanError, match="sample '00' is 'dog' in the plan and 'cat' in the dataset"):
        plan.subset("train", swapped)[0]
    for wrong in (torch.randn(3, 8, 8), images[0].astype(np.float32), images[0].astype(np.int64)):
        with pytest.raises(PlanError, match=r"expected an image of uint8.*, found (floats from|torch.int64)"):
            plan.eval_transform()(wrong)
    with pytest.raises(PlanError, match="expected a PIL image, an array or a tensor, found str"):
        plan.eval_transform()("photo.png")
    unknown = replace(flip(), settings={**flip().settings, "family": "teleport"})
    with pytest.raises(PlanError, match="'teleport' that this datacheck does not know"):
        replace(plan, items=(*plan.items, unknown)).train_transform()
    blind = make_plan(Manifest.from_columns({"label": labels}))
    with pytest.raises(PlanError, match="no normalisation"):
        blind.train_transform()


def test_without_torch_the_error_says_what_to_install(labels, images, tmp_path: Path) -> None:
    planned(labels, images).save(tmp_path)
    code = (
        "import sys\n"
        "class NoTorch:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'torch': raise ModuleNotFoundError(name, name=name)\n"
        "sys.meta_path.insert(0, NoTorch())\n"
        "from datacheck.plan import TrainingPlan\n"
        "from datacheck.errors import MissingExtraError\n"
        "plan = TrainingPlan.load(sys.argv[1])\n"
        "try: plan.loss_weights()\n"
        "except MissingExtraError as error: print(error)"
    )
    found = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, capture_output=True, text=True)
    assert "pip install 'datacheck-audit[probe]'" in found.stdout


def test_labels_transforms_and_exclusions_are_applied_by_sample_id(images: np.ndarray, labels: list[str]) -> None:
    plan = planned(labels, images)
    ids = plan.samples["sample_id"].to_pylist()
    order = np.random.default_rng(0).permutation(N)
    train = plan.subset("train", [(images[row], labels[row]) for row in order], paths=[ids[row] for row in order])
    first, second = train.sample_ids[:2]
    changed = train.with_labels({first: "dog" if labels[ids.index(first)] == "cat" else "cat", "elsewhere": "cat"})
    assert [changed[0][1], changed[1][1]] == [1 - train[0][1], train[1][1]]
    rest = changed.without([second])
    assert (len(rest), rest.sample_ids[0]) == (len(train) - 1, first)
    assert rest[0][1] == changed[0][1]
    assert torch.equal(rest[1][0], train[2][0])
    named = changed.with_transform(lambda image, label: label)
    assert named[0][0] != labels[ids.index(first)]
    assert len(list(plan.sampler(rest, seed=0))) == len(rest)
    with pytest.raises(PlanError, match="the plan knows no class 'bird'"):
        train.with_labels({first: "bird"})


def test_answers_of_people_are_read_from_the_run_folder(images: np.ndarray, labels: list[str], tmp_path: Path) -> None:
    plan = planned(labels, images)
    assert plan.answers(tmp_path) == {}
    table = pa.table({"sample_id": ["0", "1"], "new": ["dog", None], "decision": ["label", "skip"]})
    write_table(tmp_path / "relabels.parquet", table, {"identity": plan.identity})
    assert plan.answers(tmp_path) == {"0": "dog"}
    write_table(tmp_path / "relabels.parquet", table, {"identity": "another"})
    with pytest.raises(StorageError, match="they are about another dataset"):
        plan.answers(tmp_path)
    assert plan.doubted() == {}
