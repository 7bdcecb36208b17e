from __future__ import annotations

import numpy as np

from datacheck.before_training.evidence import FasterLoader
from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.rules.loader.dc920_slow_loader import SlowLoader

from .examples import shown
from .loader_evidence import context, loader


def test_a_clean_look_is_silent() -> None:
    assert isinstance(SlowLoader().check(context()), NotApplicable)


def test_the_example_and_the_edge() -> None:
    slow = loader(seconds=np.array([0.4, 0.4, 0.5]))
    outcome = SlowLoader().check(context(slow, faster=FasterLoader((0, 2), (0.4, 0.2))))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(SlowLoader)
    assert outcome.findings[0].severity is Severity.INFO
    assert outcome.findings[0].remedy.startswith("set num_workers=2")
    assert isinstance(SlowLoader().check(context(loader(seconds=np.array([0.12])))), Passed)


def test_decoding_at_a_reduced_scale_is_advised_where_it_helps() -> None:
    slow = loader(seconds=np.array([0.4, 0.4]))
    outcome = SlowLoader().check(context(slow, faster=FasterLoader((0,), (0.5,), (0.012, 0.003))))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message.endswith("decoding a file takes 12 ms, at the size that is needed 3 ms")
    assert outcome.findings[0].remedy.startswith("decode at a reduced scale")
    outcome = SlowLoader().check(context(slow, faster=FasterLoader((0,), (0.5,), (0.012, 0.011))))
    assert isinstance(outcome, Found)
    assert "decod" not in outcome.findings[0].message
