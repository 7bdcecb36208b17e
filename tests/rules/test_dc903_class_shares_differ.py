from __future__ import annotations

import numpy as np

from datacheck.before_training.evidence import Batch
from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.manifest import Manifest
from datacheck.rules.loader.dc903_class_shares_differ import ClassSharesDiffer

from .examples import shown
from .loader_evidence import CLASSES, context, loader


def test_a_clean_look_is_silent() -> None:
    assert isinstance(ClassSharesDiffer().check(context()), NotApplicable)


def test_the_example() -> None:
    labels = np.array([2] * 90 + [0] * 10)
    np.random.default_rng(0).shuffle(labels)
    drawn = tuple(Batch(np.zeros((20, 3, 2, 2)), part, None) for part in np.split(labels, 5))
    audited = Manifest.from_columns({"label": ["ring"] * 10 + ["box"] * 90}, classes=CLASSES)
    outcome = ClassSharesDiffer().check(context(loader(batches=drawn), manifest=audited))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message.removesuffix(", 'cone' 0 % instead of 0 %") == shown(ClassSharesDiffer)
    assert outcome.findings[0].severity is Severity.WARNING
    wanted = context(loader(batches=drawn), manifest=audited, shares=np.array([0.1, 0.0, 0.9]))
    assert isinstance(ClassSharesDiffer().check(wanted), Passed)
