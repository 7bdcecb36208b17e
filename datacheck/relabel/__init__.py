"""From findings to people and back: queue, answers, consensus, and the corrected manifest."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datacheck.relabel.answers import Answers, Refusal, Verdict, accept
    from datacheck.relabel.apply import Relabels, write_corrected_folder
    from datacheck.relabel.choose import relabel_queue
    from datacheck.relabel.crowd import Consensus, consensus
    from datacheck.relabel.queue import RelabelQueue

_HOMES = {
    "Answers": "answers",
    "Refusal": "answers",
    "Verdict": "answers",
    "accept": "answers",
    "Relabels": "apply",
    "write_corrected_folder": "apply",
    "Consensus": "crowd",
    "consensus": "crowd",
    "RelabelQueue": "queue",
    "relabel_queue": "choose",
}

__all__ = [
    "Answers",
    "Consensus",
    "Refusal",
    "RelabelQueue",
    "Relabels",
    "Verdict",
    "accept",
    "consensus",
    "relabel_queue",
    "write_corrected_folder",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"datacheck.relabel.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
