import numpy as np
import pytest

from datacheck.findings import Found, NotApplicable, Outcome, Passed, Severity
from datacheck.manifest import Manifest, Modality
from datacheck.probing.outputs import ProbeOutputs
from datacheck.rules.base import RuleContext
from datacheck.rules.readiness.dc601_below_baseline import BelowBaseline
from datacheck.testing import measurements_for

from .examples import shown
from .probe_tables import believe, probed, truth


def test_a_probe_that_has_learnt_nothing_is_below_the_baselines() -> None:
    seen = np.random.default_rng(3).permutation(truth())
    outcome = BelowBaseline().check(probed(truth(), pred_probs=believe(seen)))
    assert isinstance(outcome, Found)
    gains = outcome.findings[0].evidence["gains"]
    assert outcome.findings[0].severity is Severity.ERROR
    assert min(gains["random"]["low"], gains["largest class"]["low"]) < 0


def test_always_the_largest_class_is_not_learning() -> None:
    given = np.r_[np.zeros(700, int), np.ones(100, int)]
    outcome = BelowBaseline().check(probed(given, pred_probs=believe(np.zeros(800, int))))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].evidence["gains"]["largest class"]["value"] == 0


@pytest.mark.parametrize("tells", [True, False])
def test_properties_that_tell_more_than_the_probe(tells: bool) -> None:
    given = truth()
    seen = given.copy()
    seen[:300] = (seen[:300] + 1) % 4
    context = probed(given, pred_probs=believe(seen))
    brightness = np.where(given == 0, 0.2, 0.4) if tells else 0.5
    red = np.where(given == 1, 0.2, 0.4) if tells else 0.5
    green = np.where(given == 2, 0.2, 0.4) if tells else 0.5
    columns = {"brightness": brightness, "mean_red": red, "mean_green": green}
    measurements = measurements_for(context.manifest, **columns)
    outcome = BelowBaseline().check(RuleContext(context.manifest, measurements, probe=context.probe))
    assert isinstance(outcome, Found if tells else Passed)
    if isinstance(outcome, Found):
        assert outcome.findings[0].severity is Severity.WARNING
        assert "DC504" in outcome.findings[0].remedy


def test_four_positives_cannot_show_whether_the_probe_is_better_than_always_no() -> None:
    given = np.r_[np.zeros(2996, int), np.ones(4, int)]
    outcome = BelowBaseline().check(probed(given, pred_probs=believe(given)))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].severity is Severity.INFO
    assert "it is not known whether the probe" in outcome.findings[0].message
    many = np.r_[np.zeros(2900, int), np.ones(100, int)]
    assert isinstance(BelowBaseline().check(probed(many, pred_probs=believe(many))), Passed)


def test_the_clean_twin_is_silent() -> None:
    assert isinstance(BelowBaseline().check(probed(truth(), pred_probs=believe(truth()))), Passed)


def test_the_example_is_produced() -> None:
    seen = np.random.default_rng(3).permutation(truth())
    outcome = BelowBaseline().check(probed(truth(), pred_probs=believe(seen)))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(BelowBaseline)


def regression(target: object, predictions: object) -> Outcome:
    manifest = Manifest.from_columns({"target": target}, modality=Modality.TABULAR)
    n = len(manifest)
    outputs = ProbeOutputs(
        sample_ids=np.array(manifest.sample_ids.to_pylist()), task=manifest.task, classes=(), pred_probs=None,
        predictions=np.asarray(predictions, np.float32), embeddings=None, fold=np.zeros(n, np.int16),
        label_quality=np.full(n, 0.5, np.float32), suggested=np.full(n, -1, np.int32),
    )  # fmt: skip
    return BelowBaseline().check(RuleContext(manifest, probe=outputs))


def test_placeholders_do_not_condemn_a_regression() -> None:
    rng = np.random.default_rng(0)
    target = rng.normal(size=100)
    spoilt = np.where(np.arange(100) < 3, 9999.0, target)
    assert isinstance(regression(spoilt, target), Passed)
    outcome = regression(spoilt, rng.normal(size=100) + 300)
    assert isinstance(outcome, NotApplicable)
    assert "DC106" in outcome.reason
    assert isinstance(regression(target, rng.normal(size=100)), Found)


def test_two_samples_less_than_enough_are_not_judged() -> None:
    x = np.arange(50.0)
    assert isinstance(regression(x, x), Passed)
    assert isinstance(regression(x[:49], x[:49]), NotApplicable)
