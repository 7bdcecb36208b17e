from __future__ import annotations

import numpy as np

from datacheck.findings import Found, Passed, Severity
from datacheck.rules.loader.dc910_preprocessing_differs import PreprocessingDiffers

from .examples import shown
from .loader_evidence import batches, context, found, loader


def test_a_clean_look_is_silent() -> None:
    assert isinstance(PreprocessingDiffers().check(context()), Passed)


def test_the_example() -> None:
    both = context(found(std=np.full(3, 0.229)), val=found("val", std=np.full(3, 1.0)))
    outcome = PreprocessingDiffers().check(both)
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(PreprocessingDiffers)
    assert outcome.findings[0].severity is Severity.ERROR


def test_sizes_types_and_ranges() -> None:
    other = loader("val", batches=batches(images=np.random.default_rng(0).random((16, 3, 9, 9)) * 200 + 50))
    outcome = PreprocessingDiffers().check(context(loader(), val=other))
    assert isinstance(outcome, Found)
    assert [each.severity for each in outcome.findings] == [Severity.INFO, Severity.WARNING, Severity.ERROR]
    grey = loader("val", batches=batches(images=np.zeros((16, 1, 8, 8), dtype=np.float32)))
    outcome = PreprocessingDiffers().check(context(loader(), val=grey))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].severity is Severity.ERROR
