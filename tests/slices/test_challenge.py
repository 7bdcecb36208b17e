from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import datacheck
from datacheck.errors import ConfigError, ProbeError, StorageError
from datacheck.manifest import Manifest
from datacheck.probing.outputs import ProbeOutputs
from datacheck.slices import CHALLENGES, challenge_set, export_challenge
from datacheck.testing import toy_images


@pytest.fixture
def probed(tmp_path: Path) -> tuple[Manifest, ProbeOutputs]:
    """120 images; 7 is wrong and sure, 8 is in between, 9 is far from all, the test split has drifted, row 100 most."""
    manifest = toy_images(tmp_path / "data", n_per_class=40, size=16)
    n = len(manifest)
    probs = np.where(np.eye(3)[manifest.label_codes] > 0, 0.9, 0.05)
    probs[7] = np.roll([0.98, 0.01, 0.01], manifest.label_codes[7] + 1)
    probs[8] = np.roll([0.5, 0.49, 0.01], manifest.label_codes[8])
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 4)).astype(np.float32)
    held = np.flatnonzero(manifest.split_codes > 0)
    x[held, 0] += 3
    x[held[0], 0] += 30
    x[9, 3] = 50
    outputs = datacheck.probe(manifest, pred_probs=probs)
    return manifest, replace(outputs, embeddings=x, embeddings_label_free=True)


def test_each_kind_puts_its_own_samples_first(probed: tuple[Manifest, ProbeOutputs]) -> None:
    manifest, outputs = probed
    held = np.flatnonzero(manifest.split_codes > 0)
    first = {kind: challenge_set(manifest, outputs, kind, count=5).rows[0] for kind in CHALLENGES}
    assert first == {"worst": 7, "hardest": 8, "rarest": 9, "drifted": held[0], "ambiguous": 8}
    worst = challenge_set(manifest, outputs, "worst")
    assert worst.value[0] == pytest.approx(-np.log(0.01))
    assert (np.diff(worst.value) <= 0).all()
    assert 7 not in challenge_set(manifest, outputs, "hardest").rows
    assert set(challenge_set(manifest, outputs, "drifted").rows) <= set(held)


@pytest.mark.parametrize("kind", CHALLENGES)
def test_a_challenge_set_opens_as_a_dataset_again(
    kind: str, probed: tuple[Manifest, ProbeOutputs], tmp_path: Path
) -> None:
    manifest, outputs = probed
    chosen = challenge_set(manifest, outputs, kind, count=12)
    _, n_files = export_challenge(manifest, chosen, tmp_path / "hard")
    assert n_files == 12
    again = datacheck.open(tmp_path / "hard" / "manifest.parquet")
    assert again.sample_ids.to_pylist() == manifest.sample_ids.take(chosen.rows).to_pylist()
    assert again.table["label"].to_pylist() == manifest.table["label"].take(chosen.rows).to_pylist()
    assert again.table["challenge_rank"].to_pylist() == list(range(1, 13))
    assert datacheck.scan(again).measurements.readable.all()
    folder = datacheck.open(tmp_path / "hard" / "images")
    assert len(folder) == 12
    assert sorted(folder.table["label"].to_pylist()) == sorted(again.table["label"].to_pylist())
    assert set(folder.splits) == set(again.splits)


def test_a_table_gives_a_manifest_alone(tmp_path: Path) -> None:
    manifest = Manifest.from_columns({"label": ["cat", "dog"] * 20, "age": range(40)})
    outputs = datacheck.probe(manifest, pred_probs=np.where(np.eye(2)[[0, 1] * 20] > 0, 0.9, 0.1))
    _, n_files = export_challenge(manifest, challenge_set(manifest, outputs, "worst", count=3), tmp_path / "hard")
    assert n_files == 0
    assert [path.name for path in (tmp_path / "hard").iterdir()] == ["manifest.parquet"]
    assert "age" in datacheck.open(tmp_path / "hard" / "manifest.parquet")


def test_bad_places_and_kinds_are_refused_and_nothing_is_written(
    probed: tuple[Manifest, ProbeOutputs], tmp_path: Path
) -> None:
    manifest, outputs = probed
    chosen = challenge_set(manifest, outputs, "worst", count=3)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a").touch()
    with pytest.raises(ConfigError, match="new or empty folder"):
        export_challenge(manifest, chosen, tmp_path / "full")
    with pytest.raises(ConfigError, match="inside the dataset"):
        export_challenge(manifest, chosen, tmp_path / "data" / "hard")
    (tmp_path / "data" / manifest.table["uri"][7].as_py()).unlink()
    with pytest.raises(StorageError, match=r"is missing.*nothing was written"):
        export_challenge(manifest, chosen, tmp_path / "hard")
    assert not (tmp_path / "hard").exists()
    with pytest.raises(ConfigError, match="did you mean 'worst'"):
        challenge_set(manifest, outputs, "wurst")
    with pytest.raises(ProbeError, match="made without the labels"):
        challenge_set(manifest, replace(outputs, embeddings=None), "rarest")
    with pytest.raises(ProbeError, match="no two such splits"):
        challenge_set(replace(manifest, table=manifest.table.drop(["split"])), outputs, "drifted")
    with pytest.raises(ProbeError, match="trained none"):
        challenge_set(manifest, None, "worst")
