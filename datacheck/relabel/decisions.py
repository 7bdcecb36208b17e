"""From the answers of one or more annotators to one decision a sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from datacheck.relabel.annotators import DISPUTED, AnnotatorQuality, annotator_quality, majority
from datacheck.relabel.answers import Answers, AnswerType
from datacheck.relabel.crowdlab import model_consensus
from datacheck.relabel.queue import RelabelQueue

if TYPE_CHECKING:
    from datacheck.probing.outputs import ProbeOutputs

RELABELS_SCHEMA = pa.schema(
    [
        pa.field("sample_id", pa.string(), nullable=False),
        pa.field("old", pa.string()),
        pa.field("new", pa.string()),
        pa.field("decision", pa.string(), nullable=False),
        pa.field("confidence", pa.float32()),
        pa.field("agreement", pa.float32()),
        pa.field("n_answers", pa.int32(), nullable=False),
        pa.field("annotators", pa.list_(pa.string()), nullable=False),
        pa.field("answered_at", pa.string()),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("copy_of", pa.string()),
    ]
)
"""Columns of ``relabels.parquet``: one decision a sample.

``decision`` is ``label`` (``new`` is the decided label, which may equal ``old``), ``ambiguous``, ``none-of-these``,
``disputed`` (no answer has more votes than every other) or ``skip`` (nobody answered). ``agreement`` is the share of
answers that say ``new``; ``copy_of`` is the labelled sample that this one is a copy of.
"""


@dataclass(frozen=True)
class Consensus:
    """One decision a sample, and how well the annotators did.

    ``random_error_rate`` is (wrong, labelled) among the random items: an unbiased measure of the label error rate.
    """

    table: pa.Table
    annotators: Mapping[str, AnnotatorQuality]
    method: str
    random_error_rate: tuple[int, int]


def consensus(answers: Answers, queue: RelabelQueue, probe: ProbeOutputs | None = None) -> Consensus:
    """Decide each sample from the answers to it; its exact copies get the same decision.

    With labels of several annotators, the probe's probabilities and cleanlab: CROWDLAB (Goh, Tkachenko and Mueller,
    2022). Otherwise the most frequent answer; a tie is disputed, never broken by chance. Skips do not vote;
    "ambiguous" and "none of these" do, and stay as such where they win.
    """
    items = {row["sample_id"]: row for row in queue.rows()}
    by_sample: dict[str, list[dict[str, Any]]] = {}
    for row in latest_answers(answers.table.to_pylist()):
        by_sample.setdefault(row["sample_id"], []).append(row)
    model = model_consensus(by_sample, queue, probe)
    decisions = []
    for sample_id, rows in by_sample.items():
        decision = _decide(items[sample_id], rows, model.labels.get(sample_id))
        decisions.append(decision)
        decisions += [{**decision, "sample_id": copy, "copy_of": sample_id} for copy in items[sample_id]["copies"]]
    return Consensus(
        table=pa.Table.from_pylist(decisions, schema=RELABELS_SCHEMA),
        annotators=annotator_quality(by_sample, items, model.annotators),
        method=model.method,
        random_error_rate=_random_error_rate(decisions, items),
    )


def latest_answers(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the latest answer of each annotator to each sample: one vote each.

    Examples
    --------
    >>> rows = [
    ...     {"sample_id": "x", "annotator": "ann", "answered_at": "2026-01-02", "label": "dog"},
    ...     {"sample_id": "x", "annotator": "ann", "answered_at": "2026-01-01", "label": "cat"},
    ... ]
    >>> [row["label"] for row in latest_answers(rows)]
    ['dog']
    """
    latest: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        key = row["sample_id"], row["annotator"]
        if key not in latest or (row["answered_at"] or "") >= (latest[key]["answered_at"] or ""):
            latest[key] = row
    return list(latest.values())


def _decide(item: Mapping[str, Any], rows: Sequence[dict[str, Any]], model: tuple[str, float] | None) -> dict[str, Any]:
    decision, label, agreement = majority(rows)
    confidence = agreement
    if model is not None and decision in {AnswerType.LABEL.value, DISPUTED}:
        decision = AnswerType.LABEL.value
        label, confidence = model
        labels = [row["label"] for row in rows if row["answer"] == AnswerType.LABEL.value]
        agreement = labels.count(label) / len(labels)
    times = [row["answered_at"] for row in rows if row["answered_at"]]
    return {
        "sample_id": item["sample_id"],
        "old": item["given"],
        "new": label,
        "decision": decision,
        "confidence": None if np.isnan(confidence) else confidence,
        "agreement": None if np.isnan(agreement) else agreement,
        "n_answers": sum(row["answer"] != AnswerType.SKIP.value for row in rows),
        "annotators": sorted({row["annotator"] for row in rows}),
        "answered_at": max(times, default=None),
        "reason": item["reason"],
        "copy_of": None,
    }


def _random_error_rate(
    decisions: Sequence[Mapping[str, Any]], items: Mapping[str, Mapping[str, Any]]
) -> tuple[int, int]:
    """Count the wrong labels among the random items that got a label."""
    drawn = [
        decision
        for decision in decisions
        if decision["copy_of"] is None
        and items[decision["sample_id"]]["kind"] == "random"
        and decision["decision"] == AnswerType.LABEL.value
    ]
    return sum(decision["new"] != decision["old"] for decision in drawn), len(drawn)
