"""How likely each label is wrong, and how many labels one answer is expected to correct."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression

from datacheck.labels.label_yield import LabelYield


@dataclass(frozen=True)
class Ranking:
    """The samples by the labels that an answer to each is expected to correct.

    Attributes
    ----------
    error_probability
        Of each sample's given label, float32, shape [N]; NaN where the probe did not judge it.
    groups
        A number for each sample, int64, shape [N]; exact copies share one.
    label_quality
        Float32, shape [N], low first among samples of equal gain; None takes those by row.
    calibrated
        Whether ``error_probability`` is one, so that people may be told it; else it only ranks.
    """

    error_probability: NDArray[np.float32]
    groups: NDArray[np.int64]
    label_quality: NDArray[np.float32] | None = None
    calibrated: bool = True

    @property
    def gain(self) -> NDArray[np.float64]:
        """Expected corrections by one answer to each group, shape [G]: the errors of its copies add up."""
        return np.asarray(
            np.bincount(self.groups, weights=np.nan_to_num(self.error_probability).astype(np.float64)), dtype=np.float64
        )

    def ordered(self) -> NDArray[np.int64]:
        """Return one row for each group whose label was judged, the largest gain first."""
        rows = most_suspect_rows(self.groups, self.error_probability)
        judged = rows[np.isfinite(self.error_probability[rows])]
        ties = judged if self.label_quality is None else self.label_quality[judged]
        return judged[np.lexsort((ties, -self.gain[self.groups[judged]]))]


def error_probability(label_quality: NDArray[np.float32], label_yield: LabelYield | None) -> NDArray[np.float32]:
    """Return the probability that each given label is wrong, shape [N], NaN where the quality is NaN.

    With a yield, the probability at a rank is the slope of the expected number of errors, depth × precision, made to
    fall with the rank (isotonic regression); beyond the deepest depth the remaining estimated errors are spread evenly.
    Without one it is 1 - quality, which ranks but is not calibrated.
    """
    uncalibrated = (1.0 - np.asarray(label_quality, dtype=np.float64)).astype(np.float32)
    if label_yield is None or len(label_yield.depth) == 0:
        return uncalibrated
    known = np.flatnonzero(np.isfinite(label_quality))
    order = known[np.argsort(label_quality[known], kind="stable")]
    depth = np.concatenate([[0], np.minimum(label_yield.depth, len(order))])
    errors = np.concatenate([[0.0], label_yield.depth * label_yield.precision])
    if depth[-1] < len(order):
        depth = np.append(depth, len(order))
        errors = np.append(errors, max(errors[-1], label_yield.estimated_errors.value))
    expected = np.interp(np.arange(len(order) + 1), depth, np.maximum.accumulate(errors))
    slopes = np.clip(np.diff(expected), 0.0, 1.0)
    falling = IsotonicRegression(increasing=False, y_min=0.0, y_max=1.0).fit_transform(np.arange(len(order)), slopes)
    result = np.full(len(label_quality), np.nan, dtype=np.float32)
    result[order] = falling
    return result


def copy_groups(exact: NDArray[np.int64] | None, n_rows: int) -> NDArray[np.int64]:
    """Number the groups of exact copies; a row that is in no cluster is a group of its own; shape [N]."""
    keys = np.arange(n_rows, dtype=np.int64)
    if exact is not None:
        copies = exact >= 0
        keys[copies] = n_rows + exact[copies]
    return np.unique(keys, return_inverse=True)[1].astype(np.int64)


def most_suspect_rows(groups: NDArray[np.int64], probability: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the row of each group whose label is most likely wrong; shape [G].

    Examples
    --------
    >>> most_suspect_rows(np.array([0, 0, 1]), np.array([0.1, 0.9, np.nan], np.float32)).tolist()
    [1, 2]
    """
    order = np.lexsort((-np.nan_to_num(probability, nan=-1.0), groups))
    return order[np.unique(groups[order], return_index=True)[1]].astype(np.int64)
