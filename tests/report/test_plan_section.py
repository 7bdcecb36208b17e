"""The training plan in the HTML report and in the run folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from datacheck.fingerprint import fingerprint
from datacheck.manifest import Manifest
from datacheck.plan import PlanItem, TrainingPlan, make_plan
from datacheck.report import Report
from datacheck.report.html import render


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
