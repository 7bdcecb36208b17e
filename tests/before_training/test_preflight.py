"""Each bug, planted in a working loader or model over real JPEGs, is found; clean loaders are silent."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import (
    BatchSampler,
    ConcatDataset,
    DataLoader,
    Dataset,
    RandomSampler,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    random_split,
)
from torchvision import transforms
from torchvision.datasets import ImageFolder

import datacheck
from datacheck.findings import NotApplicable, Passed, Severity
from datacheck.report import Report

from .photos import (
    CLASSES,
    MEAN,
    NORMALISE,
    STD,
    AsMapping,
    Pairs,
    folders,
    loaders,
    network,
    pairs,
    plain,
    write_photos,
)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_photos(tmp_path_factory.mktemp("photos"))


@pytest.fixture(scope="module")
def audited(root: Path) -> Report:
    return datacheck.audit(root, duplicates="exact")


def codes(report: Report, at_least: Severity = Severity.WARNING) -> list[str]:
    """Return the codes of the findings from a severity on; no rule may crash."""
    assert not report.failed, report.failed
    return sorted(each.code for each in report.findings if each.severity >= at_least)


def message(report: Report, code: str) -> str:
    """Return the message of a finding."""
    return next(each.message for each in report.findings if each.code == code)


class TestCleanLoaders:
    def test_image_folders(self, root: Path, audited: Report) -> None:
        report = datacheck.preflight(*loaders(*folders(root)), network(), audit=audited)
        assert codes(report) == []
        passed = {each.code for each in report.with_status("passed")}
        assert {"DC901", "DC902", "DC908", "DC909", "DC913", "DC914", "DC916", "DC917"} <= passed

    def test_two_lists_without_normalisation(self, root: Path, audited: Report) -> None:
        report = datacheck.preflight(*loaders(pairs(root, "train"), pairs(root, "val")), network(), audit=audited)
        assert codes(report) == []
        assert {"DC901", "DC908", "DC909"} <= {each.code for each in report.with_status("passed")}

    def test_mappings_and_random_augmentation(self, root: Path, audited: Report) -> None:
        augmented = transforms.Compose(
            [
                transforms.RandomResizedCrop(48, (0.6, 1.0)),
                transforms.RandomHorizontalFlip(),
                transforms.ToTensor(),
                NORMALISE,
            ]
        )
        train, val = folders(root, augmented, plain(NORMALISE))
        report = datacheck.preflight(*loaders(AsMapping(train), AsMapping(val), num_workers=2), audit=audited)
        assert codes(report) == []

    def test_a_data_module_and_a_plain_dataset(self, root: Path, audited: Report) -> None:
        train, val = loaders(*folders(root))

        class Module:
            def setup(self, stage: str) -> None:
                self.stage = stage

            def train_dataloader(self) -> DataLoader[Any]:
                return train

            def val_dataloader(self) -> list[DataLoader[Any]]:
                return [val]

        assert codes(datacheck.preflight(Module(), audit=audited)) == []
        assert codes(datacheck.preflight(folders(root)[0], audit=audited)) == []


class TestSamples:
    def test_labels_that_are_shifted_by_one(self, root: Path, audited: Report) -> None:
        train = pairs(root, "train")
        order = np.random.default_rng(0).permutation(len(train)).tolist()
        shifted = Pairs([train.names[k] for k in order], [train.numbers[k] for k in [*order[1:], order[0]]])
        report = datacheck.preflight(loaders(shifted, pairs(root, "val"))[0], audit=audited)
        assert codes(report) == ["DC901"]
        evidence = report.findings[0].evidence
        assert evidence["n_compared"] >= 90
        expected = sum(
            one != other for one, other in zip(shifted.numbers, [train.numbers[k] for k in order], strict=True)
        )
        assert evidence["n_wrong"] == expected

    def test_some_labels_are_wrong(self, root: Path, audited: Report) -> None:
        train = pairs(root, "train")
        for item in range(0, 96, 12):
            train.numbers[item] = (train.numbers[item] + 1) % 3
        report = datacheck.preflight(loaders(train, pairs(root, "val"), batch_size=32)[0], audit=audited)
        assert codes(report) == ["DC901"]
        assert message(report, "DC901").startswith("8 of 96 images")

    def test_classes_in_another_order_are_not_wrong(self, root: Path, audited: Report) -> None:
        train = pairs(root, "train")
        train.numbers = [(number + 1) % 3 for number in train.numbers]
        train.classes = [CLASSES[(number - 1) % 3] for number in range(3)]  # type: ignore[attr-defined]
        assert codes(datacheck.preflight(loaders(train, pairs(root, "val"))[0], audit=audited)) == []

    def test_validation_files_in_training(self, root: Path, audited: Report) -> None:
        train, val = folders(root)
        report = datacheck.preflight(*loaders(ConcatDataset([train, val]), val), audit=audited)
        assert codes(report) == ["DC902"]
        assert message(report, "DC902").startswith("36 of 36 files of the validation loader")

    def test_a_split_drawn_twice(self, root: Path, audited: Report) -> None:
        whole = folders(root)[0]
        train, _ = random_split(whole, [80, 16], torch.Generator().manual_seed(1))
        _, val = random_split(whole, [80, 16], torch.Generator().manual_seed(2))
        assert codes(datacheck.preflight(*loaders(train, val), audit=audited)) == ["DC902"]

    def test_samplers_of_two_parts_of_one_dataset(self, root: Path, audited: Report) -> None:
        whole = folders(root)[0]
        train = DataLoader(whole, 16, sampler=SubsetRandomSampler(range(0, 80)))
        val = DataLoader(whole, 16, sampler=SubsetRandomSampler(range(80, 96)))
        report = datacheck.preflight(train, val, audit=audited)
        assert codes(report) == []
        assert "DC902" in {each.code for each in report.with_status("passed")}
        val = DataLoader(whole, 16, sampler=SubsetRandomSampler(range(70, 96)))
        report = datacheck.preflight(train, val, audit=audited)
        assert message(report, "DC902").startswith("10 of 26 files of the validation loader")

    def test_parts_of_one_dataset_without_files(self) -> None:
        whole = TensorDataset(torch.rand(96, 3, 8, 8), torch.arange(96) % 3)
        train, val = random_split(whole, [80, 16], torch.Generator().manual_seed(1))
        assert codes(datacheck.preflight(*loaders(train, val))) == []
        _, again = random_split(whole, [80, 16], torch.Generator().manual_seed(2))
        report = datacheck.preflight(*loaders(train, again))
        assert codes(report) == ["DC902"]
        n_both = len(set(train.indices) & set(again.indices))
        assert message(report, "DC902").startswith(f"{n_both} of 16 items of the validation loader")

    def test_crops_of_training_are_not_judged_by_validation(self, root: Path, audited: Report) -> None:
        crops = transforms.RandomResizedCrop(48, (0.3, 1.0))
        train = pairs(root, "train")
        train.numbers = [*train.numbers[1:], train.numbers[0]]
        changed = Changed(train, lambda image: crops(image.flip(0)))
        report = datacheck.preflight(*loaders(changed, pairs(root, "val")), audit=audited)
        assert codes(report) == []
        unknown = {each.code for each in report.with_status("not-applicable")}
        assert {"DC901", "DC902", "DC908", "DC909"} <= unknown

    def test_classes_that_are_joined_on_purpose(self, root: Path, audited: Report) -> None:
        train, val = (
            ImageFolder(str(root / split), plain(NORMALISE), target_transform=lambda label: min(label, 1))
            for split in ("train", "val")
        )
        report = datacheck.preflight(*loaders(train, val), network(2), audit=audited)
        assert [code for code in codes(report) if code != "DC903"] == []
        assert "DC901" in {each.code for each in report.with_status("not-applicable")}

    def test_swapped_weights_of_a_sampler(self, root: Path, audited: Report) -> None:
        train, _val = folders(root)
        weights = [8.0 if label == 0 else 0.5 for label in train.targets]
        sampler = WeightedRandomSampler(weights, 192, generator=torch.Generator().manual_seed(0))
        report = datacheck.preflight(DataLoader(train, 16, sampler=sampler), audit=audited)
        assert codes(report) == ["DC903"]
        assert "'box' 9" in message(report, "DC903")

    def test_a_loader_that_does_not_shuffle(self, root: Path, audited: Report) -> None:
        report = datacheck.preflight(*loaders(*folders(root), shuffle=False), audit=audited)
        assert codes(report) == ["DC904"]

    def test_workers_with_the_same_random_numbers(self, root: Path, audited: Report) -> None:
        class Noisy(Dataset[Any]):
            def __init__(self, inner: Dataset[Any]) -> None:
                self.inner, self.rng = inner, np.random.default_rng(0)

            def __len__(self) -> int:
                return len(self.inner)  # type: ignore[arg-type]

            def __getitem__(self, item: int) -> Any:
                image, label = self.inner[item]
                return image + 0.01 * float(self.rng.standard_normal()), label

        train, _val = loaders(Noisy(pairs(root, "train")), pairs(root, "val"), num_workers=2)
        report = datacheck.preflight(train, audit=audited)
        assert codes(report) == ["DC905"]
        assert message(report, "DC905").startswith("2 workers give 4 different readings of one item in 8")


class Changed(Dataset[Any]):
    """A dataset whose images go through a function."""

    def __init__(self, inner: Dataset[Any], change: Any, label: Any = None) -> None:
        self.inner, self.change, self.label = inner, change, label

    def __len__(self) -> int:
        return len(self.inner)  # type: ignore[arg-type]

    def __getitem__(self, item: int) -> Any:
        image, label = self.inner[item]
        return self.change(image), label if self.label is None else self.label(label)


class TestValues:
    @pytest.mark.parametrize(
        ("change", "found"),
        [
            (lambda image: torch.where(image > 0.9, torch.nan, image), ["DC906", "DC906"]),
            (lambda image: torch.zeros_like(image), ["DC906", "DC906"]),
            (lambda image: (image * 255).to(torch.uint8), ["DC906", "DC906", "DC909", "DC909"]),
            (lambda image: image.permute(1, 2, 0), ["DC907", "DC907"]),
            (lambda image: image.flip(0), ["DC908", "DC908"]),
            (lambda image: image / 255, ["DC909", "DC909"]),
            (lambda image: NORMALISE(NORMALISE(image)), ["DC909", "DC909"]),
            (lambda image: NORMALISE(image * 255), ["DC909", "DC909"]),
        ],
    )
    def test_changes_of_both_loaders(self, root: Path, audited: Report, change: Any, found: list[str]) -> None:
        train, val = (Changed(pairs(root, split), change) for split in ("train", "val"))
        assert codes(datacheck.preflight(*loaders(train, val), audit=audited)) == found

    def test_opencv_without_conversion(self, root: Path, audited: Report) -> None:
        train = DataLoader(pairs(root, "train", convert=False), 16, shuffle=True)
        assert codes(datacheck.preflight(train, audit=audited)) == ["DC908"]

    def test_only_training_is_normalised(self, root: Path, audited: Report) -> None:
        report = datacheck.preflight(*loaders(*folders(root, plain(NORMALISE), plain())), audit=audited)
        assert codes(report) == ["DC910"]
        assert message(report, "DC910").startswith("training and validation images are normalised differently: std 0.2")

    def test_another_range_without_an_audit(self, root: Path) -> None:
        train, val = pairs(root, "train"), pairs(root, "val", scale=1.0)
        report = datacheck.preflight(*loaders(train, val))
        assert codes(report) == ["DC906", "DC910"]
        assert message(report, "DC906").startswith("values in 'val' lie between 0 and 2")

    def test_one_transform_for_both_parts_of_a_split(self, root: Path, audited: Report) -> None:
        train, val = random_split(folders(root)[0], [80, 16], torch.Generator().manual_seed(0))
        val.dataset.transform = transforms.Compose([transforms.RandomResizedCrop(48), transforms.ToTensor(), NORMALISE])
        assert codes(datacheck.preflight(*loaders(train, val), audit=audited)) == ["DC911"]

    @pytest.mark.parametrize(
        ("label", "found"),
        [
            (lambda label: label + 1, "labels in 'train' reach 3, and the model has 3 outputs (0 to 2)"),
            (lambda label: float(label), "labels in 'train' are decimal numbers (float64)"),
            (lambda label: label - 1, "labels in 'train' go down to -1"),
        ],
    )
    def test_labels_of_another_form(self, root: Path, label: Any, found: str) -> None:
        train = Changed(pairs(root, "train"), lambda image: image, label)
        report = datacheck.preflight(DataLoader(train, 16, shuffle=True), model=network())
        assert "DC912" in codes(report)
        assert message(report, "DC912").startswith(found)

    def test_one_hot_labels_are_information(self, root: Path) -> None:
        train = Changed(pairs(root, "train"), lambda image: image, lambda label: torch.eye(3)[label])
        report = datacheck.preflight(DataLoader(train, 16, shuffle=True), model=network())
        assert codes(report) == []
        assert "DC912" in codes(report, Severity.INFO)


class MeanOverBatch(nn.Module):
    """Takes the mean over the batch in forward."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = network()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        output = self.inner(images)
        return output - 2 * output.mean(dim=0, keepdim=True)


class Unused(nn.Module):
    """Has a layer that forward does not use."""

    def __init__(self) -> None:
        super().__init__()
        self.inner, self.extra = network(), nn.Linear(4, 4)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.inner(images)


class Detached(nn.Module):
    """Detaches its features, and its head is frozen at zero."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.bias = network(), nn.Parameter(torch.zeros(3))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return 0.0 * self.body(images).detach() + 1e-6 * self.bias


def scaled(factor: float) -> nn.Sequential:
    """Return the network with a last layer that starts too large."""
    model = network()
    with torch.no_grad():
        model[-1].weight.mul_(factor)
    return model


def dead() -> nn.Sequential:
    """Return a network whose activation gives only zeros."""
    model = network()
    with torch.no_grad():
        model[1].bias.fill_(-100)
    return model


def starts_at_zero() -> nn.Sequential:
    """Return a network whose last layer is zero, as people start heads and residual branches."""
    model = network()
    nn.init.zeros_(model[-1].weight)
    nn.init.zeros_(model[-1].bias)
    return nn.Sequential(*model, nn.Dropout(0.1))


class Counting(nn.Module):
    """Keeps a queue in a buffer that forward replaces, and counts in an attribute."""

    def __init__(self, copied: bool) -> None:
        super().__init__()
        self.inner, self.seen = network(), 0
        self.register_buffer("queue", torch.zeros(0, 3))
        self.held = None if copied else (each for each in ())

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.seen += len(images)
        output = self.inner(images)
        self.queue = torch.cat([self.queue, output.detach()])
        return output


class Noisy(Dataset[Any]):
    """Draws from four generators of its own."""

    def __init__(self, inner: Dataset[Any]) -> None:
        self.inner, self.numbers = inner, np.random.default_rng(0)
        self.options = {"old": np.random.RandomState(0), "python": random.Random(0)}
        generator = torch.Generator().manual_seed(0)
        self.more = transforms.Compose([lambda image: image + 0.01 * torch.rand(1, generator=generator)])
        self.generator = generator

    def __len__(self) -> int:
        return len(self.inner)  # type: ignore[arg-type]

    def __getitem__(self, item: int) -> Any:
        image, label = self.inner[item]
        noise = self.numbers.random() + self.options["old"].rand() + self.options["python"].random()
        return self.more(image) + 0.01 * noise, label

    def states(self) -> list[str]:
        return [
            str(self.numbers.bit_generator.state),
            str(self.options["old"].get_state()[1].tolist()),
            str(self.options["python"].getstate()),
            str(self.generator.get_state().tolist()),
        ]


class TestModels:
    @pytest.mark.parametrize(
        ("model", "found"),
        [
            (network(2), ["DC912", "DC913", "DC913", "DC913"]),
            (network().requires_grad_(False), ["DC916"]),
            (starts_at_zero(), []),
            (nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten()), ["DC913", "DC913"]),
            (scaled(1000.0), ["DC914"]),
            (nn.Sequential(*network(), nn.Softmax(dim=1)), ["DC915"]),
            (Unused(), ["DC916"]),
            (MeanOverBatch(), ["DC917"]),
            (dead(), ["DC916", "DC918"]),
        ],
    )
    def test_faults_of_models(self, root: Path, audited: Report, model: nn.Module, found: list[str]) -> None:
        report = datacheck.preflight(loaders(*folders(root))[0], model=model, audit=audited)
        assert codes(report) == found

    def test_one_batch_is_learned_by_heart_only_where_that_is_asked(self, root: Path) -> None:
        train = loaders(*folders(root), batch_size=8)[0]
        report = datacheck.preflight(train, model=Detached(), overfit=True, budget="5s", select=["DC919"])
        assert codes(report) == ["DC919"]
        head = nn.Sequential(nn.Flatten(), nn.Linear(3 * 48 * 48, 3))
        report = datacheck.preflight(train, model=head, overfit=True, budget="20s", select=["DC919"])
        assert codes(report) == []
        assert datacheck.preflight(train, model=head, select=["DC919"]).with_status("not-applicable")

    def test_everything_is_as_it_was(self, root: Path, audited: Report) -> None:
        model, (train, val) = network().train(), loaders(*folders(root))
        model[1].eval()
        before = {name: value.clone() for name, value in model.state_dict().items()}
        random.seed(3)
        np.random.seed(3)  # noqa: NPY002
        torch.manual_seed(3)
        python, cpu, generator = random.getstate(), torch.get_rng_state(), train.generator.get_state()
        numbers = np.random.get_state()[1].copy()  # noqa: NPY002
        datacheck.preflight(train, val, model, audit=audited, overfit=True, budget="5s")
        assert random.getstate() == python
        assert (np.random.get_state()[1] == numbers).all()  # noqa: NPY002
        assert torch.equal(torch.get_rng_state(), cpu)
        assert torch.equal(train.generator.get_state(), generator)
        assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
        assert model.training
        assert not model[1].training
        assert all(each.grad is None for each in model.parameters())
        assert not any(module._forward_hooks for module in model.modules())

    def test_a_loss_of_numbers_needs_no_output_for_each_class(self, root: Path, audited: Report) -> None:
        one = nn.Sequential(*network(1), nn.Flatten(0))
        numbers = Changed(pairs(root, "train"), lambda image: image, float)
        report = datacheck.preflight(DataLoader(numbers, 16, shuffle=True), None, one, nn.MSELoss(), audit=audited)
        assert [code for code in codes(report) if code in ("DC912", "DC913")] == []
        report = datacheck.preflight(DataLoader(numbers, 16, shuffle=True), model=network(1), loss=nn.MSELoss())
        assert "the loss raised UserWarning: Using a target size" in message(report, "DC913")

    def test_the_generators_of_a_dataset_and_its_samplers_are_as_they_were(self, root: Path, audited: Report) -> None:
        noisy = Noisy(pairs(root, "train"))
        generator = torch.Generator().manual_seed(4)
        batches = BatchSampler(RandomSampler(noisy, generator=generator), 16, False)
        before = [*noisy.states(), str(generator.get_state().tolist())]
        datacheck.preflight(DataLoader(noisy, batch_sampler=batches), audit=audited)
        assert [*noisy.states(), str(generator.get_state().tolist())] == before

    @pytest.mark.parametrize("copied", [True, False])
    def test_what_forward_replaces_is_as_it_was(self, root: Path, copied: bool) -> None:
        model = Counting(copied)
        weights = {name: value.clone() for name, value in model.state_dict().items()}
        report = datacheck.preflight(loaders(*folders(root))[0], model=model)
        assert (model.seen, len(model.queue)) == (0, 0)
        assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())
        assert all(each.grad is None for each in model.parameters())
        gradient = next(each for each in report.outcomes if each.code == "DC916").outcome
        assert isinstance(gradient, Passed if copied else NotApplicable)
        assert copied or "cannot be copied" in gradient.reason

    def test_a_loss_with_weights_of_its_own_gets_no_gradient(self, root: Path) -> None:
        class Margin(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.centres = nn.Parameter(torch.eye(3))

            def forward(self, output: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
                return nn.functional.cross_entropy(output @ self.centres, labels)

        loss = Margin()
        datacheck.preflight(loaders(*folders(root))[0], model=network(), loss=loss)
        assert loss.centres.grad is None


class Broken(Dataset[Any]):
    """Has one file that cannot be read."""

    def __len__(self) -> int:
        return 64

    def __getitem__(self, item: int) -> Any:
        if item == 11:
            raise OSError("11.jpg is cut off")
        return torch.rand(3, 8, 8), item % 3


class TestResults:
    @pytest.mark.parametrize("workers", [0, 2])
    def test_a_dataset_that_raises_is_said_with_the_item(self, workers: int) -> None:
        whole = TensorDataset(torch.rand(64, 3, 8, 8), torch.arange(64) % 3)
        broken = DataLoader(Broken(), 8, num_workers=workers)
        said = r"raised OSError at item 11 of the dataset, in batch 1: .*11\.jpg is cut off"
        with pytest.raises(datacheck.PreflightError, match="train loader: expected .*" + said):
            datacheck.preflight(broken)
        with pytest.raises(datacheck.PreflightError, match="val loader: expected .*" + said):
            datacheck.preflight(DataLoader(whole, 8, shuffle=True), broken)

    def test_a_generator_is_refused_and_keeps_its_batches(self) -> None:
        generator = ((torch.rand(4, 3, 8, 8), torch.arange(4)) for _ in range(5))
        with pytest.raises(
            datacheck.PreflightError, match="expected a loader that can be read again, found a generator"
        ):
            datacheck.preflight(generator)
        assert len(list(generator)) == 5

    def test_a_list_of_batches_is_a_loader(self) -> None:
        batches = [(torch.rand(16, 3, 8, 8), torch.randperm(16) % 3) for _ in range(8)]
        report = datacheck.preflight(batches, model=network())
        assert codes(report) == []
        assert "DC913" in {each.code for each in report.with_status("passed")}

    def test_labels_that_are_texts_are_named_by_the_loss(self) -> None:
        texts = [(torch.rand(3, 8, 8), ("a", "b")[item % 2]) for item in range(32)]
        report = datacheck.preflight(texts, model=network())
        assert message(report, "DC913").startswith("in training mode the loss raised TypeError")

    def test_wrong_arguments_are_named(self) -> None:
        with pytest.raises(datacheck.PreflightError, match="expected a DataLoader"):
            datacheck.preflight(7)
        with pytest.raises(datacheck.PreflightError, match="expected batches"):
            datacheck.preflight([{"words": 1}])
        with pytest.raises(datacheck.PreflightError, match="expected at least one batch"):
            datacheck.preflight([])
        with pytest.raises(datacheck.PreflightError, match=r"audit: expected the report of an audit.*, found int"):
            datacheck.preflight([(torch.zeros(3, 8, 8), 0)] * 4, audit=42)  # type: ignore[arg-type]
        with pytest.raises(datacheck.PreflightError, match=r"model: expected a torch\.nn\.Module, found str"):
            datacheck.preflight([(torch.zeros(3, 8, 8), 0)] * 4, model="resnet")

    def test_a_report_like_that_of_an_audit(self, root: Path, audited: Report, tmp_path: Path) -> None:
        train, _ = loaders(*folders(root), shuffle=False)
        report = datacheck.preflight(train, audit=audited, out=tmp_path / "run")
        assert (report.exit_code(), report.exit_code(Severity.WARNING)) == (0, 1)
        assert Report.load(tmp_path / "run").findings[0].code == "DC904"
        assert "DC904" in (tmp_path / "run" / "report.html").read_text()

    def test_the_means_in_use_are_recovered(self, root: Path, audited: Report) -> None:
        from datacheck.before_training.look import look

        context = look(*loaders(*folders(root)), manifest=audited.manifest)
        found = context.train.found
        assert found is not None
        assert (found.row >= 0).mean() > 0.95
        assert found.row[found.expected >= 0].tolist() == found.expected[found.expected >= 0].tolist()
        assert np.allclose(found.std, STD, rtol=0.05)
        assert np.allclose(found.mean, MEAN, atol=0.02)
        assert found.fit > 0.99
