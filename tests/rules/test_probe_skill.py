"""A probe that knows too little accuses no one."""

from __future__ import annotations

import numpy as np
import pytest

from datacheck.errors import RelabelError
from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.manifest import Manifest, Modality
from datacheck.probing.budget import CUT_SHORT
from datacheck.probing.outputs import ProbeOutputs
from datacheck.probing.skill import classification_skill, multilabel_skill, regression_skill
from datacheck.relabel.selection import relabel_queue
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.labels.dc501_mislabel import Mislabel
from datacheck.rules.labels.dc502_confusable_classes import ConfusableClasses
from datacheck.rules.labels.dc505_noisy_class import NoisyClass
from datacheck.rules.labels.dc506_ambiguous import Ambiguous
from datacheck.rules.readiness.dc601_below_baseline import BelowBaseline
from datacheck.rules.readiness.dc602_triage import Triage

from .probe_tables import believe, probed, truth


def ignorant(n: int = 800, *, right: float = 0.0, **fields: object) -> RuleContext:
    """A probe that is sure of itself and right by chance, but for a share of the samples."""
    given = truth(n)
    rng = np.random.default_rng(3)
    seen = np.where(rng.random(n) < right, given, rng.permutation(given))
    return probed(given, pred_probs=believe(seen), **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("rule", [Mislabel(), ConfusableClasses(), NoisyClass(), Ambiguous(), Triage()])
def test_an_ignorant_probe_is_not_heard(rule: Rule) -> None:
    outcome = rule.check(ignorant())
    assert isinstance(outcome, NotApplicable)
    assert "the probe is too weak to judge labels" in outcome.reason
    assert "--budget" in outcome.reason
    assert not isinstance(rule.check(ignorant(right=0.9)), NotApplicable)


def test_a_queue_of_an_ignorant_probe_is_refused() -> None:
    context = ignorant()
    assert context.probe is not None
    with pytest.raises(RelabelError, match="too weak to judge labels"):
        relabel_queue(context.manifest, context.probe)


def test_a_weak_probe_above_the_baselines_is_information() -> None:
    outcome = BelowBaseline().check(ignorant(right=0.15))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].severity is Severity.INFO
    assert 0 < outcome.findings[0].evidence["skill"]["low"] < 0.2


def test_a_probe_cut_short_is_blamed_before_the_labels() -> None:
    hurried, unhurried = (BelowBaseline().check(ignorant(choices=choices)) for choices in ((CUT_SHORT,), ()))
    assert isinstance(hurried, Found)
    assert isinstance(unhurried, Found)
    assert hurried.findings[0].severity is Severity.WARNING
    assert "cut short" in hurried.findings[0].remedy
    assert unhurried.findings[0].severity is Severity.ERROR


def test_skill_is_zero_for_the_trivial_answer_and_one_for_the_truth() -> None:
    labels = np.repeat([0, 0, 0, 1], 50)
    assert classification_skill(np.tile([0.9, 0.1], (200, 1)), labels).value == 0
    assert classification_skill(np.eye(2)[labels], labels).low > 0.7
    matrix = np.eye(2)[labels]
    assert abs(multilabel_skill(np.tile(matrix.mean(axis=0), (200, 1)), matrix).value) < 1e-9
    target = np.arange(200.0)
    assert regression_skill(np.full(200, np.median(target)), target).value == 0
    assert regression_skill(target + 1, target).low > 0.9


def test_a_regression_of_noise_accuses_no_target() -> None:
    rng = np.random.default_rng(0)
    target = rng.standard_t(2, 400)
    manifest = Manifest.from_columns({"target": target}, modality=Modality.TABULAR)
    outputs = ProbeOutputs(
        sample_ids=np.array(manifest.sample_ids.to_pylist()),
        task=manifest.task,
        classes=(),
        pred_probs=None,
        predictions=np.full(400, target.mean(), np.float32),
        embeddings=None,
        fold=np.zeros(400, np.int16),
        label_quality=np.full(400, 0.5, np.float32),
        suggested=np.full(400, -1, np.int32),
    )
    assert isinstance(Mislabel().check(RuleContext(manifest, probe=outputs)), NotApplicable)


def rare(hits: int, false: int, *, confident: bool = True) -> RuleContext:
    """4 samples of 3,000 are dogs; the probe sees some of them, and some others."""
    given = np.zeros(3000, dtype=np.int64)
    given[:4] = 1
    chance = np.full(3000, 0.01)
    chance[:hits] = 0.97
    chance[10 : 10 + false] = 0.97
    if not confident:
        chance[:4] = 0.2
    probs = np.column_stack([1 - chance, chance]).astype(np.float32)
    return probed(given, pred_probs=probs, classes=("cat", "dog"))


@pytest.mark.parametrize("false", [0, 1])
def test_a_probe_that_finds_the_four_samples_of_a_class_among_thousands_judges_labels(false: int) -> None:
    outcome = Mislabel().check(rare(4, false))
    assert not isinstance(outcome, NotApplicable)
    if not false:
        assert isinstance(outcome, Passed)


@pytest.mark.parametrize(("hits", "confident"), [(2, True), (4, False)])
def test_four_samples_of_which_the_probe_knows_some_leave_open_what_it_knows(hits: int, confident: bool) -> None:
    outcome = Mislabel().check(rare(hits, 0, confident=confident))
    assert isinstance(outcome, NotApplicable)
    assert "cannot tell whether the probe can judge labels" in outcome.reason
    assert "only 4 samples of 'dog' say so" in outcome.reason


def test_a_probe_that_confuses_the_four_samples_with_others_is_too_weak() -> None:
    outcome = Mislabel().check(rare(0, 4))
    assert isinstance(outcome, NotApplicable)
    assert "too weak to judge labels" in outcome.reason
