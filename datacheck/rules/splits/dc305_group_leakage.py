"""DC305: one group in two splits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datacheck.findings import (
    Finding,
    Found,
    NotApplicable,
    Outcome,
    Passed,
    Severity,
    sample_issues,
    worst_sample_ids,
)
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.splits.shared import MAX_CLUSTERS, Rows, ids_at, seen_before, split_pairs
from datacheck.stats import proportion
from datacheck.text import percent


@dataclass(frozen=True)
class GroupLeakage(Rule):
    """A group (a patient, a site, a video) has samples in more than one split.

    What
    ----
    For each two splits, finds samples of the later one whose group also occurs in the earlier one.

    Why it hurts training
    ---------------------
    Samples of one group resemble each other in what has nothing to do with the label. A model that knows the group does
    better on it than it will on groups that it has never seen, which is what evaluation is to tell.

    How it is measured
    ------------------
    The share of the later split's grouped samples whose group occurs in the earlier one, with Wilson's interval. Every
    row is looked at.

    How to fix
    ----------
    Split by group, so that each group is whole in one split (scikit-learn's ``StratifiedGroupKFold``, or the repaired
    split of ``datacheck plan``). If deployment sees the same groups again, leave the column out of ``group``.

    Example
    -------
    >>> from datacheck.manifest import Manifest
    >>> columns = {"group": ["p1", "p2", "p1", "p3"], "split": ["train", "train", "test", "test"]}
    >>> GroupLeakage().check(RuleContext(Manifest.from_columns(columns))).findings[0].evidence["n_groups"]
    1
    """

    code: ClassVar[str] = "DC305"
    name: ClassVar[str] = "group-leakage"
    severity: ClassVar[Severity] = Severity.ERROR

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        manifest = context.manifest
        if "group" not in manifest:
            return NotApplicable("needs a group column (a patient, a site, a video), and this dataset has none")
        if len(manifest.splits) < 2:
            return NotApplicable("compares splits, and this dataset has fewer than two")
        column = manifest.table["group"].combine_chunks()
        names = column.dictionary.to_pylist()
        groups = np.asarray(pc.fill_null(column.indices, -1).to_numpy(zero_copy_only=False), dtype=np.int64)
        judged = [self._judge(context, groups, names, *pair) for pair in split_pairs(manifest)]
        leaks = [pair for pair in judged if pair is not None]
        if not leaks:
            return Passed("every group is whole in one split")
        return Found(tuple(finding for finding, _ in leaks), pa.concat_tables([issues for _, issues in leaks]))

    def _judge(
        self, context: RuleContext, groups: Rows, words: list[str], earlier: int, later: int
    ) -> tuple[Finding, pa.Table] | None:
        manifest = context.manifest
        rows, related = seen_before(groups, manifest.split_codes.astype(np.int64), earlier, later)
        if not len(rows):
            return None
        size = int(np.count_nonzero((manifest.split_codes == later) & (groups >= 0)))
        share = proportion(len(rows), size)
        shared, counts = np.unique(groups[rows], return_counts=True)
        largest = np.argsort(-counts, kind="stable")[:MAX_CLUSTERS]
        names = manifest.splits[earlier], manifest.splits[later]
        issues = sample_issues(
            self.code,
            ids_at(manifest, rows),
            1.0,
            related_id=ids_at(manifest, related),
            cluster=groups[rows],
            note=pa.array(words, pa.string()).take(pa.array(groups[rows])),
        )
        evidence: dict[str, Any] = {
            "earlier": names[0],
            "later": names[1],
            "n_groups": len(shared),
            "groups": {words[shared[number]]: int(counts[number]) for number in largest.tolist()},
            "share": share.to_json(),
        }
        finding = Finding(
            code=self.code,
            name=self.name,
            severity=self.severity,
            message=f"{len(shared):,} groups are in both {names[0]!r} and {names[1]!r}; {len(rows):,} of {size:,} "
            f"samples of {names[1]!r} ({percent(share.value)}, 95 % interval {percent(share.low)} to "
            f"{percent(share.high)}) are of a group seen before",
            remedy="split by group, so that each group is whole in one split",
            evidence=evidence,
            sample_ids=worst_sample_ids(issues),
            n_affected=len(rows),
        )
        return finding, issues
