"""A local page for the person who has no annotation tool: one question at a time, by keyboard."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datacheck.relabel.review.neighbours import Neighbours, nearest_samples
    from datacheck.relabel.review.server import ReviewServer
    from datacheck.relabel.review.session import ReviewSession

_HOMES = {
    "Neighbours": "neighbours",
    "nearest_samples": "neighbours",
    "ReviewServer": "server",
    "ReviewSession": "session",
}

__all__ = ["Neighbours", "ReviewServer", "ReviewSession", "nearest_samples"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"datacheck.relabel.review.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
