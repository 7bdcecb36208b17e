"""Does an augmentation keep the labels, and does training with it help? The arithmetic of the verdicts; no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from datacheck.plan.candidates import Candidate, describe
from datacheck.plan.evidence import Gains, balanced_accuracy, paired_gains
from datacheck.plan.items import Measured, PlanItem

TOLERANCE = 0.1
"""A class keeps its label unless its recall on altered images drops by more than this, beyond doubt."""

TURNED = 0.15
"""... and more than this share of them is taken for one other class, beyond doubt and beyond what is usual."""

UNFAMILIAR = 0.05
"""Where a model that has trained on altered images misses no more than this, the drop was unfamiliarity alone."""

MATTERS = 0.01
"""Losses in accuracy, or in a class's recall, below this are not warned of, however certain: a small model pays about
that much for seeing more variety than it can hold."""

FEW = 10
"""Classes of fewer samples are not judged by themselves."""


@dataclass(frozen=True)
class Outcome:
    """What the held-out samples were taken for; class codes [S, N].

    Attributes
    ----------
    candidate
        The augmentation.
    altered
        Altered samples, by a model that was trained without the augmentation.
    trained
        Untouched samples, by a model that was trained with it.
    both
        Altered samples, by a model that was trained with it.
    seconds
        Wall time of both.
    """

    candidate: Candidate
    altered: NDArray[np.int64]
    trained: NDArray[np.int64]
    both: NDArray[np.int64]
    seconds: float = 0.0


@dataclass(frozen=True)
class Classwise:
    """A change of each class's recall with an interval that holds for all classes and candidates; each [K]."""

    value: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


@dataclass(frozen=True)
class Setting:
    """What all outcomes share.

    Attributes
    ----------
    codes, classes
        Class of each sample; names.
    clean
        What the untouched held-out samples were taken for by a model without the augmentation; [S, N].
    model, n_folds, seeds
        How it was made.
    """

    codes: NDArray[np.int64]
    classes: tuple[str, ...]
    clean: NDArray[np.int64]
    model: str
    n_folds: int
    seeds: tuple[int, ...]

    @property
    def shares(self) -> NDArray[np.float64]:
        """Every class weighs the same."""
        return np.full(len(self.classes), 1 / len(self.classes))

    def accuracy(self, predicted: NDArray[np.int64]) -> float:
        """Balanced accuracy over all seeds."""
        return balanced_accuracy((predicted == self.codes).mean(axis=0), self.codes, self.shares)


def class_changes(
    differences: NDArray[np.floating[Any]], codes: NDArray[np.integer[Any]], n_classes: int, n_comparisons: int
) -> Classwise:
    """Return the mean change of each class with Bonferroni's interval over ``n_comparisons``.

    Parameters
    ----------
    differences
        Of each sample, in [-1, 1]; shape [N].
    codes
        Class of each sample.
    n_classes, n_comparisons
        How many classes there are, and how many intervals shall hold at once.

    Examples
    --------
    >>> found = class_changes(np.r_[np.full(50, -1.0), np.zeros(50)], np.repeat([0, 1], 50), 2, 2)
    >>> found.value.tolist(), bool(found.high[0] < -0.5)
    ([-1.0, 0.0], True)
    """
    counts = np.bincount(codes, minlength=n_classes)
    safe = np.maximum(counts, 1)
    mean = np.bincount(codes, differences, n_classes) / safe
    squares = np.bincount(codes, (differences - mean[codes]) ** 2, n_classes)
    # Two more samples that disagree, one each way: no class of agreeing samples is ever certain.
    variance = (squares + 1.0) / (safe + 2)
    reach = stats.norm.isf(0.025 / max(1, n_comparisons))
    half = np.where(counts >= FEW, reach * np.sqrt(variance / safe), np.inf)
    return Classwise(mean, mean - half, mean + half)


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
    gains = paired_gains(right - before, setting.codes, setting.shares, seed=seed)
    kept = paired_gains(
        np.stack([(one.altered == setting.codes).astype(np.float64) for one in outcomes]) - before,
        setting.codes,
        setting.shares,
        seed=seed,
    )
    n_comparisons = len(outcomes) * len(setting.classes)
    return tuple(
        _judge(setting, outcome, gains, kept, number, n_comparisons) for number, outcome in enumerate(outcomes)
    )


def _judge(setting: Setting, outcome: Outcome, gains: Gains, kept: Gains, number: int, n_comparisons: int) -> PlanItem:
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
    verdict, avoided = _verdict(gains, number, broken, harmed, in_training.value)
    turns = [turn_of(setting, outcome, int(code)) for code in np.flatnonzero(lost)]
    turns.sort(key=lambda turn: -turn["share"])
    names = tuple(setting.classes[code] for code in np.flatnonzero(avoided)) if not avoided.all() else ()
    measured = _measured(setting, outcome, gains, kept, number, on_altered, lost)
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


def _measured(
    setting: Setting,
    outcome: Outcome,
    gains: Gains,
    kept: Gains,
    number: int,
    on_altered: Classwise,
    broken: NDArray[np.bool_],
) -> tuple[Measured, ...]:
    common: dict[str, Any] = {
        "n": len(setting.codes),
        "folds": setting.n_folds,
        "seeds": setting.seeds,
        "seconds": outcome.seconds,
    }
    before = setting.accuracy(setting.clean)
    found = [
        Measured(
            metric="gain/balanced_accuracy",
            value=float(gains.value[number]),
            low=float(gains.low[number]),
            high=float(gains.high[number]),
            baseline=before,
            method=f"{setting.model}, trained with and without on the same folds, judged on untouched held-out "
            f"samples; {gains.method}",
            **common,
        ),
        Measured(
            metric="label_preservation",
            value=before + float(kept.value[number]),
            low=before + float(kept.low[number]),
            high=before + float(kept.high[number]),
            baseline=before,
            method=f"{setting.model}, trained without, judged on altered held-out samples; balanced accuracy; "
            f"{kept.method}",
            **common,
        ),
    ]
    counts = np.bincount(setting.codes, minlength=len(setting.classes))
    recalls = np.bincount(setting.codes, (setting.clean == setting.codes).mean(axis=0), len(setting.classes))
    for code in np.flatnonzero(broken)[:50]:
        own = float(recalls[code] / counts[code])
        found.append(
            Measured(
                metric=f"label_preservation/{setting.classes[code]}",
                value=own + float(on_altered.value[code]),
                low=max(0.0, own + float(on_altered.low[code])),
                high=min(1.0, own + float(on_altered.high[code])),
                baseline=own,
                method=f"{setting.model}, trained without; recall of altered samples; Bonferroni over all "
                "classes and candidates",
                **{**common, "n": int(counts[code])},
            )
        )
    return tuple(found)


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
    gains = paired_gains((after - before)[None], setting.codes[inside], shares)
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
