"""What to leave out of training, and which labels to check: with reason and confidence; nothing is ever deleted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.plan.items import Measured, PlanItem
from datacheck.probing.outputs import ProbeOutputs
from datacheck.scanning.measurements import Measurements
from datacheck.stats import Interval
from datacheck.text import plural


@dataclass
class Actions:
    """What to do with each sample; arrays of shape [N].

    ``action`` is ``keep``, ``drop`` or ``relabel``; ``suggested`` a class code or -1; ``confidence`` in [0, 1] or NaN.
    """

    action: NDArray[np.object_]
    suggested: NDArray[np.int64]
    confidence: NDArray[np.float32]
    reason: NDArray[np.object_]

    @classmethod
    def none(cls, n: int) -> Actions:
        """Return actions that keep everything."""
        return cls(
            np.full(n, "keep", dtype=object),
            np.full(n, -1, dtype=np.int64),
            np.full(n, np.nan, dtype=np.float32),
            np.full(n, None, dtype=object),
        )

    def set(
        self, rows: NDArray[np.integer[Any]], action: str, confidence: Any, reason: Any, suggested: Any = -1
    ) -> None:
        """Set an action for rows that have none yet."""
        free = self.action[rows] == "keep"
        chosen = rows[free]
        self.action[chosen] = action
        for column, value in ((self.confidence, confidence), (self.reason, reason), (self.suggested, suggested)):
            column[chosen] = value[free] if isinstance(value, np.ndarray) else value


def choose_actions(
    codes: NDArray[np.integer[Any]],
    split: NDArray[np.integer[Any]],
    exact: NDArray[np.int64] | None,
    measurements: Measurements | None,
    probe: ProbeOutputs | None,
) -> Actions:
    """Drop what cannot be read and needless copies; relabel conflicting copies and likely mislabels.

    Parameters
    ----------
    codes, split
        Class and planned split of each sample, -1 for none; shape [N].
    exact
        Cluster of exact duplicates, -1 alone; shape [N].
    measurements, probe
        Where they are at hand.
    """
    actions = Actions.none(len(codes))
    if measurements is not None:
        actions.set(np.flatnonzero(~measurements.readable), "drop", 1.0, "cannot be read")
    if exact is not None:
        copies, conflicts = copies_and_conflicts(codes, split, exact)
        actions.set(conflicts, "relabel", 1.0, "an identical copy has another label")
        actions.set(copies, "drop", 1.0, "an identical copy with the same label is in the same split")
    if probe is not None and not unseen_mislabels(probe):
        assert probe.pred_probs is not None
        rows = likely_mislabels(probe)
        suggested = probe.suggested[rows].astype(np.int64)
        confidence = np.where(suggested >= 0, probe.pred_probs[rows, np.maximum(suggested, 0)], np.nan)
        actions.set(
            rows,
            "relabel",
            confidence.astype(np.float32),
            "likely mislabelled: the probe predicts another class",
            suggested,
        )
    return actions


def copies_and_conflicts(
    codes: NDArray[np.integer[Any]], split: NDArray[np.integer[Any]], exact: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the needless copies (all but the first of a cluster in its split), and members of conflicting clusters.

    Examples
    --------
    >>> found = copies_and_conflicts(np.array([0, 0, 0, 1]), np.zeros(4, int), np.array([0, 0, 1, 1]))
    >>> [rows.tolist() for rows in found]
    [[1], [2, 3]]
    """
    rows = np.flatnonzero((exact >= 0) & (codes >= 0))
    if not len(rows):
        return rows, rows
    _, cluster = np.unique(exact[rows], return_inverse=True)
    low = np.full(cluster.max() + 1, np.iinfo(np.int64).max)
    high = np.full(cluster.max() + 1, -1)
    np.minimum.at(low, cluster, codes[rows])
    np.maximum.at(high, cluster, codes[rows])
    conflicting = (low < high)[cluster]
    agreeing = rows[~conflicting]
    key = np.stack([exact[agreeing], split[agreeing].astype(np.int64)])
    first = np.unique(key, axis=1, return_index=True)[1] if len(agreeing) else np.empty(0, np.int64)
    return np.setdiff1d(agreeing, agreeing[first]), rows[conflicting]


def likely_mislabels(probe: ProbeOutputs) -> NDArray[np.int64]:
    """Return the rows of the relabel queue down to the recommended depth, worst first."""
    assert probe.label_yield is not None
    depth = probe.label_yield.recommended_depth
    known = np.flatnonzero(np.isfinite(probe.label_quality))
    return known[np.argsort(probe.label_quality[known], kind="stable")[:depth]]


def unseen_mislabels(probe: ProbeOutputs | None) -> str:
    """Return why likely mislabels are not among the actions; empty where they are.

    Examples
    --------
    >>> unseen_mislabels(None)
    'likely mislabels were not searched for: that needs a probe (datacheck audit --probe)'
    """
    if probe is None:
        return "likely mislabels were not searched for: that needs a probe (datacheck audit --probe)"
    if probe.pred_probs is None:
        return "likely mislabels were not searched for: the probe has no class probabilities"
    if probe.label_yield is None:
        return (
            "likely mislabels are not listed: the probe could not estimate how many labels are wrong, so there is no "
            "depth to check down to (label_quality in probe.npz still ranks them)"
        )
    if not probe.label_yield.conclusive:
        return (
            f"likely mislabels are not listed: {probe.label_yield.count_in_words()}; review the first "
            f"{probe.label_yield.n_to_review} of the relabel queue, or {probe.advice}"
        )
    return ""


def action_items(actions: Actions, probe: ProbeOutputs | None) -> tuple[PlanItem, ...]:
    """Sum the actions up, and say where likely mislabels were not searched for."""
    return tuple(_action_item(kind, actions, probe) for kind in ("drop", "relabel"))


def _action_item(kind: str, actions: Actions, probe: ProbeOutputs | None) -> PlanItem:
    rows = np.flatnonzero(actions.action == kind)
    unseen = unseen_mislabels(probe) if kind == "relabel" else ""
    if not len(rows):
        verdict = "not measured" if unseen else "nothing to do"
        return PlanItem(kind=kind, name=kind, verdict=verdict, summary=unseen or f"no sample to {kind}")
    reasons = {str(one): int((actions.reason[rows] == one).sum()) for one in dict.fromkeys(actions.reason[rows])}
    listed = "; ".join(f"{reason}: {count:,}" for reason, count in reasons.items())
    task = "leave {} out of training (nothing is deleted)" if kind == "drop" else "have a person check the labels of {}"
    return PlanItem(
        kind=kind,
        name=kind,
        verdict="do",
        summary=f"{task.format(plural(len(rows), 'sample'))}: {listed}" + (f"; {unseen}" if unseen else ""),
        settings={"reasons": reasons},
        measured=_yield(probe) if kind == "relabel" else (),
    )


def _yield(probe: ProbeOutputs | None) -> tuple[Measured, ...]:
    """Return how many labels are wrong, and how many of those in the queue, as the probe estimated them."""
    if probe is None or probe.label_yield is None:
        return ()
    found = probe.label_yield
    if not found.conclusive:
        return ()
    estimates = {"estimated_label_errors": found.estimated_errors}
    if found.recommended_depth > 0 and len(found.depth):
        at = min(int(np.searchsorted(found.depth, found.recommended_depth)), len(found.depth) - 1)
        value, low, high = (float(part[at]) for part in (found.precision, found.precision_low, found.precision_high))
        estimates["queue_precision"] = Interval(
            value,
            low,
            high,
            method="expected share of wrong labels down to the recommended depth, from planted errors",
            n=int(found.depth[at]),
        )
    folds = int(probe.fold.max()) + 1
    return tuple(
        Measured(metric=metric, estimate=estimate, folds=folds, seeds=(probe.seed,), seconds=probe.seconds)
        for metric, estimate in estimates.items()
    )
