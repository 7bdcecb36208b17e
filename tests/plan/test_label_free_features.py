"""A plan is measured on features that no label went into."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from datacheck.manifest import Manifest
from datacheck.plan.inputs import PlanInputs
from datacheck.probing import probe


def test_embeddings_that_the_labels_shaped_are_passed_over_whatever_the_backend_is_called() -> None:
    label = np.arange(60) % 2
    features = (np.random.default_rng(0).normal(size=(60, 4)) + 3 * np.eye(4)[label]).astype(np.float32)
    manifest = Manifest.from_columns({"label": np.array(["ant", "bee"])[label]})
    outputs = replace(probe(manifest, features=features), backend="descriptors + scratch")
    rows = np.arange(0, 60, 2)
    inputs = PlanInputs(manifest, probe=outputs)
    found = inputs.label_free_features(rows)
    assert found is not None
    np.testing.assert_array_equal(found[0], features[rows])
    shaped = replace(inputs, probe=replace(outputs, embeddings_label_free=False))
    assert shaped.label_free_features(rows) is None
