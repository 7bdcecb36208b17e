"""What the split rules share: clusters as evidence, pairs of splits, copies within and across them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from datacheck.duplicates.changes import change_words, registered_words
from datacheck.duplicates.clusters import DuplicateClusters
from datacheck.duplicates.orientations import ORIENTATIONS
from datacheck.manifest import Manifest, Task
from datacheck.rules.base import CannotJudge, Rule, RuleContext
from datacheck.rules.splits.labels import agreeing_labels, comparable_labels, conflicts_in_clusters, label_tolerance
from datacheck.stats import Interval, proportion

MAX_CLUSTERS = 50
"""The evidence shows at most this many clusters, the largest first; the issues have all of them."""

MAX_MEMBERS = 20
"""The evidence shows at most this many samples of a cluster."""

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Copies:
    """Samples that are there more than once in their split; all of shape [n].

    Attributes
    ----------
    rows, first
        Each such sample, and the first one of those that it equals.
    within
        Number of its cluster within the split.
    cluster
        Number of its cluster in the whole dataset.
    """

    rows: Rows
    first: Rows
    within: Rows
    cluster: Rows


def duplicates_of(context: RuleContext) -> DuplicateClusters:
    """Return the duplicate clusters, for a rule that requires `CONTENT`."""
    found = context.duplicates
    if found is None:
        raise CannotJudge("there is no content to compare")
    return found


def conflicting(manifest: Manifest, clusters: Rows, *, exact: bool) -> NDArray[np.bool_]:
    """Whether each row lies in a cluster whose labels differ, which DC304 reports; bool [N].

    Images that are only alike rightly have other boxes, so that of those DC304 reports exact copies alone.
    """
    if manifest.task is Task.DETECTION and not exact:
        return np.zeros(len(manifest), dtype=bool)
    labels = np.where(further_rows(manifest), np.nan, comparable_labels(manifest))
    labels = agreeing_labels(manifest, labels, clusters)
    rows = conflicts_in_clusters(clusters, labels, label_tolerance(manifest, labels))
    return np.isin(clusters, np.unique(clusters[rows])) & (clusters >= 0)


def further_rows(manifest: Manifest) -> NDArray[np.bool_]:
    """Whether a row lists a file again with other values in the extra columns, such as another box; bool [N].

    Such a row is not a copy of the file's first row. One that repeats all values is.

    Examples
    --------
    >>> columns = {"sample_id": ["1", "2", "3"], "uri": ["a.png", "a.png", "a.png"], "xmin": [5, 9, 9]}
    >>> further_rows(Manifest.from_columns(columns)).tolist()
    [False, True, False]
    """
    found = np.zeros(len(manifest), dtype=bool)
    if "uri" not in manifest or not manifest.extra_columns:
        return found
    codes = [_codes(manifest.table[name]) for name in ("uri", *manifest.extra_columns)]
    _, first_of_file = np.unique(codes[0], return_index=True)
    _, first_of_row = np.unique(np.column_stack(codes), axis=0, return_index=True)
    found[first_of_row] = True
    found[first_of_file] = False
    return found


def _codes(column: pa.ChunkedArray) -> Rows:
    """A number for each different value; columns of lists and the like count as equal; [N]."""
    array = column.combine_chunks()
    if pa.types.is_nested(array.type):
        return np.zeros(len(array), np.int64)
    array = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
    return np.asarray(pc.fill_null(array.indices, -1).to_numpy(zero_copy_only=False), dtype=np.int64)


def changes(context: RuleContext, found: DuplicateClusters, rows: Rows, related: Rows) -> list[str]:
    """Return how each row's image differs from the related one, in words; empty where nothing that was measured does.

    A pair that is tied by a third image only is described as if it had the same orientation.
    """
    if context.measurements is None:
        return [""] * len(rows)
    turned_pairs = found.orientation > 0
    turned = dict(
        zip(map(tuple, found.near_pairs[turned_pairs].tolist()), found.orientation[turned_pairs].tolist(), strict=True)
    )
    laid: dict[tuple[int, int], str] = {}
    if found.registered is not None:
        for one in (found.registered, found.registered.reversed()):
            laid |= zip(map(tuple, one.pairs.tolist()), registered_words(one), strict=True)
    numbers = []
    for row, other in zip(rows.tolist(), related.tolist(), strict=True):
        number = turned.get((min(row, other), max(row, other)), 0)
        numbers.append(number if other < row else ORIENTATIONS[number].reverse)
    words = change_words(context.measurements, related, rows, np.array(numbers, np.int8))
    pairs = zip(related.tolist(), rows.tolist(), strict=True)
    return [laid.get(pair, word) for pair, word in zip(pairs, words, strict=True)]


def shown_pairs(ids: pa.Array, related: pa.Array) -> list[list[str]]:
    """Return the first pairs of a sample and its related one, for the pictures of a finding."""
    firsts = (one[:MAX_CLUSTERS].to_pylist() for one in (ids, related))
    return [list(pair) for pair in zip(*firsts, strict=True)]


def not_compared(found: DuplicateClusters) -> str:
    """Return, for the end of a sentence that nothing was found, what could not be compared and why; empty else."""
    among = "" if found.complete else ", among the pairs that were compared: the images are too many for all of them"
    return f"{among}; {found.not_searched}" if found.not_searched else among


def counted(words: Sequence[str]) -> dict[str, int]:
    """Return how many pairs have each change, the most first.

    Examples
    --------
    >>> counted(["mirrored", "", "brighter, mirrored"])
    {'mirrored': 2, 'brighter': 1}
    """
    return dict(Counter(word for each in words if each for word in each.split(", ")).most_common())


def split_pairs(manifest: Manifest) -> Iterator[tuple[int, int]]:
    """Yield the numbers of each two splits, the one nearer to training first."""
    yield from combinations(range(len(manifest.splits)), 2)


def cluster_evidence(context: RuleContext, clusters: Rows, rows: Rows) -> dict[str, Any]:
    """Return ``n_clusters`` and the largest clusters as lists of ids; ``clusters[i]`` is that of ``rows[i]``."""
    _, inverse, counts = np.unique(clusters, return_inverse=True, return_counts=True)
    order = np.argsort(inverse, kind="stable")
    members = np.split(rows[order], np.cumsum(counts)[:-1])
    largest = np.argsort(-counts, kind="stable")[:MAX_CLUSTERS]
    return {
        "n_clusters": len(counts),
        "clusters": [context.ids(members[number][:MAX_MEMBERS]).to_pylist() for number in largest.tolist()],
        "cluster_sizes": counts[largest].tolist(),
    }


def repeats(
    rule: Rule,
    context: RuleContext,
    copies: Copies,
    suspicion: tuple[float, float],
    notes: list[str] | None = None,
) -> tuple[pa.Table, int, dict[str, Any]]:
    """Return the issues of copies within splits, how many are superfluous, and the evidence.

    Parameters
    ----------
    rule, context
        Which rule reports on what.
    copies
        Which sample is a copy of which.
    suspicion
        Of the first sample of each cluster, and of those that repeat it.
    notes
        One a sample; ``copy`` and ``first of its cluster`` where they are None.
    """
    rows, first = copies.rows, copies.first
    is_copy = rows != first
    n_copies = int(is_copy.sum())
    related = [name if copy else None for copy, name in zip(is_copy, context.ids(first).to_pylist(), strict=True)]
    issues = rule.issues(
        context.ids(rows),
        np.where(is_copy, suspicion[1], suspicion[0]),
        related_id=related,
        cluster=copies.cluster,
        note=notes if notes is not None else np.where(is_copy, "copy", "first of its cluster").tolist(),
    )
    share = proportion(n_copies, len(context.manifest)).to_json()
    return issues, n_copies, {"n_copies": n_copies, "share": share, **cluster_evidence(context, copies.within, rows)}


def sharing(names: tuple[str, str], share: Interval, counted: Mapping[str, Any]) -> dict[str, Any]:
    """Return the evidence of samples that two splits share."""
    return {"earlier": names[0], "later": names[1], "share": share.to_json(), **counted}


def seen_before(groups: Rows, split: Rows, earlier: int, later: int) -> tuple[Rows, Rows]:
    """Return rows of the later split whose group also occurs in the earlier one, and for each the first such row.

    Examples
    --------
    >>> rows, related = seen_before(np.array([0, 0, 1, -1]), np.array([0, 1, 1, 1]), 0, 1)
    >>> rows.tolist(), related.tolist()
    ([1], [0])
    """
    known = groups >= 0
    source = np.flatnonzero(known & (split == earlier))
    target = np.flatnonzero(known & (split == later))
    names, where = np.unique(groups[source], return_index=True)
    if not len(names):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    at = np.minimum(np.searchsorted(names, groups[target]), len(names) - 1)
    hit = names[at] == groups[target]
    return target[hit], source[where[at[hit]]]
