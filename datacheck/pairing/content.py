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
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from datacheck.models.ridge import RidgeHead
from datacheck.pairing.change_points import Break, Slips, segment, settle, sources
from datacheck.pairing.embedding_spaces import embedding_spaces
from datacheck.pairing.likelihood import log_likelihood, with_opinion
from datacheck.pairing.listing_hints import irregular_rows, log_prior, whole_orders
from datacheck.pairing.shift_hypotheses import SMALL, STAY, Move, global_moves, local_moves

N_SHUFFLES = 20
ROUNDS = 4
ONE_THREAD = 10_000
"""Up to so many samples one thread is used: threads that wait for one another cost more than they bring."""

LARGEST_KERNEL = 20_000
"""Beyond so many rows the sharper kernel head learns from all rows around the breaks and others drawn at random."""

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
        For a shift: first row and move of each stretch; the move is `moves.STAY` where the labels are in place.
    breaks
        For a shift: where each stretch after the first begins, and how sure that is.
    certainty
        Probability that each row's label is right after the repair, given that the repair is; shape [N].
    gain
        Log-likelihood of the repaired labels, out of sample by a head taught by them, above that of the given labels
        by a head taught by those (nats).
    n_moved
        Rows whose label changes.
    """

    kind: str
    source: Indices
    segments: tuple[tuple[int, Move], ...]
    breaks: tuple[Break, ...]
    certainty: Floats
    gain: float
    n_moved: int


@dataclass(frozen=True)
class PairingEvidence:
    """How much the labels tell, as z-score against shuffled labels, and the repair that makes them tell more."""

    signal: float
    repaired_signal: float
    repair: Repair | None


@dataclass(frozen=True)
class _Scene:
    """What every hypothesis is judged with."""

    features: NDArray[np.floating[Any]]
    given: Indices
    n_classes: int
    space: Indices
    head: RidgeHead
    seed: int
    pred_probs: NDArray[np.floating[Any]] | None = None

    def scores(self, labels: Indices) -> Floats:
        return self.head.scores(labels, self.n_classes)

    def likelihood(self, labels: Indices) -> Floats:
        return log_likelihood(self.scores(labels), labels, self.head.usable)

    def gain(self, repaired: Indices) -> float:
        # Each labelling is judged by a head of its own: labels sorted by class and read backwards only change names.
        return _total(self.likelihood(repaired), repaired) - _total(self.likelihood(self.given), self.given)


def examine_pairing(
    features: NDArray[np.floating[Any]],
    labels: NDArray[np.integer[Any]],
    *,
    uris: Sequence[str | None] | None = None,
    hints: NDArray[np.integer[Any]] | None = None,
    fold: NDArray[np.integer[Any]] | None = None,
    pred_probs: NDArray[np.floating[Any]] | None = None,
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
        File names in the order of the rows: was one listing sorted as text, the other by number? And does a name say
        where something slipped?
    hints
        Further rows at which a slip is likelier than elsewhere, such as the second of two equal files.
    fold
        The fold that held each row out, where features may come from a network for each fold; shape [N].
    pred_probs
        Out-of-sample class probabilities of any model taught by the labels as given, shape [N, K or more]; NaN where
        there are none. They help to place the breaks of a repair that the features have found, and claim nothing.
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
    (True, Move(offset=1, mirrored=False))
    """
    given = np.asarray(labels, dtype=np.int64)
    hinted = np.zeros(0, dtype=np.int64) if uris is None else irregular_rows(uris)
    if hints is not None:
        hinted = np.union1d(hinted, hints)
    with threadpool_limits(1 if len(given) <= ONE_THREAD else None, user_api="blas"):
        space = np.zeros(len(given), dtype=np.int64) if fold is None else embedding_spaces(features, fold, seed=seed)
        head = RidgeHead(features, seed=seed, space=space)
        n_classes = int(given.max(initial=0)) + 1
        opinion = None if pred_probs is None else pred_probs[:, :n_classes]
        scene = _Scene(features, given, n_classes, space, head, seed, opinion)
        return _examined(scene, whole_orders(len(given), uris), hinted, min_signal, min_gain)


def _examined(
    scene: _Scene, orders: dict[str, Indices], hints: Indices, min_signal: float, min_gain: float
) -> PairingEvidence:
    given = scene.given
    shuffled = _shuffled_evidence(scene)
    centre, spread = float(np.mean(shuffled)), max(float(np.std(shuffled)), 1e-12)

    def signal(candidate: Indices) -> float:
        return (_evidence(scene.scores(candidate), candidate, scene.head.usable) - centre) / spread

    as_given = signal(given)
    repairs = [
        _as_order(name, source, scene)
        for name, source in orders.items()
        if signal(given[source]) > max(min_signal, as_given)
    ]
    moves = list(dict.fromkeys([STAY, *global_moves(scene.head.x, given), *SMALL]))
    if len(given) > 2:
        strengths = [max(0.0, signal(given[move.source(len(given))])) for move in moves]
        shifted = _as_slips(moves, strengths, scene, hints) if max(strengths) > min_signal else None
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


def _shuffled_evidence(scene: _Scene) -> list[float]:
    rng = np.random.default_rng([scene.seed, 1])
    found = []
    for _ in range(N_SHUFFLES):
        shuffled = rng.permutation(scene.given)
        found.append(_evidence(scene.scores(shuffled), shuffled, scene.head.usable))
    return found


def _total(likelihood: Floats, labels: Indices) -> float:
    rows = np.flatnonzero(labels >= 0)
    return float(likelihood[rows, labels[rows]].sum())


def _as_order(kind: str, source: Indices, scene: _Scene) -> Repair:
    repaired = scene.given[source]
    n_moved = int((repaired != scene.given).sum())
    return Repair(kind, source, (), (), np.ones(len(source)), scene.gain(repaired), n_moved)


def _as_slips(moves: list[Move], strengths: list[float], scene: _Scene, hints: Indices) -> Repair | None:
    """Cut the listing into stretches that slipped alike, again and again: each repair sharpens the scores."""
    given, n_rows = scene.given, len(scene.given)
    scores = np.zeros((n_rows, scene.n_classes))
    for move, strength in zip(moves, strengths, strict=True):
        if strength > 3:
            scores += strength**2 * scene.scores(given[move.source(n_rows)])
    scores /= sum(strength**2 for strength in strengths)
    best = moves[int(np.argmax(strengths))]
    likelihood = log_likelihood(scores, given[best.source(n_rows)], scene.head.usable)
    repaired = given
    for _ in range(ROUNDS):
        moves = list(dict.fromkeys([*moves, *local_moves(likelihood, given, repaired)]))
        state = segment(_offered(likelihood, given, moves), penalty=10 + 2 * np.log(n_rows))
        before, repaired = repaired, given[sources(state, moves)[0]]
        likelihood = scene.likelihood(repaired)
        if (repaired == before).all():
            break
    if (repaired == given).all():
        return None
    slips = _settled(state, moves, scene, hints)
    repaired = given[slips.source]
    starts = np.flatnonzero(np.r_[True, np.diff(slips.state) != 0])
    segments = tuple((int(row), moves[slips.state[row]]) for row in starts)
    n_moved = int((repaired != given).sum())
    return Repair("shift", slips.source, segments, slips.breaks, slips.certainty, scene.gain(repaired), n_moved)


def _offered(likelihood: Floats, given: Indices, moves: list[Move]) -> Floats:
    rows, offered = np.arange(len(given)), []
    for move in moves:
        labels = given[move.source(len(given))]
        offered.append(np.where(labels >= 0, likelihood[rows, np.maximum(labels, 0)], 0))
    return np.stack(offered)


def _settled(state: Indices, moves: list[Move], scene: _Scene, hints: Indices) -> Slips:
    """Place the breaks by a sharper head, taught by the repaired labels, until they stay."""
    n_rows = len(state)

    def prior(rows: Indices) -> Floats:
        return log_prior(rows, n_rows, hints)

    rows = _around_breaks(state, scene)
    kernel = RidgeHead(scene.features[rows], seed=scene.seed, space=scene.space[rows], kernel=True)
    source = sources(state, moves)[0]
    for _ in range(ROUNDS):
        repaired = scene.given[source]
        likelihood = _pooled(kernel, rows, repaired, scene)
        slips = settle(state, moves, likelihood, scene.given, log_prior=prior)
        settled = (scene.given[slips.source] == repaired).all()
        state, source = slips.state, slips.source
        if settled:
            break
    return slips


def _around_breaks(state: Indices, scene: _Scene) -> Indices:
    """Rows that the sharper head learns from and judges."""
    n_rows = len(state)
    if n_rows <= LARGEST_KERNEL:
        return np.arange(n_rows)
    near = np.zeros(n_rows, dtype=bool)
    for start in np.flatnonzero(np.diff(state)) + 1:
        near[max(0, start - 300) : start + 300] = True
    near[0], near[-1] = True, True
    drawn = np.random.default_rng([scene.seed, 6]).permutation(np.flatnonzero(~near))
    near[drawn[: max(0, LARGEST_KERNEL - int(near.sum()))]] = True
    return np.flatnonzero(near)


def _pooled(kernel: RidgeHead, rows: Indices, repaired: Indices, scene: _Scene) -> Floats:
    """Log-probabilities of the linear head and, where it judges, the kernel head; and of the model that was given."""
    linear = scene.likelihood(repaired)
    scores = kernel.scores(repaired[rows], scene.n_classes)
    sharper = log_likelihood(scores, repaired[rows], kernel.usable)
    pooled = linear.copy()
    pooled[rows] = log_likelihood(linear[rows] + sharper, repaired[rows], kernel.usable)
    if scene.pred_probs is None:
        return pooled
    moved = np.flatnonzero(repaired != scene.given)
    return with_opinion(pooled, scene.pred_probs, repaired, moved, scene.head.usable)
