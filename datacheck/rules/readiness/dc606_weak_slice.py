"""DC606: groups of samples on which the model fails more often than elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pyarrow as pa

from datacheck.findings import Finding, Found, Outcome, Passed, Severity
from datacheck.manifest import Task
from datacheck.probing.skill import MIN_SKILL
from datacheck.rules.base import CannotJudge, Rule, RuleContext
from datacheck.rules.requirements import LABELS, PROBE
from datacheck.rules.shared import check_skill
from datacheck.slices import Slice, Slices, find_slices
from datacheck.slices.attributes import CLUSTER
from datacheck.slices.text import MIN_GAP, MIN_RISE, weak_in_words
from datacheck.text import plural

ELSEWHERE = ("label", "split", CLUSTER)
"""What other rules judge (DC502, DC505, DC602), and clusters: samples between two classes are hard in any dataset."""


@dataclass(frozen=True)
class WeakSlice(Rule):
    """The model fails far more often on one part of the dataset than on the rest.

    What
    ----
    Divides the samples by every column, by their group, and by the measured properties of the images (brightness,
    sharpness, size, aspect …), and names the parts with far more errors than their classes explain.

    Why it hurts training
    ---------------------
    A single accuracy hides the part on which the model fails: a camera, a hospital, photos taken at night. If that part
    is small here and large where the model will run, the accuracy promised is not the one that users get.

    How it is measured
    ------------------
    By the out-of-sample errors of the probe. The error in a slice is compared with that of the other samples of the
    same classes, weighted as in the slice, so that a slice of hard classes is not named for its classes (fifths of the
    target for regression). Reported if the low end of the 95 % interval of the difference is at least ``min_gap``
    (for regression ``min_rise`` times the mean absolute error), and the test of Cochran, Mantel and Haenszel is
    significant after Benjamini–Hochberg over all slices. For measured properties the difference must be half as large
    again, because some of them go with how hard an image is. With groups, the interval and the test are over groups.
    Slices of fewer than ``min_size`` samples are not judged. A slice that another one explains is left out.

    How to fix
    ----------
    Look at the samples: if their labels are doubtful, label them again; if they are right, collect more like them, or
    augment with what makes them different. ``datacheck slices`` lists all slices, and exports a challenge set.

    Example
    -------
    Half of the photos of camera B are out of focus::

        DC606 camera = 'B': 40 % of the predictions are wrong on 120 samples, where the same classes elsewhere have
          0.14 % (95 % interval of the difference 31.5 to 48.8 points)
    """

    code: ClassVar[str] = "DC606"
    name: ClassVar[str] = "weak-slice"
    severity: ClassVar[Severity] = Severity.WARNING
    requires = (LABELS, PROBE)

    min_gap: float = MIN_GAP  # ten points more errors: twice those of a model that is 90 % accurate
    min_rise: float = MIN_RISE  # half as much error again
    min_size: int = 30  # fewer samples have an interval as wide as what is looked for
    max_named: int = 3  # the list of all is that of datacheck slices
    min_skill: float = MIN_SKILL

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        check_skill(context, min_skill=self.min_skill)
        found = find_slices(
            context.manifest, context.measurements, context.probe, min_size=self.min_size, seed=context.seed
        )
        judged = [one for one in found.rows if one.attribute not in ELSEWHERE and np.isfinite(one.p_value)]
        if not judged:
            raise CannotJudge(
                f"needs a column, a group or a property of images with {self.min_size} or more predicted samples of "
                "one value, and there is none"
            )
        regression = context.manifest.task is Task.REGRESSION
        weak = found.weak(min_gap=self.min_rise if regression else self.min_gap, exclude=ELSEWHERE)
        if not weak:
            return Passed(f"none of {plural(len(judged), 'slice')} has far more errors than its classes explain")
        seen: set[int] = set()
        parts = [self._one(context, found, one, seen) for one in weak[: self.max_named]]
        more = len(weak) - len(parts)
        if more:
            first = parts[0][0]
            parts[0] = (replace(first, message=f"{first.message}; {plural(more, 'slice')} more are weak"), parts[0][1])
        return Found.of(parts)

    def _one(self, context: RuleContext, found: Slices, one: Slice, seen: set[int]) -> tuple[Finding, pa.Table]:
        """Return the finding of one slice, with the samples on which the probe fails, those of the largest loss first.

        A sample in several slices is listed once, for the first.
        """
        within = np.isin(found.judged.rows, one.rows)
        failed = found.judged.error > (0 if context.manifest.task is not Task.REGRESSION else found.error.value)
        chosen = np.array([p for p in np.flatnonzero(within & failed) if int(p) not in seen], dtype=np.intp)
        seen.update(chosen.tolist())
        loss = found.judged.loss[chosen]
        issues = self.issues(
            context.ids(found.judged.rows[chosen]), loss / (1 + loss), value=loss, note=[one.words] * len(chosen)
        )
        finding = self.finding(
            weak_in_words(found, one),
            "look at these samples: label again what is doubtful, else collect more like them or augment with what "
            "makes them different (datacheck slices lists every slice)",
            evidence={
                "slice": one.words,
                "attribute": one.attribute,
                "n": len(one),
                "error": one.error.to_json(),
                "difference": one.gap.to_json(),
                "p_value": one.p_value,
                "error_of_all": found.error.to_json(),
                **context.where(one.rows),
            },
            affected=issues,
        )
        return finding, issues
