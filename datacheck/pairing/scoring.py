"""How well labels fit samples, out of sample: the measure by which hypotheses about a pairing are compared."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.models.ridge import RidgeHead
from datacheck.pairing.label_codes import LabelCodes
from datacheck.pairing.likelihood import log_likelihood, pooled_with_model

N_SHUFFLES = 20
"""Shuffles of the labels that give the signal's zero and its standard deviation, the latter within about 16 %."""
N_ROTATIONS = 40
"""Random rotations that a repair of distant labels is compared with, every second one mirrored."""
MIN_ROTATION_Z = 6.0
"""Standard deviations above the best rotation from which such a repair is reported."""
MAX_KERNEL_ROWS = 20_000
"""The kernel head is fitted to at most so many rows: all around the change points, and others drawn at random."""
KERNEL_REACH = 300
"""Rows on either side of a change point that the kernel head always covers: the rows that are searched, and some more
so that these are not predicted from the edge."""

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Scorer:
    """Fit of label codes to features that were made without the labels.

    Attributes
    ----------
    features
        Shape [N, D]; rows of NaN take no part.
    labels
        The labels as given.
    space
        Embedding space of each row; a head is fitted within each; [N].
    seed
        Seed of folds, shuffles and draws.
    pred_probs
        Out-of-sample probabilities of a model that was trained on the labels as given, [N, K]; None without one.
    """

    features: NDArray[np.floating[Any]]
    labels: LabelCodes
    space: Indices
    seed: int
    pred_probs: NDArray[np.floating[Any]] | None = None

    @cached_property
    def head(self) -> RidgeHead:
        """The linear head, factorised once for all labellings."""
        return RidgeHead(self.features, seed=self.seed, space=self.space)

    @property
    def given(self) -> Indices:
        """Codes as given, [N]."""
        return self.labels.codes

    def scores(self, codes: Indices) -> Floats:
        """Out-of-sample score of each code for each row by a linear head that is fitted to ``codes``; [N, K]."""
        return self._scores(self.head, codes)

    def _scores(self, head: RidgeHead, codes: Indices) -> Floats:
        targets = self.labels.vectors[np.maximum(codes, 0)]
        return head.predict(targets, codes >= 0) @ self.labels.vectors.T + self.labels.bias

    def log_probs(self, codes: Indices) -> Floats:
        """Out-of-sample log-probability of each code for each row; [N, K]."""
        return log_likelihood(self.scores(codes), codes, self.head.usable)

    def gain(self, repaired: Indices) -> float:
        """Log-likelihood of repaired codes above that of the given ones, in nats.

        Each is measured by a head of its own: labels sorted by class and reversed only exchange the classes' names,
        and a head that was fitted to one of them would call the other wrong.
        """
        return _total(self.log_probs(repaired), repaired) - _total(self.log_probs(self.given), self.given)

    def beats_rotations(self, gain: float) -> bool:
        """Whether a gain is far above that of labels rotated or mirrored by random offsets.

        Values that change slowly along the listing (a video, a time series) correlate with features that do so too, at
        any offset and in any direction: shuffled labels do not show that, rotated ones do.
        """
        n_rows = len(self.given)
        rng = np.random.default_rng([self.seed, 2])
        as_given = _total(self.log_probs(self.given), self.given)
        gains = []
        for number in range(N_ROTATIONS):
            rotated = np.roll(self.given[::-1] if number % 2 else self.given, int(rng.integers(n_rows)))
            gains.append(_total(self.log_probs(rotated), rotated) - as_given)
        return gain > max(gains) + MIN_ROTATION_Z * float(np.std(gains))

    @cached_property
    def _by_chance(self) -> tuple[float, float]:
        """Mean and standard deviation of the margin of shuffled codes."""
        rng = np.random.default_rng([self.seed, 1])
        shuffled = [self._margin(rng.permutation(self.given)) for _ in range(N_SHUFFLES)]
        return float(np.mean(shuffled)), max(float(np.std(shuffled)), 1e-12)

    def signal(self, codes: Indices) -> float:
        """How much better codes fit the samples than shuffled ones do, in standard deviations of the shuffled ones."""
        centre, spread = self._by_chance
        return (self._margin(codes) - centre) / spread

    def _margin(self, codes: Indices) -> float:
        """Mean score of the rows' own codes above the mean score of all codes."""
        scores = self.scores(codes)
        rows = np.flatnonzero(self.head.usable & (codes >= 0))
        return float((scores[rows, codes[rows]] - scores[rows].mean(axis=1)).mean()) if len(rows) else 0.0

    def kernel_head(self, state: Indices) -> tuple[RidgeHead, Indices]:
        """A kernel head, sharper than the linear one, and the rows that it covers: all near changes of state."""
        rows = self._near_changes(state)
        return RidgeHead(self.features[rows], seed=self.seed, space=self.space[rows], kernel=True), rows

    def sharper_log_probs(self, kernel: RidgeHead, rows: Indices, repaired: Indices) -> Floats:
        """Log-probabilities of the linear head, the kernel head on its rows, and the given model; [N, K]."""
        pooled = self.log_probs(repaired)
        sharper = log_likelihood(self._scores(kernel, repaired[rows]), repaired[rows], kernel.usable)
        pooled[rows] = log_likelihood(pooled[rows] + sharper, repaired[rows], kernel.usable)
        if self.pred_probs is None:
            return pooled
        moved = np.flatnonzero(repaired != self.given)
        return pooled_with_model(pooled, self.pred_probs, repaired, moved, self.head.usable)

    def _near_changes(self, state: Indices) -> Indices:
        n_rows = len(state)
        if n_rows <= MAX_KERNEL_ROWS:
            return np.arange(n_rows)
        near = np.zeros(n_rows, dtype=bool)
        for start in np.flatnonzero(np.diff(state)) + 1:
            near[max(0, start - KERNEL_REACH) : start + KERNEL_REACH] = True
        near[0], near[-1] = True, True
        drawn = np.random.default_rng([self.seed, 6]).permutation(np.flatnonzero(~near))
        near[drawn[: max(0, MAX_KERNEL_ROWS - int(near.sum()))]] = True
        return np.flatnonzero(near)


def _total(log_probs: Floats, codes: Indices) -> float:
    rows = np.flatnonzero(codes >= 0)
    return float(log_probs[rows, codes[rows]].sum())
