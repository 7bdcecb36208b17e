"""What a plan says of boxes: input size, tiles, scale, crops, flips, anchors, rare classes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from datacheck.errors import PlanError
from datacheck.manifest import AnnotationFormat, Manifest, Task, Unit
from datacheck.manifest.annotations import ObjectRows
from datacheck.plan import TrainingPlan, make_plan
from datacheck.plan.boxes import TrainingBoxes, box_items, training_boxes
from datacheck.plan.boxes.anchors import USUAL, anchors_item
from datacheck.plan.boxes.crops import crop_item, cut_by_crops, flip_item
from datacheck.plan.boxes.rare import class_weights_item, sampling_item
from datacheck.plan.boxes.sizes import input_size_item, scale_item, tiled, tiling_item
from datacheck.plan.items import PlanItem
from datacheck.plan.script import write_script
from datacheck.plan.view import plan_view

Box = tuple[int, float, float, float, float]
"""Class, left, top, right, bottom in pixels."""


def dataset(
    images: Sequence[Sequence[Box]], classes: Sequence[str] = ("car", "bus"), size: tuple[int, int] = (1000, 800)
) -> Manifest:
    """Return images of one size with boxes."""
    rows = ObjectRows()
    for image in images:
        for line, (class_id, *box) in enumerate(image, start=1):
            rows.add((box[0], box[1], box[2], box[3]), class_id=class_id, line=line)
        rows.end_image()
    columns = {
        "sample_id": [f"{number:04d}.png" for number in range(len(images))],
        "labels": [sorted({classes[class_id] for class_id, *_ in image}) for image in images],
        "annotated_width": [size[0]] * len(images),
        "annotated_height": [size[1]] * len(images),
        **rows.columns(),
    }
    form = AnnotationFormat("Pascal VOC", Unit.PIXELS)
    return Manifest.from_columns(columns, task=Task.DETECTION, classes=classes, annotation_format=form)


def squares(
    side: float, n_images: int = 60, size: tuple[int, int] = (1000, 800), seed: int = 0, classes: int = 2
) -> list[list[Box]]:
    """Return three squares an image at random places, the classes in turn."""
    rng = np.random.default_rng(seed)
    images: list[list[Box]] = []
    for _ in range(n_images):
        corners = rng.uniform(0, 1, (3, 2)) * (np.array(size) - side)
        images.append([(k % classes, x, y, x + side, y + side) for k, (x, y) in enumerate(corners.tolist())])
    return images


def boxes_of(manifest: Manifest) -> TrainingBoxes:
    found = training_boxes(manifest, None, np.arange(len(manifest)))
    assert found is not None
    return found


def value(item: PlanItem, metric: str) -> float:
    found = item.metric(metric)
    assert found is not None, [one.metric for one in item.measured]
    return found.estimate.value


def test_the_input_size_keeps_the_boxes_large_enough() -> None:
    item = input_size_item(boxes_of(dataset(squares(20))))
    assert item.settings["size"] == 416  # 20 of 1000 pixels are 6.4 at 320, 8.3 at 416
    assert value(item, "boxes/images_of_320_px_below_8_px") == 1.0
    assert value(item, "boxes/images_of_416_px_below_8_px") == 0.0
    assert value(item, "boxes/images_of_640_px_below_16_px") == 1.0
    assert input_size_item(boxes_of(dataset(squares(100)))).settings["size"] == 320


def test_tiles_where_the_largest_input_is_too_small() -> None:
    boxes = boxes_of(dataset(squares(20, size=(4000, 3000)), size=(4000, 3000)))
    assert input_size_item(boxes).settings["size"] == 1024
    item = tiling_item(boxes, 1024)
    assert (item.verdict, item.settings["grid"]) == ("do", 2)  # 5.1 pixels, 1.8 times as many in tiles
    found = item.metric("boxes_below_8_px/2x2_tiles")
    assert found is not None
    assert (found.estimate.value, found.baseline) == (0.0, 1.0)
    assert tiling_item(boxes_of(dataset(squares(100))), 320).verdict == "nothing to do"


def test_a_box_across_the_border_of_tiles_is_counted() -> None:
    whole: Box = (0, 0.0, 0.0, 1000.0, 800.0)
    inside: Box = (0, 10.0, 10.0, 50.0, 50.0)
    found = tiled(boxes_of(dataset([[whole], [inside]] * 10)), 2, 640)
    assert (found.cut, found.lost) == (0.5, 0.5)


def test_the_smallest_scale_follows_from_the_boxes() -> None:
    item = scale_item(boxes_of(dataset(squares(40))), 640)  # 25.6 pixels
    assert item.settings["scale_limit"] == 0.35
    assert item.settings["mosaic"] is True
    small = scale_item(boxes_of(dataset(squares(20))), 416)  # 8.3 pixels
    assert small.settings["scale_limit"] == 1.0
    assert small.settings["mosaic"] is False
    assert value(small, "boxes_below_8_px/scale_0.9") == 1.0


def test_crops_cut_what_they_must() -> None:
    whole = boxes_of(dataset([[(0, 0.0, 0.0, 1000.0, 800.0)]] * 20))
    cut, below_half, n = cut_by_crops(whole, 0.7, seed=0)
    assert (cut, below_half, n) == (1.0, 0.0, 400)
    assert cut_by_crops(whole, 0.3, seed=0)[:2] == (1.0, 1.0)
    tiny = crop_item(boxes_of(dataset(squares(5))), 0)
    assert (tiny.verdict, tiny.settings["least_area"]) == ("do", 0.3)
    assert value(tiny, "boxes_cut/crops_of_0.3") < 0.05


def test_a_flip_is_avoided_where_classes_name_a_side() -> None:
    images = squares(50)
    item = flip_item(boxes_of(dataset(images, ("hand_left", "hand_right"))))
    assert (item.verdict, item.classes) == ("avoid", ("hand_left", "hand_right"))
    assert item.settings["exchange"] == {"hand_left": "hand_right", "hand_right": "hand_left"}
    assert value(item, "boxes_with_a_wrong_class_when_flipped") == 1.0
    assert "the classes 'hand_left' and 'hand_right' differ in the side alone, and 180 boxes" in item.summary
    assert flip_item(boxes_of(dataset(images, ("copyright", "bright")))).verdict == "cannot tell"


def test_anchors_are_measured_on_images_that_they_were_not_fitted_to() -> None:
    rng = np.random.default_rng(0)
    wide: list[list[Box]] = [[(0, 5.0, 5.0, 5.0 + rng.normal(200, 5), 5.0 + rng.normal(20, 1))] * 2 for _ in range(60)]
    item = anchors_item(boxes_of(dataset(wide)), 640, seed=0)
    gain = item.metric("gain/mean_best_overlap")
    assert item.verdict == "do"
    assert gain is not None
    assert gain.estimate.low > 0.2
    assert gain.estimate.n == 60
    assert all(90 < width < 160 and 8 < height < 20 for width, height in item.settings["anchors"])
    usual = USUAL[rng.integers(0, 9, 200)] * 1000 / 640
    like: list[list[Box]] = [[(0, 1.0, 1.0, 1.0 + width, 1.0 + height)] for width, height in usual.tolist()]
    assert anchors_item(boxes_of(dataset(like)), 640, seed=0).verdict == "nothing to do"
    assert anchors_item(boxes_of(dataset(like[:20])), 640, seed=0).verdict == "not measured"


def rare_classes() -> Manifest:
    """Return 200 images with cars, of which 8 have a bus besides."""
    images = squares(50, n_images=200, classes=1)
    for row in range(0, 200, 25):
        images[row].append((1, 1.0, 1.0, 60.0, 60.0))
    return dataset(images)


def test_images_with_rare_classes_are_drawn_more_often() -> None:
    boxes = boxes_of(rare_classes())
    item = sampling_item(boxes)
    assert (item.verdict, item.classes) == ("do", ("bus",))
    found = item.metric("share_of_boxes/bus")
    assert found is not None
    assert found.baseline == pytest.approx(8 / 608)
    factor = np.sqrt(0.1 / 0.04)
    assert found.estimate.value == pytest.approx(8 * factor / (192 * 3 + 8 * 4 * factor))
    weights = class_weights_item(boxes)
    assert weights.verdict == "do"
    assert weights.settings["loss_weights"]["bus"] > 3 * weights.settings["loss_weights"]["car"]


def test_even_classes_need_neither_sampling_nor_weights() -> None:
    many = [f"class {number}" for number in range(20)]
    rng = np.random.default_rng(0)
    each: list[list[Box]] = [[(int(rng.integers(20)), 1.0, 1.0, 50.0, 50.0)] for _ in range(2000)]
    for boxes in (boxes_of(dataset(squares(50))), boxes_of(dataset(each, many))):
        assert sampling_item(boxes).verdict == "nothing to do"
        assert class_weights_item(boxes).verdict == "nothing to do"


def test_a_plan_holds_the_items_and_the_draws(tmp_path: Path) -> None:
    plan = make_plan(rare_classes())
    jsonschema.validate(plan.to_json(), TrainingPlan.json_schema())
    names = {item.name for item in plan.by_kind("boxes")}
    assert names == {
        *("input_size", "tiling", "scale", "crop", "horizontal_flip", "anchors"),
        *("repeat_factor_sampling", "class_weights"),
    }
    plan.save(tmp_path)
    samples = TrainingPlan.load(tmp_path).samples.to_pylist()
    training = [row for row in samples if row["planned_split"] == "train"]
    rare = {f"{row:04d}.png" for row in range(0, 200, 25)}
    assert {row["weight"] for row in training if row["sample_id"] not in rare} == {1.0}
    drawn = {row["weight"] for row in training if row["sample_id"] in rare}
    assert len(drawn) == 1
    assert 1.2 < drawn.pop() < 2.0
    assert {row["weight"] for row in samples if row["planned_split"] != "train"} == {0.0}
    assert "repeat_factor_sampling" in {item.name for item in plan_view(plan).part("boxes")}
    assert "draw images with 'bus' more often" in " ".join(plan.to_text().split())
    assert plan.item("order").settings["steps"][-1].startswith("set the detector up for the boxes")


def test_a_script_for_boxes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="trains a classifier"):
        write_script(make_plan(rare_classes()), tmp_path / "train.py", run=tmp_path, root=tmp_path)


def test_few_boxes_say_nothing_and_other_datasets_have_no_such_part() -> None:
    few = box_items(boxes_of(dataset(squares(50)[:2])), 0)
    assert [(item.name, item.verdict) for item in few] == [("boxes", "not measured")]
    plain = Manifest.from_columns({"label": ["a", "b"] * 30})
    assert make_plan(plain).by_kind("boxes") == ()
