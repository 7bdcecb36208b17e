"""DC505: classes with far more doubtful labels than the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.labels.confident_learning import ConfidentLearning
from datacheck.labels.label_columns import ColumnDoubt, doubt_by_column
from datacheck.labels.rows import row_statistics
from datacheck.manifest import Task
from datacheck.probing.skill import MIN_SKILL
from datacheck.rules.base import CannotJudge, Rule, RuleContext
from datacheck.rules.label_columns import trusted_columns
from datacheck.rules.requirements import PROBE, SAMPLE_CLASSES
from datacheck.rules.shared import trusted
from datacheck.stats import proportion
from datacheck.text import listed, percent, percent_range


@dataclass(frozen=True)
class NoisyClass(Rule):
    """The labels of some classes are doubtful far more often than those of the others.

    What
    ----
    Estimates the share of doubtful labels among the samples of each class, and names the classes in which it is high
    and stands out.

    Why it hurts training
    ---------------------
    Wrong labels that are concentrated in one class move its boundary: the recall or precision of this class falls
    however long the model trains, and class weights make it worse.

    How it is measured
    ------------------
    By confident learning (Northcutt et al. 2021): among the samples that reach the mean self-confidence of some class
    out of sample, those with another label are doubtful. The share for each given class has Wilson's 95 % interval.
    Reported if its low end is at least ``min_share`` and at least ``ratio`` times the share in all other classes
    together. A probe with a skill below ``min_skill`` judges nothing. If the number of wrong labels is not known
    (DC501), no class is named; if there may be none, the finding is an info.

    Multilabel: each label in two directions, with intervals that hold for all of them together. It is missing: of the
    samples that confidently show it, those without it. It is there too often: of the samples with it, those that
    confidently do not show it. Reported if the low end is at least ``min_share`` and above the share in all other
    labels together, and if ``min_certain`` of the labels would be wrong by the most certain predictions alone: a label
    that is hard to see looks the same otherwise. A label is judged if its own skill reaches ``min_skill``.

    How to fix
    ----------
    First read the instruction for this class: a share far above the others comes more often from an unclear definition
    than from careless annotators. Then label the class again (the list of DC501, filtered by it).

    Example
    -------
    33 owls were labelled as foxes::

        DC505 12.7 % of the labels 'fox' are doubtful (95 % interval 9 to 17.6 %), against 0 % of all other labels
    """

    code: ClassVar[str] = "DC505"
    name: ClassVar[str] = "noisy-class"
    severity: ClassVar[Severity] = Severity.WARNING
    requires = (SAMPLE_CLASSES, PROBE)

    min_share: float = 0.05  # one label in twenty
    ratio: float = 2.0  # twice the others: the class is special, not the whole dataset
    min_certain: float = 0.12  # clean labels that are hard to see reach 0.115 in simulations
    min_skill: float = MIN_SKILL

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        if context.manifest.task is Task.MULTILABEL:
            return self._multilabel(context)
        found = trusted(context, min_skill=self.min_skill)
        counted = found.probe.label_yield
        if counted is not None and not counted.conclusive:
            raise CannotJudge(f"{counted.count_in_words()}, so it is not known for single classes either (see DC501)")
        guess = ConfidentLearning.of(row_statistics(found.probs, found.labels)).confident
        sure = guess >= 0
        shares = doubt_by_class(guess[sure] != found.labels[sure], found.labels[sure], len(found.classes))
        for one in shares:
            one["class"] = found.classes[one["class"]]
        noisy = [one for one in shares if one["low"] >= max(self.min_share, self.ratio * one["share_elsewhere"])]
        if not noisy:
            return Passed("no class has far more doubtful labels than the others")
        noisy.sort(key=lambda one: -one["low"])
        top = noisy[0]
        others = listed([one["class"] for one in noisy[1:]])
        finding = self.finding(
            f"{percent(top['share'])} of the labels {top['class']!r} are doubtful (95 % interval "
            f"{percent_range(top['low'], top['high'])}), against "
            f"{percent(top['share_elsewhere'])} of all other labels" + (f"; also {others}" if len(noisy) > 1 else ""),
            "make clear what the class means, then label it again first",
            severity=Severity.INFO if counted is not None and not counted.noise_is_evident else self.severity,
            evidence={"noisy": noisy, "by_class": shares},
            affected=int(sum(one["doubted"] for one in noisy)),
        )
        return Found((finding,))

    def _multilabel(self, context: RuleContext) -> Outcome:
        found, left_out = trusted_columns(context, min_skill=self.min_skill)
        doubts = doubt_by_column(found.probs, found.matrix)
        noisy = [
            one
            for one in doubts
            if one.share.low >= max(self.min_share, one.elsewhere) and one.among_certain >= self.min_certain
        ]
        if not noisy:
            return Passed(f"no label has far more doubtful samples than the others{left_out}")
        noisy.sort(key=lambda one: -one.share.low)
        top = noisy[0]
        name = found.classes[top.column]
        what = f"of the samples that show {name!r} lack it" if top.missing else f"of the labels {name!r} are doubtful"
        others = listed(list(dict.fromkeys(found.classes[one.column] for one in noisy if one.column != top.column)))
        finding = self.finding(
            f"{percent(top.share.value)} {what} (95 % interval for all labels together "
            f"{percent_range(top.share.low, top.share.high)}), against {percent(top.elsewhere)} for all other labels"
            + (f"; also {others}" if others != "none" else "")
            + left_out,
            "make clear when a sample gets this label, then label it again first",
            evidence={"noisy": [_named(one, found.classes) for one in noisy],
                      "by_label": [_named(one, found.classes) for one in doubts]},
            affected=sum(one.doubted for one in noisy),
        )  # fmt: skip
        return Found((finding,))


def _named(one: ColumnDoubt, classes: tuple[str, ...]) -> dict[str, Any]:
    return {
        "class": classes[one.column],
        "direction": "missing" if one.missing else "too many",
        "n": one.share.n,
        "doubted": one.doubted,
        "share": one.share.value if one.share.n else 0.0,
        "low": one.share.low,
        "high": one.share.high,
        "share_elsewhere": one.elsewhere,
        "among_certain": one.among_certain,
    }


def doubt_by_class(
    doubted: NDArray[np.bool_], labels: NDArray[np.integer[Any]], n_classes: int
) -> list[dict[str, Any]]:
    """Return the share of doubted labels per given class with its interval, and the share in all other classes.

    Examples
    --------
    >>> shares = doubt_by_class(np.repeat([True, False], 50), np.repeat([0, 1], 50), 2)
    >>> shares[0]["share"], shares[1]["share"]
    (1.0, 0.0)
    """
    sizes = np.bincount(labels, minlength=n_classes)
    counts = np.bincount(labels[doubted], minlength=n_classes)
    found = []
    for label in range(n_classes):
        interval = proportion(int(counts[label]), int(sizes[label]))
        others = max(1, int(sizes.sum() - sizes[label]))
        found.append(
            {
                "class": label,
                "n": int(sizes[label]),
                "doubted": int(counts[label]),
                "share": interval.value if sizes[label] else 0.0,
                "low": interval.low,
                "high": interval.high,
                "share_elsewhere": float((counts.sum() - counts[label]) / others),
            }
        )
    return found
