"""The parts of a fingerprint: the state of a regression target, and how states by name merge and become JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from datacheck.fingerprints.columns import ColumnState
from datacheck.manifest import STANDARD_SPLITS
from datacheck.stats import Counts, DistinctCount, MinMax, Moments, Quantiles

T = TypeVar("T")


@dataclass(frozen=True)
class TargetState:
    """The regression target of one split."""

    moments: Moments
    range: MinMax
    quantiles: Quantiles

    def merge(self, other: TargetState) -> TargetState:
        """Return the target of both parts."""
        return TargetState(
            self.moments.merge(other.moments), self.range.merge(other.range), self.quantiles.merge(other.quantiles)
        )

    def to_json(self) -> dict[str, Any]:
        """Return the state as plain JSON values."""
        return {
            "moments": self.moments.to_json(),
            "range": self.range.to_json(),
            "quantiles": self.quantiles.to_json(),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> TargetState:
        """Rebuild the state from `to_json`."""
        return cls(
            Moments.from_json(value["moments"]),
            MinMax.from_json(value["range"]),
            Quantiles.from_json(value["quantiles"]),
        )


def ordered_splits(names: set[str]) -> tuple[str, ...]:
    """Return split names as the manifest orders them: train, val, test, then by name; no split (``""``) last."""
    standard = [name for name in STANDARD_SPLITS if name in names]
    others = sorted(name for name in names if name and name not in STANDARD_SPLITS)
    return tuple(standard + others + ([""] if "" in names else []))


def merged(a: Mapping[str, T], b: Mapping[str, T], merge: Callable[[T, T], T]) -> dict[str, T]:
    """Merge two maps of states; a name that only one of them has keeps its state."""
    return {
        key: merge(a[key], b[key]) if key in a and key in b else (a[key] if key in a else b[key])
        for key in sorted({*a, *b})
    }


def merged_or_either(a: T | None, b: T | None, merge: Callable[[T, T], T]) -> T | None:
    """Merge two states; where one is None, return the other."""
    if a is None or b is None:
        return b if a is None else a
    return merge(a, b)


def states_json(states: Mapping[str, Counts | DistinctCount | ColumnState]) -> dict[str, Any]:
    """Return the states of each split as plain JSON values."""
    return {split: state.to_json() for split, state in states.items()}
