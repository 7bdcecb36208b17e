"""``datacheck slices``: metrics by slice, and challenge sets."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import datacheck
from datacheck.cli import run
from datacheck.cli.slices import KINDS
from datacheck.report import Report
from datacheck.slices import CHALLENGES
from datacheck.testing import toy_images


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 120 images, those of camera B wrong half of the time."""
    folder = tmp_path_factory.mktemp("slices")
    manifest = toy_images(folder / "data", size=16)
    camera = np.where(np.arange(len(manifest)) % 3 == 0, "B", "A")
    manifest = manifest.with_column("camera", camera)
    seen = manifest.label_codes.copy()
    wrong = (camera == "B") & (np.arange(len(seen)) % 2 == 0)
    seen[wrong] = (seen[wrong] + 1) % 3
    probs = np.where(np.eye(3)[seen] > 0, 0.9, 0.05)
    datacheck.audit(manifest, out=folder / "run", probe={"pred_probs": probs}, select=["DC606"])
    return folder / "run"


def test_the_kinds_of_the_help_are_those_that_there_are() -> None:
    assert tuple(CHALLENGES) == KINDS


def test_the_weak_camera_is_named(audited: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["slices", str(audited)]) == 0
    shown = capsys.readouterr().out
    assert "weak: camera = 'B': 50 % of the predictions are wrong on 40 samples" in shown
    report = Report.load(audited)
    assert [one.evidence["slice"] for one in report.findings] == ["camera = 'B'"]
    assert report.slice("camera").rows[0].words == "camera = 'B'"


def test_json_and_csv_have_the_same_numbers(audited: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["slices", str(audited), "--by", "camera", "--by", "split", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    first = found["slices"][0]
    assert (first["slice"], first["n"], first["error"]["value"]) == ("camera = 'B'", 40, 0.5)
    assert {one["attribute"] for one in found["slices"]} == {"camera", "split"}
    assert found["left_out"] == 2  # val and test have 24 samples each
    assert run(["slices", str(audited), "--by", "camera", "--format", "csv"]) == 0
    head, row = capsys.readouterr().out.splitlines()[:2]
    assert dict(zip(head.split(","), row.split(","), strict=True))["n"] == "40"


def test_a_challenge_set_is_written_and_opens(
    audited: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "worst"
    assert run(["slices", str(audited), "--export", "worst", "--to", str(place), "--count", "20"]) == 0
    said = capsys.readouterr().out
    assert f"{place / 'images'}: 20 files" in said
    assert "in the split 'train'" in said
    assert set(datacheck.open(place / "manifest.parquet").table["camera"].to_pylist()) == {"B"}
    assert len(datacheck.open(place / "images")) == 20


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["slices", "nowhere"], "expected a run folder"),
        (["slices", "{run}", "--by", "camra"], "did you mean 'camera'"),
        (["slices", "{run}", "--format", "jsn"], "did you mean 'json'"),
        (["slices", "{run}", "--export", "worst"], "needs both"),
        (["slices", "{run}", "--export", "wurst", "--to", "x"], "did you mean 'worst'"),
        (["slices", "{run}", "--export", "rarest", "--to", "{run}/x"], "made without the labels"),
        (["slices", "{run}", "--export", "worst", "--to", "{run}"], "new or empty folder"),
    ],
)
def test_bad_input_is_two_and_one_line(
    audited: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert run([word.format(run=audited) for word in arguments]) == 2
    assert said in capsys.readouterr().err
