"""Expect every class in every split."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from datacheck.text import listed, plural
from datacheck_expectations.base import DatacheckExpectation
from datacheck_expectations.evaluation import Evaluation
from datacheck_expectations.measures.classes import ClassTable


class ExpectClassCoverage(DatacheckExpectation):
    """Expect each class to have at least so many samples in each split.

    Parameters
    ----------
    classes_by_split
        The classes that each split must have, such as ``{"train": ["cat", "dog"], "test": ["cat", "dog"]}``; the
        split ``all`` stands for the whole dataset.
    min_count
        Samples that each must have there.

    Example
    -------
    >>> ExpectClassCoverage(classes_by_split={"train": ["cat", "dog"]}, min_count=1).min_count
    1
    """

    classes_by_split: dict[str, list[str]]
    min_count: int

    metric_dependencies: ClassVar[tuple[str, ...]] = ("datacheck.class_table",)

    def evaluate(self, measured: ClassTable) -> Evaluation:
        """Count what is missing."""
        missing = []
        for split, classes in self.classes_by_split.items():
            counts, _, _ = measured.of(split)
            missing += [
                {"split": split, "class": name, "samples": counts.get(name, 0)}
                for name in classes
                if counts.get(name, 0) < self.min_count
            ]
        least = f"{self.min_count:,} or more samples"
        if not missing:
            return Evaluation(True, 0, f"every class has {least} in {listed(list(self.classes_by_split))}")
        words = [
            f"{row['class']!r} has {plural(int(str(row['samples'])), 'sample')} in {row['split']!r}" for row in missing
        ]
        more = f" and {len(words) - 4:,} more" if len(words) > 4 else ""
        return Evaluation(False, len(missing), "; ".join(words[:4]) + more, tuple(missing))

    @classmethod
    def requirement(cls, terms: Mapping[str, Any]) -> str:
        """State which classes must be where."""
        by_split: Mapping[str, list[str]] = terms["classes_by_split"]
        least = plural(terms["min_count"], "sample")
        if len({tuple(sorted(classes)) for classes in by_split.values()}) == 1:
            classes = next(iter(by_split.values()))
            where = "the dataset" if list(by_split) == ["all"] else f"each of {listed(list(by_split))}"
            return f"Each of the {len(classes):,} classes {listed(classes, 12)} has at least {least} in {where}."
        parts = [f"{listed(classes, 12)} in {split!r}" for split, classes in by_split.items()]
        return f"Each of these classes has at least {least}: {'; '.join(parts)}."
