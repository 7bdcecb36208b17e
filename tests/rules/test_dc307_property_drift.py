from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from datacheck.findings import Found, NotApplicable, Passed
from datacheck.manifest import Manifest
from datacheck.rules import RuleContext
from datacheck.rules.splits.dc307_property_drift import PropertyDrift
from datacheck.testing import measurements_for

from .examples import shown
from .split_tables import found


def dataset(n: int, **columns: object) -> RuleContext:
    manifest = Manifest.from_columns({"uri": [f"{row}.png" for row in range(n)], "split": ["train", "test"] * (n // 2)})
    return RuleContext(manifest, measurements_for(manifest, **columns))


def test_a_darker_camera_is_found() -> None:
    rng = np.random.default_rng(0)
    darker = rng.normal(0.5, 0.1, 1_000) - np.tile([0.0, 0.08], 500)
    (finding,) = found(PropertyDrift().check(dataset(1_000, brightness=darker))).findings
    (drifted,) = finding.evidence["properties"]
    assert drifted["property"] == "brightness"
    assert drifted["hedges_g"]["high"] < -0.5
    assert drifted["distance"]["low"] > 0.1


def test_a_change_of_spread_alone_is_found() -> None:
    rng = np.random.default_rng(1)
    spread = rng.normal(0.5, 1, 2_000) * np.tile([0.05, 0.15], 1_000)
    (finding,) = found(PropertyDrift().check(dataset(2_000, contrast=spread))).findings
    assert [drifted["property"] for drifted in finding.evidence["properties"]] == ["contrast"]


@pytest.mark.parametrize(("n", "runs"), [(100, 200), (1_000, 100), (100_000, 3)])
def test_random_splits_are_hardly_ever_flagged(n: int, runs: int) -> None:
    context = dataset(n)
    rng = np.random.default_rng(n)
    false_alarms = 0
    for _ in range(runs):
        splits = pa.array(rng.choice(["train", "val", "test"], n, p=[0.5, 0.25, 0.25]).tolist())
        mixed = RuleContext(context.manifest.with_column("split", splits), context.measurements)
        false_alarms += isinstance(PropertyDrift().check(mixed), Found)
    assert false_alarms / runs <= 0.01


def test_the_clean_twin_and_tiny_splits_are_silent() -> None:
    assert isinstance(PropertyDrift().check(dataset(1_000)), Passed)
    assert isinstance(PropertyDrift().check(dataset(20)), NotApplicable)


def test_the_example_and_the_edges() -> None:
    darker = np.repeat(np.linspace(0.3, 0.7, 200), 2) - np.tile([0.0, 0.2], 200)
    context = dataset(400, brightness=darker)
    (finding,) = found(PropertyDrift().check(context)).findings
    assert finding.message == shown(PropertyDrift)
    (drifted,) = finding.evidence["properties"]
    for name, edge in (("min_distance", drifted["distance"]["value"]), ("min_low", drifted["distance"]["low"])):
        assert isinstance(PropertyDrift(**{name: edge}).check(context), Found)
        assert isinstance(PropertyDrift(**{name: edge + 1e-9}).check(context), Passed)
    assert isinstance(PropertyDrift(alpha=drifted["p_adjusted"]).check(context), Passed)
    assert isinstance(PropertyDrift(min_samples=200).check(context), Found)
    assert isinstance(PropertyDrift(min_samples=201).check(context), NotApplicable)
