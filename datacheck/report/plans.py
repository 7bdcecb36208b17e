"""The plan's part of the HTML report: what is shown of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datacheck.errors import StorageError
from datacheck.plan.items import KINDS, Measured, PlanItem

if TYPE_CHECKING:
    from datacheck.fingerprint import Fingerprint
    from datacheck.plan import TrainingPlan

PICTURE = "data:image/jpeg;base64,"
ORDER = ("none helps", "use", "do", "avoid", "harmless", "nothing to do", "not measured")
SHOWN = ("gain/balanced_accuracy", "gain/accuracy_at_deployment", "gain/log_likelihood",
         "gain/expected_balanced_accuracy", "gain/expected_accuracy_at_deployment", "label_preservation",
         "worst_class_recall", "calibration_error", "gain/rare_class_recall", "gain/recall_when_doubled",
         "estimated_label_errors", "queue_precision", "samples_across_splits",
         "classes_missing_from_a_split")  # fmt: skip


@dataclass(frozen=True)
class ItemView:
    """One row: ``picture`` is a data URI, or empty."""

    name: str
    verdict: str
    summary: str
    measured: tuple[str, ...]
    picture: str


@dataclass(frozen=True)
class PartView:
    """One table, and whether it has a column of measurements and of pictures."""

    title: str
    items: tuple[ItemView, ...]
    measured: bool
    pictures: bool


def plan_view(plan: Any) -> tuple[PartView, ...]:
    """Return what the report shows of a plan, part by part; nothing where there is none."""
    if plan is None:
        return ()
    from datacheck.plan.show import TITLES

    parts = []
    for kind in KINDS:
        items = sorted(plan.by_kind(kind), key=lambda item: ORDER.index(item.verdict))
        views = tuple(_item(item) for item in items)
        if views:
            measured, pictures = any(view.measured for view in views), any(view.picture for view in views)
            parts.append(PartView(TITLES[kind], views, measured, pictures))
    return tuple(parts)


def _item(item: PlanItem) -> ItemView:
    lines = tuple(_line(one) for one in item.measured if one.metric in SHOWN)
    picture = str(item.settings.get("picture", ""))
    return ItemView(item.name, item.verdict, item.summary, lines, picture if picture.startswith(PICTURE) else "")


def _line(measured: Measured) -> str:
    baseline = "" if measured.baseline is None else f", without {measured.baseline:.3f}"
    seeds = f", {len(measured.seeds)} seeds" if len(measured.seeds) > 1 else ""
    return f"{str(measured).replace('/', ' in ').replace('_', ' ')}{baseline} (n {measured.n:,}{seeds})"


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
