"""From the answers of several people to one decision a sample."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from datacheck.errors import MissingExtraError, install_command
from datacheck.manifest import Task
from datacheck.relabel.answers import Answers, Verdict
from datacheck.relabel.queue import RelabelQueue

if TYPE_CHECKING:
    from datacheck.probing.outputs import ProbeOutputs

RELABELS_SCHEMA = pa.schema(
    [
        pa.field("sample_id", pa.string(), nullable=False),
        pa.field("old", pa.string()),
        pa.field("new", pa.string()),
        pa.field("verdict", pa.string(), nullable=False),
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

``verdict`` is ``label`` (``new`` is the decided label, which may equal ``old``), ``ambiguous``, ``none-of-these``,
``disputed`` (no label has more answers than another) or ``skip`` (nobody answered). ``agreement`` is the share of
answers that say ``new``; ``copy_of`` names the sample that was asked where this one is its copy.
"""


@dataclass(frozen=True)
class AnnotatorQuality:
    """How well one annotator does.

    Attributes
    ----------
    answers, skips
        How many labels and how many skips they gave.
    agreement
        Share of their labels that equal the consensus of the others' (NaN where nobody else answered).
    gold_right, gold_asked
        Gold questions answered rightly, and answered at all.
    quality
        CROWDLAB's estimate of their accuracy where it ran, NaN otherwise.
    """

    answers: int
    skips: int
    agreement: float
    gold_right: int
    gold_asked: int
    quality: float


@dataclass(frozen=True)
class Consensus:
    """One decision a sample, and what it says of the annotators.

    ``random_error_rate`` is (wrong, asked) among the random questions: an unbiased measure of the label error rate.
    """

    table: pa.Table
    annotators: Mapping[str, AnnotatorQuality]
    method: str
    random_error_rate: tuple[int, int]


def consensus(answers: Answers, queue: RelabelQueue, probe: ProbeOutputs | None = None) -> Consensus:
    """Decide each sample from the answers to it, and settle its copies by the same answer.

    Several annotators with the probe's probabilities: CROWDLAB (Goh, Tkachenko and Mueller, 2022) as cleanlab has it.
    Otherwise the most frequent answer; a tie is disputed, never broken by chance. Skips do not vote; "ambiguous" and
    "none of these" do, and are kept as such where they win.
    """
    asked = {row["sample_id"]: row for row in queue.rows()}
    by_sample: dict[str, list[dict[str, Any]]] = {}
    for row in latest_answers(answers.table.to_pylist()):
        by_sample.setdefault(row["sample_id"], []).append(row)
    crowd = _crowdlab(by_sample, queue, probe)
    decisions = []
    for sample_id, rows in by_sample.items():
        question = asked[sample_id]
        decision = _decide(question, rows, crowd.get(sample_id))
        decisions.append(decision)
        decisions += [{**decision, "sample_id": copy, "copy_of": sample_id} for copy in question["copies"]]
    quality = annotator_quality(by_sample, asked, crowd.annotators)
    return Consensus(
        table=pa.Table.from_pylist(decisions, schema=RELABELS_SCHEMA),
        annotators=quality,
        method=crowd.method,
        random_error_rate=_random_error_rate(decisions, asked),
    )


def latest_answers(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return one answer for each annotator and question: who changed their mind votes once.

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


def vote(rows: Sequence[Mapping[str, Any]]) -> tuple[str, str | None, float]:
    """Return verdict, label and agreement of the most frequent answer; skips do not vote.

    Examples
    --------
    >>> vote([{"verdict": "label", "label": "cat"}, {"verdict": "label", "label": "cat"}, {"verdict": "skip"}])
    ('label', 'cat', 1.0)
    """
    ballots = Counter(
        (row["verdict"], row.get("label")) for row in rows if row["verdict"] != Verdict.SKIP.value
    ).most_common()
    if not ballots:
        return Verdict.SKIP.value, None, float("nan")
    total = sum(count for _, count in ballots)
    if len(ballots) > 1 and ballots[0][1] == ballots[1][1]:
        return "disputed", None, ballots[0][1] / total
    (verdict, label), count = ballots[0]
    return verdict, label, count / total


def _decide(
    question: Mapping[str, Any], rows: Sequence[dict[str, Any]], crowd: tuple[str, float] | None
) -> dict[str, Any]:
    verdict, label, agreement = vote(rows)
    confidence = agreement
    if crowd is not None and verdict in {Verdict.LABEL.value, "disputed"}:
        verdict = Verdict.LABEL.value
        label, confidence = crowd
        said = [row["label"] for row in rows if row["verdict"] == Verdict.LABEL.value]
        agreement = said.count(label) / len(said)
    times = [row["answered_at"] for row in rows if row["answered_at"]]
    return {
        "sample_id": question["sample_id"],
        "old": question["given"],
        "new": label,
        "verdict": verdict,
        "confidence": None if np.isnan(confidence) else confidence,
        "agreement": None if np.isnan(agreement) else agreement,
        "n_answers": sum(row["verdict"] != Verdict.SKIP.value for row in rows),
        "annotators": sorted({row["annotator"] for row in rows}),
        "answered_at": max(times, default=None),
        "reason": question["reason"],
        "copy_of": None,
    }


class _Crowd(dict[str, tuple[str, float]]):
    """CROWDLAB's label and its quality by sample, with the annotators' quality."""

    def __init__(self, method: str) -> None:
        super().__init__()
        self.method = method
        self.annotators: dict[str, float] = {}


def _crowdlab(
    by_sample: Mapping[str, Sequence[Mapping[str, Any]]], queue: RelabelQueue, probe: ProbeOutputs | None
) -> _Crowd:
    """Run CROWDLAB where several people labelled and the probe's probabilities are known; else nothing."""
    labels = {
        sample_id: {row["annotator"]: row["label"] for row in rows if row["verdict"] == Verdict.LABEL.value}
        for sample_id, rows in by_sample.items()
    }
    labels = {sample_id: given for sample_id, given in labels.items() if given}
    annotators = sorted({name for given in labels.values() for name in given})
    several = any(len(given) > 1 for given in labels.values())
    if queue.task is not Task.CLASSIFICATION or not several or probe is None or probe.pred_probs is None:
        return _Crowd("majority")
    try:
        with warnings.catch_warnings():
            from cleanlab.multiannotator import get_label_quality_multiannotator
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            "the consensus of several annotators needs cleanlab, which is not installed; "
            f"run: {install_command('probe')}"
        ) from error
    import pandas as pd

    code = {name: index for index, name in enumerate(queue.classes)}
    frame = pd.DataFrame(
        [[code[given[name]] if name in given else np.nan for name in annotators] for given in labels.values()],
        columns=annotators,
    )
    probabilities = _rows_of(probe, list(labels))
    known = np.isfinite(probabilities).all(axis=1)
    if not known.all() or len(frame) < 2:
        return _Crowd("majority")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = get_label_quality_multiannotator(frame, probabilities, verbose=False)
    crowd = _Crowd("CROWDLAB")
    quality = result["label_quality"]
    for sample_id, index, sure in zip(
        labels, quality["consensus_label"], quality["consensus_quality_score"], strict=True
    ):
        crowd[sample_id] = (queue.classes[int(index)], float(sure))
    stats = result["annotator_stats"]["annotator_quality"]
    crowd.annotators = {str(name): float(value) for name, value in stats.items()}
    return crowd


def _rows_of(probe: ProbeOutputs, sample_ids: Sequence[str]) -> NDArray[np.float32]:
    position = {str(sample_id): row for row, sample_id in enumerate(probe.sample_ids)}
    assert probe.pred_probs is not None
    return probe.pred_probs[[position[sample_id] for sample_id in sample_ids]]


def annotator_quality(
    by_sample: Mapping[str, Sequence[Mapping[str, Any]]],
    asked: Mapping[str, Mapping[str, Any]],
    crowdlab: Mapping[str, float],
) -> dict[str, AnnotatorQuality]:
    """Measure each annotator against the others and against the gold questions."""
    names = sorted({row["annotator"] for rows in by_sample.values() for row in rows})
    labels, skips, gold_right, gold_asked = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    agreed: dict[str, list[bool]] = {name: [] for name in names}
    for sample_id, rows in by_sample.items():
        gold = asked[sample_id]["gold"]
        for row in rows:
            name = row["annotator"]
            if row["verdict"] == Verdict.SKIP.value:
                skips[name] += 1
                continue
            labels[name] += row["verdict"] == Verdict.LABEL.value
            if gold is not None:
                gold_asked[name] += 1
                gold_right[name] += row["label"] == gold
            verdict, others, _ = vote([other for other in rows if other["annotator"] != name])
            if verdict == Verdict.LABEL.value and row["verdict"] == Verdict.LABEL.value:
                agreed[name].append(row["label"] == others)
    return {
        name: AnnotatorQuality(
            answers=labels[name],
            skips=skips[name],
            agreement=float(np.mean(agreed[name])) if agreed[name] else float("nan"),
            gold_right=gold_right[name],
            gold_asked=gold_asked[name],
            quality=crowdlab.get(name, float("nan")),
        )
        for name in names
    }


def _random_error_rate(
    decisions: Sequence[Mapping[str, Any]], asked: Mapping[str, Mapping[str, Any]]
) -> tuple[int, int]:
    """Count the wrong labels among the random questions that were decided."""
    drawn = [
        decision
        for decision in decisions
        if decision["copy_of"] is None
        and asked[decision["sample_id"]]["kind"] == "random"
        and decision["verdict"] == Verdict.LABEL.value
    ]
    return sum(decision["new"] != decision["old"] for decision in drawn), len(drawn)
