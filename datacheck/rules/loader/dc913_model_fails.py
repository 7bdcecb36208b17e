"""DC913: the model or the loss fails on the first batch, or gives fewer outputs than there are classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from datacheck.before_training.evidence import PreflightContext
from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.manifest import Task
from datacheck.rules.loader.base import MODEL, LoaderRule


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
    The error is caught and shown; the outputs are counted against the audited classes.

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
        if manifest is not None and manifest.task is Task.CLASSIFICATION and len(shape) == 2:
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
