"""What the rules about the places of boxes share: the list, and what is known of its cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import Found
from datacheck.labels.fault_count import FaultCount
from datacheck.probing.objects.placement import Placement
from datacheck.rules.base import CannotJudge, Rule, RuleContext
from datacheck.rules.boxes.shared import Describe, boxes_of, examples, object_issues, object_places, per_class
from datacheck.rules.requirements import NO_BOX_PROBE
from datacheck.stats import proportion
from datacheck.text import percent, plural


@dataclass(frozen=True)
class Suspects:
    """Boxes that a rule lists.

    Attributes
    ----------
    listed
        By their place in the `Placement`, the most suspect first; [n].
    given, planted
        How suspect each box that was judged is, [B], and each planted fault, [F].
    recall
        Share of the planted faults that the cut finds.
    count
        How many boxes have the fault.
    """

    listed: NDArray[np.int64]
    given: NDArray[np.float64]
    planted: NDArray[np.float64]
    recall: float
    count: FaultCount


def placement_of(context: RuleContext) -> Placement:
    """Return what is known of the places of boxes, or raise `CannotJudge` with the reason."""
    probe = context.box_probe
    if probe is None:
        raise CannotJudge(NO_BOX_PROBE)
    if probe.placement is None:
        raise CannotJudge(probe.why_not_placed or "the network did not fit into the budget (--budget)")
    return probe.placement


def check_cut(n_listed: int, placement: Placement, planted: NDArray[np.float64]) -> None:
    """Raise `CannotJudge` where the planted faults are too few, or do not stand out."""
    reason = placement.why_no_list(n_listed, planted)
    if reason:
        raise CannotJudge(reason)


def placed_finding(
    rule: Rule,
    context: RuleContext,
    suspects: Suspects,
    words: tuple[str, str, str],
    describe: Describe,
) -> Found:
    """Return the finding about a list of boxes.

    Parameters
    ----------
    rule, context
        The rule that found them, in the dataset.
    suspects
        The boxes.
    words
        What they do, what the planted faults are, and what to do.
    describe
        Says what is wrong with an object of the manifest.
    """
    placement = placement_of(context)
    does, faults, remedy = words
    objects = placement.objects[suspects.listed]
    planted = suspects.planted
    found = proportion(int((planted > np.quantile(planted, 1 - suspects.recall)).sum()), len(planted))
    issues = object_issues(rule, context, objects, describe, np.clip(suspects.given[suspects.listed], 0, 1))
    left_out = () if context.box_probe is None else context.box_probe.left_out
    evidence: dict[str, Any] = {
        "n_boxes": len(objects),
        "judged": len(placement.objects),
        "planted": len(planted),
        "planted_found_share": found.value,
        "planted_found_share_low": found.low,
        "planted_found_share_high": found.high,
        "estimated_errors": suspects.count.to_json(),
        "not_judged": dict(left_out),
        "by_class": per_class(context, objects),
        "examples": examples(context, objects, describe),
    }
    others = len(boxes_of(context).objects) - len(placement.objects)
    unjudged = f" ({others:,} others were not judged)" if others else ""
    finding = rule.finding(
        f"{len(objects):,} of {plural(len(placement.objects), 'box', 'boxes')}{unjudged} {does} (the same cut "
        f"finds {percent(found.value)} of {faults}); {suspects.count.in_words()}: {object_places(context, objects)}",
        remedy,
        evidence=evidence,
        affected=issues,
    )
    return Found((finding,), issues)
