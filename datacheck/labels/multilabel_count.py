"""How many labels of multilabel data are wrong: given and not there, or there and not given.

Each class is a column of yes and no, and of each column the predictions of yes and those of no are taken apart, because
a model sees a missing label and one too many differently well. The interval rests on the assumptions of
`datacheck.labels.error_count`: at the low end the disagreement of the most confident predictions, at the high end all
disagreements, each over the share of such errors that the model would see. That share needs no planting: of the
samples with a label it is the part for which the label is predicted, since a label that is taken away from one of them
would leave its out-of-sample prediction as it is.

Over all columns the counts are added, and their errors as those of independent counts, widened by how much the
disagreements crowd in the same samples. The estimate is the median over the anchor sets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datacheck.labels.anchors import ANCHOR_PARTS, CRITICAL, LEAST_ANCHORS, AnchorSet, anchor_sets, certainty_of_noise
from datacheck.labels.error_count import LEAST_RECALL
from datacheck.labels.label_columns import PRESENT, Flags, Floats
from datacheck.labels.label_yield import EVIDENT_NOISE, LARGEST_HIGH_END
from datacheck.stats import Z95, Interval

LARGEST_HIGH_END_ABOVE_0 = 0.1
"""Share of the given labels: where all may be right, and more than this may be wrong, there is no estimate."""

METHOD = "95 % interval from the most confident predictions (low) to all disagreements over those seen (high)"


@dataclass(frozen=True)
class MultilabelCount:
    """Estimated number of wrong labels of multilabel data.

    Attributes
    ----------
    errors
        Labels that are given and wrong, or missing, in all columns together.
    by_column
        The same of each column.
    given
        How many labels are given.
    noise_certainty
        As in `datacheck.labels.error_count.ErrorCount`.
    """

    errors: Interval
    by_column: tuple[Interval, ...]
    given: int
    noise_certainty: float

    @property
    def conclusive(self) -> bool:
        """Whether the interval is narrow enough for an estimate, as a share of the labels that are given."""
        largest = LARGEST_HIGH_END if self.errors.low >= 1 else LARGEST_HIGH_END_ABOVE_0
        return self.errors.high <= largest * self.given

    @property
    def noise_is_evident(self) -> bool:
        """Whether a warning is justified; see `datacheck.labels.label_yield.LabelYield.noise_is_evident`."""
        return self.conclusive and self.errors.low >= 1 and self.noise_certainty >= EVIDENT_NOISE

    def in_words(self) -> str:
        """Return words without a full stop: the count with its interval, or that it is unknown.

        Examples
        --------
        >>> MultilabelCount(Interval(44, 30, 80), (), 900, 1.0).in_words()
        'about 44 labels are wrong or missing (95 % interval 30 to 80), beside 900 that are given'
        >>> MultilabelCount(Interval(44, 0, 91), (), 900, 1.0).in_words()
        'it is not known how many labels are wrong or missing: 0 to 91 (95 % interval), beside 900 that are given'
        """
        low, high = f"{self.errors.low:,.0f}", f"{self.errors.high:,.0f}"
        beside = f"beside {self.given:,} that are given"
        if self.conclusive:
            return (
                f"about {self.errors.value:,.0f} labels are wrong or missing (95 % interval {low} to {high}), {beside}"
            )
        return f"it is not known how many labels are wrong or missing: {low} to {high} (95 % interval), {beside}"


def count_multilabel_errors(probs: Floats, matrix: Flags) -> MultilabelCount:
    """Estimate the number of wrong labels.

    Parameters
    ----------
    probs
        Out-of-sample probability of each label, shape [N, K].
    matrix
        Whether it is given, shape [N, K].

    Examples
    --------
    >>> true = np.random.default_rng(0).random((900, 2)) < 0.3
    >>> probs = np.where(true, 0.97, 0.03)
    >>> given = true.copy()
    >>> given[np.flatnonzero(true[:, 0])[:60], 0] = False
    >>> found = count_multilabel_errors(probs, given)
    >>> found.errors.low <= 60 <= found.errors.high, found.noise_is_evident
    (True, True)
    """
    columns = [_cells(probs[:, column], matrix[:, column]) for column in range(matrix.shape[1])]
    errors, certainty = _count([cell for cells in columns for cell in cells])
    return MultilabelCount(errors, tuple(_count(cells)[0] for cells in columns), int(matrix.sum()), certainty)


@dataclass(frozen=True)
class _Cell:
    """The predictions of yes, or those of no, of one column: which samples disagree [N], how many there are."""

    disagrees: Flags
    size: int
    recall: float
    anchors: Sequence[AnchorSet]


def _cells(chance: NDArray[np.float64], given: NDArray[np.bool_]) -> list[_Cell]:
    found = []
    for wanted in (True, False):
        chosen = (chance >= PRESENT) == wanted
        disagrees = chosen & (given != wanted)
        same = chosen[given == wanted]
        recall = float(same.mean()) if len(same) else 1.0
        confidence = np.abs(chance - 1 + wanted)[chosen]
        enough = len(confidence) >= 2 * LEAST_ANCHORS
        anchors = anchor_sets(confidence, disagrees[chosen], mistakes=1 - recall) if enough else []
        found.append(_Cell(disagrees, len(confidence), recall, anchors))
    return found


def _count(cells: list[_Cell]) -> tuple[Interval, float]:
    """Return the count over some cells with its interval, and the certainty of noise."""
    n_rows = len(cells[0].disagrees)
    seen, weighted = np.zeros(n_rows), np.zeros(n_rows)
    for cell in cells:
        seen += cell.disagrees
        weighted += cell.disagrees / max(cell.recall, LEAST_RECALL)
    high = float(weighted.sum() + Z95 * np.sqrt((weighted**2).sum()) + Z95**2 / 2)
    crowding = float((seen**2).sum() / max(1.0, seen.sum()))
    low, clearest, values = 0.0, 0.0, []
    for number in range(len(ANCHOR_PARTS)):
        sets = [(cell.size, cell.anchors[number]) for cell in cells if len(cell.anchors) > number]
        far, far_error = _added([(size * one.far, size * one.far_error) for size, one in sets], crowding)
        edge, edge_error = _added([(size * one.edge, size * one.edge_error) for size, one in sets], crowding)
        low = max(low, far - CRITICAL * far_error)
        clearest = max(clearest, edge / edge_error if edge_error else 0.0)
        values.append(edge)
    low = low if low <= high else 0.0
    return Interval(
        float(np.clip(np.median(values), low, high)), low, high, n=n_rows, method=METHOD
    ), certainty_of_noise(clearest)


def _added(counts: list[tuple[float, float]], crowding: float) -> tuple[float, float]:
    """Add counts and their errors; those clearly below 0 say that the model is wrong there, and count as 0."""
    kept = [(count, error) for count, error in counts if count > -CRITICAL * error]
    variance = sum(error**2 for _, error in kept)
    return sum(count for count, _ in kept), float(np.sqrt(variance * max(1.0, crowding)))
