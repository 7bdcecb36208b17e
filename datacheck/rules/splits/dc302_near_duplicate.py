"""DC302: nearly the same image more than once in a split."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.requirements import PIXELS
from datacheck.rules.splits.labels import copies_within
from datacheck.rules.splits.shared import (
    Copies,
    Rows,
    changes,
    conflicting,
    counted,
    duplicates_of,
    further_rows,
    not_compared,
    repeats,
)
from datacheck.text import percent, plural


@dataclass(frozen=True)
class NearDuplicate(Rule):
    """Samples of a split show nearly the same image.

    What
    ----
    Finds images of one split that are copies except for re-encoding, scaling or a slight edit, and photos of one burst
    in which nothing moved. Exact copies are DC301, near duplicates in two splits DC303, near duplicates with different
    labels DC304.

    Why it hurts training
    ---------------------
    Near duplicates have several times the weight in the loss, and make a dataset look larger than it is. In an
    evaluation split they make the result look more certain than it is.

    How it is measured
    ------------------
    By perceptual hashes (DCT; Zauner 2010) that differ in at most 6 bits. All pairs are found, by multi-index hashing
    (Norouzi, Punjani and Fleet 2012), and each is confirmed by the aspect and the means and deviations of the channels.
    Copies that were mirrored, turned by 90 degrees, stretched, brightened or turned to grey are found by their 12 x 12
    lowest frequencies, in all eight orientations: two pictures that are nearly equal there, and eight times nearer than
    the next picture, are copies (up to 120,000 images).
    Very small images must agree in all of this almost exactly, because their hashes hardly differ; blank images match
    nothing. Up to 3,000 images, or with ``--duplicates features``, such pairs are read again and laid over one another:
    forms that are filled in otherwise, icons of one set and two moments of a burst are no copies. Crops, small
    rotations and watermarks are then found by their details. Of more images the 2,000 pairs that are least alike are
    read again. Long chains of similar images are cut, so that two members of a cluster are never further apart than
    twice the limit from one common image. Images under 64 pixels are laid
    over those that they resemble most, shifted, scaled by a tenth or mirrored; where the blocks then correlate by 0.67
    in the mean, they are copies (up to 60,000 images). Strong edits are not: the count is a lower bound.

    How to fix
    ----------
    Look at the clusters side by side. Keep the best image of each, or give its images a common group, so that they stay
    in one split.

    Example
    -------
    A folder in which a photo was saved again at a lower quality::

        cat/1.jpg
        cat/1_small.jpg
        cat/2.jpg

        DC302 at least 1 of 3 images (33.3 %) is a near duplicate of another image (1 cluster)
    """

    code: ClassVar[str] = "DC302"
    name: ClassVar[str] = "near-duplicate"
    severity: ClassVar[Severity] = Severity.WARNING
    requires = (PIXELS,)

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        manifest, found = context.manifest, duplicates_of(context)
        near = np.where(conflicting(manifest, found.near, exact=False) | further_rows(manifest), -1, found.near)
        rows, first, within = near_within_split(found.exact, near, manifest.split_codes)
        if not len(rows):
            return Passed(f"no two images of a split are near duplicates with the same label{not_compared(found)}")
        copies = Copies(rows, first, within[rows], found.near[rows])
        words = changes(context, found, rows, first)
        notes = [
            "first of its cluster" if row == start else f"copy{word and f': {word}'}"
            for row, start, word in zip(rows, first, words, strict=True)
        ]
        issues, n, evidence = repeats(self, context, copies, suspicion=(0.4, 0.8), notes=notes)
        finding = self.finding(
            f"at least {n:,} of {plural(len(manifest), 'image')} ({percent(n / len(manifest))}) "
            f"{'is a near duplicate' if n == 1 else 'are near duplicates'} of another image"
            f"{' in the same split' if manifest.splits else ''} ({plural(evidence['n_clusters'], 'cluster')})",
            "look at the clusters; keep the best image of each, or give its images a common group",
            evidence={
                "max_distance": context.near_duplicate_distance,
                "pairs_complete": found.complete,
                "changes": counted([word for row, start, word in zip(rows, first, words, strict=True) if row != start]),
                **evidence,
            },
            affected=issues,
        )
        return Found((finding,), issues)


def near_within_split(exact: Rows, near: Rows, split: NDArray[np.int32]) -> tuple[Rows, Rows, Rows]:
    """Return rows in near clusters of one split, the first row of each one's cluster, and the cluster per sample [N].

    Exact copies stand for one image: a cluster of exact copies alone is left to DC301.
    """
    n_splits = int(split.max(initial=-1)) + 2
    within = np.where(near >= 0, near * n_splits + split + 1, -1)
    key = np.where(exact >= 0, exact * n_splits + split + 1, -1)
    repeated, first = copies_within(key)
    distinct = within.copy()
    distinct[repeated[repeated != first]] = -1
    rows, first = copies_within(distinct)
    return rows, first, within
