"""Terms about the images: size, mode, format, brightness and the like."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from datacheck.fingerprints import Fingerprint
from datacheck.scanning.measurements import PROPERTIES
from datacheck.stats import Counts
from datacheck_expectations import expectations as e
from datacheck_expectations.proposals.base import (
    NEGLIGIBLE_EFFECT,
    Proposal,
    confidence_of,
    effect_note,
    lower_share,
    named_splits,
    parts_of,
    rounded_up,
    split_of,
)
from datacheck_expectations.proposals.numbers import (
    MIN_GROUP,
    largest_difference,
    mean_term,
    range_term,
    reference_of,
)

COMPARED_IN_CLASS = ("brightness", "contrast", "sharpness", "entropy", "colourfulness")
"""Properties whose means are compared within each class: they describe what an image shows."""

COMPARED = (*COMPARED_IN_CLASS, "mean_red", "mean_green", "mean_blue")
"""Properties whose means are compared in each split: a colour cast of one camera shows in a channel."""

RANGED = ("width", "height", "brightness", "contrast", "sharpness", "colourfulness", "byte_size")
"""Properties that have a range."""


def image_proposals(accepted: Fingerprint) -> list[Proposal]:
    """Return the terms about measured images."""
    if accepted.properties is None or accepted.property_moments(PROPERTIES[0]).n <= 0:
        return []
    found = [Proposal(2, partial(range_term, name, accepted.quantiles(name))) for name in RANGED]
    for column, states in (("mode", accepted.modes), ("format", accepted.formats)):
        found.append(Proposal(1, partial(values_term, column, merged_counts(states.values()))))
    for name in COMPARED:
        moments = {part: accepted.property_moments(name, split=split_of(part)) for part in parts_of(accepted)}
        found.append(Proposal(len(moments), partial(mean_term, name, moments)))
    if accepted.task == "classification" and len(accepted.classes) > 1:
        n_classes = len(accepted.classes)
        found += [Proposal(n_classes, partial(_class_means, accepted, name)) for name in COMPARED_IN_CLASS]
    return found


def merged_counts(states: Iterable[Counts]) -> dict[str, int]:
    """Return how often each word occurs in all splits, without samples that have none."""
    words: dict[str, int] = {}
    for state in states:
        for word, count in state.value.items():
            if word:
                words[word] = words.get(word, 0) + count
    return words


def values_term(column: str, words: Mapping[str, int], alpha: float) -> Any:
    """Return the term about the values that a column may have."""
    total = sum(words.values())
    if not total:
        return None
    return e.ExpectAllowedValues(
        column=column,
        values=sorted(words),
        min_share=lower_share(total, total, alpha),
        confidence=confidence_of(alpha),
        notes=f"No other {column} occurs in {total:,} accepted samples; the share is the lower end of its interval.",
    )


def _class_means(accepted: Fingerprint, column: str, alpha: float) -> Any:
    reference, observed = {}, 0.0
    for name in accepted.classes:
        whole = accepted.property_moments(column, class_name=name)
        if whole.n < MIN_GROUP:
            continue
        reference[name] = reference_of(whole)
        splits = [accepted.property_moments(column, split=split, class_name=name) for split in named_splits(accepted)]
        large = [found for found in splits if found.n >= MIN_GROUP]
        observed = max(observed, largest_difference(large, 1 - alpha))
    if not reference:
        return None
    return e.ExpectClassPropertyDriftAtMost(
        column=column,
        reference=reference,
        max_effect=rounded_up(max(NEGLIGIBLE_EFFECT, observed)),
        confidence=confidence_of(alpha),
        notes="A class whose mean moved may have swapped, shifted or renamed labels. Within a class: "
        + effect_note(observed, NEGLIGIBLE_EFFECT),
    )
