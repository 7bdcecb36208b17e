"""A look at a few samples on the command line: the measured count takes the place of the estimate everywhere."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from datacheck.auditing import count_wrong_labels, run_rules
from datacheck.cli import run
from datacheck.errors import RelabelError
from datacheck.report import Report
from datacheck.rules import RuleContext
from datacheck.rules.labels.dc501_mislabel import Mislabel

from .test_queue_commands import CLASSES, N, filled, folder

__all__ = ["folder"]

TRUTH = {f"{row:03d}.png": CLASSES[row % 2] for row in range(N)} | {"001.png": CLASSES[0]}


@pytest.fixture
def judged(folder: Path) -> Path:
    """The run folder with a judgement of DC501 in it."""
    report = Report.load(folder)
    outcomes = run_rules([Mislabel()], RuleContext(report.manifest, probe=report.probe))
    replace(report, outcomes=outcomes).save(folder)
    return folder


def message(place: Path) -> str:
    return str(Report.load(place).findings[0].message)


def test_the_answers_measure_the_count_and_everything_uses_it(
    judged: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "about 10 of 120 labels are wrong (95 % interval 8 to 12)" in message(judged)
    assert run(["queue", "make", str(judged), "--budget", "60", "--look", "40"]) == 0
    assert "the first 40 are a random sample" in capsys.readouterr().out
    sheet = tmp_path / "sheet.csv"
    run(["queue", "export", str(judged), "--to", "csv", "-o", str(sheet)])
    assert run(["queue", "import", str(judged), str(filled(sheet, TRUTH)), "--from", "csv"]) == 0
    said = capsys.readouterr().out
    assert "10 of 61 labels looked at are wrong; of all 120, about 10 are (95 % interval 10 to " in said
    assert "the audit now uses this count" in said
    assert "labels looked at are wrong; of all 120, about 10 are" in message(judged)
    saved = json.loads((judged / "probe.json").read_text())
    assert saved["label_yield"]["estimated_errors"]["low"] == 8.0  # the model's own estimate stays
    loaded = Report.load(judged).probe
    assert loaded is not None
    assert loaded.label_yield is not None
    assert loaded.label_yield.look is not None
    assert "labels looked at are wrong" in (judged / "report.html").read_text()
    assert run(["queue", "count", str(judged)]) == 0
    assert "labels looked at are wrong" in capsys.readouterr().out
    assert run(["relabel", "apply", str(judged)]) == 0
    assert "labels looked at are wrong" in capsys.readouterr().out


def test_few_answers_change_nothing(judged: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["queue", "make", str(judged), "--look", "40"])
    sheet = tmp_path / "sheet.csv"
    run(["queue", "export", str(judged), "--to", "csv", "-o", str(sheet)])
    with sheet.open(newline="") as file:
        first = [row["sample_id"] for row in csv.DictReader(file)][:8]
    filled(sheet, {name: TRUTH[name] for name in first})
    run(["queue", "import", str(judged), str(sheet), "--from", "csv"])
    said = capsys.readouterr().out
    assert "of 8 labels looked at are wrong" in said
    assert "the audit keeps its own estimate until 20 are looked at" in said
    assert "about 10 of 120 labels are wrong" in message(judged)


def test_what_is_missing_is_said(judged: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RelabelError, match=r"expected queue\.parquet"):
        count_wrong_labels(judged)
    run(["queue", "make", str(judged), "--budget", "20"])
    assert run(["queue", "count", str(judged)]) == 2
    assert "expected answers.parquet" in capsys.readouterr().err
    sheet = tmp_path / "sheet.csv"
    run(["queue", "export", str(judged), "--to", "csv", "-o", str(sheet)])
    run(["queue", "import", str(judged), str(filled(sheet, TRUTH)), "--from", "csv"])
    assert "labels looked at" not in capsys.readouterr().out
    assert run(["queue", "count", str(judged)]) == 2
    assert "--look 60" in capsys.readouterr().err
    assert run(["queue", "make", str(judged), "--look", "-1", "--replace"]) == 2
