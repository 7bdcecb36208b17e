from __future__ import annotations

import numpy as np

from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.rules.loader.dc907_input_layout import InputLayout

from .examples import shown
from .loader_evidence import batches, context, loader


def test_a_clean_look_is_silent() -> None:
    assert isinstance(InputLayout().check(context()), Passed)


def test_the_example() -> None:
    last = batches(size=32, images=np.zeros((32, 64, 64, 3), dtype=np.float32))
    outcome = InputLayout().check(context(loader(batches=last)))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(InputLayout)
    assert outcome.findings[0].severity is Severity.ERROR
    rows = batches(images=np.zeros((16, 30), dtype=np.float32))
    assert isinstance(InputLayout().check(context(loader(batches=rows), val=None)), NotApplicable)
