"""DC912: labels have a form or a value that the loss does not take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from datacheck.before_training.evidence import LoaderEvidence, PreflightContext
from datacheck.findings import Finding, Found, Outcome, Passed, Severity
from datacheck.rules.loader.base import TRAIN, CannotJudge, LoaderRule


@dataclass(frozen=True)
class LabelForm(LoaderRule):
    """Labels have a form or a value that the loss does not take.

    What
    ----
    Looks at type, shape and range of the labels, against the outputs of the model where it is known.

    Why it hurts training
    ---------------------
    A class number beyond the outputs stops cross-entropy with an index error, or on a GPU with a CUDA assert that
    names no line. Decimal numbers or one-hot rows are taken for probabilities without a word.

    How it is measured
    ------------------
    All labels of the drawn batches. For cross-entropy: whole numbers of an integer type, one a sample, from 0 to
    one below the outputs; one-hot rows are information, since they work but hide mistakes.

    How to fix
    ----------
    Number the classes from 0, without gaps; ``labels.long()``; as many outputs as classes.

    Example
    -------
    Classes numbered from 1::

        DC912 labels in 'train' reach 3, and the model has 3 outputs (0 to 2): number the classes from 0
    """

    code: ClassVar[str] = "DC912"
    name: ClassVar[str] = "label-form"
    severity: ClassVar[Severity] = Severity.ERROR
    requires = (TRAIN,)

    def judge(self, context: PreflightContext) -> Outcome:
        """Judge loader and model."""
        if all(loader.labels is None for loader in context.loaders):
            raise CannotJudge("the batches hold no array of labels")
        outputs = None
        if context.model is not None and len(context.model.output_shape) == 2 and context.model.output_shape[1] > 1:
            outputs = context.model.output_shape[1]
        crossed = context.model is None or context.model.loss_name == "CrossEntropyLoss"
        findings = [found for loader in context.loaders for found in self._judged(loader, outputs, crossed)]
        return Found(tuple(findings)) if findings else Passed("labels as the loss takes them")

    def _judged(self, loader: LoaderEvidence, outputs: int | None, crossed: bool) -> list[Finding]:
        labels = loader.labels
        if labels is None or not len(labels):
            return []
        where = f"labels in {loader.name!r}"
        if labels.dtype.kind == "f" and not np.isfinite(labels).all():
            return [self.finding(f"{where} hold values that are not numbers", "leave out samples without a label")]
        if labels.ndim == 2 and labels.shape[1] > 1:
            one_hot = np.isin(labels, (0, 1)).all() and (labels.sum(axis=1) == 1).all()
            if one_hot and crossed:
                message = f"{where} are one-hot rows of {labels.shape[1]}: cross-entropy takes them for probabilities"
                return [self.finding(message, "give class numbers: labels.argmax(1)", severity=Severity.INFO)]
            return []
        if labels.ndim != 1 or not crossed or outputs is None:
            return []
        whole = loader.class_labels
        if whole is None:
            return []
        found = []
        if labels.dtype.kind == "f":
            message = f"{where} are decimal numbers ({labels.dtype}): cross-entropy takes class numbers"
            found.append(self.finding(message, "convert them: labels.long()"))
        high, low = int(whole.max()), int(whole[whole != IGNORED].min(initial=0))
        if high >= outputs:
            message = (
                f"{where} reach {high}, and the model has {outputs} outputs (0 to {outputs - 1}): number the classes "
                "from 0"
            )
            found.append(
                self.finding(message, "number the classes from 0 without gaps, or give the model more outputs")
            )
        if low < 0:
            message = f"{where} go down to {low}: class numbers start at 0"
            found.append(self.finding(message, "number the classes from 0; -100 alone is ignored by cross-entropy"))
        return found


IGNORED = -100
"""The label that torch's cross-entropy leaves out."""
