"""The probe end to end, without torch where torch is not needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from datacheck.errors import ConfigError, MissingExtraError, ProbeError
from datacheck.manifest import Manifest
from datacheck.probing import PretrainedWeights, load_probe, probe
from datacheck.probing.backends import BACKENDS, FitOptions
from datacheck.probing.budget import Clock
from datacheck.probing.engine import chosen_backend
from datacheck.probing.options import AtHand, Options
from datacheck.scanning import scan
from datacheck.sources import open_source


def blobs(n: int = 240, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Three well-separated classes in eight dimensions."""
    rng = np.random.default_rng(seed)
    label = np.arange(n) % 3
    return (rng.normal(size=(n, 8)) + 4 * np.eye(8)[label]).astype(np.float32), label


def manifest_of(label: NDArray[np.int64], **columns: object) -> Manifest:
    return Manifest.from_columns({"label": np.array(["ant", "bee", "cat"])[label], **columns})


def test_planted_errors_come_first_and_the_suggestion_is_the_truth() -> None:
    features, label = blobs()
    given = label.copy()
    wrong = np.array([4, 50, 99, 120, 200])
    given[wrong] = (label[wrong] + 1) % 3
    outputs = probe(manifest_of(given), features=features)
    assert set(np.argsort(outputs.label_quality)[:5].tolist()) == set(wrong.tolist())
    np.testing.assert_array_equal(outputs.suggested[wrong], label[wrong])
    assert outputs.pred_probs is not None
    np.testing.assert_allclose(outputs.pred_probs.sum(axis=1), 1, atol=1e-5)
    assert outputs.metrics["accuracy"].value == pytest.approx(235 / 240, abs=0.01)
    assert outputs.label_yield is not None
    errors = outputs.label_yield.estimated_errors
    assert errors.low <= 5 <= errors.high


def test_a_wrong_label_never_vouches_for_its_own_copy() -> None:
    """Eight byte-identical copies, all wrong: out of sample none of them is believed; separated, they are."""
    rng = np.random.default_rng(1)
    images = rng.integers(0, 255, (120, 32, 32, 3), dtype=np.uint8)
    label = np.arange(120) % 3
    features = (rng.normal(size=(120, 8)) * 0.3 + 2 * np.eye(8)[label]).astype(np.float32)
    copies = np.arange(0, 24, 3)
    images[copies], features[copies] = images[0], features[0] + 3 * np.eye(8)[7]
    given = label.copy()
    given[copies] = 2
    manifest = open_source((images, [("ant", "bee", "cat")[code] for code in given]))
    kept = probe(manifest, features=features, measurements=scan(manifest, thumbnails=False).measurements)
    assert len(np.unique(kept.fold[copies])) == 1
    apart = probe(manifest, features=features, folds=np.arange(120) // 3 % 5)
    assert len(np.unique(apart.fold[copies])) == 5
    assert kept.pred_probs is not None
    assert apart.pred_probs is not None
    assert kept.pred_probs[copies, 2].max() < 0.5 < apart.pred_probs[copies, 2].min()
    assert any("exact and near duplicates stay in one fold" in choice for choice in kept.choices)


def test_groups_of_the_manifest_share_a_fold() -> None:
    features, label = blobs()
    groups = np.arange(240) // 6
    outputs = probe(manifest_of(label, group=[f"person {number}" for number in groups]), features=features)
    for number in range(40):
        assert len(np.unique(outputs.fold[groups == number])) == 1


def test_same_seed_same_output_bit_for_bit() -> None:
    features, label = blobs(90)
    first, again = (probe(manifest_of(label), features=features, seed=3) for _ in range(2))
    np.testing.assert_array_equal(first.pred_probs, again.pred_probs)
    np.testing.assert_array_equal(first.label_quality, again.label_quality)


def test_regression_finds_the_corrupted_targets() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(300, 5)).astype(np.float32)
    target = features @ np.array([1.0, -2, 0.5, 0, 3]) + 10
    wrong = np.array([7, 77, 170])
    target[wrong] += 25
    outputs = probe(Manifest.from_columns({"target": target}), features=features)
    assert set(np.argsort(outputs.label_quality)[:3].tolist()) == set(wrong.tolist())
    assert outputs.pred_probs is None
    assert outputs.predictions is not None
    assert np.abs(np.delete(outputs.predictions - target, wrong)).mean() < 1
    assert outputs.metrics["mae"].low < outputs.metrics["mae"].value < outputs.metrics["mae"].high


def test_multilabel_quality_falls_where_a_label_was_dropped() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(300, 6)).astype(np.float32)
    matrix = features[:, :3] > 0
    labels = [[name for name, has in zip("abc", row, strict=True) if has] for row in matrix]
    clearest = int(np.where(matrix[:, 1], features[:, 1], 0).argmax())
    labels[clearest].remove("b")
    outputs = probe(Manifest.from_columns({"labels": labels}), features=features)
    assert int(outputs.label_quality.argmin()) == clearest
    assert outputs.metrics["f1/a"].value > 0.85


def test_classes_rarer_than_the_folds_are_said_and_do_not_crash() -> None:
    features, label = blobs(90)
    names = np.array(["ant", "bee", "cat"], dtype=object)[label]
    names[0] = "lynx"
    outputs = probe(Manifest.from_columns({"label": names}), features=features)
    assert any("fewer independent samples than the 5 folds: lynx (1)" in choice for choice in outputs.choices)
    assert outputs.pred_probs is not None
    assert outputs.pred_probs.shape == (90, 4)


def test_unlabelled_samples_are_predicted_but_not_judged() -> None:
    features, label = blobs(90)
    names = np.array(["ant", "bee", "cat"], dtype=object)[label]
    names[5] = None
    outputs = probe(Manifest.from_columns({"label": names}), features=features)
    assert np.isnan(outputs.label_quality[5])
    assert outputs.pred_probs is not None
    assert outputs.pred_probs[5].argmax() == label[5]


def test_outputs_come_back_from_the_run_folder(tmp_path: Path) -> None:
    features, label = blobs(60)
    outputs = probe(manifest_of(label), features=features, run_dir=tmp_path)
    loaded = load_probe(tmp_path)
    np.testing.assert_array_equal(loaded.label_quality, outputs.label_quality)
    assert loaded.choices == outputs.choices


def test_progress_ends_at_its_total() -> None:
    features, label = blobs(60)
    seen: list[tuple[int, int]] = []
    probe(manifest_of(label), features=features, progress=lambda done, total: seen.append((done, total)))
    assert all(done <= total for done, total in seen)
    assert seen[-1][0] == seen[-1][1]


def test_import_and_the_features_backend_need_no_torch() -> None:
    code = (
        "import sys\n"
        "class NoTorch:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] == 'torch':\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, NoTorch())\n"
        "import numpy as np\n"
        "from datacheck.errors import MissingExtraError\n"
        "from datacheck.manifest import Manifest\n"
        "from datacheck.probing import probe\n"
        "manifest = Manifest.from_columns({'label': ['a', 'b'] * 20})\n"
        "features = np.tile([[0.0, 5.0], [5.0, 0.0]], (20, 1))\n"
        "print(probe(manifest, features=features).backend)\n"
        "try:\n    probe(manifest, backend='scratch', pixels=np.zeros((40, 8, 8, 3), np.uint8))\n"
        "except MissingExtraError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[0] == "features"
    assert "pip install 'datacheck-audit[probe]'" in done.stdout


def test_auto_takes_what_is_given() -> None:
    table = Manifest.from_columns({"label": ["a", "b"], "length": [1.0, 2.0]})
    features, pixels = np.zeros((2, 1)), np.zeros((2, 8, 8, 3), np.uint8)

    def chosen(options: Options | None = None, **at_hand: Any) -> str:
        return chosen_backend(options or Options(), AtHand(**at_hand), table).name

    assert chosen(pred_probs=features, features=features) == "pred_probs"
    assert chosen(features=features, pixels=pixels) == "features"
    assert chosen(pixels=pixels) == "images"
    assert chosen(Options(weights=PretrainedWeights("resnet18")), pixels=pixels) == "pretrained"
    assert chosen() == "tabular"
    with pytest.raises(ConfigError, match="did you mean 'scratch'"):
        chosen(Options(backend="scrach"))
    with pytest.raises(ConfigError, match="needs weights="):
        chosen(Options(backend="pretrained"), pixels=pixels)
    with pytest.raises(ConfigError, match="backend='features' needs features="):
        probe(table, backend="features")


@pytest.mark.parametrize(
    ("backend", "device", "n", "expected"),
    [
        ("pred_probs", "cpu", 100, 1),
        ("features", "cpu", 100, 5),
        ("features", "cpu", 50_000, 5),
        ("scratch", "cpu", 1999, 5),
        ("scratch", "cpu", 2000, 3),
        ("scratch", "cpu", 9999, 3),
        ("scratch", "cpu", 10_000, 2),
        ("pretrained", "cuda", 2000, 4),
        ("images", "cpu", 2999, 5),
        ("images", "cpu", 5000, 3),
    ],
)
def test_folds_fit_what_a_fold_costs(backend: str, device: str, n: int, expected: int) -> None:
    options = FitOptions(Manifest.from_columns({"label": ["a", "b"]}), Clock(3600), device)
    assert {one.name: one for one in BACKENDS}[backend].folds(n, options) == expected


def test_embeddings_say_whether_labels_went_into_them(tmp_path: Path) -> None:
    """Of a mix, the backend that made the embeddings decides."""
    features, label = blobs(60)
    assert probe(manifest_of(label), features=features, run_dir=tmp_path).embeddings_label_free
    assert load_probe(tmp_path).embeddings_label_free
    assert not probe(manifest_of(label), pred_probs=np.eye(3)[label]).embeddings_label_free


def test_the_near_duplicate_distance_reaches_the_folds() -> None:
    """Two images whose hashes differ in a few bits share a fold only while the distance allows it."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (60, 32, 32, 3), dtype=np.uint8)
    images[1::2] = np.clip(images[::2].astype(int) + rng.integers(-60, 60, images[::2].shape), 0, 255).astype(np.uint8)
    manifest = open_source((images, ["ant", "bee"] * 30))
    measurements = scan(manifest, thumbnails=False).measurements
    features = rng.normal(size=(60, 4)).astype(np.float32)

    def together(distance: int) -> int:
        outputs = probe(manifest, features=features, measurements=measurements, near_duplicate_distance=distance)
        return int((outputs.fold[::2] == outputs.fold[1::2]).sum())

    assert together(0) < 30
    assert together(16) == 30


def test_what_cannot_be_probed_is_said() -> None:
    features, label = blobs(60)
    with pytest.raises(ProbeError, match="found task 'unlabelled'"):
        probe(Manifest.from_columns({"sample_id": ["a"]}), features=features[:1])
    with pytest.raises(ProbeError, match=r"two or more classes, found \['ant'\]"):
        probe(manifest_of(label * 0), features=features)
    with pytest.raises(ProbeError, match="at least 8 readable samples with a label, found 6 of 6"):
        probe(manifest_of(label[:6]), features=features[:6])
    with pytest.raises(ConfigError, match="expected a budget such as '60s'"):
        probe(manifest_of(label), features=features, budget="soon")


def test_the_tensorboard_log_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    features, label = blobs(60)
    with pytest.raises(MissingExtraError, match=r"pip install 'datacheck-audit\[tensorboard\]'"):
        probe(manifest_of(label), features=features, tensorboard=tmp_path)


@pytest.mark.parametrize("device", ["gpu", "cuda:99"])
def test_a_device_that_is_not_there_is_refused_rather_than_replaced(device: str) -> None:
    pytest.importorskip("torch")
    manifest = Manifest.from_columns({"label": ["a", "b"] * 10, "x": np.arange(20.0)})
    with pytest.raises(ConfigError, match=f"device: expected 'auto', 'cpu' or .*, found '{device}'"):
        probe(manifest, device=device)
