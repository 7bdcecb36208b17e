import pytest

from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.manifest import Manifest
from datacheck.rules.base import RuleContext
from datacheck.rules.coverage.dc202_rare_class import RareClass, recall_interval_width, samples_needed
from datacheck.stats.intervals import proportion

from .examples import shown


def judge(counts: dict[str, dict[str, int]]):  # type: ignore[no-untyped-def]
    label = [name for split in counts.values() for name, n in split.items() for _ in range(n)]
    split = [name for name, by_class in counts.items() for _ in range(sum(by_class.values()))]
    return RareClass().check(RuleContext(Manifest.from_columns({"label": label, "split": split})))


def test_names_the_rare_classes_rarest_first() -> None:
    outcome = judge({"train": {"cat": 100, "owl": 12, "eel": 4}})
    assert isinstance(outcome, Found)
    assert (
        outcome.findings[0].message == "2 classes have fewer than 20 samples in 'train' to learn from: 'eel' and 'owl'"
    )
    assert outcome.findings[0].evidence["counts"] == {"eel": 4, "owl": 12}
    assert (outcome.findings[0].severity, outcome.findings[0].n_affected) == (Severity.ERROR, 16)


@pytest.mark.parametrize(("n", "severity"), [(6, Severity.WARNING), (10, Severity.INFO)])
def test_too_few_to_measure(n: int, severity: Severity) -> None:
    outcome = judge({"train": {"cat": 100, "owl": 100}, "test": {"cat": 30, "owl": n}})
    assert isinstance(outcome, Found)
    assert [(f.severity, f.evidence["counts"]) for f in outcome.findings] == [(severity, {"owl": n})]


def test_half_of_the_classes_rare_and_three_samples() -> None:
    outcome = judge({"train": {f"c{k}": 50 if k % 2 else 3 for k in range(10)}})
    assert isinstance(outcome, Found)
    assert sorted(outcome.findings[0].evidence["counts"]) == ["c0", "c2", "c4", "c6", "c8"]
    outcome = judge({"train": {"a": 2, "b": 1}})
    assert isinstance(outcome, Found)
    assert [f.severity for f in outcome.findings] == [Severity.WARNING]


def test_silent_where_every_class_has_enough() -> None:
    assert isinstance(judge({"train": {"a": 20, "b": 20}, "test": {"a": 21, "b": 21}}), Passed)
    assert isinstance(judge({"train": {}}), NotApplicable)


def test_the_width_is_that_of_wilson_at_one_half() -> None:
    interval = proportion(5, 10)
    assert recall_interval_width(10) == pytest.approx(interval.high - interval.low)
    assert samples_needed(0.4) == 21
    assert recall_interval_width(21) < 0.4 < recall_interval_width(20)


def test_the_example_is_produced() -> None:
    label = ["sparrow"] * 60 + ["owl"] * 4
    outcome = RareClass().check(RuleContext(Manifest.from_columns({"label": label})))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(RareClass)


@pytest.mark.parametrize(("owls", "severity"), [(4, Severity.ERROR), (5, Severity.WARNING), (19, Severity.WARNING)])
def test_the_edges_of_training(owls: int, severity: Severity) -> None:
    outcome = judge({"train": {"cat": 20, "owl": owls}})
    assert isinstance(outcome, Found)
    assert outcome.findings[0].severity is severity


def test_the_edges_of_evaluation() -> None:
    width = float(recall_interval_width(9))
    counts = {"train": {"a": 20, "b": 20}, "test": {"a": 99, "b": 9}}
    label = [name for split in counts.values() for name, n in split.items() for _ in range(n)]
    split = [name for name, by_class in counts.items() for _ in range(sum(by_class.values()))]
    context = RuleContext(Manifest.from_columns({"label": label, "split": split}))
    assert isinstance(RareClass(max_interval_width=width).check(context), Passed)
    for severe, severity in ((width, Severity.INFO), (width - 1e-9, Severity.WARNING)):
        outcome = RareClass(severe_interval_width=severe).check(context)
        assert isinstance(outcome, Found)
        assert outcome.findings[0].severity is severity
