"""What was planted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Truth:
    """The exact record of a planted defect.

    Attributes
    ----------
    what
        The name of the planting, such as ``flip_labels``.
    sample_ids
        The samples that were changed or added, in row order; for listings, the images whose label is now wrong.
    details
        What a test compares with, such as the labels as they were (``before``) and as they are (``after``).
    """

    what: str
    sample_ids: tuple[str, ...]
    details: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.sample_ids)
