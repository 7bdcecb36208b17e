"""The head of the plan: what to work on, in which order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from datacheck.findings import Finding
from datacheck.plan.items import KINDS, PlanItem

STEPS = {
    "splits": "split the data as the plan says: until then no number can be trusted",
    "drop": "leave out what cannot teach",
    "relabel": "have the doubtful labels looked at",
    "rebalance": "rebalance the classes",
    "augment": "augment",
    "collect": "collect more",
}


def order_item(items: Sequence[PlanItem], findings: Iterable[Finding] = ()) -> PlanItem:
    """Return the order of work: the triage of DC602 first where the audit made one, then what the plan has to do.

    Examples
    --------
    >>> order_item([PlanItem(kind="drop", name="drop", verdict="do", summary="leave out 3")]).summary
    '1. leave out what cannot teach'
    """
    triage = next((finding for finding in findings if finding.code == "DC602"), None)
    steps = [] if triage is None else [f"{triage.message} (DC602): {triage.remedy}"]
    for kind in KINDS:
        wanted = [item for item in items if item.kind == kind and item.verdict in {"use", "do"}]
        if kind in STEPS and wanted:
            names = f" ({', '.join(item.name for item in wanted[:4])})" if kind in {"rebalance", "augment"} else ""
            steps.append(STEPS[kind] + names)
    if not steps:
        return PlanItem(
            kind="order",
            name="order_of_work",
            verdict="nothing to do",
            summary="nothing has to be done before the main training",
        )
    numbered = "; ".join(f"{number}. {step}" for number, step in enumerate(steps, start=1))
    return PlanItem(
        kind="order",
        name="order_of_work",
        verdict="do",
        summary=numbered,
        settings={"steps": steps, "triage": None if triage is None else dict(triage.evidence)},
    )
