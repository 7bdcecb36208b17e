from __future__ import annotations

import numpy as np
import pytest

from datacheck.findings import Found, Passed, Severity
from datacheck.rules.loader.dc906_input_values import InputValues

from .examples import shown
from .loader_evidence import batches, context, found, loader


def test_a_clean_look_is_silent() -> None:
    assert isinstance(InputValues().check(context()), Passed)


def test_the_example() -> None:
    own = batches()
    for batch in own:
        batch.images[:2, 0, 0, 0] = (np.nan, np.inf)
    outcome = InputValues().check(context(loader(batches=own)))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(InputValues)
    assert outcome.findings[0].n_affected == 8


def test_constant_images_and_integers() -> None:
    flat = batches(images=np.zeros((16, 3, 8, 8), dtype=np.uint8))
    outcome = InputValues().check(context(loader(batches=flat)))
    assert isinstance(outcome, Found)
    assert [each.severity for each in outcome.findings] == [Severity.ERROR, Severity.WARNING]
    assert "arrive as uint8" in outcome.findings[1].message


@pytest.mark.parametrize(("scale", "words"), [(255.0, "between 0 and 255"), (1 / 255, "between 0 and 0.00392")])
def test_another_range_is_named_where_no_file_tells_it(scale: float, words: str) -> None:
    images = (np.linspace(0, 1, 16 * 192).reshape(16, 3, 8, 8) * scale).astype(np.float32)
    outcome = InputValues().check(context(loader(batches=batches(images=images)), val=None))
    assert isinstance(outcome, Found)
    assert words in outcome.findings[0].message
    assert outcome.findings[0].severity is Severity.WARNING
    assert isinstance(InputValues().check(context(found(), val=None)), Passed)
