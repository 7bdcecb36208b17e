from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from datacheck.findings import Found, NotApplicable, Passed
from datacheck.manifest import Manifest, Task
from datacheck.rules.base import RuleContext
from datacheck.rules.readiness.dc606_weak_slice import WeakSlice
from datacheck.testing import measurements_for

from .examples import shown
from .probe_tables import believe, probed, truth

N = 1200
GROUP_SIZE = 40


def dataset(wrong: NDArray[np.bool_], *, seed: int = 0, **columns: Any) -> RuleContext:
    """A dataset of four classes on which the probe is wrong where said, and one time in fifty elsewhere."""
    given = truth(N, seed=seed)
    rng = np.random.default_rng([seed, 3])
    seen = given.copy()
    missed = wrong | (rng.random(N) < 0.02)
    seen[missed] = (seen[missed] + rng.integers(1, 4, N)[missed]) % 4
    context = probed(given, pred_probs=believe(seen, seed=seed))
    manifest = context.manifest
    for name, values in columns.items():
        manifest = manifest.with_column(name, values)
    values = {
        "brightness": rng.uniform(0.1, 0.9, N),
        "sharpness": rng.lognormal(0, 0.5, N),
        "byte_size": rng.integers(4000, 9000, N),
        "width": rng.choice([320, 640, 800], N),
    }
    return replace(context, manifest=manifest, measurements=measurements_for(manifest, **values))


def cameras(seed: int = 0) -> NDArray[np.str_]:
    return np.random.default_rng([seed, 4]).choice(["A", "B", "C"], N, p=[0.6, 0.1, 0.3])


def groups(seed: int = 0) -> list[str]:
    order = np.random.default_rng([seed, 5]).permutation(N)
    return [f"patient {order[row] // GROUP_SIZE}" for row in range(N)]


def half(inside: NDArray[np.bool_], share: float = 0.35, seed: int = 0) -> NDArray[np.bool_]:
    return inside & (np.random.default_rng([seed, 6]).random(N) < share)


def test_a_weak_camera_is_named_first_with_its_failures() -> None:
    camera = cameras()
    context = dataset(half(camera == "B"), camera=camera)
    outcome = WeakSlice().check(context)
    assert isinstance(outcome, Found)
    (finding,) = outcome.findings
    assert finding.evidence["slice"] == "camera = 'B'"
    assert finding.evidence["n"] == int((camera == "B").sum())
    assert 0.25 < finding.evidence["error"]["value"] < 0.48
    assert finding.evidence["difference"]["low"] > 0.2
    inside = {f"s{row:05d}" for row in np.flatnonzero(camera == "B")}
    assert set(outcome.issues["sample_id"].to_pylist()) <= inside
    assert outcome.issues.num_rows == round(finding.evidence["error"]["value"] * len(inside))


def test_dark_images_are_named_in_words() -> None:
    first = dataset(np.zeros(N, bool))
    assert first.measurements is not None
    dark = first.measurements.values("brightness") < np.quantile(first.measurements.values("brightness"), 0.1)
    outcome = WeakSlice().check(dataset(half(dark)))
    assert isinstance(outcome, Found)
    (finding,) = outcome.findings
    assert finding.evidence["slice"].startswith("images darker than 0.1")


def test_a_weak_group_is_named_though_intervals_are_over_groups() -> None:
    group = groups()
    outcome = WeakSlice().check(dataset(half(np.array(group) == "patient 7", 0.6), group=group))
    assert isinstance(outcome, Found)
    assert [one.evidence["slice"] for one in outcome.findings] == ["group = 'patient 7'"]


def test_a_property_range_in_the_middle_is_named() -> None:
    sharp = dataset(np.zeros(N, bool)).measurements
    assert sharp is not None
    values = sharp.values("sharpness")
    low, high = np.quantile(values, [0.4, 0.6])
    outcome = WeakSlice().check(dataset(half((values >= low) & (values < high))))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].evidence["slice"].startswith("images with sharpness from ")


@pytest.mark.parametrize("seed", range(25))
def test_the_clean_twin_is_silent(seed: int) -> None:
    columns = {"camera": cameras(seed), "group": groups(seed), "month": np.random.default_rng(seed).integers(1, 13, N)}
    outcome = WeakSlice().check(dataset(np.zeros(N, bool), seed=seed, **columns))
    assert isinstance(outcome, Passed)


def test_a_slice_of_a_hard_class_is_not_named_for_its_class() -> None:
    given = truth(N)
    hard = half(given == 3, 0.5)
    rng = np.random.default_rng(1)
    camera = np.where(rng.random(N) < np.where(given == 3, 0.8, 0.05), "B", "A")
    assert isinstance(WeakSlice().check(dataset(hard, camera=camera)), Passed)
    assert isinstance(WeakSlice().check(dataset(hard | half(camera == "B", 0.5, seed=2), camera=camera)), Found)


def test_a_camera_of_two_patients_who_differ_is_not_told_from_its_patients() -> None:
    group = np.array(groups())
    weak = np.isin(group, ["patient 1", "patient 2"])
    camera = np.where(weak, "B", "A")
    outcome = WeakSlice().check(dataset(half(group == "patient 1", 0.7), camera=camera, group=group.tolist()))
    assert isinstance(outcome, Found)
    assert [one.evidence["slice"] for one in outcome.findings] == ["group = 'patient 1'"]


def test_a_weak_range_of_a_regression_is_named() -> None:
    rng = np.random.default_rng(0)
    target = rng.normal(size=N)
    camera = cameras()
    error = rng.normal(size=N) * np.where(camera == "B", 0.5, 0.1)
    ids = [f"s{row:05d}" for row in range(N)]
    manifest = Manifest.from_columns({"sample_id": ids, "target": target, "camera": camera})
    base = probed(truth(N), pred_probs=believe(truth(N))).probe
    assert base is not None
    outputs = replace(
        base, task=Task.REGRESSION, classes=(), pred_probs=None, predictions=(target + error).astype(np.float32)
    )
    outcome = WeakSlice().check(RuleContext(manifest, probe=outputs))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].evidence["slice"] == "camera = 'B'"
    calm = replace(outputs, predictions=(target + rng.normal(size=N) * 0.1).astype(np.float32))
    assert isinstance(WeakSlice().check(RuleContext(manifest, probe=calm)), Passed)


def test_without_anything_to_slice_by_it_cannot_tell() -> None:
    outcome = WeakSlice().check(probed(truth(), pred_probs=believe(truth())))
    assert isinstance(outcome, NotApplicable)
    assert "needs a column, a group or a property" in outcome.reason


def test_the_example_and_the_edge() -> None:
    given = truth(800)
    seen = given.copy()
    rows = np.flatnonzero(np.arange(800) % 20 < 3)
    seen[rows[:48]] = (seen[rows[:48]] + 1) % 4
    seen[799] = (seen[799] + 1) % 4
    camera = np.full(800, "A")
    camera[rows] = "B"
    context = probed(given, pred_probs=believe(seen))
    context = replace(context, manifest=context.manifest.with_column("camera", camera))
    outcome = WeakSlice().check(context)
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(WeakSlice)
    low = outcome.findings[0].evidence["difference"]["low"]
    assert isinstance(WeakSlice(min_gap=low).check(context), Found)
    assert isinstance(WeakSlice(min_gap=low + 1e-9).check(context), Passed)
    assert isinstance(WeakSlice(min_size=121).check(context), Passed)
