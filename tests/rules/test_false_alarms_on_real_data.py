"""Rules that infer a cause from names, spelling, transparency, depth or copies are silent on data that are in order."""

from __future__ import annotations

import tarfile
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

import datacheck

pytestmark = pytest.mark.slow

INFERRING = ["DC106", "DC109", "DC110", "DC111", "DC303", "DC304", "DC305", "DC309", "DC310", "DC410"]
"""Rules that have nothing to say of the sets below."""


def test_cifar_photos_as_folders(shared_data: Path, tmp_path: Path) -> None:
    table = pq.read_table(shared_data / "cifar10n-train.parquet").take(np.arange(0, 50_000, 25))
    for row, (jpeg, label) in enumerate(zip(table["jpeg"].to_pylist(), table["clean"].to_pylist(), strict=True)):
        folder = tmp_path / ("val" if row % 5 == 4 else "train") / str(label)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{row:05d}.jpg").write_bytes(jpeg)
    report = datacheck.audit(tmp_path, select=INFERRING)
    assert [finding.message for finding in report.findings] == []
    assert report.gaps == ()


def test_digits_as_pictures(tmp_path: Path) -> None:
    sklearn_datasets = pytest.importorskip("sklearn.datasets")
    digits = sklearn_datasets.load_digits()
    for row, (image, label) in enumerate(zip(digits.images[:600], digits.target[:600], strict=True)):
        folder = tmp_path / ("val" if row % 4 == 3 else "train") / str(label)
        folder.mkdir(parents=True, exist_ok=True)
        pixels = (image * 15.9).astype(np.uint8)
        Image.fromarray(pixels).resize((96, 96)).save(folder / f"digit_{row:04d}.png")
    report = datacheck.audit(tmp_path, select=INFERRING)
    assert [finding.message for finding in report.findings] == []


def test_photos_of_waste(shared_data: Path, tmp_path: Path) -> None:
    with tarfile.open(shared_data / "trashnet-subset.tar") as archive:
        archive.extractall(tmp_path, filter="data")
    report = datacheck.audit(tmp_path / "trashnet", select=INFERRING, duplicates="hash")
    (finding,) = report.findings
    assert finding.message == "6 samples are exact copies with different labels (3 clusters)"
