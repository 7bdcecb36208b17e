"""DC301: the same sample more than once in a split."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.requirements import CONTENT
from datacheck.rules.splits.labels import copies_within
from datacheck.rules.splits.shared import Copies, conflicting, duplicates_of, further_rows, repeats
from datacheck.text import percent, plural


@dataclass(frozen=True)
class ExactDuplicate(Rule):
    """Samples occur more than once within a split.

    What
    ----
    Finds samples of one split with exactly the same content: files with the same bytes, or rows of a table that are
    equal in every feature column. Copies in two splits are DC303, copies with different labels DC304. A table that
    lists one image in several rows with other values, such as a row for each box, has no copies by that.

    Why it hurts training
    ---------------------
    A sample that occurs k times has k times the weight in the loss. In an evaluation split, a model that knows one copy
    is right on all of them, so the result looks more certain than it is.

    How it is measured
    ------------------
    By xxh3-128 of the encoded bytes (for arrays, of shape, type and pixels). Rows of a table count as copies only if
    they are too detailed to be equal by chance: the information of their values must exceed that of the number of
    pairs of rows by 10 bits. So equal rows of a few categories are not reported. The share of superfluous copies, all
    but the first of each cluster, is given with Wilson's interval in the evidence.

    How to fix
    ----------
    Keep one sample of each cluster. If the repetition is meant as a weight, use sample weights instead.

    Example
    -------
    A folder in which one photo was copied::

        cat/1.jpg
        cat/1 (copy).jpg
        cat/2.jpg

        DC301 1 of 3 samples (33.3 %) is an exact copy of another sample (1 cluster)
    """

    code: ClassVar[str] = "DC301"
    name: ClassVar[str] = "exact-duplicate"
    severity: ClassVar[Severity] = Severity.WARNING
    requires = (CONTENT,)

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        manifest, exact = context.manifest, duplicates_of(context).exact
        n_splits = len(manifest.splits) + 1
        agreeing = (exact >= 0) & ~conflicting(manifest, exact, exact=True) & ~further_rows(manifest)
        within = np.where(agreeing, exact * n_splits + manifest.split_codes + 1, -1)
        rows, first = copies_within(within)
        if not len(rows):
            return Passed("no two samples of a split have the same content and label")
        copies = Copies(rows, first, within[rows], exact[rows])
        issues, n, evidence = repeats(self, context, copies, suspicion=(0.5, 1.0))
        finding = self.finding(
            f"{n:,} of {plural(len(manifest), 'sample')} ({percent(n / len(manifest))}) "
            f"{'is an exact copy' if n == 1 else 'are exact copies'} of another sample"
            f"{' in the same split' if manifest.splits else ''} ({plural(evidence['n_clusters'], 'cluster')})",
            "keep one sample of each cluster",
            evidence=evidence,
            affected=issues,
        )
        return Found((finding,), issues)
