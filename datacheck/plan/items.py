"""One item of a training plan, with the measurements behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from datacheck.stats import Interval

KINDS = ("order", "splits", "drop", "relabel", "normalise", "boxes", "rebalance", "augment", "collect")
"""The parts of a plan, in the order in which they are shown."""

VERDICTS = ("use", "harmless", "cannot tell", "avoid", "none helps", "not measured", "do", "nothing to do")
"""``use``, ``harmless``, ``cannot tell``, ``avoid`` and ``not measured`` judge a candidate; ``none helps``
means that no candidate is better than doing nothing; ``do`` and ``nothing to do`` are for steps."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A measured number, its interval, and how it was measured.

    Attributes
    ----------
    metric
        What was measured, such as ``balanced_accuracy``; a difference is named ``gain/balanced_accuracy``.
    estimate
        The number with its interval, its method and the number of samples. The ends are NaN where a number was counted
        and has no interval.
    baseline
        The same metric without the item, where there is one.
    folds, seeds
        How many folds held the samples out (0: not cross-validated), and the random seeds.
    seconds
        Wall time of the measurement.
    """

    metric: str
    estimate: Interval
    baseline: float | None = None
    folds: int = 0
    seeds: tuple[int, ...] = ()
    seconds: float = 0.0

    @property
    def name(self) -> str:
        """The metric in words.

        Examples
        --------
        >>> Measured(metric="gain/balanced_accuracy", estimate=counted(0.1, n=5)).name
        'gain in balanced accuracy'
        """
        return self.metric.replace("/", " in ").replace("_", " ")

    @property
    def number(self) -> str:
        """The number and its interval as text; differences carry their sign."""
        sign, found = "+" if self.metric.startswith("gain/") else "", self.estimate
        if not np.isfinite(found.value):
            return "not measured"
        spec = f"{sign}z.3f"
        return f"{found:{spec}}" if np.isfinite([found.low, found.high]).all() else f"{found.value:{spec}}"

    def __str__(self) -> str:
        return f"{self.name} {self.number}"

    def to_json(self) -> dict[str, Any]:
        """Return the measurement as JSON values; None stands for what is not finite."""
        return {
            "metric": self.metric,
            "estimate": self.estimate.to_json(),
            "baseline": finite(self.baseline),
            "folds": int(self.folds),
            "seeds": [int(seed) for seed in self.seeds],
            "seconds": round(float(self.seconds), 3),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Measured:
        """Rebuild a measurement from `to_json`."""
        estimate = dict(value["estimate"])
        for name in ("value", "low", "high"):
            estimate[name] = float("nan") if estimate[name] is None else estimate[name]
        return cls(**{**value, "estimate": Interval(**estimate), "seeds": tuple(value["seeds"])})


def counted(value: float, *, n: int, method: str = "counted") -> Interval:
    """Return a number that is exact for these samples and has no interval.

    Examples
    --------
    >>> counted(3, n=10).value
    3.0
    """
    return Interval(float(value), float("nan"), float("nan"), method=method, n=n)


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
        What a training run needs to act on it, as JSON values.
    measured
        The measurements behind it, the most important first.
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

    @property
    def value(self) -> float:
        """The first measured number; 0 where nothing was measured."""
        value = self.measured[0].estimate.value if self.measured else 0.0
        return value if np.isfinite(value) else 0.0

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
