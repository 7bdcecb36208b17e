from dataclasses import replace

import numpy as np
import pytest

from datacheck.errors import ConfigError, ProbeError
from datacheck.manifest import Manifest
from datacheck.probing import probe
from datacheck.probing.outputs import ProbeOutputs
from datacheck.slices import find_slices, slice_attributes
from datacheck.slices.text import slices_text
from datacheck.slices.values import binned
from datacheck.testing import measurements_for

N = 400
LABEL = np.arange(N) % 2
CAMERA = np.where(np.arange(N) < 80, "B", "A")
WRONG = (np.arange(N) < 80) & (np.arange(N) % 5 < 2)


def dataset() -> tuple[Manifest, ProbeOutputs]:
    manifest = Manifest.from_columns(
        {
            "label": np.array(["cat", "dog"])[LABEL],
            "camera": CAMERA,
            "night": np.arange(N) % 4 == 0,
            "month": np.arange(N) % 12 + 1,
            "site": [f"site {row}" for row in range(N)],
            "always": ["x"] * N,
        }
    )
    seen = np.where(WRONG, 1 - LABEL, LABEL)
    return manifest, probe(manifest, pred_probs=np.where(np.eye(2)[seen] > 0, 0.9, 0.1))


def test_each_value_of_a_column_is_a_slice_with_its_own_numbers() -> None:
    manifest, outputs = dataset()
    found = find_slices(manifest, probe=outputs, by=["camera"])
    b, a = found.rows
    assert (b.words, len(b), b.error.value, a.error.value) == ("camera = 'B'", 80, 0.4, 0.0)
    assert b.accuracy.value == 0.6
    assert b.accuracy.low == pytest.approx(0.491, abs=0.001)
    assert b.loss.value == pytest.approx(0.4 * -np.log(0.1) + 0.6 * -np.log(0.9))
    assert b.doubtful is not None
    assert b.doubtful.value == 0.4
    assert manifest.table["camera"].take(b.rows).to_pylist() == ["B"] * 80
    assert found.error.value == WRONG.mean()


def test_what_can_be_sliced_by_is_found_and_what_cannot_is_left_out() -> None:
    manifest, outputs = dataset()
    names = [one.name for one in slice_attributes(manifest, measurements_for(manifest), outputs)]
    assert names[:4] == ["label", "camera", "night", "month"]
    assert "brightness" in names
    assert not {"site", "always", "width", "cluster"} & set(names)


def test_clusters_are_sliced_by_where_the_embeddings_know_no_labels() -> None:
    manifest, outputs = dataset()
    x = np.random.default_rng(0).normal(size=(N, 6)).astype(np.float32) + 9 * (np.arange(N) < 80)[:, None]
    free = replace(outputs, embeddings=x, embeddings_label_free=True)
    weak = find_slices(manifest, probe=free, by=["cluster"]).weak(min_gap=0.1)
    assert weak
    assert all((one.rows < 80).all() and one.words.startswith("samples like") for one in weak)
    with pytest.raises(ConfigError, match="made without the labels"):
        find_slices(manifest, probe=replace(free, embeddings_label_free=False), by=["cluster"])


def test_a_number_is_cut_at_short_numbers_that_words_name_exactly() -> None:
    values = np.random.default_rng(1).lognormal(2, 1, 5000)
    found = binned("sharpness", values, measured=True)
    assert found is not None
    for index, words in enumerate(found.words):
        if words.startswith("images less sharp than "):
            limit = float(words.removeprefix("images less sharp than "))
            assert (found.inside(index) == (values < limit)).all()
    assert found.words[0] == "images less sharp than 1.4"
    few = binned("width", np.array([64.0, 128.0, np.nan, 64.0]), measured=True)
    assert few is not None
    assert few.words == ("images with width = 64", "images with width = 128")
    assert few.codes.tolist() == [0, 1, -1, 0]
    assert binned("width", np.full(9, 64.0)) is None


def test_small_slices_are_left_out_and_counted() -> None:
    manifest, outputs = dataset()
    found = find_slices(manifest, probe=outputs, by=["camera"], min_size=81)
    assert [one.words for one in found.rows] == ["camera = 'A'"]
    assert found.n_small == 1


def test_text_names_the_weak_slice_first() -> None:
    manifest, outputs = dataset()
    lines = slices_text(find_slices(manifest, probe=outputs)).splitlines()
    assert lines[0].startswith("400 samples predicted out of sample: 8 % wrong")
    assert lines[1].startswith("weak: camera = 'B': 40 % of the predictions are wrong on 80 samples")
    assert not lines[2]
    assert "+40.0 (+29.9 to +51.0)" in lines[4]
    narrow = slices_text(find_slices(manifest, probe=outputs), width=79).splitlines()
    assert narrow[5:7] == ["camera = 'B'", "       80      40 % (30 to 51 %)  +40.0 (+29.9 to +51.0)  0.984      40 %"]
    assert max(len(line) for line in narrow[3:]) < 80
    frame = find_slices(manifest, probe=outputs).to_frame()
    assert frame.iloc[0]["slice"] == "camera = 'B'"
    assert frame.iloc[0]["gap"] == 0.4


def test_bad_input_is_refused_with_what_to_do() -> None:
    manifest, outputs = dataset()
    with pytest.raises(ProbeError, match="audit again with --probe"):
        find_slices(manifest)
    with pytest.raises(ProbeError, match="400 samples that are not the 399"):
        find_slices(manifest.take(np.arange(1, N)), probe=outputs)
    with pytest.raises(ConfigError, match="did you mean 'camera'"):
        find_slices(manifest, probe=outputs, by=["camra"])
    with pytest.raises(ConfigError, match="'site' has one value only, or a value of its own"):
        find_slices(manifest, probe=outputs, by=["site"])
