"""What a rule on loader, model and loss is, and what it can require."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from datacheck.before_training.evidence import LoaderEvidence, PreflightContext
from datacheck.findings import Passed
from datacheck.rules.common import BaseRule, CannotJudge, Requirement


class LoaderRule(BaseRule[PreflightContext]):
    """One thing to check before the first step: a frozen dataclass that defines `judge`."""

    reads: ClassVar[str] = "batches of the loaders"
    judged_by: ClassVar[str] = "datacheck.preflight"


TRACED_FIT = 0.99
"""Share of the variance of the values that arrive which the files must explain, for their normalisation to be known."""


def traced(loader: LoaderEvidence, fit: float = TRACED_FIT) -> bool:
    """Return whether the normalisation of a loader's images is known, from the files that they were found to be."""
    return loader.found is not None and loader.found.fit >= fit


def unless_train(judged: Mapping[str, str], unknown: Mapping[str, str]) -> Passed:
    """Pass where the training loader was judged; what is known of the validation loader alone is no pass.

    Parameters
    ----------
    judged
        What was seen, for the name of each loader that was judged and is right.
    unknown
        Why not, for the name of each other loader.

    Raises
    ------
    CannotJudge
        When the training loader is not among the judged.
    """
    words = "; ".join(f"{name!r}: {text}" for name, text in sorted({**judged, **unknown}.items()))
    if "train" not in judged:
        raise CannotJudge(words)
    return Passed(words)


def _val(context: PreflightContext) -> str | None:
    return "no validation loader was given" if context.val is None else None


def _model(context: PreflightContext) -> str | None:
    return "no model was given" if context.model is None else None


def _classes(context: PreflightContext) -> str | None:
    labels = context.train.class_labels
    return "the labels that arrive are no class numbers, one a sample" if labels is None else None


def _files(context: PreflightContext) -> str | None:
    if any(loader.found is not None for loader in context.loaders):
        return None
    return context.train.not_found or "the images were not found again"


TRAIN: Requirement[PreflightContext] = Requirement("a training loader", lambda context: None)
TRAIN_CLASSES = Requirement("class numbers as labels", _classes)
TRAIN_FILES = Requirement("an audit of the files that the loader reads", _files)
VAL = Requirement("a validation loader", _val)
MODEL = Requirement("a model", _model)

__all__ = [
    "MODEL",
    "TRACED_FIT",
    "TRAIN",
    "TRAIN_CLASSES",
    "TRAIN_FILES",
    "VAL",
    "CannotJudge",
    "LoaderRule",
    "traced",
    "unless_train",
]
