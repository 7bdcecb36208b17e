"""The search for duplicates over a whole dataset."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from datacheck.duplicates import DuplicateSearch
from datacheck.duplicates.clusters import (
    DuplicateClusters,
    exact_clusters,
    find_duplicates,
    only_pairs,
    with_copies,
    with_registered,
)
from datacheck.duplicates.confirmation import confirmed
from datacheck.duplicates.lookalikes import unit_vectors
from datacheck.duplicates.near_pairs import is_small
from datacheck.duplicates.picture_pool import PictureReader, Pictures
from datacheck.duplicates.registration import register
from datacheck.duplicates.tiny import tiny_copies
from datacheck.duplicates.twins import MAX_IMAGES
from datacheck.manifest import Manifest
from datacheck.scanning.measurements import Measurements
from datacheck.scanning.pools import pool_of
from datacheck.text import plural

MOST_BY_DEFAULT = 3_000
"""Images up to which details are compared unless the caller says otherwise: about 40 s of processor time."""

MOST_CONFIRMED = 2_000
"""Pairs of a larger dataset that are alike by hash or signature and whose pixels are compared by default, those that
are least alike first: of photos 9 ms a pair of copies, 37 ms a pair of others, 18 to 75 s of processor time."""

LEAST_LONG_SIDE = 64
"""Smaller images, in pixels, have too few details to lay them over one another by those, but few pixels in all."""

MOST_TINY_BY_DEFAULT = 60_000
"""Such images up to which they are laid over one another pixel by pixel: about 2 min of processor time."""

_AMONG_TINY = f"among the images below {LEAST_LONG_SIDE} pixels"
_HOW = " (--duplicates features does)"


def decided(search: DuplicateSearch, manifest: Manifest, measurements: Measurements) -> DuplicateSearch:
    """Return what ``auto`` comes to for a dataset, any other search as it is."""
    if search is not DuplicateSearch.AUTO:
        return search
    large = int((_long_side(measurements) >= LEAST_LONG_SIDE).sum())
    few = len(measurements) <= MOST_BY_DEFAULT if large else len(measurements) <= MOST_TINY_BY_DEFAULT
    return DuplicateSearch.FEATURES if few and manifest.reader is not None else DuplicateSearch.HASH


def search_duplicates(
    manifest: Manifest,
    measurements: Measurements,
    *,
    search: DuplicateSearch = DuplicateSearch.AUTO,
    max_distance: int,
    engine: str = "local",
    progress: Callable[[int, int], None] | None = None,
) -> DuplicateClusters:
    """Return the clusters of a dataset of images.

    Parameters
    ----------
    manifest, measurements
        The dataset and its scan.
    search
        How thoroughly.
    max_distance
        Bits in which the perceptual hashes of near duplicates may differ.
    engine
        What compares pictures: ``"local"`` or ``"ray"``; the result is the same.
    progress
        Called with (done, total) pairs of pictures that are laid over one another.
    """
    if search is DuplicateSearch.EXACT:
        content = pc.if_else(measurements.table["readable"], measurements.table["content_hash"], None)
        return DuplicateClusters.equal(exact_clusters(content))
    if progress is not None:
        progress(0, 2 * len(measurements))
    found = find_duplicates(measurements, max_distance=max_distance)
    if search is DuplicateSearch.HASH or manifest.reader is None:
        return found
    all_ = search is DuplicateSearch.FEATURES
    tiny, rows = (_with_pixels(measurements, found, small=small) for small in (True, False))
    with_tiny = 2 <= len(tiny) <= (MAX_IMAGES if all_ else MOST_TINY_BY_DEFAULT)
    with_rows = len(rows) >= 2 and (all_ or len(measurements) <= MOST_BY_DEFAULT)
    skipped = []
    if len(tiny) > MOST_TINY_BY_DEFAULT and not with_tiny:
        skipped.append(f"shifted copies {_AMONG_TINY}, because there are {len(tiny):,}{'' if all_ else _HOW}")
    if len(rows) >= 2 and not with_rows:
        skipped.append(f"cropped and slightly rotated copies among {len(rows):,} images{_HOW}")
    with_confirmed = with_rows or (len(rows) >= 2 and len(found.near_pairs) > 0)
    if with_tiny or with_confirmed:
        with pool_of(engine, manifest.reader) as pool:
            read = PictureReader(manifest.reader, manifest.table["uri"] if "uri" in manifest else None)
            pictures = Pictures(read, pool)
            if with_confirmed:
                most = None if with_rows else MOST_CONFIRMED
                found, n_left = _confirmed(found, measurements, pictures, max_distance, progress, most=most)
                if n_left:
                    skipped.append(f"differences within {n_left:,} pairs of images that are alike by hash{_HOW}")
            if with_tiny:
                vectors = unit_vectors(measurements, tiny)
                copies = tiny_copies(tiny, vectors, pictures, found.near_pairs, progress=progress)
                found = with_copies(found, copies.pairs, copies.mirrored, measurements, max_distance)
                if not copies.telling:
                    skipped.insert(
                        0, f"shifted copies {_AMONG_TINY}, which are too alike to tell copies from other pictures"
                    )
            if with_rows:
                registered = register(rows, pictures, found.near_pairs, progress=progress)
                found = with_registered(found, registered, measurements, max_distance)
        if pictures.unread:
            n_unread = plural(len(pictures.unread), "image")
            skipped.append(f"changed copies of {n_unread} that could not be read a second time")
    return replace(found, not_searched=f"not searched for: {'; '.join(skipped)}" if skipped else "")


def _confirmed(
    found: DuplicateClusters,
    measurements: Measurements,
    pictures: Pictures,
    max_distance: int,
    progress: Callable[[int, int], None] | None,
    *,
    most: int | None,
) -> tuple[DuplicateClusters, int]:
    """Return the clusters without the near pairs whose pictures differ, and how many pairs were too many to compare.

    Tiny pictures are not compared.
    """
    judged = np.flatnonzero((_long_side(measurements)[found.near_pairs] >= LEAST_LONG_SIDE).all(axis=1))
    compared = np.sort(judged[np.argsort(-found.near_distance[judged], kind="stable")][:most])
    kept = np.ones(len(found.near_pairs), dtype=bool)
    kept[compared] = confirmed(found.near_pairs[compared], found.orientation[compared], pictures, progress=progress)
    n_left = len(judged) - len(compared)
    return (found if kept.all() else only_pairs(found, kept, measurements, max_distance)), n_left


def _with_pixels(measurements: Measurements, found: DuplicateClusters, *, small: bool) -> NDArray[np.int64]:
    """Return the rows whose pictures can be compared by details, or the small ones; one for each distinct content."""
    known = measurements.known("perceptual_signature")
    _, first = np.unique(found.exact, return_index=True)
    single = found.exact < 0
    single[first] = True
    long_side = _long_side(measurements)
    sized = long_side < LEAST_LONG_SIDE if small else long_side >= LEAST_LONG_SIDE
    return np.flatnonzero(known & single & measurements.readable & sized & ~(is_small(measurements) & small))


def _long_side(measurements: Measurements) -> NDArray[np.float64]:
    return np.asarray(np.maximum(measurements.values("width"), measurements.values("height")), dtype=np.float64)
