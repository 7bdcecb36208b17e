"""Annotations of a COCO file without a box, which trainers stop at, and files that are not about boxes at all."""

from __future__ import annotations

from typing import Any

import pytest

from datacheck.errors import SourceError
from datacheck.sources.annotations.coco import coco_in_memory


def content(*boxes: list[float] | None) -> dict[str, Any]:
    annotations = [{"id": 7 + n, "image_id": 1, "category_id": 1, "bbox": box} for n, box in enumerate(boxes)]
    images = [{"id": 1, "file_name": "a.jpg", "width": 10, "height": 10}]
    return {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "cup"}]}


def test_an_annotation_without_a_box_is_a_problem_of_its_image() -> None:
    file = coco_in_memory(content([1, 1, 2, 2], None), "a Dataset")
    assert file.n_objects == 1
    assert file.problems.to_pylist() == [[{"line": 8, "what": "expected four numbers in bbox, found none"}]]


def test_boxes_alone_and_files_without_any_box_have_no_problem() -> None:
    assert coco_in_memory(content([1, 1, 2, 2]), "a Dataset").problems.to_pylist() == [[]]
    assert coco_in_memory(content(None, None), "a Dataset").problems.to_pylist() == [[]]


@pytest.mark.parametrize("number", ["a", None, 1.5])
def test_an_entry_that_is_not_as_the_format_asks_is_shown(number: object) -> None:
    wrong = content([1, 1, 2, 2])
    wrong["categories"].append({"id": number, "name": "plate"})
    with pytest.raises(SourceError) as error:
        coco_in_memory(wrong, "a Dataset")
    assert str(error.value) == (
        "a Dataset: expected a whole number as id, and a name in each entry of 'categories', found 1 of 2 that are not "
        f"so, the first is {{'id': {number!r}, 'name': 'plate'}}"
    )
