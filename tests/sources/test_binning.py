"""A numeric target as classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import datacheck
from datacheck.cli import run
from datacheck.errors import SourceError
from datacheck.manifest import Task


def test_the_classes_have_equal_counts_and_the_numbers_stay() -> None:
    prices = np.arange(100) * 1.5
    manifest = datacheck.open({"size": np.arange(100.0), "target": prices}, bins=4)
    assert manifest.task is Task.CLASSIFICATION
    assert np.bincount(manifest.label_codes).tolist() == [25, 25, 25, 25]
    assert manifest.classes[0] == "0 to 37.125"
    assert manifest.table["target"].to_pylist() == prices.tolist()
    assert "target divided into 4 classes" in manifest.took_for
    assert "target" not in manifest.extra_columns, "the probe must not be given the number that it is to predict"


def test_equal_targets_stay_together_and_missing_ones_have_no_class() -> None:
    target = [0.5, 0.5, 0.5, 0.5, 1.5, 2.5, 3.5, 4.5, float("inf"), None]
    labels = datacheck.open({"a": range(10), "target": target}, bins=4).table["label"].to_pylist()
    assert [len(set(part)) for part in (labels[:4], labels[4:8])] == [1, 2]
    assert labels[8:] == [None, None]


def test_what_is_no_number_cannot_be_divided() -> None:
    with pytest.raises(SourceError, match="expected a regression target to divide into classes, found classification"):
        datacheck.open({"label": ["a", "b"]}, bins=2)
    with pytest.raises(SourceError, match="too few values for 4 classes"):
        datacheck.open({"a": [1, 2, 3], "target": [0.5, 0.5, 0.5]}, bins=4)


def test_an_audit_of_numbers_offers_bins_and_the_command_line_takes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    rows = [f"{x:.3f},{2 * x + 0.1 * rng.normal():.3f}" for x in rng.normal(size=200)]
    Path("t.csv").write_text("x,price\n" + "\n".join(rows))
    assert run(["audit", "t.csv", "--target", "price", "--format", "terminal"]) == 0
    assert "--bins 5 divides it into 5 classes" in " ".join(capsys.readouterr().out.split())
    assert run(["audit", "t.csv", "--target", "price", "--bins", "4", "--probe", "--budget", "10m", "--out", "r"]) == 0
    assert "4 classes" in capsys.readouterr().out
    report = datacheck.Report.load(Path("r"))
    assert report.probe is not None
    assert report.probe.metrics["accuracy"].value > 0.8
