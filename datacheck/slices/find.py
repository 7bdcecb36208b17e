"""Metrics of every slice, and the weak slices among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datacheck.manifest import Manifest, Task
from datacheck.probing.outputs import ProbeOutputs
from datacheck.scanning.measurements import Measurements
from datacheck.slices.attributes import slice_attributes
from datacheck.slices.comparison import Comparison, compare, mean_error
from datacheck.slices.judged import JudgedSamples, judged_samples
from datacheck.stats import Interval, benjamini_hochberg, proportion

if TYPE_CHECKING:
    import pandas as pd

MIN_SIZE = 30
"""From fewer samples no error rate has a useful interval."""

ALPHA = 0.05
"""Share of false ones among the slices whose corrected p-value is below it; the size of the gap decides beside it."""

MEASURED_FACTOR = 1.5
"""A gap must be so many times as large where a slice is made of a measured property: some properties go with how hard
an image is. On clean photos such gaps had low ends of up to 0.13 (``bench_slices.py``)."""


@dataclass(frozen=True)
class Slice:
    """The samples with one value of an attribute, and how the probe does on them out of sample.

    Attributes
    ----------
    attribute, words
        What it is sliced by, and what the samples have in common.
    error
        Share of wrong predictions, or mean absolute error in the target's unit, with its 95 % interval.
    loss
        Mean loss with its 95 % interval.
    doubtful
        Share of labels that are likely wrong; None unless each sample has one label.
    gap
        The error minus the one expected from the labels of the slice, by the other samples; see `compare`.
    p_value
        That the slice is no worse, corrected over all slices that were compared (Benjamini and Hochberg); NaN where it
        was not compared.
    rows
        Row numbers in the manifest, shape [n].
    measured
        Whether the attribute was measured in the images, and is no column of the dataset.
    """

    attribute: str
    words: str
    error: Interval
    loss: Interval
    doubtful: Interval | None
    gap: Interval
    p_value: float
    rows: NDArray[np.intp] = field(repr=False, compare=False)
    measured: bool = False

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def accuracy(self) -> Interval:
        """The share of right predictions with its interval, for tasks with classes."""
        one = self.error
        return Interval(1 - one.value, 1 - one.high, 1 - one.low, one.level, one.method, one.n)

    def to_json(self) -> dict[str, Any]:
        """Return the slice as plain JSON values."""
        return {
            "attribute": self.attribute,
            "slice": self.words,
            "n": len(self),
            "error": self.error.to_json(),
            "loss": self.loss.to_json(),
            "doubtful": None if self.doubtful is None else self.doubtful.to_json(),
            "gap": self.gap.to_json(),
            "p_value": None if np.isnan(self.p_value) else self.p_value,
        }


@dataclass(frozen=True)
class Slices:
    """All slices of a dataset, those with the largest gap first.

    Attributes
    ----------
    rows
        The slices.
    error
        Of all samples together.
    n_small
        How many slices had fewer than the least number of samples and are left out.
    judged
        The samples behind the slices.
    """

    rows: tuple[Slice, ...]
    error: Interval
    n_small: int
    min_size: int
    judged: JudgedSamples = field(repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def unit(self) -> float:
        """What gaps are relative to: 1 for shares, the mean error of all samples for regression."""
        return max(self.error.value, 1e-12) if self.judged.task is Task.REGRESSION else 1.0

    def weak(self, *, min_gap: float, exclude: Sequence[str] = ()) -> tuple[Slice, ...]:
        """Return the slices with more errors than their labels explain, the most certain first.

        A slice counts if the low end of its gap, over `unit`, is at least ``min_gap`` (`MEASURED_FACTOR` times that for
        measured properties and clusters) and its corrected p-value is below 0.05. What the slices before it explain is
        left out: a slice is named only if it is still weak without their samples, so that dark images are not named
        three times by three properties.

        Parameters
        ----------
        min_gap
            Least low end of the gap, over `unit`.
        exclude
            Attributes that are not named.
        """
        least = {one.attribute: min_gap * self.unit * (MEASURED_FACTOR if one.measured else 1) for one in self.rows}
        hopeful = [
            one
            for one in self.rows
            if one.attribute not in exclude and one.p_value < ALPHA and one.gap.low >= least[one.attribute]
        ]
        hopeful.sort(key=lambda one: (one.p_value, -one.gap.low))
        position = np.full(int(self.judged.rows.max(initial=-1)) + 1, -1, dtype=np.int64)
        position[self.judged.rows] = np.arange(len(self.judged))
        left = np.ones(len(self.judged), dtype=bool)
        named: list[Slice] = []
        for one in hopeful:
            members = np.zeros(len(self.judged), dtype=bool)
            members[position[one.rows]] = True
            if named:
                if int((members & left).sum()) < self.min_size:
                    continue
                again = _compare(self.judged, members, one.attribute, left)
                if not (again.p_value < ALPHA and again.gap.low >= least[one.attribute]):
                    continue
            named.append(one)
            left &= ~members
        return tuple(named)

    def to_frame(self) -> pd.DataFrame:
        """Return a row for each slice: its words, number of samples, metrics and the ends of their intervals."""
        import pandas as pd

        rows = []
        for one in self.rows:
            row: dict[str, Any] = {"attribute": one.attribute, "slice": one.words, "n": len(one)}
            for name in ("error", "loss", "doubtful", "gap"):
                interval = getattr(one, name)
                for end in ("value", "low", "high"):
                    column = name if end == "value" else f"{name}_{end}"
                    row[column] = float("nan") if interval is None else getattr(interval, end)
            rows.append({**row, "p_value": one.p_value})
        return pd.DataFrame(rows)

    def to_json(self) -> dict[str, Any]:
        """Return the slices as plain JSON values."""
        return {
            "schema": "datacheck.slices",
            "version": 1,
            "task": self.judged.task.value,
            "samples": len(self.judged),
            "error": self.error.to_json(),
            "min_size": self.min_size,
            "left_out": self.n_small,
            "slices": [one.to_json() for one in self.rows],
        }


def find_slices(
    manifest: Manifest,
    measurements: Measurements | None = None,
    probe: ProbeOutputs | None = None,
    *,
    by: Sequence[str] = (),
    min_size: int = MIN_SIZE,
    seed: int = 0,
) -> Slices:
    """Measure how the probe does out of sample on each slice of a dataset.

    Where the dataset has groups of several samples (patients, videos), intervals and tests are over the groups; a slice
    that is itself one group is about the samples of that group.

    Parameters
    ----------
    manifest
        Its columns are sliced by.
    measurements
        Aligned with it: properties of the images are sliced by.
    probe
        Out-of-sample predictions; its embeddings are clustered where they were made without labels.
    by
        Columns and properties; all that there are by default.
    min_size
        Smaller slices are left out.
    seed
        Of the bootstrap and the clustering.

    Raises
    ------
    ProbeError
        Without usable out-of-sample predictions.
    ConfigError
        When a name of ``by`` is no column or property of the dataset.

    Examples
    --------
    >>> from datacheck.probing import probe
    >>> rng = np.random.default_rng(0)
    >>> label, camera = rng.integers(0, 2, 400), np.repeat(["A", "B"], [300, 100])
    >>> seen = np.where((camera == "B") & (rng.random(400) < 0.5), 1 - label, label)
    >>> manifest = Manifest.from_columns({"label": np.array(["cat", "dog"])[label], "camera": camera})
    >>> outputs = probe(manifest, pred_probs=np.where(np.eye(2)[seen] > 0, 0.9, 0.1))
    >>> found = find_slices(manifest, probe=outputs)
    >>> found.weak(min_gap=0.1)[0].words
    "camera = 'B'"
    """
    judged = judged_samples(manifest, probe)
    attributes = slice_attributes(manifest, measurements, probe, by=by, seed=seed)
    parts: list[_Part] = []
    n_small = 0
    for attribute in attributes:
        for index in range(len(attribute.ranges)):
            inside = attribute.inside(index)[judged.rows]
            if inside.sum() < min_size:
                n_small += bool(inside.any())
                continue
            compared = _compare(judged, inside, attribute.name)
            parts.append(_Part(attribute.name, attribute.words[index], attribute.measured, inside, compared))
    p_values = benjamini_hochberg([one.compared.p_value if one.compared.n >= min_size else np.nan for one in parts])
    rows = [_measured(judged, one, float(p_value), seed) for one, p_value in zip(parts, p_values, strict=True)]
    rows.sort(key=lambda one: -one.gap.low if np.isfinite(one.gap.value) else np.inf)
    return Slices(tuple(rows), mean_error(judged.error, judged.units, seed=seed), n_small, min_size, judged)


@dataclass(frozen=True)
class _Part:
    """One slice before the correction for the others: who is in it, [n], and how it compares."""

    attribute: str
    words: str
    measured: bool
    inside: NDArray[np.bool_]
    compared: Comparison


def _compare(
    judged: JudgedSamples, inside: NDArray[np.bool_], name: str, left: NDArray[np.bool_] | None = None
) -> Comparison:
    """Compare one slice; a class is not compared with the same class, which is all in the slice."""
    kept = slice(None) if left is None else left
    strata = np.zeros_like(judged.strata) if name == "label" else judged.strata
    units = None if name == "group" or judged.units is None else judged.units[kept]
    return compare(judged.error[kept], inside[kept], strata[kept], units)


def _measured(judged: JudgedSamples, part: _Part, p_value: float, seed: int) -> Slice:
    inside = part.inside
    units = None if part.attribute == "group" or judged.units is None else judged.units[inside]
    doubtful = None
    if judged.doubtful is not None:
        doubtful = proportion(float(judged.doubtful[inside].sum()), int(inside.sum()))
    return Slice(
        attribute=part.attribute,
        words=part.words,
        error=mean_error(judged.error[inside], units, seed=seed),
        loss=mean_error(judged.loss[inside], units, seed=seed),
        doubtful=doubtful,
        gap=part.compared.gap,
        p_value=p_value,
        rows=judged.rows[inside],
        measured=part.measured,
    )
