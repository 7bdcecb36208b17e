"""Suites: proposed from an accepted dataset, or ready-made for a kind of dataset.

Tolerances of a proposal come from the accepted dataset alone:

* What never happened there (a leak, an unreadable file, an unknown label) may not begin: the contract allows none.
* A share may lie where its interval puts it; a mean may move by as much as the splits of the accepted dataset differ
  beyond chance, and by `NEGLIGIBLE_EFFECT` at least, below which a certain difference is of no consequence.
* The check allows for its own sampling error: a dataset breaks a term when its interval lies outside.

All intervals of one contract are wide enough that a fresh sample of the same kind breaks any of its terms with a
chance of at most `FALSE_ALARM` (Bonferroni over every compared number).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from datacheck.duplicates import DEFAULT_NEAR_DUPLICATE_DISTANCE
from datacheck.errors import ContractError
from datacheck.fingerprints import Fingerprint
from datacheck.manifest import Task
from datacheck_expectations import expectations as e
from datacheck_expectations.frame import contract_frame
from datacheck_expectations.gx import gx, gxe
from datacheck_expectations.proposals import FALSE_ALARM, NEGLIGIBLE_EFFECT, Proposal, population_proposals
from datacheck_expectations.row_proposals import row_proposals
from datacheck_expectations.store import NAME

if TYPE_CHECKING:
    from datacheck.report import Report

__all__ = [
    "FALSE_ALARM",
    "NEGLIGIBLE_EFFECT",
    "image_classification",
    "image_regression",
    "propose_expectations",
    "propose_suite",
    "relabel_answers",
    "tabular",
]


def propose_suite(
    accepted: Report | Fingerprint, *, near_duplicate_distance: int = DEFAULT_NEAR_DUPLICATE_DISTANCE
) -> Any:
    """Propose the suite that holds a dataset to the accepted one, as a Great Expectations suite.

    A report tells more than a fingerprint: leaks, duplicates, conflicts, pairs and ids need the rows.

    Raises
    ------
    ContractError
        When the accepted dataset is empty, or nothing about it can be promised.

    Examples
    --------
    >>> from datacheck.fingerprints import fingerprint
    >>> from datacheck.manifest import Manifest
    >>> suite = propose_suite(fingerprint(Manifest.from_columns({"label": ["cat", "dog"] * 200})))
    >>> [expectation.expectation_type for expectation in suite.expectations][:2]
    ['expect_class_coverage', 'expect_allowed_labels']
    """
    found = propose_expectations(accepted, near_duplicate_distance=near_duplicate_distance)
    return gx.ExpectationSuite(name=NAME, expectations=found)


def propose_expectations(
    accepted: Report | Fingerprint, *, near_duplicate_distance: int = DEFAULT_NEAR_DUPLICATE_DISTANCE
) -> list[Any]:
    """Return the expectations of `propose_suite`."""
    taken = accepted if isinstance(accepted, Fingerprint) else accepted.fingerprint
    if taken is None or not taken.n_samples:
        raise ContractError("expected an accepted dataset with samples and a fingerprint, found none: audit it first")
    proposals: list[Proposal] = population_proposals(taken)
    if not isinstance(accepted, Fingerprint):
        frame = contract_frame(
            accepted.manifest, accepted.measurements, accepted.probe, near_duplicate_distance=near_duplicate_distance
        )
        proposals += row_proposals(frame, Task(taken.task))
    cells = sum(proposal.cells for proposal in proposals)
    found = [proposal.make(FALSE_ALARM / max(1, cells)) for proposal in proposals]
    kept = [expectation for expectation in found if expectation is not None]
    if not kept:
        raise ContractError("nothing about this dataset can be promised: it has neither labels, nor images, nor splits")
    return kept


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
            column="content_cluster", max_share=0.0, notes="At most one of two labels of one image is right."
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
        e.ExpectUniqueIds(column="sample_id", notes="An id that names two rows names neither."),
        *(gxe.ExpectColumnValuesToNotBeNull(column=name, notes="Declared as always there.") for name in not_null),
        *_leaks(("group",) if group else ()),
    ]


def relabel_answers(classes: Sequence[str], *, min_agreement: float = 0.8, confidence: float = 0.95) -> list[Any]:
    """Return what a table of annotators' answers (``answers.parquet`` as a DataFrame) must keep.

    Examples
    --------
    >>> len(relabel_answers(["cat", "dog"]))
    4
    """
    verdicts = ["label", "skip", "none-of-these", "ambiguous"]
    return [
        e.ExpectUniqueIds(column="answer_id", notes="An answer that was fetched twice counts once."),
        e.ExpectAllowedValues(
            column="verdict", values=verdicts, min_share=1.0, confidence=0.0, notes="Other words mean nothing here."
        ),
        e.ExpectAllowedLabels(labels=list(classes), notes="An answer outside the classes cannot be applied."),
        e.ExpectAgreementAtLeast(
            min_share=min_agreement,
            confidence=confidence,
            notes="Where people disagree on most questions, the classes need a clearer definition.",
        ),
    ]


def _labels(classes: Sequence[str], splits: Sequence[str]) -> list[Any]:
    return [
        e.ExpectClassCoverage(
            classes_by_split={split: list(classes) for split in splits or ("all",)},
            min_count=1,
            notes="What a split does not have is not learnt there, or not measured.",
        ),
        e.ExpectAllowedLabels(
            labels=list(classes), notes="A label outside the declared classes is a slip or a new class."
        ),
    ]


def _targets(low: float, high: float, splits: Sequence[str], intervals: int) -> list[Any]:
    step = (high - low) / intervals
    edges = [low + step * at for at in range(intervals)] + [high]
    span = e.ExpectPropertyInRange(
        column="target", split="all", low=low, high=high, min_share=1.0, confidence=0.0, notes="The declared range."
    )
    return [span] + [
        e.ExpectTargetRangeCovered(
            column="target", split=split, edges=edges, min_count=1, notes="Between two samples a model can only guess."
        )
        for split in splits or ("all",)
    ]


def _images() -> list[Any]:
    return [
        e.ExpectUniqueIds(column="sample_id", notes="An id that names two rows names neither."),
        e.ExpectReadableShareAtLeast(min_share=1.0, notes="A file that cannot be read stops the training, or is lost."),
        e.ExpectDuplicatesAtMost(
            column="content_cluster", max_share=0.01, severity="warning", notes="Copies count more than once."
        ),
    ]


def _leaks(columns: Sequence[str]) -> list[Any]:
    return [
        e.ExpectNoLeakageAcrossSplits(
            column=column, max_share=0.0, notes="What was trained on is answered from memory in an evaluation."
        )
        for column in columns
    ]
