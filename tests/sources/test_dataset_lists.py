"""What datasets say of their items without loading them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from datacheck.sources.dataset_lists import DatasetLists, lists_of


class Listed:
    def __init__(self, n: int, **lists: Any) -> None:
        self.n = n
        for name, value in lists.items():
            setattr(self, name, value)

    def __len__(self) -> int:
        return self.n


def test_pairs_of_paths_and_labels_come_with_the_class_names_by_their_codes() -> None:
    found = lists_of(Listed(2, samples=[("b.png", 1), ("a.png", 0)], classes=["x", "y"], class_to_idx={"y": 0, "x": 1}))
    assert found == DatasetLists(["b.png", "a.png"], [1, 0], ("y", "x"))
    assert found.named() == ["x", "y"]


def test_separate_lists_count_only_where_they_have_an_entry_for_each_item() -> None:
    found = lists_of(Listed(2, image_paths=["a", "b"], labels=np.array([1, 0]), classes=["x", "y"]))
    assert (found.paths, found.named()) == (["a", "b"], ["y", "x"])
    assert lists_of(Listed(2, image_paths=["a"], labels=[1])) == DatasetLists()
    assert lists_of(Listed(2, image_paths=[1, 2])).paths is None
    assert lists_of([("a.png", 0)]) == DatasetLists()


def test_a_subset_is_its_part_and_joined_datasets_are_all_their_parts() -> None:
    first = Listed(2, samples=[("a", 0), ("b", 1)], classes=["x", "y"])
    second = Listed(1, samples=[("c", 0)], classes=["x", "y"])
    other = Listed(1, samples=[("d", 0)], classes=["y", "x"])
    assert lists_of(SimpleNamespace(dataset=first, indices=[1])) == DatasetLists(["b"], [1], ("x", "y"))
    assert lists_of(SimpleNamespace(datasets=[first, second])) == DatasetLists(["a", "b", "c"], [0, 1, 0], ("x", "y"))
    assert lists_of(SimpleNamespace(datasets=[first, other])) == DatasetLists(["a", "b", "d"], ["x", "y", "y"], None)
    assert lists_of(SimpleNamespace(datasets=[first, Listed(1)])) == DatasetLists(None, None, None)
