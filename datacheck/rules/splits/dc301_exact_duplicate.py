"""DC301: the same file more than once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from datacheck.findings import NotApplicable, Outcome, Passed, Severity
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.splits.shared import Copies, copies_within, duplicates_of, repeats


@dataclass(frozen=True)
class ExactDuplicate(Rule):
    """Samples occur more than once within a split.

    What
    ----
    Finds samples of one split whose content is the same, byte for byte. Copies across splits are DC303, copies under
    different labels DC304.

    Why it hurts training
    ---------------------
    A sample that occurs k times weighs k times in the loss, and a model that has learnt one copy by heart is right on
    all of them: in an evaluation split the copies make the result look surer than it is.

    How it is measured
    ------------------
    xxh3-128 of the encoded bytes (of shape, type and pixels for arrays). The share of superfluous copies, all but the
    first of each cluster, is given with Wilson's interval.

    How to fix
    ----------
    Keep one sample of each cluster. If the repetition is meant as a weight, use sample weights, which say so.

    Example
    -------
    >>> from datacheck.manifest import Manifest
    >>> from datacheck.testing import measurements_for
    >>> manifest = Manifest.from_columns({"uri": ["a.png", "b.png", "c.png"]})
    >>> context = RuleContext(manifest, measurements_for(manifest, content_hash=["1", "1", "2"]))
    >>> ExactDuplicate().check(context).findings[0].sample_ids
    ('b.png', 'a.png')
    """

    code: ClassVar[str] = "DC301"
    name: ClassVar[str] = "exact-duplicate"
    severity: ClassVar[Severity] = Severity.WARNING

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        found = duplicates_of(context)
        if isinstance(found, NotApplicable):
            return found
        manifest = context.manifest
        n_splits = len(manifest.splits) + 1
        within = np.where(found.exact >= 0, found.exact * n_splits + manifest.split_codes + 1, -1)
        rows, first = copies_within(within)
        if not len(rows):
            return Passed("no two samples of a split have the same content")
        return repeats(
            self,
            manifest,
            Copies(rows, first, within[rows], found.exact[rows]),
            suspicion=(0.5, 1.0),
            message="repeat another one of their split byte for byte, in {clusters}",
            remedy="keep one sample of each cluster",
        )
