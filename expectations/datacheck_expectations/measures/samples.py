"""What is known of single samples: readable or not, label quality, the estimated share of wrong labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datacheck.errors import ContractError
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


@dataclass(frozen=True)
class Guidelines:
    """The classes whose labels follow another guideline, those that could be judged, and contradicted samples."""

    changed: tuple[str, ...]
    judged: tuple[str, ...]
    sample_ids: tuple[str, ...] = ()
    n_contradicted: int = 0


def label_guidelines(frame: pd.DataFrame) -> Guidelines:
    """Return which classes are labelled by another guideline than the accepted data."""
    need(frame, "label", "guideline_changed", "contradicted")
    verdict = numbers(frame, "guideline_changed")
    label = frame["label"].astype(object).to_numpy()
    judged, changed = (tuple(sorted(set(label[rows]))) for rows in (np.isfinite(verdict), verdict == 1))
    if not judged:
        raise ContractError(
            "no class has enough accepted and new samples to compare their labels: check a larger dataset, or take the "
            "expectation out of the contract"
        )
    rows = np.flatnonzero((verdict == 1) & (numbers(frame, "contradicted") == 1))
    return Guidelines(changed, judged, named(frame, rows[:MAX_NAMED]), len(rows))
