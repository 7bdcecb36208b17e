from __future__ import annotations

import numpy as np
import pytest

from datacheck.findings import Found, NotApplicable, Passed
from datacheck.manifest import Manifest
from datacheck.rules import RuleContext
from datacheck.rules.splits.dc306_label_drift import LabelDrift

from .examples import shown
from .split_tables import found


def judged(**columns: object) -> object:
    return LabelDrift().check(RuleContext(Manifest.from_columns(columns)))


def test_a_planted_shift_is_found_with_its_size() -> None:
    labels = ["cat"] * 400 + ["dog"] * 400 + ["cat"] * 160 + ["dog"] * 40
    (finding,) = found(judged(label=labels, split=["train"] * 800 + ["test"] * 200)).findings  # type: ignore[arg-type]
    assert finding.evidence["distance"]["value"] == pytest.approx(0.3)
    assert finding.evidence["distance"]["low"] > 0.2
    assert finding.evidence["classes"][0]["cohens_h"]["low"] > 0.4


def test_targets_and_sets_of_labels() -> None:
    rng = np.random.default_rng(0)
    split = np.array(["train"] * 500 + ["test"] * 300)
    target = rng.normal(0, 1, 800) + (split == "test")
    assert found(judged(target=target, split=split)).findings[0].evidence["hedges_g"]["low"] > 0.7  # type: ignore[arg-type]
    sets = [["a"] if row % 2 else ["a", "b"] for row in range(500)] + [["a"]] * 300
    assert "'b'" in found(judged(labels=sets, split=split)).findings[0].message  # type: ignore[arg-type]
    assert isinstance(judged(target=rng.normal(0, 1, 800), split=split), Passed)


@pytest.mark.parametrize(
    ("n", "classes"), [(100, 5), pytest.param(1_000, 20, marks=pytest.mark.slow), (1_000, 100), (100_000, 10)]
)
def test_random_splits_are_hardly_ever_flagged(n: int, classes: int) -> None:
    rng = np.random.default_rng(n + classes)
    runs = 200 if n * classes <= 20_000 else 10
    shares = rng.dirichlet(np.ones(classes))
    false_alarms = 0
    for _ in range(runs):
        labels = rng.choice(classes, n, p=shares).astype(str)
        splits = rng.choice(["train", "val", "test"], n, p=[0.6, 0.2, 0.2])
        false_alarms += isinstance(judged(label=labels, split=splits), Found)
    assert false_alarms / runs <= 0.01


def test_a_real_but_tiny_shift_in_many_samples_is_no_finding() -> None:
    rng = np.random.default_rng(0)
    labels = np.concatenate((rng.random(200_000) < 0.5, rng.random(200_000) < 0.51)).astype(str)
    assert isinstance(judged(label=labels, split=["train"] * 200_000 + ["test"] * 200_000), Passed)


def test_what_cannot_be_judged() -> None:
    assert isinstance(judged(label=["a", "b"]), NotApplicable)
    assert isinstance(judged(label=["a", "b"], split=["train", "test"]), NotApplicable)


def test_the_example_and_the_edges() -> None:
    label = ["cat"] * 300 + ["dog"] * 300 + ["cat"] * 90 + ["dog"] * 10
    context = RuleContext(Manifest.from_columns({"label": label, "split": ["train"] * 600 + ["test"] * 100}))
    outcome = found(LabelDrift().check(context))
    assert outcome.findings[0].message == shown(LabelDrift)
    low, p = outcome.findings[0].evidence["distance"]["low"], outcome.findings[0].evidence["p_adjusted"]
    assert isinstance(LabelDrift(min_effect=low).check(context), Found)
    assert isinstance(LabelDrift(min_effect=low + 1e-9).check(context), Passed)
    assert isinstance(LabelDrift(alpha=p).check(context), Passed)
    assert isinstance(LabelDrift(min_samples=100).check(context), Found)
    assert isinstance(LabelDrift(min_samples=101).check(context), NotApplicable)


def test_placeholders_and_infinite_targets_are_no_drift() -> None:
    rng = np.random.default_rng(0)
    target = np.r_[rng.normal(size=400), np.full(20, -999.0), np.inf, rng.normal(size=200)]
    assert isinstance(judged(target=target, split=["train"] * 421 + ["test"] * 200), Passed)
