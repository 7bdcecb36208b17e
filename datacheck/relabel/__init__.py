"""Relabelling: the queue of suspects, the answers of annotators, the consensus, and the corrected manifest."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datacheck.relabel.answers import Answers, AnswerType, Refusal, accept
    from datacheck.relabel.apply import Relabels
    from datacheck.relabel.corrected_folder import CorrectedFolder
    from datacheck.relabel.decisions import Consensus, consensus
    from datacheck.relabel.look import look_of
    from datacheck.relabel.queue import RelabelQueue
    from datacheck.relabel.selection import relabel_queue

_HOMES = {
    "Answers": "answers",
    "Refusal": "answers",
    "AnswerType": "answers",
    "accept": "answers",
    "Relabels": "apply",
    "CorrectedFolder": "corrected_folder",
    "Consensus": "decisions",
    "consensus": "decisions",
    "RelabelQueue": "queue",
    "look_of": "look",
    "relabel_queue": "selection",
}

__all__ = [
    "AnswerType",
    "Answers",
    "Consensus",
    "CorrectedFolder",
    "Refusal",
    "RelabelQueue",
    "Relabels",
    "accept",
    "consensus",
    "look_of",
    "relabel_queue",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"datacheck.relabel.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
