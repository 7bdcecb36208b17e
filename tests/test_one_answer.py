"""The rules on labels, the queue and the plan say one thing about the labels of one dataset, whatever the probe."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from datacheck.errors import RelabelError
from datacheck.findings import Finding, Found, Severity
from datacheck.manifest import Manifest
from datacheck.plan.drop import likely_mislabels, unseen_mislabels
from datacheck.probing import ProbeOutputs, probe
from datacheck.probing.skill import why_not_judged
from datacheck.relabel.selection import relabel_queue
from datacheck.rules.base import RuleContext
from datacheck.rules.labels.dc501_mislabel import Mislabel
from datacheck.rules.labels.dc505_noisy_class import NoisyClass
from datacheck.rules.readiness.dc601_below_baseline import BelowBaseline
from datacheck.rules.readiness.dc602_triage import Triage

RULES = {rule.code: rule for rule in (Mislabel, NoisyClass, BelowBaseline, Triage)}


@dataclass(frozen=True)
class World:
    """What a dataset and the predictions of a probe are drawn from; the probe may be perfect or blind."""

    seed: int
    n: int
    n_classes: int
    evenness: float
    wrong_labels: float
    wrong_predictions: float
    confidence: float

    def draw(self) -> tuple[Manifest, np.ndarray]:
        """Return labels of which some are wrong, and probabilities [N, K]."""
        rng = np.random.default_rng(self.seed)
        rows = np.arange(self.n)
        true = rng.choice(self.n_classes, self.n, p=rng.dirichlet(np.full(self.n_classes, self.evenness)))
        true[: 2 * self.n_classes] = rows[: 2 * self.n_classes] % self.n_classes
        other = rng.integers(0, self.n_classes, (2, self.n))
        labels = np.where(rng.random(self.n) < self.wrong_labels, other[0], true)
        logits = rng.normal(size=(self.n, self.n_classes))
        logits[rows, np.where(rng.random(self.n) < self.wrong_predictions, other[1], true)] += self.confidence
        probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        names = np.array(list("abcde"))
        return Manifest.from_columns({"label": names[labels]}, classes=tuple(names[: self.n_classes])), probs


WORLDS = st.builds(
    World,
    seed=st.integers(0, 10**6),
    n=st.sampled_from([60, 200, 700]),
    n_classes=st.integers(2, 5),
    evenness=st.sampled_from([0.3, 1.0, 50.0]),
    wrong_labels=st.sampled_from([0.0, 0.02, 0.1, 0.4]),
    wrong_predictions=st.sampled_from([0.0, 0.1, 0.5, 1.0]),
    confidence=st.sampled_from([0.5, 2.0, 6.0]),
)


def findings(manifest: Manifest, outputs: ProbeOutputs) -> dict[str, Finding]:
    context = RuleContext(manifest, probe=outputs)
    outcomes = {code: rule().check(context) for code, rule in RULES.items()}
    return {code: outcome.findings[0] for code, outcome in outcomes.items() if isinstance(outcome, Found)}


@example(World(0, 200, 2, 1.0, wrong_labels=0.0, wrong_predictions=0.1, confidence=6.0))
@example(World(0, 200, 2, 0.3, wrong_labels=0.1, wrong_predictions=0.0, confidence=0.5))
@settings(max_examples=20, deadline=None)
@given(WORLDS)
def test_rules_queue_and_plan_never_contradict_one_another(world: World) -> None:
    manifest, probs = world.draw()
    outputs = probe(manifest, pred_probs=probs.astype(np.float32))
    found = findings(manifest, outputs)
    weak = why_not_judged(manifest, outputs)
    counted = outputs.label_yield
    if weak is not None:
        assert "DC501" not in found
        assert "DC505" not in found
        assert counted is None
        assert unseen_mislabels(outputs)
        with pytest.raises(RelabelError, match="no queue"):
            relabel_queue(manifest, outputs, budget=10)
    if "DC601" in found:
        assert weak is not None or found["DC601"].severity is Severity.INFO
    if counted is None or not counted.conclusive:
        assert found.get("DC501") is None or found["DC501"].severity is Severity.INFO
        assert "DC505" not in found
        assert "DC602" not in found or not found["DC602"].message.startswith("mislabelling")
        assert unseen_mislabels(outputs)
        if weak is None:
            assert relabel_queue(manifest, outputs, budget=10).expected_precision is None
        return
    assert not unseen_mislabels(outputs)
    if "DC501" in found:
        assert counted.count_in_words() in found["DC501"].message
        listed = re.search(r"the first ([\d,]+) in the list", found["DC501"].message)
        assert listed is not None
        assert int(listed[1].replace(",", "")) == counted.n_to_review == len(likely_mislabels(outputs))
    if not counted.noise_is_evident and counted.estimated_errors.low < 1:
        assert all(found[code].severity is Severity.INFO for code in ("DC501", "DC505") if code in found)
        assert "DC602" not in found or not found["DC602"].message.startswith("mislabelling")
