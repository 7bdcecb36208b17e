"""The samples that findings are about, and their places in the datasets of a training script."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, overload

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from datacheck.errors import ConfigError, require
from datacheck.manifest import Manifest
from datacheck.report.items import Paths, match_rows
from datacheck.report.record import ReportRecord
from datacheck.sources.frames import is_frame, is_hugging_face


@dataclass(frozen=True)
class BadSamples(Sequence[str]):
    """The ids of some samples, sorted, each once; a sequence of strings.

    Attributes
    ----------
    ids
        The sample ids.
    record
        The report that they are from.
    """

    ids: tuple[str, ...]
    record: ReportRecord = field(repr=False, compare=False)

    def positions(self, dataset: Any, *, paths: Paths = None) -> Any:
        """Return where the samples are in a dataset, ascending, int64, shape [n]; for a mapping of splits a mapping.

        Samples that the dataset does not hold are left out; an item that is no sample of the audit is an error. See
        `datacheck.report.Report.positions`.
        """
        return _each_split(dataset, paths, self._positions)

    def _positions(self, dataset: Any, paths: Paths, split: str | None) -> NDArray[np.int64]:
        return np.flatnonzero(self._among(dataset, paths, split))

    def filtered(self, dataset: Any, *, paths: Paths = None) -> Any:
        """Return a dataset without the samples; for a mapping of splits a mapping of the same kind.

        See `datacheck.report.Report.filter_dataset`.
        """
        found = _each_split(dataset, paths, self._filtered)
        return type(dataset)(found) if isinstance(dataset, dict) else found

    def _filtered(self, dataset: Any, paths: Paths, split: str | None) -> Any:
        kept = np.flatnonzero(~self._among(dataset, paths, split))
        if isinstance(dataset, Manifest):
            return dataset.take(kept)
        if is_frame(dataset):
            return dataset.iloc[kept]
        if is_hugging_face(dataset):
            return dataset.select(kept)
        require("torch", extra="probe", purpose="a part of a map-style dataset")
        from datacheck.plan.torch_subset import subset_of

        return subset_of(dataset, kept.tolist())

    def _among(self, dataset: Any, paths: Paths, split: str | None) -> NDArray[np.bool_]:
        """Whether each item of a dataset is one of the samples; shape [M]."""
        bad = pc.is_in(self.record.manifest.sample_ids, value_set=pa.array(self.ids, pa.string()))
        rows = match_rows(self.record, dataset, paths, split)
        found: NDArray[np.bool_] = np.asarray(bad.to_numpy(), dtype=bool)[rows]
        return found

    def _repr_html_(self) -> str:
        from datacheck.report.notebook import gallery

        return gallery(self.record, self.ids)

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[str]:
        return iter(self.ids)

    def __contains__(self, sample_id: object) -> bool:
        return sample_id in self.ids

    @overload
    def __getitem__(self, number: int) -> str: ...

    @overload
    def __getitem__(self, number: slice) -> tuple[str, ...]: ...

    def __getitem__(self, number: int | slice) -> str | tuple[str, ...]:
        return self.ids[number]


def _each_split(dataset: Any, paths: Paths, apply: Callable[[Any, Paths, str | None], Any]) -> Any:
    """Apply to a dataset, or to each split of a mapping of datasets; the paths are then a mapping too."""
    if not isinstance(dataset, Mapping):
        return apply(dataset, paths, None)
    if paths is not None and not isinstance(paths, str | Mapping):
        raise ConfigError(f"paths: expected a mapping with the splits {list(dataset)}, as the dataset is one")
    given = paths if isinstance(paths, Mapping) else dict.fromkeys(dataset, paths)
    return {name: apply(part, given.get(name), name) for name, part in dataset.items()}
