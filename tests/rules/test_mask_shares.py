"""Classes of masks that differ between splits: DC201 and DC306."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from datacheck.annotations.masks import MASK_COLUMNS, Masks
from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.manifest import Manifest, Task
from datacheck.rules import RuleContext
from datacheck.rules.coverage.dc201_missing_class_in_split import MissingClassInSplit
from datacheck.rules.splits.dc306_label_drift import LabelDrift
from datacheck.sources import open_source
from tests.annotations.drawn_instances import write_instances

PIXELS = 100 * 100


def of_pixels(pixels: NDArray[np.int64], split: NDArray[np.str_], **options: object) -> RuleContext:
    """Return masks of which the pixels of each class are given, [N, K]; the value of a class is its number."""
    table = [
        {
            "row": row,
            "width": 100,
            "height": 100,
            "values": np.flatnonzero(counts).tolist(),
            "counts": counts[counts > 0].tolist(),
            "n_values": int((counts > 0).sum()),
        }
        for row, counts in enumerate(pixels)
    ]
    files = [f"{row}.png" for row in range(len(pixels))]
    manifest = Manifest.from_columns(
        {"uri": files, "label_uri": files, "split": split}, task=Task.SEGMENTATION, root=Path(), **options
    )
    masks = Masks(pa.Table.from_pylist(table, MASK_COLUMNS))
    return RuleContext(manifest, find_masks=lambda: masks)


def drawn(seed: int, n: int = 120) -> tuple[NDArray[np.int64], NDArray[np.str_]]:
    rng = np.random.default_rng(seed)
    parts = rng.dirichlet([8, 3, 0.5], n)
    parts[rng.random(n) < 0.4, 2] = 0
    split = np.where(np.arange(n) < n * 2 // 3, "train", "test")
    return (parts / parts.sum(axis=1, keepdims=True) * PIXELS).astype(np.int64), split


def test_a_class_that_covers_more_of_the_test_images_is_named() -> None:
    pixels, split = drawn(0)
    test = split == "test"
    taken = pixels[test, 0] // 3
    pixels[test, 0] -= taken
    pixels[test, 1] += taken
    outcome = LabelDrift().check(of_pixels(pixels, split))
    assert isinstance(outcome, Found)
    (finding,) = outcome.findings
    shares = pixels / pixels.sum(axis=1, keepdims=True)
    means = [100 * shares[split == name, 1].mean() for name in ("train", "test")]
    words = f"'1' {means[0]:.1f} % of the pixels of an image to {means[1]:.1f} %"
    assert sorted(each.split()[0] for each in finding.evidence["moves"]) == ["'0'", "'1'"]
    assert words in finding.evidence["moves"]
    assert finding.message.startswith("the masks of 'train' and 'test' differ, most '")
    assert finding.severity is Severity.WARNING


def test_a_class_that_few_test_images_show_is_named() -> None:
    pixels, split = drawn(1)
    pixels[split == "test", 2] *= np.arange((split == "test").sum()) < 4
    outcome = LabelDrift().check(of_pixels(pixels, split))
    assert isinstance(outcome, Found)
    assert "most '2' 62.5 % of the images to 2.5 % (95 % interval of the difference " in outcome.findings[0].message


def test_random_splits_of_masks_are_hardly_ever_flagged() -> None:
    outcomes = [LabelDrift().check(of_pixels(*drawn(seed))) for seed in range(60)]
    assert sum(isinstance(each, Found) for each in outcomes) <= 1
    assert isinstance(MissingClassInSplit().check(of_pixels(*drawn(0))), Passed)


def test_few_masks_are_not_compared() -> None:
    assert isinstance(LabelDrift().check(of_pixels(*drawn(0, n=30))), NotApplicable)


def test_a_class_without_a_training_image_is_an_error_and_a_stray_value_is_none() -> None:
    pixels, split = drawn(2)
    train = split == "train"
    pixels[train, 2] = 0
    pixels = np.column_stack([pixels, np.zeros(len(pixels), dtype=np.int64)])
    pixels[-1, 3] = 50
    outcome = MissingClassInSplit().check(of_pixels(pixels, split))
    assert isinstance(outcome, Found)
    assert [finding.message for finding in outcome.findings] == [
        "1 class has no sample in 'train', but it is evaluated in 'test': '2'"
    ]
    assert outcome.issues.num_rows == (pixels[~train, 2] > 0).sum()
    declared = of_pixels(pixels, split, classes=("ground", "wall", "door", "lamp"))
    (finding,) = MissingClassInSplit().check(declared).findings  # type: ignore[union-attr]
    assert finding.message == "2 classes have no sample in 'train', but they are evaluated in 'test': 'door' and 'lamp'"


def test_masks_of_one_object_each_are_compared_by_what_they_cover(tmp_path: Path) -> None:
    for split in ("train", "test"):
        write_instances(tmp_path / split, masks="masks/{i:02d}/{k}.png", n_images=20)
    context = RuleContext(open_source(tmp_path))
    assert isinstance(LabelDrift().check(context), Passed)
    for image in range(20):
        for path in sorted((tmp_path / f"test/masks/{image:02d}").iterdir())[1:]:
            path.unlink()
    outcome = LabelDrift().check(RuleContext(open_source(tmp_path)))
    assert isinstance(outcome, Found)
    assert "'object' " in outcome.findings[0].message
