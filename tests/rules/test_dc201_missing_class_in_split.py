from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.manifest import Manifest
from datacheck.rules.base import RuleContext
from datacheck.rules.coverage.dc201_missing_class_in_split import MissingClassInSplit


def judge(**columns: object):  # type: ignore[no-untyped-def]
    classes = columns.pop("classes", None)
    return MissingClassInSplit().check(RuleContext(Manifest.from_columns(columns, classes=classes)))  # type: ignore[arg-type]


def test_an_untrained_class_is_an_error_with_its_samples_and_the_whole_matrix() -> None:
    outcome = judge(label=["a", "b", "a", "c", "a", "c"], split=["train", "train", "val", "val", "test", "test"])
    assert isinstance(outcome, Found)
    untrained = outcome.findings[0]
    assert untrained.severity is Severity.ERROR
    assert untrained.message == "1 class has no sample in 'train', but is evaluated: 'c'"
    assert untrained.sample_ids == ("3", "5")
    assert untrained.evidence == {
        "splits": ["train", "val", "test"],
        "classes": ["a", "b", "c"],
        "counts": [[1, 1, 0], [1, 0, 1], [1, 0, 1]],
    }
    assert outcome.issues["sample_id"].to_pylist() == ["3", "5"]


def test_an_unevaluated_class_is_a_warning_unless_chance_explains_it() -> None:
    label = ["a"] * 50 + ["b"] * 50 + ["a"] * 20
    outcome = judge(label=label, split=["train"] * 100 + ["test"] * 20)
    assert isinstance(outcome, Found)
    assert [(f.severity, f.evidence["expected"]) for f in outcome.findings] == [(Severity.WARNING, [10.0])]
    outcome = judge(label=["a"] * 95 + ["b"] * 5 + ["a"] * 20, split=["train"] * 100 + ["test"] * 20)
    assert isinstance(outcome, Found)
    assert [(f.severity, f.evidence["expected"]) for f in outcome.findings] == [(Severity.INFO, [1.0])]


def test_half_of_the_classes_untrained() -> None:
    label = [f"c{k}" for k in range(10)] + [f"c{k}" for k in range(20)]
    outcome = judge(label=label, split=["train"] * 10 + ["test"] * 20)
    assert isinstance(outcome, Found)
    assert outcome.findings[0].n_affected == 10
    assert outcome.findings[0].message.startswith(
        "10 classes have no sample in 'train', but are evaluated: 'c10', 'c11'"
    )


def test_a_declared_class_without_samples() -> None:
    outcome = judge(label=["a", "b"], classes=["a", "b", "c"])
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == "1 class has no sample anywhere, though declared: 'c'"


def test_multilabel() -> None:
    outcome = judge(labels=[["a"], ["a", "b"], ["b"]], split=["train", "test", "test"])
    assert isinstance(outcome, Found)
    assert outcome.findings[0].sample_ids == ("1", "2")
    assert outcome.findings[0].evidence["counts"] == [[1, 0], [1, 2]]


def test_silent_where_all_is_there_and_where_a_split_has_no_labels() -> None:
    assert isinstance(judge(label=["a", "b"] * 2, split=["train", "train", "test", "test"]), Passed)
    assert isinstance(judge(label=["a", "b", None, None], split=["train", "train", "test", "test"]), Passed)


def test_what_has_no_classes_is_not_judged() -> None:
    assert judge(target=[1.0]) == NotApplicable("needs class labels; the task of this dataset is regression")
    assert isinstance(judge(label=[None, None]), NotApplicable)
    assert isinstance(judge(label=[]), NotApplicable)
