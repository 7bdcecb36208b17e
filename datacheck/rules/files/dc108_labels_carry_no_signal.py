"""DC108: labels that do not fit their samples, as they are paired."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from datacheck.findings import Found, NotApplicable, Outcome, Passed, Severity
from datacheck.manifest import Manifest, Modality, Task
from datacheck.pairing import ChangePoint, ContentCheck, LabelCodes, Repair, Samples, check_content
from datacheck.pairing.label_codes import manifest_codes
from datacheck.probing.outputs import ProbeOutputs
from datacheck.rules.base import CannotJudge, Rule, RuleContext
from datacheck.rules.files.columns_without_signal import UnshownColumn, unshown_columns
from datacheck.rules.files.table_pairing import table_samples
from datacheck.rules.requirements import EMBEDDINGS_OR_COLUMNS, LABELS
from datacheck.rules.shared import embedded
from datacheck.text import listed, plural

SURE = 0.95
"""A repaired label counts as sure when it is right with this probability; others are named for a look."""

TARGET_DIGITS = 8
"""Significant digits of a numeric target in a note: enough to find it in its table."""

MAX_NAMED = 50
"""The evidence names at most so many segments, change points and samples each; the issues name every sample."""


@dataclass(frozen=True)
class LabelsCarryNoSignal(Rule):
    """The labels do not fit the samples, or fit them only after a shift or in another order.

    What
    ----
    Tests from the content of the samples whether each label stands beside its own sample: can the labels be predicted
    from the samples, and can they be predicted better if a part of the listing is shifted, exchanged, reversed, or
    sorted as text instead of by number? Works for classes, label sets and numeric targets.

    Why it hurts training
    ---------------------
    Two listings that are zipped in different orders, or one that lost a line, give every later sample the label of its
    neighbour. Nothing crashes; the model learns that there is nothing to learn, and the training run is wasted.

    How it is measured
    ------------------
    By out-of-sample ridge regression on embeddings that were made without the labels, or on the columns of a table;
    the fit is stated in standard deviations above shuffled labels. All offsets are searched at once by cross-
    correlation (FFT), segments of constant offset by dynamic programming with a cost per change (Viterbi). A repair
    is reported only if its labels gain ``min_gain`` nats of out-of-sample log-likelihood and fit ``min_signal``
    standard deviations better than shuffled ones. The row at which a shift begins has a posterior: from heads that
    are fitted again to the repaired labels, from the probe's own predictions as far as these explain the moved
    labels, and from file names (a number that is skipped or repeated, a file that is listed twice). The 95 %
    interval of the row is stated; rows whose label depends on it have a lower suspicion and are named for a look.

    Multilabel: single labels are judged by themselves too, by the area under the ROC curve of the same ridge
    regression, with intervals that hold for all labels together. A label that the samples do not show, where they show
    most others, is searched for a shift of its column alone.

    It cannot see a shift among labels that are sorted by class (no label changes), nor two classes whose names are
    exchanged in every row. A numeric target without signal is left to DC601, and so is a table. Tables whose labels
    follow one another from row to row, as in time, are not judged: there a lag may fit better and be right.

    How to fix
    ----------
    Sort both listings the same way where they are made, or restore the missing line. The evidence says from which row
    on, by how many rows, and which samples to look at. Nothing is changed for you.

    Example
    -------
    A line was lost in the list of labels, so that from row 123 on each image has its neighbour's label::

        DC108 labels stand beside the wrong samples: from row 123 on, each sample has the label of the row before it.
          Re-paired, the labels fit the samples 278 standard deviations better than shuffled ones; as given, 6
    """

    code: ClassVar[str] = "DC108"
    name: ClassVar[str] = "labels-carry-no-signal"
    severity: ClassVar[Severity] = Severity.ERROR
    requires = (LABELS, EMBEDDINGS_OR_COLUMNS)

    min_signal: float = 6.0  # of 100 million shuffles, none reaches 6 standard deviations
    min_gain: float = 40.0  # e^40 to 1, after thousands of hypotheses were tried
    min_samples: int = 200  # fewer rows cannot gain 40 nats by a shift of a part of them

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        labels = manifest_codes(context.manifest)
        if labels is None:
            raise CannotJudge(f"needs classes or a numeric target; the task is {context.manifest.task.value}")
        if len(np.unique(labels.codes[labels.codes >= 0])) < 2:
            raise CannotJudge("needs two or more different labels")
        without_embeddings = context.probe is None or context.probe.embeddings is None
        is_table = context.manifest.modality is Modality.TABULAR and without_embeddings
        if is_table:
            if np.count_nonzero(labels.codes >= 0) < self.min_samples:
                raise CannotJudge(f"needs {self.min_samples} or more rows with a label")
            samples = table_samples(context, labels)
        else:
            samples = _samples(context, embedded(context, least=self.min_samples, label_free=True).probe)
        found = check_content(
            samples,
            labels,
            min_signal=self.min_signal,
            min_gain=self.min_gain,
            seed=context.seed,
        )
        if found.repair is not None and found.repair.diagnosis is not None:
            return self._repairable(context, labels, found, found.repair, found.repair.diagnosis.detail)
        if found.signal >= self.min_signal:
            hidden = [] if is_table else self._hidden_labels(context, samples)
            if hidden:
                return self._single_labels(context, hidden)
            return Passed(
                f"the labels fit the samples {found.signal:.0f} standard deviations better than shuffled ones"
            )
        if is_table:
            return NotApplicable("no sum of the columns predicts the labels, so that no shift would show")
        if context.manifest.task is Task.REGRESSION:
            return NotApplicable("the target cannot be predicted from the samples, so that no shift would show")
        finding = self.finding(
            "the labels carry no signal: they fit the samples no better than shuffled labels do "
            f"({found.signal:.1f} standard deviations), and no shift or other order fits better",
            "check how labels were joined to samples; look at twenty samples with their labels",
            evidence={"signal": found.signal, "repair": None},
            affected=int((labels.codes >= 0).sum()),
        )
        return Found((finding,))

    def _hidden_labels(self, context: RuleContext, samples: Samples) -> list[UnshownColumn]:
        """Return the labels of multilabel data that the samples do not show, one by one."""
        manifest = context.manifest
        if manifest.task is not Task.MULTILABEL:
            return []
        return unshown_columns(
            samples,
            manifest.label_matrix,
            manifest.labelled,
            min_signal=self.min_signal,
            min_gain=self.min_gain,
            seed=context.seed,
        )

    def _single_labels(self, context: RuleContext, hidden: list[UnshownColumn]) -> Found:
        """Report labels that the samples do not show: shifted ones are an error, others may just be hard to see."""
        classes = context.manifest.classes
        moved = {
            classes[one.column]: one.found.repair.diagnosis.detail
            for one in hidden
            if one.found is not None and one.found.repair is not None and one.found.repair.diagnosis is not None
        }
        names = list(moved) or [classes[one.column] for one in hidden]
        evidence = [
            {"label": classes[one.column], "auc": one.auc.to_json(), "shift": moved.get(classes[one.column])}
            for one in hidden
        ]
        worst = next(one for one in hidden if classes[one.column] == names[0])
        at = f"AUC {worst.auc.value:.2f}, interval for all labels together {worst.auc.low:.2f} to {worst.auc.high:.2f}"
        if moved:
            finding = self.finding(
                f"the column of the label {names[0]!r} stands beside the wrong samples: {moved[names[0]]}. As given, "
                f"the samples do not show the label ({at}), though they show most other labels"
                + (f"; so it is for {listed(names[1:])}" if names[1:] else ""),
                "restore the order of this column where the labels were joined; it differs from that of the others",
                evidence={"labels": evidence},
            )
        else:
            finding = self.finding(
                f"the samples do not show the label {listed(names)} at all ({at}), though they show most other labels, "
                "and no shift or other order fits better",
                "check how the column of this label was joined, and look at twenty samples with it",
                severity=Severity.WARNING,
                evidence={"labels": evidence},
            )
        return Found((finding,))

    def _repairable(
        self, context: RuleContext, labels: LabelCodes, found: ContentCheck, repair: Repair, detail: str
    ) -> Found:
        source = repair.label_of
        values = (
            context.manifest.target if context.manifest.task is Task.REGRESSION else labels.codes.astype(np.float64)
        )
        moved = ~np.isclose(values[source], values, rtol=0, atol=0, equal_nan=True)
        unsure = repair.certainty < SURE
        rows = np.flatnonzero(moved | unsure)
        issues = self.issues(
            context.ids(rows),
            np.where(moved, repair.certainty, 1 - repair.certainty)[rows],
            related_id=context.ids(source[rows]),
            note=pa.array(_label_words(context.manifest, source[rows]), pa.string()),
        )
        remedy = (
            "sort both listings the same way, or restore the missing line; "
            f"{int(moved.sum()):,} labels change, each named with its right sample in the issues"
        )
        if unsure.any():
            remedy += (
                f"; {plural(int(unsure.sum()), 'sample')} near where it begins or ends may have another label than "
                "stated: look at the samples that the evidence names"
            )
        finding = self.finding(
            f"labels stand beside the wrong samples: {detail}. Re-paired, the labels fit the samples "
            f"{found.repaired_signal:.0f} standard deviations better than shuffled ones; as given, {found.signal:.0f}",
            remedy,
            evidence={**_evidence(context, found, repair), "labels_changed": int(moved.sum())},
            affected=issues.filter(pa.array(moved[rows])),
        )
        return Found((finding,), issues)


def _samples(context: RuleContext, probe: ProbeOutputs) -> Samples:
    manifest = context.manifest
    assert probe.embeddings is not None, "checked before"
    return Samples(
        probe.embeddings,
        names=manifest.table["uri"].to_pylist() if "uri" in manifest else None,
        hints=repeated_neighbours(context),
        fold=probe.fold,
        pred_probs=probe.pred_probs if manifest.task is Task.CLASSIFICATION else None,
    )


def repeated_neighbours(context: RuleContext) -> NDArray[np.int64]:
    """Rows whose file holds the same bytes as the row before, ascending: the other listing may have had it once."""
    clusters = context.duplicates
    if clusters is None:
        return np.zeros(0, dtype=np.int64)
    return np.flatnonzero((clusters.exact[1:] >= 0) & (clusters.exact[1:] == clusters.exact[:-1])) + 1


def _label_words(manifest: Manifest, rows: NDArray[np.int64]) -> list[str | None]:
    """The labels of some rows in words; None where there is none."""
    if manifest.task is Task.CLASSIFICATION:
        codes = manifest.label_codes[rows].tolist()
        return [manifest.classes[code] if code >= 0 else None for code in codes]
    if manifest.task is Task.REGRESSION:
        return [
            f"{value:.{TARGET_DIGITS}g}" if np.isfinite(value) else None for value in manifest.target[rows].tolist()
        ]
    sets = manifest.table["labels"].take(pa.array(rows)).to_pylist()
    return [None if one is None else ", ".join(sorted(one)) for one in sets]


def _evidence(context: RuleContext, found: ContentCheck, repair: Repair) -> dict[str, Any]:
    return {
        "signal": found.signal,
        "repaired_signal": found.repaired_signal,
        "gain_nats": found.gain,
        "repair": {
            "cause": None if repair.diagnosis is None else str(repair.diagnosis.cause),
            "segments": [
                {"from_row": row, "offset": shift.offset, "mirrored": shift.mirrored}
                for row, shift in repair.segments[:MAX_NAMED]
            ],
            "change_points": [_change_point(context, one) for one in repair.change_points[:MAX_NAMED]],
            "labels_unsure": int((repair.certainty < SURE).sum()),
        },
    }


def _change_point(context: RuleContext, one: ChangePoint) -> dict[str, Any]:
    return {
        "row": one.row,
        "probability": one.probability,
        "between_rows": [one.low, one.high],
        "between_samples": context.ids([one.row - 1, one.row]).to_pylist(),
        "look_at": context.ids(list(one.rows_to_check[:MAX_NAMED])).to_pylist(),
    }
