"""The boxes in a fingerprint: counted by image, merged, saved, compared."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datacheck.fingerprints import Fingerprint, fingerprint
from datacheck.fingerprints.diff import FingerprintDiff
from datacheck.manifest import Manifest, Task
from datacheck.manifest.annotations import AnnotationFormat, ObjectRows, Unit

Image = Sequence[tuple[int, float]]
"""Class and side in pixels of each box."""


def dataset(images: Sequence[Image | None], first: int = 0) -> Manifest:
    """Return images of 100 x 100 pixels with square boxes; None stands for missing annotations."""
    rows = ObjectRows()
    names = ("cell", "plate")
    for image in images:
        for line, (class_id, side) in enumerate(image or (), start=1):
            rows.add((1.0, 1.0, 1.0 + side, 1.0 + side), class_id=class_id, line=line, written="7")
        rows.end_image()
    labels = [None if image is None else sorted({names[one] for one, _ in image if one >= 0}) for image in images]
    columns = {
        "sample_id": [f"{first + number}.png" for number in range(len(images))],
        "labels": labels,
        "annotated_width": [100] * len(images),
        "annotated_height": [100] * len(images),
        **rows.columns(),
    }
    form = AnnotationFormat("Pascal VOC", Unit.PIXELS)
    return Manifest.from_columns(columns, task=Task.DETECTION, classes=names, annotation_format=form)


def test_boxes_are_counted_by_image_and_class() -> None:
    found = fingerprint(dataset([[(0, 50.0), (1, 10.0)], [], None, [(-1, 20.0)]])).boxes_of()
    assert (found.images, found.empty, found.pairs) == (3, 1, 5)
    assert found.classes.value == {"7": 1, "cell": 1, "plate": 1}
    assert found.numbers["boxes_in_image"].moments.value[1] == pytest.approx(1.0)
    assert found.numbers["mean_box_size"].range.value == pytest.approx((0.2, 0.3))
    assert found.numbers["smallest_box"].range.value == pytest.approx((0.1, 0.2))
    assert found.numbers["largest_box"].range.value == pytest.approx((0.2, 0.5))


def test_other_datasets_have_no_boxes() -> None:
    assert fingerprint(Manifest.from_columns({"label": ["a", "b"]})).boxes == {}


images = st.lists(st.lists(st.tuples(st.integers(0, 1), st.sampled_from([5.0, 20.0, 60.0])), max_size=4), max_size=5)


@settings(max_examples=25)
@given(images, images)
def test_merging_is_the_fingerprint_of_both(one: list[list[tuple[int, float]]], two: list[Image]) -> None:
    merged = fingerprint(dataset(one)).merge(fingerprint(dataset(two, first=len(one))))
    whole, found = fingerprint(dataset([*one, *two])).boxes_of(), merged.boxes_of()
    assert (found.images, found.empty, found.pairs) == (whole.images, whole.empty, whole.pairs)
    assert found.classes == whole.classes
    for name, state in whole.numbers.items():
        np.testing.assert_allclose(found.numbers[name].moments.value, state.moments.value, rtol=1e-9, atol=1e-9)


def test_a_saved_fingerprint_keeps_the_boxes(tmp_path: Path) -> None:
    taken = fingerprint(dataset([[(0, 50.0)], []]))
    taken.save(tmp_path / "fingerprint.json")
    again = Fingerprint.load(tmp_path / "fingerprint.json")
    assert again.boxes_of().to_json() == taken.boxes_of().to_json()
    without = {name: value for name, value in taken.to_json().items() if name != "boxes"}
    assert Fingerprint.from_json(without).boxes == {}  # of an earlier version


def test_a_change_of_the_boxes_is_named() -> None:
    before = fingerprint(dataset([[(0, 50.0), (1, 45.0)]] * 200))
    after = fingerprint(dataset([[(0, 20.0), (0, 25.0)], []] * 100))
    notable = {change.subject for change in FingerprintDiff.between(before, after).notable if change.kind == "boxes"}
    assert notable == {"empty", "classes", "boxes_in_image", "mean_box_size", "smallest_box", "largest_box"}
    same = FingerprintDiff.between(before, before).changes
    assert [change for change in same if change.kind == "boxes"] == []
