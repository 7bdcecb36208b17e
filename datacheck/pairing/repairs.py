"""A repair: which label belongs to which sample, and what was wrong with the pairing as it was given."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from datacheck.manifest import Listings
from datacheck.pairing.name_matching import unmatched_labels
from datacheck.pairing.shift_hypotheses import Shift

MIN_MATCHED = 0.5
"""A pairing is not judged when fewer than this share of the shorter listing find a partner: with most names unmatched,
the few matches may be chance."""

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


class Cause(StrEnum):
    """Why a pairing is wrong."""

    NATURAL_ORDER = "lexicographic-beside-natural"
    CASE = "case-sensitive-beside-insensitive"
    LOCALE = "text-beside-locale"
    AFFIX = "affix-changes-order"
    SHIFT = "shift"
    NUMBERING = "numbering-offset"
    MISSING_FILES = "missing-files"
    SWAPPED_BLOCK = "swapped-block"
    REVERSED = "reversed"
    SHUFFLED = "shuffled"


@dataclass(frozen=True)
class Diagnosis:
    """Why a pairing is wrong, and which rows are affected.

    Attributes
    ----------
    cause
        Why.
    detail
        The cause in words, as part of a sentence.
    first, end
        First wrong row, and one after the last.
    shift
        How many rows later than given the right label stands (negative: earlier); 0 unless it is one number.
    """

    cause: Cause
    detail: str
    first: int
    end: int
    shift: int = 0


@dataclass(frozen=True)
class ChangePoint:
    """The row at which a shift begins or ends.

    Attributes
    ----------
    row
        The most probable row.
    low, high
        First and last row of the 95 % credible set, of those that would change a label.
    probability
        That the labels which a change at ``row`` gives are right here.
    rows_to_check
        Rows whose label depends on which row it is; looking at these samples decides it.
    """

    row: int
    low: int
    high: int
    probability: float
    rows_to_check: tuple[int, ...]


@dataclass(frozen=True)
class Repair:
    """Which label belongs to which sample, and what was wrong with the pairing as it was given.

    The given pairing is row for row, as ``zip`` would make it.

    Attributes
    ----------
    label_of
        Row of the label that each sample should have, -1 where there is none; int64 [N].
    n_labels
        Number of labels.
    basis
        What the pairing was judged by, in words.
    diagnosis
        What is wrong; None when the pairing is right, or cannot be judged.
    certainty
        Probability that each sample's label is right after the repair, given that the repair is; [N].
    segments
        From content only: first row and shift of each stretch of rows; the shift is 0 where labels are in place.
    change_points
        From content only: where each segment after the first begins.
    """

    label_of: Indices
    n_labels: int
    basis: str
    diagnosis: Diagnosis | None
    certainty: Floats
    segments: tuple[tuple[int, Shift], ...] = ()
    change_points: tuple[ChangePoint, ...] = ()

    @property
    def cause(self) -> Cause | None:
        """Why the pairing is wrong; None when it is right, or cannot be judged."""
        return None if self.diagnosis is None else self.diagnosis.cause

    @property
    def judged(self) -> bool:
        """Whether enough samples have a label of their own for the pairing to be judged."""
        n_matched = int((self.label_of >= 0).sum())
        return n_matched > 0 and n_matched >= MIN_MATCHED * min(len(self.label_of), self.n_labels)

    @property
    def wrong(self) -> Indices:
        """Rows of the samples whose given label belongs to another sample; none where it is not judged."""
        rows = np.arange(min(len(self.label_of), self.n_labels))
        label_of = self.label_of[: len(rows)]
        return np.flatnonzero((label_of >= 0) & (label_of != rows) & self.judged)

    @property
    def unmatched_samples(self) -> Indices:
        """Rows of the samples that have no label, ascending."""
        return np.flatnonzero(self.label_of < 0)

    @property
    def unmatched_labels(self) -> Indices:
        """Rows of the labels that belong to no sample, ascending."""
        return unmatched_labels(self.n_labels, self.label_of)

    def table(self, listings: Listings) -> pa.Table:
        """Return ``position``, ``image``, ``given_label`` and ``right_label``, a row an image; null where none."""
        rows = np.arange(len(listings.images))
        labels = pa.array(listings.labels, pa.string())
        return pa.table(
            {
                "position": pa.array(rows),
                "image": pa.array(listings.images, pa.string()),
                "given_label": labels.take(pa.array(rows, mask=rows >= len(labels))),
                "right_label": labels.take(pa.array(self.label_of, mask=self.label_of < 0)),
            }
        )

    def apply(self, listings: Listings) -> Listings:
        """Return the two listings paired correctly, without the files that have no partner.

        Examples
        --------
        >>> from datacheck.pairing import repair_by_name
        >>> listings = Listings(("a1.jpg", "a2.jpg", "a10.jpg"), ("a1.png", "a10.png", "a2.png"))
        >>> repair_by_name(listings).apply(listings).labels
        ('a1.png', 'a2.png', 'a10.png')
        """
        rows = np.flatnonzero(self.label_of >= 0).tolist()
        return Listings(
            tuple(listings.images[row] for row in rows), tuple(listings.labels[self.label_of[row]] for row in rows)
        )
