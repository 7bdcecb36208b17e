"""How rows relate to each other: copies, leaks, conflicts, pairs, and answers that agree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from datacheck.pairing.name_matching import match_names
from datacheck.rules.splits.labels import conflicts_in_clusters, copies_within
from datacheck.rules.splits.shared import seen_before
from datacheck_expectations.measures.columns import MAX_NAMED, Affected, Rows, codes_of, named, need, numbers


def groups_of(frame: pd.DataFrame, column: str) -> Rows:
    """Return a group number for each row, -1 where there is none; shape [N]."""
    need(frame, column)
    series = frame[column]
    if isinstance(series.dtype, pd.CategoricalDtype):
        return series.cat.codes.to_numpy().astype(np.int64)
    codes, _ = pd.factorize(series, use_na_sentinel=True)
    return np.asarray(codes, dtype=np.int64)


def shared_across_splits(frame: pd.DataFrame, column: str) -> Affected:
    """Return the rows whose group also occurs in an earlier split (train before val before test before others)."""
    need(frame, "split")
    groups = groups_of(frame, column)
    split, names = codes_of(frame["split"])
    order = sorted(range(len(names)), key=lambda at: (_STANDARD.get(names[at], 9), names[at]))
    found: dict[int, int] = {}
    pairs: list[dict[str, Any]] = []
    for later in range(1, len(order)):
        for earlier in range(later):
            rows, related = seen_before(groups, split, order[earlier], order[later])
            if len(rows):
                one, other = named(frame, rows[:1])[0], named(frame, related[:1])[0]
                pairs.append(
                    {
                        "split": names[order[later]],
                        "also in": names[order[earlier]],
                        "samples": len(rows),
                        "such as": f"{one} and {other}" if column != "group" else f"{one} (group of {other})",
                    }
                )
            found.update(zip(rows.tolist(), related.tolist(), strict=True))
    return Affected(len(found), len(frame), named(frame, sorted(found)[:MAX_NAMED]), tuple(pairs))


_STANDARD = {"train": 0, "val": 1, "test": 2}


def repeated(frame: pd.DataFrame, column: str) -> Affected:
    """Return the rows whose value already occurred in an earlier row."""
    groups = groups_of(frame, column)
    rows, first = copies_within(groups)
    again = rows != first
    extra, origin = rows[again], first[again]
    pairs = zip(named(frame, extra[:MAX_NAMED]), named(frame, origin[:MAX_NAMED]), strict=True)
    if column == "sample_id":
        examples = tuple({"value": one, "rows": f"{a} and {b}"} for (one, _), a, b in zip(pairs, origin, extra))  # noqa: B905
    else:
        examples = tuple({"sample": one, "is a copy of": other} for one, other in pairs)
    return Affected(len(extra), len(frame), named(frame, extra[:MAX_NAMED]), examples)


def conflicting(frame: pd.DataFrame, column: str) -> Affected:
    """Return the rows of clusters whose members carry different labels."""
    groups = groups_of(frame, column)
    if "label" in frame.columns:
        codes, names = codes_of(frame["label"])
        labels = np.where(codes >= 0, codes.astype(np.float64), np.nan)
    else:
        labels, names = numbers(frame, "target"), []
    rows = conflicts_in_clusters(groups, labels, 0.0)
    order = rows[np.argsort(groups[rows], kind="stable")][:MAX_NAMED]
    shown = [names[int(labels[row])] if names else f"{labels[row]:.4g}" for row in order]
    examples = tuple(
        {"sample": one, "label": label, "cluster": int(groups[row])}
        for one, label, row in zip(named(frame, order), shown, order, strict=True)
    )
    return Affected(len(rows), len(frame), named(frame, order), examples)


def unmatched_pairs(frame: pd.DataFrame) -> Affected:
    """Return the rows without image or label file, and those whose image name matches another row's label file."""
    need(frame, "uri", "label_uri")
    images, labels = (frame[name].astype(object).where(frame[name].notna(), None).tolist() for name in _PAIR)
    both = np.array([a is not None and b is not None for a, b in zip(images, labels, strict=True)], dtype=bool)
    rows = np.flatnonzero(both)
    matched = match_names([images[row] for row in rows], [labels[row] for row in rows]).label_of
    wrong = np.zeros(len(frame), dtype=bool)
    # A name without any match is no evidence; a match with another row shows a wrong pair.
    wrong[rows] = (matched >= 0) & (matched != np.arange(len(rows)))
    bad = np.flatnonzero(wrong | ~both)
    right = dict(zip(rows.tolist(), matched.tolist(), strict=True))
    examples = tuple(
        {
            "image": str(images[row] or "(none)"),
            "paired with": str(labels[row] or "(none)"),
            "expected label file": labels[rows[right[row]]] if wrong[row] else "its image or label file is missing",
        }
        for row in bad[:MAX_NAMED].tolist()
    )
    return Affected(len(bad), len(frame), named(frame, bad[:MAX_NAMED]), examples)


_PAIR = ("uri", "label_uri")


def agreement(frame: pd.DataFrame) -> tuple[int, int, Affected]:
    """Return agreeing and all pairs of answers to the same sample, and the most disputed samples.

    Columns ``sample_id``, ``answer`` and ``label``; two answers agree when both answer and label are the same.
    """
    need(frame, "sample_id", "answer", "label")
    sample, _ = pd.factorize(frame["sample_id"])
    given = frame["answer"].astype(str) + "\0" + frame["label"].astype(object).fillna("").astype(str)
    answer, _ = pd.factorize(given)
    n = np.bincount(sample).astype(np.int64)
    _, cell, count = np.unique(np.column_stack((sample, answer)), axis=0, return_index=True, return_counts=True)
    agreeing = np.zeros(len(n), np.int64)
    np.add.at(agreeing, sample[cell], count * (count - 1) // 2)
    pairs = n * (n - 1) // 2
    disputed = np.argsort(-(pairs - agreeing), kind="stable")[:MAX_NAMED]
    first = {int(code): row for row, code in reversed(list(enumerate(sample.tolist())))}
    rows = [first[int(code)] for code in disputed if pairs[code] > agreeing[code]]
    examples = tuple(
        {"sample": name, "answers": int(n[sample[row]]), "agreeing pairs": int(agreeing[sample[row]])}
        for name, row in zip(named(frame, rows), rows, strict=True)
    )
    total, agreed = int(pairs.sum()), int(agreeing.sum())
    return agreed, total, Affected(int((pairs > agreeing).sum()), len(n), named(frame, rows), examples)
