"""A fingerprint does not depend on row order, merges to the whole, and survives the disk."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datacheck.errors import ManifestError, StorageError
from datacheck.fingerprints import Fingerprint, FingerprintDiff, fingerprint
from datacheck.manifest import Manifest, Task
from datacheck.scanning.measurements import Measurements
from datacheck.testing import measurements_for


def dataset(n: int = 300, seed: int = 0) -> tuple[Manifest, Measurements]:
    rng = np.random.default_rng(seed)
    manifest = Manifest.from_columns(
        {
            "uri": [f"{seed}/{row}.png" for row in range(n)],
            "label": rng.choice(["cat", "dog", "emu", None], n, p=[0.5, 0.3, 0.1, 0.1]).tolist(),
            "split": rng.choice(["train", "test"], n).tolist(),
            "group": [f"g{row % 40}" for row in range(n)],
            "camera": rng.choice(["left", "right"], n).tolist(),
            "remark": [f"text {row}" for row in range(n)],
        },
        classes=["cat", "dog", "emu"],
    )
    hashes = [f"{seed}-{row}" for row in range(n)]
    return manifest, measurements_for(manifest, brightness=rng.normal(0.5, 0.1, n), content_hash=hashes)


def take(manifest: Manifest, measured: Measurements, rows: np.ndarray) -> Fingerprint:
    return fingerprint(manifest.take(rows), Measurements(measured.table.take(pa.array(rows))))


def assert_same_but_for_sketches(a: Fingerprint, b: Fingerprint) -> None:
    assert (a.identity, a.identity_of, a.splits, a.classes) == (b.identity, b.identity_of, b.splits, b.classes)
    assert np.array_equal(a.split_counts, b.split_counts)
    assert np.array_equal(a.label_counts, b.label_counts)
    assert (a.readable, a.formats, a.modes) == (b.readable, b.formats, b.modes)
    assert {name: a.column(name).values for name in a.columns} == {name: b.column(name).values for name in b.columns}
    assert a.properties is not None
    assert b.properties is not None
    assert np.array_equal(a.properties.n, b.properties.n)
    np.testing.assert_allclose(a.properties.mean, b.properties.mean, rtol=1e-9)
    np.testing.assert_allclose(a.properties.m2, b.properties.m2, rtol=1e-6, atol=1e-6)


def test_row_order_changes_nothing() -> None:
    manifest, measured = dataset()
    whole, shuffled = fingerprint(manifest, measured), np.random.default_rng(1).permutation(len(manifest))
    again = take(manifest, measured, shuffled)
    assert_same_but_for_sketches(whole, again)
    assert again.quantiles("brightness") == whole.quantiles("brightness")
    assert fingerprint(manifest, measured).to_json() == whole.to_json()


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 2), min_size=60, max_size=60))
def test_the_merge_of_parts_is_the_whole_in_any_order(part: list[int]) -> None:
    manifest, measured = dataset(60)
    a, b, c = (take(manifest, measured, np.flatnonzero(np.array(part) == number)) for number in range(3))
    whole = fingerprint(manifest, measured)
    for merged in (a.merge(b).merge(c), a.merge(b.merge(c)), c.merge(a).merge(b)):
        assert merged.split_sizes == whole.split_sizes
        assert merged.identity == whole.identity
        assert merged.class_counts() == whole.class_counts()
        assert merged.n_unlabelled == whole.n_unlabelled
        for split in whole.splits:
            assert merged.groups[split].value == whole.groups[split].value
            found = merged.property_moments("brightness", split=split).value
            assert found == pytest.approx(whole.property_moments("brightness", split=split).value)
        assert merged.n_samples == whole.n_samples == 60


def test_what_it_counts() -> None:
    manifest, measured = dataset()
    found = fingerprint(manifest, measured)
    labels, splits = manifest.table["label"].to_pylist(), manifest.table["split"].to_pylist()
    assert found.class_counts("test")["dog"] == sum(
        pair == ("dog", "test") for pair in zip(labels, splits, strict=True)
    )
    assert found.n_unlabelled == labels.count(None)
    assert sum(found.class_shares().values()) == pytest.approx(1.0)
    bright = measured.values("brightness")[(np.array(labels) == "cat") & (np.array(splits) == "train")]
    n, mean, std = found.property_moments("brightness", split="train", class_name="cat").value
    assert (n, mean, std) == (len(bright), pytest.approx(bright.mean()), pytest.approx(bright.std(ddof=1)))
    assert found.groups["train"].value == 40
    assert found.columns["camera"]["train"].values.total == splits.count("train")
    assert found.columns["remark"]["train"].values.overflow
    assert found.readable["test"].value == {"ok": splits.count("test")}


@pytest.mark.parametrize("column", ["label", "split", "group"])
def test_the_identity_sees_a_swap(column: str) -> None:
    manifest, measured = dataset()
    values = manifest.table[column].to_pylist()
    other = next(row for row, value in enumerate(values) if value not in {values[0], None})
    values[0], values[other] = values[other], values[0]
    changed = fingerprint(manifest.with_column(column, values), measured)
    assert changed.identity != fingerprint(manifest, measured).identity


def test_the_identity_sees_content_but_not_names() -> None:
    manifest, measured = dataset()
    whole = fingerprint(manifest, measured)
    renamed = manifest.with_column("uri", [f"elsewhere/{row}" for row in range(len(manifest))])
    assert fingerprint(renamed, measured).identity == whole.identity
    hashes = measured.table["content_hash"].to_pylist()
    hashes[7] = "changed"
    position = measured.table.column_names.index("content_hash")
    table = measured.table.set_column(position, measured.table.schema.field("content_hash"), pa.array(hashes))
    assert fingerprint(manifest, Measurements(table)).identity != whole.identity
    assert fingerprint(manifest).identity_of == "uri"


def test_the_identity_sees_a_repeated_row() -> None:
    rows = Manifest.from_columns({"uri": ["a", "b"], "sample_id": ["1", "2"], "label": ["x", "y"]})
    twice = Manifest.from_columns({"uri": ["a", "b", "b"], "sample_id": ["1", "2", "3"], "label": ["x", "y", "y"]})
    assert fingerprint(rows).identity != fingerprint(twice).identity


def test_regression() -> None:
    manifest = Manifest.from_columns({"target": [1.0, 2.0, None, 4.0], "split": ["train", "train", "train", "test"]})
    found = fingerprint(manifest)
    assert found.targets["train"].moments.value == (2.0, 1.5, pytest.approx(np.sqrt(0.5)))
    assert found.targets["test"].range.value == (4.0, 4.0)
    assert found.n_unlabelled == 1
    assert found.classes == ()
    swapped = manifest.with_column("target", [2.0, 1.0, None, 4.0])
    assert fingerprint(swapped).identity != found.identity


def test_multilabel() -> None:
    manifest = Manifest.from_columns({"labels": [["cat", "dog"], ["dog"], [], None]})
    found = fingerprint(manifest)
    assert manifest.task is Task.MULTILABEL
    assert found.class_counts() == {"cat": 1, "dog": 2}
    assert found.cooccurrence is not None
    assert found.cooccurrence.tolist() == [[1, 1], [1, 2]]
    assert found.n_unlabelled == 1
    order = manifest.with_column("labels", [["dog", "cat"], ["dog"], [], None])
    assert fingerprint(order).identity == found.identity
    other = manifest.with_column("labels", [["dog"], ["cat", "dog"], [], None])
    assert fingerprint(other).identity != found.identity


def test_an_empty_dataset_is_neutral() -> None:
    manifest, measured = dataset()
    empty, whole = take(manifest, measured, np.array([], np.int64)), fingerprint(manifest, measured)
    assert empty.n_samples == 0
    assert empty.identity == 0
    merged = empty.merge(whole)
    assert merged.to_json() == whole.merge(empty).to_json() == whole.to_json()
    assert Fingerprint.from_json(empty.to_json()).to_json() == empty.to_json()


def test_the_disk_keeps_it(tmp_path: Path) -> None:
    for made in (fingerprint(*dataset()), fingerprint(Manifest.from_columns({"labels": [["a", "b"], ["b"]]}))):
        made.save(tmp_path / "fingerprint.json")
        loaded = Fingerprint.load(tmp_path / "fingerprint.json")
        assert loaded.to_json() == made.to_json()
        assert FingerprintDiff.between(loaded, made).changes == ()


def test_bad_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "fingerprint.json"
    value = fingerprint(*dataset(20)).to_json()
    path.write_text(json.dumps({**value, "version": 99}))
    with pytest.raises(StorageError, match="upgrade datacheck"):
        Fingerprint.load(path)
    del value["splits"]
    path.write_text(json.dumps(value))
    with pytest.raises(StorageError, match="has no 'splits'; take it again"):
        Fingerprint.load(path)


def test_unlike_tasks_do_not_merge() -> None:
    with pytest.raises(ManifestError, match="cannot merge"):
        fingerprint(dataset(5)[0]).merge(fingerprint(Manifest.from_columns({"target": [1.0]})))


def test_it_stays_small() -> None:
    rng = np.random.default_rng(0)
    manifest = Manifest.from_columns(
        {"uri": [str(row) for row in range(5_000)], "label": [f"class {code}" for code in rng.integers(0, 100, 5_000)]}
    )
    assert len(json.dumps(fingerprint(manifest, measurements_for(manifest)).to_json())) < 1_000_000


def test_extra_columns_may_be_dictionary_encoded() -> None:
    words = pa.array(["day", "night", "day"])
    plain = fingerprint(Manifest.from_columns({"label": ["a", "b", "a"], "light": words}))
    encoded = fingerprint(Manifest.from_columns({"label": ["a", "b", "a"], "light": words.dictionary_encode()}))
    assert encoded.to_json() == plain.to_json()
