"""Ways in which labels may be shifted against their samples, and a fast search for those worth testing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

N_LABEL_COLUMNS = 32
"""Label vectors longer than this are projected to so many random signs: correlation needs no more."""
N_FEATURE_COLUMNS = 16
"""Leading principal components that are correlated with the labels; the cost is one FFT for each."""
MAX_HYPOTHESES = 4
"""At most so many shifts are proposed at a time, the strongest first: two exchanged blocks need two."""
BLOCK = 128
"""Rows of a block that is searched for among all other places; fewer rows do not stand out from chance."""
MAX_BLOCKS = 32
"""At most so many blocks are searched for, the worst explained ones first."""
MIN_Z = 8.0
"""Robust z-score from which a shift is worth testing; among 2 N normal values, none is expected above 8."""
MAX_TABLE = 50_000_000
"""Rows times codes beyond which blocks are not searched for: the FFT of the table would need gigabytes."""
BLOCK_BUDGET = 2e7
"""Rows times codes times blocks that one search may take: about a second of FFT."""

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Shift:
    """Row n should have the label of row n + offset, or of row offset - n where ``mirrored``; modulo the rows.

    Examples
    --------
    >>> Shift(1).source(4).tolist(), Shift(3, mirrored=True).source(4).tolist()
    ([1, 2, 3, 0], [3, 2, 1, 0])
    """

    offset: int
    mirrored: bool = False

    def source(self, n_rows: int) -> Indices:
        """The row whose label each row should have, [N]."""
        rows = np.arange(n_rows)
        return np.asarray((self.offset - rows if self.mirrored else rows + self.offset) % n_rows)


NO_SHIFT = Shift(0)
"""Labels in place."""
SMALL_SHIFTS = (Shift(1), Shift(-1), Shift(2), Shift(-2))
"""Tested always: one or two lines lost or doubled are the usual mistakes."""


def global_shifts(x: Floats, codes: Indices, vectors: Floats) -> list[Shift]:
    """Shifts of the whole listing under which labels and features correlate far more than under most others.

    All shifts are tried at once by cross-correlation (FFT), forwards and backwards.

    Parameters
    ----------
    x
        Whitened features, leading first; shape [N, C].
    codes
        Label code, -1 for none; shape [N].
    vectors
        Vector of each code, shape [K, T].

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> labels = rng.integers(0, 3, 600)
    >>> global_shifts(np.eye(3)[labels] - 1 / 3, np.roll(labels, 7), np.eye(3))[0]
    Shift(offset=7, mirrored=False)
    """
    n_columns = vectors.shape[1]
    if n_columns > N_LABEL_COLUMNS:
        vectors = vectors @ np.random.default_rng(0).choice([-1.0, 1.0], size=(n_columns, N_LABEL_COLUMNS))
    labels = np.where(codes[:, None] >= 0, vectors[np.maximum(codes, 0)], 0)
    spectra = np.fft.rfft(x[:, :N_FEATURE_COLUMNS], axis=0)
    straight, mirrored = np.zeros(len(x)), np.zeros(len(x))
    for column in (labels - labels.mean(axis=0)).T:
        other = np.fft.rfft(column)[:, None]
        straight += (np.fft.irfft(np.conj(spectra) * other, len(x), axis=0) ** 2).sum(axis=1)
        mirrored += (np.fft.irfft(spectra * other, len(x), axis=0) ** 2).sum(axis=1)
    return [shift for shift, _ in _strongest(straight, mirrored)][:MAX_HYPOTHESES]


def local_shifts(log_probs: Floats, codes: Indices, repaired: Indices) -> list[Shift]:
    """Shifts that would give the worst explained blocks of rows labels that explain them.

    The log-probabilities of each block are correlated with the labels of all stretches of the listing at once (FFT),
    forwards and backwards. The stretch that holds the block's own labels stands out from all others. Nothing is
    proposed for fewer than 512 rows, nor where rows times codes exceed `MAX_TABLE`.

    Parameters
    ----------
    log_probs
        Out-of-sample log-probabilities, shape [N, K].
    codes
        Label code as given, -1 for none; shape [N].
    repaired
        Codes after the best repair so far; the blocks that these explain worst are searched for; shape [N].
    """
    n_rows, n_codes = log_probs.shape
    if n_rows < 4 * BLOCK or n_rows * n_codes > MAX_TABLE:
        return []
    share = np.bincount(codes[codes >= 0], minlength=n_codes) / max(1, (codes >= 0).sum())
    gain = log_probs - (log_probs @ share)[:, None]
    one_hot = np.zeros((n_rows, n_codes))
    one_hot[np.flatnonzero(codes >= 0), codes[codes >= 0]] = 1
    spectra = np.fft.rfft(one_hot, axis=0)
    fit = np.where(repaired >= 0, gain[np.arange(n_rows), np.maximum(repaired, 0)], 0)
    starts = np.arange(0, n_rows - BLOCK + 1, BLOCK // 2)
    sums = np.cumsum(np.r_[0, fit])
    n_blocks = int(np.clip(BLOCK_BUDGET / (n_rows * n_codes), 2, MAX_BLOCKS))
    worst = starts[np.argsort(sums[starts + BLOCK] - sums[starts])][:n_blocks]
    votes: dict[Shift, float] = {}
    for start in worst.tolist():
        block = np.zeros((n_rows, n_codes))
        block[start : start + BLOCK] = gain[start : start + BLOCK]
        own = np.fft.rfft(block, axis=0)
        straight = np.fft.irfft((np.conj(own) * spectra).sum(axis=1), n_rows)
        mirrored = np.fft.irfft((own * spectra).sum(axis=1), n_rows)
        for shift, strength in _strongest(straight, mirrored)[:1]:
            votes[shift] = votes.get(shift, 0) + strength
    return sorted(votes, key=lambda shift: -votes[shift])[:MAX_HYPOTHESES]


def _strongest(straight: Floats, mirrored: Floats) -> list[tuple[Shift, float]]:
    """Shifts whose correlation is far above that of most shifts, strongest first, with their robust z-score."""
    n_rows = len(straight)
    both = np.concatenate([straight, mirrored])
    # 1.4826 times the median absolute deviation is the standard deviation of a normal distribution.
    spread = 1.4826 * float(np.median(np.abs(both - np.median(both)))) + 1e-12
    z = (both - np.median(both)) / spread
    z[0] = 0
    found = np.flatnonzero(z > MIN_Z)
    found = found[np.argsort(-z[found], kind="stable")][: 2 * MAX_HYPOTHESES]
    return [(_shift(int(place), n_rows), float(z[place])) for place in found]


def _shift(place: int, n_rows: int) -> Shift:
    if place >= n_rows:
        return Shift(place - n_rows, mirrored=True)
    return Shift(place if place <= n_rows // 2 else place - n_rows)
