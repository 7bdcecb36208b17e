"""The questions of a relabel queue, in words: what is given, what is suggested, why it is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from datacheck.manifest import Manifest, Task
from datacheck.probing.outputs import ProbeOutputs
from datacheck.relabel.queue import QUEUE_SCHEMA, encode_labels
from datacheck.text import plural


def questions(
    rows: NDArray[np.int64],
    kinds: NDArray[np.object_],
    manifest: Manifest,
    probe: ProbeOutputs,
    chance: NDArray[np.float32],
    gain: NDArray[Any],
    groups: NDArray[np.int64],
    gold: Mapping[str, str],
) -> pa.Table:
    """Return the questions as a table of `QUEUE_SCHEMA`, one for each of ``rows``; arrays are by row of manifest."""
    ids = manifest.sample_ids.take(pa.array(rows)).to_pylist()
    given = given_labels(manifest, rows)
    suggested, confidence = suggestions(manifest, probe, rows)
    members = _copies(rows, groups, manifest)
    return pa.table(
        {
            "rank": np.arange(len(rows), dtype=np.int64),
            "sample_id": pa.array(ids, pa.string()),
            "uri": manifest.table["uri"].take(pa.array(rows))
            if "uri" in manifest
            else pa.nulls(len(rows), pa.string()),
            "given": pa.array(given, pa.string()),
            "suggested": pa.array(suggested, pa.string()),
            "confidence": pa.array(confidence, pa.float32(), from_pandas=True),
            "error_probability": np.nan_to_num(chance[rows]).astype(np.float32),
            "expected_corrections": gain[groups[rows]].astype(np.float32),
            "reason": [
                _reason(kind, old, new, sure, float(risk), len(copies))
                for kind, old, new, sure, risk, copies in zip(
                    kinds, given, suggested, confidence, np.nan_to_num(chance[rows]), members, strict=True
                )
            ],
            "kind": pa.array(kinds, pa.string()),
            "gold": pa.array(
                [gold.get(sample_id) if kind == "gold" else None for sample_id, kind in zip(ids, kinds, strict=True)],
                pa.string(),
            ),
            "copies": pa.array(members, pa.list_(pa.string())),
        },
        schema=QUEUE_SCHEMA,
    )


def given_labels(manifest: Manifest, rows: NDArray[np.int64]) -> list[str | None]:
    """Return the labels that stand in the manifest, as the queue writes them."""
    indices = pa.array(rows)
    if manifest.task is Task.CLASSIFICATION:
        return cast("list[str | None]", manifest.table["label"].take(indices).to_pylist())
    if manifest.task is Task.MULTILABEL:
        lists = manifest.table["labels"].take(indices).to_pylist()
        return [None if labels is None else encode_labels(labels) for labels in lists]
    return [None if not np.isfinite(value) else f"{value:g}" for value in manifest.target[rows]]


def suggestions(
    manifest: Manifest, probe: ProbeOutputs, rows: NDArray[np.int64]
) -> tuple[list[str | None], NDArray[np.float32]]:
    """Return the probe's suggestion for each row and its confidence in it (NaN where it has none)."""
    if manifest.task is Task.REGRESSION and probe.predictions is not None:
        values = probe.predictions[rows]
        return [f"{value:.4g}" if np.isfinite(value) else None for value in values], np.full(
            len(rows), np.nan, np.float32
        )
    if probe.pred_probs is None:
        return [None] * len(rows), np.full(len(rows), np.nan, dtype=np.float32)
    probabilities = probe.pred_probs[rows]
    if manifest.task is Task.MULTILABEL:
        chosen = probabilities > 0.5
        names = [encode_labels([manifest.classes[k] for k in np.flatnonzero(row)]) for row in chosen]
        return list(names), np.where(chosen, probabilities, 1 - probabilities).min(axis=1)
    codes = probe.suggested[rows]
    confidence = probabilities[np.arange(len(rows)), np.maximum(codes, 0)]
    return [manifest.classes[code] if code >= 0 else None for code in codes], np.where(codes >= 0, confidence, np.nan)


def _copies(rows: NDArray[np.int64], groups: NDArray[np.int64], manifest: Manifest) -> list[list[str]]:
    """Return for each question the other samples that its answer settles."""
    sizes = np.bincount(groups)
    order = np.argsort(groups, kind="stable")
    starts = np.concatenate([[0], np.cumsum(sizes)])
    result: list[list[str]] = []
    for row in rows:
        group = groups[row]
        if sizes[group] == 1:
            result.append([])
            continue
        members = order[starts[group] : starts[group + 1]]
        result.append(manifest.sample_ids.take(pa.array(members[members != row])).to_pylist())
    return result


def _reason(kind: str, given: str | None, suggested: str | None, confidence: float, risk: float, copies: int) -> str:
    if kind in {"random", "gold"}:
        return "Part of the check: please label it as any other."
    text = (
        f"labelled {given}, looks like {suggested}"
        if suggested is not None and suggested != given
        else (f"labelled {given}, and the probe doubts it")
    )
    sure = "" if not np.isfinite(confidence) else f" (confidence {confidence:.0%})"
    also = f"; the answer settles {plural(copies, 'identical copy', 'identical copies')} as well" if copies else ""
    return f"{text}{sure}; chance of a wrong label {risk:.0%}{also}"
