"""Gradient boosting on the manifest's own columns."""

from __future__ import annotations

import numpy as np
import pytest

from datacheck.errors import ProbeError
from datacheck.manifest import Manifest
from datacheck.probing import probe
from datacheck.probing.backends.tabular import table_of


def test_numbers_and_categories_are_learnt_from_and_names_are_not() -> None:
    manifest = Manifest.from_columns(
        {
            "label": ["a", "b", "a", "b"],
            "length": [1, 2, 3, 4],
            "colour": ["red", "red", "blue", None],
            "name": ["w", "x", "y", "z"],
        }
    )
    table = table_of(manifest)
    assert table.names == ("length", "colour")
    assert table.categories.tolist() == [False, True]
    np.testing.assert_array_equal(table.features[:, 1], [0, 0, 1, np.nan])


def test_a_wrong_label_in_a_table_ranks_first() -> None:
    rng = np.random.default_rng(0)
    length = rng.uniform(0, 1, 150)
    label = np.where(length > 0.5, "long", "short")
    worst = int(length.argmax())
    label[worst] = "short"
    manifest = Manifest.from_columns({"label": label, "length": length, "noise": rng.normal(size=150)})
    outputs = probe(manifest)
    assert outputs.backend == "tabular"
    assert worst in np.argsort(outputs.label_quality)[:3]


def test_a_table_without_columns_to_learn_from_says_so() -> None:
    with pytest.raises(ProbeError, match="none is numeric or a category"):
        probe(Manifest.from_columns({"label": ["a", "b"] * 10}))
