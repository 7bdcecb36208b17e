"""What is shown of a plan: rows and sentences for every page, with their layout as plain text."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from datacheck.plan.items import KINDS, Measured, PlanItem
from datacheck.plan.record import PlanRecord
from datacheck.text import clean, plural

TITLES = {
    "order": "Order of work",
    "splits": "Splits",
    "drop": "Leave out",
    "relabel": "Check labels",
    "normalise": "Inputs",
    "boxes": "Boxes",
    "rebalance": "Rebalance",
    "augment": "Augment",
    "collect": "Collect",
}
ORDER = ("none helps", "use", "do", "avoid", "harmless", "cannot tell", "nothing to do", "not measured")
"""Verdicts in the order in which they are shown."""

MARKS = {
    "use": "+",
    "do": "+",
    "avoid": "x",
    "none helps": "=",
    "harmless": "=",
    "cannot tell": "?",
    "nothing to do": "=",
    "not measured": "?",
}
TONES = {"use": "good", "do": "good", "avoid": "error", "none helps": "info"}
FOLDED = ("harmless", "cannot tell", "nothing to do", "not measured")
"""Verdicts that change nothing: pages fold their items away."""

FOLD_FROM = 3
"""Fewer items than this are not folded away: the fold would take as much room."""

BOXES_BASIS = "Counted on the boxes of the training images; no detector was trained."
"""Stands above the part about boxes."""

MEASURED_KINDS = ("rebalance", "augment")
"""The parts whose items are candidates with a measured gain."""

SHOWN_IN_TEXT = 8
"""Plain text shows this many items of a part unless all are asked for."""

SHOWN_METRICS = ("gain/balanced_accuracy", "gain/accuracy_at_deployment", "gain/log_likelihood",
                 "gain/expected_balanced_accuracy", "gain/expected_accuracy_at_deployment", "label_preservation",
                 "worst_class_recall", "calibration_error", "gain/rare_class_recall", "gain/recall_when_doubled",
                 "estimated_label_errors", "queue_precision", "samples_across_splits",
                 "classes_missing_from_a_split")  # fmt: skip
"""The measurements that pages show beside an item; ``plan.json`` holds all of them."""

PICTURE = "data:image/jpeg;base64,"
"""Pictures are inside the plan; anything else is not shown."""


@dataclass(frozen=True)
class ItemView:
    """One row.

    Attributes
    ----------
    name, verdict, summary
        As in the item, without control characters.
    brief
        What is done without the reason; of a warning, what goes wrong as well.
    number
        The most important measurement; empty where there is none.
    steps
        Stand for the summary of the order of work.
    measured
        Lines for the measurements.
    picture
        A data URI, or empty.
    """

    name: str
    verdict: str
    summary: str
    brief: str
    number: str
    steps: tuple[str, ...]
    measured: tuple[str, ...]
    picture: str

    @property
    def tone(self) -> str:
        """How the verdict is coloured."""
        return TONES.get(self.verdict, "idle")


@dataclass(frozen=True)
class PartView:
    """One part of the plan, with a second table for the items that change nothing.

    Attributes
    ----------
    kind, title
        Of the part.
    basis
        What all its numbers were measured on, where that is the same for all.
    items, folded, folds
        The rows, those that change nothing, and how many of which verdict those are.
    measured, pictures
        Whether there is such a column.
    """

    kind: str
    title: str
    basis: str
    items: tuple[ItemView, ...]
    folded: tuple[ItemView, ...]
    folds: str
    measured: bool
    pictures: bool

    @property
    def rows(self) -> tuple[ItemView, ...]:
        """All rows."""
        return (*self.items, *self.folded)


@dataclass(frozen=True)
class PlanView:
    """A plan as it is shown: a heading, what the gains were measured on, the parts, and notes."""

    heading: str
    basis: str
    parts: tuple[PartView, ...]
    notes: tuple[str, ...]

    def part(self, kind: str) -> tuple[ItemView, ...]:
        """Return the rows of a part; none where there is no such part."""
        return next((part.rows for part in self.parts if part.kind == kind), ())


def plan_view(plan: PlanRecord) -> PlanView:
    """Return what is shown of a plan."""
    heading = (
        f"{plural(len(plan), 'sample')}, {plural(len(plan.classes), 'class', 'classes')}, seed {plan.seed}, "
        f"made in {plan.seconds:.0f} s"
    )
    gains = [item.measured[0] for kind in MEASURED_KINDS for item in plan.by_kind(kind) if item.measured]
    basis = "nothing was measured: the plan follows from counting"
    if gains:
        basis = f"{gains[0].name} out of sample, {_basis(replace(gains[0], folds=0))}, {plan.seconds:.0f} s"
    parts = tuple(_part(kind, plan.by_kind(kind)) for kind in KINDS if plan.by_kind(kind))
    return PlanView(heading, basis, parts, tuple(clean(note) for note in plan.notes))


def _part(kind: str, items: Sequence[PlanItem]) -> PartView:
    items = sorted(items, key=lambda item: ORDER.index(item.verdict))
    bases = {_basis(one) for item in items for one in item.measured if one.metric in SHOWN_METRICS}
    shared = len(bases) == 1 or kind == "boxes"
    views = [_item(item, with_basis=not shared) for item in items]
    idle = [view for view in views if view.verdict in FOLDED]
    folded = idle if len(views) > FOLD_FROM and len(idle) >= FOLD_FROM else []
    counts = Counter(view.verdict for view in folded)
    return PartView(
        kind=kind,
        title=TITLES[kind],
        basis=BOXES_BASIS if kind == "boxes" else f"Measured on {bases.pop()}." if shared else "",
        items=tuple(view for view in views if view not in folded),
        folded=tuple(folded),
        folds=", ".join(f"{number} {verdict}" for verdict, number in counts.items()),
        measured=any(view.measured for view in views),
        pictures=any(view.picture for view in views),
    )


def _item(item: PlanItem, *, with_basis: bool) -> ItemView:
    shown = [one for one in item.measured if one.metric in SHOWN_METRICS or item.kind == "boxes"]
    lines = [line for one in shown for line in (_line(one), *([f"({_basis(one)})"] if with_basis else []))]
    expected = item.settings.get("expected")
    if isinstance(expected, Mapping):
        lines.append(clean(f"({expected.get('words', '')})"))
    picture = str(item.settings.get("picture", ""))
    steps = item.settings.get("steps", ()) if item.kind == "order" else ()
    return ItemView(
        name=item.name,
        verdict=item.verdict,
        summary=clean(item.summary).replace(" → ", "\N{NO-BREAK SPACE}→\N{NO-BREAK SPACE}"),
        brief=clean(_brief(item)),
        number=item.measured[0].number if item.measured else "",
        steps=tuple(clean(step) for step in steps),
        measured=tuple(lines),
        picture=picture if picture.startswith(PICTURE) else "",
    )


def _brief(item: PlanItem) -> str:
    if item.verdict == "none helps":
        return "rebalancing" if item.kind == "rebalance" else item.name
    before, _, after = item.summary.partition(": ")
    return f"{before}: {after.partition('; ')[2] or after}" if item.verdict == "avoid" and after else before


def _basis(measured: Measured) -> str:
    folds = f", {plural(measured.folds, 'fold')}" if measured.folds else ""
    seeds = f", {plural(len(measured.seeds), 'seed')}" if len(measured.seeds) > 1 else ""
    return f"{plural(measured.estimate.n, 'sample')}{folds}{seeds}"


def _line(measured: Measured) -> str:
    return str(measured) + ("" if measured.baseline is None else f", without {measured.baseline:.3f}")


def plan_text(plan: PlanRecord, *, width: int = 100, verbose: bool = False) -> str:
    """Return a plan as plain text: what to do and what to avoid first; the rest counted unless ``verbose``."""
    view = plan_view(plan)
    lines = [f"training plan  {view.heading}"]
    for part in view.parts:
        lines += ["", part.title]
        shown = part.rows if verbose else part.rows[:SHOWN_IN_TEXT]
        for item in shown:
            lines += _text_lines(part, item, width)
        if len(part.rows) > len(shown):
            lines.append(f"  … and {len(part.rows) - len(shown)} more (--verbose shows all)")
    if view.notes:
        lines.append("")
    lines += [line for note in view.notes for line in textwrap.wrap(f"note: {note}", width)]
    return "\n".join(lines)


def _text_lines(part: PartView, item: ItemView, width: int) -> list[str]:
    judged = part.kind in MEASURED_KINDS
    numbered = judged and item.number and item.verdict != "none helps"
    head = f"  {MARKS[item.verdict]} {item.verdict:<12} " if judged else f"  {MARKS[item.verdict]} "
    expected = f" {item.measured[-1]}" if part.kind == "normalise" and item.measured else ""  # no step of the order
    lines: list[str] = []
    for number, text in enumerate(
        item.steps or [item.summary + (f" · {item.measured[0]}" if numbered else expected)], start=1
    ):
        lines += textwrap.wrap(
            f"{number}. {text}" if item.steps else text,
            max(width, 40),
            initial_indent=head if number == 1 else " " * len(head),
            subsequent_indent=" " * (len(head) + (3 if item.steps else 0)),
            break_on_hyphens=False,
        )
    return lines
