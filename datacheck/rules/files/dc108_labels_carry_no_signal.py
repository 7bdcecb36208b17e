"""DC108: labels that tell nothing about their samples, as paired."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from datacheck.findings import (
    Finding,
    Found,
    NotApplicable,
    Outcome,
    Passed,
    Severity,
    sample_issues,
    worst_sample_ids,
)
from datacheck.manifest import Task
from datacheck.pairing.change_points import Break
from datacheck.pairing.content import PairingEvidence, Repair, examine_pairing
from datacheck.pairing.shift_hypotheses import STAY
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.shared import embedded, ids_of
from datacheck.text import plural

SETTLED = 0.95
"""A label of a repaired listing is settled when it is right with this probability."""

MOST_NAMED = 50


@dataclass(frozen=True)
class LabelsCarryNoSignal(Rule):
    """The labels carry no signal, or carry it only after a shift or another order of the listing.

    What
    ----
    Asks of the data itself whether each label sits beside its own sample: can labels be predicted from the samples, and
    can they be predicted better when a part of the listing is shifted, exchanged, reversed, or sorted as text where it
    was sorted by number?

    Why it hurts training
    ---------------------
    Two listings that are zipped in different orders, or one that lost a line, give every later sample its neighbour's
    label. Nothing crashes; the model learns that there is nothing to learn, and the training run is lost.

    How it is measured
    ------------------
    Out-of-sample ridge scores on embeddings that were made without the labels, as z-score against shuffled labels. All
    offsets are screened at once by cross-correlation (FFT); stretches of constant offset are found by dynamic
    programming with a cost for each change (Viterbi); orders by re-pairing. A repair is claimed only when its labels
    gain ``min_gain`` nats of out-of-sample log-likelihood and exceed the shuffled ones by ``min_signal`` standard
    deviations. Where each slip begins is a posterior over rows, by heads taught again on the repaired labels and by the
    probe's own out-of-sample probabilities (as far as these explain the labels of rows that moved), with the label
    that is left over at the end and with what file names say (a number that is missed or repeated, a file that is
    listed twice); the rows that are credible (95 %) are stated. Rows whose label depends on which of them it is
    carry that doubt as a lower suspicion, and are named as the ones to look at.

    Labels that are sorted by class, and classes whose names were exchanged throughout, tell as much after a slip as
    before: nothing in the samples can show those.

    How to fix
    ----------
    Sort both listings the same way where they are made, or restore the line that is missing. The evidence says from
    which row on, by how many, and which samples to look at where the row is not certain; nothing is changed for you.

    Example
    -------
    >>> from datacheck.manifest import Manifest
    >>> manifest = Manifest.from_columns({"label": ["cat", "dog"]})
    >>> LabelsCarryNoSignal().check(RuleContext(manifest)).reason
    "needs the probe's out-of-sample predictions: run with --probe"
    """

    code: ClassVar[str] = "DC108"
    name: ClassVar[str] = "labels-carry-no-signal"
    severity: ClassVar[Severity] = Severity.ERROR

    min_signal: float = 6.0
    min_gain: float = 40.0
    min_samples: int = 200

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        manifest = context.manifest
        if manifest.task is not Task.CLASSIFICATION:
            return NotApplicable(f"needs class labels; the task of this dataset is {manifest.task.value}")
        found = embedded(context, least=self.min_samples, label_free=True)
        if isinstance(found, NotApplicable):
            return found
        embeddings = found.probe.embeddings
        labels = manifest.label_codes
        if embeddings is None or len(np.unique(labels[labels >= 0])) < 2:
            return NotApplicable("needs labels of two or more classes")
        uris = manifest.table["uri"].to_pylist() if "uri" in manifest else None
        evidence = examine_pairing(
            embeddings,
            labels,
            uris=uris,
            hints=repeated_neighbours(context),
            fold=found.probe.fold,
            pred_probs=found.probe.pred_probs,
            min_signal=self.min_signal,
            min_gain=self.min_gain,
            seed=context.seed,
        )
        if evidence.repair is not None:
            return self._repairable(context, evidence, evidence.repair)
        if evidence.signal >= self.min_signal:
            return Passed(f"labels are {evidence.signal:.0f} standard deviations more telling than shuffled ones")
        finding = Finding(
            code=self.code,
            name=self.name,
            severity=self.severity,
            message="labels carry no signal: they tell no more about the samples than shuffled ones "
            f"({evidence.signal:.1f} standard deviations), and no shift or order of the listing makes them tell",
            remedy="check how labels were joined to samples; look at twenty samples beside their labels",
            evidence={"signal": evidence.signal, "repair": None},
            n_affected=int((labels >= 0).sum()),
        )
        return Found((finding,))

    def _repairable(self, context: RuleContext, evidence: PairingEvidence, repair: Repair) -> Found:
        labels = context.manifest.label_codes
        right = labels[repair.source]
        moved = right != labels
        unsettled = repair.certainty < SETTLED
        rows = np.flatnonzero(moved | unsettled)
        names = np.array([*context.manifest.classes, None], dtype=object)
        issues = sample_issues(
            self.code,
            ids_of(context, rows),
            np.where(moved, repair.certainty, 1 - repair.certainty)[rows],
            related_id=ids_of(context, repair.source[rows]),
            note=pa.array(names[right[rows]].tolist(), pa.string()),
        )
        n_unsettled = int(unsettled.sum())
        doubt = (
            f"; {plural(n_unsettled, 'sample')} near where it begins or ends may have another label than stated: look "
            "at the ones that the evidence names"
        )
        finding = Finding(
            code=self.code,
            name=self.name,
            severity=self.severity,
            message=f"{describe(repair)}: re-paired so, the labels tell {evidence.repaired_signal:.0f} standard "
            f"deviations more than shuffled ones, as given {evidence.signal:.0f}",
            remedy=f"sort both listings the same way, or restore the missing line; {repair.n_moved:,} labels change, "
            f"each named with its right sample in the issues{doubt if n_unsettled else ''}",
            evidence=_evidence(context, evidence, repair),
            sample_ids=worst_sample_ids(issues),
            n_affected=repair.n_moved,
        )
        return Found((finding,), issues)


def repeated_neighbours(context: RuleContext) -> NDArray[np.int64]:
    """Rows whose file holds the same bytes as the row before: one listing may have had it once; ascending."""
    clusters = context.duplicates
    if clusters is None:
        return np.zeros(0, dtype=np.int64)
    return np.flatnonzero((clusters.exact[1:] >= 0) & (clusters.exact[1:] == clusters.exact[:-1])) + 1


def describe(repair: Repair) -> str:
    """Say in words what slipped, from where, and how sure that is.

    Examples
    --------
    >>> from datacheck.pairing.shift_hypotheses import Move
    >>> segments = ((0, Move(0)), (4, Move(1)))
    >>> breaks = (Break(4, 3, 5, 0.6, (3, 4)),)
    >>> describe(Repair("shift", np.arange(9), segments, breaks, np.ones(9), 99.0, 5))
    'labels are off by one from row 4 on (95 %: rows 3 to 5; each sample has the label of the row before it)'
    """
    if repair.kind == "reversed":
        return "the labels are listed in the reverse order of the samples"
    if repair.kind == "text-for-number order":
        return "samples were listed in number order but their labels in text order, or one was sorted and the other not"
    if repair.kind == "number-for-text order":
        return "samples were listed in text order but their labels in number order, or one was sorted and the other not"
    slipped = [number for number, (_, move) in enumerate(repair.segments) if move != STAY]
    if len(slipped) == 1:
        return _one_slip(repair, slipped[0])
    parts = "; ".join(
        f"from row {row:,} {'reversed' if move.mirrored else f'by {move.offset:+,}'}"
        for row, move in (repair.segments[number] for number in slipped[:4])
    )
    return f"blocks of labels have changed places ({parts})"


def _one_slip(repair: Repair, number: int) -> str:
    row, move = repair.segments[number]
    last = number + 1 == len(repair.segments)
    stretch = f"from row {row:,} {'on' if last else f'to {repair.segments[number + 1][0] - 1:,}'}"
    unsure = [_rows_of(one) for one in repair.breaks[max(0, number - 1) : number + 1] if one.low < one.high]
    sure = f"95 %: {' and '.join(unsure)}; " if unsure else ""
    if move.mirrored:
        return f"labels stand in reverse order {stretch} ({sure}the first sample has the label of the last)"
    amount = "one" if abs(move.offset) == 1 else f"{abs(move.offset):,}"
    side = "before" if move.offset > 0 else "after"
    where = f"{'the row' if abs(move.offset) == 1 else f'{amount} rows'} {side} it"
    return f"labels are off by {amount} {stretch} ({sure}each sample has the label of {where})"


def _rows_of(one: Break) -> str:
    return f"rows {one.low:,} to {one.high:,}"


def _evidence(context: RuleContext, evidence: PairingEvidence, repair: Repair) -> dict[str, Any]:
    return {
        "signal": evidence.signal,
        "repaired_signal": evidence.repaired_signal,
        "gain_nats": repair.gain,
        "repair": {
            "kind": repair.kind,
            "segments": [
                {"from_row": row, "offset": move.offset, "mirrored": move.mirrored}
                for row, move in repair.segments[:MOST_NAMED]
            ],
            "breaks": [_break_evidence(context, one) for one in repair.breaks[:MOST_NAMED]],
            "labels_changed": repair.n_moved,
            "labels_unsettled": int((repair.certainty < SETTLED).sum()),
        },
    }


def _break_evidence(context: RuleContext, one: Break) -> dict[str, Any]:
    beside = np.array([one.row - 1, one.row])
    return {
        "row": one.row,
        "probability": one.probability,
        "between_rows": [one.low, one.high],
        "between_samples": ids_of(context, beside).to_pylist(),
        "look_at": ids_of(context, np.array(one.look[:MOST_NAMED], dtype=np.int64)).to_pylist(),
    }
