from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datacheck.errors import SourceError
from datacheck.manifest import Manifest, Task
from datacheck.manifest.readers import FileReader, SampleReadError
from datacheck.sources import open_source

from .pets_data import Pets


class Items:
    """A map-style Dataset without torch: channels first, in [0, 1]."""

    classes = ("cat", "dog")

    def __init__(self, images: Any, labels: Any) -> None:
        self.images, self.numbers = images, labels

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, row: int) -> Any:
        return np.moveaxis(self.images[row], -1, 0).astype(np.float32) / 255, int(self.numbers[row])


def test_any_object_with_items(pets: Pets) -> None:
    dataset = Items(pets.images, [["cat", "dog"].index(label) for label in pets.labels])
    manifest = open_source(dataset)
    assert manifest.table["label"].to_pylist() == list(pets.labels)
    assert manifest.classes == ("cat", "dog")
    assert "read item by item, twice" in manifest.took_for
    assert manifest.reader is not None
    assert manifest.reader.workers == "thread"
    np.testing.assert_array_equal(manifest.reader.read("3"), pets.images[3])


def test_items_as_mappings_and_items_that_fail(pets: Pets) -> None:
    class Mapped(Items):
        def __getitem__(self, row: int) -> Any:
            return {"image": self.images[row], "label": self.numbers[row]}

    dataset = Mapped(pets.images, list(pets.labels))
    manifest = open_source(dataset)
    assert manifest.table["label"].to_pylist() == list(pets.labels)
    dataset.images = dataset.images[:2]
    assert manifest.reader is not None
    with pytest.raises(SampleReadError, match="corrupt: item 3: IndexError"):
        manifest.reader.read("3")
    with pytest.raises(SourceError, match=r"expected an item at index 0 of the Dataset Mapped, found IndexError"):
        open_source(Mapped([], [1]))


def test_image_folder_keeps_its_files(pets: Pets, tmp_path: Path) -> None:
    datasets = pytest.importorskip("torchvision.datasets")
    train = datasets.ImageFolder(str(pets.root / "train"))
    manifest = open_source(train)
    assert manifest.root == pets.root / "train"
    assert isinstance(manifest.reader, FileReader)
    assert sorted(manifest.table["uri"].to_pylist()) == ["cat/1.png", "cat/10.png", "cat/2.png", "dog/1.png"]
    both = open_source({"train": train, "val": datasets.ImageFolder(str(pets.root / "valid"))})
    assert both.root == pets.root
    assert dict(zip(both.table["uri"].to_pylist(), both.table["label"].to_pylist(), strict=True)) == dict(
        zip(pets.names, pets.labels, strict=True)
    )
    assert both.splits == ("train", "val")
    both.save(tmp_path / "manifest.parquet")
    assert Manifest.load(tmp_path / "manifest.parquet") == both


def test_tensors_and_subsets(pets: Pets) -> None:
    torch = pytest.importorskip("torch")
    images = torch.tensor(np.moveaxis(pets.images, -1, 1))
    dataset = torch.utils.data.TensorDataset(images, torch.tensor([0, 0, 0, 1, 0, 1]))
    manifest = open_source(dataset, classes=["cat", "dog"])
    assert manifest.table["label"].to_pylist() == list(pets.labels)
    assert manifest.reader is not None
    np.testing.assert_array_equal(manifest.reader.read("5"), pets.images[5])
    part = open_source(torch.utils.data.Subset(dataset, [5, 0]))
    assert part.table["uri"].to_pylist() == ["5", "0"]
    assert part.task is Task.CLASSIFICATION


def test_data_and_targets(pets: Pets) -> None:
    class Cifar(Items):
        data = pets.images
        targets = [["cat", "dog"].index(label) for label in pets.labels]  # noqa: RUF012

        def __getitem__(self, row: int) -> Any:
            raise AssertionError("transforms must not run")

    manifest = open_source(Cifar(None, pets.labels))
    assert manifest.table["label"].to_pylist() == list(pets.labels)


def test_every_source_of_the_same_data_gives_the_same_labels(pets: Pets, tmp_path: Path) -> None:
    """Folder, table, arrays, listing and Dataset agree on label and split of every image."""
    rows = list(zip(pets.names, pets.labels, pets.splits, strict=True))
    table = tmp_path / "t.csv"
    table.write_text("path,label,split\n" + "".join(f"pets/{','.join(row)}\n" for row in rows))
    numbers = [["cat", "dog"].index(label) for label in pets.labels]
    sources: list[tuple[Any, dict[str, Any]]] = [
        (pets.root, {}),
        (table, {}),
        ((pets.images, np.array(numbers)), {"classes": ["cat", "dog"], "split": list(pets.splits)}),
        (([str(pets.root / name) for name in pets.names], list(pets.labels)), {"split": list(pets.splits)}),
        ({"train": Items(pets.images[:4], numbers[:4]), "dev": Items(pets.images[4:], numbers[4:])}, {}),
    ]
    for source, options in sources:
        manifest = open_source(source, **options)
        assert manifest.table["label"].to_pylist() == list(pets.labels)
        assert manifest.table["split"].to_pylist() == list(pets.splits)
        assert manifest.classes == ("cat", "dog")
        assert manifest.label_codes.tolist() == numbers
