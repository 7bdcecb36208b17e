"""How well each annotator does: against the others, and against the known answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from datacheck.relabel.answers import AnswerType

DISPUTED = "disputed"
"""The decision where no answer has more votes than every other."""


@dataclass(frozen=True)
class AnnotatorQuality:
    """How well one annotator does.

    Attributes
    ----------
    answers, skips
        How many labels and how many skips they gave.
    agreement
        Share of their labels that equal the majority of the others' (NaN where nobody else answered).
    gold_right, gold_asked
        Answers to gold items that were right, and all answers to gold items.
    quality
        CROWDLAB's estimate of their accuracy where it ran, NaN otherwise.
    """

    answers: int
    skips: int
    agreement: float
    gold_right: int
    gold_asked: int
    quality: float


def annotator_quality(
    by_sample: Mapping[str, Sequence[Mapping[str, Any]]],
    items: Mapping[str, Mapping[str, Any]],
    estimated: Mapping[str, float],
) -> dict[str, AnnotatorQuality]:
    """Measure each annotator against the others and against the gold items; ``estimated`` is CROWDLAB's quality."""
    names = sorted({row["annotator"] for rows in by_sample.values() for row in rows})
    labels, skips, gold_right, gold_asked = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    agreed: dict[str, list[bool]] = {name: [] for name in names}
    for sample_id, rows in by_sample.items():
        gold = items[sample_id]["gold"]
        for row in rows:
            name = row["annotator"]
            if row["answer"] == AnswerType.SKIP.value:
                skips[name] += 1
                continue
            labels[name] += row["answer"] == AnswerType.LABEL.value
            if gold is not None:
                gold_asked[name] += 1
                gold_right[name] += row["label"] == gold
            decision, others, _ = majority([other for other in rows if other["annotator"] != name])
            if decision == AnswerType.LABEL.value and row["answer"] == AnswerType.LABEL.value:
                agreed[name].append(row["label"] == others)
    return {
        name: AnnotatorQuality(
            answers=labels[name],
            skips=skips[name],
            agreement=float(np.mean(agreed[name])) if agreed[name] else float("nan"),
            gold_right=gold_right[name],
            gold_asked=gold_asked[name],
            quality=estimated.get(name, float("nan")),
        )
        for name in names
    }


def majority(rows: Sequence[Mapping[str, Any]]) -> tuple[str, str | None, float]:
    """Return decision, label and agreement of the most frequent answer; skips do not vote, a tie is disputed.

    Examples
    --------
    >>> majority([{"answer": "label", "label": "cat"}, {"answer": "label", "label": "cat"}, {"answer": "skip"}])
    ('label', 'cat', 1.0)
    """
    votes = Counter(
        (row["answer"], row.get("label")) for row in rows if row["answer"] != AnswerType.SKIP.value
    ).most_common()
    if not votes:
        return AnswerType.SKIP.value, None, float("nan")
    total = sum(count for _, count in votes)
    (answer, label), count = votes[0]
    if len(votes) > 1 and votes[1][1] == count:
        return DISPUTED, None, count / total
    return answer, label, count / total
