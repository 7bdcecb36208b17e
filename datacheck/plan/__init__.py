"""The training plan: what the main run should do, each item with the measurement behind it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datacheck.plan.items import Measured, PlanItem
    from datacheck.plan.make import make_plan
    from datacheck.plan.plan import TrainingPlan

_LAZY = {
    "Measured": "datacheck.plan.items",
    "PlanItem": "datacheck.plan.items",
    "TrainingPlan": "datacheck.plan.plan",
    "make_plan": "datacheck.plan.make",
}

__all__ = ["Measured", "PlanItem", "TrainingPlan", "make_plan"]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
