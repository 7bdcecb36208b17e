"""A local page for the person who has no annotation tool: one sample at a time, by keyboard."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datacheck.relabel.review.boxes import BoxReviewSession
    from datacheck.relabel.review.comparison import ComparisonSamples, comparison_samples
    from datacheck.relabel.review.masks import MaskReviewSession
    from datacheck.relabel.review.server import ReviewServer
    from datacheck.relabel.review.session import ReviewSession

_HOMES = {
    "BoxReviewSession": "boxes",
    "ComparisonSamples": "comparison",
    "comparison_samples": "comparison",
    "MaskReviewSession": "masks",
    "ReviewServer": "server",
    "ReviewSession": "session",
}

__all__ = [
    "BoxReviewSession",
    "ComparisonSamples",
    "MaskReviewSession",
    "ReviewServer",
    "ReviewSession",
    "comparison_samples",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"datacheck.relabel.review.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
