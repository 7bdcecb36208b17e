"""What is known of single samples: readable or not, label quality, the estimated share of wrong labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datacheck_expectations.measures.columns import MAX_NAMED, Affected, named, need, numbers


def unreadable(frame: pd.DataFrame) -> Affected:
    """Return the rows whose image could not be read, with the reasons."""
    need(frame, "readable")
    rows = np.flatnonzero(~frame["readable"].to_numpy(dtype=bool))
    reasons = (
        frame["error"].astype(object).iloc[rows].tolist() if "error" in frame.columns else ["unreadable"] * len(rows)
    )
    examples = tuple(
        {"sample": name, "reason": str(reason)}
        for name, reason in zip(named(frame, rows[:MAX_NAMED]), reasons[:MAX_NAMED], strict=True)
    )
    return Affected(len(rows), len(frame), named(frame, rows[:MAX_NAMED]), examples)


@dataclass(frozen=True)
class Ranked:
    """Finite values of all samples, shape [n], and the names of the lowest."""

    values: NDArray[np.float64]
    lowest: tuple[tuple[str, float], ...]


def label_quality(frame: pd.DataFrame) -> Ranked:
    """Return the label quality of the probed samples, and the worst of them."""
    found = numbers(frame, "label_quality")
    known = np.flatnonzero(np.isfinite(found))
    worst = known[np.argsort(found[known], kind="stable")[:MAX_NAMED]]
    return Ranked(found[known], tuple(zip(named(frame, worst), found[worst].tolist(), strict=True)))


def label_error_rate(frame: pd.DataFrame) -> tuple[float, float, float]:
    """Return the probe's estimate of the share of wrong labels, with the ends of its interval."""
    columns = ("label_error_rate", "label_error_rate_low", "label_error_rate_high")
    need(frame, *columns)
    value, low, high = (float(numbers(frame, name)[0]) for name in columns)
    return value, low, high
