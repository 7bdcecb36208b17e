"""Terms about class labels and splits."""

from __future__ import annotations

import math
from functools import partial
from itertools import combinations
from typing import Any

from scipy.stats import norm

from datacheck.fingerprints import Fingerprint
from datacheck.stats import multinomial_intervals, total_variation
from datacheck.text import listed, number, plural
from datacheck_expectations import expectations as e
from datacheck_expectations import reasons
from datacheck_expectations.measures.columns import ALL
from datacheck_expectations.proposals.base import (
    NEGLIGIBLE_SHARE,
    Proposal,
    confidence_of,
    enough_samples,
    named_splits,
    parts_of,
    rounded_down,
    rounded_up,
    share_difference_note,
    split_of,
)


def class_proposals(accepted: Fingerprint) -> list[Proposal]:
    """Return the terms about classes; of a detection dataset, which classes occur in the images."""
    if not accepted.classes or accepted.task not in {"classification", "multilabel", "detection"}:
        return []
    parts, n_classes = parts_of(accepted), len(accepted.classes)
    found = [Proposal(len(parts) * n_classes, partial(_coverage, accepted))]
    if accepted.task != "detection":  # of boxes, see `box_proposals`
        found.append(Proposal(0, partial(_allowed_labels, accepted)))
    if accepted.task != "classification" or n_classes < 2:
        return found
    for part in parts:
        found.append(Proposal(n_classes, partial(_shares, accepted, part)))
        found.append(Proposal(1, partial(_imbalance, accepted, part)))
    return [*found, Proposal(1, partial(_label_drift, accepted))]


def split_proposals(accepted: Fingerprint) -> list[Proposal]:
    """Return the terms about the sizes of the splits."""
    splits = named_splits(accepted)
    return [Proposal(len(splits), partial(_split_shares, accepted))] if splits else []


def _coverage(accepted: Fingerprint, alpha: float) -> Any:
    enough = enough_samples(alpha)
    by_split, rare = {}, []
    for part in parts_of(accepted):
        counts = accepted.class_counts(split_of(part))
        by_split[part] = [name for name, count in counts.items() if count >= enough]
        rare += [f"{name} in {part}" for name, count in counts.items() if count < enough]
    by_split = {part: names for part, names in by_split.items() if names}
    if not by_split:
        return None
    why = reasons.COVERAGE
    if rare:
        why += (
            f" Not required, because fresh data may miss them by chance (fewer than {enough} accepted samples): "
            f"{listed(rare, 8)}."
        )
    return e.ExpectClassCoverage(classes_by_split=by_split, min_count=1, notes=why)


def _allowed_labels(accepted: Fingerprint, alpha: float) -> Any:
    n_classes = plural(len(accepted.classes), "class", "classes")
    return e.ExpectAllowedLabels(
        labels=list(accepted.classes),
        notes=f"The {n_classes} of the accepted dataset; another label is a typing error or a new class.",
    )


def _shares(accepted: Fingerprint, part: str, alpha: float) -> Any:
    counts = accepted.class_counts(split_of(part))
    total = sum(counts.values())
    if not total:
        return None
    low, high = multinomial_intervals(list(counts.values()), level=1 - alpha * len(counts))
    return e.ExpectClassShares(
        split=part,
        shares={
            name: [rounded_down(a), rounded_up(b)]
            for name, a, b in zip(counts, low.tolist(), high.tolist(), strict=True)
        },
        confidence=confidence_of(alpha),
        notes=f"Simultaneous intervals (Goodman) of the shares in {total:,} accepted labels.",
    )


def _imbalance(accepted: Fingerprint, part: str, alpha: float) -> Any:
    counts = sorted(accepted.class_counts(split_of(part)).values())
    if counts[0] == 0:
        return None
    ratio = counts[-1] / counts[0]
    z = -float(norm.ppf(alpha))
    high = ratio * math.exp(z * math.sqrt(1 / counts[0] + 1 / counts[-1]))
    return e.ExpectClassImbalanceAtMost(
        split=part,
        max_ratio=math.ceil(high * 100) / 100,
        confidence=confidence_of(alpha),
        severity="warning",
        notes=f"It is {number(ratio)} in the accepted dataset; the limit is the upper end of its interval.",
    )


def _label_drift(accepted: Fingerprint, alpha: float) -> Any:
    by_split = [list(accepted.class_counts(name).values()) for name in named_splits(accepted)]
    between = [total_variation(a, b).low for a, b in combinations(by_split, 2) if sum(a) and sum(b)]
    observed = max(between, default=0.0)
    return e.ExpectLabelDriftAtMost(
        split=ALL,
        reference=accepted.class_counts(),
        max_distance=rounded_up(max(NEGLIGIBLE_SHARE, observed)),
        confidence=confidence_of(alpha),
        notes=share_difference_note(observed, NEGLIGIBLE_SHARE),
    )


def _split_shares(accepted: Fingerprint, alpha: float) -> Any:
    names = named_splits(accepted)
    counts = [accepted.split_sizes[name] for name in names] + [accepted.split_sizes.get("", 0)]
    low, high = multinomial_intervals(counts, level=1 - alpha * len(counts))
    return e.ExpectSplitShares(
        shares={
            name: [rounded_down(a), rounded_up(b)]
            for name, a, b in zip(names, low.tolist(), high.tolist(), strict=False)
        },
        confidence=confidence_of(alpha),
        severity="warning",
        notes=f"Simultaneous intervals of the split sizes of {sum(counts):,} accepted samples.",
    )
