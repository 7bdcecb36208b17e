"""The items of a relabel queue: given label, suggested label, and the reason in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from datacheck.manifest import Manifest, Task
from datacheck.probing.outputs import ProbeOutputs
from datacheck.relabel.label_text import as_text, class_names, encode_labels
from datacheck.relabel.look import LookSample
from datacheck.relabel.queue import QUEUE_SCHEMA
from datacheck.relabel.ranking import Ranking
from datacheck.text import listed, percent, plural

LIKELY = 0.5
"""A multilabel class is suggested from this probability on: it is then more likely there than not."""

SURE = 0.99
"""An estimated probability above this is shown as this: the estimate is not more precise."""


@dataclass(frozen=True)
class Chosen:
    """The samples of a queue, in order.

    Attributes
    ----------
    rows
        Rows of the manifest, shape [n].
    kinds
        ``suspect``, ``random``, ``gold`` or ``look``, shape [n].
    gold
        Known answers by sample id.
    look
        The sample that measures how many labels are wrong; None where none was drawn.
    """

    rows: NDArray[np.int64]
    kinds: NDArray[np.object_]
    gold: Mapping[str, str] = field(default_factory=dict)
    look: LookSample | None = None


def queue_items(chosen: Chosen, manifest: Manifest, probe: ProbeOutputs, ranking: Ranking) -> pa.Table:
    """Return the items as a table of `QUEUE_SCHEMA`, one for each chosen sample."""
    rows, indices = chosen.rows, pa.array(chosen.rows)
    ids = manifest.sample_ids.take(indices).to_pylist()
    given = given_labels(manifest, rows)
    suggested, confidence = suggestions(manifest, probe, rows)
    copies = _copies(rows, ranking.groups)
    probability = np.nan_to_num(ranking.error_probability[rows]).astype(np.float32)
    said = probability if ranking.calibrated else np.full(len(rows), np.nan)
    reasons = [
        _reason(*entry)
        for entry in zip(chosen.kinds, given, suggested, confidence, said, map(len, copies), strict=True)
    ]
    if manifest.task is Task.MULTILABEL:
        reasons = [
            text + (_differing(one, other) if kind == "suspect" else "")
            for text, kind, one, other in zip(reasons, chosen.kinds, given, suggested, strict=True)
        ]
    gold = [chosen.gold.get(name) if kind == "gold" else None for name, kind in zip(ids, chosen.kinds, strict=True)]
    return pa.table(
        {
            "rank": np.arange(len(rows), dtype=np.int64),
            "sample_id": pa.array(ids, pa.string()),
            "uri": manifest.table["uri"].take(indices) if "uri" in manifest else pa.nulls(len(rows), pa.string()),
            "given": pa.array(given, pa.string()),
            "suggested": pa.array(suggested, pa.string()),
            "confidence": pa.array(confidence, pa.float32(), from_pandas=True),
            "error_probability": probability,
            "expected_corrections": ranking.gain[ranking.groups[rows]].astype(np.float32),
            "reason": reasons,
            "kind": pa.array(chosen.kinds, pa.string()),
            "gold": pa.array(gold, pa.string()),
            "copies": pa.array([manifest.sample_ids.take(pa.array(one, pa.int64())).to_pylist() for one in copies]),
            **_of_look(chosen, copies),
        },
        schema=QUEUE_SCHEMA,
    )


def _of_look(chosen: Chosen, copies: list[list[int]]) -> dict[str, pa.Array]:
    """Return the columns that say how a sample may stand for others; null without a look and where none is judged."""
    n_rows = len(chosen.rows)
    if chosen.look is None:
        return {name: pa.nulls(n_rows) for name in ("suspicion_rank", "inclusion_probability", "copy_ranks")}
    rank = chosen.look.rank[chosen.rows]
    return {
        "suspicion_rank": pa.array(rank, pa.int64(), mask=rank < 0),
        "inclusion_probability": pa.array(chosen.look.inclusion[chosen.rows], pa.float64(), from_pandas=True),
        "copy_ranks": [chosen.look.rank[one].tolist() for one in copies],
    }


def given_labels(manifest: Manifest, rows: NDArray[np.int64]) -> list[str | None]:
    """Return the labels in the manifest, as the queue writes them."""
    values = manifest.table[manifest.task.label_column or "label"].take(pa.array(rows)).to_pylist()
    return [as_text(value, manifest.task) for value in values]


def suggestions(
    manifest: Manifest, probe: ProbeOutputs, rows: NDArray[np.int64]
) -> tuple[list[str | None], NDArray[np.float32]]:
    """Return the probe's suggestion for each row and its confidence in it (NaN where it has none)."""
    unknown = np.full(len(rows), np.nan, dtype=np.float32)
    if manifest.task is Task.REGRESSION and probe.predictions is not None:
        values = probe.predictions[rows]
        return [f"{value:.4g}" if np.isfinite(value) else None for value in values], unknown
    if probe.pred_probs is None:
        return [None] * len(rows), unknown
    probabilities = probe.pred_probs[rows]
    if manifest.task is Task.MULTILABEL:
        likely = probabilities > LIKELY
        names = [encode_labels([manifest.classes[k] for k in np.flatnonzero(row)]) for row in likely]
        return list(names), np.where(likely, probabilities, 1 - probabilities).min(axis=1)
    codes = probe.suggested[rows]
    confidence = probabilities[np.arange(len(rows)), np.maximum(codes, 0)]
    return [manifest.classes[code] if code >= 0 else None for code in codes], np.where(codes >= 0, confidence, np.nan)


def _copies(rows: NDArray[np.int64], groups: NDArray[np.int64]) -> list[list[int]]:
    """Return for each row the other samples of its group, but those that are asked about, once for each group."""
    asked = set(rows.tolist())
    done: set[int] = set()
    sizes = np.bincount(groups)
    order = np.argsort(groups, kind="stable")
    starts = np.concatenate([[0], np.cumsum(sizes)])
    result: list[list[int]] = []
    for row in rows:
        group = int(groups[row])
        if sizes[group] == 1 or group in done:
            result.append([])
            continue
        done.add(group)
        members = order[starts[group] : starts[group + 1]].tolist()
        result.append([member for member in members if member not in asked])
    return result


def _reason(
    kind: str, given: str | None, suggested: str | None, confidence: float, probability: float, n_copies: int
) -> str:
    if kind != "suspect":
        return "Part of a quality check: label it like any other sample."
    label = "no label" if given is None else f"labelled {given}"
    text = f"{label}, probably wrong" if suggested in {None, given} else f"{label}, looks like {suggested}"
    if np.isfinite(confidence):
        text += f" (confidence {percent(float(confidence))})"
    if np.isfinite(probability):
        text += f"; {'more than 99 %' if probability > SURE else percent(float(probability))} likely to be wrong"
    if n_copies:
        text += f"; the answer applies to {plural(n_copies, 'identical copy', 'identical copies')} too"
    return text


def _differing(given: str | None, suggested: str | None) -> str:
    """Return which labels of a sample seem to be missing, and which seem to be there by mistake.

    Examples
    --------
    >>> _differing('["cat"]', '["dog"]')
    "; missing: 'dog'; not seen: 'cat'"
    """
    have, seen = (class_names(one, Task.MULTILABEL) for one in (given, suggested))
    missing, extra = [one for one in seen if one not in have], [one for one in have if one not in seen]
    words = f"; missing: {listed(missing)}" if missing else ""
    return words + (f"; not seen: {listed(extra)}" if extra else "")
