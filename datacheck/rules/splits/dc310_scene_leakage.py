"""DC310: the same object or scene, photographed again, in two splits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from datacheck.findings import Finding, Found, Outcome, Passed, Severity
from datacheck.rules.base import CannotJudge, Rule, RuleContext
from datacheck.rules.requirements import PIXELS, SPLITS
from datacheck.rules.splits.shared import Rows, duplicates_of, sharing, shown_pairs, split_pairs
from datacheck.stats import proportion
from datacheck.text import percent


@dataclass(frozen=True)
class SceneLeakage(Rule):
    """An evaluation split shows objects or scenes that an earlier split shows too, photographed again.

    What
    ----
    For each two splits, finds pictures of the later one that show the same object or scene as a picture of the earlier
    one, from nearly the same place. Copies of one picture are DC303, groups that a column names DC305.

    Why it hurts training
    ---------------------
    A model that has seen this very object recognises it again. The evaluation is too good, although no file is there
    twice: several photos of one thing were shuffled one by one.

    How it is measured
    ------------------
    Each picture is laid over those, ten at most, that it or a part of it resembles most. Where 40 details or more agree
    in one affine map (ORB keypoints, RANSAC), and the blocks of the common part correlate by 0.5 or more (median), both
    show the same thing; where hardly a block shows something else, one is a copy of the other (DC302, DC303). Print and
    drawings on an even ground are left out: pages with one form are not the same page.
    Things without texture and larger changes of the viewpoint are not found: the count is a lower bound.

    How to fix
    ----------
    Give the photos of one object or scene a common group, and split by group.

    Example
    -------
    One envelope was photographed twice::

        train/paper/39.jpg
        test/paper/467.jpg    the same envelope, a moment later

        DC310 at least 1 of 4 images of 'test' (25 %) shows the same object or scene as an image of 'train'
    """

    code: ClassVar[str] = "DC310"
    name: ClassVar[str] = "scene-leakage"
    severity: ClassVar[Severity] = Severity.WARNING
    requires = (SPLITS, PIXELS)

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        registered = duplicates_of(context).registered
        if registered is None:
            raise CannotJudge("the details of the images were not compared: pass duplicates='features'")
        pairs = registered.pairs[~registered.copies]
        judged = [self._compare(context, pairs, *splits) for splits in split_pairs(context.manifest)]
        leaks = [one for one in judged if one is not None]
        if not leaks:
            return Passed("no two splits show the same object from nearly the same place")
        return Found.of(leaks)

    def _compare(self, context: RuleContext, pairs: Rows, earlier: int, later: int) -> tuple[Finding, pa.Table] | None:
        split = context.manifest.split_codes
        both = np.concatenate((pairs, pairs[:, ::-1]))
        both = both[(split[both[:, 0]] == later) & (split[both[:, 1]] == earlier)]
        rows, first = np.unique(both[:, 0], return_index=True)
        if not len(rows):
            return None
        names = context.manifest.splits[earlier], context.manifest.splits[later]
        share = proportion(len(rows), int(np.count_nonzero(split == later)))
        ids, related = context.ids(rows), context.ids(both[first, 1])
        note = f"the same object or scene as in {names[0]}"
        issues = self.issues(ids, 0.7, related_id=related, note=[note] * len(rows))
        verb = "shows" if len(rows) == 1 else "show"
        finding = self.finding(
            f"at least {len(rows):,} of {int(np.count_nonzero(split == later)):,} images of {names[1]!r} "
            f"({percent(share.value)}) {verb} the same object or scene as an image of {names[0]!r}",
            "give the photos of one object a common group, and split by group",
            evidence=sharing(names, share, {"clusters": shown_pairs(ids, related)}),
            affected=issues,
        )
        return finding, issues
