"""Terms about boxes: their classes, how many an image has and how large they are, images without any."""

from __future__ import annotations

from functools import partial
from itertools import combinations
from typing import Any

from datacheck.annotations.per_image import BOX_NUMBERS
from datacheck.fingerprints import Fingerprint
from datacheck.stats import total_variation
from datacheck.text import plural
from datacheck_expectations import expectations as e
from datacheck_expectations.proposals.base import (
    NEGLIGIBLE_SHARE,
    Proposal,
    confidence_of,
    lower_share,
    named_splits,
    parts_of,
    rounded_up,
    share_difference_note,
    split_of,
    upper_share,
)
from datacheck_expectations.proposals.numbers import mean_term, range_term

COMPARED = ("boxes_in_image", "mean_box_size")
"""Numbers whose means are compared in each split."""


def box_proposals(accepted: Fingerprint) -> list[Proposal]:
    """Return the terms about boxes; none for a dataset without annotated objects."""
    whole = accepted.boxes_of()
    if not whole.images:
        return []
    found = [Proposal(1, partial(_empty, accepted))]
    if whole.classes.total:
        found += [Proposal(0, partial(_allowed, accepted)), Proposal(1, partial(_drift, accepted))]
    found += [Proposal(2, partial(range_term, name, whole.numbers[name].quantiles)) for name in BOX_NUMBERS]
    for name in COMPARED:
        moments = {part: accepted.boxes_of(split_of(part)).numbers[name].moments for part in parts_of(accepted)}
        found.append(Proposal(len(moments), partial(mean_term, name, moments)))
    return found


def _allowed(accepted: Fingerprint, alpha: float) -> Any:
    names = list(dict.fromkeys([*accepted.classes, *accepted.boxes_of().classes.value]))
    return e.ExpectAllowedBoxClasses(
        labels=names,
        notes=f"The {plural(len(names), 'class', 'classes')} of the accepted boxes; another one is a typing error or a "
        "new class.",
    )


def _drift(accepted: Fingerprint, alpha: float) -> Any:
    whole = accepted.boxes_of()
    names = list(whole.classes.value)
    by_split = [accepted.boxes_of(name).independent() for name in named_splits(accepted)]
    counts = [[split.get(name, 0) for name in names] for split in by_split]
    between = [total_variation(a, b).low for a, b in combinations(counts, 2) if sum(a) and sum(b)]
    observed = max(between, default=0.0)
    return e.ExpectBoxClassDriftAtMost(
        reference=whole.independent(),
        max_distance=rounded_up(max(NEGLIGIBLE_SHARE, observed)),
        confidence=confidence_of(alpha),
        notes=f"{whole.classes.total:,} accepted boxes in {whole.images:,} images; {whole.design_effect:.1f} boxes "
        f"count as one. {share_difference_note(observed, NEGLIGIBLE_SHARE, 'boxes')}",
    )


def _empty(accepted: Fingerprint, alpha: float) -> Any:
    whole = accepted.boxes_of()
    return e.ExpectEmptyImageShareBetween(
        low=lower_share(whole.empty, whole.images, alpha),
        high=rounded_up(upper_share(whole.empty, whole.images, alpha)) if whole.empty else 0.0,
        confidence=confidence_of(alpha),
        severity="warning",
        notes=f"{whole.empty:,} of {whole.images:,} accepted images have no box; the ends are those of the share's "
        "interval.",
    )
