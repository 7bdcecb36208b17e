"""Which samples people should look at, in which order, and how far down it is worth it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from datacheck.errors import RelabelError, did_you_mean
from datacheck.labels.label_yield import LabelYield
from datacheck.manifest import Manifest, Task
from datacheck.probing.outputs import ProbeOutputs
from datacheck.probing.skill import probe_skill, why_not_judged
from datacheck.relabel.questions import questions
from datacheck.relabel.queue import RelabelQueue
from datacheck.stats import Interval

if TYPE_CHECKING:
    from datacheck.duplicates.clusters import DuplicateClusters

BAND = 50
"""Questions whose order may change so that one pair of classes comes in a row; a band keeps its place in the queue."""


def relabel_queue(
    manifest: Manifest,
    probe: ProbeOutputs,
    *,
    budget: int = 500,
    identity: str = "",
    duplicates: DuplicateClusters | None = None,
    random_share: float = 0.0,
    gold: Mapping[str, str] | None = None,
    seed: int = 0,
) -> RelabelQueue:
    """Choose the questions that are expected to correct the most labels for the attention they cost.

    Exact copies are one question: its answer settles them all, so their chances of being wrong add up. The chosen
    suspects are asked in bands of `BAND`, and within a band one confusable pair of classes after another.

    Parameters
    ----------
    manifest, probe
        Aligned row by row.
    budget
        How many questions in all.
    identity
        Identity of the dataset's fingerprint.
    duplicates
        Clusters of exact copies; None asks for each sample by itself.
    random_share
        Share of the budget drawn at random from the other samples, to measure the true error rate.
    gold
        Known answers by sample id, mixed in evenly, to measure the annotators; they come on top of the budget.
    seed
        Seed of the random questions and of the places of the gold ones.

    Raises
    ------
    RelabelError
        When the task has no labels to question, an option is out of range, or the probe is too weak to judge labels.
    """
    if manifest.task not in {Task.CLASSIFICATION, Task.MULTILABEL, Task.REGRESSION}:
        raise RelabelError(f"a relabel queue needs labels, this manifest is {manifest.task.value}")
    if budget < 1:
        raise RelabelError(f"budget: expected at least 1 question, found {budget}")
    if not 0 <= random_share <= 1:
        raise RelabelError(f"random_share: expected a share in [0, 1], found {random_share}")
    if len(probe) != len(manifest):
        raise RelabelError(f"the probe has {len(probe)} rows, the manifest {len(manifest)}: probe the manifest again")
    _check_skill(manifest, probe)
    rng = np.random.default_rng(seed)
    chance = error_probability(probe.label_quality, probe.label_yield)
    groups = question_groups(None if duplicates is None else duplicates.exact, len(manifest))
    gain = np.bincount(groups, weights=np.nan_to_num(chance).astype(np.float64))
    leaders = group_leaders(groups, chance)
    asked = leaders[np.isfinite(chance[leaders])]
    order = asked[np.argsort(-gain[groups[asked]], kind="stable")]
    n_random = min(round(budget * random_share), max(0, len(order)))
    suspects = order[: budget - n_random]
    others = order[len(suspects) :]
    drawn = rng.choice(others, min(n_random, len(others)), replace=False) if n_random else others[:0]
    suspects = batch_pairs(suspects, manifest, probe)
    rows, kinds = interleave(suspects, drawn, rng)
    rows, kinds = _with_gold(rows, kinds, manifest, gold or {}, rng)
    return RelabelQueue(
        table=questions(rows, kinds, manifest, probe, chance, gain, groups, gold or {}),
        task=manifest.task,
        classes=manifest.classes,
        root=manifest.root,
        identity=identity,
        expected_precision=_expected_precision(probe.label_yield, chance[suspects]),
        worth_depth=_worth_depth(probe.label_yield, chance[suspects]),
        seed=seed,
    )


def _check_skill(manifest: Manifest, probe: ProbeOutputs) -> None:
    reason = why_not_judged(manifest, probe)
    if reason is not None and probe_skill(manifest, probe) is not None:
        raise RelabelError(f"no queue: {reason}")


def error_probability(label_quality: NDArray[np.float32], label_yield: LabelYield | None) -> NDArray[np.float32]:
    """Return the chance that each given label is wrong, shape [N], NaN where the quality is NaN.

    With a yield, the chance at a rank is the slope of the expected number of errors, depth × precision, made to fall
    with the rank (isotonic regression); beyond the deepest depth the remaining estimated errors are spread by quality.
    Without one it is 1 - quality, which ranks but is not calibrated.
    """
    chance = (1.0 - np.asarray(label_quality, dtype=np.float64)).astype(np.float32)
    if label_yield is None or len(label_yield.depth) == 0:
        return chance
    from sklearn.isotonic import IsotonicRegression

    known = np.flatnonzero(np.isfinite(label_quality))
    order = known[np.argsort(label_quality[known], kind="stable")]
    depth = np.concatenate([[0], np.minimum(label_yield.depth, len(order))])
    errors = np.concatenate([[0.0], label_yield.depth * label_yield.precision])
    if depth[-1] < len(order):
        depth = np.append(depth, len(order))
        errors = np.append(errors, max(errors[-1], label_yield.estimated_errors.value))
    expected = np.interp(np.arange(len(order) + 1), depth, np.maximum.accumulate(errors))
    slopes = np.clip(np.diff(expected), 0.0, 1.0)
    falling = IsotonicRegression(increasing=False, y_min=0.0, y_max=1.0).fit_transform(np.arange(len(order)), slopes)
    result = np.full(len(label_quality), np.nan, dtype=np.float32)
    result[order] = falling
    return result


def question_groups(exact: NDArray[np.int64] | None, n_rows: int) -> NDArray[np.int64]:
    """Number the questions: rows of one duplicate cluster share a number; shape [N]."""
    keys = np.arange(n_rows, dtype=np.int64)
    if exact is not None:
        copies = exact >= 0
        keys[copies] = n_rows + exact[copies]
    return np.unique(keys, return_inverse=True)[1].astype(np.int64)


def group_leaders(groups: NDArray[np.int64], chance: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the row that stands for each question: the most suspect of its copies; shape [G]."""
    order = np.lexsort((-np.nan_to_num(chance, nan=-1.0), groups))
    return order[np.unique(groups[order], return_index=True)[1]].astype(np.int64)


def batch_pairs(rows: NDArray[np.int64], manifest: Manifest, probe: ProbeOutputs) -> NDArray[np.int64]:
    """Within each band of the queue, bring questions about one pair of classes together; shape as given."""
    if manifest.task is not Task.CLASSIFICATION or not len(rows):
        return rows
    given, suggested = manifest.label_codes[rows], probe.suggested[rows]
    low, high = np.minimum(given, suggested), np.maximum(given, suggested)
    band = np.arange(len(rows)) // BAND
    return rows[np.lexsort((np.arange(len(rows)), high, low, band))]


def interleave(
    suspects: NDArray[np.int64], drawn: NDArray[np.int64], rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.object_]]:
    """Put the random questions at random places among the suspects, whose order stays."""
    n_rows = len(suspects) + len(drawn)
    kinds = np.full(n_rows, "suspect", dtype=object)
    kinds[rng.choice(n_rows, len(drawn), replace=False)] = "random"
    rows = np.empty(n_rows, dtype=np.int64)
    rows[kinds == "suspect"], rows[kinds == "random"] = suspects, drawn
    return rows, kinds


def _with_gold(
    rows: NDArray[np.int64],
    kinds: NDArray[np.object_],
    manifest: Manifest,
    gold: Mapping[str, str],
    rng: np.random.Generator,
) -> tuple[NDArray[np.int64], NDArray[np.object_]]:
    """Mix the gold questions in, evenly; a sample that is asked anyway becomes the gold question."""
    if not gold:
        return rows, kinds
    position = {sample_id: row for row, sample_id in enumerate(manifest.sample_ids.to_pylist())}
    unknown = [sample_id for sample_id in gold if sample_id not in position]
    if unknown:
        raise RelabelError(f"gold: {len(unknown)} samples are not in the manifest, such as {unknown[0]!r}")
    if manifest.task is Task.CLASSIFICATION:
        strange = [label for label in gold.values() if label not in manifest.classes]
        if strange:
            raise RelabelError(f"gold: {strange[0]!r} is not a class{did_you_mean(strange[0], manifest.classes)}")
    gold_rows = rng.permutation([position[sample_id] for sample_id in gold])
    keep = ~np.isin(rows, gold_rows)
    rows, kinds = rows[keep], kinds[keep]
    places = np.linspace(0, len(rows), len(gold_rows) + 2)[1:-1].round().astype(np.int64)
    return np.insert(rows, places, gold_rows), np.insert(kinds, places, "gold")


def _expected_precision(label_yield: LabelYield | None, chance: NDArray[np.float32]) -> Interval | None:
    """Share of wrong labels among the suspects, with the interval of the yield at that depth."""
    if label_yield is None or not len(chance):
        return None
    low, value, high = (
        float(np.interp(len(chance), label_yield.depth, curve))
        for curve in (label_yield.precision_low, label_yield.precision, label_yield.precision_high)
    )
    return Interval(value, low, high, n=len(chance), method=label_yield.estimated_errors.method)


def _worth_depth(label_yield: LabelYield | None, chance: NDArray[np.float32]) -> int:
    if label_yield is not None:
        return min(label_yield.recommended_depth, len(chance))
    return int(np.count_nonzero(chance > 0.5))
