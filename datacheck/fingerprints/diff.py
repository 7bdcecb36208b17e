"""What changed from one fingerprint to another, in words and numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from datacheck.fingerprints.fingerprint import Fingerprint
from datacheck.scanning.measurements import PROPERTIES
from datacheck.stats import Counts, Interval, cohens_h, hedges_g, total_variation

NOTABLE = 0.2
"""A standardised difference (Cohen's h, Hedges' g) that its interval puts beyond this is notable: Cohen's "small"."""

NOTABLE_SHARE = 0.05
"""A share of a category's rows that its interval says moved."""


@dataclass(frozen=True)
class Change:
    """One difference between two fingerprints.

    Attributes
    ----------
    kind
        ``identity``, ``task``, ``samples``, ``split``, ``class``, ``shares``, ``target``, ``property``, ``readable``,
        ``format``, ``mode``, ``groups`` or ``category``.
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


@dataclass(frozen=True)
class FingerprintDiff:
    """What changed from one fingerprint to another.

    Attributes
    ----------
    same
        Whether the two datasets hold the same rows; None when their identities rest on different things.
    changes
        All differences, notable ones first.
    """

    same: bool | None
    changes: tuple[Change, ...]

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

    def to_text(self, limit: int = 40) -> str:
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
    None: "Whether the two datasets hold the same rows cannot be told: one was identified by content, one was not.",
}


def diff(before: Fingerprint, after: Fingerprint) -> FingerprintDiff:
    """Return what changed; a dataset beside itself gives no change."""
    comparable = before.identity_of == after.identity_of != "mixed"
    same = before.identity == after.identity and before.n_samples == after.n_samples if comparable else None
    if before.task != after.task:
        message = f"the task was {before.task} and is {after.task}"
        return FingerprintDiff(same, (Change("task", "task", message, before.task, after.task),))
    changes = [
        *_size_changes(before, after),
        *_class_changes(before, after),
        *_share_changes(before, after),
        *_target_changes(before, after),
        *_property_changes(before, after),
        *_readable_changes(before, after),
        *_word_changes("format", before.formats, after.formats),
        *_word_changes("mode", before.modes, after.modes),
        *_group_changes(before, after),
        *_category_changes(before, after),
    ]
    return FingerprintDiff(same, tuple(sorted(changes, key=lambda change: not change.notable)))


def _size_changes(before: Fingerprint, after: Fingerprint) -> Iterator[Change]:
    a, b = before.n_samples, after.n_samples
    if a != b:
        relative = f" ({b / a - 1:+.1%})" if a else ""
        yield Change("samples", "samples", f"samples: {a:,} → {b:,}{relative}", a, b, notable=False)
    sizes_a, sizes_b = before.split_sizes, after.split_sizes
    for name in sorted({*sizes_a, *sizes_b}):
        was, now = sizes_a.get(name, 0), sizes_b.get(name, 0)
        called = f"split {name!r}" if name else "rows without a split"
        if not was or not now:
            if was != now:
                word = "new" if now else "gone"
                yield Change("split", name, f"{called}: {word} ({was or now:,} samples)", was, now)
        elif was != now:
            effect = cohens_h((was, now), (a, b))
            yield Change(
                "split",
                name,
                f"{called}: {was:,} → {now:,} samples ({was / a:.1%} → {now / b:.1%} of all)",
                was,
                now,
                effect,
                effect.least > NOTABLE,
            )


def _class_changes(before: Fingerprint, after: Fingerprint) -> Iterator[Change]:
    counts_a, counts_b = before.class_counts(), after.class_counts()
    for name in [*before.classes, *(name for name in after.classes if name not in before.classes)]:
        was, now = counts_a.get(name, 0), counts_b.get(name, 0)
        if bool(was) != bool(now):
            word = f"is new ({now:,} labels)" if now else f"is gone (it had {was:,} labels)"
            yield Change("class", name, f"class {name!r} {word}", was, now)
        elif was and now:
            yield from _share_change(name, was, now, sum(counts_a.values()), sum(counts_b.values()))
    was, now = before.n_unlabelled, after.n_unlabelled
    if was != now:
        effect = cohens_h((was, now), (before.n_samples, after.n_samples))
        message = f"unlabelled samples: {was:,} → {now:,}"
        yield Change("class", "unlabelled", message, was, now, effect, effect.least > NOTABLE)


def _share_change(name: str, was: int, now: int, total_a: int, total_b: int) -> Iterator[Change]:
    effect = cohens_h((was, now), (total_a, total_b))
    if was == now and total_a == total_b:
        return
    message = (
        f"class {name!r}: {was:,} → {now:,} labels ({was / total_a:.2%} → {now / total_b:.2%}, Cohen's h {effect:.2f})"
    )
    yield Change("class", name, message, was, now, effect, effect.least > NOTABLE)


def _share_changes(before: Fingerprint, after: Fingerprint) -> Iterator[Change]:
    classes = sorted({*before.classes, *after.classes})
    if not classes:
        return
    for split in [None, *(name for name in before.splits if name in after.splits and len(before.splits) > 1)]:
        a, b = ([print_.class_counts(split).get(name, 0) for name in classes] for print_ in (before, after))
        if a == b or not sum(a) or not sum(b):
            continue
        effect = total_variation(a, b)
        where = "" if split is None else f" in split {split!r}"
        message = (
            f"class shares{where}: {effect.value:.1%} of the labels would have to move (95 % interval {effect:.1%})"
        )
        yield Change("shares", split or "", message, None, None, effect, effect.least > NOTABLE_SHARE)


def _mean_change(kind: str, subject: str, called: str, a: Any, b: Any) -> Iterator[Change]:
    if not float(a.n) or not float(b.n) or (float(a.mean), float(a.m2)) == (float(b.mean), float(b.m2)):
        return
    effect = hedges_g(a, b)
    (_, mean_a, std_a), (_, mean_b, std_b) = a.value, b.value
    spread = f", deviation {std_a:.4g} → {std_b:.4g}" if math.isfinite(std_a) and math.isfinite(std_b) else ""
    message = f"{called}: mean {mean_a:.4g} → {mean_b:.4g}{spread} (Hedges' g {effect:.2f})"
    yield Change(kind, subject, message, mean_a, mean_b, effect, effect.least > NOTABLE)


def _target_changes(before: Fingerprint, after: Fingerprint) -> Iterator[Change]:
    for split in before.targets:
        if split in after.targets:
            called = f"target in split {split!r}" if split else "target"
            a, b = before.targets[split], after.targets[split]
            yield from _mean_change("target", split, called, a.moments, b.moments)
            if b.range.low < a.range.low or b.range.high > a.range.high:
                message = f"{called}: range {_range(a.range.value)} → {_range(b.range.value)}"
                yield Change("target", split, message, list(a.range.value), list(b.range.value), notable=False)


def _range(value: tuple[float, float]) -> str:
    return f"{value[0]:.4g} to {value[1]:.4g}" if value[0] <= value[1] else "none"


def _property_changes(before: Fingerprint, after: Fingerprint) -> Iterator[Change]:
    if before.properties is None or after.properties is None:
        return
    common = [name for name in before.splits if name in after.splits]
    for split in common if len(common) > 1 else [None]:
        for name in PROPERTIES:
            called = f"{name} in split {split!r}" if split else name
            a, b = before.property_moments(name, split=split), after.property_moments(name, split=split)
            yield from _mean_change("property", name, called, a, b)


def _readable_changes(before: Fingerprint, after: Fingerprint) -> Iterator[Change]:
    a, b = _total(before.readable), _total(after.readable)
    for reason in sorted({*a, *b} - {"ok"}):
        was, now = a.get(reason, 0), b.get(reason, 0)
        if was != now:
            message = f"unreadable, {reason}: {was:,} → {now:,} samples"
            yield Change("readable", reason, message, was, now, notable=now > was)


def _word_changes(kind: str, before: Mapping[str, Counts], after: Mapping[str, Counts]) -> Iterator[Change]:
    a, b = _total(before), _total(after)
    if not a or not b:
        return
    for word in sorted({*a, *b} - {""}):
        was, now = a.get(word, 0), b.get(word, 0)
        if was == now:
            continue
        effect = cohens_h((was, now), (sum(a.values()), sum(b.values())))
        message = f"{kind} {word}: {was:,} → {now:,} samples"
        yield Change(kind, word, message, was, now, effect, not was or not now or effect.least > NOTABLE)


def _group_changes(before: Fingerprint, after: Fingerprint) -> Iterator[Change]:
    for split in before.groups:
        if split in after.groups:
            was, now = before.groups[split].value, after.groups[split].value
            if was != now:
                where = f" in split {split!r}" if split else ""
                yield Change("groups", split, f"groups{where}: about {was:,} → {now:,}", was, now, notable=False)


def _category_changes(before: Fingerprint, after: Fingerprint) -> Iterator[Change]:
    for column in sorted({*before.categories, *after.categories}):
        if column not in before.categories or column not in after.categories:
            word = "gone" if column in before.categories else "new"
            yield Change("category", column, f"column {column!r}: {word}")
            continue
        if any(counts.overflow for side in (before, after) for counts in side.categories[column].values()):
            continue
        a, b = _total(before.categories[column]), _total(after.categories[column])
        words = sorted({*a, *b})
        if a == b:
            continue
        effect = total_variation(*(np.array([counts.get(word, 0) for word in words]) for counts in (a, b)))
        new, gone = sorted({*b} - {*a}), sorted({*a} - {*b})
        names = "".join(
            f", {word} {', '.join(map(repr, some[:5]))}" for word, some in (("new", new), ("gone", gone)) if some
        )
        message = f"column {column!r}: {effect.value:.1%} of the rows would have to move{names}"
        notable = bool(new or gone) or effect.least > NOTABLE_SHARE
        yield Change("category", column, message, a, b, effect, notable)


def _total(by_split: Mapping[str, Counts]) -> dict[str, int]:
    total = Counts.empty()
    for counts in by_split.values():
        total = total.merge(counts)
    return total.value
