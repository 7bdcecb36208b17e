"""What changed in the samples, splits and classes of two fingerprints."""

from __future__ import annotations

from collections.abc import Iterator

from datacheck.fingerprints.change import NOTABLE, NOTABLE_SHARE, Change
from datacheck.fingerprints.summary import Fingerprint
from datacheck.stats import cohens_h, total_variation
from datacheck.text import percent, plural


def size_changes(before: Fingerprint, after: Fingerprint) -> Iterator[Change]:
    """Yield the changes in the number of samples, overall and by split."""
    a, b = before.n_samples, after.n_samples
    if a != b:
        relative = f" ({100 * (b / a - 1):+.1f} %)" if a else ""
        yield Change("samples", "samples", f"samples: {a:,} → {b:,}{relative}", a, b, notable=False)
    sizes_a, sizes_b = before.split_sizes, after.split_sizes
    for name in sorted({*sizes_a, *sizes_b}):
        was, now = sizes_a.get(name, 0), sizes_b.get(name, 0)
        called = f"split {name!r}" if name else "rows without a split"
        if not was or not now:
            if was != now:
                word = "new" if now else "gone"
                yield Change("split", name, f"{called}: {word} ({plural(was or now, 'sample')})", was, now)
        elif was != now:
            effect = cohens_h((was, now), (a, b))
            yield Change(
                "split",
                name,
                f"{called}: {was:,} → {now:,} samples ({percent(was / a)} → {percent(now / b)} of all)",
                was,
                now,
                effect,
                effect.least > NOTABLE,
            )


def class_changes(before: Fingerprint, after: Fingerprint) -> Iterator[Change]:
    """Yield the classes that are new or gone, and those whose share of the labels changed."""
    counts_a, counts_b = before.class_counts(), after.class_counts()
    for name in [*before.classes, *(name for name in after.classes if name not in before.classes)]:
        was, now = counts_a.get(name, 0), counts_b.get(name, 0)
        if bool(was) != bool(now):
            word = f"is new ({plural(now, 'label')})" if now else f"is gone (it had {plural(was, 'label')})"
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
    shares = f"{percent(was / total_a)} → {percent(now / total_b)}"
    message = f"class {name!r}: {was:,} → {now:,} labels ({shares}, Cohen's h {effect:.2f})"
    yield Change("class", name, message, was, now, effect, effect.least > NOTABLE)


def share_changes(before: Fingerprint, after: Fingerprint) -> Iterator[Change]:
    """Yield the change of all class shares together, overall and by split."""
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
            f"class shares{where}: {percent(effect.value)} of the labels would have to move (95 % interval "
            f"{percent(effect.low)} to {percent(effect.high)})"
        )
        yield Change("shares", split or "", message, None, None, effect, effect.least > NOTABLE_SHARE)
