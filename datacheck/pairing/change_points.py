"""Cut a listing into segments of constant shift, and say at which row each begins and how sure that is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datacheck.pairing.repairs import ChangePoint
from datacheck.pairing.shift_hypotheses import Shift

SEARCH_ROWS = 200
"""A change point is searched for within so many rows of where the segmentation put it."""
MAX_NATS_BELOW = 30.0
"""Rows that are less likely than the best by more than 30 nats (a factor of 10¹³) are not tried."""
CREDIBLE = 0.95
"""Level of the credible sets that are reported."""
MAX_PASSES = 3
"""Change points that lie close together depend on each other: all are placed again, at most so often."""
MIN_DOUBT = 1e-4
"""A row whose probability is below this adds no doubt to the labels that depend on it."""

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Segmentation:
    """Segments of constant shift.

    Attributes
    ----------
    state
        Index of the shift that each row is under, [N].
    source
        Row n should have the label that row ``source[n]`` has; a permutation, [N].
    change_points
        One for each change of state.
    certainty
        Probability that a row's label is right after the repair, as far as it depends on where the change points lie
        and on whether a reassigned label belongs to the row; [N].
    """

    state: Indices
    source: Indices
    change_points: tuple[ChangePoint, ...]
    certainty: Floats


def segment(log_probs: Floats, penalty: float) -> Indices:
    """Best state per row, [N], of log-likelihoods [S, N] with a cost for each change of state (Viterbi 1967).

    Examples
    --------
    >>> segment(np.array([[0.0, 0, 0, -9, -9, -9], [-9, -9, -9, 0, 0, 0]]), penalty=5).tolist()
    [0, 0, 0, 1, 1, 1]
    """
    n_states, n_rows = log_probs.shape
    came_from = np.empty((n_rows, n_states), dtype=np.int8)
    total = log_probs[:, 0].copy()
    stay = np.arange(n_states, dtype=np.int8)
    columns = np.ascontiguousarray(log_probs.T)
    for row in range(1, n_rows):
        best = int(total.argmax())
        switched = total[best] - penalty
        came_from[row] = np.where(total >= switched, stay, best)
        total = np.maximum(total, switched) + columns[row]
    state = np.empty(n_rows, dtype=np.int64)
    state[-1] = total.argmax()
    for row in range(n_rows - 1, 0, -1):
        state[row - 1] = came_from[row, state[row]]
    return state


def as_permutation(state: Indices, shifts: Sequence[Shift]) -> tuple[Indices, NDArray[np.bool_]]:
    """Return the source row of each row's label as a permutation, and which rows were reassigned.

    Two segments may claim the same label. The first row keeps it; the later row is reassigned one of the labels that
    no row claims, in order.

    Examples
    --------
    >>> source, reassigned = as_permutation(np.array([0, 0, 1, 1, 1]), [Shift(0), Shift(1)])
    >>> source.tolist(), reassigned.tolist()
    ([0, 1, 3, 4, 2], [False, False, False, False, True])
    """
    n_rows = len(state)
    source = np.empty(n_rows, dtype=np.int64)
    for number, shift in enumerate(shifts):
        rows = state == number
        if rows.any():
            source[rows] = shift.source(n_rows)[rows]
    owner = np.full(n_rows, -1, dtype=np.int64)
    # Written from the last row to the first, so that the first row that claims a label keeps it.
    owner[source[::-1]] = np.arange(n_rows)[::-1]
    reassigned = owner[source] != np.arange(n_rows)
    source[reassigned] = np.flatnonzero(owner < 0)
    return source, reassigned


@dataclass(frozen=True)
class _Listing:
    """Log-likelihood of a listing under any states: log-probabilities [N, K], given codes [N] and shares of codes."""

    log_probs: Floats
    given: Indices
    share: Floats
    shifts: Sequence[Shift]

    def fit(self, number: int, rows: Indices) -> Floats:
        """Log-likelihood of some rows with the labels of one shift."""
        labels = self.given[self.shifts[number].source(len(self.given))[rows]]
        return np.where(labels >= 0, self.log_probs[rows, np.maximum(labels, 0)], 0)

    def reassigned(self, rows: Indices, source: Indices) -> tuple[Floats, Floats]:
        """Log-likelihood of reassigned labels, and the probability that each belongs to its new row.

        A listing that gained one line and lost its last has a label that belongs to no sample: before the data is
        seen, that is as likely as a label that moved from one end to the other.
        """
        labels = self.given[source]
        belongs = np.where(labels >= 0, np.exp(self.log_probs[rows, np.maximum(labels, 0)]), 0)
        stray = np.where(labels >= 0, np.maximum(self.share[np.maximum(labels, 0)], 1e-12), 1)
        return np.log((belongs + stray) / 2), belongs / (belongs + stray)

    def total(self, state: Indices) -> tuple[float, Indices, NDArray[np.bool_]]:
        """Log-likelihood of all labels under the states, the source rows, and which rows were reassigned."""
        source, reassigned = as_permutation(state, self.shifts)
        labels = self.given[source]
        rows = np.flatnonzero(~reassigned & (labels >= 0))
        others = np.flatnonzero(reassigned)
        fit = float(self.log_probs[rows, labels[rows]].sum())
        return fit + float(self.reassigned(others, source[others])[0].sum()), source, reassigned


LogPrior = Callable[[Indices], Floats]


def place_change_points(
    state: Indices,
    shifts: Sequence[Shift],
    log_probs: Floats,
    given: Indices,
    *,
    log_prior: LogPrior | None = None,
) -> Segmentation:
    """Move each change point to its most probable row, and state how sure that is.

    Parameters
    ----------
    state
        Index into ``shifts``, from `segment`; shape [N].
    shifts
        The shifts.
    log_probs
        Out-of-sample log-probabilities of a head that was fitted to the repaired labels, [N, K].
    given
        Codes as given, -1 for none; shape [N].
    log_prior
        Log-probability, up to a constant, that a shift begins at some rows, before the data is seen.

    Notes
    -----
    This is the posterior of one change point given the others, over the rows around it. Rows that give the same labels
    count as one. A reassigned label must fit its sample, too.
    """
    known = given[given >= 0]
    share = np.bincount(known, minlength=log_probs.shape[1]) / max(1, len(known))
    listing = _Listing(log_probs, given, share, shifts)
    for _ in range(MAX_PASSES):
        before = state
        for start in _changes(state).tolist():
            if state[start] != state[start - 1]:
                state = _place_one(listing, state, start, log_prior)[0]
        if (state == before).all():
            break
    _, source, reassigned = listing.total(state)
    certainty = np.ones(len(state))
    rows = np.flatnonzero(reassigned)
    certainty[rows] = listing.reassigned(rows, source[rows])[1]
    found = []
    for start in _changes(state).tolist():
        _, change_point, doubt = _place_one(listing, state, start, log_prior)
        found.append(change_point)
        for row, wrong in doubt.items():
            certainty[row] = max(0.0, certainty[row] - wrong)
    return Segmentation(state, source, tuple(found), certainty)


def _changes(state: Indices) -> Indices:
    return np.flatnonzero(np.diff(state)) + 1


def _place_one(
    listing: _Listing, state: Indices, start: int, log_prior: LogPrior | None
) -> tuple[Indices, ChangePoint, dict[int, float]]:
    """Try all rows for one change point: the states with the best, the change point, and each row's doubt."""
    candidates, before, after = _candidates(listing, state, start)
    weight = np.empty(len(candidates))
    repaired: list[Indices] = []
    for number, row in enumerate(candidates.tolist()):
        weight[number], source, _ = listing.total(_moved(state, start, row, before, after))
        repaired.append(listing.given[source])
    if log_prior is not None:
        weight += log_prior(candidates)
    posterior = np.exp(weight - weight.max())
    posterior /= posterior.sum()
    best = int(posterior.argmax())
    differs = [np.flatnonzero(labels != repaired[best]) for labels in repaired]
    same = np.array([not len(rows) for rows in differs])
    order = np.argsort(-posterior, kind="stable")
    credible = order[: int(np.searchsorted(np.cumsum(posterior[order]), CREDIBLE)) + 1]
    credible = credible[~same[credible]]
    rows = np.r_[candidates[credible], candidates[best]]
    to_check = sorted({int(row) for number in credible for row in differs[number]})
    doubt: dict[int, float] = {}
    for number, changed in enumerate(differs):
        for row in changed.tolist() if posterior[number] > MIN_DOUBT else []:
            doubt[row] = doubt.get(row, 0) + float(posterior[number])
    row = int(candidates[best])
    found = ChangePoint(row, int(rows.min()), int(rows.max()), float(posterior[same].sum()), tuple(to_check))
    return _moved(state, start, row, before, after), found, doubt


def _candidates(listing: _Listing, state: Indices, start: int) -> tuple[Indices, int, int]:
    """Rows at which a change point may lie by the rows around it alone, and the states before and after it."""
    before, after = int(state[start - 1]), int(state[start])
    changes = _changes(state)
    low = int(max([1, start - SEARCH_ROWS, *(changes[changes < start] + 1)]))
    high = int(min([len(state) - 1, start + SEARCH_ROWS, *(changes[changes > start] - 1)]))
    rows = np.arange(low, high)
    # With the change one row later, that row has the earlier state.
    gains = listing.fit(before, rows) - listing.fit(after, rows)
    along = np.r_[0, np.cumsum(gains)]
    candidates = np.arange(low, high + 1)
    return candidates[along > along.max() - MAX_NATS_BELOW], before, after


def _moved(state: Indices, start: int, row: int, before: int, after: int) -> Indices:
    moved = state.copy()
    moved[min(start, row) : max(start, row)] = before if row > start else after
    return moved
