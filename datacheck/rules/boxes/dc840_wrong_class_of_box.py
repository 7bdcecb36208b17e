"""DC840: boxes whose class is likely wrong, by the picture in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.labels.label_yield import LabelYield
from datacheck.probing.objects import BoxProbe
from datacheck.probing.objects.outputs import ListedBoxes, crop_manifest, listed_boxes
from datacheck.probing.outputs import ProbeOutputs
from datacheck.probing.skill import MIN_SKILL, why_not_judged
from datacheck.rules.base import CannotJudge, Rule, RuleContext
from datacheck.rules.boxes.shared import examples, object_issues, object_places, per_class
from datacheck.rules.labels.dc501_mislabel import yield_evidence
from datacheck.rules.requirements import BOX_PROBE, NO_BOX_PROBE, OBJECTS
from datacheck.text import percent, percent_range, plural


@dataclass(frozen=True)
class WrongClassOfBox(Rule):
    """A box whose class is likely wrong, by a model that was not trained on its image.

    What
    ----
    Sorts the boxes by how unlikely their class is for a model (the probe) that saw the boxes of other images. Says how
    many are likely wrong and how many of the first in the list are, and names each with its file, line and a suggested
    class.

    Why it hurts training
    ---------------------
    A detector learns wrong classes as a classifier does, and a wrong class in the test set counts as two mistakes of a
    right detection: a false one and a missed one.

    How it is measured
    ------------------
    Each box is cut out with 5 % around it. A ridge regression on what a frozen network sees in it at several depths
    predicts its class, in folds that keep the boxes of an image, its duplicates and its group together; without torch
    or in little time the probe of images does. The count and the precision of the list come from wrong classes that are
    planted, as in DC501. A box that looks empty (DC841) comes later in the list.

    Classes with fewer than 10 boxes, crowds and boxes of less than 4 pixels are not judged. A weak probe judges none:
    the low end of its skill must reach ``min_skill`` (0 is a constant prediction, 1 is all correct). Where the interval
    of the count is too wide, the finding is information that names a few boxes to look at.

    How to fix
    ----------
    Look at the boxes from the top of the list, and correct the classes that are wrong. ``boxes/suspects.parquet`` in
    the run folder has them all. Never apply the suggestions without looking.

    Example
    -------
    29 of 300 classes were exchanged::

        DC840 about 26 of 300 boxes have a wrong class (95 % interval 0 to 44); of the first 27 in the list, 84.2 %
          (95 % interval 0 to 100 %) are expected to be wrong: 'labels/0029.xml' object 3 is 'box', looks like 'cone'
    """

    code: ClassVar[str] = "DC840"
    name: ClassVar[str] = "wrong-class-of-box"
    severity: ClassVar[Severity] = Severity.WARNING
    requires = (OBJECTS, BOX_PROBE)

    warning_share: float = 0.01  # one wrong class in a hundred is common even in curated datasets
    error_rate: float = 0.05  # so many wrong labels change which of two models looks better
    min_skill: float = MIN_SKILL

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        probe, crops = self._trusted(context)
        yielded = crops.label_yield
        if yielded is None:
            raise CannotJudge("the wrong classes could not be counted")
        listed = listed_boxes(probe, context.manifest)
        if not len(listed.objects):
            return Passed(f"no class is more likely wrong than right ({plural(len(crops), 'box', 'boxes')} judged)")
        return self._found(context, probe, yielded, listed)

    def _trusted(self, context: RuleContext) -> tuple[BoxProbe, ProbeOutputs]:
        probe = context.box_probe
        if probe is None:
            raise CannotJudge(NO_BOX_PROBE)
        if probe.crops is None:
            raise CannotJudge(probe.why_not)
        reason = why_not_judged(crop_manifest(context.manifest, probe.objects), probe.crops, min_skill=self.min_skill)
        if reason:
            raise CannotJudge(reason)
        return probe, probe.crops

    def _found(self, context: RuleContext, probe: BoxProbe, yielded: LabelYield, listed: ListedBoxes) -> Found:
        objects = listed.objects
        names = zip(objects.tolist(), listed.given, listed.suggested, strict=True)
        said = {k: f"is {given!r}, looks like {suggested!r}" for k, given, suggested in names}

        def describe(k: int) -> str:
            return said[k]

        issues = object_issues(self, context, objects, describe, listed.suspicion)
        evidence: dict[str, Any] = {
            **yield_evidence(yielded),
            "judged": len(probe.objects),
            "not_judged": dict(probe.left_out),
            "by_class": per_class(context, objects),
            "examples": examples(context, objects, describe),
        }
        first = f"{object_places(context, objects[:1])} {describe(int(objects[0]))}"
        count = yielded.count_in_words("boxes have a wrong class")
        if not yielded.conclusive:
            finding = self.finding(
                f"{count}: the probe disagrees with many of them, and may itself be wrong; first {first}",
                f"look at the first {len(objects):,} of the list: if few of them are wrong, the probe is too weak to "
                "judge classes",
                severity=Severity.INFO,
                evidence=evidence,
                affected=issues,
            )
            return Found((finding,), issues)
        at = evidence["precision_at_recommended"]
        finding = self.finding(
            f"{count}; of the first {len(objects):,} in the list, {percent(at['value'])} (95 % interval "
            f"{percent_range(at['low'], at['high'])}) are expected to be wrong: {first}",
            f"look at the first {len(objects):,} of the list (boxes/suspects.parquet in the run folder), each with its "
            "suggested class; after them a class is more likely right than wrong",
            severity=self._severity(yielded, len(objects), len(probe.objects)),
            evidence=evidence,
            affected=issues,
        )
        return Found((finding,), issues)

    def _severity(self, yielded: LabelYield, depth: int, n_boxes: int) -> Severity:
        if yielded.estimated_errors.low / n_boxes >= self.error_rate:
            return Severity.ERROR
        many = depth >= self.warning_share * n_boxes
        return Severity.WARNING if many and yielded.noise_is_evident else Severity.INFO
