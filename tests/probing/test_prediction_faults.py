"""Faults of given predictions, each with a clean twin."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.model_selection import cross_val_predict
from sklearn.neighbors import KNeighborsClassifier

from datacheck.manifest import Manifest
from datacheck.models.learning_task import Fault
from datacheck.probing import load_probe, probe
from datacheck.probing.column_faults import MIN_CLASS_ROWS, dead_columns, exchanged_columns
from datacheck.probing.prediction_faults import MIN_IN_SAMPLE_ROWS, find_faults, in_sample, unrelated

Labels = NDArray[np.int64]
Probs = NDArray[np.float64]


def predicted(labels: Labels, n_classes: int, *, sureness: float = 4.0, seed: int = 0) -> Probs:
    """Probabilities of a model that is right more often the surer it is; its calibration is perfect at 1."""
    logits = np.random.default_rng(seed).normal(size=(len(labels), n_classes))
    logits[np.arange(len(labels)), labels] += sureness
    probs = np.exp(logits)
    return probs / probs.sum(axis=1, keepdims=True)


def truth(n: int, n_classes: int, seed: int = 0) -> Labels:
    return np.random.default_rng([seed, 1]).integers(0, n_classes, n)


def names(n_classes: int) -> tuple[str, ...]:
    return tuple(f"kind{number}" for number in range(n_classes))


def manifest_of(labels: Labels, n_classes: int, **columns: Any) -> Manifest:
    classes = names(n_classes)
    return Manifest.from_columns({"label": [classes[code] for code in labels], **columns}, classes=classes)


class TestColumns:
    def test_two_exchanged_columns_are_named(self) -> None:
        labels = truth(1000, 10)
        probs = predicted(labels, 10)[:, [0, 1, 2, 7, 4, 5, 6, 3, 8, 9]]
        (fault,) = exchanged_columns(probs, labels, names(10))
        assert fault.message.startswith("columns 3 and 7 ('kind3' and 'kind7') seem to be exchanged. As given, ")
        assert fault.evidence["columns"] == {"kind3": 7, "kind7": 3}
        assert fault.evidence["accuracy_repaired"] > fault.evidence["accuracy_as_given"] + 0.15

    def test_columns_in_text_order_are_named_as_such(self) -> None:
        classes = tuple(str(number) for number in range(12))
        labels = truth(600, 12)
        as_text = [classes.index(name) for name in sorted(classes)]
        (fault,) = exchanged_columns(predicted(labels, 12)[:, as_text], labels, classes)
        assert "the columns of 10 classes seem to have changed places" in fault.message
        assert "the columns are sorted as text, the classes by number" in fault.message

    def test_all_columns_turned(self) -> None:
        labels = truth(300, 3)
        (fault,) = exchanged_columns(predicted(labels, 3)[:, [2, 0, 1]], labels, names(3))
        assert "the columns of all 3 classes seem to be in another order" in fault.message
        assert "found order: 'kind2', 'kind0' and 'kind1'" in fault.remedy

    @pytest.mark.parametrize("sureness", [0.0, 0.5, 1.0, 4.0])
    @pytest.mark.parametrize("n_classes", [2, 10, 100])
    def test_right_columns_are_silent(self, n_classes: int, sureness: float) -> None:
        for seed in range(5):
            labels = truth(400, n_classes, seed)
            probs = predicted(labels, n_classes, sureness=sureness, seed=seed)
            assert not list(exchanged_columns(probs, labels, names(n_classes)))

    def test_a_pair_that_the_model_confuses_is_silent(self) -> None:
        """Of two like classes, half of the samples of each are taken for the other."""
        for seed in range(10):
            labels = truth(400, 4, seed)
            seen = np.where(labels < 2, truth(400, 2, seed + 50), labels)
            assert not list(exchanged_columns(predicted(seen, 4), labels, names(4)))

    def test_labels_that_are_often_exchanged_are_left_to_the_other_rules(self) -> None:
        """A third of the labels of two classes are exchanged: the columns are right."""
        labels = truth(900, 4)
        given = labels.copy()
        wrong = (labels < 2) & (np.random.default_rng(5).random(900) < 1 / 3)
        given[wrong] = 1 - labels[wrong]
        assert not list(exchanged_columns(predicted(labels, 4), given, names(4)))

    def test_a_class_without_labels_moves_nothing(self) -> None:
        labels = truth(300, 3)
        assert not list(exchanged_columns(predicted(labels, 6), labels, names(6)))

    def test_many_small_classes_are_silent(self) -> None:
        """A thousand classes of five samples each offer half a million pairs to be wrong about."""
        labels = np.repeat(np.arange(400), 5)
        probs = predicted(labels, 400, sureness=3.0)
        assert not list(exchanged_columns(probs, labels, names(400)))

    @pytest.mark.parametrize("share", [0.05, 0.3])
    def test_samples_with_several_labels(self, share: float) -> None:
        rng = np.random.default_rng(2)
        matrix = rng.random((800, 6)) < share
        seen = np.where(rng.random((800, 6)) < 0.1, rng.random((800, 6)) < share, matrix)
        probs = np.where(seen, 0.9, 0.05)
        assert not list(exchanged_columns(probs, matrix, names(6)))
        (fault,) = exchanged_columns(probs[:, [0, 1, 4, 3, 2, 5]], matrix, names(6))
        assert fault.message.startswith("columns 2 and 4 ('kind2' and 'kind4') seem to be exchanged")
        labels = [[name for name, has in zip(names(6), row, strict=True) if has] for row in matrix]
        manifest = Manifest.from_columns({"labels": labels}, classes=names(6))
        turned = probs[:, [0, 1, 4, 3, 2, 5]].astype(np.float32)
        assert [one.kind for one in find_faults(turned, manifest)] == ["columns"]
        assert find_faults(probs.astype(np.float32), manifest) == ()


class TestDeadColumns:
    def dead(self, labels: Labels, probs: Probs, column: int) -> Probs:
        probs = probs.copy()
        probs[:, column] = 0
        return probs / probs.sum(axis=1, keepdims=True)

    def test_a_column_of_zeros(self) -> None:
        labels = truth(600, 3)
        (fault,) = dead_columns(self.dead(labels, predicted(labels, 3), 2), labels, names(3))
        n = int((labels == 2).sum())
        assert fault.message.startswith("class 'kind2' is never predicted, and the column says nothing")
        assert f"the {n:,} labels of this class cannot be judged" in fault.message
        assert fault.evidence == {"classes": ["kind2"], "labels": n}

    def test_a_class_that_is_never_the_largest_but_told_apart_is_silent(self) -> None:
        """A rare class: its column is larger for its own samples, only never the largest."""
        labels = np.r_[np.zeros(500, int), np.ones(20, int)]
        probs = np.where(labels[:, None] == 1, [[0.7, 0.3]], [[0.98, 0.02]])
        assert not list(dead_columns(probs, labels, names(2)))

    def test_a_model_that_has_learnt_nothing_is_weak_and_has_no_fault(self) -> None:
        labels = np.r_[np.zeros(500, int), np.ones(50, int)]
        probs = np.tile([0.9, 0.1], (550, 1))
        assert not list(dead_columns(probs, labels, names(2)))
        (_,) = dead_columns(probs * [1, 0.05], labels, names(2))

    @pytest.mark.parametrize(("n_rare", "n_found"), [(MIN_CLASS_ROWS - 1, 0), (MIN_CLASS_ROWS, 1)])
    def test_a_class_of_few_labels_is_not_called_dead(self, n_rare: int, n_found: int) -> None:
        labels = np.r_[np.zeros(300, int), np.ones(300, int), np.full(n_rare, 2)]
        probs = self.dead(labels, predicted(labels, 3), 2)
        assert len(list(dead_columns(probs, labels, names(3)))) == n_found

    def test_a_class_of_few_among_many_labels_is_left_to_other_rules(self) -> None:
        labels = np.r_[np.arange(2000) % 2, np.full(15, 2)]
        assert not list(dead_columns(self.dead(labels, predicted(labels, 3), 2), labels, names(3)))


class TestRows:
    @pytest.mark.parametrize("shift", [1, -3])
    def test_rows_that_are_shifted(self, shift: int) -> None:
        labels = truth(600, 4)
        outputs = np.roll(predicted(labels, 4), shift, axis=0).astype(np.float32)
        (fault,) = find_faults(outputs, manifest_of(labels, 4))
        assert fault.kind == "rows"
        assert "the rows of the predictions and the labels are in different orders" in fault.message

    def test_rows_in_the_order_of_names_sorted_by_number(self) -> None:
        labels = truth(400, 4)
        uris = sorted(f"{number}.jpg" for number in range(400))
        by_number = sorted(range(400), key=lambda row: int(uris[row].removesuffix(".jpg")))
        outputs = predicted(labels, 4)[by_number].astype(np.float32)
        (fault,) = find_faults(outputs, manifest_of(labels, 4, uri=uris))
        assert fault.kind == "rows"

    def test_predictions_of_a_number_that_are_shifted(self) -> None:
        rng = np.random.default_rng(0)
        target = rng.normal(size=600)
        outputs = (target + 0.2 * rng.normal(size=600)).astype(np.float32)
        manifest = Manifest.from_columns({"target": target})
        assert find_faults(outputs, manifest) == ()
        (fault,) = find_faults(np.roll(outputs, 1), manifest)
        assert fault.kind == "rows"

    @pytest.mark.parametrize("sureness", [1.0, 4.0])
    def test_rows_in_order_are_silent(self, sureness: float) -> None:
        labels = truth(600, 4)
        outputs = predicted(labels, 4, sureness=sureness).astype(np.float32)
        uris = [f"{number}.jpg" for number in range(600)]
        assert find_faults(outputs, manifest_of(labels, 4, uri=uris)) == ()

    def test_rows_without_any_order(self) -> None:
        labels = truth(400, 4)
        shuffled = np.random.default_rng(3).permutation(predicted(labels, 4))
        (fault,) = unrelated(shuffled, labels)
        assert "do not belong to these labels: they are" in fault.message
        assert not list(unrelated(predicted(labels, 4), labels))
        # A model that has learnt nothing, and is unsure, has no fault.
        assert not list(unrelated(predicted(truth(400, 4, 9), 4, sureness=0.2), labels))


class TestInSample:
    def test_predictions_that_repeat_every_label(self) -> None:
        labels = truth(MIN_IN_SAMPLE_ROWS, 3)
        (fault,) = in_sample(predicted(labels, 3, sureness=12.0), labels)
        assert fault.message.startswith("the predictions look in-sample: 100 % agree with the labels")
        assert not fault.certain
        assert not list(in_sample(predicted(labels, 3, sureness=12.0)[1:], labels[1:]))

    def test_an_overfit_model_and_its_out_of_sample_twin(self) -> None:
        x, labels = load_digits(return_X_y=True)
        given = labels.copy()
        wrong = np.arange(0, len(labels), 40)
        given[wrong] = (labels[wrong] + 1) % 10
        learnt = KNeighborsClassifier(1).fit(x, given).predict_proba(x)
        twin = cross_val_predict(KNeighborsClassifier(15), x, given, method="predict_proba")
        manifest = manifest_of(given, 10)
        assert [fault.kind for fault in find_faults(learnt.astype(np.float32), manifest)] == ["in-sample"]
        assert find_faults(twin.astype(np.float32), manifest) == ()

    @pytest.mark.parametrize("n_wrong", [1, 2])
    def test_a_thousandth_of_the_predictions_may_disagree(self, n_wrong: int) -> None:
        labels = truth(1000, 3)
        probs = predicted(labels, 3, sureness=12.0)
        given = labels.copy()
        given[:n_wrong] = (given[:n_wrong] + 1) % 3
        assert len(list(in_sample(probs, given))) == (n_wrong == 1)


def test_no_label_is_judged_while_there_is_a_fault(tmp_path: Any) -> None:
    labels = truth(300, 3)
    manifest = manifest_of(labels, 3)
    probs = predicted(labels, 3).astype(np.float32)
    assert np.isfinite(probe(manifest, pred_probs=probs).label_quality).all()
    outputs = probe(manifest, pred_probs=probs[:, [1, 0, 2]], run_dir=tmp_path)
    assert np.isnan(outputs.label_quality).all()
    assert (outputs.suggested == -1).all()
    assert outputs.label_yield is None
    assert any("judged no label: columns 0 and 1" in choice for choice in outputs.choices)
    (loaded,) = load_probe(tmp_path).faults
    assert isinstance(loaded, Fault)
    assert loaded == outputs.faults[0]
