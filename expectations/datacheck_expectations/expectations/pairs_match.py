"""Expect each image beside its own label file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from datacheck.text import percent
from datacheck_expectations.base import DatacheckExpectation
from datacheck_expectations.evaluation import Evaluation, evaluate_affected
from datacheck_expectations.measures.columns import Affected


class ExpectPairsToMatch(DatacheckExpectation):
    """Expect ``uri`` and ``label_uri`` to belong together by their names, and neither to be missing.

    Names are compared as `datacheck.pairing.name_matching.match_names` does: a pair is wrong when the names say that
    another row's label file is the right one.

    Parameters
    ----------
    max_share
        Share of the samples that may be without their other half or with the wrong one.

    Example
    -------
    >>> ExpectPairsToMatch(max_share=0.0).evaluate(Affected(2, 4)).sentence
    '2 of 4 samples are without their label file, or beside the wrong one (50 %)'
    """

    max_share: float

    metric_dependencies: ClassVar[tuple[str, ...]] = ("datacheck.unmatched_pairs",)

    def evaluate(self, measured: Affected) -> Evaluation:
        """Count the wrong pairs."""
        what = "without their label file, or beside the wrong one"
        return evaluate_affected(measured, self.max_share, f"all {measured.total:,} pairs match", what, "are")

    @classmethod
    def requirement(cls, terms: Mapping[str, Any]) -> str:
        """State the share."""
        if terms["max_share"] <= 0:
            return "Every image is beside the label file that its name says."
        return f"At most {percent(terms['max_share'])} of the images are without their label file or beside another."
