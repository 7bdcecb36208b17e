"""The repaired pairing of two listings."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from datacheck.manifest import Listings
from datacheck.pairing.causes import Cause, Diagnosis, order_cause, pairing_cause, sort_orders
from datacheck.pairing.keys import left_over, match_names

MIN_MATCHED = 0.5
"""Names tell nothing when fewer than this share of the shorter listing find a partner."""

_LAST_NUMBER = re.compile(r"(\d+)\D*$")


@dataclass(frozen=True)
class Repair:
    """Which label belongs to which image, and what was wrong with the pairing that was given.

    Attributes
    ----------
    pairs
        Position of an image and position of its label, in the order of the images; int64 [P, 2].
    cause
        Why the given pairing is wrong; None when it is right, or when it cannot be judged.
    from_index, to_index
        First wrong position, and one after the last; -1 when none is wrong.
    shift
        How many places later than given the right label stands; 0 unless it is one number.
    detail
        The cause in words.
    wrong
        Positions of the images whose given label is another's; int64 [W].
    unmatched_images, unmatched_labels
        Positions without a partner in the other listing; int64.
    judged
        Whether the names tell anything: False when too few have a partner.
    matched_by
        How the names were compared.
    """

    pairs: NDArray[np.int64]
    cause: Cause | None
    from_index: int
    to_index: int
    shift: int
    detail: str
    wrong: NDArray[np.int64]
    unmatched_images: NDArray[np.int64]
    unmatched_labels: NDArray[np.int64]
    judged: bool
    matched_by: str

    def table(self, listings: Listings) -> pa.Table:
        """Return ``position``, ``image``, ``given_label`` and ``right_label``, a row an image; null where none."""
        n = len(listings.images)
        right = np.full(n, -1, np.int64)
        right[self.pairs[:, 0]] = self.pairs[:, 1]
        labels = pa.array(listings.labels, pa.string())
        given = pa.array([row if row < len(labels) else None for row in range(n)], pa.int64())
        return pa.table(
            {
                "position": pa.array(np.arange(n)),
                "image": pa.array(listings.images, pa.string()),
                "given_label": labels.take(given),
                "right_label": labels.take(pa.array(right, mask=right < 0)),
            }
        )

    def apply(self, listings: Listings) -> Listings:
        """Return the two listings rightly paired, without the files that have no partner.

        Examples
        --------
        >>> listings = Listings(("a1.jpg", "a2.jpg", "a10.jpg"), ("a1.png", "a10.png", "a2.png"))
        >>> repair(listings).apply(listings).labels
        ('a1.png', 'a2.png', 'a10.png')
        """
        images, labels = self.pairs[:, 0].tolist(), self.pairs[:, 1].tolist()
        return Listings(tuple(listings.images[i] for i in images), tuple(listings.labels[i] for i in labels))


def repair(listings: Listings) -> Repair:
    """Find the true pairing of two listings from their names, and why the given one differs.

    The given pairing is position for position, as ``zip`` would make it. See `datacheck.pairing.keys.match_names`
    for how names are compared; linear in their number but for a sort.

    Examples
    --------
    >>> found = repair(Listings(("a1.jpg", "a2.jpg", "a10.jpg"), ("a1.png", "a10.png", "a2.png")))
    >>> str(found.cause), found.wrong.tolist(), found.pairs.tolist()
    ('lexicographic-beside-natural', [1, 2], [[0, 0], [1, 2], [2, 1]])
    """
    matching = match_names(listings.images, listings.labels)
    n, m = len(listings.images), len(listings.labels)
    label_of = matching.label_of
    rows = np.flatnonzero(label_of >= 0)
    judged = len(rows) > 0 and len(rows) >= MIN_MATCHED * min(n, m)
    known = rows[rows < m]
    wrong = known[label_of[known] != known] if judged else np.empty(0, np.int64)
    diagnosis = _diagnose(listings, label_of, len(wrong)) if len(wrong) else Diagnosis(None)
    return Repair(
        pairs=np.stack([rows, label_of[rows]], axis=1),
        cause=diagnosis.cause,
        from_index=diagnosis.from_index,
        to_index=diagnosis.to_index,
        shift=diagnosis.shift,
        detail=diagnosis.detail,
        wrong=wrong,
        unmatched_images=np.flatnonzero(label_of < 0),
        unmatched_labels=left_over(m, label_of),
        judged=judged,
        matched_by=matching.how,
    )


def _diagnose(listings: Listings, label_of: NDArray[np.int64], n_wrong: int) -> Diagnosis:
    n = min(len(listings.images), len(listings.labels))
    seen = pairing_cause(np.arange(n), label_of[:n])
    if seen.cause is Cause.SHIFT and _numbering_differs(listings, label_of, seen.shift):
        detail = (
            f"the labels' numbers start at another number ({-seen.shift:+d}) than the images', or else they are shifted"
        )
        return Diagnosis(Cause.NUMBERING, seen.from_index, seen.to_index, seen.shift, detail)
    if seen.cause in {Cause.MISSING_FILES, Cause.REVERSED} or (seen.cause is Cause.SHIFT and n_wrong == n):
        return seen
    orders = order_cause(listings.images, listings.labels)
    if orders is not None:
        return Diagnosis(orders[0], seen.from_index, seen.to_index, 0, orders[1])
    if seen.cause is not Cause.SHIFT and sort_orders(listings.images) & sort_orders(listings.labels):
        detail = "both listings are sorted, but what the names have before or after the key changes the order"
        return Diagnosis(Cause.AFFIX, seen.from_index, seen.to_index, 0, detail)
    return seen


def _numbering_differs(listings: Listings, label_of: NDArray[np.int64], shift: int) -> bool:
    """Whether all that differs is where the numbers start: 0, 1, 2 … beside 1, 2, 3 …, given in step."""
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
