"""The pairing of two listings from the names of their files, and why the given one differs."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from datacheck.manifest import Listings
from datacheck.pairing.name_matching import match_names
from datacheck.pairing.order_causes import order_cause, pairing_cause, sort_orders
from datacheck.pairing.repairs import Cause, Diagnosis, Repair

_LAST_NUMBER = re.compile(r"(\d+)\D*$")


def repair_by_name(listings: Listings) -> Repair:
    """Find the right pairing of two listings from their names, and why the given one differs.

    The given pairing is row for row, as ``zip`` would make it. See `datacheck.pairing.name_matching.match_names` for
    how names are compared. Time is linear in the number of names, except for a sort.

    Examples
    --------
    >>> found = repair_by_name(Listings(("a1.jpg", "a2.jpg", "a10.jpg"), ("a1.png", "a10.png", "a2.png")))
    >>> str(found.diagnosis.cause), found.wrong.tolist(), found.label_of.tolist()
    ('lexicographic-beside-natural', [1, 2], [0, 2, 1])
    """
    matching = match_names(listings.images, listings.labels)
    certainty = np.ones(len(listings.images))
    found = Repair(matching.label_of, len(listings.labels), matching.how, None, certainty)
    if not len(found.wrong):
        return found
    diagnosis = _diagnose(listings, found.label_of, len(found.wrong))
    return Repair(found.label_of, found.n_labels, found.basis, diagnosis, certainty)


def _diagnose(listings: Listings, label_of: NDArray[np.int64], n_wrong: int) -> Diagnosis | None:
    n = min(len(listings.images), len(listings.labels))
    found = pairing_cause(np.arange(n), label_of[:n])
    if found is None:
        return None
    if found.cause is Cause.SHIFT and _numbering_differs(listings, label_of, found.shift):
        detail = (
            f"the labels' numbers start at another number ({-found.shift:+d}) than the images', or else they are "
            "shifted"
        )
        return Diagnosis(Cause.NUMBERING, detail, found.first, found.end, found.shift)
    if found.cause in {Cause.MISSING_FILES, Cause.REVERSED} or (found.cause is Cause.SHIFT and n_wrong == n):
        return found
    orders = order_cause(listings.images, listings.labels)
    if orders is not None:
        return Diagnosis(*orders, found.first, found.end)
    if found.cause is not Cause.SHIFT and sort_orders(listings.images) & sort_orders(listings.labels):
        detail = "both listings are sorted, but what the names have before or after the key changes the order"
        return Diagnosis(Cause.AFFIX, detail, found.first, found.end)
    return found


def _numbering_differs(listings: Listings, label_of: NDArray[np.int64], shift: int) -> bool:
    """Whether the two listings count from different numbers: 0, 1, 2 … beside 1, 2, 3 …, without a gap."""
    n = len(listings.images)
    if n != len(listings.labels) or shift == 0 or (label_of < 0).sum() != abs(shift):
        return False
    ends = (listings.images[0], listings.images[-1], listings.labels[0], listings.labels[-1])
    found = [_LAST_NUMBER.search(name) for name in ends]
    numbers = [int(match.group(1)) for match in found if match is not None]
    if len(numbers) != 4:
        return False
    consecutive = numbers[1] - numbers[0] == n - 1 == numbers[3] - numbers[2]
    return consecutive and numbers[0] - numbers[2] == shift
