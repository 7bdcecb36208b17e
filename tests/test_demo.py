"""The demo finds everything that was planted, and its clean twin is silent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from datacheck.cli import run
from datacheck.cli.demo import compare, summary
from datacheck.demo import write_demo
from datacheck.errors import DatacheckError
from datacheck.probing import load_probe
from datacheck.report import Report
from tests.thorough import THOROUGH

SEEDS = [0, *([1, 2] if THOROUGH else [])]


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_every_planted_defect_is_found_and_nothing_else_above_info(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], seed: int
) -> None:
    assert run(["demo", str(tmp_path / "data"), "--seed", str(seed)]) == 0, capsys.readouterr().out[-500:]
    assert "Planted 19 kinds of defect, found 19." in capsys.readouterr().out
    truth, report = write_demo(tmp_path / "again", seed=seed), Report.load(tmp_path / "data-audit")
    report = replace(report, outcomes=tuple(one for one in report.outcomes if one.code != "DC304"))
    missed, unplanted = compare(report, truth, probe=False)
    assert (missed, unplanted) == (["DC304"], [])
    assert "found 18. Not found, or not all of their samples: DC304." in summary(truth, missed, unplanted, probe=False)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_the_clean_twin_is_silent_above_info(tmp_path: Path, capsys: pytest.CaptureFixture[str], seed: int) -> None:
    assert run(["demo", str(tmp_path / "data"), "--clean", "--seed", str(seed)]) == 0, capsys.readouterr().out[-500:]
    assert "no rule found anything above info" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_the_probe_finds_the_wrong_labels_and_raises_no_false_alarm(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], seed: int
) -> None:
    assert run(["demo", str(tmp_path / "data"), "--probe", "--seed", str(seed)]) == 0, capsys.readouterr().out[-500:]
    assert "Planted 20 kinds of defect, found 20." in capsys.readouterr().out
    probe = load_probe(tmp_path / "data-audit")
    assert probe.metrics["accuracy"].value >= 0.9
    planted = write_demo(tmp_path / "again", seed=seed).planted["DC501"]
    quality = np.where(np.isnan(probe.label_quality), np.inf, probe.label_quality)
    queue = probe.sample_ids[np.argsort(quality, kind="stable")[:40]]
    assert np.isin(queue, planted).sum() >= 30


@pytest.mark.slow
def test_the_probe_is_silent_on_the_clean_twin(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["demo", str(tmp_path / "data"), "--clean", "--probe"]) == 0, capsys.readouterr().out[-500:]
    found = load_probe(tmp_path / "data-audit").label_yield
    assert found is not None
    assert found.estimated_errors.low == 0
    assert found.recommended_depth <= 20


def test_it_never_writes_over_files(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(DatacheckError, match="new or empty folder"):
        write_demo(tmp_path)


def test_truth_names_files_that_are_there(tmp_path: Path) -> None:
    truth = write_demo(tmp_path / "data")
    named = {name for names in truth.planted.values() for name in names}
    assert [name for name in named if not (tmp_path / "data" / name).exists()] == []
    assert len(truth.planted["DC501"]) == 40
