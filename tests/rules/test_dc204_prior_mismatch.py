from collections.abc import Mapping

import numpy as np
import pytest

from datacheck.errors import ConfigError
from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.manifest import Manifest
from datacheck.rules.base import RuleContext
from datacheck.rules.coverage.dc204_prior_mismatch import PriorMismatch, cohens_h_from

from .examples import shown


def judge(counts: dict[str, int], shares: Mapping[str, float] | None):  # type: ignore[no-untyped-def]
    label = [name for name, n in counts.items() for _ in range(n)]
    return PriorMismatch().check(RuleContext(Manifest.from_columns({"label": label}), deployment_shares=shares))


def test_finds_a_split_unlike_the_declared_shares() -> None:
    outcome = judge({"sick": 500, "well": 500}, {"sick": 0.02, "well": 0.98})
    assert isinstance(outcome, Found)
    (finding,) = outcome.findings
    assert finding.evidence["total_variation"] == pytest.approx(0.48)
    sick = finding.evidence["classes"]["sick"]
    assert sick["h"] == pytest.approx(2 * np.arcsin(np.sqrt(0.5)) - 2 * np.arcsin(np.sqrt(0.02)))
    assert 0 < sick["h_low"] < sick["h"] < sick["h_high"]


def test_matching_shares_and_too_few_samples_are_silent() -> None:
    assert isinstance(judge({"sick": 25, "well": 975}, {"sick": 0.02, "well": 0.98}), Passed)
    assert isinstance(judge({"sick": 1, "well": 2}, {"sick": 0.5, "well": 0.5}), Passed)


def test_names_that_do_not_meet_are_said() -> None:
    outcome = judge({"cat": 50, "dog": 50}, {"cat": 0.5, "dgo": 0.5})
    assert isinstance(outcome, Found)
    first, second = outcome.findings[:2]
    assert (first.severity, second.severity) == (Severity.ERROR, Severity.WARNING)
    assert first.message == "1 declared class has no sample: 'dgo' (did you mean 'dog'?)"
    assert second.evidence["undeclared"] == ["dog"]


def test_without_declared_shares_it_says_how_to_declare_them() -> None:
    outcome = judge({"cat": 5}, None)
    assert isinstance(outcome, NotApplicable)
    assert "deployment_shares = {" in outcome.reason
    assert isinstance(judge({}, {"cat": 1.0}), NotApplicable)


def test_shares_that_do_not_sum_to_one_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"sum 1, found .* with sum 1\.4"):
        judge({"cat": 5}, {"cat": 0.7, "dog": 0.7})


def test_the_interval_covers_equal_shares() -> None:
    h, low, high = cohens_h_from(np.array([52, 48]), np.array([0.5, 0.5]))
    assert h.round(2).tolist() == [0.04, -0.04]
    assert np.all((low < 0) & (high > 0))


def test_the_example_and_the_edges() -> None:
    declared = {"sick": 0.02, "well": 0.98}
    outcome = judge({"sick": 500, "well": 500}, declared)
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(PriorMismatch)
    manifest = Manifest.from_columns({"label": ["sick"] * 500 + ["well"] * 500})
    evidence = outcome.findings[0].evidence
    least = evidence["classes"]["sick"]["h_low"]
    for name, edge in (("min_distance", evidence["total_variation"]), ("min_h", least)):
        context = RuleContext(manifest, deployment_shares=declared)
        assert isinstance(PriorMismatch(**{name: edge}).check(context), Found)
        assert isinstance(PriorMismatch(**{name: edge + 1e-9}).check(context), Passed)


def test_shares_that_were_rounded_may_miss_one_by_a_percent() -> None:
    assert not isinstance(judge({"cat": 50, "dog": 50}, {"cat": 0.5, "dog": 0.49}), NotApplicable)
    with pytest.raises(ConfigError, match=r"sum 0\.98"):
        judge({"cat": 50, "dog": 50}, {"cat": 0.5, "dog": 0.48})
