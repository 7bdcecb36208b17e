"""Does an augmentation keep the labels, and does training with it help? The arithmetic of the verdicts; no torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.plan.candidates import Candidate, describe
from datacheck.plan.items import Measured, PlanItem
from datacheck.plan.outcomes import Classwise, Outcome, Setting, class_changes
from datacheck.stats import Gains, simultaneous_gains

TOLERANCE = 0.1
"""A class keeps its label unless its recall on altered images drops by more than this, beyond doubt."""

TURNED = 0.15
"""... and more than this share of them is taken for one other class, beyond doubt and beyond what is usual."""

UNFAMILIAR = 0.05
"""Where a model that has trained on altered images misses no more than this, the drop was unfamiliarity alone."""

MATTERS = 0.01
"""Losses in accuracy, or in a class's recall, below this are not warned of, however certain: a small model pays about
that much for seeing more variety than it can hold."""


def augment_items(setting: Setting, outcomes: Sequence[Outcome], *, seed: int = 0) -> tuple[PlanItem, ...]:
    """Judge every candidate: use, harmless, or avoid (for these classes).

    * ``use``: training with it gains, its simultaneous interval lying above 0. Spared are classes whose recall it
      harms, and classes whose labels it does not keep and which gain nothing.
    * ``avoid``: training with it loses `MATTERS` or more, beyond doubt that it loses; or, without a gain, it does not
      keep the labels of some classes, or harms their recall in training by as much.
    * ``harmless``: neither.

    A class's label is not kept where its recall on altered samples drops by more than `TOLERANCE` beyond doubt, more
    than `TURNED` of them turn into one other class beyond doubt, and a model that has trained on altered samples misses
    more than `UNFAMILIAR` as well: what such a model can still tell was not lost but unfamiliar.
    """
    if not outcomes:
        return ()
    right = np.stack([(one.trained == setting.codes).astype(np.float64) for one in outcomes])
    before = (setting.clean == setting.codes).astype(np.float64)
    gains = simultaneous_gains(right - before, setting.codes, setting.shares, seed=seed)
    kept = simultaneous_gains(
        np.stack([(one.altered == setting.codes).astype(np.float64) for one in outcomes]) - before,
        setting.codes,
        setting.shares,
        seed=seed,
    )
    familiar = simultaneous_gains(
        np.stack([(one.both == setting.codes).astype(np.float64) for one in outcomes]) - before,
        setting.codes,
        setting.shares,
        seed=seed,
    )
    n_comparisons = len(outcomes) * len(setting.classes)
    return tuple(
        _judge(setting, outcome, (gains, kept, familiar), number, n_comparisons)
        for number, outcome in enumerate(outcomes)
    )


def _judge(
    setting: Setting, outcome: Outcome, overall: tuple[Gains, Gains, Gains], number: int, n_comparisons: int
) -> PlanItem:
    n_classes = len(setting.classes)
    before = (setting.clean == setting.codes).mean(axis=0)
    on_altered = class_changes(
        (outcome.altered == setting.codes).mean(axis=0) - before, setting.codes, n_classes, n_comparisons
    )
    in_training = class_changes(
        (outcome.trained == setting.codes).mean(axis=0) - before, setting.codes, n_classes, n_comparisons
    )
    familiar = class_changes(
        (outcome.both == setting.codes).mean(axis=0) - before, setting.codes, n_classes, n_comparisons
    )
    turned = turned_classes(setting, outcome, n_comparisons)
    lost = (on_altered.high < -TOLERANCE) & turned
    broken = lost & (familiar.value < -UNFAMILIAR)
    harmed = (in_training.high < 0) & (in_training.value <= -MATTERS)
    verdict, avoided = _verdict(overall[0], number, broken, harmed, in_training.value)
    turns = [turn_of(setting, outcome, int(code)) for code in np.flatnonzero(lost)]
    turns.sort(key=lambda turn: -turn["share"])
    names = tuple(setting.classes[code] for code in np.flatnonzero(avoided)) if not avoided.all() else ()
    measured = (
        *_overall(setting, outcome, overall, number),
        *_of_classes(setting, outcome, "label_preservation", on_altered, lost),
        *_of_classes(setting, outcome, "gain/recall", in_training, harmed),
    )
    settings = {
        **outcome.candidate.to_json(),
        "avoid_classes": [setting.classes[code] for code in np.flatnonzero(avoided)],
        "turns": turns[:20],
        "applied": False,
    }
    return PlanItem(
        kind="augment",
        name=outcome.candidate.name,
        verdict=verdict,
        classes=names if verdict == "avoid" else (),
        summary=_summary(outcome.candidate, verdict, avoided, turns, setting),
        settings=settings,
        measured=measured,
    )


def _verdict(
    gains: Gains, number: int, broken: NDArray[np.bool_], harmed: NDArray[np.bool_], change: NDArray[np.float64]
) -> tuple[str, NDArray[np.bool_]]:
    """Return the verdict and the classes that are spared or warned of."""
    if gains.better()[number]:
        return "use", harmed | (broken & (change <= 0))
    everyone = np.ones(len(broken), dtype=bool)
    if gains.worse()[number] and gains.value[number] <= -MATTERS:
        return "avoid", everyone
    touched = broken | harmed
    if touched.any():
        return "avoid", everyone if touched.mean() > 0.5 else touched
    return "harmless", touched


def turned_classes(setting: Setting, outcome: Outcome, n_comparisons: int) -> NDArray[np.bool_]:
    """Return which classes turn into one other class by more than `TURNED` beyond doubt; shape [K]."""
    n_classes = len(setting.classes)
    found = np.zeros(n_classes, dtype=bool)
    for into in range(n_classes):
        more = (outcome.altered == into).mean(axis=0) - (setting.clean == into).mean(axis=0)
        low = class_changes(more, setting.codes, n_classes, n_comparisons * n_classes).low
        found |= (low > TURNED) & (np.arange(n_classes) != into)
    return found


def turn_of(setting: Setting, outcome: Outcome, code: int) -> dict[str, Any]:
    """Return what a class turns into: the class that altered samples are most often taken for beyond the usual.

    ``share`` is the share of altered samples taken for it, ``usual`` that of untouched ones.
    """
    own = setting.codes == code
    altered = (
        np.bincount(outcome.altered[:, own].ravel(), minlength=len(setting.classes)) / outcome.altered[:, own].size
    )
    usual = np.bincount(setting.clean[:, own].ravel(), minlength=len(setting.classes)) / setting.clean[:, own].size
    excess = altered - usual
    excess[code] = -np.inf
    into = int(excess.argmax())
    return {
        "from": setting.classes[code],
        "into": setting.classes[into],
        "share": round(float(altered[into]), 4),
        "usual": round(float(usual[into]), 4),
        "n": int(own.sum()),
    }


def _common(setting: Setting, outcome: Outcome) -> dict[str, Any]:
    return {
        "n": len(setting.codes),
        "folds": setting.n_folds,
        "seeds": setting.seeds,
        "seconds": outcome.seconds,
    }


def _overall(
    setting: Setting, outcome: Outcome, overall: tuple[Gains, Gains, Gains], number: int
) -> tuple[Measured, ...]:
    before = setting.accuracy(setting.clean)
    told = (
        ("gain/balanced_accuracy", 0.0, "trained with and without on the same folds, judged on untouched"),
        ("label_preservation", before, "trained without, judged on altered"),
        ("label_preservation_when_trained_with", before, "trained with, judged on altered"),
    )
    return tuple(
        Measured(
            metric=metric,
            value=start + float(found.value[number]),
            low=start + float(found.low[number]),
            high=start + float(found.high[number]),
            baseline=before,
            method=f"{setting.model}, {how} held-out samples; balanced accuracy; {found.method}",
            **_common(setting, outcome),
        )
        for (metric, start, how), found in zip(told, overall, strict=True)
    )


def _of_classes(
    setting: Setting, outcome: Outcome, metric: str, changes: Classwise, chosen: NDArray[np.bool_]
) -> list[Measured]:
    """Return the recall of the chosen classes on altered samples, or how training with them changes it."""
    counts = np.bincount(setting.codes, minlength=len(setting.classes))
    recalls = np.bincount(setting.codes, (setting.clean == setting.codes).mean(axis=0), len(setting.classes))
    gain = metric.startswith("gain/")
    how = (
        "trained with and without, judged on untouched samples"
        if gain
        else "trained without, judged on altered samples"
    )
    found = []
    for code in np.flatnonzero(chosen)[:50]:
        own = float(recalls[code] / counts[code])
        start, least, most = (0.0, -1.0, 1.0) if gain else (own, 0.0, 1.0)
        found.append(
            Measured(
                metric=f"{metric}/{setting.classes[code]}",
                value=start + float(changes.value[code]),
                low=max(least, start + float(changes.low[code])),
                high=min(most, start + float(changes.high[code])),
                baseline=own,
                method=f"{setting.model}, {how}; recall of the class; Bonferroni over all classes and candidates",
                **{**_common(setting, outcome), "n": int(counts[code])},
            )
        )
    return found


def _summary(
    candidate: Candidate, verdict: str, avoided: NDArray[np.bool_], turns: list[dict[str, Any]], setting: Setting
) -> str:
    text = describe(candidate)
    named = ", ".join(f"{turn['from']} → {turn['into']} ({turn['share']:.0%})" for turn in turns[:3])
    more = f" and {len(turns) - 3} more" if len(turns) > 3 else ""
    spared = [setting.classes[code] for code in np.flatnonzero(avoided)]
    if verdict == "use":
        return text + (f", but not for {', '.join(spared[:5])}" if spared else "")
    if verdict == "avoid":
        whom = "" if avoided.all() else f" for {', '.join(spared[:5])}{' …' if len(spared) > 5 else ''}"
        return f"{text}: avoid{whom}" + (f"; it turns {named}{more}" if turns else "; training with it loses")
    return text
