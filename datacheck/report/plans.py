"""The plan's part of the HTML report: what is shown of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datacheck.errors import StorageError
from datacheck.plan.items import KINDS, Measured, PlanItem

if TYPE_CHECKING:
    from datacheck.fingerprints import Fingerprint
    from datacheck.plan import TrainingPlan

PICTURE = "data:image/jpeg;base64,"
ORDER = ("none helps", "use", "do", "avoid", "harmless", "nothing to do", "not measured")
SHOWN = ("gain/balanced_accuracy", "gain/accuracy_at_deployment", "gain/log_likelihood",
         "gain/expected_balanced_accuracy", "gain/expected_accuracy_at_deployment", "label_preservation",
         "worst_class_recall", "calibration_error", "gain/rare_class_recall", "gain/recall_when_doubled",
         "estimated_label_errors", "queue_precision", "samples_across_splits",
         "classes_missing_from_a_split")  # fmt: skip


TONES = {"use": "good", "do": "good", "avoid": "error", "none helps": "info"}
FOLDED = ("harmless", "nothing to do", "not measured")
FOLD_FROM = 3
"""Fewer items than this that change nothing are not worth a fold."""


@dataclass(frozen=True)
class ItemView:
    """One row: ``picture`` is a data URI, or empty; ``steps`` stand for the summary of the order of work."""

    name: str
    verdict: str
    tone: str
    summary: str
    steps: tuple[str, ...]
    measured: tuple[str, ...]
    picture: str


@dataclass(frozen=True)
class PartView:
    """One table, and a second one for the items that change nothing, which ``folds`` counts.

    ``basis`` says what all numbers of the part were measured on, where it is the same; ``measured`` and ``pictures``
    whether there is such a column.
    """

    title: str
    basis: str
    items: tuple[ItemView, ...]
    folded: tuple[ItemView, ...]
    folds: str
    measured: bool
    pictures: bool


def plan_view(plan: Any) -> tuple[PartView, ...]:
    """Return what the report shows of a plan, part by part; nothing where there is none."""
    if plan is None:
        return ()
    from datacheck.plan.show import TITLES

    return tuple(_part(TITLES[kind], plan.by_kind(kind)) for kind in KINDS if plan.by_kind(kind))


def _part(title: str, items: Sequence[PlanItem]) -> PartView:
    items = sorted(items, key=lambda item: ORDER.index(item.verdict))
    bases = {_basis(one) for item in items for one in item.measured if one.metric in SHOWN}
    shared = len(bases) == 1
    views = [_item(item, with_basis=not shared) for item in items]
    idle = [view for view in views if view.verdict in FOLDED]
    folded = idle if len(views) > FOLD_FROM and len(idle) >= FOLD_FROM else []
    counts = Counter(view.verdict for view in folded)
    return PartView(
        title=title,
        basis=f"Measured on {bases.pop()}." if shared else "",
        items=tuple(view for view in views if view not in folded),
        folded=tuple(folded),
        folds=", ".join(f"{number} {verdict}" for verdict, number in counts.items()),
        measured=any(view.measured for view in views),
        pictures=any(view.picture for view in views),
    )


def _item(item: PlanItem, *, with_basis: bool) -> ItemView:
    shown = [one for one in item.measured if one.metric in SHOWN]
    lines = tuple(line for one in shown for line in (_line(one), *([f"({_basis(one)})"] if with_basis else [])))
    picture = str(item.settings.get("picture", ""))
    steps = item.settings.get("steps", ()) if item.kind == "order" else ()
    return ItemView(
        name=item.name,
        verdict=item.verdict,
        tone=TONES.get(item.verdict, "idle"),
        summary=item.summary.replace(" → ", "\N{NO-BREAK SPACE}→\N{NO-BREAK SPACE}"),
        steps=tuple(str(step) for step in steps),
        measured=lines,
        picture=picture if picture.startswith(PICTURE) else "",
    )


def _basis(measured: Measured) -> str:
    folds = f", {measured.folds} folds" if measured.folds else ""
    seeds = f", {len(measured.seeds)} seeds" if len(measured.seeds) > 1 else ""
    return f"{measured.n:,} samples{folds}{seeds}"


def _line(measured: Measured) -> str:
    baseline = "" if measured.baseline is None else f", without {measured.baseline:.3f}"
    return f"{str(measured).replace('/', ' in ').replace('_', ' ')}{baseline}"


def load_plan(folder: Path, fingerprint: Fingerprint | None) -> TrainingPlan | None:
    """Return the plan of a run folder; None where it has none, or one of the dataset as it was before.

    A plan that cannot be read does not keep the report from being read.
    """
    if not (folder / "plan.json").is_file():
        return None
    from datacheck.plan import TrainingPlan

    try:
        plan = TrainingPlan.load(folder)
    except StorageError:
        return None
    return plan if fingerprint is None or f"{fingerprint.identity:032x}" == plan.identity else None
