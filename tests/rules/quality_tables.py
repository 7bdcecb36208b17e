"""Image datasets as their measurements, for rules that look at measurements alone."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from datacheck.findings import Found, Outcome
from datacheck.manifest import Manifest
from datacheck.rules.base import Rule, RuleContext
from datacheck.scanning.measurements import MEASUREMENTS_SCHEMA, Measurements


def photos(n: int, seed: int = 0) -> dict[str, Any]:
    """Measurements of n ordinary photos, a list or array a column."""
    rng = np.random.default_rng(seed)
    means = {f"mean_{name}": np.clip(rng.normal(level, 0.1, n), 0.05, 0.95)
             for name, level in (("red", 0.55), ("green", 0.47), ("blue", 0.38))}  # fmt: skip
    return {
        "readable": [True] * n,
        "width": np.full(n, 640),
        "height": np.full(n, 480),
        "mode": ["RGB"] * n,
        "brightness": np.clip(rng.normal(0.5, 0.12, n), 0.2, 0.85),
        "brightness_p01": rng.uniform(0.0, 0.25, n),
        "brightness_p99": rng.uniform(0.7, 1.0, n),
        "contrast": rng.uniform(0.1, 0.3, n),
        "sharpness": rng.normal(1.5, 0.15, n),
        "entropy": rng.uniform(6.0, 7.7, n),
        "colourfulness": rng.uniform(10, 60, n),
        "greyscale": [False] * n,
        **means,
        **{f"std_{name}": rng.normal(0.22, 0.03, n) for name in ("red", "green", "blue")},
    }


def digits(n: int) -> dict[str, Any]:
    """Measurements of n white digits on black, 8 by 8 pixels."""
    return photos(n) | {
        "width": np.full(n, 8),
        "height": np.full(n, 8),
        "mode": ["L"] * n,
        "brightness": np.random.default_rng(1).normal(0.3, 0.03, n),
        "brightness_p01": np.zeros(n),
        "brightness_p99": np.ones(n),
        "entropy": np.random.default_rng(2).normal(2.6, 0.3, n),
        "greyscale": [True] * n,
        "sharpness": np.full(n, 0.4),
    }


def planted(columns: Mapping[str, Any], rows: Sequence[int], **values: Any) -> dict[str, Any]:
    """Return the columns with some rows overwritten."""
    changed = dict(columns)
    for name, value in values.items():
        column = np.array(changed[name], dtype=object)
        column[list(rows)] = value
        changed[name] = column.tolist()
    return changed


def context_of(columns: Mapping[str, Any], **manifest: Any) -> RuleContext:
    """Return a context with sample ids s0, s1, … and these measurements."""
    n = len(columns["readable"])
    ids = [f"s{row}" for row in range(n)]
    arrays = []
    for field in MEASUREMENTS_SCHEMA:
        values = ids if field.name == "sample_id" else columns.get(field.name, [None] * n)
        values = values.tolist() if isinstance(values, np.ndarray) else values
        arrays.append(pa.array(values, field.type))
    measurements = Measurements(pa.table(arrays, schema=MEASUREMENTS_SCHEMA))
    table = Manifest.from_columns({"sample_id": ids, "uri": ids, **manifest})
    return RuleContext(table, measurements)


def found_ids(outcome: Outcome) -> list[str]:
    """Return the flagged sample ids, in row order."""
    assert isinstance(outcome, Found), outcome
    return list(outcome.issues["sample_id"].to_pylist())


def check(rule: Rule, columns: Mapping[str, Any], **manifest: Any) -> Outcome:
    """Judge a dataset that is given as its measurements."""
    return rule.check(context_of(columns, **manifest))
