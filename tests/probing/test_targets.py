"""Which labels a model is fitted to."""

from __future__ import annotations

import numpy as np
import pytest

from datacheck.manifest import Manifest
from datacheck.probing import probe
from datacheck.probing.targets import usable_labels, y_of


def test_infinite_and_placeholder_targets_are_fitted_to_by_no_model() -> None:
    manifest = Manifest.from_columns({"target": [*np.linspace(0, 1, 20), np.inf, np.nan, -999.0]})
    assert usable_labels(manifest).tolist() == [True] * 20 + [False] * 3
    assert np.isnan(y_of(manifest)).tolist() == [False] * 20 + [True] * 3


def test_labels_of_classes_are_usable_where_they_are_there() -> None:
    assert usable_labels(Manifest.from_columns({"label": ["cat", None, "dog"]})).tolist() == [True, False, True]


@pytest.mark.parametrize("spoilt", [9999.0, np.inf, np.nan])
def test_one_unusable_target_leaves_the_predictions_of_the_others_as_good(spoilt: float) -> None:
    rng = np.random.default_rng(20)
    features = rng.normal(size=(300, 5))
    target = features @ [3, 2, 1, 0, 1] + 0.5 * rng.normal(size=300)
    clean = np.arange(300) != 17
    manifest = Manifest.from_columns({"target": np.where(clean, target, spoilt)})
    predictions = probe(manifest, features=features.astype(np.float32), budget="5s").predictions
    assert predictions is not None
    assert np.corrcoef(predictions[clean], target[clean])[0, 1] > 0.95
