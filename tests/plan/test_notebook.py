"""What a notebook shows for a plan: the words of the terminal, and pictures of the samples it is about."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

import datacheck
from datacheck.manifest import Manifest
from datacheck.plan import PlanItem, TrainingPlan, make_plan, notebook
from datacheck.report import Report
from datacheck.scanning import scan

STRIP = "data:image/jpeg;base64,AAAA"


def photos(folder: Path) -> Manifest:
    """Class folders with a copy (to drop), and a copy under another class (to check)."""
    rng = np.random.default_rng(0)
    for name in ("cat", "<dog>"):
        (folder / name).mkdir(parents=True)
        for number in range(12):
            Image.fromarray(rng.integers(0, 256, (24, 24, 3), np.uint8)).save(folder / name / f"{number}.png")
    (folder / "cat" / "copy.png").write_bytes((folder / "cat" / "0.png").read_bytes())
    (folder / "<dog>" / "cat.png").write_bytes((folder / "cat" / "1.png").read_bytes())
    return datacheck.open(folder)


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> TrainingPlan:
    folder = tmp_path_factory.mktemp("plan")
    manifest = photos(folder / "photos")
    measured = scan(manifest, run_dir=folder / "run", jobs=1).measurements
    Report(manifest, measured).save(folder / "run")
    flip = PlanItem(kind="augment", name="flip", verdict="avoid", summary="turns <dog>", settings={"picture": STRIP})
    evil = replace(flip, name="evil", settings={"picture": f'{STRIP}"><script>alert(1)</script>'})
    plan = make_plan(manifest, measurements=measured, augment=False)
    return replace(plan, items=(*plan.items, flip, evil))


def test_it_says_what_the_terminal_says_and_shows_the_pictures(planned: TrainingPlan) -> None:
    html = planned._repr_html_()
    shown = re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))
    for item in planned.items:
        for sentence in item.settings.get("steps", [item.summary]):
            assert re.sub(r"\s+", " ", sentence.replace(" → ", "\N{NO-BREAK SPACE}→\N{NO-BREAK SPACE}")) in shown
    assert f'src="{STRIP}"' in html
    dropped = planned.samples.filter(pa.compute.equal(planned.samples["action"], "drop"))["sample_id"].to_pylist()
    assert len(dropped) == 1
    for sample_id in (*dropped, *planned.doubted()):
        assert re.search(
            rf'<img src="data:image/jpeg;base64,[^"]+" alt="{re.escape(notebook.escape(sample_id))}: ', html
        )


def test_what_comes_from_the_data_is_escaped(planned: TrainingPlan) -> None:
    html = planned._repr_html_()
    assert "<dog>" not in html
    assert "&lt;dog&gt;" in html
    assert "<script>" not in html


def test_without_pictures_the_samples_are_named(planned: TrainingPlan, tmp_path: Path) -> None:
    for run in (None, tmp_path):
        html = replace(planned, thumbnails=run, items=planned.items[:-2])._repr_html_()
        assert "<img" not in html
        assert all(notebook.escape(sample_id) in html for sample_id in planned.doubted())


def test_a_plan_that_was_loaded_finds_the_pictures_of_its_run_folder(planned: TrainingPlan) -> None:
    assert planned.thumbnails is not None
    run = planned.thumbnails if planned.thumbnails.name != "scan" else planned.thumbnails.parent
    planned.save(run)
    assert TrainingPlan.load(run)._repr_html_() == planned._repr_html_()


def test_pictures_end_with_the_budget_of_a_cell(planned: TrainingPlan, monkeypatch: pytest.MonkeyPatch) -> None:
    full = planned._repr_html_().count("<img")
    monkeypatch.setattr(notebook, "BUDGET", 3000)
    some = planned._repr_html_()
    assert 0 < some.count("<img") < full
    assert sum(map(len, re.findall(r'src="([^"]+)"', some))) <= 3000


def test_many_samples_are_counted_and_not_all_shown() -> None:
    samples = Manifest.from_columns({"label": ["a", "b"] * 20})
    plan = make_plan(samples)
    table = plan.samples.set_column(
        plan.samples.schema.get_field_index("action"),
        pa.field("action", pa.string(), nullable=False),
        pa.array(["relabel"] * 40),
    )
    html = replace(plan, samples=table)._repr_html_()
    assert f"… and {40 - notebook.PICTURES} more samples" in html
    assert html.count("width:110px") == notebook.PICTURES
