"""Does an augmentation keep the labels, and does training with it help? The arithmetic of the verdicts; no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.plan.augment.candidates import describe
from datacheck.plan.augment.outcomes import Classwise, Outcome, Setting, class_changes
from datacheck.plan.cohort import balanced_accuracy
from datacheck.plan.items import Measured, PlanItem
from datacheck.stats import Gains, Interval, simultaneous_gains

Mask = NDArray[np.bool_]

TOLERANCE = 0.1
"""A class keeps its label unless its recall on altered images drops significantly by more than this: less is what
blurred and cut images cost without becoming another class."""

TURNED = 0.15
"""... and significantly more than this share of them than usual is predicted as one other class."""

UNFAMILIAR = 0.05
"""Where a model that was trained on altered images loses no more than this, the drop was unfamiliarity alone."""

MATTERS = 0.01
"""Losses in accuracy, or in a class's recall, below this are not warned of, however certain: a small model pays about
that much for seeing more variety than it can hold."""

BEARABLE = 0.03
"""Without a gain, an augmentation is harmless only where a larger loss in accuracy is ruled out."""

RARE = 0.5
"""Classes of less than this share of the mean count are rare."""

NAMED = 5
"""A sentence names at most this many classes, ..."""

TURNS = 3
"""... and this many confusions."""

LISTED = 50
"""An item lists at most this many classes, ..."""

LISTED_TURNS = 20
"""... and this many confusions."""


@dataclass(frozen=True)
class Overall:
    """Gains in balanced accuracy of each candidate over the untouched samples without it.

    Attributes
    ----------
    trained
        Untouched samples, trained with the augmentation.
    altered
        Altered samples, trained without it.
    both
        Altered samples, trained with it.
    """

    trained: Gains
    altered: Gains
    both: Gains


def augment_items(setting: Setting, outcomes: Sequence[Outcome], *, seed: int = 0) -> tuple[PlanItem, ...]:
    """Judge every candidate: use, harmless, cannot tell, or avoid (for these classes).

    * ``use``: training with it gains, its simultaneous interval lying above 0. Left out are classes whose recall it
      lowers, and classes whose labels it does not keep and which gain nothing.
    * ``avoid``: training with it loses `MATTERS` or more, significantly; or, without a gain, it does not keep the
      labels of some classes, or lowers their recall in training by as much.
    * ``harmless``: neither, and a loss of more than `BEARABLE` is ruled out.
    * ``cannot tell``: neither, and the interval holds a larger loss.

    A class's label is not kept where its recall on altered samples drops significantly by more than `TOLERANCE`,
    significantly more than `TURNED` of them are predicted as one other class, and a model that was trained on altered
    samples loses more than `UNFAMILIAR` as well: what such a model still predicts right was unfamiliar, not lost.
    """
    if not outcomes:
        return ()
    overall = Overall(
        setting.gains([one.trained for one in outcomes], seed=seed),
        setting.gains([one.altered for one in outcomes], seed=seed),
        setting.gains([one.both for one in outcomes], seed=seed),
    )
    return tuple(_judge(setting, outcomes, overall, number) for number in range(len(outcomes)))


def _judge(setting: Setting, outcomes: Sequence[Outcome], overall: Overall, number: int) -> PlanItem:
    outcome, n_comparisons = outcomes[number], len(outcomes) * len(setting.classes)
    on_altered = setting.changes(outcome.altered, n_comparisons)
    in_training = setting.changes(outcome.trained, n_comparisons)
    familiar = setting.changes(outcome.both, n_comparisons)
    lost = (on_altered.high < -TOLERANCE) & turned_classes(setting, outcome, n_comparisons)
    broken = lost & (familiar.value < -UNFAMILIAR)
    harmed = (in_training.high < 0) & (in_training.value <= -MATTERS)
    verdict, avoided = _verdict(overall.trained, number, broken, harmed, in_training.value)
    turns = sorted(
        (turn_of(setting, outcome, int(code)) for code in np.flatnonzero(lost)), key=lambda turn: -turn["share"]
    )
    names = [setting.classes[code] for code in np.flatnonzero(avoided)]
    return PlanItem(
        kind="augment",
        name=outcome.candidate.name,
        verdict=verdict,
        classes=tuple(names) if verdict == "avoid" and not avoided.all() else (),
        summary=_summary(outcome, verdict, "" if avoided.all() else _named(names), turns),
        settings={
            **outcome.candidate.to_json(),
            "avoid_classes": names,
            "turns": turns[:LISTED_TURNS],
            "applied": False,
        },
        measured=(
            *_overall(setting, outcome, overall, number),
            *_of_classes(setting, outcome, "label_preservation", on_altered, lost),
            *_of_classes(setting, outcome, "gain/recall", in_training, harmed),
        ),
    )


def _verdict(gains: Gains, number: int, broken: Mask, harmed: Mask, change: NDArray[np.float64]) -> tuple[str, Mask]:
    """Return the verdict, and the classes that are left out or warned of."""
    if gains.better()[number]:
        return "use", harmed | (broken & (change <= 0))
    everyone = np.ones(len(broken), dtype=bool)
    if gains.worse()[number] and gains.value[number] <= -MATTERS:
        return "avoid", everyone
    touched = broken | harmed
    if touched.any():
        return "avoid", everyone if touched.mean() > 0.5 else touched
    return "harmless" if gains.low[number] > -BEARABLE else "cannot tell", touched


def turned_classes(setting: Setting, outcome: Outcome, n_comparisons: int) -> Mask:
    """Return of which classes significantly more than `TURNED` are predicted as one other class; shape [K]."""
    n_classes = len(setting.classes)
    found = np.zeros(n_classes, dtype=bool)
    for into in range(n_classes):
        more = (outcome.altered == into).mean(axis=0) - (setting.clean == into).mean(axis=0)
        low = class_changes(more, setting.codes, n_classes, n_comparisons * n_classes).low
        found |= (low > TURNED) & (np.arange(n_classes) != into)
    return found


def turn_of(setting: Setting, outcome: Outcome, code: int) -> dict[str, Any]:
    """Return what a class turns into: the class that altered samples are predicted as more often than usual.

    ``share`` is the share of altered samples that are predicted as it, ``usual`` that of untouched ones.
    """
    own, n_classes = setting.codes == code, len(setting.classes)
    altered = np.bincount(outcome.altered[:, own].ravel(), minlength=n_classes) / outcome.altered[:, own].size
    usual = np.bincount(setting.clean[:, own].ravel(), minlength=n_classes) / setting.clean[:, own].size
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


def _overall(setting: Setting, outcome: Outcome, overall: Overall, number: int) -> list[Measured]:
    before = setting.accuracy(setting.clean)
    parts = (
        (
            "gain/balanced_accuracy",
            0.0,
            overall.trained,
            "trained with and without on the same folds, tested on untouched",
        ),
        ("label_preservation", before, overall.altered, "trained without, tested on altered"),
        ("label_preservation_when_trained_with", before, overall.both, "trained with, tested on altered"),
    )
    found = []
    for metric, start, gains, how in parts:
        gain = gains.interval(number)
        moved = replace(gain, value=start + gain.value, low=start + gain.low, high=start + gain.high)
        how = f"{how} held-out samples; balanced accuracy"
        found.append(setting.measured(metric, moved, how, outcome.seconds, before))
    return found


def _of_classes(setting: Setting, outcome: Outcome, metric: str, changes: Classwise, chosen: Mask) -> list[Measured]:
    """Return the recall of the chosen classes on altered samples, or how training with them changes it."""
    counts = np.bincount(setting.codes, minlength=len(setting.classes))
    recalls = np.bincount(setting.codes, setting.before.mean(axis=0), len(setting.classes)) / np.maximum(counts, 1)
    is_gain = metric.startswith("gain/")
    tested = "with and without, tested on untouched" if is_gain else "without, tested on altered"
    how = f"trained {tested} samples; recall of the class; Bonferroni over all classes and candidates"
    found = []
    for code in np.flatnonzero(chosen)[:LISTED]:
        own = float(recalls[code])
        start, least, most = (0.0, -1.0, 1.0) if is_gain else (own, 0.0, 1.0)
        value, low, high = (start + float(part[code]) for part in (changes.value, changes.low, changes.high))
        estimate = Interval(value, max(least, low), min(most, high), n=int(counts[code]))
        found.append(setting.measured(f"{metric}/{setting.classes[code]}", estimate, how, outcome.seconds, own))
    return found


def _summary(outcome: Outcome, verdict: str, named: str, turns: list[dict[str, Any]]) -> str:
    """Return what is done and what speaks against it; ``named`` are the classes, empty for all of them."""
    text = describe(outcome.candidate)
    if verdict == "use":
        return text + (f", but not for {named}" if named else "")
    if verdict == "avoid":
        shown = ", ".join(f"{turn['from']} → {turn['into']} ({turn['share']:.0%})" for turn in turns[:TURNS])
        more = f" and {len(turns) - TURNS} more" if len(turns) > TURNS else ""
        why = f"it turns {shown}{more}" if turns else "training with it lowers the accuracy"
        return f"{text}: avoid{f' for {named}' if named else ''}; {why}"
    if verdict == "cannot tell":
        return f"{text}: no gain was found, and a loss of more than {100 * BEARABLE:.0f} % is not ruled out"
    return text


def _named(names: Sequence[str]) -> str:
    return ", ".join(names[:NAMED]) + (" …" if len(names) > NAMED else "")


def choose_applied(items: Sequence[PlanItem]) -> list[PlanItem]:
    """Return the items to combine: of each family the used one of the largest gain, largest first."""
    best: dict[str, PlanItem] = {}
    for item in sorted(items, key=lambda one: -one.value):
        if item.verdict == "use":
            best.setdefault(str(item.settings["family"]), item)
    return list(best.values())


def mark_applied(items: Sequence[PlanItem], names: Sequence[str]) -> tuple[PlanItem, ...]:
    """Return the items, those of some names marked as applied by the plan's transform."""
    return tuple(replace(item, settings={**item.settings, "applied": item.name in names}) for item in items)


def combined_item(setting: Setting, whole: Outcome, best: Outcome, names: Sequence[str], seed: int) -> PlanItem:
    """Say whether all used augmentations together are better than the best of them alone."""
    gains = setting.gains([whole.trained, best.trained], seed=seed)
    better = bool(gains.better()[0]) and gains.value[0] >= gains.value[1]
    text = ", ".join(names)
    measured = setting.measured(
        "gain/balanced_accuracy",
        gains.interval(0),
        "trained on two draws of the whole transform",
        whole.seconds,
        setting.accuracy(setting.clean),
    )
    return PlanItem(
        kind="augment",
        name="combined",
        verdict="use" if better else "harmless",
        summary=f"together ({text}): better than the best alone"
        if better
        else f"together ({text}): no better than {names[0]} alone, which is what the transform applies",
        settings={"names": list(names)},
        measured=(measured,),
    )


def minority_item(setting: Setting, outcome: Outcome, label: str) -> PlanItem | None:
    """Say what augmenting does for the rare classes; None where there are none."""
    counts = np.bincount(setting.codes, minlength=len(setting.classes))
    rare = (counts > 0) & (counts < RARE * counts[counts > 0].mean())
    if not rare.any():
        return None
    inside, shares = rare[setting.codes], rare / rare.sum()
    codes, before = setting.codes[inside], setting.before[:, inside]
    gains = simultaneous_gains((setting.right(outcome.trained)[:, inside] - before)[None], codes, shares)
    names = [setting.classes[code] for code in np.flatnonzero(rare)]
    helps = bool(gains.better()[0])
    estimate = replace(gains.interval(0), n=int(inside.sum()))
    baseline = balanced_accuracy(before.mean(axis=0), codes, shares)
    advice = "a sampler that repeats them gains from it" if helps else "collect more of them"
    return PlanItem(
        kind="augment",
        name="minority",
        verdict="use" if helps else "harmless",
        classes=tuple(names),
        summary=f"rare classes ({_named(names)}): {'a' if helps else 'no'} significant gain from {label}; {advice}",
        measured=(
            setting.measured("gain/rare_class_recall", estimate, "trained with and without", outcome.seconds, baseline),
        ),
    )
