"""Statistics that merge: the statistic of a whole is the merge of those of its parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike, NDArray


class State(Protocol):
    """A commutative monoid: ``empty`` is neutral, ``merge`` is associative and commutative.

    ``update`` takes more data; ``X.empty().update(a).merge(X.empty().update(b))`` has the value of
    ``X.empty().update(a and b)``. A state is a frozen value: every method returns a new one.
    """

    @classmethod
    def empty(cls) -> Self:
        """Return the state of no data."""
        ...

    def merge(self, other: Self) -> Self:
        """Return the state of both parts."""
        ...

    @property
    def value(self) -> Any:
        """The statistic itself."""
        ...

    def to_json(self) -> Any:
        """Return the state as plain JSON values."""
        ...


@dataclass(frozen=True)
class Counts:
    """How often each word occurs; ``None`` and NaN are counted under the empty word.

    Beyond ``limit`` distinct words ``overflow`` is set and the words are dropped, for good, so that merging stays
    associative: such a column is no category.

    Examples
    --------
    >>> Counts.empty().update(["cat", "dog", "cat"]).value
    {'cat': 2, 'dog': 1}
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    limit: int | None = None
    overflow: bool = False

    @classmethod
    def empty(cls, limit: int | None = None) -> Self:
        """Return the counts of no data."""
        return cls(limit=limit)

    def update(self, words: pa.Array | pa.ChunkedArray | Sequence[Any]) -> Self:
        """Count more words."""
        column = words if isinstance(words, pa.Array | pa.ChunkedArray) else pa.array(words, from_pandas=True)
        counted = pc.value_counts(column)
        names = ["" if word is None else str(word) for word in counted.field("values").to_pylist()]
        return self._with(names, counted.field("counts").to_pylist())

    def merge(self, other: Self) -> Self:
        """Return the counts of both parts."""
        merged = self._with(list(other.counts), list(other.counts.values()))
        return type(self)(limit=self.limit, overflow=True) if other.overflow else merged

    def _with(self, names: Sequence[str], counts: Sequence[int]) -> Self:
        total = dict(self.counts)
        for name, count in zip(names, counts, strict=True):
            if count:
                total[name] = total.get(name, 0) + count
        if self.overflow or (self.limit is not None and len(total) > self.limit):
            return type(self)(limit=self.limit, overflow=True)
        return type(self)(dict(sorted(total.items())), self.limit)

    @property
    def value(self) -> dict[str, int]:
        """The count of each word, words in order."""
        return dict(self.counts)

    @property
    def total(self) -> int:
        """How many were counted, 0 after an overflow."""
        return sum(self.counts.values())

    def to_json(self) -> dict[str, Any]:
        """Return the state as plain JSON values."""
        return {"counts": dict(self.counts), "limit": self.limit, "overflow": self.overflow}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Rebuild the state from `to_json`."""
        return cls(dict(value["counts"]), value["limit"], value["overflow"])


@dataclass(frozen=True, eq=False)
class Moments:
    """Count, mean and sum of squared deviations, of one quantity or of an array of them.

    Attributes
    ----------
    n, mean, m2
        Arrays of one shape, float64: how many values (NaN left out), their mean (0 where n is 0), and the sum of
        squared deviations from it.

    Notes
    -----
    Merged as by Chan, Golub and LeVeque (1979), which keeps precision where a sum of squares would lose it.

    Examples
    --------
    >>> Moments.empty().update([1.0, 2.0, 3.0]).value
    (3.0, 2.0, 1.0)
    """

    n: NDArray[np.float64]
    mean: NDArray[np.float64]
    m2: NDArray[np.float64]

    @classmethod
    def empty(cls, shape: tuple[int, ...] = ()) -> Self:
        """Return the moments of no data, for an array of quantities of this shape."""
        return cls(np.zeros(shape), np.zeros(shape), np.zeros(shape))

    @classmethod
    def grouped(cls, values: ArrayLike, groups: NDArray[np.integer[Any]], n_groups: int) -> Self:
        """Return the moments of each group, shape [G]; rows of a negative group and NaN are left out.

        Parameters
        ----------
        values
            Float, shape [N].
        groups
            Group number per row, shape [N].
        n_groups
            G.
        """
        values = np.asarray(values, dtype=np.float64)
        kept = (groups >= 0) & np.isfinite(values)
        if not kept.all():
            values, groups = values[kept], groups[kept]
        n = np.bincount(groups, minlength=n_groups).astype(np.float64)
        mean = np.bincount(groups, weights=values, minlength=n_groups) / np.maximum(n, 1)
        deviation = values - mean[groups]
        m2 = np.asarray(np.bincount(groups, weights=deviation * deviation, minlength=n_groups), dtype=np.float64)
        return cls(n, mean, m2)

    def update(self, values: ArrayLike) -> Self:
        """Add the values of one quantity, shape [N]; only for moments of shape ()."""
        flat = np.asarray(values, dtype=np.float64).ravel()
        part = type(self).grouped(flat, np.zeros(len(flat), np.int64), 1)
        return self.merge(type(self)(part.n[0], part.mean[0], part.m2[0]))

    def merge(self, other: Self) -> Self:
        """Return the moments of both parts, element by element."""
        n = self.n + other.n
        share = np.divide(other.n, n, out=np.zeros_like(n), where=n > 0)
        delta = other.mean - self.mean
        return type(self)(
            n,
            np.asarray(self.mean * (1 - share) + other.mean * share),
            np.asarray(self.m2 + other.m2 + delta * delta * self.n * share),
        )

    def sum(self, axis: int = 0) -> Self:
        """Merge along an axis."""
        total = type(self).empty(tuple(np.delete(self.n.shape, axis).tolist()))
        for index in range(self.n.shape[axis]):
            total = total.merge(self.take(index, axis))
        return total

    def take(self, index: int, axis: int = 0) -> Self:
        """Return the moments at one index of an axis."""
        return type(self)(*(np.asarray(np.take(part, index, axis)) for part in (self.n, self.mean, self.m2)))

    @property
    def variance(self) -> NDArray[np.float64]:
        """The unbiased variance, NaN below two values."""
        return np.asarray(np.divide(self.m2, self.n - 1, out=np.full(np.shape(self.n), np.nan), where=self.n > 1))

    @property
    def value(self) -> tuple[Any, Any, Any]:
        """Count, mean and unbiased standard deviation."""
        parts = (self.n, np.where(self.n > 0, self.mean, np.nan), np.sqrt(self.variance))
        return parts if self.n.ndim else tuple(float(part) for part in parts)  # type: ignore[return-value]

    def to_json(self) -> dict[str, Any]:
        """Return the state as plain JSON values."""
        return {"n": self.n.tolist(), "mean": self.mean.tolist(), "m2": self.m2.tolist()}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Rebuild the state from `to_json`."""
        return cls(*(np.asarray(value[name], dtype=np.float64) for name in ("n", "mean", "m2")))


@dataclass(frozen=True)
class MinMax:
    """The least and the greatest value; infinity and minus infinity where there is none.

    Examples
    --------
    >>> MinMax.empty().update([3.0, 1.0, 2.0]).value
    (1.0, 3.0)
    """

    low: float = float("inf")
    high: float = float("-inf")

    @classmethod
    def empty(cls) -> Self:
        """Return the range of no data."""
        return cls()

    def update(self, values: ArrayLike) -> Self:
        """Add values, shape [N]; NaN are left out."""
        found = np.asarray(values, dtype=np.float64)
        found = found[np.isfinite(found)]
        if not len(found):
            return self
        return self.merge(type(self)(float(found.min()), float(found.max())))

    def merge(self, other: Self) -> Self:
        """Return the range of both parts."""
        return type(self)(min(self.low, other.low), max(self.high, other.high))

    @property
    def value(self) -> tuple[float, float]:
        """The least and the greatest value."""
        return self.low, self.high

    def to_json(self) -> list[float] | None:
        """Return the state as plain JSON values, None when there is no data."""
        return None if self.low > self.high else [self.low, self.high]

    @classmethod
    def from_json(cls, value: Sequence[float] | None) -> Self:
        """Rebuild the state from `to_json`."""
        return cls() if value is None else cls(*value)
