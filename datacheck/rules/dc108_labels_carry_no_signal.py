"""DC108: labels that tell nothing about their samples, as paired."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

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
from datacheck.probe.pairing import PairingEvidence, Repair, examine_pairing
from datacheck.rules._probe import embedded, ids_of
from datacheck.rules.base import RuleContext


@dataclass(frozen=True)
class LabelsCarryNoSignal:
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
    deviations. The rows that a change of offset may lie at are stated with 95 %.

    How to fix
    ----------
    Sort both listings the same way where they are made, or restore the line that is missing. The evidence says from
    which row on, by how many, and what the repaired order is; nothing is changed for you.

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

    def check(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        manifest = context.manifest
        if manifest.task is not Task.CLASSIFICATION:
            return NotApplicable(f"needs class labels; the task of this dataset is {manifest.task.value}")
        found = embedded(context, least=self.min_samples)
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
        moved = np.flatnonzero(labels[repair.source] != labels)
        names = np.array([*context.manifest.classes, None], dtype=object)
        issues = sample_issues(
            self.code,
            ids_of(context, moved),
            1.0,
            related_id=ids_of(context, repair.source[moved]),
            note=pa.array(names[labels[repair.source[moved]]].tolist(), pa.string()),
        )
        finding = Finding(
            code=self.code,
            name=self.name,
            severity=self.severity,
            message=f"{describe(repair)}: re-paired so, the labels tell {evidence.repaired_signal:.0f} standard "
            f"deviations more than shuffled ones, as given {evidence.signal:.0f}",
            remedy=f"sort both listings the same way, or restore the missing line; {repair.n_moved:,} labels change, "
            "each named with its right sample in the issues",
            evidence=_evidence(evidence, repair),
            sample_ids=worst_sample_ids(issues),
            n_affected=repair.n_moved,
        )
        return Found((finding,), issues)


def describe(repair: Repair) -> str:
    """Say in words what slipped.

    Examples
    --------
    >>> describe(Repair("shift", np.arange(9), ((0, 0), (4, 1)), ((4, 4),), 99.0, 5))
    'labels are off by one from row 4 on (each sample has the label of the row before it)'
    """
    if repair.kind == "reversed":
        return "the labels are listed in the reverse order of the samples"
    if repair.kind == "text-for-number order":
        return "samples were listed in number order but their labels in text order, or one was sorted and the other not"
    if repair.kind == "number-for-text order":
        return "samples were listed in text order but their labels in number order, or one was sorted and the other not"
    slipped = [(row, offset) for row, offset in repair.segments if offset]
    if len(slipped) > 1:
        parts = "; ".join(f"from row {row:,} by {offset:+,}" for row, offset in slipped[:4])
        return f"blocks of labels have changed places ({parts})"
    row, offset = slipped[0]
    amount = "one" if abs(offset) == 1 else f"{abs(offset):,}"
    side = "before" if offset > 0 else "after"
    where = f"{'the row' if abs(offset) == 1 else f'{amount} rows'} {side} it"
    return f"labels are off by {amount} from row {row:,} on (each sample has the label of {where})"


def _evidence(evidence: PairingEvidence, repair: Repair) -> dict[str, Any]:
    return {
        "signal": evidence.signal,
        "repaired_signal": evidence.repaired_signal,
        "gain_nats": repair.gain,
        "repair": {
            "kind": repair.kind,
            "segments": [{"from_row": row, "offset": offset} for row, offset in repair.segments[:50]],
            "change_between_rows": [list(pair) for pair in repair.uncertain[:50]],
            "labels_changed": repair.n_moved,
        },
    }
