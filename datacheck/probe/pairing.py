"""Do the labels tell anything about the samples, and if not: which shift or order makes them tell?

Features that were made without the labels (a frozen network's embeddings, or raw descriptors) are compared with the
labels as given and as they would be under each hypothesis of a slipped pairing. A label that belongs to its sample can
be predicted out of sample; a label that belongs to a neighbour in the listing cannot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.manifest import natural_key
from datacheck.probe.ridge import RidgeHead

N_LABEL_SKETCH = 32
N_LAG_COMPONENTS = 16
N_SHUFFLES = 20
MAX_LAGS = 4

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Repair:
    """A re-pairing under which the labels tell about the samples.

    Attributes
    ----------
    kind
        ``shift``, ``reversed``, ``text-for-number order`` or ``number-for-text order``.
    source
        Row n should have the label that row ``source[n]`` has now; a permutation of the rows; shape [N].
    segments
        For a shift: (first row, offset) of each stretch, offset 0 where the labels are in place.
    uncertain
        For a shift: first and last row that each change of offset may lie at (95 % of the posterior).
    gain
        Log-likelihood of the labels, out of sample, above that of the given pairing (nats).
    n_moved
        Rows whose label changes.
    """

    kind: str
    source: Indices
    segments: tuple[tuple[int, int], ...]
    uncertain: tuple[tuple[int, int], ...]
    gain: float
    n_moved: int


@dataclass(frozen=True)
class PairingEvidence:
    """How much the labels tell, as z-score against shuffled labels, and the repair that makes them tell more."""

    signal: float
    repaired_signal: float
    repair: Repair | None


def examine_pairing(
    features: NDArray[np.floating[Any]],
    labels: NDArray[np.integer[Any]],
    *,
    uris: Sequence[str | None] | None = None,
    min_signal: float = 6.0,
    min_gain: float = 40.0,
    seed: int = 0,
) -> PairingEvidence:
    """Test whether labels tell about the samples, and whether a shift or another order of them tells more.

    Parameters
    ----------
    features
        Made without the labels, shape [N, D]; rows of NaN take no part.
    labels
        Class index in the order of the listing, -1 for none; shape [N].
    uris
        File names in the order of the rows: was one listing sorted as text, the other by number?
    min_signal
        z-score against shuffled labels from which labels carry signal.
    min_gain
        Log-likelihood (nats, out of sample) that a repair must gain over the given pairing.
    seed
        Of folds and shuffles.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> true = rng.integers(0, 3, 600)
    >>> features = np.eye(3)[true] * 4 + rng.normal(size=(600, 3))
    >>> given = np.r_[true[:200], np.roll(true[200:], 1)]
    >>> repair = examine_pairing(features, given).repair
    >>> bool((given[repair.source] == true).all()), repair.segments[1][1]
    (True, 1)
    """
    given = np.asarray(labels, dtype=np.int64)
    n_classes = int(given.max(initial=0)) + 1
    scorer = RidgeHead(features, seed=seed)
    usable = scorer.usable
    shuffled = _shuffled_evidence(scorer, given, n_classes, seed)
    centre, spread = float(np.mean(shuffled)), max(float(np.std(shuffled)), 1e-12)

    def signal(candidate: Indices) -> float:
        return (_evidence(scorer.scores(candidate, n_classes), candidate, usable) - centre) / spread

    as_given = signal(given)
    repairs = [
        _as_order(name, source, scorer, given, n_classes)
        for name, source in _orders(len(given), uris).items()
        if signal(given[source]) > max(min_signal, as_given)
    ]
    lags = list(dict.fromkeys([0, *_candidate_lags(scorer.x, given), 1, -1]))
    if len(given) > 2:
        strengths = [max(0.0, signal(np.roll(given, -lag))) for lag in lags]
        shifted = _as_shifts(lags, strengths, scorer, given, n_classes) if max(strengths) > min_signal else None
        repairs += [shifted] if shifted is not None else []
    worthy = [
        (repair, strength)
        for repair in repairs
        if repair.gain > min_gain and (strength := signal(given[repair.source])) > max(min_signal, as_given)
    ]
    if not worthy:
        return PairingEvidence(as_given, as_given, None)
    repair, strength = max(worthy, key=lambda pair: pair[0].gain)
    return PairingEvidence(as_given, strength, repair)


def _evidence(scores: Floats, labels: Indices, usable: NDArray[np.bool_]) -> float:
    rows = np.flatnonzero(usable & (labels >= 0))
    return float((scores[rows, labels[rows]] - scores[rows].mean(axis=1)).mean()) if len(rows) else 0.0


def _shuffled_evidence(scorer: RidgeHead, labels: Indices, n_classes: int, seed: int) -> list[float]:
    rng = np.random.default_rng([seed, 1])
    found = []
    for _ in range(N_SHUFFLES):
        shuffled = rng.permutation(labels)
        found.append(_evidence(scorer.scores(shuffled, n_classes), shuffled, scorer.usable))
    return found


def _candidate_lags(x: Floats, labels: Indices) -> list[int]:
    """Lags other than 0 at which labels and features go together most, by cross-correlation of all lags at once."""
    n_rows = len(x)
    n_classes = int(labels.max(initial=0)) + 1
    one_hot_width = min(n_classes, N_LABEL_SKETCH)
    codes = np.eye(n_classes) if n_classes <= N_LABEL_SKETCH else _sketch(n_classes, one_hot_width)
    sketch = np.where(labels[:, None] >= 0, codes[np.maximum(labels, 0)], 0)
    sketch = sketch - sketch.mean(axis=0)
    spectra = np.fft.rfft(x[:, :N_LAG_COMPONENTS], axis=0)
    strength = np.zeros(n_rows)
    for column in sketch.T:
        crossed = np.conj(spectra) * np.fft.rfft(column)[:, None]
        strength += (np.fft.irfft(crossed, n_rows, axis=0) ** 2).sum(axis=1)
    spread = 1.4826 * float(np.median(np.abs(strength - np.median(strength)))) + 1e-12
    standing_out = np.flatnonzero(strength > np.median(strength) + 8 * spread)
    order = standing_out[np.argsort(-strength[standing_out])]
    signed = [int(lag) if lag <= n_rows // 2 else int(lag) - n_rows for lag in order if lag != 0]
    return signed[:MAX_LAGS]


def _sketch(n_classes: int, width: int) -> Floats:
    return np.random.default_rng(0).choice([-1.0, 1.0], size=(n_classes, width))


def _orders(n_rows: int, uris: Sequence[str | None] | None) -> dict[str, Indices]:
    """Whole re-orderings to try: ``source`` of each row by name."""
    orders = {"reversed": np.arange(n_rows)[::-1].copy()}
    if uris is None or any(uri is None for uri in uris):
        return orders
    words = [str(uri) for uri in uris]
    by_text = np.array(sorted(range(n_rows), key=lambda row: words[row]), dtype=np.int64)
    by_number = np.array(sorted(range(n_rows), key=lambda row: natural_key(words[row])), dtype=np.int64)
    if (by_text == by_number).all():
        return orders
    for name, wanted, listed in (
        ("text-for-number order", by_number, by_text),
        ("number-for-text order", by_text, by_number),
    ):
        source = np.empty(n_rows, dtype=np.int64)
        source[wanted] = listed
        orders[name] = source
    return orders


def _log_likelihood(scores: Floats, labels: Indices, usable: NDArray[np.bool_]) -> Floats:
    """Log-probabilities [N, K] from scores, sharpened so that the labels at hand are likeliest."""
    rows = np.flatnonzero(usable & (labels >= 0))
    best, chosen = -np.inf, 1.0
    for sharpness in np.geomspace(0.5, 64, 15):
        likelihood = float(_log_softmax(scores[rows] * sharpness)[np.arange(len(rows)), labels[rows]].mean())
        if likelihood > best:
            best, chosen = likelihood, float(sharpness)
    return np.where(usable[:, None], _log_softmax(scores * chosen), 0)


def _log_softmax(scores: Floats) -> Floats:
    shifted = scores - scores.max(axis=1, keepdims=True)
    result: Floats = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return result


def _total(likelihood: Floats, labels: Indices) -> float:
    rows = np.flatnonzero(labels >= 0)
    return float(likelihood[rows, labels[rows]].sum())


def _as_order(kind: str, source: Indices, scorer: RidgeHead, given: Indices, n_classes: int) -> Repair:
    repaired = given[source]
    likelihood = _log_likelihood(scorer.scores(repaired, n_classes), repaired, scorer.usable)
    gain = _total(likelihood, repaired) - _total(likelihood, given)
    return Repair(kind, source, (), (), gain, int((repaired != given).sum()))


def _as_shifts(
    lags: list[int], strengths: list[float], scorer: RidgeHead, given: Indices, n_classes: int
) -> Repair | None:
    """Cut the listing into stretches of constant offset, again and again: each repair sharpens the scores."""
    n_rows = len(given)
    scores = np.zeros((n_rows, n_classes))
    for lag, strength in zip(lags, strengths, strict=True):
        if strength > 3:
            scores += strength**2 * scorer.scores(np.roll(given, -lag), n_classes)
    scores /= sum(strength**2 for strength in strengths)
    best = lags[int(np.argmax(strengths))]
    likelihood = _log_likelihood(scores, np.roll(given, -best), scorer.usable)
    state = np.zeros(n_rows, dtype=np.int64)
    for _ in range(3):
        offered = np.stack([_offered(likelihood, np.roll(given, -lag)) for lag in lags])
        state = _segment(offered, penalty=10 + 2 * np.log(n_rows))
        source = _complete(np.arange(n_rows) + np.array(lags)[state], n_rows)
        repaired = given[source]
        likelihood = _log_likelihood(scorer.scores(repaired, n_classes), repaired, scorer.usable)
    if (given[source] == given).all():
        return None
    state, source = _settle_the_end(state, lags, likelihood, offered, given)
    repaired = given[source]
    starts = np.flatnonzero(np.r_[True, np.diff(state) != 0])
    segments = tuple((int(row), lags[state[row]]) for row in starts)
    uncertain = tuple(
        _uncertainty(offered[state[row]] - offered[state[row - 1]], int(row)) for row in starts if row > 0
    )
    gain = _total(likelihood, given[source]) - _total(likelihood, given)
    return Repair("shift", source, segments, uncertain, gain, int((given[source] != given).sum()))


def _settle_the_end(
    state: Indices, lags: list[int], likelihood: Floats, offered: Floats, given: Indices
) -> tuple[Indices, Indices]:
    """Move a single change of offset by a few rows where the label that is then left over fits its row better."""
    starts = np.flatnonzero(np.diff(state)) + 1
    n_rows = len(state)
    best = (state, _complete(np.arange(n_rows) + np.array(lags)[state], n_rows))
    if len(starts) != 1:
        return best
    row = int(starts[0])
    first, last = _uncertainty(offered[state[row]] - offered[state[row - 1]], row)
    highest = _total(likelihood, given[best[1]])
    for start in range(first, last + 1):
        moved = np.where(np.arange(n_rows) < start, state[row - 1], state[row])
        source = _complete(np.arange(n_rows) + np.array(lags)[moved], n_rows)
        total = _total(likelihood, given[source])
        if total > highest + 1e-9:
            highest, best = total, (moved, source)
    return best


def _offered(likelihood: Floats, labels: Indices) -> Floats:
    return np.where(labels >= 0, likelihood[np.arange(len(labels)), np.maximum(labels, 0)], 0)


def _segment(offered: Floats, penalty: float) -> Indices:
    """Best state per row, [N], of log-likelihoods [S, N] with a cost for each change of state (Viterbi 1967)."""
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


def _complete(source: Indices, n_rows: int) -> Indices:
    """Make a permutation: rows that point outside, or at a label taken before, get those left over, in order."""
    inside = (source >= 0) & (source < n_rows)
    first = np.zeros(n_rows, dtype=bool)
    _, position = np.unique(np.where(inside, source, -1 - np.arange(n_rows)), return_index=True)
    first[position] = True
    keep = inside & first
    left_over = np.setdiff1d(np.arange(n_rows), source[keep])
    completed = source.copy()
    completed[~keep] = left_over
    return completed


def _uncertainty(step: Floats, row: int, reach: int = 200) -> tuple[int, int]:
    """Rows within which a change found at ``row`` lies with 95 %, given what each row gains by the later state."""
    low, high = max(1, row - reach), min(len(step), row + reach)
    # A change at row r gives rows from r on to the later state.
    log_posterior = np.array([step[r:high].sum() for r in range(low, high)])
    weight = np.exp(log_posterior - log_posterior.max())
    cumulative = np.cumsum(weight / weight.sum())
    first, last = np.searchsorted(cumulative, [0.025, 0.975])
    return int(low + first), int(low + min(last, len(cumulative) - 1))
