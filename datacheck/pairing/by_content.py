"""The pairing of samples and labels from their content: do the labels fit, and which shift or order fits better?

Features that were made without the labels (embeddings of a frozen network, or plain descriptors) are compared with the
labels as given, and as they would be under each hypothesis. A label that belongs to its sample can be predicted out of
sample; the label of a neighbour in the listing cannot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from datacheck.pairing.change_points import Segmentation, as_permutation, place_change_points, segment
from datacheck.pairing.descriptions import describe_segments
from datacheck.pairing.embedding_spaces import embedding_spaces
from datacheck.pairing.label_codes import LabelCodes
from datacheck.pairing.likelihood import log_likelihood
from datacheck.pairing.listing_hints import REVERSED, change_prior, irregular_rows, order_hypotheses
from datacheck.pairing.repairs import Cause, Diagnosis, Repair
from datacheck.pairing.scoring import Scorer
from datacheck.pairing.shift_hypotheses import NO_SHIFT, SMALL_SHIFTS, Shift, global_shifts, local_shifts

MAX_ROUNDS = 4
"""Each repair makes the next head sharper; after so many rounds a repair that still changes is taken as it is."""
MIN_STRENGTH = 3.0
"""Hypotheses with a weaker signal (standard deviations) do not contribute to the first scores."""
CHANGE_COST = 10.0
"""Nats that a change of shift must gain beyond the choice of its row (2 log N): odds of 22,000 to 1 against noise."""
LOCAL_ROWS = 20
"""A repair that moves most labels further than this is compared with random rotations of the labels as well."""
MAX_ROWS_ONE_THREAD = 10_000
"""Up to so many samples, BLAS runs in one thread: waiting for others costs more than it saves."""

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Samples:
    """What is known of the samples besides their labels, in the order of the listing.

    Attributes
    ----------
    features
        Made without the labels, shape [N, D]; rows of NaN take no part.
    names
        File names: sort orders are tested as hypotheses, and irregular names are a prior for where a shift begins.
    hints
        Further rows at which a shift is more likely than elsewhere, such as the second of two equal files.
    fold
        The fold that held each row out, where features may come from a network per fold; shape [N].
    pred_probs
        Out-of-sample class probabilities of a model that was trained on the labels as given, shape [N, K or more]; NaN
        where there are none. They help to place the change points of a repair that the features found, nothing else.
    """

    features: NDArray[np.floating[Any]]
    names: Sequence[str | None] | None = None
    hints: NDArray[np.integer[Any]] | None = None
    fold: NDArray[np.integer[Any]] | None = None
    pred_probs: NDArray[np.floating[Any]] | None = None


@dataclass(frozen=True)
class ContentCheck:
    """How well labels fit the samples, and the repair that fits better.

    Attributes
    ----------
    signal, repaired_signal
        Fit of the labels as given and as repaired, in standard deviations above shuffled labels.
    repair
        None when no hypothesis fits clearly better than the labels as given.
    gain
        Out-of-sample log-likelihood of the repaired labels above that of the given ones, in nats.
    """

    signal: float
    repaired_signal: float
    repair: Repair | None = None
    gain: float = 0.0


def check_content(
    samples: Samples, labels: LabelCodes, *, min_signal: float = 6.0, min_gain: float = 40.0, seed: int = 0
) -> ContentCheck:
    """Test whether labels fit the samples, and whether a shift or another order of them fits better.

    Parameters
    ----------
    samples
        Features and names.
    labels
        Labels in the order of the listing.
    min_signal
        Standard deviations above shuffled labels from which labels carry signal.
    min_gain
        Log-likelihood (nats, out of sample) that a repair must gain over the given pairing.
    seed
        Seed of folds and shuffles.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> true = rng.integers(0, 3, 600)
    >>> features = np.eye(3)[true] * 4 + rng.normal(size=(600, 3))
    >>> given = np.r_[true[:200], np.roll(true[200:], 1)]
    >>> repair = check_content(Samples(features), LabelCodes.of_classes(given)).repair
    >>> bool((given[repair.label_of] == true).all()), repair.segments[1][1]
    (True, Shift(offset=1, mirrored=False))
    """
    features, n_rows = samples.features, len(labels.codes)
    hints = np.zeros(0, dtype=np.int64) if samples.names is None else irregular_rows(samples.names)
    if samples.hints is not None:
        hints = np.union1d(hints, samples.hints)
    with threadpool_limits(1 if n_rows <= MAX_ROWS_ONE_THREAD else None, user_api="blas"):
        space = np.zeros(n_rows, dtype=np.int64)
        if samples.fold is not None:
            space = embedding_spaces(features, samples.fold, seed=seed)
        pred_probs = None if samples.pred_probs is None else samples.pred_probs[:, : labels.n_codes]
        scorer = Scorer(features, labels, space, seed, pred_probs)
        as_given = scorer.signal(labels.codes)
        best = ContentCheck(as_given, as_given)
        needed = max(min_signal, as_given)
        for repair in [*_by_order(scorer, samples.names, needed), *_by_shift(scorer, hints, min_signal)]:
            repaired = labels.codes[repair.label_of]
            gain = scorer.gain(repaired)
            if gain <= max(min_gain, best.gain) or scorer.signal(repaired) <= needed:
                continue
            if _is_local(repair.label_of) or scorer.beats_rotations(gain):
                best = ContentCheck(as_given, scorer.signal(repaired), repair, gain)
        return best


def _is_local(label_of: Indices) -> bool:
    """Whether most labels that move, move by a few rows only."""
    moves = np.abs(label_of - np.arange(len(label_of)))
    moves = np.minimum(moves, len(label_of) - moves)
    return bool(np.median(moves[moves > 0]) <= LOCAL_ROWS) if moves.any() else True


def _by_order(scorer: Scorer, names: Sequence[str | None] | None, min_signal: float) -> list[Repair]:
    n_rows = len(scorer.given)
    return [
        Repair(
            label_of=source,
            n_labels=n_rows,
            basis="the content of the samples and the sort order of their names",
            diagnosis=Diagnosis(Cause.REVERSED if words == REVERSED else Cause.NATURAL_ORDER, words, 0, n_rows),
            certainty=np.ones(n_rows),
        )
        for words, source in order_hypotheses(n_rows, names).items()
        if scorer.signal(scorer.given[source]) > min_signal
    ]


def _by_shift(scorer: Scorer, hints: Indices, min_signal: float) -> list[Repair]:
    """The repair by shifted segments, if any shift fits at all."""
    given, n_rows = scorer.given, len(scorer.given)
    shifts = list(dict.fromkeys([NO_SHIFT, *global_shifts(scorer.head.x, given, scorer.labels.vectors), *SMALL_SHIFTS]))
    if n_rows <= 2:
        return []
    strengths = [max(0.0, scorer.signal(given[shift.source(n_rows)])) for shift in shifts]
    if max(strengths) <= min_signal:
        return []
    found = _segmented(scorer, shifts, strengths)
    if found is None:
        return []
    state, shifts = found
    placed = _placed(scorer, state, shifts, hints)
    starts = np.flatnonzero(np.r_[True, np.diff(placed.state) != 0])
    segments = tuple((int(row), shifts[placed.state[row]]) for row in starts)
    return [
        Repair(
            label_of=placed.source,
            n_labels=n_rows,
            basis="the content of the samples",
            diagnosis=describe_segments(segments, placed.change_points, n_rows),
            certainty=placed.certainty,
            segments=segments,
            change_points=placed.change_points,
        )
    ]


def _segmented(scorer: Scorer, shifts: list[Shift], strengths: list[float]) -> tuple[Indices, list[Shift]] | None:
    """Cut the listing into segments, again and again: each repair makes the scores sharper. None if all stays."""
    given, n_rows = scorer.given, len(scorer.given)
    scores = np.zeros((n_rows, scorer.labels.n_codes))
    for shift, strength in zip(shifts, strengths, strict=True):
        if strength > MIN_STRENGTH:
            scores += strength**2 * scorer.scores(given[shift.source(n_rows)])
    scores /= sum(strength**2 for strength in strengths)
    best = shifts[int(np.argmax(strengths))]
    log_probs = log_likelihood(scores, given[best.source(n_rows)], scorer.head.usable)
    repaired = given
    for _ in range(MAX_ROUNDS):
        shifts = list(dict.fromkeys([*shifts, *local_shifts(log_probs, given, repaired)]))
        state = segment(_fit(log_probs, given, shifts), penalty=CHANGE_COST + 2 * np.log(n_rows))
        before, repaired = repaired, given[as_permutation(state, shifts)[0]]
        log_probs = scorer.log_probs(repaired)
        if (repaired == before).all():
            break
    return None if (repaired == given).all() else (state, shifts)


def _fit(log_probs: Floats, given: Indices, shifts: Sequence[Shift]) -> Floats:
    """Log-likelihood of each row's label under each shift, [S, N]."""
    rows, fits = np.arange(len(given)), []
    for shift in shifts:
        labels = given[shift.source(len(given))]
        fits.append(np.where(labels >= 0, log_probs[rows, np.maximum(labels, 0)], 0))
    return np.stack(fits)


def _placed(scorer: Scorer, state: Indices, shifts: Sequence[Shift], hints: Indices) -> Segmentation:
    """Place the change points with a sharper head, fitted to the repaired labels, until they stay."""
    n_rows = len(state)

    def prior(rows: Indices) -> Floats:
        return change_prior(rows, n_rows, hints)

    kernel, rows = scorer.kernel_head(state)
    source = as_permutation(state, shifts)[0]
    for _ in range(MAX_ROUNDS):
        repaired = scorer.given[source]
        log_probs = scorer.sharper_log_probs(kernel, rows, repaired)
        placed = place_change_points(state, shifts, log_probs, scorer.given, log_prior=prior)
        state, source = placed.state, placed.source
        if (scorer.given[source] == repaired).all():
            break
    return placed
