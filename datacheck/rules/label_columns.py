"""What the rules share that judge multilabel data: the predicted rows, and the labels that the probe has learnt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datacheck.labels.label_columns import ALPHA, column_gains
from datacheck.probing.outputs import ProbeOutputs
from datacheck.probing.skill import MIN_SKILL, why_not_judged
from datacheck.rules.base import CannotJudge, RuleContext
from datacheck.rules.requirements import NO_PROBE
from datacheck.rules.shared import MIN_PREDICTED, check_skill
from datacheck.stats import Interval
from datacheck.text import plural


@dataclass(frozen=True)
class LabelColumns:
    """The rows with labels and an out-of-sample prediction.

    Attributes
    ----------
    probe
        The probe itself.
    rows
        Row numbers in the manifest, [n].
    probs, matrix
        Probability of each label, and whether it is given; [n, K].
    classes
        The K labels.
    skill
        How much better each label is predicted than by its share; the intervals hold for all labels together.
    """

    probe: ProbeOutputs
    rows: NDArray[np.intp]
    probs: NDArray[np.float64]
    matrix: NDArray[np.bool_]
    classes: tuple[str, ...]
    skill: tuple[Interval, ...]

    def keep(self, columns: NDArray[np.intp]) -> LabelColumns:
        """Return some of the columns."""
        return LabelColumns(
            self.probe,
            self.rows,
            self.probs[:, columns],
            self.matrix[:, columns],
            tuple(self.classes[column] for column in columns),
            tuple(self.skill[column] for column in columns),
        )


def label_columns(context: RuleContext, *, least: int = MIN_PREDICTED) -> LabelColumns:
    """Return the predicted and labelled rows of multilabel data.

    Raises
    ------
    CannotJudge
        Without a probe, where its predictions have a fault, and for fewer than ``least`` rows.
    """
    probe = context.probe
    if probe is None or probe.pred_probs is None:
        raise CannotJudge(NO_PROBE)
    if probe.faults:
        raise CannotJudge(str(why_not_judged(context.manifest, probe)))
    rows = np.flatnonzero(context.manifest.labelled & np.isfinite(probe.pred_probs).all(axis=1))
    if len(rows) < least:
        raise CannotJudge(f"needs {least} or more samples with labels that the probe predicted, found {len(rows)}")
    probs = np.clip(probe.pred_probs[rows].astype(np.float64), 0, 1)
    matrix = context.manifest.label_matrix[rows]
    shares = np.broadcast_to(matrix.mean(axis=0), matrix.shape)
    skill = column_gains(probs, shares, matrix, level=1 - ALPHA / max(1, matrix.shape[1]))
    return LabelColumns(probe, rows, probs, matrix, probe.classes, tuple(skill))


def trusted_columns(
    context: RuleContext, *, least: int = MIN_PREDICTED, min_skill: float = MIN_SKILL
) -> tuple[LabelColumns, str]:
    """Return the labels that the probe has learnt well enough to judge them, and words for those it has not.

    Raises
    ------
    CannotJudge
        As `label_columns` does, and where the probe is too weak on all labels together or on each.
    """
    found = label_columns(context, least=least)
    check_skill(context, min_skill=min_skill)
    known = np.flatnonzero([one.low >= min_skill for one in found.skill])
    if not len(known):
        raise CannotJudge("no single label is predicted well enough to be judged")
    left = len(found.classes) - len(known)
    return found.keep(
        known
    ), f"; {plural(left, 'label')} not judged, because the probe is too weak there" if left else ""
