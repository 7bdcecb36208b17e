"""DC305: one group in two splits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datacheck.findings import Finding, Found, Outcome, Passed, Severity
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.requirements import GROUPS, SPLITS
from datacheck.rules.splits.shared import MAX_CLUSTERS, Rows, seen_before, sharing, split_pairs
from datacheck.stats import proportion
from datacheck.text import percent, plural


@dataclass(frozen=True)
class GroupLeakage(Rule):
    """A group (a patient, a site, a video) has samples in more than one split.

    What
    ----
    For each two splits, finds samples of the later split whose group also occurs in the earlier one.

    Why it hurts training
    ---------------------
    Samples of one group look alike for reasons that have nothing to do with the label. A model that knows the group is
    better on it than on groups that it has never seen, and these are what the evaluation is about.

    How it is measured
    ------------------
    By the share of the later split's samples whose group occurs in the earlier one, over all rows that have a group.

    How to fix
    ----------
    Split by group, so that each group is in one split only: scikit-learn's ``StratifiedGroupKFold``, or the repaired
    split of ``datacheck plan``. If the model will see the same groups in use, do not declare the column as ``group``.

    Example
    -------
    Photos of one patient are in both splits::

        group    split
        p1       train
        p2       train
        p1       test
        p3       test

        DC305 1 group is in both 'train' and 'test': 1 of 2 samples of 'test' (50 %) belong to such groups
    """

    code: ClassVar[str] = "DC305"
    name: ClassVar[str] = "group-leakage"
    severity: ClassVar[Severity] = Severity.ERROR
    requires = (GROUPS, SPLITS)

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        column = context.manifest.table["group"].combine_chunks()
        names = column.dictionary.to_pylist()
        groups = np.asarray(pc.fill_null(column.indices, -1).to_numpy(zero_copy_only=False), dtype=np.int64)
        judged = [self._compare(context, groups, names, pair) for pair in split_pairs(context.manifest)]
        leaks = [pair for pair in judged if pair is not None]
        if not leaks:
            return Passed("every group is in one split only")
        return Found.of(leaks)

    def _compare(
        self, context: RuleContext, groups: Rows, words: list[str], pair: tuple[int, int]
    ) -> tuple[Finding, pa.Table] | None:
        manifest = context.manifest
        rows, related = seen_before(groups, manifest.split_codes.astype(np.int64), *pair)
        if not len(rows):
            return None
        size = int(np.count_nonzero((manifest.split_codes == pair[1]) & (groups >= 0)))
        share = proportion(len(rows), size)
        shared, counts = np.unique(groups[rows], return_counts=True)
        largest = np.argsort(-counts, kind="stable")[:MAX_CLUSTERS].tolist()
        names = manifest.splits[pair[0]], manifest.splits[pair[1]]
        issues = self.issues(
            context.ids(rows),
            related_id=context.ids(related),
            cluster=groups[rows],
            note=pa.array(words, pa.string()).take(pa.array(groups[rows])),
        )
        counted = {
            "n_groups": len(shared),
            "groups": {words[shared[number]]: int(counts[number]) for number in largest},
        }
        finding = self.finding(
            f"{plural(len(shared), 'group')} {'is' if len(shared) == 1 else 'are'} in both {names[0]!r} and "
            f"{names[1]!r}: {len(rows):,} of {plural(size, 'sample')} of {names[1]!r} ({percent(share.value)}) "
            "belong to such groups",
            "split by group, so that each group is in one split only",
            evidence=sharing(names, share, counted),
            affected=issues,
        )
        return finding, issues
