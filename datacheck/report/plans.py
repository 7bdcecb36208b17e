"""The plan in the report: its lines on a terminal, and the plan of a run folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from datacheck.errors import StorageError
from datacheck.plan.plan import TrainingPlan
from datacheck.plan.view import MEASURED_KINDS, ItemView, plan_view

if TYPE_CHECKING:
    from datacheck.fingerprints import Fingerprint

_STYLES = {"use": "bold green", "avoid": "bold red", "none helps": "bold blue"}
_MARKS = {"use": "✔", "avoid": "✖", "none helps": "●"}
_INDENT = 11
"""Columns before the text: those of the report's other lines."""

_STEPS = 3
"""Steps of the order of work that are shown unless all are asked for, ..."""

_ITEMS = 4
"""... and items with a verdict: the findings need the rest of the screen."""


def plan_lines(plan: TrainingPlan | None, width: int, *, verbose: bool = False) -> list[Text]:
    """Return the lines of a plan, each no wider than ``width``; none where there is no plan.

    The first steps of the order of work, then the rebalancing and the augmentations that were measured to help or to
    harm, a line each; all of them where ``verbose``.
    """
    if plan is None:
        return []
    view = plan_view(plan)
    lines = [_cut(Text.assemble(("plan", "bold"), " " * (_INDENT - 4), (view.basis, "dim")), width)]
    order = view.part("order")
    steps = [step for item in order for step in item.steps]
    shown = steps if verbose else steps[:_STEPS]
    for number, step in enumerate(shown, start=1):
        more = f" … {len(steps) - len(shown)} more" if number == len(shown) < len(steps) else ""
        line = _cut(Text(f"{number}. {step}"), width - _INDENT - len(more))
        lines.append(Text.assemble(" " * _INDENT, line, more))
    if not steps:
        lines.extend(_cut(Text(" " * _INDENT + item.summary), width) for item in order)
    judged = [item for kind in MEASURED_KINDS for item in view.part(kind) if item.verdict in _MARKS]
    kept = judged if verbose else _some_of_each(judged)
    lines.extend(_item_line(item, width) for item in kept)
    if len(kept) < len(judged):
        lines.append(_cut(Text(f"… and {len(judged) - len(kept)} more (--verbose shows all)", style="dim"), width))
    return lines


def _some_of_each(items: list[ItemView]) -> list[ItemView]:
    """Keep a few of the items, at least one to avoid where there is one."""
    first = [item for item in items if item.verdict != "avoid"][: _ITEMS - 1]
    return first + [item for item in items if item.verdict == "avoid"][: _ITEMS - len(first)]


def _item_line(item: ItemView, width: int) -> Text:
    left = Text.assemble((f"{_MARKS[item.verdict]} {item.verdict:<{_INDENT - 2}}", _STYLES[item.verdict]), item.brief)
    left = _cut(left, width - cell_len(item.number) - 2)
    gap = " " * (width - cell_len(left.plain) - cell_len(item.number))
    return Text.assemble(left, gap, (item.number, "dim"))


def _cut(line: Text, width: int) -> Text:
    line = line.copy()
    line.truncate(width, overflow="ellipsis")
    return line


def load_plan(folder: Path, fingerprint: Fingerprint | None) -> TrainingPlan | None:
    """Return the plan of a run folder; None where it has none, or one of the dataset as it was before.

    A plan that cannot be read does not keep the report from being read.
    """
    if not (folder / "plan.json").is_file():
        return None
    try:
        plan = TrainingPlan.load(folder)
    except StorageError:
        return None
    return plan if fingerprint is None or f"{fingerprint.identity:032x}" == plan.identity else None
