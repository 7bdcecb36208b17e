"""The planting functions: what they change is what they say, and nothing else."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from datacheck import testing
from datacheck.manifest import Listings, Manifest, Task
from datacheck.testing import Truth


def _labels(manifest: Manifest) -> dict[str, str]:
    ids, labels = manifest.sample_ids.to_pylist(), manifest.table["label"].to_pylist()
    return dict(zip(ids, labels, strict=True))


def _image(path: Path) -> Image.Image:
    return Image.open(io.BytesIO(path.read_bytes()))


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@settings(deadline=None, max_examples=25)
@given(share=st.floats(0, 1), seed=st.integers(0, 2**31))
def test_flipped_labels_are_other_class_names_and_the_truth_is_exact(share: float, seed: int) -> None:
    manifest = testing.toy_labels(90)
    planted, truth = testing.flip_labels(manifest, share, seed=seed)
    before, after = _labels(manifest), _labels(planted)
    assert len(truth) == round(share * 90)
    assert tuple(name for name in before if before[name] != after[name]) == truth.sample_ids
    assert tuple(before[name] for name in truth.sample_ids) == truth.details["before"]
    assert tuple(after[name] for name in truth.sample_ids) == truth.details["after"]
    assert set(after.values()) <= {"bar", "disc", "star"}


def test_flips_by_pair_go_one_way_only() -> None:
    _, truth = testing.flip_labels(testing.toy_labels(300), 0.5, pairs={"bar": "star"})
    assert (len(truth), set(truth.details["before"]), set(truth.details["after"])) == (50, {"bar"}, {"star"})


def test_flips_by_transition_matrix_follow_it() -> None:
    manifest = testing.toy_labels(3000)
    planted, truth = testing.flip_labels(manifest, transition=[[0.8, 0.2, 0], [0, 1, 0], [0, 0.5, 0.5]], seed=1)
    counts = np.zeros((3, 3), int)
    np.add.at(counts, (manifest.label_codes, planted.label_codes), 1)
    assert counts[0, 2] == counts[1, 0] == counts[1, 2] == counts[2, 0] == 0
    assert abs(counts[0, 1] - 200) < 40
    assert abs(counts[2, 1] - 500) < 60
    assert len(truth) == counts[0, 1] + counts[2, 1]
    with pytest.raises(ValueError, match="rows that sum to 1"):
        testing.flip_labels(manifest, transition=np.eye(2))


def test_positional_plantings_move_values_and_name_the_changed() -> None:
    manifest = Manifest.from_columns({"label": list("aabbcc")})
    planted, truth = testing.shift_labels(manifest, 1, 2)
    assert planted.table["label"].to_pylist() == list("aacbbc")
    assert truth.sample_ids == ("2", "4")
    assert (truth.details["before"], truth.details["after"]) == (("b", "c"), ("c", "b"))
    listings = Listings(tuple("abcdef"), tuple("123456"))
    assert testing.swap_block(listings, 0, 4, 2)[0].labels == tuple("563412")
    assert testing.reverse_labels(listings)[0].labels == tuple("654321")
    assert sorted(testing.shuffle(listings)[0].labels) == list("123456")
    assert testing.shuffle(listings, seed=1) == testing.shuffle(listings, seed=1)
    with pytest.raises(ValueError, match="overlap"):
        testing.swap_block(listings, 0, 1, 2)


def test_a_paired_manifest_moves_its_listings_with_its_column(tmp_path: Path) -> None:
    planted, _ = testing.shift_labels(testing.toy_pairs(tmp_path, n=4), 1)
    assert planted.task is Task.PAIRED
    assert planted.listings is not None
    assert list(planted.listings.labels) == planted.table["label_uri"].to_pylist()
    assert planted.listings.labels[0] == "masks/mask_0004.png"


def test_splits_and_shares() -> None:
    manifest = testing.toy_labels(300)
    dropped, truth = testing.drop_class_from_split(manifest, "disc", "val")
    assert (len(truth), len(dropped)) == (20, 280)
    assert not ((dropped.label_codes == 1) & (dropped.split_codes == dropped.splits.index("val"))).any()
    tail, truth = testing.make_imbalanced(manifest, 10)
    assert truth.details["counts"] == {"bar": 100, "disc": 31, "star": 10}
    assert len(tail) == 141
    drifted, truth = testing.drift(manifest, "star", "test", keep=0.25)
    assert (len(truth), truth.details["share_before"], truth.details["share_after"]) == (15, 1 / 3, 5 / 45)
    assert len(drifted) == 285
    leaked, truth = testing.leak_across_splits(manifest, 7)
    assert len(leaked) == 307
    assert [_labels(leaked)[name] for name in truth.sample_ids] == [
        _labels(manifest)[name] for name in truth.details["copied_from"]
    ]


@pytest.fixture
def toy(tmp_path: Path) -> Manifest:
    return testing.toy_images(tmp_path, n_per_class=5, size=32)


def test_duplicates_are_byte_identical_and_near_duplicates_are_not(toy: Manifest) -> None:
    assert toy.root is not None
    exact, truth = testing.duplicate_files(toy, 3, split="test", label="disc")
    assert len(exact) == 18
    for copy, original in zip(truth.sample_ids, truth.details["copied_from"], strict=True):
        assert (toy.root / copy).read_bytes() == (toy.root / original).read_bytes()
        assert _labels(exact)[copy] == "disc"
    for kind, size in (("re-encode", (32, 32)), ("resize", (24, 24)), ("crop", (30, 30))):
        _, truth = testing.near_duplicate_files(toy, 2, kind=kind)  # type: ignore[arg-type]
        for copy, original in zip(truth.sample_ids, truth.details["copied_from"], strict=True):
            assert (toy.root / copy).read_bytes() != (toy.root / original).read_bytes()
            assert _image(toy.root / copy).size == size


@pytest.mark.parametrize("kind", ["truncate", "zero", "not-an-image", "wrong-extension"])
def test_corruption_touches_the_files_it_names_and_no_other(toy: Manifest, kind: str) -> None:
    assert toy.root is not None
    before = _files(toy.root)
    _, truth = testing.corrupt_files(toy, 4, kind=kind)  # type: ignore[arg-type]
    after = _files(toy.root)
    assert tuple(sorted(name for name in before if before[name] != after[name])) == tuple(sorted(truth.sample_ids))
    assert before.keys() == after.keys()
    for name in truth.sample_ids:
        if kind == "truncate":
            assert before[name].startswith(after[name])
        elif kind == "zero":
            assert after[name] == b""
        elif kind == "wrong-extension":
            assert _image(toy.root / name).format == "PNG"


def test_painted_defects_have_the_property_they_name(toy: Manifest) -> None:
    assert toy.root is not None

    def pixels(truth: Truth) -> np.ndarray:
        assert toy.root is not None
        return np.asarray(_image(toy.root / truth.sample_ids[0]), dtype=float)

    assert pixels(testing.darken(toy, 1, seed=1)[1]).max() < 30
    assert pixels(testing.brighten(toy, 1, seed=1)[1]).min() > 225
    assert pixels(testing.blank(toy, 1, seed=2)[1]).std(axis=(0, 1)).max() < 1
    grey = pixels(testing.greyscale(toy, 1, seed=3)[1])
    assert np.ptp(grey, axis=-1).max() <= 4
    blurred = testing.blur(toy, 1, seed=4)[1]
    assert np.abs(np.diff(pixels(blurred), axis=1)).mean() < 6
    rotated = testing.rotate_exif(toy, 1, seed=5)[1]
    assert _image(toy.root / rotated.sample_ids[0]).getexif()[0x0112] == 6


def test_brightness_drift_lifts_one_split_only(toy: Manifest) -> None:
    assert toy.root is not None
    before = _files(toy.root)
    _, truth = testing.drift_brightness(toy, "val", by=0.2)
    assert {name.split("/")[0] for name, data in _files(toy.root).items() if data != before[name]} == {"val"}
    assert len(truth) == 3


def test_toy_images_are_reproducible_and_stratified(tmp_path: Path) -> None:
    one = testing.toy_images(tmp_path / "a", n_per_class=10, size=32)
    testing.toy_images(tmp_path / "b", n_per_class=10, size=32)
    assert _files(tmp_path / "a") == _files(tmp_path / "b")
    assert [int((one.split_codes == code).sum()) for code in range(3)] == [18, 6, 6]
    assert testing.toy_images(tmp_path / "c", n_per_class=2, splits=None).splits == ()


def test_toy_images_hold_no_near_duplicates_and_nothing_unreadable(tmp_path: Path) -> None:
    from datacheck.duplicates.clusters import find_duplicates
    from datacheck.scanning import scan

    manifest = testing.toy_images(tmp_path, n_per_class=60)
    measurements = scan(manifest, jobs=1).measurements
    assert measurements.readable.all()
    assert find_duplicates(measurements, max_distance=6).near.max() == -1


def test_measurements_for_refuses_unknown_columns() -> None:
    with pytest.raises(ValueError, match="brightnes"):
        testing.measurements_for(testing.toy_labels(3), brightnes=0.1)


def test_the_public_names_are_those_that_are_there() -> None:
    assert all(hasattr(testing, name) for name in testing.__all__)
    assert sorted(testing.__all__) == list(testing.__all__)
