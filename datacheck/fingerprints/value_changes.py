"""What changed in the values of two fingerprints: targets, image properties, files, groups and extra columns."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from datacheck.annotations.per_image import BOX_NUMBERS
from datacheck.fingerprints.change import NOTABLE, NOTABLE_SHARE, Change
from datacheck.fingerprints.columns import ColumnKind, ColumnState
from datacheck.fingerprints.summary import Fingerprint
from datacheck.scanning.measurements import PROPERTIES
from datacheck.stats import Counts, cohens_h, hedges_g, total_variation
from datacheck.text import listed, percent


def _same(one: Any, other: Any) -> bool:
    """Return whether two sums are equal but for the order in which their parts were added."""
    return math.isclose(float(one), float(other), rel_tol=1e-9, abs_tol=1e-12)


def _mean_change(kind: str, subject: str, called: str, a: Any, b: Any) -> Iterator[Change]:
    if not float(a.n) or not float(b.n) or (_same(a.mean, b.mean) and _same(a.m2, b.m2)):
        return
    effect = hedges_g(a, b)
    (_, mean_a, std_a), (_, mean_b, std_b) = a.value, b.value
    spread = f", deviation {std_a:.4g} → {std_b:.4g}" if math.isfinite(std_a) and math.isfinite(std_b) else ""
    message = f"{called}: mean {mean_a:.4g} → {mean_b:.4g}{spread} (Hedges' g {effect:.2f})"
    yield Change(kind, subject, message, mean_a, mean_b, effect, effect.least > NOTABLE)


def target_changes(before: Fingerprint, after: Fingerprint) -> Iterator[Change]:
    """Yield the changes of a regression target, by split."""
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


def property_changes(before: Fingerprint, after: Fingerprint) -> Iterator[Change]:
    """Yield the changes of image properties, by split where there are several."""
    if before.properties is None or after.properties is None:
        return
    common = [name for name in before.splits if name in after.splits]
    for split in common if len(common) > 1 else [None]:
        for name in PROPERTIES:
            called = f"{name} in split {split!r}" if split else name
            a, b = before.property_moments(name, split=split), after.property_moments(name, split=split)
            yield from _mean_change("property", name, called, a, b)


def readable_changes(before: Fingerprint, after: Fingerprint) -> Iterator[Change]:
    """Yield the changes in the number of unreadable samples, by reason."""
    a, b = _total(before.readable), _total(after.readable)
    for reason in sorted({*a, *b} - {"ok"}):
        was, now = a.get(reason, 0), b.get(reason, 0)
        if was != now:
            message = f"unreadable, {reason}: {was:,} → {now:,} samples"
            yield Change("readable", reason, message, was, now, notable=now > was)


def word_changes(kind: str, before: Mapping[str, Counts], after: Mapping[str, Counts]) -> Iterator[Change]:
    """Yield the changes in how often each word (a format, a pixel mode) occurs."""
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


def group_changes(before: Fingerprint, after: Fingerprint) -> Iterator[Change]:
    """Yield the changes in the number of groups, by split."""
    for split in before.groups:
        if split in after.groups:
            was, now = before.groups[split].value, after.groups[split].value
            if was != now:
                where = f" in split {split!r}" if split else ""
                yield Change("groups", split, f"groups{where}: about {was:,} → {now:,}", was, now, notable=False)


def column_changes(before: Fingerprint, after: Fingerprint) -> Iterator[Change]:
    """Yield the changes of the extra columns: gone or new, of another kind, missing values, mean, values."""
    for name in sorted({*before.columns, *after.columns}):
        if name not in before.columns or name not in after.columns:
            word = "gone" if name in before.columns else "new"
            yield Change("column", name, f"column {name!r}: {word}")
            continue
        was, now = before.column(name), after.column(name)
        if was.kind is not now.kind and ColumnKind.EMPTY not in (was.kind, now.kind):
            message = f"column {name!r}: its values were of kind {was.kind.value}, and are of kind {now.kind.value}"
            yield Change("column", name, message, was.kind.value, now.kind.value)
            continue
        yield from _missing_changes(name, was, now)
        if was.values.total and now.values.total:
            yield from _category_changes(name, was.values.value, now.values.value)
        elif was.kind is ColumnKind.NUMBER:
            yield from _mean_change("column", name, f"column {name!r}", was.moments, now.moments)


def box_changes(before: Fingerprint, after: Fingerprint) -> Iterator[Change]:
    """Yield the changes of the boxes: images without any, shares of the classes, how many an image, and their size."""
    a, b = before.boxes_of(), after.boxes_of()
    if not a.images or not b.images:
        return
    if a.empty * b.images != b.empty * a.images:
        effect = cohens_h((a.empty, b.empty), (a.images, b.images))
        message = f"images without boxes: {a.empty:,} of {a.images:,} → {b.empty:,} of {b.images:,}"
        yield Change("boxes", "empty", message, a.empty, b.empty, effect, effect.least > NOTABLE)
    was, now = a.classes.value, b.classes.value
    if was != now and was and now:
        few, fewer = a.independent(), b.independent()
        words = sorted({*was, *now})
        effect = total_variation(*([counts.get(word, 0) for word in words] for counts in (few, fewer)))
        message = (
            f"{percent(effect.value)} of the boxes have another class ({sum(was.values()):,} → {b.classes.total:,})"
        )
        yield Change("boxes", "classes", message, was, now, effect, effect.least > NOTABLE_SHARE)
    for name in BOX_NUMBERS:
        called = f"{name.replace('_', ' ')} by image"
        yield from _mean_change("boxes", name, called, a.numbers[name].moments, b.numbers[name].moments)


def _missing_changes(name: str, was: ColumnState, now: ColumnState) -> Iterator[Change]:
    if was.missing * now.rows == now.missing * was.rows:
        return
    effect = cohens_h((was.missing, now.missing), (was.rows, now.rows))
    message = f"column {name!r}, rows without a value: {was.missing:,} → {now.missing:,}"
    yield Change("column", name, message, was.missing, now.missing, effect, effect.least > NOTABLE)


def _category_changes(name: str, a: Mapping[str, int], b: Mapping[str, int]) -> Iterator[Change]:
    words = sorted({*a, *b})
    if a == b:
        return
    effect = total_variation(*(np.array([counts.get(word, 0) for word in words]) for counts in (a, b)))
    new, gone = sorted({*b} - {*a}), sorted({*a} - {*b})
    names = "".join(f", {word} {listed(some)}" for word, some in (("new", new), ("gone", gone)) if some)
    message = f"column {name!r}: {percent(effect.value)} of the rows have another value{names}"
    notable = bool(new or gone) or effect.least > NOTABLE_SHARE
    yield Change("column", name, message, dict(a), dict(b), effect, notable)


def _total(by_split: Mapping[str, Counts]) -> dict[str, int]:
    total = Counts.empty()
    for counts in by_split.values():
        total = total.merge(counts)
    return total.value
