"""Defects in labels, splits and listings; no file is touched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from datacheck.manifest import Listings, Manifest
from datacheck.testing.truth import Truth

Planted = TypeVar("Planted", Manifest, Listings)


def flip_labels(
    manifest: Manifest,
    share: float = 0.1,
    *,
    pairs: Mapping[str, str] | None = None,
    transition: ArrayLike | None = None,
    seed: int = 0,
) -> tuple[Manifest, Truth]:
    """Give a share of the samples another class, always a different one.

    Parameters
    ----------
    manifest
        A classification manifest.
    share
        Of the labelled samples (of the classes in ``pairs``, where given), rounded to a whole number of flips.
    pairs
        From which class to which, such as ``{"cat": "dog"}``; default: any other class, each as likely.
    transition
        Probability [K, K] that a label of class i becomes class j, rows summing to 1; the diagonal keeps the label,
        and ``share`` is not used.
    seed
        Chooses the samples and their new classes.

    Returns
    -------
    tuple
        The manifest, and the truth with ``before`` and ``after``: class names by changed sample.

    Examples
    --------
    >>> manifest = Manifest.from_columns({"label": ["cat", "dog"] * 5})
    >>> planted, truth = flip_labels(manifest, 0.2)
    >>> len(truth), sorted(truth.details["before"]) != sorted(truth.details["after"])
    (2, False)
    """
    rng = np.random.default_rng(seed)
    codes = manifest.label_codes.copy()
    n_classes = len(manifest.classes)
    if transition is not None:
        chances = np.asarray(transition, dtype=np.float64)
        if chances.shape != (n_classes, n_classes) or not np.allclose(chances.sum(axis=1), 1) or chances.min() < 0:
            raise ValueError(f"expected a [{n_classes}, {n_classes}] matrix of rows that sum to 1")
        rows = np.flatnonzero(codes >= 0)
        draws = rng.random(len(rows))[:, None]
        new = np.minimum((draws > np.cumsum(chances, axis=1)[codes[rows]]).sum(axis=1), n_classes - 1)
    else:
        to = np.full(n_classes, -1)
        for source, target in (pairs or {}).items():
            to[manifest.classes.index(source)] = manifest.classes.index(target)
        able = np.flatnonzero((codes >= 0) & ((to[codes] >= 0) if pairs else True))
        rows = np.sort(rng.choice(able, round(share * len(able)), replace=False))
        steps = rng.integers(1, max(2, n_classes), len(rows))
        new = to[codes[rows]] if pairs else (codes[rows] + steps) % n_classes
    return _with_labels(manifest, "flip_labels", rows, new)


def _with_labels(
    manifest: Manifest, what: str, rows: NDArray[np.int64], new: NDArray[np.int64]
) -> tuple[Manifest, Truth]:
    names = np.array(manifest.classes, dtype=object)
    codes = manifest.label_codes
    changed = codes[rows] != new
    rows, new = rows[changed], new[changed]
    labels = manifest.table["label"].to_pylist()
    for row, code in zip(rows.tolist(), new.tolist(), strict=True):
        labels[row] = manifest.classes[code]
    ids = tuple(manifest.sample_ids.take(pa.array(rows)).to_pylist())
    details = {"before": tuple(names[codes[rows]]), "after": tuple(names[new])}
    return manifest.with_column("label", pa.array(labels, pa.string())), Truth(what, ids, details)


def shift_labels(data: Planted, by: int = 1, start: int = 0) -> tuple[Planted, Truth]:
    """Move every label from position ``start`` on ``by`` places down; the last ones move to ``start``.

    Examples
    --------
    >>> listings = Listings(("1.jpg", "2.jpg", "3.jpg"), ("1.png", "2.png", "3.png"))
    >>> shift_labels(listings, start=1)[0].labels
    ('1.png', '3.png', '2.png')
    """
    order = np.arange(_n_labels(data))
    order[start:] = np.roll(order[start:], by)
    return _reordered(data, order, "shift_labels", {"by": by, "start": start})


def swap_block(data: Planted, first: int, second: int, length: int) -> tuple[Planted, Truth]:
    """Exchange two blocks of labels of one length, which start at two positions.

    Examples
    --------
    >>> swap_block(Listings(tuple("abcd"), tuple("1234")), 0, 2, 2)[0].labels
    ('3', '4', '1', '2')
    """
    first, second = sorted((first, second))
    order = np.arange(_n_labels(data))
    if first < 0 or first + length > second or second + length > len(order):
        raise ValueError(f"blocks of {length} at {first} and {second} overlap, or end after {len(order)} labels")
    one, two = slice(first, first + length), slice(second, second + length)
    order[one], order[two] = order[two].copy(), order[one].copy()
    return _reordered(data, order, "swap_block", {"first": first, "second": second, "length": length})


def reverse_labels(data: Planted) -> tuple[Planted, Truth]:
    """Put the labels in reverse order."""
    return _reordered(data, np.arange(_n_labels(data))[::-1], "reverse_labels", {})


def shuffle(data: Planted, *, seed: int = 0) -> tuple[Planted, Truth]:
    """Put the labels in random order."""
    return _reordered(data, np.random.default_rng(seed).permutation(_n_labels(data)), "shuffle", {})


def _n_labels(data: Manifest | Listings) -> int:
    return len(data.labels) if isinstance(data, Listings) else len(data)


def _reordered(data: Planted, order: NDArray[np.int64], what: str, details: dict[str, Any]) -> tuple[Planted, Truth]:
    """Place label ``order[i]`` at position i; the truth names the samples whose label's value changed."""
    details = details | {"order": tuple(order.tolist())}
    if not isinstance(data, Manifest):
        labels = tuple(data.labels[row] for row in order)
        changed = [row for row, label in enumerate(labels) if label != data.labels[row] and row < len(data.images)]
        return replace(data, labels=labels), Truth(what, tuple(data.images[row] for row in changed), details)
    name = str(data.task.label_column)
    column = data.table[name]
    if pa.types.is_dictionary(column.type):
        column = column.cast(pa.string())
    before = column.to_pylist()
    after = [before[row] for row in order]
    rows = [row for row, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]
    details |= {"before": tuple(before[row] for row in rows), "after": tuple(after[row] for row in rows)}
    planted: Any = data.with_column(name, pa.array(after, column.type))
    if data.listings is not None:
        moved = Listings(data.listings.images, tuple(data.listings.labels[row] for row in order))
        planted = replace(planted, listings=moved)
    return planted, Truth(what, tuple(data.sample_ids.take(pa.array(rows, pa.int64())).to_pylist()), details)


def drop_class_from_split(manifest: Manifest, label: str, split: str) -> tuple[Manifest, Truth]:
    """Remove every sample of a class from one split; the truth names the removed."""
    gone = (manifest.label_codes == manifest.classes.index(label)) & (
        manifest.split_codes == manifest.splits.index(split)
    )
    ids = tuple(manifest.sample_ids.take(pa.array(np.flatnonzero(gone))).to_pylist())
    return manifest.take(~gone), Truth("drop_class_from_split", ids, {"label": label, "split": split})


def make_imbalanced(manifest: Manifest, factor: float = 10.0, *, seed: int = 0) -> tuple[Manifest, Truth]:
    """Give class sizes a long tail: class k keeps ``factor ** (-k / (K - 1))`` of its samples, in each split.

    The first class stays whole, the last keeps one in ``factor`` (at least one a split). The truth names the
    removed, with ``counts`` by class.

    Examples
    --------
    >>> manifest = Manifest.from_columns({"label": ["a"] * 100 + ["b"] * 100})
    >>> make_imbalanced(manifest, 10)[1].details["counts"]
    {'a': 100, 'b': 10}
    """
    rng = np.random.default_rng(seed)
    keep = np.ones(len(manifest), dtype=bool)
    for code in range(len(manifest.classes)):
        share = factor ** (-code / max(1, len(manifest.classes) - 1))
        for split in np.unique(manifest.split_codes):
            rows = np.flatnonzero((manifest.label_codes == code) & (manifest.split_codes == split))
            n_kept = min(len(rows), max(1, round(share * len(rows))))
            keep[rng.permutation(rows)[n_kept:]] = False
    planted = manifest.take(keep)
    counts = {name: int((planted.label_codes == code).sum()) for code, name in enumerate(manifest.classes)}
    ids = tuple(manifest.sample_ids.take(pa.array(np.flatnonzero(~keep))).to_pylist())
    return planted, Truth("make_imbalanced", ids, {"counts": counts, "factor": factor})


def leak_across_splits(
    manifest: Manifest, n: int = 10, *, source: str = "train", target: str = "test", seed: int = 0
) -> tuple[Manifest, Truth]:
    """List ``n`` samples of one split in another as well: the same file under a second sample id.

    The truth names the new samples; ``copied_from`` names what each is a copy of.
    """
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.choice(np.flatnonzero(manifest.split_codes == manifest.splits.index(source)), n, replace=False))
    copies = manifest.take(rows)
    originals = copies.sample_ids.to_pylist()
    new_ids = [f"{name}#leaked" for name in originals]
    copies = copies.with_column("sample_id", new_ids).with_column("split", [target] * n)
    parts = [manifest.table, copies.table]
    table = pa.concat_tables([part.unify_dictionaries() for part in parts]).unify_dictionaries().combine_chunks()
    truth = Truth("leak_across_splits", tuple(new_ids), {"copied_from": tuple(originals), "to": target})
    return replace(manifest, table=table, listings=None), truth


def drift(manifest: Manifest, label: str, split: str, *, keep: float = 0.3, seed: int = 0) -> tuple[Manifest, Truth]:
    """Change the class shares of one split: of one class, only the share ``keep`` remains there.

    The truth names the removed, with the class's ``share_before`` and ``share_after`` in the split.
    """
    rng = np.random.default_rng(seed)
    in_split = manifest.split_codes == manifest.splits.index(split)
    rows = np.flatnonzero(in_split & (manifest.label_codes == manifest.classes.index(label)))
    gone = np.sort(rng.permutation(rows)[round(keep * len(rows)) :])
    kept = np.ones(len(manifest), dtype=bool)
    kept[gone] = False
    shares = {
        "share_before": len(rows) / int(in_split.sum()),
        "share_after": (len(rows) - len(gone)) / int((in_split & kept).sum()),
    }
    ids = tuple(manifest.sample_ids.take(pa.array(gone)).to_pylist())
    return manifest.take(kept), Truth("drift", ids, {"label": label, "split": split, **shares})
