"""One item of a training plan, and the measurement that every number in it is traced to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

KINDS = ("order", "splits", "drop", "relabel", "normalise", "rebalance", "augment", "collect")
"""The parts of a plan, in the order in which they are shown."""

VERDICTS = ("use", "harmless", "avoid", "none helps", "not measured", "do", "nothing to do")
"""``use``, ``harmless``, ``avoid`` and ``not measured`` judge a candidate; ``none helps`` says that no candidate won;
``do`` and ``nothing to do`` are for steps."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A number, how sure it is, and how to get it again.

    Attributes
    ----------
    metric
        What was measured, such as ``balanced_accuracy``; a difference is named ``gain/balanced_accuracy``.
    value, low, high
        The number and its interval; None where it could not be measured.
    baseline
        The same metric without the item, where there is one.
    n, folds, seeds
        Samples that it was measured on, folds that held them out (0: not cross-fitted), and the seeds.
    seconds
        Wall time of the measurement.
    method
        How the number and its interval were made.
    """

    metric: str
    value: float | None
    low: float | None = None
    high: float | None = None
    baseline: float | None = None
    n: int = 0
    folds: int = 0
    seeds: tuple[int, ...] = ()
    seconds: float = 0.0
    method: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the measurement as JSON values; None stands for what is not finite."""
        numbers = {name: finite(getattr(self, name)) for name in ("value", "low", "high", "baseline")}
        return {
            "metric": self.metric,
            **numbers,
            "n": int(self.n),
            "folds": int(self.folds),
            "seeds": [int(seed) for seed in self.seeds],
            "seconds": round(float(self.seconds), 3),
            "method": self.method,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Measured:
        """Rebuild a measurement from `to_json`."""
        return cls(**{**value, "seeds": tuple(value["seeds"])})

    def __str__(self) -> str:
        if self.value is None:
            return f"{self.metric}: not measured"
        sign = "+" if self.metric.startswith("gain/") else ""
        interval = "" if self.low is None or self.high is None else f" [{self.low:{sign}.3f}, {self.high:{sign}.3f}]"
        return f"{self.metric} {self.value:{sign}.3f}{interval}"


@dataclass(frozen=True, kw_only=True)
class PlanItem:
    """One thing to do, to leave, or to know.

    Attributes
    ----------
    kind
        One of `KINDS`.
    name
        What it is, such as ``logit_adjustment`` or ``vertical_flip``.
    verdict
        One of `VERDICTS`.
    summary
        One sentence for people.
    classes
        The classes that it is about; empty for all of them.
    settings
        What a training run needs to act on it, JSON-safe.
    measured
        The measurements behind it.
    """

    kind: str
    name: str
    verdict: str
    summary: str
    classes: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    measured: tuple[Measured, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in KINDS or self.verdict not in VERDICTS:
            raise ValueError(
                f"expected a kind in {KINDS} and a verdict in {VERDICTS}, found {self.kind}, {self.verdict}"
            )

    def metric(self, name: str) -> Measured | None:
        """Return the measurement of a metric, None where it was not made."""
        return next((one for one in self.measured if one.metric == name), None)

    def to_json(self) -> dict[str, Any]:
        """Return the item as JSON values."""
        return {
            "kind": self.kind,
            "name": self.name,
            "verdict": self.verdict,
            "summary": self.summary,
            "classes": list(self.classes),
            "settings": plain(self.settings),
            "measured": [one.to_json() for one in self.measured],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> PlanItem:
        """Rebuild an item from `to_json`."""
        return cls(
            kind=value["kind"],
            name=value["name"],
            verdict=value["verdict"],
            summary=value["summary"],
            classes=tuple(value["classes"]),
            settings=value["settings"],
            measured=tuple(Measured.from_json(one) for one in value["measured"]),
        )


def finite(value: float | None) -> float | None:
    """Return a float, or None for what is missing or not finite.

    Examples
    --------
    >>> finite(float("nan")), finite(1)
    (None, 1.0)
    """
    return None if value is None or not np.isfinite(value) else float(value)


def plain(value: Any) -> Any:
    """Return JSON values: numpy unpacked, tuples as lists, what is not finite as None."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    return finite(value) if isinstance(value, float) else value
