"""Ready-made suites: what every dataset of a kind must keep, before anything is known of its statistics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from datacheck_expectations import expectations as e
from datacheck_expectations import reasons
from datacheck_expectations.gx import gxe

__all__ = ["image_classification", "image_regression", "relabel_answers", "tabular"]


def image_classification(classes: Sequence[str], splits: Sequence[str] = ()) -> list[Any]:
    """Return what every image classification dataset must keep, before anything is known of its statistics.

    Examples
    --------
    >>> len(image_classification(["cat", "dog"], ["train", "test"]))
    8
    """
    return [
        *_labels(classes, splits),
        *_images(),
        e.ExpectConflictingDuplicatesAtMost(
            column="content_cluster", max_share=0.0, notes="At most one of two labels of the same image is correct."
        ),
        *_leaks(("content_cluster", "near_cluster") if splits else ()),
    ]


def image_regression(low: float, high: float, splits: Sequence[str] = (), *, intervals: int = 10) -> list[Any]:
    """Return what every image regression dataset with targets from ``low`` to ``high`` must keep.

    Examples
    --------
    >>> len(image_regression(0, 100, ["train", "test"]))
    8
    """
    return [
        *_targets(low, high, splits, intervals),
        *_images(),
        *_leaks(("content_cluster", "near_cluster") if splits else ()),
    ]


def tabular(
    classes: Sequence[str] = (), splits: Sequence[str] = (), *, group: bool = False, not_null: Sequence[str] = ()
) -> list[Any]:
    """Return what every table with a label must keep; ``not_null`` columns must have a value in every row.

    Examples
    --------
    >>> len(tabular(["yes", "no"], ["train", "test"], group=True, not_null=["age"]))
    5
    """
    return [
        *(_labels(classes, splits) if classes else ()),
        e.ExpectUniqueIds(column="sample_id", notes=reasons.UNIQUE_IDS),
        *(gxe.ExpectColumnValuesToNotBeNull(column=name, notes="Declared as never missing.") for name in not_null),
        *_leaks(("group",) if group else ()),
    ]


def label_guidelines() -> list[Any]:
    """Return that labels follow the guidelines of the accepted ones; a check of it needs the accepted data.

    Examples
    --------
    >>> len(label_guidelines())
    1
    """
    return [
        e.ExpectLabelGuidelinesKept(
            max_classes=0,
            severity="warning",
            notes="Labels that follow two readings of a class teach a model neither.",
        )
    ]


def relabel_answers(classes: Sequence[str], *, min_agreement: float = 0.8, confidence: float = 0.95) -> list[Any]:
    """Return what a table of annotators' answers (``answers.parquet`` as a DataFrame) must keep.

    Examples
    --------
    >>> len(relabel_answers(["cat", "dog"]))
    4
    """
    kinds = ["label", "skip", "none-of-these", "ambiguous"]
    return [
        e.ExpectUniqueIds(column="answer_id", notes="An answer that was fetched twice counts once."),
        e.ExpectAllowedValues(
            column="answer", values=kinds, min_share=1.0, confidence=0.0, notes="Other words have no meaning here."
        ),
        e.ExpectAllowedLabels(labels=list(classes), notes="An answer outside the classes cannot be applied."),
        e.ExpectAgreementAtLeast(
            min_share=min_agreement,
            confidence=confidence,
            notes="If annotators disagree on many samples, the classes need a clearer definition.",
        ),
    ]


def _labels(classes: Sequence[str], splits: Sequence[str]) -> list[Any]:
    return [
        e.ExpectClassCoverage(
            classes_by_split={split: list(classes) for split in splits or ("all",)},
            min_count=1,
            notes=reasons.COVERAGE,
        ),
        e.ExpectAllowedLabels(
            labels=list(classes), notes="A label outside the declared classes is a typing error or a new class."
        ),
    ]


def _targets(low: float, high: float, splits: Sequence[str], intervals: int) -> list[Any]:
    step = (high - low) / intervals
    edges = [low + step * at for at in range(intervals)] + [high]
    span = e.ExpectPropertyInRange(
        column="target",
        split="all",
        low=low,
        high=high,
        min_share=1.0,
        confidence=0.0,
        max_repeated=1.0,
        notes="The declared range.",
    )
    return [span] + [
        e.ExpectTargetRangeCovered(
            column="target",
            split=split,
            edges=edges,
            min_count=1,
            notes=reasons.TARGET_GAP,
        )
        for split in splits or ("all",)
    ]


def _images() -> list[Any]:
    return [
        e.ExpectUniqueIds(column="sample_id", notes=reasons.UNIQUE_IDS),
        e.ExpectReadableShareAtLeast(min_share=1.0, notes="A file that cannot be read stops the training."),
        e.ExpectDuplicatesAtMost(
            column="content_cluster",
            max_share=0.01,
            severity="warning",
            notes="A copy counts twice.",
        ),
    ]


def _leaks(columns: Sequence[str]) -> list[Any]:
    return [
        e.ExpectNoLeakageAcrossSplits(
            column=column,
            max_share=0.0,
            notes=reasons.LEAKAGE,
        )
        for column in columns
    ]
