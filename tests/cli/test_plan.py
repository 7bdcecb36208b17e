"""``datacheck plan``: from a run folder to plan.json."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from datacheck.cli import run
from datacheck.plan import TrainingPlan
from datacheck.testing import toy_images

SAID = "nothing has to be done before the main training"


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plan")
    toy_images(folder / "data", seed=0)
    assert run(["audit", str(folder / "data"), "--out", str(folder / "run"), "-q"]) in {0, 1}
    return folder / "run"


def test_a_run_folder_gets_its_plan(audited: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", str(audited), "--no-augment", "--seeds", "1", "-q"]) == 0
    shown = capsys.readouterr().out
    assert "Rebalance" in shown
    assert "TrainingPlan.load" in shown
    plan = TrainingPlan.load(audited)
    assert len(plan.item("normalise").settings["mean"]) == 3
    assert np.isin(plan.samples["action"].to_numpy(zero_copy_only=False), ["keep", "drop", "relabel"]).all()


def test_the_plan_can_go_elsewhere(audited: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", str(audited), "--no-augment", "--seeds", "1", "-q", "--out", str(tmp_path / "p")]) == 0
    assert TrainingPlan.load(tmp_path / "p").seed == 0


def test_the_plan_stays_in_the_reports_of_the_same_dataset(audited: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", str(audited), "--no-augment", "--seeds", "1", "-q"]) == 0
    capsys.readouterr()
    run(["report", str(audited), "--format", "terminal"])
    shown = capsys.readouterr().out
    assert "plan       " in shown
    assert SAID in shown
    run(["audit", str(audited.parent / "data"), "--out", str(audited), "-q"])
    assert SAID in capsys.readouterr().out
    assert 'id="plan"' in (audited / "report.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_weights_of_a_pretrained_network_are_used(
    audited: Path, shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torchvision", reason="needs torchvision")
    weights = str(shared_data / "mobilenet_v2_imagenet_fp16.pt")
    asked = ["--weights", weights, "--weights-inputs", "signed", "--device", "cpu", "--seeds", "2", "-o", str(tmp_path)]
    assert run(["plan", str(audited), *asked, "-q"]) == 0
    plan = TrainingPlan.load(tmp_path)
    tried = [item for item in plan.by_kind("augment") if item.measured]
    assert len(tried) >= 20
    assert all("mobilenet_v2 at 96 pixels, frozen" in item.measured[0].estimate.method for item in tried)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["plan", "nowhere"], "expected a run folder"),
        (["plan", "{run}", "--budget", "soon"], "expected a budget"),
        (["plan", "{run}", "--deployment", "unicorn=1.0"], "found 'unicorn'"),
        (["plan", "{run}", "--weights", "nowhere.pt"], "nowhere.pt"),
        (["plan", "{run}", "--weights", "nowhere.pt", "--weights-inputs", "sgned"], "did you mean 'signed'"),
    ],
)
def test_bad_input_is_two_and_one_line(
    audited: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert run([word.format(run=audited) for word in arguments] + ["-q"]) == 2
    assert said in capsys.readouterr().err
