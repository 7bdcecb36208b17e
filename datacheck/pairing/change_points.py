"""Cut a listing into stretches that slipped alike, and say at which row each slip begins and how sure that is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datacheck.pairing.shift_hypotheses import Move

REACH = 200
"""Rows on either side of a break within which it may lie."""

TAIL = 30.0
"""Rows that are less likely by so many nats than the likeliest are not tried."""

CREDIBLE = 0.95
PASSES = 3

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Break:
    """Where a slip begins.

    Attributes
    ----------
    row
        The likeliest first row.
    low, high
        First and last row of those that are credible (95 %) and differ in the labels that they leave.
    probability
        That the labels that beginning at ``row`` leaves are right here.
    look
        Rows whose label depends on which row it is: a look at these samples settles it.
    """

    row: int
    low: int
    high: int
    probability: float
    look: tuple[int, ...]


@dataclass(frozen=True)
class Slips:
    """Stretches of rows that slipped alike.

    Attributes
    ----------
    state
        Which of the moves each row is under, [N].
    source
        Row n should have the label that row ``source[n]`` has; a permutation, [N].
    breaks
        One for each change of state.
    certainty
        Probability that a row's label is right after the repair, as far as the row depends on where breaks lie and on
        whether a label that is left over belongs to it; [N].
    """

    state: Indices
    source: Indices
    breaks: tuple[Break, ...]
    certainty: Floats


def segment(offered: Floats, penalty: float) -> Indices:
    """Best state per row, [N], of log-likelihoods [S, N] with a cost for each change of state (Viterbi 1967).

    Examples
    --------
    >>> segment(np.array([[0.0, 0, 0, -9, -9, -9], [-9, -9, -9, 0, 0, 0]]), penalty=5).tolist()
    [0, 0, 0, 1, 1, 1]
    """
    n_states, n_rows = offered.shape
    came_from = np.empty((n_rows, n_states), dtype=np.int8)
    total = offered[:, 0].copy()
    stay = np.arange(n_states, dtype=np.int8)
    columns = np.ascontiguousarray(offered.T)
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


def sources(state: Indices, moves: Sequence[Move]) -> tuple[Indices, NDArray[np.bool_]]:
    """Make a permutation of the rows from their states; and tell which rows got a label that was left over.

    A row that points at a label which an earlier row has taken gets one of those left over, in order.

    Examples
    --------
    >>> source, left_over = sources(np.array([0, 0, 1, 1, 1]), [Move(0), Move(1)])
    >>> source.tolist(), left_over.tolist()
    ([0, 1, 3, 4, 2], [False, False, False, False, True])
    """
    n_rows = len(state)
    source = np.empty(n_rows, dtype=np.int64)
    for number, move in enumerate(moves):
        rows = state == number
        if rows.any():
            source[rows] = move.source(n_rows)[rows]
    taker = np.full(n_rows, -1, dtype=np.int64)
    # Written from the last row to the first, so that the first one to point at a label keeps it.
    taker[source[::-1]] = np.arange(n_rows)[::-1]
    left_over = taker[source] != np.arange(n_rows)
    source[left_over] = np.flatnonzero(taker < 0)
    return source, left_over


@dataclass(frozen=True)
class _Judge:
    """Log-likelihood of a listing under any states: log-probabilities [N, K], labels as given [N] and their shares."""

    likelihood: Floats
    given: Indices
    share: Floats
    moves: Sequence[Move]

    def offered(self, number: int, rows: Indices) -> Floats:
        """What some rows gain by the labels of one move."""
        labels = self.given[self.moves[number].source(len(self.given))[rows]]
        return np.where(labels >= 0, self.likelihood[rows, np.maximum(labels, 0)], 0)

    def left_over(self, rows: Indices, source: Indices) -> tuple[Floats, Floats]:
        """Log-likelihood of labels left over, and the probability that each belongs to the row that it falls to.

        A listing that lost a line at its end as it gained one has a label to spare that belongs to no sample: as
        likely, beforehand, as one that comes round.
        """
        labels = self.given[source]
        belongs = np.where(labels >= 0, np.exp(self.likelihood[rows, np.maximum(labels, 0)]), 0)
        stray = np.where(labels >= 0, np.maximum(self.share[np.maximum(labels, 0)], 1e-12), 1)
        return np.log((belongs + stray) / 2), belongs / (belongs + stray)

    def total(self, state: Indices) -> tuple[float, Indices, NDArray[np.bool_]]:
        """Log-likelihood of all labels under the states, with the sources and what was left over."""
        source, left = sources(state, self.moves)
        labels = self.given[source]
        rows = np.flatnonzero(~left & (labels >= 0))
        spare = np.flatnonzero(left)
        fit = float(self.likelihood[rows, labels[rows]].sum())
        return fit + float(self.left_over(spare, source[spare])[0].sum()), source, left


def settle(
    state: Indices,
    moves: Sequence[Move],
    likelihood: Floats,
    given: Indices,
    *,
    log_prior: Callable[[Indices], Floats] | None = None,
) -> Slips:
    """Put each break at its likeliest row, and state how sure that is.

    Parameters
    ----------
    state
        Index into ``moves``, from `segment`; shape [N].
    moves
        The moves.
    likelihood
        Out-of-sample log-probabilities of a head taught by the repaired labels, [N, K].
    given
        Labels as given, -1 for none; shape [N].
    log_prior
        Log-probability, up to a constant, that something slipped at some rows, before the data is seen.

    Notes
    -----
    The posterior of a break given the other breaks, over the rows around it. Rows that leave the same labels count
    together. The label that is left over where a stretch comes round is evidence too: it must fit its sample.
    """
    known = given[given >= 0]
    share = np.bincount(known, minlength=likelihood.shape[1]) / max(1, len(known))
    judge = _Judge(likelihood, given, share, moves)
    for _ in range(PASSES):
        before = state
        for start in (np.flatnonzero(np.diff(state)) + 1).tolist():
            if state[start] != state[start - 1]:
                state = _tried(judge, state, start, log_prior)[0]
        if (state == before).all():
            break
    _, source, left = judge.total(state)
    certainty = np.ones(len(state))
    spare = np.flatnonzero(left)
    certainty[spare] = judge.left_over(spare, source[spare])[1]
    breaks = []
    for start in (np.flatnonzero(np.diff(state)) + 1).tolist():
        _, found, doubt = _tried(judge, state, start, log_prior)
        breaks.append(found)
        for row, share_wrong in doubt.items():
            certainty[row] = max(0.0, certainty[row] - share_wrong)
    return Slips(state, source, tuple(breaks), certainty)


def _tried(
    judge: _Judge, state: Indices, start: int, log_prior: Callable[[Indices], Floats] | None
) -> tuple[Indices, Break, dict[int, float]]:
    """Try all rows for one break: the states with the best, the break, and what is doubtful by row."""
    candidates, before, after = _candidates(judge, state, start)
    weight = np.empty(len(candidates))
    repaired: list[Indices] = []
    for number, row in enumerate(candidates.tolist()):
        weight[number], source, _ = judge.total(_moved(state, start, row, before, after))
        repaired.append(judge.given[source])
    if log_prior is not None:
        weight += log_prior(candidates)
    posterior = np.exp(weight - weight.max())
    posterior /= posterior.sum()
    best = int(posterior.argmax())
    differs = [np.flatnonzero(labels != repaired[best]) for labels in repaired]
    same = np.array([not len(rows) for rows in differs])
    order = np.argsort(-posterior, kind="stable")
    needed = int(np.searchsorted(np.cumsum(posterior[order]), CREDIBLE)) + 1
    credible = order[:needed]
    credible = credible[~same[credible]]
    rows = np.r_[candidates[credible], candidates[best]]
    look = sorted({int(row) for number in credible for row in differs[number]})
    doubt: dict[int, float] = {}
    for number, changed in enumerate(differs):
        for row in changed.tolist() if posterior[number] > 1e-4 else []:
            doubt[row] = doubt.get(row, 0) + float(posterior[number])
    row = int(candidates[best])
    found = Break(row, int(rows.min()), int(rows.max()), float(posterior[same].sum()), tuple(look))
    return _moved(state, start, row, before, after), found, doubt


def _candidates(judge: _Judge, state: Indices, start: int) -> tuple[Indices, int, int]:
    """Rows at which a break may lie by the rows around it alone, and the states before and after it."""
    before, after = int(state[start - 1]), int(state[start])
    changes = np.flatnonzero(np.diff(state)) + 1
    low = int(max([1, start - REACH, *(changes[changes < start] + 1)]))
    high = int(min([len(state) - 1, start + REACH, *(changes[changes > start] - 1)]))
    rows = np.arange(low, high)
    # A break one row later leaves that row to the earlier state.
    gains = judge.offered(before, rows) - judge.offered(after, rows)
    along = np.r_[0, np.cumsum(gains)]
    candidates = np.arange(low, high + 1)
    return candidates[along > along.max() - TAIL], before, after


def _moved(state: Indices, start: int, row: int, before: int, after: int) -> Indices:
    moved = state.copy()
    moved[min(start, row) : max(start, row)] = before if row > start else after
    return moved
