"""The fixed-size pixels of a dataset: one memory-mapped file, a row a sample."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.lib import format as npy
from numpy.typing import NDArray

_COPY_BYTES = 64 << 20
"""Bytes that are copied at a time (64 MiB)."""


def place_pixels(
    folder: Path,
    rows: pa.Table,
    cached: NDArray[np.int64],
    wanted: NDArray[np.int64],
    shape: tuple[int, int],
    stale: NDArray[np.bool_],
) -> Path:
    """Return the pixel file of this scan, with everything in its row that earlier scans left.

    Parameters
    ----------
    folder, rows
        The cache and its rows.
    cached
        Row of the cache per file, -1 where it has none; shape [U].
    wanted
        The row of the pixel file that each file should have; shape [U].
    shape
        N and S of the file: [N, S, S, 3] uint8.
    stale
        Files that will be read again; shape [U].
    """
    n_rows, side = shape
    have = np.flatnonzero(cached >= 0)
    files = rows["pixel_file"].take(pa.array(cached[have]))
    have = have[pixel_sides(folder, files) == side]
    files = rows["pixel_file"].take(pa.array(cached[have]))
    places = rows["pixel_row"].take(pa.array(cached[have])).to_numpy(zero_copy_only=False).astype(np.int64)
    names = pc.unique(files).to_pylist()
    if len(names) == 1 and not stale[have].any() and np.array_equal(places, wanted[have]):
        path: Path = folder / names[0]
        if np.load(path, mmap_mode="r").shape == (n_rows, side, side, 3):
            return path
    path = folder / f"pixels-{side}-{os.urandom(6).hex()}.npy"
    target = create(path, (n_rows, side, side, 3))
    chunk = max(1, _COPY_BYTES // (side * side * 3))
    for name in names:
        source = np.load(folder / name, mmap_mode="r")
        members = np.flatnonzero(pc.equal(files, name).to_numpy(zero_copy_only=False))
        for start in range(0, len(members), chunk):
            part = members[start : start + chunk]
            target[wanted[have[part]]] = source[places[part]]
    target.flush()
    return path


def create(path: Path, shape: tuple[int, ...]) -> np.memmap[Any, np.dtype[np.uint8]]:
    """Create a file of zeros, with its room on disk: writing to a map of a full disk would kill the process.

    Raises
    ------
    OSError
        When there is no room.
    """
    if 0 in shape:
        np.save(path, np.zeros(shape, np.uint8))
        return np.zeros(shape, np.uint8)  # type: ignore[return-value]
    target = npy.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)
    if hasattr(os, "posix_fallocate"):
        try:
            with path.open("r+b") as file:
                os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
        except OSError as error:
            path.unlink()
            raise OSError(error.errno, error.strerror, str(path)) from None
    return target


def pixel_sides(folder: Path, files: pa.ChunkedArray) -> NDArray[np.int64]:
    """Return the side of the pixels in each named file, 0 where there is none; shape as given."""
    encoded = pc.dictionary_encode(files).combine_chunks() if isinstance(files, pa.ChunkedArray) else files
    sides = [_side(folder / name) for name in encoded.dictionary.to_pylist()]
    codes = pc.fill_null(encoded.indices, len(sides)).to_numpy(zero_copy_only=False)
    found: NDArray[np.int64] = np.array([*sides, 0], dtype=np.int64)[codes]
    return found


def _side(path: Path) -> int:
    try:
        found = np.load(path, mmap_mode="r")
    except (OSError, ValueError, EOFError):
        return 0
    fits = found.ndim == 4 and found.dtype == np.uint8 and found.shape[1:] == (found.shape[1], found.shape[1], 3)
    return int(found.shape[1]) if fits else 0
