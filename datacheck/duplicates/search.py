"""The search for duplicates over a whole dataset."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from datacheck.duplicates import DuplicateSearch
from datacheck.duplicates.clusters import DuplicateClusters, exact_clusters, find_duplicates, with_registered
from datacheck.duplicates.details import LONG_SIDE, Picture
from datacheck.duplicates.registration import register
from datacheck.manifest import Manifest
from datacheck.manifest.readers import SampleReader, SampleReadError
from datacheck.scanning.decode import decode_array, decode_bytes
from datacheck.scanning.measurements import Measurements

MOST_BY_DEFAULT = 3_000
"""Images up to which details are compared unless the caller says otherwise: about 40 s of processor time."""

LEAST_LONG_SIDE = 64
"""Smaller images, in pixels, have too few details to lay them over one another."""


def search_duplicates(
    manifest: Manifest,
    measurements: Measurements,
    *,
    search: DuplicateSearch = DuplicateSearch.AUTO,
    max_distance: int,
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
    progress
        Called with (done, total) pairs of pictures that are laid over one another.
    """
    if search is DuplicateSearch.EXACT:
        content = pc.if_else(measurements.table["readable"], measurements.table["content_hash"], None)
        return DuplicateClusters.equal(exact_clusters(content))
    found = find_duplicates(measurements, max_distance=max_distance)
    few = len(measurements) <= MOST_BY_DEFAULT
    if search is DuplicateSearch.HASH or manifest.reader is None or (search is DuplicateSearch.AUTO and not few):
        return found
    rows = _with_details(measurements, found)
    if len(rows) < 2:
        return found
    read = partial(_read, manifest.reader, manifest.table["uri"])
    return with_registered(found, register(rows, read, found.near_pairs, progress=progress), measurements, max_distance)


def _with_details(measurements: Measurements, found: DuplicateClusters) -> NDArray[np.int64]:
    """Return the rows whose pictures can be compared, one for each distinct content."""
    known = np.asarray(pc.is_valid(measurements.table["perceptual_signature"]).to_numpy(zero_copy_only=False))
    _, first = np.unique(found.exact, return_index=True)
    single = found.exact < 0
    single[first] = True
    long_side = np.maximum(measurements.values("width"), measurements.values("height"))
    return np.flatnonzero(known & single & measurements.readable & (long_side >= LEAST_LONG_SIDE))


def _read(reader: SampleReader, uris: pa.ChunkedArray, row: int) -> Picture | None:
    try:
        content: Any = reader.read(uris[row].as_py())
        decode = decode_array if isinstance(content, np.ndarray) else decode_bytes
        picture = decode(content, short_side=LONG_SIDE).small
    except (SampleReadError, OSError, ValueError):
        return None
    return np.asarray(np.clip(picture, 0, 255), np.uint8)
