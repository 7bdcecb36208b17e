"""Whether two copies of an image have the same objects, which a person may have drawn twice by hand."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from datacheck.annotations.shifts import paired_iou
from datacheck.manifest import Objects
from datacheck.text import percent, plural

Rows = NDArray[np.int64]

SAME_OBJECT = 0.5
"""Least intersection over union of two boxes of one object: what the usual metrics count as found (Everingham 2010)."""

BOX_DIGITS = 3
"""Digits after the point to which boxes are compared: formats write as many."""


@dataclass(frozen=True)
class ObjectLabels:
    """The objects of each image of a dataset, to compare those of copies; N images."""

    objects: Objects
    classes: tuple[str, ...]
    n_rows: int

    def codes(self) -> NDArray[np.float64]:
        """Return a number for the objects of each image, the same for the same boxes and classes in any order; [N]."""
        objects = self.objects
        rows = np.column_stack([objects.class_id.astype(np.float64), objects.boxes.round(BOX_DIGITS) + 0.0])
        order = np.lexsort((*rows.T[::-1], objects.row))
        starts = np.searchsorted(objects.row[order], np.arange(self.n_rows + 1))
        known: dict[bytes, int] = {}
        codes = np.empty(self.n_rows)
        for row, (start, stop) in enumerate(itertools.pairwise(starts)):
            codes[row] = known.setdefault(rows[order[start:stop]].tobytes(), len(known))
        return codes

    def agreeing(self, codes: NDArray[np.float64], clusters: Rows) -> NDArray[np.float64]:
        """Return codes that are equal too where copies have the same objects and only their boxes are drawn anew; [N].

        Parameters
        ----------
        codes
            As `codes` gives them, NaN for images that are left out; [N].
        clusters
            Cluster of copies of each image, -1 for none; [N].
        """
        merged = codes.copy()
        rows = np.flatnonzero((clusters >= 0) & ~np.isnan(codes))
        for members in _groups(rows, clusters):
            kinds, first = np.unique(codes[members], return_index=True)
            seen: list[int] = []
            for code, at in sorted(zip(kinds.tolist(), first.tolist(), strict=True), key=lambda one: one[1]):
                row = int(members[at])
                same = next((other for other in seen if self.agree(other, row)), None)
                if same is None:
                    seen.append(row)
                else:
                    merged[members[codes[members] == code]] = codes[same]
        return merged

    def agree(self, one: int, other: int) -> bool:
        """Whether each object of one image has its counterpart of the same class in the other."""
        first, second = self._of(one), self._of(other)
        return len(first) == len(second) == len(self._matched(first, second))

    def difference(self, one: int, other: int) -> str:
        """Return what the first image has and its copy has not, and the other way round, in words."""
        first, second = self._of(one), self._of(other)
        matched = self._matched(first, second)
        alone = np.setdiff1d(first, [pair[0] for pair in matched])
        missing = np.setdiff1d(second, [pair[1] for pair in matched])
        said = [f"{self._words(alone)} not in its copy"] if len(alone) else []
        said += [f"{self._words(missing)} only in its copy"] if len(missing) else []
        if said:
            return "; ".join(said)
        least = min((overlap for *_, overlap in matched), default=1.0)
        return f"{plural(len(first), 'object')}, in its copy in boxes that overlap by {percent(least)} or more"

    def _of(self, row: int) -> Rows:
        start, stop = np.searchsorted(self.objects.row, (row, row + 1))
        return np.arange(start, stop)

    def _matched(self, first: Rows, second: Rows) -> list[tuple[int, int, float]]:
        if not len(first) or not len(second):
            return []
        objects = self.objects
        overlap = np.nan_to_num(paired_iou(objects.boxes[first][:, None], objects.boxes[second][None]))
        overlap[objects.class_id[first][:, None] != objects.class_id[second][None]] = 0.0
        pairs = zip(*linear_sum_assignment(overlap, maximize=True), strict=True)
        return [(int(first[i]), int(second[j]), float(overlap[i, j])) for i, j in pairs if overlap[i, j] >= SAME_OBJECT]

    def _words(self, objects: Rows) -> str:
        at = int(objects[0])
        code = int(self.objects.class_id[at])
        name = repr(self.classes[code]) if 0 <= code < len(self.classes) else "an object"
        corners = ", ".join(f"{value:.4g}" for value in self.objects.boxes[at])
        others = f" and {plural(len(objects) - 1, 'other object')}" if len(objects) > 1 else ""
        return f"{name} at ({corners}){others}"


def _groups(rows: Rows, clusters: Rows) -> list[Rows]:
    order = rows[np.argsort(clusters[rows], kind="stable")]
    edges = np.flatnonzero(np.diff(clusters[order])) + 1
    return [group for group in np.split(order, edges) if len(group) > 1]
