"""The boxes of one split as a state that merges: images without any, boxes by class, how many and how large."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from datacheck.annotations.per_image import BOX_NUMBERS, ImageBoxes
from datacheck.fingerprints.columns import ColumnState
from datacheck.stats import Counts


@dataclass(frozen=True)
class BoxState:
    """The boxes of one split.

    Attributes
    ----------
    images, empty
        Images with annotations, and those among them that have no box.
    classes
        Boxes by class.
    pairs
        Ordered pairs of boxes of one image, each box with itself too: the sum of the squared numbers of boxes.
    numbers
        Of `datacheck.annotations.per_image.BOX_NUMBERS`, a value an image.

    Examples
    --------
    >>> one = BoxState(images=2, empty=1, classes=Counts({"cell": 3}), pairs=9)
    >>> both = one.merge(one)
    >>> both.images, both.empty, both.classes.value, both.design_effect
    (4, 2, {'cell': 6}, 3.0)
    """

    images: int = 0
    empty: int = 0
    classes: Counts = field(default_factory=Counts.empty)
    pairs: int = 0
    numbers: Mapping[str, ColumnState] = field(default_factory=dict)

    @classmethod
    def of(cls, boxes: ImageBoxes, rows: NDArray[np.bool_]) -> BoxState:
        """Return the state of the images of a mask, [N]."""
        counts = boxes.counts[rows & np.isfinite(boxes.counts)]
        chosen = boxes.classes.filter(pa.array(rows)).flatten()
        return cls(
            images=len(counts),
            empty=int((counts == 0).sum()),
            classes=Counts.empty().update(chosen),
            pairs=int((counts**2).sum()),
            numbers={name: _state(values[rows]) for name, values in boxes.numbers.items()},
        )

    @property
    def design_effect(self) -> float:
        """How many boxes count as one, where those of an image are as alike as can be (Kish 1965); 1 or more."""
        return max(1.0, self.pairs / self.classes.total) if self.classes.total else 1.0

    def independent(self) -> dict[str, int]:
        """Return the boxes by class, so many fewer as they count in an interval: at least one of each class.

        Examples
        --------
        >>> BoxState(images=5, classes=Counts({"cell": 30, "plate": 10}), pairs=400).independent()
        {'cell': 3, 'plate': 1}
        """
        return {name: max(1, round(count / self.design_effect)) for name, count in self.classes.value.items()}

    def merge(self, other: BoxState) -> BoxState:
        """Return the state of both parts."""
        empty = ColumnState.empty()
        return BoxState(
            self.images + other.images,
            self.empty + other.empty,
            self.classes.merge(other.classes),
            self.pairs + other.pairs,
            {name: self.numbers.get(name, empty).merge(other.numbers.get(name, empty)) for name in BOX_NUMBERS},
        )

    def to_json(self) -> dict[str, Any]:
        """Return the state as plain JSON values."""
        return {
            "images": self.images,
            "empty": self.empty,
            "classes": self.classes.to_json(),
            "pairs": self.pairs,
            "numbers": {name: state.to_json() for name, state in self.numbers.items()},
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> BoxState:
        """Rebuild the state from `to_json`."""
        return cls(
            int(value["images"]),
            int(value["empty"]),
            Counts.from_json(value["classes"]),
            int(value["pairs"]),
            {name: ColumnState.from_json(state) for name, state in value["numbers"].items()},
        )


def _state(values: NDArray[np.float64]) -> ColumnState:
    return ColumnState.of(pa.chunked_array([pa.array(values)]))
