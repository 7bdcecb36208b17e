"""Ways in which a stretch of labels may have slipped against its samples, and how to find those worth trying."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

N_LABEL_SKETCH = 32
N_LAG_COMPONENTS = 16
MAX_MOVES = 4
BLOCK = 128
MAX_BLOCKS = 32
LEAST_Z = 8.0
LARGEST_TABLE = 50_000_000

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Move:
    """Row n should have the label of row n + offset, or of row offset - n where ``mirrored``; counted in a ring.

    Examples
    --------
    >>> Move(1).source(4).tolist(), Move(3, mirrored=True).source(4).tolist()
    ([1, 2, 3, 0], [3, 2, 1, 0])
    """

    offset: int
    mirrored: bool = False

    def source(self, n_rows: int) -> Indices:
        """The row whose label each row should have, [N]."""
        rows = np.arange(n_rows)
        return np.asarray((self.offset - rows if self.mirrored else rows + self.offset) % n_rows)


STAY = Move(0)
SMALL = (Move(1), Move(-1), Move(2), Move(-2))


def global_moves(x: Floats, labels: Indices) -> list[Move]:
    """Moves at which labels and features of the whole listing go together most, beyond the bulk of moves.

    Parameters
    ----------
    x
        Whitened features, leading first; shape [N, C].
    labels
        Class index, -1 for none; shape [N].

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> labels = rng.integers(0, 3, 600)
    >>> global_moves(np.eye(3)[labels] - 1 / 3, np.roll(labels, 7))[0]
    Move(offset=7, mirrored=False)
    """
    n_classes = int(labels.max(initial=0)) + 1
    codes = np.eye(n_classes) if n_classes <= N_LABEL_SKETCH else _sketch(n_classes)
    sketch = np.where(labels[:, None] >= 0, codes[np.maximum(labels, 0)], 0)
    spectra = np.fft.rfft(x[:, :N_LAG_COMPONENTS], axis=0)
    straight, mirrored = np.zeros(len(x)), np.zeros(len(x))
    for column in (sketch - sketch.mean(axis=0)).T:
        other = np.fft.rfft(column)[:, None]
        straight += (np.fft.irfft(np.conj(spectra) * other, len(x), axis=0) ** 2).sum(axis=1)
        mirrored += (np.fft.irfft(spectra * other, len(x), axis=0) ** 2).sum(axis=1)
    return [move for move, _ in _standing_out(straight, mirrored)][:MAX_MOVES]


def local_moves(likelihood: Floats, labels: Indices, repaired: Indices) -> list[Move]:
    """Moves under which the blocks of rows that their labels fit worst would be fitted by other labels.

    Each block's log-probabilities are held against the labels of all stretches of the listing at once (by FFT), read
    forwards and backwards. A block with the labels of a stretch of its own stands out far beyond all other stretches.
    Nothing is offered for fewer than 512 rows, nor where rows times classes exceed 50 million.

    Parameters
    ----------
    likelihood
        Out-of-sample log-probabilities, shape [N, K].
    labels
        As given, -1 for none; shape [N].
    repaired
        As they would be by the moves known so far: the blocks that these fit worst are looked at; shape [N].
    """
    n_rows, n_classes = likelihood.shape
    if n_rows < 4 * BLOCK or n_rows * n_classes > LARGEST_TABLE:
        return []
    share = np.bincount(labels[labels >= 0], minlength=n_classes) / max(1, (labels >= 0).sum())
    telling = likelihood - (likelihood @ share)[:, None]
    one_hot = np.zeros((n_rows, n_classes))
    one_hot[np.flatnonzero(labels >= 0), labels[labels >= 0]] = 1
    spectra = np.fft.rfft(one_hot, axis=0)
    fit = np.where(repaired >= 0, telling[np.arange(n_rows), np.maximum(repaired, 0)], 0)
    starts = np.arange(0, n_rows - BLOCK + 1, BLOCK // 2)
    sums = np.cumsum(np.r_[0, fit])
    affordable = int(np.clip(2e7 / (n_rows * n_classes), 2, MAX_BLOCKS))
    worst = starts[np.argsort(sums[starts + BLOCK] - sums[starts])][:affordable]
    votes: dict[Move, float] = {}
    for start in worst.tolist():
        block = np.zeros((n_rows, n_classes))
        block[start : start + BLOCK] = telling[start : start + BLOCK]
        own = np.fft.rfft(block, axis=0)
        straight = np.fft.irfft((np.conj(own) * spectra).sum(axis=1), n_rows)
        mirrored = np.fft.irfft((own * spectra).sum(axis=1), n_rows)
        for move, strength in _standing_out(straight, mirrored)[:1]:
            votes[move] = votes.get(move, 0) + strength
    return sorted(votes, key=lambda move: -votes[move])[:MAX_MOVES]


def _standing_out(straight: Floats, mirrored: Floats) -> list[tuple[Move, float]]:
    """Moves whose strength is far beyond the bulk's, strongest first, with their robust z-score."""
    n_rows = len(straight)
    both = np.concatenate([straight, mirrored])
    spread = 1.4826 * float(np.median(np.abs(both - np.median(both)))) + 1e-12
    z = (both - np.median(both)) / spread
    z[0] = 0
    found = np.flatnonzero(z > LEAST_Z)
    found = found[np.argsort(-z[found], kind="stable")][: 2 * MAX_MOVES]
    return [(_move(int(place), n_rows), float(z[place])) for place in found]


def _move(place: int, n_rows: int) -> Move:
    if place >= n_rows:
        return Move(place - n_rows, mirrored=True)
    return Move(place if place <= n_rows // 2 else place - n_rows)


def _sketch(n_classes: int) -> Floats:
    return np.random.default_rng(0).choice([-1.0, 1.0], size=(n_classes, N_LABEL_SKETCH))
