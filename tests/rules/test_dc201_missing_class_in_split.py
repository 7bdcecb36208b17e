from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.manifest import Manifest
from datacheck.rules.base import RuleContext
from datacheck.rules.coverage.dc201_missing_class_in_split import MissingClassInSplit

from .examples import shown


def judge(**columns: object):  # type: ignore[no-untyped-def]
    classes = columns.pop("classes", None)
    return MissingClassInSplit().check(RuleContext(Manifest.from_columns(columns, classes=classes)))  # type: ignore[arg-type]


def test_an_untrained_class_is_an_error_with_its_samples_and_the_whole_matrix() -> None:
    outcome = judge(label=["a", "b", "a", "c", "a", "c"], split=["train", "train", "val", "val", "test", "test"])
    assert isinstance(outcome, Found)
    untrained = outcome.findings[0]
    assert untrained.severity is Severity.ERROR
    assert untrained.message == "1 class has no sample in 'train', but it is evaluated in 'val' and 'test': 'c'"
    assert untrained.sample_ids == ("3", "5")
    assert untrained.evidence == {
        "splits": ["train", "val", "test"],
        "classes": ["a", "b", "c"],
        "counts": [[1, 1, 0], [1, 0, 1], [1, 0, 1]],
    }
    assert outcome.issues["sample_id"].to_pylist() == ["3", "5"]


def test_an_unevaluated_class_is_an_error_unless_chance_explains_it() -> None:
    label = ["a"] * 50 + ["b"] * 50 + ["a"] * 20
    outcome = judge(label=label, split=["train"] * 100 + ["test"] * 20)
    assert isinstance(outcome, Found)
    assert [(f.severity, f.evidence["expected"]) for f in outcome.findings] == [(Severity.ERROR, [10.0])]
    outcome = judge(label=["a"] * 95 + ["b"] * 5 + ["a"] * 20, split=["train"] * 100 + ["test"] * 20)
    assert isinstance(outcome, Found)
    assert [(f.severity, f.evidence["expected"]) for f in outcome.findings] == [(Severity.INFO, [1.0])]


def test_a_set_for_the_detection_of_anomalies_is_no_error() -> None:
    split = ["train"] * 4 + ["test"] * 3
    outcome = judge(label=["good"] * 4 + ["good", "crack", "cut"], split=split)
    assert isinstance(outcome, Found)
    assert [finding.severity for finding in outcome.findings] == [Severity.INFO]
    assert "which has 'good' alone, as for the detection of anomalies: 'crack' and 'cut'" in outcome.findings[0].message
    outcome = judge(label=["cat"] * 4 + ["cat", "dog", "cow"], split=split)
    assert isinstance(outcome, Found)
    assert [finding.severity for finding in outcome.findings] == [Severity.ERROR]


def test_half_of_the_classes_untrained() -> None:
    label = [f"c{k}" for k in range(10)] + [f"c{k}" for k in range(20)]
    outcome = judge(label=label, split=["train"] * 10 + ["test"] * 20)
    assert isinstance(outcome, Found)
    assert outcome.findings[0].n_affected == 10
    assert outcome.findings[0].message.startswith(
        "10 classes have no sample in 'train', but they are evaluated in 'test': 'c10', 'c11'"
    )


def test_a_declared_class_without_samples() -> None:
    outcome = judge(label=["a", "b"], classes=["a", "b", "c"])
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message.startswith("1 class has no sample in any split: 'c'")


def test_multilabel() -> None:
    outcome = judge(labels=[["a"], ["a", "b"], ["b"]], split=["train", "test", "test"])
    assert isinstance(outcome, Found)
    assert outcome.findings[0].sample_ids == ("1", "2")
    assert outcome.findings[0].evidence["counts"] == [[1, 0], [1, 2]]


def test_silent_where_all_is_there_and_where_a_split_has_no_labels() -> None:
    assert isinstance(judge(label=["a", "b"] * 2, split=["train", "train", "test", "test"]), Passed)
    assert isinstance(judge(label=["a", "b", None, None], split=["train", "train", "test", "test"]), Passed)


def test_what_has_no_classes_is_not_judged() -> None:
    assert judge(target=[1.0]) == NotApplicable("needs class labels, and the task of this dataset is regression")
    assert isinstance(judge(label=[None, None]), NotApplicable)
    assert isinstance(judge(label=[]), NotApplicable)


def test_the_example_is_produced() -> None:
    outcome = judge(label=["cat"] * 40 + ["cat", "dog"] * 10, split=["train"] * 40 + ["test"] * 20)
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(MissingClassInSplit)


def test_three_expected_samples_are_the_edge_of_chance() -> None:
    for n_test, severity in ((60, Severity.ERROR), (59, Severity.INFO)):
        columns = {"label": ["a"] * 95 + ["b"] * 5 + ["a"] * n_test, "split": ["train"] * 100 + ["test"] * n_test}
        outcome = judge(**columns)
        assert isinstance(outcome, Found)
        assert [finding.severity for finding in outcome.findings] == [severity]


def test_a_class_that_is_empty_in_every_split_is_named() -> None:
    outcome = judge(label=["day", "night"] * 2, split=["train"] * 2 + ["val"] * 2, classes=["day", "dusk", "night"])
    assert isinstance(outcome, Found)
    (finding,) = outcome.findings
    assert (finding.severity, "'dusk'" in finding.message) == (MissingClassInSplit.severity, True)
