"""What changed from one fingerprint to another, in words and numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

from datacheck.fingerprints.change import Change
from datacheck.fingerprints.label_changes import class_changes, share_changes, size_changes
from datacheck.fingerprints.summary import Fingerprint
from datacheck.fingerprints.value_changes import (
    box_changes,
    column_changes,
    group_changes,
    property_changes,
    readable_changes,
    target_changes,
    word_changes,
)

MAX_LINES = 40
"""Changes that `FingerprintDiff.to_text` lists by default: what fits on one screen."""


@dataclass(frozen=True)
class FingerprintDiff:
    """What changed from one fingerprint to another; made by `between`.

    Attributes
    ----------
    same
        Whether the two datasets hold the same rows; None when their rows were identified in different ways.
    changes
        All differences, notable ones first.
    """

    same: bool | None
    changes: tuple[Change, ...]

    @classmethod
    def between(cls, before: Fingerprint, after: Fingerprint) -> FingerprintDiff:
        """Return what changed from one fingerprint to another; equal datasets give no change.

        Examples
        --------
        >>> from datacheck.fingerprints import fingerprint
        >>> from datacheck.manifest import Manifest
        >>> one, two = (fingerprint(Manifest.from_columns({"label": labels})) for labels in (["a", "b"], ["a", "a"]))
        >>> FingerprintDiff.between(one, two).notable[0].message
        "class 'b' is gone (it had 1 label)"
        """
        comparable = before.identity_of == after.identity_of != "mixed"
        same = before.identity == after.identity and before.n_samples == after.n_samples if comparable else None
        return cls(same, tuple(sorted(_changes(before, after), key=lambda change: not change.notable)))

    @property
    def notable(self) -> tuple[Change, ...]:
        """The changes that deserve attention."""
        return tuple(change for change in self.changes if change.notable)

    def to_json(self) -> dict[str, Any]:
        """Return the difference as plain JSON values."""
        return {
            "schema": "datacheck.fingerprint_diff",
            "version": 1,
            "same": self.same,
            "changes": [change.to_json() for change in self.changes],
        }

    def to_text(self, limit: int = MAX_LINES) -> str:
        """Return the difference as lines of text, at most ``limit`` changes; ``*`` marks the notable ones."""
        lines = [_HEADLINE[self.same]]
        lines += [f"{'*' if change.notable else ' '} {change.message}" for change in self.changes[:limit]]
        if len(self.changes) > limit:
            lines.append(f"  … and {len(self.changes) - limit} more")
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{'●' if change.notable else ''}</td><td>{escape(change.kind)}</td>"
            f"<td>{escape(change.message)}</td></tr>"
            for change in self.changes
        )
        return f"<div><p><b>{escape(_HEADLINE[self.same])}</b></p><table>{rows}</table></div>"


_HEADLINE = {
    True: "The two datasets hold the same rows.",
    False: "The two datasets differ.",
    None: "Whether the two datasets hold the same rows is not known: one was identified by content, the other was not.",
}


def _changes(before: Fingerprint, after: Fingerprint) -> Iterator[Change]:
    if before.task != after.task:
        message = f"the task was {before.task} and is {after.task}"
        yield Change("task", "task", message, before.task, after.task)
        return
    yield from size_changes(before, after)
    yield from class_changes(before, after)
    yield from share_changes(before, after)
    yield from target_changes(before, after)
    yield from property_changes(before, after)
    yield from readable_changes(before, after)
    yield from word_changes("format", before.formats, after.formats)
    yield from word_changes("mode", before.modes, after.modes)
    yield from group_changes(before, after)
    yield from column_changes(before, after)
    yield from box_changes(before, after)
