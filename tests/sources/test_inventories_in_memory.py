"""What is in memory is accounted for too: arrays, items of a Dataset, columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import datacheck
from datacheck.errors import SourceError
from datacheck.manifest import Manifest

IMAGES = np.random.default_rng(0).integers(0, 255, (40, 16, 16, 3), dtype=np.uint8)


def used(manifest: Manifest) -> dict[str, str]:
    return {item.name: item.role for item in manifest.inventory.used}


def unread(manifest: Manifest) -> dict[str, str]:
    return {item.name: item.labels.value for item in manifest.inventory.unread}


class Items:
    """A map-style Dataset."""

    def __init__(self, *items: Any) -> None:
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, row: int) -> Any:
        return self.items[row]


def test_arrays_are_accounted_for() -> None:
    labels = ["cat", "dog"] * 20
    assert used(datacheck.open((IMAGES, labels), split=["train"] * 40)) == {
        "images": "images", "labels": "label", "split": "split",
    }  # fmt: skip
    assert used(datacheck.open(np.eye(40))) == {"features": "features"}


def test_the_fields_of_an_item_are_accounted_for() -> None:
    pairs = datacheck.open(Items(*((image, 1, "note") for image in IMAGES)))
    assert (used(pairs), unread(pairs)) == ({"item[0]": "images", "item[1]": "label"}, {"item[2]": "no"})
    named = datacheck.open(Items(*({"image": image, "label": 0, "box": [1, 2]} for image in IMAGES)))
    assert unread(named) == {"item['box']": "no"}


def test_a_field_that_may_hold_the_labels_is_no_green_result_and_can_be_named() -> None:
    dataset = Items(*({"image": image, "species": "ab"[row % 2]} for row, image in enumerate(IMAGES)))
    report = datacheck.audit(dataset)
    assert [gap.text.partition(",")[0] for gap in report.gaps] == ["no labels were read"]
    assert report.exit_code(datacheck.Severity.ERROR) == 2
    (remedy,) = [gap.remedy for gap in report.gaps]
    assert remedy is not None
    assert remedy.python == "label='species'"
    assert datacheck.open(dataset, label="species").classes == ("a", "b")
    with pytest.raises(
        SourceError, match=r"label='kind': expected it among the fields .* found \['image', 'species'\]"
    ):
        datacheck.open(dataset, label="kind")


def test_masks_beside_images_are_not_passed_over() -> None:
    manifest = datacheck.open(Items(*((image, image[..., 0]) for image in IMAGES)))
    assert unread(manifest) == {"item[1]": "maybe"}


def test_the_columns_of_a_hugging_face_dataset_keep_their_names() -> None:
    datasets = pytest.importorskip("datasets")
    from PIL import Image

    pictures = [Image.fromarray(image) for image in IMAGES[:4]]
    manifest = datacheck.open(
        datasets.Dataset.from_dict({"photo": pictures, "label": [0, 1, 0, 1], "by": list("abcd")})
    )
    assert used(manifest) == {"photo": "images", "label": "label"}
    assert unread(manifest) == {"by": "no"}


def test_a_column_called_label_is_the_label_whatever_stands_beside_it() -> None:
    numbers = np.linspace(0.1, 9.7, 40)
    manifest = datacheck.open({"y": numbers, "label": ["a", "b"] * 20})
    assert used(manifest) == {"y": "feature", "label": "label"}
    assert used(datacheck.open({"y": numbers, "kind": ["a", "b"] * 20}))["y"] == "target"


def test_two_columns_that_say_they_are_the_label_are_asked_about() -> None:
    columns = {"target": np.linspace(0.1, 9.7, 40), "label": ["a", "b"] * 20}
    manifest = datacheck.open(columns)
    (question,) = manifest.inventory.questions
    assert question.text == "'target' was taken for what is to be predicted, and 'label' for a feature"
    assert question.remedy is not None
    assert question.remedy.python == "label='label'"
    assert datacheck.open(columns, label="label").inventory.questions == ()
