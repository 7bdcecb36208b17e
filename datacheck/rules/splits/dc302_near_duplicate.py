"""DC302: nearly the same image more than once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import NotApplicable, Outcome, Passed, Severity
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.splits.shared import Copies, Rows, copies_within, duplicates_of, repeats


@dataclass(frozen=True)
class NearDuplicate(Rule):
    """Samples of a split show nearly the same image.

    What
    ----
    Finds images of one split that are copies but for re-encoding, scaling or a slight edit, and shots of one burst.
    Byte-identical copies are DC301, near duplicates across splits DC303.

    Why it hurts training
    ---------------------
    Near duplicates weigh several times in the loss and make a dataset look larger than it is; in an evaluation split
    they make the result look surer than it is.

    How it is measured
    ------------------
    Perceptual hashes (DCT; Zauner 2010) that differ in at most 6 bits, all pairs found by multi-index hashing (Norouzi,
    Punjani and Fleet 2012), each confirmed by the aspect and the channels' means and deviations. Very small images, in
    which a hash can hardly tell one drawing from another, must agree in all of that almost exactly; images without
    information match nothing. Chains of look-alikes are cut, so that two members of a cluster never lie further apart
    than twice the limit from one common image. The share of superfluous images is given with Wilson's interval.

    How to fix
    ----------
    Look at the clusters side by side. Keep the best image of each, or keep them together in one split by giving them a
    group.

    Example
    -------
    >>> from datacheck.manifest import Manifest
    >>> from datacheck.testing import measurements_for
    >>> manifest = Manifest.from_columns({"uri": ["a.png", "b.png", "c.png"]})
    >>> grey = {f"{kind}_{name}": 0.5 for kind in ("mean", "std") for name in ("red", "green", "blue")}
    >>> measured = measurements_for(manifest, perceptual_hash=[0b0111, 0b0110, 2**60 - 1], **grey)
    >>> NearDuplicate().check(RuleContext(manifest, measured)).findings[0].n_affected
    2
    """

    code: ClassVar[str] = "DC302"
    name: ClassVar[str] = "near-duplicate"
    severity: ClassVar[Severity] = Severity.WARNING

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        found = duplicates_of(context)
        if isinstance(found, NotApplicable):
            return found
        manifest = context.manifest
        rows, first, within = near_within_split(found.exact, found.near, manifest.split_codes)
        if not len(rows):
            return Passed("no two samples of a split are near duplicates")
        limit = "" if found.complete else " (at least: there are too many pairs to hold them all)"
        return repeats(
            self,
            manifest,
            Copies(rows, first, within[rows], found.near[rows]),
            suspicion=(0.4, 0.8),
            message="are near duplicates of another one of their split, in {clusters}" + limit,
            remedy="look at the clusters; keep the best image of each, or give them a common group",
            evidence={"max_distance": context.near_duplicate_distance, "pairs_complete": found.complete},
        )


def near_within_split(exact: Rows, near: Rows, split: NDArray[np.int32]) -> tuple[Rows, Rows, Rows]:
    """Return rows in near clusters of one split, the first row of each one's cluster, and the cluster per sample [N].

    Exact copies stand for one image: a cluster of nothing but exact copies in a split is left to DC301.
    """
    n_splits = int(split.max(initial=-1)) + 2
    within = np.where(near >= 0, near * n_splits + split + 1, -1)
    key = np.where(exact >= 0, exact * n_splits + split + 1, -1)
    repeated, first = copies_within(key)
    distinct = within.copy()
    distinct[repeated[repeated != first]] = -1
    rows, first = copies_within(distinct)
    return rows, first, within
