"""DC303: evaluation samples that were trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from datacheck.duplicates.clusters import DuplicateClusters
from datacheck.findings import Finding, Found, Outcome, Passed, Severity
from datacheck.manifest import Modality
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.requirements import CONTENT, SPLITS
from datacheck.rules.splits.shared import (
    Rows,
    changes,
    counted,
    duplicates_of,
    not_compared,
    seen_before,
    sharing,
    shown_pairs,
    split_pairs,
)
from datacheck.stats import proportion
from datacheck.text import percent, plural


@dataclass(frozen=True)
class SplitLeakage(Rule):
    """Samples of an evaluation split have a copy in an earlier split.

    What
    ----
    For each two splits (train before val before test), finds samples of the later split with an exact or near duplicate
    in the earlier one. In a table, finds rows that are equal in every feature column.

    Why it hurts training
    ---------------------
    A model knows the answer for samples that it was trained on. The evaluation is too good by about the leaked share,
    most of all for the models that memorise most, and so the wrong model may be chosen.

    How it is measured
    ------------------
    By the clusters of DC301 and DC302: the share of the later split with a member of its cluster in the earlier one,
    exact and near copies counted separately, with what was done to the copies (mirrored, brighter, other proportions).
    Strong edits, and among many images crops and small rotations (see DC302), are not found: the count is a lower
    bound.

    How to fix
    ----------
    Remove the leaked samples from the evaluation split (or from training, if too few would be left), and split by group
    from now on: ``datacheck plan`` proposes a repaired split. Repeat the evaluations made so far.

    Example
    -------
    A photo lies in both splits::

        train/cat/1.jpg
        test/cat/7.jpg    the same bytes
        test/cat/8.jpg

        DC303 at least 1 of 2 samples of 'test' (50 %) are also in 'train': 1 exact copy, 0 near duplicates
    """

    code: ClassVar[str] = "DC303"
    name: ClassVar[str] = "split-leakage"
    severity: ClassVar[Severity] = Severity.ERROR
    requires = (SPLITS, CONTENT)

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        found = duplicates_of(context)
        judged = [self._compare(context, found, *pair) for pair in split_pairs(context.manifest)]
        leaks = [pair for pair in judged if pair is not None]
        if not leaks:
            return Passed(f"no sample has a duplicate in another split{not_compared(found)}")
        return Found.of(leaks)

    def _compare(
        self, context: RuleContext, found: DuplicateClusters, earlier: int, later: int
    ) -> tuple[Finding, pa.Table] | None:
        manifest = context.manifest
        rows, related, exact = leaked(found, manifest.split_codes.astype(np.int64), earlier, later)
        if not len(rows):
            return None
        size = int(np.count_nonzero(manifest.split_codes == later))
        names = manifest.splits[earlier], manifest.splits[later]
        order = np.argsort(~exact, kind="stable")
        ids, related_ids = context.ids(rows[order]), context.ids(related[order])
        words = changes(context, found, rows[order], related[order])
        words = ["" if same else word for same, word in zip(exact[order].tolist(), words, strict=True)]
        issues = self.issues(
            ids,
            np.where(exact[order], 1.0, 0.9),
            related_id=related_ids,
            cluster=found.near[rows[order]],
            note=[
                f"{'exact' if same else 'near'} duplicate in {names[0]}{word and f': {word}'}"
                for same, word in zip(exact[order].tolist(), words, strict=True)
            ],
        )
        n_exact, share = int(exact.sum()), proportion(len(rows), size)
        n_near = len(rows) - n_exact
        numbers = {
            "n_exact": n_exact,
            "n_near": n_near,
            "changes": counted(words),
            "n_clusters": len(np.unique(found.near[rows])),
            "clusters": shown_pairs(ids, related_ids),
        }
        done = ", ".join(f"{n:,} {word}" for word, n in counted(words).items())
        copies = plural(n_exact, "exact copy", "exact copies")
        what, kinds = "samples", f": {copies}, {plural(n_near, 'near duplicate')}{done and f' ({done})'}"
        if manifest.modality is Modality.TABULAR:
            what, kinds = "rows", ", equal in every feature column"
        finding = self.finding(
            f"at least {len(rows):,} of {size:,} {what} of {names[1]!r} ({percent(share.value)}) are also in "
            f"{names[0]!r}{kinds}",
            f"remove them from {names[1]!r}, split by group, and repeat the evaluations made on it",
            evidence=sharing(names, share, numbers),
            affected=issues,
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
