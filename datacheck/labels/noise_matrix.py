"""The noise channel from true to given labels, and what it makes of each label.

A probe that was fitted on noisy labels believes in the noise: where cats are often labelled as dogs, it gives cats the
label dog. The channel says how often each class is given for each true one, so the belief can be led back to the true
classes (one Richardson–Lucy step; Richardson 1972, Lucy 1974; the forward model is that of Patrini et al., *Making deep
neural networks robust to label noise*, CVPR 2017), and a rival class counts the more, the more often it is mislabelled
as the given one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.labels.chunks import map_chunks
from datacheck.labels.confident_learning import Labels, Probabilities, check_inputs, confident_joint

Channel = NDArray[np.float64]
"""P(given = j | true = i) in row i, column j; rows sum to 1; shape [K, K]."""

SHORTLIST = 10
"""Classes of each sample that are weighed: the given one and its likeliest rivals."""

PRIOR_ERRORS = 100.0
PRIOR_SAMPLES = 5.0
LEAST_RATE = 1e-4
LEAST_BELIEF = 1e-4
CHANNEL_WEIGHT = 0.2


@dataclass(frozen=True)
class Weighed:
    """What the channel makes of each label; both arrays of shape [N], float32, NaN where there is no label.

    ``odds`` ranks labels, low is suspect; ``right`` is the probability that the label is right if the channel is.
    """

    odds: NDArray[np.float32]
    right: NDArray[np.float32]


def smoothed_channel(joint: NDArray[np.integer[Any]]) -> Channel:
    """Read the channel off a confident joint of shape [K, K], smoothed as far as its counts are small.

    Each class's errors are joined by 100 spread evenly over the other classes, and its error rate by 5 samples of the
    dataset's: a handful of errors does not say which classes are confused.

    Examples
    --------
    >>> channel = smoothed_channel(np.array([[900, 100], [0, 1000]]))
    >>> channel.round(2).tolist()
    [[1.0, 0.0], [0.09, 0.91]]
    """
    counts = joint.T.astype(np.float64)
    n_classes = len(counts)
    n_true = counts.sum(axis=1)
    np.fill_diagonal(counts, 0)
    errors = counts.sum(axis=1)
    overall = errors.sum() / max(1.0, n_true.sum())
    rate = (errors + PRIOR_SAMPLES * overall) / (n_true + PRIOR_SAMPLES)
    spread = (counts + PRIOR_ERRORS / (n_classes - 1)) / (errors + PRIOR_ERRORS)[:, None]
    channel: Channel = rate[:, None] * spread
    np.fill_diagonal(channel, 1 - rate)
    return channel


def weigh_labels(
    pred_probs: Probabilities, labels: Labels, channel: Channel | None = None, *, threads: int | None = None
) -> Weighed:
    """Weigh each label against its ten likeliest rivals; see `Weighed`.

    The odds set the belief in the given label against the root of the summed squares of the rivals' beliefs, which one
    near rival moves more than many far ones; each rival's counts by the fifth root of the rate at which it is given
    that label, over the mean rate, so one half means a belief that is divided evenly. The fifth root, the squares and
    the single step were chosen on human noise (CIFAR-10N) and synthetic noise together: a full Bayesian weight ranks
    class-wise noise better and noise of other kinds worse.

    Parameters
    ----------
    pred_probs
        Out-of-sample class probabilities, shape [N, K].
    labels
        Index of the given label, -1 for none; shape [N].
    channel
        By default `smoothed_channel` of their confident joint.
    threads
        Defaults to the number of processors.

    Examples
    --------
    >>> weighed = weigh_labels(np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.9, 0.1]]), np.array([0, 0, 1, 1]))
    >>> int(weighed.odds.argmin()), int(weighed.right.argmin())
    (3, 3)
    """
    probs, given = check_inputs(pred_probs, labels)
    channel = smoothed_channel(confident_joint(probs, given)) if channel is None else channel
    rates = np.maximum(channel, LEAST_RATE)
    n_rows, n_classes = probs.shape
    usual = rates[~np.eye(n_classes, dtype=bool)].mean()
    width = min(n_classes, SHORTLIST)
    odds, right = (np.full(n_rows, np.nan, dtype=np.float32) for _ in range(2))

    def weigh(rows: slice) -> None:
        label = given[rows]
        chosen = np.flatnonzero((label >= 0) & ~np.isnan(probs[rows]).any(axis=1))
        label = label[chosen]
        classes = _shortlist(probs[rows][chosen], label, width)
        seen = np.take_along_axis(probs[rows][chosen], classes, axis=1).astype(np.float64)
        belief = _led_back(seen, channel[classes[:, :, None], classes[:, None, :]])
        given_for = rates[classes, label[:, None]]
        share = belief * given_for
        right[rows.start + chosen] = share[:, 0] / share.sum(axis=1)
        rivals = belief[:, 1:] * (given_for[:, 1:] / usual) ** CHANNEL_WEIGHT
        own = belief[:, 0] * given_for[:, 0] ** CHANNEL_WEIGHT
        odds[rows.start + chosen] = own / (own + np.sqrt((rivals**2).sum(axis=1)))

    map_chunks(weigh, n_rows, n_classes * probs.itemsize + 24 * width**2, threads=threads)
    return Weighed(odds, right)


def _shortlist(block: Probabilities, label: NDArray[np.int64], width: int) -> NDArray[np.intp]:
    """The given class first, then its likeliest rivals in no order; shape [n, width]."""
    ranked = np.array(block)
    ranked[np.arange(len(ranked)), label] = np.inf
    if width < ranked.shape[1]:
        classes: NDArray[np.intp] = np.argpartition(-ranked, width - 1, axis=1)[:, :width]
    else:
        classes = np.tile(np.arange(width), (len(ranked), 1))
    first = (classes == label[:, None]).argmax(axis=1)
    index = np.arange(len(classes))
    classes[index, first], classes[:, 0] = classes[:, 0], label
    return classes


def _led_back(seen: NDArray[np.float64], channel: NDArray[Any]) -> NDArray[np.float64]:
    """Beliefs [n, m] in the given classes, led back through channels [n, m, m] to the true ones by one step."""
    seen = np.maximum(seen, LEAST_BELIEF)
    seen /= seen.sum(axis=1, keepdims=True)
    expected = np.einsum("na,nab->nb", seen, channel)
    belief: NDArray[np.float64] = seen * np.einsum("nab,nb->na", channel, seen / np.maximum(expected, 1e-9))
    belief /= belief.sum(axis=1, keepdims=True)
    return belief
