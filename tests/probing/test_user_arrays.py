"""The user's own arrays: aligned by sample id, refused where they do not fit."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from datacheck.errors import ProbeError
from datacheck.manifest import Manifest
from datacheck.probing import probe
from datacheck.probing.backends.pred_probs import check_pred_probs
from datacheck.probing.user_arrays import align

MANIFEST = Manifest.from_columns({"sample_id": ["a", "b", "c"], "label": ["cat", "dog", "cat"]})


def test_a_table_is_aligned_on_sample_id_and_gaps_are_nan() -> None:
    table = pa.table({"sample_id": ["c", "a"], "x": [1.0, 2.0], "y": [3.0, 4.0]})
    found = align(table, MANIFEST, what="features")
    np.testing.assert_array_equal(found, np.array([[2, 4], [np.nan, np.nan], [1, 3]], np.float32))


def test_what_does_not_align_is_refused_with_the_reason() -> None:
    with pytest.raises(ProbeError, match="1 sample ids are not in the manifest, such as 'z'"):
        align({"z": [1.0], "a": [2.0]}, MANIFEST, what="features")
    with pytest.raises(ProbeError, match=r"expected shape \[3, D\] .* found \[2, 1\]"):
        align(np.zeros((2, 1)), MANIFEST, what="features")
    with pytest.raises(ProbeError, match="expected rows of one length"):
        align({"a": [1.0], "b": [1.0, 2.0]}, MANIFEST, what="features")
    with pytest.raises(ProbeError, match="once, found 1 repeated"):
        align(pa.table({"sample_id": ["a", "a"], "x": [1.0, 2.0]}), MANIFEST, what="features")


def test_pred_probs_must_be_probabilities_of_the_classes() -> None:
    with pytest.raises(ProbeError, match="expected 2 columns"):
        check_pred_probs(np.full((3, 3), 1 / 3, np.float32), MANIFEST)
    with pytest.raises(ProbeError, match="apply a softmax first"):
        check_pred_probs(np.array([[0.5, 0.5], [0.9, 0.9], [0.5, 0.5]], np.float32), MANIFEST)
    with pytest.raises(ProbeError, match=r"expected values in \[0, 1\], found -1 to 2"):
        check_pred_probs(np.array([[2, -1], [0, 1], [0, 1]], np.float32), MANIFEST)


def test_given_pred_probs_are_judged_as_they_are() -> None:
    label = np.arange(60) % 2
    probs = np.where(np.eye(2)[label] > 0, 0.9, 0.1).astype(np.float32)
    names = np.array(["cat", "dog"])[label]
    names[3] = "cat"
    ids = [f"s{row}" for row in range(60)]
    manifest = Manifest.from_columns({"sample_id": ids, "label": names})
    outputs = probe(manifest, pred_probs=dict(zip(ids[::-1], probs[::-1], strict=True)))
    np.testing.assert_array_equal(outputs.pred_probs, probs)
    assert outputs.label_quality.argmin() == 3
    assert outputs.suggested[3] == 1
    assert outputs.embeddings is None
    assert any("cannot check that they are out of sample" in choice for choice in outputs.choices)
