from typing import Any

import numpy as np
import pytest

from datacheck.auditing import audit
from datacheck.errors import RelabelError
from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.manifest import Manifest
from datacheck.probing import probe
from datacheck.relabel import relabel_queue
from datacheck.rules.base import RuleContext
from datacheck.rules.labels.dc501_mislabel import Mislabel
from datacheck.rules.labels.dc502_confusable_classes import ConfusableClasses
from datacheck.rules.labels.dc505_noisy_class import NoisyClass
from datacheck.rules.labels.dc506_ambiguous import Ambiguous
from datacheck.rules.labels.dc507_given_predictions import GivenPredictions
from datacheck.rules.readiness.dc601_below_baseline import BelowBaseline
from datacheck.rules.readiness.dc602_triage import Triage

from .examples import shown

LABELS = np.arange(300) % 3
NAMES = np.array(["cow", "ant", "owl"])
PROBS = np.where(np.eye(3)[LABELS] > 0, 0.9, 0.05).astype(np.float32)
"""Always right; the columns stand as the classes are sorted: ant, cow, owl after `context` sorts them."""


def context(columns: list[int], **options: Any) -> RuleContext:
    manifest = Manifest.from_columns({"label": np.array(["ant", "cow", "owl"])[LABELS]})
    return RuleContext(manifest, probe=probe(manifest, pred_probs=PROBS[:, columns], **options))


EXCHANGED = context([0, 2, 1])


def test_the_example_is_produced() -> None:
    outcome = GivenPredictions().check(EXCHANGED)
    assert isinstance(outcome, Found)
    (finding,) = outcome.findings
    assert finding.message == shown(GivenPredictions)
    assert finding.severity is Severity.ERROR
    assert finding.evidence["fault"] == "columns"


def test_columns_in_the_order_of_the_classes_are_silent() -> None:
    assert isinstance(GivenPredictions().check(context([0, 1, 2])), Passed)


def test_in_sample_predictions_are_a_warning() -> None:
    manifest = Manifest.from_columns({"label": np.array(["ant", "cow", "owl"])[LABELS]})
    outputs = probe(manifest, pred_probs=np.where(np.eye(3)[LABELS] > 0, 0.998, 0.001).astype(np.float32))
    outcome = GivenPredictions().check(RuleContext(manifest, probe=outputs))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].severity is Severity.WARNING
    assert "in-sample" in outcome.findings[0].message


@pytest.mark.parametrize(
    "rule", [Mislabel(), ConfusableClasses(), NoisyClass(), Ambiguous(), BelowBaseline(), Triage()]
)
def test_no_label_is_accused_while_a_fault_stands(rule: Any) -> None:
    outcome = rule.check(EXCHANGED)
    assert isinstance(outcome, NotApplicable)
    assert "(see DC507): columns 1 and 2" in outcome.reason
    assert not isinstance(rule.check(context([0, 1, 2])), NotApplicable)


def test_no_queue_is_made_while_a_fault_stands() -> None:
    assert EXCHANGED.probe is not None
    with pytest.raises(RelabelError, match="columns 1 and 2"):
        relabel_queue(EXCHANGED.manifest, EXCHANGED.probe)


def test_a_probe_of_ones_own_is_not_judged() -> None:
    manifest = Manifest.from_columns({"label": np.array(["ant", "cow", "owl"])[LABELS], "x": LABELS + 0.5})
    outcome = GivenPredictions().check(RuleContext(manifest, probe=probe(manifest)))
    assert isinstance(outcome, NotApplicable)
    assert "datacheck made its own" in outcome.reason


def test_an_audit_names_a_dead_class_and_accuses_nobody() -> None:
    """The model lost a class: its labels cannot be judged, and are not wrong."""
    probs = PROBS.copy()
    probs[:, 2] = 0
    probs /= probs.sum(axis=1, keepdims=True)
    columns = {"label": np.array(["ant", "cow", "owl"])[LABELS]}
    report = audit(columns, probe={"pred_probs": probs}, select=["DC5", "DC6"])
    assert [finding.code for finding in report.findings] == ["DC507"]
    assert "class 'owl' is never predicted" in report.findings[0].message
