"""Which of the used augmentations the plan's transform applies, and what that does for rare classes; no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from datacheck.plan.evidence import balanced_accuracy
from datacheck.plan.items import Measured, PlanItem
from datacheck.plan.outcomes import Outcome, Setting
from datacheck.stats import simultaneous_gains


def choose_applied(items: Sequence[PlanItem]) -> list[PlanItem]:
    """Return the items to combine: of each family the used one of the largest gain, largest first."""
    best: dict[str, PlanItem] = {}
    for item in sorted(items, key=lambda one: -(one.measured[0].value or 0)):
        if item.verdict == "use":
            best.setdefault(str(item.settings["family"]), item)
    return list(best.values())


def mark_applied(items: Sequence[PlanItem], names: Sequence[str]) -> tuple[PlanItem, ...]:
    """Return the items, those of some names marked as applied by the plan's transform."""
    return tuple(
        replace(item, settings={**item.settings, "applied": item.name in names}) if item.kind == "augment" else item
        for item in items
    )


def minority_item(setting: Setting, outcome: Outcome, label: str) -> PlanItem | None:
    """Say what augmenting does for the classes of less than half of the mean count; None where there is none."""
    counts = np.bincount(setting.codes, minlength=len(setting.classes))
    rare = (counts > 0) & (counts < 0.5 * counts[counts > 0].mean())
    if not rare.any():
        return None
    shares = rare / rare.sum()
    inside = rare[setting.codes]
    before = (setting.clean[:, inside] == setting.codes[inside]).astype(np.float64)
    after = (outcome.trained[:, inside] == setting.codes[inside]).astype(np.float64)
    gains = simultaneous_gains((after - before)[None], setting.codes[inside], shares)
    names = [setting.classes[code] for code in np.flatnonzero(rare)]
    measured = Measured(
        metric="gain/rare_class_recall",
        value=float(gains.value[0]),
        low=float(gains.low[0]),
        high=float(gains.high[0]),
        baseline=balanced_accuracy(before.mean(axis=0), setting.codes[inside], shares),
        n=int(inside.sum()),
        folds=setting.n_folds,
        seeds=setting.seeds,
        seconds=outcome.seconds,
        method=f"{setting.model}; {gains.method}",
    )
    helps = bool(gains.better()[0])
    listed = ", ".join(names[:5])
    return PlanItem(
        kind="augment",
        name="minority",
        verdict="use" if helps else "harmless",
        classes=tuple(names),
        summary=f"rare classes ({listed}) gain from {label}: repeat them in the sampler rather than leave them few"
        if helps
        else f"rare classes ({listed}) gain nothing beyond doubt from {label}: collect more of them",
        settings={},
        measured=(measured,),
    )
