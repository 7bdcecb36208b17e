"""Expect the labels to follow the guidelines of the accepted ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from datacheck.text import listed, plural
from datacheck_expectations.base import DatacheckExpectation
from datacheck_expectations.evaluation import Evaluation
from datacheck_expectations.measures.samples import Guidelines


class ExpectLabelGuidelinesKept(DatacheckExpectation):
    """Expect at most so many classes whose labels a probe of the accepted data contradicts more than accepted labels.

    Needs the accepted data: see `datacheck.compare_labels`. A class with too few samples is not judged.

    Parameters
    ----------
    max_classes
        Classes that may have changed; usually 0.

    Example
    -------
    >>> ExpectLabelGuidelinesKept(max_classes=0).evaluate(Guidelines(("dog",), ("cat", "dog"), ("a",), 1)).sentence
    "1 of 2 classes is labelled by another guideline than the accepted data: 'dog'"
    """

    max_classes: int

    metric_dependencies: ClassVar[tuple[str, ...]] = ("datacheck.label_guidelines",)

    def evaluate(self, measured: Guidelines) -> Evaluation:
        """Compare the number of classes that changed."""
        n_changed = len(measured.changed)
        judged = plural(len(measured.judged), "class", "classes")
        if not n_changed:
            return Evaluation(True, 0, f"none of {judged} is labelled by another guideline than the accepted data")
        verb = "is" if n_changed == 1 else "are"
        return Evaluation(
            n_changed <= self.max_classes,
            n_changed,
            f"{n_changed:,} of {judged} {verb} labelled by another guideline than the accepted data: "
            f"{listed(measured.changed)}",
            sample_ids=measured.sample_ids,
            n_affected=measured.n_contradicted,
        )

    @classmethod
    def requirement(cls, terms: Mapping[str, Any]) -> str:
        """State the number of classes."""
        most = int(terms["max_classes"])
        allowed = f"At most {plural(most, 'class', 'classes')}" if most else "No class"
        return f"{allowed} may be labelled by another guideline than the accepted data."
