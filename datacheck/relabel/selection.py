"""Which samples people should label, in which order, and how many of them are worth the time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from datacheck.errors import RelabelError, did_you_mean
from datacheck.labels.label_yield import LabelYield
from datacheck.manifest import Manifest, Task
from datacheck.probing.outputs import ProbeOutputs
from datacheck.probing.skill import probe_skill, why_not_judged
from datacheck.relabel.items import Chosen, queue_items
from datacheck.relabel.look import COUNTED_TASKS, LookSample, draw_look
from datacheck.relabel.queue import RelabelQueue
from datacheck.relabel.ranking import Ranking, copy_groups, error_probability
from datacheck.stats import Interval

if TYPE_CHECKING:
    from datacheck.duplicates.clusters import DuplicateClusters

BAND = 50
"""Samples whose order may change so that one pair of classes comes in a row: about the number that a person labels in
one sitting. A band keeps its place in the queue."""

TRY_LOOK = "or measure how many labels are wrong: datacheck queue make RUN --look 60 draws labels for people to look at"
"""What needs no good probe."""

WIDEST_PRECISION = 0.9
"""An interval of the share of wrong labels that is wider says nothing about the samples in the queue."""

LIKELY_WRONG = 0.5
"""Without a yield, samples are worth the time whose label is more likely wrong than right."""


def relabel_queue(
    manifest: Manifest,
    probe: ProbeOutputs,
    *,
    budget: int = 500,
    identity: str = "",
    duplicates: DuplicateClusters | None = None,
    random_share: float = 0.0,
    gold: Mapping[str, str] | None = None,
    look: int = 0,
    seed: int = 0,
) -> RelabelQueue:
    """Choose the samples where an answer is expected to correct the most labels.

    Exact copies are one item: its answer applies to them all, so their probabilities of being wrong add up. The
    suspects come in bands of `BAND`, and within a band one pair of confusable classes after another.

    Parameters
    ----------
    manifest, probe
        Aligned row by row.
    budget
        How many samples in all.
    identity
        Identity of the dataset's fingerprint.
    duplicates
        Clusters of exact copies; None takes each sample by itself.
    random_share
        Share of the budget drawn at random from the other samples, to measure the true error rate.
    gold
        Known answers by sample id, mixed in evenly, to measure the annotators; they come on top of the budget.
    look
        How many of the budget come first as a random sample of all labels, more of the suspects than of the others:
        their answers measure how many labels are wrong (`datacheck.relabel.look`). 30 to 100 are enough.
    seed
        Seed of the random samples and of the places of the gold ones.

    Raises
    ------
    RelabelError
        When the task has no labels to correct or to count, an option is out of range, or the probe is too weak to
        judge labels. A look needs no good probe: with one that is too weak it is the whole queue.
    """
    if manifest.task not in {Task.CLASSIFICATION, Task.MULTILABEL, Task.REGRESSION}:
        raise RelabelError(f"a relabel queue needs labels, this manifest is {manifest.task.value}")
    if budget < 1:
        raise RelabelError(f"budget: expected at least 1 sample, found {budget}")
    if not 0 <= random_share <= 1:
        raise RelabelError(f"random_share: expected a share in [0, 1], found {random_share}")
    if len(probe) != len(manifest):
        raise RelabelError(f"the probe has {len(probe)} rows, the manifest {len(manifest)}: probe the manifest again")
    weak = _check_skill(manifest, probe, look)
    rng = np.random.default_rng(seed)
    known = _conclusive(probe.label_yield)
    ranking = Ranking(
        error_probability(probe.label_quality, known),
        copy_groups(None if duplicates is None else duplicates.exact, len(manifest)),
        probe.label_quality,
        calibrated=known is not None,
    )
    sample = draw_look(probe.label_quality, ranking.error_probability, min(look, budget), rng) if look else None
    first = np.empty(0, np.int64) if sample is None else sample.rows
    order = ranking.ordered()[: 0 if weak else None]
    order = order[~np.isin(ranking.groups[order], ranking.groups[first])]
    suspects, drawn = _split_budget(order, budget - len(first), random_share, rng)
    suspects = batch_pairs(suspects, manifest, probe)
    asked = {name: label for name, label in (gold or {}).items() if name not in set(probe.sample_ids[first])}
    chosen = with_look(with_gold(interleave(suspects, drawn, rng), manifest, asked, rng), sample)
    return RelabelQueue(
        table=queue_items(chosen, manifest, probe, ranking),
        task=manifest.task,
        classes=manifest.classes,
        root=manifest.root,
        identity=identity,
        expected_precision=_expected_precision(known, len(suspects)),
        worth_depth=len(first) + _worth_depth(probe.label_yield, ranking.error_probability[suspects]),
        seed=seed,
        strata=() if sample is None else sample.sizes,
    )


def _check_skill(manifest: Manifest, probe: ProbeOutputs, look: int) -> bool:
    """Return whether the probe is too weak for suspects, so that the queue is a look alone; raise without a look."""
    if look < 0:
        raise RelabelError(f"look: expected 0 or more samples, found {look}")
    if look and manifest.task not in COUNTED_TASKS:
        raise RelabelError(f"look: wrong labels are counted for classes, this manifest is {manifest.task.value}")
    reason = why_not_judged(manifest, probe)
    if reason is None or probe_skill(manifest, probe) is None:
        return False
    if not look or probe.faults:
        raise RelabelError(f"no queue: {reason}" + ("" if probe.faults else f"; {TRY_LOOK}"))
    return True


def _split_budget(
    order: NDArray[np.int64], budget: int, random_share: float, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the suspects from the top of the order, and the samples drawn at random from the rest."""
    n_random = min(round(budget * random_share), len(order))
    suspects = order[: budget - n_random]
    rest = order[len(suspects) :]
    return suspects, rng.choice(rest, min(n_random, len(rest)), replace=False) if n_random else rest[:0]


def batch_pairs(rows: NDArray[np.int64], manifest: Manifest, probe: ProbeOutputs) -> NDArray[np.int64]:
    """Within each band of the queue, bring samples of one pair of classes together; shape as given."""
    if manifest.task is not Task.CLASSIFICATION or not len(rows):
        return rows
    given, suggested = manifest.label_codes[rows], probe.suggested[rows]
    low, high = np.minimum(given, suggested), np.maximum(given, suggested)
    band = np.arange(len(rows)) // BAND
    return rows[np.lexsort((np.arange(len(rows)), high, low, band))]


def interleave(suspects: NDArray[np.int64], drawn: NDArray[np.int64], rng: np.random.Generator) -> Chosen:
    """Put the random samples at random places among the suspects, whose order stays."""
    n_rows = len(suspects) + len(drawn)
    kinds = np.full(n_rows, "suspect", dtype=object)
    kinds[rng.choice(n_rows, len(drawn), replace=False)] = "random"
    rows = np.empty(n_rows, dtype=np.int64)
    rows[kinds == "suspect"], rows[kinds == "random"] = suspects, drawn
    return Chosen(rows, kinds)


def with_look(chosen: Chosen, sample: LookSample | None) -> Chosen:
    """Put the samples of a look first."""
    if sample is None:
        return chosen
    kinds = np.concatenate([np.full(len(sample.rows), "look", dtype=object), chosen.kinds])
    return replace(chosen, rows=np.concatenate([sample.rows, chosen.rows]), kinds=kinds, look=sample)


def with_gold(chosen: Chosen, manifest: Manifest, gold: Mapping[str, str], rng: np.random.Generator) -> Chosen:
    """Mix the gold samples in, evenly; a sample that was chosen already becomes a gold one."""
    if not gold:
        return chosen
    position = {sample_id: row for row, sample_id in enumerate(manifest.sample_ids.to_pylist())}
    unknown = [sample_id for sample_id in gold if sample_id not in position]
    if unknown:
        raise RelabelError(f"gold: {len(unknown)} samples are not in the manifest, such as {unknown[0]!r}")
    if manifest.task is Task.CLASSIFICATION:
        strange = [label for label in gold.values() if label not in manifest.classes]
        if strange:
            raise RelabelError(f"gold: {strange[0]!r} is not a class{did_you_mean(strange[0], manifest.classes)}")
    gold_rows = rng.permutation([position[sample_id] for sample_id in gold])
    keep = ~np.isin(chosen.rows, gold_rows)
    rows, kinds = chosen.rows[keep], chosen.kinds[keep]
    places = np.linspace(0, len(rows), len(gold_rows) + 2)[1:-1].round().astype(np.int64)
    return Chosen(np.insert(rows, places, gold_rows), np.insert(kinds, places, "gold"), gold)


def _conclusive(label_yield: LabelYield | None) -> LabelYield | None:
    """Return a yield from which a precision may be expected; None where the probe may be too weak."""
    return label_yield if label_yield is not None and label_yield.conclusive else None


def _expected_precision(label_yield: LabelYield | None, n_suspects: int) -> Interval | None:
    """Share of wrong labels among the suspects, with the interval of the yield at that depth."""
    if label_yield is None or not n_suspects:
        return None
    low, value, high = (
        float(np.interp(n_suspects, label_yield.depth, curve))
        for curve in (label_yield.precision_low, label_yield.precision, label_yield.precision_high)
    )
    if high - low > WIDEST_PRECISION:
        return None
    return Interval(value, low, high, n=n_suspects, method=label_yield.estimated_errors.method)


def _worth_depth(label_yield: LabelYield | None, probability: NDArray[np.float32]) -> int:
    if label_yield is not None:
        return min(label_yield.n_to_review, len(probability))
    return int(np.count_nonzero(probability > LIKELY_WRONG))
