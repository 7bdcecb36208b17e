"""One difference between two fingerprints, and from which size on it is notable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from datacheck.stats import Interval

NOTABLE = 0.2
"""A standardised difference (Cohen's h, Hedges' g) is notable when its interval lies above this: Cohen's "small"."""

NOTABLE_SHARE = 0.05
"""A change of shares is notable when its interval lies above this: one row in twenty."""


@dataclass(frozen=True)
class Change:
    """One difference between two fingerprints.

    Attributes
    ----------
    kind
        ``identity``, ``task``, ``samples``, ``split``, ``class``, ``shares``, ``target``, ``property``, ``readable``,
        ``format``, ``mode``, ``groups``, ``column`` or ``boxes``.
    subject
        What changed, such as a class's name.
    message
        One sentence with its numbers.
    before, after
        The two values, JSON-safe; None where there is none.
    effect
        The size of the change with its interval, where it is a change of a distribution.
    notable
        Whether it deserves attention: names that come or go, and effects that their interval puts beyond a small one.
    """

    kind: str
    subject: str
    message: str
    before: Any = None
    after: Any = None
    effect: Interval | None = None
    notable: bool = True

    def to_json(self) -> dict[str, Any]:
        """Return the change as plain JSON values."""
        return {
            "kind": self.kind,
            "subject": self.subject,
            "message": self.message,
            "before": self.before,
            "after": self.after,
            "effect": None if self.effect is None else self.effect.to_json(),
            "notable": self.notable,
        }
