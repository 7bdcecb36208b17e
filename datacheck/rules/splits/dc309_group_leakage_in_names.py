"""DC309: groups that only the file names show, in several splits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from datacheck.findings import Finding, Found, Outcome, Passed, Severity
from datacheck.manifest import Manifest, Task
from datacheck.pairing.name_groups import NameGroups, infer_groups
from datacheck.pairing.name_matching import stem
from datacheck.rules.base import CannotJudge, Rule, RuleContext
from datacheck.rules.requirements import SPLITS
from datacheck.rules.splits.shared import MAX_CLUSTERS, Rows

KINDS = {
    "word": "groups",
    "frames": "sequences",
    "counter": "groups",
    "bursts": "bursts of photos",
    "augmented": "originals with augmented copies",
}
"""What each kind of pattern shows, in the plural."""


@dataclass(frozen=True)
class GroupLeakageInNames(Rule):
    """File names show groups (patients, videos, augmented copies), and a group has samples in several splits.

    What
    ----
    Finds parts of the file names that several samples share, and reports where these samples are in different splits:
    ``patient007_slice02.png``, ``video3_frame0120.jpg``, ``scan.rf.9b1c….jpg`` (an export with augmented copies),
    ``007_0.png`` beside ``007_1.png``, and photos whose names are times a few seconds apart. It proposes groups;
    whether they are groups in your data is for you to decide. With a declared group column, DC305 judges instead.

    Why it hurts training
    ---------------------
    Samples of one patient or video look alike for reasons that have nothing to do with the label. With both in training
    and in test, the score measures how well the model remembers them.

    How it is measured
    ------------------
    From the names alone, without the folder. A pattern must occur in most names, its groups must have several members,
    and it must not only repeat the class. Names that only count up (``img_0001.png``) have no groups. Where the same
    names occur in two splits, numbers start again in each split, and nothing is reported.

    How to fix
    ----------
    Split by group: scikit-learn's ``StratifiedGroupKFold``, or the split of ``datacheck plan``. To declare the groups,
    write them into a column of a table: ``datacheck.pairing.infer_groups(names)`` returns them.

    Example
    -------
    Slices, not patients, were assigned to the splits::

        DC309 28 of 40 groups that the file names show ('patient<id>', such as 'patient012') are in several splits
    """

    code: ClassVar[str] = "DC309"
    name: ClassVar[str] = "group-leakage-in-names"
    severity: ClassVar[Severity] = Severity.WARNING
    requires = (SPLITS,)

    min_share: float = 0.05  # with fewer of the groups in several splits, weak patterns may be chance

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        manifest = context.manifest
        if "group" in manifest:
            raise CannotJudge("the dataset declares its groups: DC305 judges them")
        if "uri" not in manifest:
            raise CannotJudge("the samples have no names")
        names = manifest.table["uri"]
        labels = manifest.label_codes.astype(np.int64) if manifest.task is Task.CLASSIFICATION else None
        found = infer_groups(names, labels)
        if not found:
            return Passed("the file names show no groups")
        leaks = [leak for groups in found if (leak := self._leak(context, names, groups)) is not None]
        if not leaks:
            return Passed(f"the groups that file names show ({found[0].pattern}) are in one split each")
        return Found.of(leaks)

    def _leak(
        self, context: RuleContext, names: pa.ChunkedArray, groups: NameGroups
    ) -> tuple[Finding, pa.Table] | None:
        split = context.manifest.split_codes.astype(np.int64)
        shared, rows, related = across_splits(groups.codes, split)
        n_several = int((np.bincount(groups.codes[(groups.codes >= 0) & (split >= 0)]) > 1).sum())
        weak = groups.kind in {"counter", "frames"}
        if not len(shared) or (weak and len(shared) < max(2, self.min_share * n_several)):
            return None
        if _restart_in_each_split(names, rows, related):
            return None
        counts = np.bincount(groups.codes[rows], minlength=len(groups.names))
        largest = shared[np.argsort(-counts[shared], kind="stable")]
        issues = self.issues(
            context.ids(rows),
            related_id=context.ids(related),
            cluster=groups.codes[rows],
            note=[groups.names[code] for code in groups.codes[rows].tolist()],
        )
        finding = self.finding(
            f"{len(shared):,} of {n_several:,} {KINDS[groups.kind]} that the file names show ({groups.pattern!r}, such "
            f"as {groups.names[shared[0]]!r}) are in several splits",
            "if these are groups, split by them: write them into a column of a table (datacheck.pairing.infer_groups "
            "returns them) and audit it with --group; the plan then makes such a split",
            evidence={
                "pattern": groups.pattern,
                "kind": groups.kind,
                "n_groups": n_several,
                "n_shared": len(shared),
                "groups": {groups.names[code]: int(counts[code]) for code in largest[:MAX_CLUSTERS].tolist()},
                "example": names.take(pa.array([related[0], rows[0]])).to_pylist(),
                "splits": _split_pairs(context.manifest, split, rows, related),
            },
            affected=issues,
        )
        return finding, issues


def across_splits(groups: Rows, split: Rows) -> tuple[Rows, Rows, Rows]:
    """Return the groups in several splits, their rows outside their first split, and for each a row in that split.

    Examples
    --------
    >>> shared, rows, related = across_splits(np.array([0, 0, 1, 1, -1]), np.array([0, 1, 1, 1, 0]))
    >>> shared.tolist(), rows.tolist(), related.tolist()
    ([0], [1], [0])
    """
    known = np.flatnonzero((groups >= 0) & (split >= 0))
    order = known[np.lexsort((known, split[known], groups[known]))]
    codes, first = np.unique(groups[order], return_index=True)
    home = order[first]
    related = home[np.searchsorted(codes, groups[known])]
    moved = split[known] != split[related]
    return np.unique(groups[known][moved]), known[moved], related[moved]


def _restart_in_each_split(names: pa.ChunkedArray, rows: Rows, related: Rows) -> bool:
    """Whether the same file names occur in several splits, so that equal numbers mean different groups."""
    both = names.take(pa.array(np.concatenate((rows, related)))).to_pylist()
    bases = [stem(str(name)).rpartition("/")[2] for name in both]
    others, firsts = set(bases[: len(rows)]), set(bases[len(rows) :])
    return len(others & firsts) > SAME_NAMES * max(1, min(len(others), len(firsts)))


SAME_NAMES = 0.1
"""With more of the names in two splits than this, numbers start again in each split."""


def _split_pairs(manifest: Manifest, split: Rows, rows: Rows, related: Rows) -> dict[str, int]:
    """Number of samples by the two splits that share their group."""
    names = manifest.splits
    pairs, counts = np.unique(np.stack([split[related], split[rows]], axis=1), axis=0, return_counts=True)
    return {f"{names[a]} and {names[b]}": int(n) for (a, b), n in zip(pairs.tolist(), counts.tolist(), strict=True)}
