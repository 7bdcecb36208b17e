"""What acting on a plan's items was worth in whole trainings elsewhere, with and without the item.

The figures are those of ``docs/benchmarks.md`` ("What each item of a plan is worth"): five seeds, a clean test set, the
paired difference with Student's 95 % interval. They say what to expect of an item of this kind; what was measured on
the dataset itself stands in the item's own measurements.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from datacheck.plan.items import PlanItem

SOURCE = "docs/benchmarks.md: What each item of a plan is worth"
"""Where the figures, their conditions and the commands stand."""

SEEDS = 5
"""Each figure is a mean over so many seeds."""


@dataclass(frozen=True)
class Trained:
    """Trainings with and without one kind of item.

    Attributes
    ----------
    data
        The dataset, and the model that was trained.
    metric
        ``gain/balanced_accuracy`` on the test set, or ``validation_minus_test``: by how much the validation score was
        too high before the repair.
    value, low, high
        The mean over the seeds and its 95 % interval.
    """

    data: str
    metric: str
    value: float
    low: float
    high: float

    def to_json(self) -> dict[str, Any]:
        """Return the figure as JSON values."""
        return {"data": self.data, "metric": self.metric, "value": self.value, "low": self.low, "high": self.high}


_GAIN = "gain/balanced_accuracy"

TRAININGS: dict[str, tuple[Trained, ...]] = {
    "rebalance": (
        Trained("digits with a long tail, small network", _GAIN, 0.026, 0.007, 0.046),
        Trained("TrashNet photos with a long tail, small network", _GAIN, 0.066, 0.012, 0.121),
        Trained("TrashNet photos with a long tail, linear head", _GAIN, 0.032, 0.002, 0.063),
        Trained("CIFAR-10N worse with a long tail, linear head", _GAIN, 0.014, 0.011, 0.016),
        Trained("CIFAR-10N aggre with a long tail, linear head", _GAIN, 0.028, 0.010, 0.047),
        Trained("TrashNet photos with a long tail, fine-tuned network", _GAIN, 0.022, -0.011, 0.054),
        Trained("ants and bees with a long tail, fine-tuned network", _GAIN, 0.028, -0.007, 0.064),
        Trained("CIFAR-10N worse with a long tail, fine-tuned network", _GAIN, -0.010, -0.041, 0.021),
        Trained("CIFAR-10N aggre with a long tail, fine-tuned network", _GAIN, 0.017, -0.013, 0.047),
    ),
    "relabel": (
        Trained("CIFAR-10N worse, the most doubted tenth checked, linear head", _GAIN, 0.043, 0.030, 0.056),
        Trained("CIFAR-10N aggre, the most doubted tenth checked, linear head", _GAIN, 0.013, 0.004, 0.022),
        Trained("CIFAR-10N worse, the most doubted tenth checked, fine-tuned network", _GAIN, 0.006, -0.026, 0.038),
        Trained("CIFAR-10N aggre, the most doubted tenth checked, fine-tuned network", _GAIN, 0.023, 0.008, 0.038),
        Trained("digits, a tenth copied under another label and checked, small network", _GAIN, 0.011, 0.002, 0.020),
        Trained("TrashNet photos, a tenth copied and checked, linear head", _GAIN, 0.024, 0.008, 0.040),
        Trained("TrashNet photos, a tenth copied and checked, fine-tuned network", _GAIN, 0.027, 0.010, 0.043),
        Trained("CIFAR-10, a tenth copied and checked, linear head", _GAIN, 0.014, -0.004, 0.032),
        Trained("CIFAR-10, a tenth copied and checked, fine-tuned network", _GAIN, 0.009, -0.011, 0.029),
    ),
    "drop": (
        Trained("digits, copies left out, small network", _GAIN, -0.011, -0.030, 0.007),
        Trained("TrashNet photos, copies left out, linear head", _GAIN, 0.003, -0.009, 0.014),
        Trained("TrashNet photos, copies left out, fine-tuned network", _GAIN, -0.003, -0.041, 0.034),
        Trained("CIFAR-10, copies left out, linear head", _GAIN, -0.004, -0.011, 0.003),
        Trained("CIFAR-10, copies left out, fine-tuned network", _GAIN, -0.002, -0.016, 0.012),
    ),
    "splits": (
        Trained("TrashNet photos, a third copied, linear head", "validation_minus_test", 0.101, 0.066, 0.135),
        Trained("TrashNet photos, a third copied, fine-tuned network", "validation_minus_test", 0.036, -0.016, 0.088),
    ),
    "augment": (),
}
"""By kind of item; a kind without figures was tried and gained nothing that could be told from chance."""

SAME_SCORE = {"drop": "without the copies, trainings elsewhere scored the same, in 24 to 29 % less time"}
"""What is said of a kind that pays in something else than the test score."""

NOT_MEASURED = "its gain was not measured in trainings"
"""What is said of the other kinds."""


def expected_words(kind: str) -> str:
    """Return in a few words what an item of this kind was worth elsewhere, or that it was not measured.

    Examples
    --------
    >>> expected_words("rebalance")
    '5 of 9 trainings elsewhere gained +0.014 to +0.066 in test balanced accuracy, the others no more than chance'
    >>> expected_words("drop")
    'without the copies, trainings elsewhere scored the same, in 24 to 29 % less time'
    >>> expected_words("collect")
    'its gain was not measured in trainings'
    """
    found = TRAININGS.get(kind)
    if found is None:
        return NOT_MEASURED
    if kind in SAME_SCORE:
        return SAME_SCORE[kind]
    sure = [one.value for one in found if one.low > 0]
    if not sure:
        return "trainings elsewhere showed no gain"
    if found[0].metric != _GAIN:
        return f"elsewhere the validation score was up to {max(sure):.3f} above the test score before, and equal after"
    some = f"{len(sure)} of {len(found)} trainings" if len(sure) < len(found) else "trainings"
    rest = ", the others no more than chance" if len(sure) < len(found) else ""
    return f"{some} elsewhere gained {min(sure):+.3f} to {max(sure):+.3f} in test balanced accuracy{rest}"


def with_expected(items: Sequence[PlanItem]) -> list[PlanItem]:
    """Add ``expected`` to the settings of what is to be used or done.

    Examples
    --------
    >>> item = PlanItem(kind="relabel", name="relabel", verdict="do", summary="have 3 labels checked")
    >>> with_expected([item])[0].settings["expected"]["trainings"][1]["value"]
    0.013
    """
    return [_with_expected(item) for item in items]


def _with_expected(item: PlanItem) -> PlanItem:
    if item.verdict not in {"use", "do"}:
        return item
    expected = {
        "words": expected_words(item.kind),
        "trainings": [one.to_json() for one in TRAININGS.get(item.kind, ())],
        "seeds": SEEDS,
        "source": SOURCE,
    }
    return replace(item, settings={**item.settings, "expected": expected})
