"""A plan for people: text for the terminal, HTML for a notebook."""

from __future__ import annotations

import textwrap
from html import escape
from typing import TYPE_CHECKING

from datacheck.plan.items import KINDS, PlanItem

if TYPE_CHECKING:
    from datacheck.plan.plan import TrainingPlan

TITLES = {
    "order": "Order of work",
    "splits": "Splits",
    "drop": "Leave out",
    "relabel": "Look at again",
    "normalise": "Inputs",
    "rebalance": "Rebalance",
    "augment": "Augment",
    "collect": "Collect",
}
MARKS = {
    "use": "+",
    "do": "+",
    "avoid": "x",
    "harmless": "=",
    "none helps": "=",
    "nothing to do": "=",
    "not measured": "?",
}
SHOWN = 8


def plan_text(plan: TrainingPlan, *, width: int = 100, verbose: bool = False) -> str:
    """Return a plan as plain text: what to do and what to avoid first; the rest counted unless ``verbose``."""
    lines = [
        f"training plan  {len(plan):,} samples, {len(plan.classes)} classes, seed {plan.seed}, "
        f"made in {plan.seconds:.0f} s"
    ]
    for kind in KINDS:
        items = plan.by_kind(kind)
        if not items:
            continue
        lines += ["", TITLES[kind]]
        items = tuple(sorted(items, key=_rank))
        shown = items if verbose else items[:SHOWN]
        for item in shown:
            lines += _item_lines(item, width)
        if len(items) > len(shown):
            lines.append(f"  … and {len(items) - len(shown)} more (--verbose shows all)")
    lines += (
        ["", *(line for note in plan.notes for line in textwrap.wrap(f"note: {note}", width))] if plan.notes else []
    )
    return "\n".join(lines)


def plan_html(plan: TrainingPlan) -> str:
    """Return a plan as an HTML table for notebooks; everything that comes from the data is escaped."""
    rows = "".join(
        f"<tr><td>{escape(TITLES[item.kind])}</td><td>{escape(item.name)}</td><td><b>{escape(item.verdict)}</b></td>"
        f"<td>{escape(item.summary)}</td><td>{escape(str(item.measured[0])) if item.measured else ''}</td></tr>"
        for kind in KINDS
        for item in sorted(plan.by_kind(kind), key=_rank)
    )
    head = "".join(f"<th>{name}</th>" for name in ("part", "item", "verdict", "what", "measured"))
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _item_lines(item: PlanItem, width: int) -> list[str]:
    text = item.summary
    if item.kind in {"rebalance", "augment"} and item.measured and item.verdict != "none helps":
        text += f" · {item.measured[0]} (n {item.measured[0].n:,}, {len(item.measured[0].seeds)} seeds)"
    label = item.verdict if item.kind not in {"order", "drop", "relabel", "splits", "normalise", "collect"} else ""
    head = f"  {MARKS[item.verdict]} {label:<12} " if label else f"  {MARKS[item.verdict]} "
    return textwrap.wrap(
        text, max(width, 40), initial_indent=head, subsequent_indent=" " * len(head), break_on_hyphens=False
    )


def _rank(item: PlanItem) -> int:
    order = ("none helps", "use", "do", "avoid", "harmless", "nothing to do", "not measured")
    return order.index(item.verdict)
