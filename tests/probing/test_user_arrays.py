"""The user's own arrays: matched by sample id and by class name, refused where they do not fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from datacheck.errors import ProbeError
from datacheck.manifest import Manifest
from datacheck.probing import probe
from datacheck.probing.backends.pred_probs import check_pred_probs
from datacheck.probing.class_columns import match_columns
from datacheck.probing.user_arrays import align

MANIFEST = Manifest.from_columns({"sample_id": ["a", "b", "c"], "label": ["cat", "dog", "cat"]})
ROWS = np.array([[1, 2], [3, 4], [5, 6]], np.float32)
"""One row for each of a, b and c; columns cat and dog."""

SWAPPED = ROWS[[2, 0, 1]]
IDS = ["c", "a", "b"]


def values(given: Any, what: str = "features", manifest: Manifest = MANIFEST) -> NDArray[np.float32]:
    return align(given, manifest, what=what)[0]


@pytest.mark.parametrize(
    "given",
    [
        ROWS,
        ROWS.tolist(),
        dict(zip(IDS, SWAPPED, strict=True)),
        pa.table({"sample_id": IDS, "x": SWAPPED[:, 0], "y": SWAPPED[:, 1]}),
        pa.table({"sample_id": IDS, "x": SWAPPED.tolist()}),
        {"sample_id": IDS, "x": SWAPPED[:, 0], "y": SWAPPED[:, 1]},
        pd.DataFrame(SWAPPED, index=IDS),
        pd.DataFrame({"sample_id": IDS, "x": SWAPPED[:, 0], "y": SWAPPED[:, 1]}, index=[7, 3, 5]),
        pd.DataFrame(ROWS),
        pd.Series(list(SWAPPED), index=IDS),
    ],
    ids=["array", "list", "mapping", "arrow", "arrow list", "columns", "index", "sample_id", "bare frame", "series"],
)
def test_rows_are_matched_by_id_where_there_is_one(given: Any) -> None:
    np.testing.assert_array_equal(values(given), ROWS)


def test_a_dataset_of_hugging_face_is_a_table() -> None:
    datasets = pytest.importorskip("datasets")
    given = datasets.Dataset.from_dict({"sample_id": IDS, "x": SWAPPED[:, 0], "y": SWAPPED[:, 1]})
    np.testing.assert_array_equal(values(given), ROWS)


def test_a_tensor_is_an_array() -> None:
    torch = pytest.importorskip("torch")
    np.testing.assert_array_equal(values(torch.from_numpy(ROWS)), ROWS)
    with pytest.raises(ProbeError, match=r"give tensor.detach\(\).cpu\(\).numpy\(\)"):
        values(torch.from_numpy(ROWS).requires_grad_())


def test_gaps_are_nan_and_named() -> None:
    found, notes = align({"c": [5, 6], "a": [1, 2]}, MANIFEST, what="features")
    np.testing.assert_array_equal(found, np.where([[True], [False], [True]], ROWS, np.nan))
    assert notes == ("features has no row for 1 sample: they are not judged",)


def test_paths_of_the_files_are_ids_too(tmp_path: Path) -> None:
    columns = {"uri": ["cat/1.jpg", "cat/2.jpg", "dog/1.jpg"], "label": ["cat", "cat", "dog"]}
    manifest = Manifest.from_columns(columns, root=tmp_path)
    for path in (tmp_path / "cat/2.jpg", "./cat/2.jpg", "cat\\2.jpg", "cat/2.jpg"):
        found = values({str(path): [7.0]}, manifest=manifest)
        np.testing.assert_array_equal(found[:, 0], [np.nan, 7, np.nan])


def test_what_does_not_align_is_refused_with_the_reason() -> None:
    with pytest.raises(ProbeError, match="1 of 2 sample ids are not in the manifest, such as 'z'"):
        values({"z": [1.0], "a": [2.0]})
    with pytest.raises(ProbeError, match=r"expected 3 rows in the manifest's order .* found 2 rows"):
        values(np.zeros((2, 1)))
    with pytest.raises(ProbeError, match="expected rows of numbers of one length"):
        values({"a": [1.0], "b": [1.0, 2.0]})
    with pytest.raises(ProbeError, match="once, found 1 repeated"):
        values(pa.table({"sample_id": ["a", "a"], "x": [1.0, 2.0]}))
    with pytest.raises(ProbeError, match=r"found string in 'y': leave it out"):
        values(pa.table({"sample_id": IDS, "x": [1.0, 2, 3], "y": ["u", "v", "w"]}))
    with pytest.raises(ProbeError, match=r"one row a sample, found \[3, 2, 2\]"):
        values(np.zeros((3, 2, 2)))


def test_an_index_of_row_numbers_in_another_order_is_refused() -> None:
    """Whether it numbers the manifest's rows or those of a larger table cannot be known."""
    with pytest.raises(ProbeError, match=r"such as 2; .* reset_index\(drop=True\)"):
        values(pd.DataFrame(SWAPPED, index=[2, 0, 1]))


@pytest.mark.parametrize(
    "given",
    [
        pd.DataFrame(SWAPPED[:, ::-1], columns=["dog", "cat"], index=IDS),
        pd.DataFrame(ROWS[:, ::-1], columns=["Dog", "Cat "]),
        pa.table({"p_dog": ROWS[:, 1], "p_cat": ROWS[:, 0]}),
        pa.table({"dog": ROWS[:, 1], "note": ["x", "y", "z"], "cat": ROWS[:, 0]}),
        {name: {"dog": row[1], "cat": row[0]} for name, row in zip("abc", ROWS, strict=True)},
        pd.DataFrame(ROWS),
        pd.DataFrame(ROWS, columns=["first", "second"]),
    ],
    ids=["frame", "case and spaces", "prefix", "further column", "mappings", "numbers", "other names"],
)
def test_columns_are_matched_by_class_name_where_they_have_one(given: Any) -> None:
    np.testing.assert_array_equal(values(given, "pred_probs"), ROWS)


def test_columns_that_are_only_in_part_classes_are_refused() -> None:
    given = pd.DataFrame(ROWS, columns=["dog", "cow"])
    with pytest.raises(ProbeError, match="found no column for 'cat' and columns that are no class: 'cow'"):
        values(given, "pred_probs")


def test_numbers_as_class_names_are_matched_as_names() -> None:
    """A model sorts the classes as text, the manifest by number."""
    classes = [str(number) for number in range(12)]
    order, note = match_columns(sorted(classes), classes)
    assert [sorted(classes)[column] for column in order] == classes
    assert "by name" in note
    assert match_columns(classes, classes)[0] == list(range(12))


def test_an_assumed_order_is_said_where_it_matters() -> None:
    uris = [f"cat/{number}.jpg" for number in (1, 10, 2)]
    by_text = Manifest.from_columns({"uri": uris, "label": ["cat", "dog", "cat"]})
    (note,) = align(ROWS, by_text, what="features")[1]
    assert "cat/1.jpg, cat/10.jpg, cat/2.jpg, … (sorted as text, as torchvision's ImageFolder does)" in note
    by_number = by_text.take(np.array([0, 2, 1]))
    assert "sorted by number; torchvision's ImageFolder sorts as text" in align(ROWS, by_number, what="features")[1][0]
    assert "as the source lists them" in align(ROWS, by_text.take(np.array([2, 0, 1])), what="features")[1][0]
    assert align(dict(zip(uris, ROWS, strict=True)), by_text, what="features")[1] == ()
    padded = Manifest.from_columns({"uri": ["01.jpg", "02.jpg", "10.jpg"], "label": ["cat", "dog", "cat"]})
    assert align(ROWS, padded, what="features")[1] == ()


def test_an_assumed_order_of_columns_is_said_where_it_matters() -> None:
    manifest = Manifest.from_columns({"label": [str(number) for number in range(11)]})
    probs = np.eye(11, dtype=np.float32)
    (note,) = align(probs, manifest, what="pred_probs")[1]
    assert "the order of the classes: '0', '1', '2' and 8 more (sorted by number" in note
    assert align(probs, manifest, what="features")[1] == ()


def test_pred_probs_must_be_probabilities_of_the_classes() -> None:
    with pytest.raises(ProbeError, match="expected 2 columns"):
        check_pred_probs(np.full((3, 3), 1 / 3, np.float32), MANIFEST)
    with pytest.raises(ProbeError, match="apply a softmax"):
        check_pred_probs(np.array([[0.5, 0.5], [0.9, 0.9], [0.5, 0.5]], np.float32), MANIFEST)
    with pytest.raises(ProbeError, match="they look like logits: apply a softmax"):
        check_pred_probs(np.array([[2, -1], [0, 1], [0, 1]], np.float32), MANIFEST)
    logs = np.log(np.array([[0.9, 0.1], [0.2, 0.8], [0.5, 0.5]], np.float32))
    with pytest.raises(ProbeError, match="they look like log-probabilities: apply exp"):
        check_pred_probs(logs, MANIFEST)
    with pytest.raises(ProbeError, match="they look like percent: divide by 100"):
        check_pred_probs(100 * np.exp(logs), MANIFEST)
    np.testing.assert_array_equal(check_pred_probs(np.exp(logs), MANIFEST), np.exp(logs))


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
    assert outputs.faults == ()
    assert any("cannot check that they are out of sample" in choice for choice in outputs.choices)
