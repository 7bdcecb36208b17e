"""Clean datasets with boxes and with masks, written and scanned once for all rules."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from datacheck.rules import RuleContext
from tests.annotations.drawn import Drawn, drawn_objects
from tests.annotations.drawn_masks import write_masks


@pytest.fixture(scope="session")
def clean_boxes(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], RuleContext]:
    """Return the clean dataset of a format."""
    return cache(lambda form: Drawn(tmp_path_factory.mktemp("boxes"), form, drawn_objects()).write())


@pytest.fixture(scope="session")
def clean_masks(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], RuleContext]:
    """Return the clean masks whose highest value is given."""
    return cache(lambda high: write_masks(tmp_path_factory.mktemp("masks") / "data", high=high))
