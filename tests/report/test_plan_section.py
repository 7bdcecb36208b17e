"""The training plan in the HTML report and in the run folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from datacheck.fingerprints import fingerprint
from datacheck.manifest import Manifest
from datacheck.plan import PlanItem, TrainingPlan, make_plan
from datacheck.report import Report, terminal
from datacheck.report.html import render
from datacheck.report.terminal import Screen


def planned() -> tuple[Report, TrainingPlan]:
    rng = np.random.default_rng(0)
    label = np.repeat(["cat", "<dog>"], [150, 40])
    features = rng.normal(size=(190, 4)) + (label == "<dog>")[:, None]
    manifest = Manifest.from_columns({"label": label})
    plan = make_plan(manifest, features=features, n_seeds=2)
    return Report(manifest, fingerprint=fingerprint(manifest)), plan


def test_the_plan_is_shown_with_its_numbers_and_nothing_unescaped() -> None:
    report, plan = planned()
    picture = "data:image/jpeg;base64,AAAA"
    flip = PlanItem(kind="augment", name="flip", verdict="avoid", summary="turns <dog>", settings={"picture": picture})
    script = replace(flip, name="evil", settings={"picture": "javascript:alert(1)"})
    text = render(replace(report, plan=replace(plan, items=(*plan.items, flip, script))))
    assert '<section id="plan"' in text
    assert "gain in balanced accuracy +" in text
    assert f'src="{picture}"' in text
    assert "turns <dog>" not in text.lower()
    assert "javascript:" not in text
    assert 'id="plan"' not in render(report)


def test_the_terminal_shows_the_order_of_work_and_the_verdicts_with_their_numbers() -> None:
    report, plan = planned()
    gain = plan.item("rebalance").measured[0]
    gain = replace(gain, estimate=replace(gain.estimate, value=0.031, low=0.012, high=0.05))
    used = PlanItem(kind="rebalance", name="logit_adjustment", verdict="use", summary="logits adjusted: gains a lot",
                    measured=(gain,))  # fmt: skip
    loss = replace(gain, estimate=replace(gain.estimate, value=-0.2, low=-0.25, high=-0.1))
    flips = [
        PlanItem(kind="augment", name=f"turn_{turn}", verdict="avoid", measured=(loss,),
                 summary=f"rotation by {turn} degrees: avoid for \x1b[31msix; it turns six → nine (96%)")
        for turn in range(6)
    ]  # fmt: skip
    steps = ["split the data " + "as planned " * 20, "drop", "rebalance", "augment"]
    order = PlanItem(kind="order", name="order_of_work", verdict="do", summary="", settings={"steps": steps})
    report = replace(report, plan=replace(plan, items=(order, used, *flips), seconds=7.0))
    lines = terminal.render(report, screen=Screen(80, 24)).splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("plan "))
    assert lines[start].endswith("gain in balanced accuracy out of sample, 133 samples, 2 seeds, 7 s")
    assert lines[start + 1].startswith("           1. split the data as planned")
    assert lines[start + 3] == "           3. rebalance … 1 more"
    assert lines[start + 4] == "✔ use      logits adjusted" + " " * 31 + "+0.031 [+0.012, +0.050]"
    assert lines[start + 5].startswith("✖ avoid    rotation by 0 degrees: it turns six → ")
    assert lines[start + 5].endswith("-0.200 [-0.250, -0.100]")
    assert lines[start + 8] == "… and 3 more (--verbose shows all)"
    assert all(len(line) <= 80 for line in lines)
    assert "\x1b" not in "".join(lines)
    everything = terminal.render(report, screen=Screen(80, 24, verbose=True))
    assert all(f"rotation by {turn} degrees" in everything for turn in range(6))
    assert "           4. augment" in everything


def test_without_a_plan_the_terminal_says_nothing_of_one() -> None:
    report, _ = planned()
    assert "plan " not in terminal.render(report)


def test_a_plan_without_measurements_says_that_it_was_counted() -> None:
    manifest = Manifest.from_columns({"label": ["a", "b"] * 30})
    report = Report(manifest, plan=make_plan(manifest))
    text = terminal.render(report)
    assert "nothing was measured: the plan follows from counting" in text
    assert "1. split the data as the plan says" in text


def test_a_run_folder_brings_its_plan_back_unless_the_data_changed(tmp_path: Path) -> None:
    report, plan = planned()
    report.save(tmp_path)
    assert Report.load(tmp_path).plan is None
    plan.save(tmp_path)
    loaded = Report.load(tmp_path).plan
    assert isinstance(loaded, TrainingPlan)
    assert loaded.to_json() == plan.to_json()
    replace(plan, identity="0" * 32).save(tmp_path)
    assert Report.load(tmp_path).plan is None
    (tmp_path / "plan.json").write_text("{")
    assert Report.load(tmp_path).plan is None
