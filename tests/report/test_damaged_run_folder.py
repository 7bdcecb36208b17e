"""Every file of a run folder, damaged in many ways: it is read, or refused with an error that names the file."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datacheck.auditing import audit
from datacheck.errors import DatacheckError
from datacheck.report import Report
from datacheck.scanning import scan
from datacheck.sources import open_source
from tests.damage import damage

FILES = (
    "findings.json", "fingerprint.json", "issues.parquet", "manifest.parquet", "measurements.parquet", "probe.json",
    "probe.npz",
)  # fmt: skip
N_SEEDS = 25


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    rng = np.random.default_rng(0)
    for row in range(54):
        place = folder / "data" / ("train" if row < 36 else "val") / "abc"[row % 3]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (12, 16, 3), np.uint8)).save(place / f"{row:02d}.png")
    labels = open_source(folder / "data").label_codes
    features = rng.normal(size=(54, 8)) + labels[:, None]
    probe = {"features": features, "pred_probs": np.eye(3)[labels] * 0.7 + 0.1}
    audit(folder / "data", out=folder / "run", probe=probe)
    return folder


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_read_or_refused(run_folder: Path, name: str, tmp_path: Path) -> None:
    refused: list[str] = []
    for seed in range(N_SEEDS):
        copy = tmp_path / str(seed)
        shutil.copytree(run_folder / "run", copy, ignore=shutil.ignore_patterns("scan", "report.html"))
        how = damage(copy / name, random.Random(f"{name} {seed}"))
        try:
            report = Report.load(copy)
            report.to_json()
            report._repr_html_()
            str(report.worst)
        except DatacheckError as error:
            refused.append(f"{how}: {error}".replace(str(copy), "FOLDER"))
    assert [error for error in refused if "FOLDER" not in error] == []
    assert len(refused) >= N_SEEDS // 3


def test_a_damaged_cache_of_the_scan_is_measured_again(run_folder: Path, tmp_path: Path) -> None:
    manifest = open_source(run_folder / "data")
    right = scan(manifest, run_dir=run_folder / "run", pixels=8, jobs=1).measurements.table
    files = sorted(path.name for path in (run_folder / "run" / "scan").iterdir() if path.name != ".lock")
    for seed in range(12):
        copy = tmp_path / str(seed)
        shutil.copytree(run_folder / "run", copy)
        how = damage(copy / "scan" / files[seed % len(files)], random.Random(seed))
        result = scan(manifest, run_dir=copy, pixels=8, jobs=1)
        assert result.measurements.table.equals(right), (files[seed % len(files)], how)
        assert result.thumbnails is not None
        assert len(result.thumbnails.get(manifest.sample_ids.to_pylist())) == 54
