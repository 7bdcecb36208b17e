import numpy as np
import pytest

from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.manifest import Manifest
from datacheck.rules.base import RuleContext
from datacheck.rules.coverage.dc203_class_imbalance import ClassImbalance, describe_balance

from .examples import shown


def judge(counts: dict[str, int]):  # type: ignore[no-untyped-def]
    label = [name for name, n in counts.items() for _ in range(n)]
    return ClassImbalance().check(RuleContext(Manifest.from_columns({"label": label})))


@pytest.mark.parametrize(
    ("large", "severity"), [(594, Severity.INFO), (2_000, Severity.WARNING), (20_000, Severity.ERROR)]
)
def test_the_ratio_decides_how_loud(large: int, severity: Severity) -> None:
    outcome = judge({"paper": large, "trash": 137})
    assert isinstance(outcome, Found)
    finding = outcome.findings[0]
    assert finding.severity is severity
    assert (finding.evidence["largest"], finding.evidence["smallest"]) == ("paper", "trash")
    assert finding.evidence["ratio"] == pytest.approx(large / 137)
    assert finding.evidence["ratio_low"] < large / 137 < finding.evidence["ratio_high"]
    assert finding.evidence["majority_share"] == pytest.approx(large / (large + 137))


@pytest.mark.parametrize("counts", [{"a": 1300, "b": 1000}, {"a": 2, "b": 1}, {"a": 5, "b": 1, "c": 2}, {"a": 9}])
def test_nearly_equal_few_and_single_classes_are_silent(counts: dict[str, int]) -> None:
    assert isinstance(judge(counts), Passed)


def test_the_training_split_decides() -> None:
    columns = {"label": ["a"] * 100 + ["b"] * 100 + ["a"] * 90 + ["b"] * 10, "split": ["train"] * 200 + ["test"] * 100}
    assert isinstance(ClassImbalance().check(RuleContext(Manifest.from_columns(columns))), Passed)
    columns["split"] = ["test"] * 200 + ["train"] * 100
    outcome = ClassImbalance().check(RuleContext(Manifest.from_columns(columns)))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].evidence["by_split"]["train"]["ratio"] == pytest.approx(9)
    assert outcome.findings[0].evidence["by_split"]["test"]["ratio"] == pytest.approx(1)


def test_multilabel_counts_every_label() -> None:
    manifest = Manifest.from_columns({"labels": [["a"]] * 60 + [["a", "b"]] * 40})
    outcome = ClassImbalance().check(RuleContext(manifest))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].evidence["ratio"] == pytest.approx(2.5)
    assert "100 % of the samples have 'a'" in outcome.findings[0].message


def test_effective_classes_is_the_exponent_of_the_entropy() -> None:
    assert describe_balance(np.array([7, 7, 7, 0]))["effective_classes"] == pytest.approx(3)
    assert describe_balance(np.array([3, 1]))["effective_classes"] == pytest.approx(1.7547654)


def test_what_has_no_classes_is_not_judged() -> None:
    assert isinstance(judge({}), NotApplicable)


def test_the_example_is_produced() -> None:
    outcome = judge({"ok": 900, "crack": 60})
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(ClassImbalance)


@pytest.mark.parametrize(
    ("large", "severity"),
    [
        (399, None),
        (400, Severity.INFO),
        (1_999, Severity.INFO),
        (2_000, Severity.WARNING),
        (19_999, Severity.WARNING),
        (20_000, Severity.ERROR),
    ],
)
def test_each_ratio_counts_from_its_edge_on(large: int, severity: Severity | None) -> None:
    outcome = judge({"a": large, "b": 200})
    assert (outcome.findings[0].severity if isinstance(outcome, Found) else None) is severity


def test_a_difference_at_the_level_of_chance_is_silent() -> None:
    p = describe_balance(np.array([60, 20]))["p_equal"]
    context = RuleContext(Manifest.from_columns({"label": ["a"] * 60 + ["b"] * 20}))
    assert isinstance(ClassImbalance(alpha=p).check(context), Passed)
    assert isinstance(ClassImbalance(alpha=1.001 * p).check(context), Found)
