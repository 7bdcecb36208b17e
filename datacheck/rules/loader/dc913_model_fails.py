"""DC913: the model or the loss fails on the first batch, or gives fewer outputs than there are classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from datacheck.before_training.evidence import PreflightContext
from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.manifest import Task
from datacheck.rules.loader.base import MODEL, LoaderRule
from datacheck.rules.loader.class_numbers import class_of_number, labels_of_files, own_classes


@dataclass(frozen=True)
class ModelFails(LoaderRule):
    """The model or the loss fails on the first batch, or gives fewer outputs than there are classes.

    What
    ----
    Runs the first batch through model and loss, in training and in evaluation mode.

    Why it hurts training
    ---------------------
    The training would stop at its first step, or, with too few outputs, at the first batch that holds the missing
    class.

    How it is measured
    ------------------
    The error is caught and shown. Where the loss is cross-entropy, the outputs are counted against the audited
    classes, unless the loader gives classes of its own.

    How to fix
    ----------
    See the message; make the last layer as wide as there are classes.

    Example
    -------
    A last layer of another dataset::

        DC913 the model gives 2 outputs, and the dataset has 3 classes
    """

    code: ClassVar[str] = "DC913"
    name: ClassVar[str] = "model-fails"
    severity: ClassVar[Severity] = Severity.ERROR
    requires = (MODEL,)

    def judge(self, context: PreflightContext) -> Outcome:
        """Judge loader and model."""
        model, manifest = context.model, context.manifest
        assert model is not None, "required"
        findings = []
        for mode, where in ((model.train, "training"), (model.evaluation, "evaluation")):
            if mode.error:
                findings.append(
                    self.finding(
                        f"in {where} mode {mode.error}",
                        "run one batch through the model by hand: model(images); loss(output, labels)",
                    )
                )
        shape = model.output_shape
        of_classes = model.loss_name in CLASS_LOSSES and not _renumbered(context)
        if manifest is not None and manifest.task is Task.CLASSIFICATION and of_classes and len(shape) == 2:
            n_classes = len(manifest.classes)
            enough = shape[1] >= n_classes or (shape[1] == 1 and n_classes == 2)
            if not enough:
                findings.append(
                    self.finding(
                        f"the model gives {shape[1]} outputs, and the dataset has {n_classes} classes",
                        "make the last layer as wide as there are classes",
                        evidence={"outputs": shape[1], "classes": n_classes},
                    )
                )
        return Found(tuple(findings)) if findings else Passed(f"outputs of the shape {shape}")


CLASS_LOSSES = frozenset({"CrossEntropyLoss", "NLLLoss", "cross_entropy", "nll_loss"})
"""Losses that need an output for each class."""


def _renumbered(context: PreflightContext) -> bool:
    """Return whether the training loader gives other classes than the audited."""
    manifest = context.manifest
    if manifest is None:
        return False
    rows, given = labels_of_files(context.train, manifest)
    audited = manifest.label_codes[rows]
    number = class_of_number(manifest, context.train.classes, audited, given)
    return bool(own_classes(number, audited, given, manifest.classes))
