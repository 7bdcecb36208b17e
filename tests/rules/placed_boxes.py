"""Datasets whose boxes have known scores of their place."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from datacheck.probing.objects import BoxProbe
from datacheck.probing.objects.missing import Missing
from datacheck.probing.objects.placement import Placement
from datacheck.rules import RuleContext
from tests.annotations.drawn import Drawn, drawn_objects


@cache
def drawn() -> RuleContext:
    """Return 40 images with 79 boxes."""
    with TemporaryDirectory() as folder:
        return Drawn(Path(folder), "Pascal VOC", drawn_objects()).write()


def placed(*, empty: float = 0.0, shift: float = 0.1, at: int = 5, n_planted: int = 100) -> RuleContext:
    """Return the dataset with a box that has these scores, all others being ordinary, and planted faults near 0.8."""
    context = drawn()
    assert context.boxes is not None
    n = len(context.boxes.objects)
    rng = np.random.default_rng(0)
    emptiness, shifts = rng.uniform(0.0, 0.1, n), rng.uniform(0.0, 0.1, n)
    emptiness[at], shifts[at] = empty, shift
    planted = np.linspace(0.6, 1.0, n_planted)
    placement = Placement(np.arange(n), emptiness, shifts, context.boxes.boxes + 7.0, planted, planted)
    nothing = np.empty(0, dtype=np.int64)
    return replace(context, box_probe=BoxProbe(nothing, None, "one class", placement=placement))


def unboxed(*heat: float, hidden: float = 0.8, n_hidden: int = 40) -> RuleContext:
    """Return the dataset with places without a box in its third image, each as hot as given, and hidden boxes."""
    boxes = np.array([[10.0, 20.0, 30.0, 40.0]]) + 5.0 * np.arange(len(heat))[:, None]
    spread = np.linspace(0.9, 1.1, n_hidden)
    missing = Missing(np.full(len(heat), 2), boxes, np.array(heat), hidden * spread, 79, 40)
    nothing = np.empty(0, dtype=np.int64)
    return replace(drawn(), box_probe=BoxProbe(nothing, None, "one class", missing=missing))
