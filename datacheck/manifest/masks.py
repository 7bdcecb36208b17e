"""What the pixels of masks stand for, as far as it was declared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

USUAL_IGNORED = 255
"""The value of pixels that do not count where none is declared, as tools and data loaders have it."""


@dataclass(frozen=True)
class MaskFormat:
    """How the pixels of masks are read.

    Attributes
    ----------
    ignore_index
        The declared value of pixels that do not count; None where none is declared, so that `USUAL_IGNORED` is taken.

    Examples
    --------
    >>> MaskFormat().ignored, MaskFormat(ignore_index=11).ignored
    (255, 11)
    """

    ignore_index: int | None = None

    @property
    def ignored(self) -> int:
        """The value of pixels that do not count."""
        return USUAL_IGNORED if self.ignore_index is None else self.ignore_index

    def to_json(self) -> dict[str, Any]:
        """Return the format as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> MaskFormat:
        """Rebuild the format from `to_json`."""
        return cls(ignore_index=value["ignore_index"])
