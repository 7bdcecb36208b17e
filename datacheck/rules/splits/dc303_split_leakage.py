"""DC303: evaluation samples that were trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from datacheck.duplicates.clusters import DuplicateClusters
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
from datacheck.rules.splits.shared import MAX_CLUSTERS, Rows, duplicates_of, ids_at, seen_before, split_pairs
from datacheck.stats import proportion
from datacheck.text import percent


@dataclass(frozen=True)
class SplitLeakage(Rule):
    """Samples of an evaluation split have a copy in a split before it.

    What
    ----
    For each two splits (train before val before test), finds samples of the later one whose exact or near duplicate is
    in the earlier one.

    Why it hurts training
    ---------------------
    What was trained on is answered from memory: the evaluation is too good by about the leaked share, most so for the
    models that memorise most, and the choice between models follows.

    How it is measured
    ------------------
    The clusters of DC301 and DC302. Leakage is the share of the later split with a member of its cluster in the earlier
    one, with Wilson's interval, exact and near counted apart.

    How to fix
    ----------
    Take the leaked samples out of the evaluation split (or, where that leaves it too small, out of training), and split
    by group from now on: ``datacheck plan`` proposes a repaired split. Evaluations made so far are to be repeated.

    Example
    -------
    >>> from datacheck.manifest import Manifest
    >>> from datacheck.testing import measurements_for
    >>> manifest = Manifest.from_columns({"uri": ["a.png", "b.png"], "split": ["train", "test"]})
    >>> context = RuleContext(manifest, measurements_for(manifest, content_hash=["1", "1"]))
    >>> SplitLeakage().check(context).findings[0].sample_ids
    ('b.png',)
    """

    code: ClassVar[str] = "DC303"
    name: ClassVar[str] = "split-leakage"
    severity: ClassVar[Severity] = Severity.ERROR

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        if len(context.manifest.splits) < 2:
            return NotApplicable("compares splits, and this dataset has fewer than two")
        found = duplicates_of(context)
        if isinstance(found, NotApplicable):
            return found
        judged = [self._judge(context, found, *pair) for pair in split_pairs(context.manifest)]
        leaks = [pair for pair in judged if pair is not None]
        if not leaks:
            return Passed("no sample has a duplicate in another split")
        return Found(tuple(finding for finding, _ in leaks), pa.concat_tables([issues for _, issues in leaks]))

    def _judge(
        self, context: RuleContext, found: DuplicateClusters, earlier: int, later: int
    ) -> tuple[Finding, pa.Table] | None:
        manifest = context.manifest
        rows, related, exact = leaked(found, manifest.split_codes.astype(np.int64), earlier, later)
        if not len(rows):
            return None
        size = int(np.count_nonzero(manifest.split_codes == later))
        share = proportion(len(rows), size)
        names = manifest.splits[earlier], manifest.splits[later]
        order = np.argsort(~exact, kind="stable")
        ids, related_ids = ids_at(manifest, rows[order]), ids_at(manifest, related[order])
        issues = sample_issues(
            self.code,
            ids,
            np.where(exact[order], 1.0, 0.9),
            related_id=related_ids,
            cluster=found.near[rows[order]],
            note=[f"{'exact' if same else 'near'} duplicate in {names[0]}" for same in exact[order].tolist()],
        )
        n_exact = int(exact.sum())
        evidence: dict[str, Any] = {
            "earlier": names[0],
            "later": names[1],
            "n_exact": n_exact,
            "n_near": len(rows) - n_exact,
            "share": share.to_json(),
            "n_clusters": len(np.unique(found.near[rows])),
            "clusters": [list(pair) for pair in zip(ids[:MAX_CLUSTERS], related_ids[:MAX_CLUSTERS], strict=True)],
        }
        finding = Finding(
            code=self.code,
            name=self.name,
            severity=self.severity,
            message=f"{len(rows):,} of {size:,} samples of {names[1]!r} ({percent(share.value)}, 95 % interval "
            f"{percent(share.low)} to {percent(share.high)}) are also in {names[0]!r}: "
            f"{n_exact:,} byte for byte, {len(rows) - n_exact:,} as near duplicates",
            remedy=f"take these samples out of {names[1]!r}, split by group, and repeat evaluations made on it",
            evidence=evidence,
            sample_ids=worst_sample_ids(issues),
            n_affected=len(rows),
        )
        return finding, issues


def leaked(found: DuplicateClusters, split: Rows, earlier: int, later: int) -> tuple[Rows, Rows, NDArray[np.bool_]]:
    """Return the later split's rows with a duplicate in the earlier one, that one's row, and whether it is exact."""
    rows, related = seen_before(found.near, split, earlier, later)
    exact_rows, exact_related = seen_before(found.exact, split, earlier, later)
    exact = np.isin(rows, exact_rows)
    related = related.copy()
    related[exact] = exact_related
    return rows, related, exact
