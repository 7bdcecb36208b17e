"""A look at a few samples: which items of a queue measure the number of wrong labels, and what their answers say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datacheck.errors import RelabelError
from datacheck.labels.look import Look, allocation, stratum_sizes
from datacheck.manifest import Task
from datacheck.relabel.answers import AnswerType
from datacheck.stats import Stratum

if TYPE_CHECKING:
    from datacheck.relabel.apply import Relabels
    from datacheck.relabel.queue import RelabelQueue

COUNTED_TASKS = frozenset({Task.CLASSIFICATION, Task.MULTILABEL})
"""Where a label is right or wrong; a target can be off by any amount, and people do not repeat it to the digit."""


@dataclass(frozen=True)
class LookSample:
    """Which samples to look at.

    Attributes
    ----------
    rows
        Rows of the manifest in random order, so that the first answers are a random sample too; shape [n].
    inclusion
        The chance with which each of all samples was to be drawn, shape [N]; NaN where it is not judged.
    rank
        Place of each of all samples by suspicion, the most suspect 0, shape [N]; -1 where it is not judged.
    sizes
        Labels in each stratum, by rank.
    """

    rows: NDArray[np.int64]
    inclusion: NDArray[np.float64]
    rank: NDArray[np.int64]
    sizes: tuple[int, ...]


def draw_look(
    label_quality: NDArray[np.floating[Any]], wrong: NDArray[np.floating[Any]], n_looks: int, rng: np.random.Generator
) -> LookSample:
    """Draw a random sample of each stratum of the judged labels.

    Parameters
    ----------
    label_quality
        Low is suspect, shape [N]; NaN where a label was not judged.
    wrong
        Chance that each label is wrong, falling with the quality, shape [N].
    n_looks
        How many to draw, at most all.
    rng
        Draws them.
    """
    judged = np.flatnonzero(np.isfinite(label_quality))
    order = judged[np.argsort(label_quality[judged], kind="stable")]
    expected = np.nan_to_num(wrong[order].astype(np.float64)).clip(0, 1)
    sizes = stratum_sizes(expected)
    drawn = allocation(sizes, expected, n_looks)
    rank, inclusion = np.full(len(label_quality), -1, np.int64), np.full(len(label_quality), np.nan)
    rank[order] = np.arange(len(order))
    rows, start = [], 0
    for size, n_drawn in zip(sizes, drawn, strict=True):
        members = order[start : start + size]
        inclusion[members] = n_drawn / size
        rows.append(rng.choice(members, n_drawn, replace=False))
        start += size
    return LookSample(rng.permutation(np.concatenate(rows)), inclusion, rank, sizes)


def look_of(relabels: Relabels, queue: RelabelQueue) -> Look | None:
    """Return what the answers say of all labels; None where the queue has no samples that were drawn for it.

    Where every label down to some rank was answered, suspects and copies included, those are known and no longer a
    sample. The copies' own labels must be the old ones in ``relabels`` (`Relabels.with_given`). Of the rest of each
    stratum, the answered ones among the samples that were drawn at random count. Ambiguous, disputed and skipped
    samples may be right or wrong; "none of these" is a wrong label.

    Raises
    ------
    RelabelError
        When the queue is of a task in which labels are not simply right or wrong.
    """
    if not queue.strata:
        return None
    if queue.task not in COUNTED_TASKS:
        raise RelabelError(f"wrong labels are counted for classes, this queue is {queue.task.value}")
    places: dict[str, tuple[int, bool]] = {}
    for item in queue.rows():
        if item["suspicion_rank"] is not None:
            places[item["sample_id"]] = item["suspicion_rank"], item["kind"] == "look"
        places |= {copy: (rank, False) for copy, rank in zip(item["copies"], item["copy_ranks"], strict=True)}
    answered = {
        places[row["sample_id"]][0]: (is_wrong(row), places[row["sample_id"]][1])
        for row in relabels.table.to_pylist()
        if row["sample_id"] in places
    }
    strata: list[Stratum] = []
    start = 0
    for size in queue.strata:
        strata += _strata(answered, start, size)
        start += size
    return Look(tuple(strata))


def _strata(answered: Mapping[int, tuple[bool | None, bool]], start: int, size: int) -> list[Stratum]:
    """Return one stratum's part that was answered completely, from the top down, and the rest."""
    known = 0
    while known < size and start + known in answered:
        known += 1
    top = [answered[start + place][0] for place in range(known)]
    sample = [wrong for rank, (wrong, drawn) in answered.items() if drawn and start + known <= rank < start + size]
    parts = [_stratum(known, top), _stratum(size - known, sample)]
    return [one for one in parts if one.size]


def _stratum(size: int, verdicts: Sequence[bool | None]) -> Stratum:
    right, wrong, unknown = (sum(verdict is kind for verdict in verdicts) for kind in (False, True, None))
    return Stratum(size, right + wrong + unknown, wrong, unknown)


def is_wrong(decision: Mapping[str, Any]) -> bool | None:
    """Return whether a decision says that the old label is wrong; None where nobody could tell.

    Examples
    --------
    >>> [is_wrong({"decision": kind, "old": "cat", "new": "dog"}) for kind in ("label", "none-of-these", "ambiguous")]
    [True, True, None]
    """
    if decision["decision"] == AnswerType.LABEL.value:
        return bool(decision["new"] != decision["old"])
    return True if decision["decision"] == AnswerType.NONE_OF_THESE.value else None
