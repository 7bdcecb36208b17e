"""The plan's part of the report on a terminal: the order of work, then what to use and to avoid, with its number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.text import Text

from datacheck.plan.items import Measured, PlanItem
from datacheck.text import clean

if TYPE_CHECKING:
    from datacheck.plan import TrainingPlan

_STYLES = {"use": "bold green", "avoid": "bold red", "none helps": "bold blue"}
_MARKS = {"use": "✔", "avoid": "✖", "none helps": "●"}
_INDENT = 11
_STEPS = 3
_ITEMS = 4


def plan_lines(plan: Any, width: int, *, verbose: bool = False) -> list[Text]:
    """Return the lines of a plan, each no wider than ``width``; none where there is no plan.

    The first steps of the order of work, then the rebalancing and the augmentations that were measured to help or to
    harm, a line each; all of them where ``verbose``.
    """
    if plan is None:
        return []
    lines = [_cut(Text.assemble(("plan", "bold"), " " * (_INDENT - 4), _made(plan)), width)]
    steps = [clean(step) for item in plan.by_kind("order") for step in item.settings.get("steps", ())]
    shown = steps if verbose else steps[:_STEPS]
    for number, step in enumerate(shown, start=1):
        more = f" … {len(steps) - len(shown)} more" if number == len(shown) < len(steps) else ""
        line = _cut(Text(f"{number}. {step}"), width - _INDENT - len(more))
        lines.append(Text.assemble(" " * _INDENT, line, more))
    if not steps:
        lines.extend(_cut(Text(" " * _INDENT + clean(item.summary)), width) for item in plan.by_kind("order"))
    judged = [item for kind in ("rebalance", "augment") for item in plan.by_kind(kind) if item.verdict in _MARKS]
    judged.sort(key=lambda item: (item.kind == "augment", list(_MARKS).index(item.verdict)))
    kept = judged if verbose else _some_of_each(judged)
    lines.extend(_item_line(item, width) for item in kept)
    if len(kept) < len(judged):
        lines.append(_cut(Text(f"… and {len(judged) - len(kept)} more (--verbose shows all)", style="dim"), width))
    return lines


def _made(plan: TrainingPlan) -> Text:
    """Return what the numbers are and what they were measured on."""
    gains = [item.measured[0] for kind in ("rebalance", "augment") for item in plan.by_kind(kind) if item.measured]
    if not gains:
        return Text("nothing was measured: what follows was counted", style="dim")
    first = gains[0]
    seeds = f", {len(first.seeds)} seeds" if len(first.seeds) > 1 else ""
    name = first.metric.removeprefix("gain/").replace("_", " ")
    return Text(f"gain in {name} out of sample, {first.n:,} samples{seeds}, {plan.seconds:.0f} s", style="dim")


def _some_of_each(items: list[PlanItem]) -> list[PlanItem]:
    """Keep a few of the items, so that what to avoid is not crowded out by what to use."""
    first = [item for item in items if item.verdict != "avoid"][: _ITEMS - 1]
    return first + [item for item in items if item.verdict == "avoid"][: _ITEMS - len(first)]


def _item_line(item: PlanItem, width: int) -> Text:
    number = _number(item.measured[0]) if item.measured else ""
    left = Text.assemble(
        (f"{_MARKS[item.verdict]} {item.verdict:<{_INDENT - 2}}", _STYLES[item.verdict]), clean(_what(item))
    )
    left = _cut(left, width - cell_len(number) - 2)
    return Text.assemble(left, " " * (width - cell_len(left.plain) - cell_len(number)), (number, "dim"))


def _what(item: PlanItem) -> str:
    """Return what is done, without the reason: the number beside it says that; of a warning, what goes wrong too."""
    if item.verdict == "none helps":
        return "rebalancing" if item.kind == "rebalance" else item.name
    before, _, after = item.summary.partition(": ")
    return f"{before}: {after.partition('; ')[2] or after}" if item.verdict == "avoid" and after else before


def _number(measured: Measured) -> str:
    return str(measured).partition(" ")[2] if measured.value is not None else ""


def _cut(line: Text, width: int) -> Text:
    line = line.copy()
    line.truncate(width, overflow="ellipsis")
    return line
