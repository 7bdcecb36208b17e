"""Finding drawn images among the audited files by what they show, and what was done to their values on the way.

An image is described by a small grey picture of it with mean 0 and standard deviation 1, so that scaling, resizing and
normalisation do not matter. The file is described whole, as its centre square, and as the centre square of a resize to
256 and a crop to 224, each plain and mirrored; the largest correlation counts. What was done to the values is recovered
from the quantiles of each channel: those that arrive are a straight line in those of the file.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from datacheck.before_training.evidence import Batch, Floats, FoundFiles, Indices
from datacheck.manifest import Manifest, Task
from datacheck.manifest.readers import SampleReadError
from datacheck.scanning.decode import decode_bytes

SIDE = 16
"""Side in pixels of the small grey picture."""

ALIKE = 0.95
"""Correlation from which on an image is taken for a file's: the same photo after a resize has .97 and more."""

CLEAR_BY = 0.02
"""By how much the best file must be ahead of the next one that is no copy of it."""

UNLIKE = 0.7
"""Correlation with the file that the dataset names below which an image shows another one: crops have more."""

COPIES = 0.98
"""Correlation of two files from which on they may be copies of one photo."""

MOST_FILES = 5000
"""Files that are compared with, where the dataset does not say which file an item is."""

_CROP_SHARE = 224 / 256
"""Share of the centre square that is left by the usual resize to 256 and crop to 224."""

_QUANTILES = np.linspace(0.05, 0.95, 19)
"""Quantiles by which values are compared; the ends are left out, where resizing changes most."""

_SHORT_SIDE = 96
"""Files are decoded at a reduced scale, down to this side."""

_FEWEST = 8
"""Images from which on the normalisation is recovered."""


def channels_last(images: NDArray[Any]) -> NDArray[np.float64] | None:
    """Return images as [B, H, W, C]; None where they are none.

    Examples
    --------
    >>> channels_last(np.zeros((2, 3, 8, 9))).shape, channels_last(np.zeros((2, 8, 9, 3))).shape
    ((2, 8, 9, 3), (2, 8, 9, 3))
    """
    if images.ndim == 3:
        images = images[:, None]
    if images.ndim != 4 or not np.issubdtype(images.dtype, np.number):
        return None
    if images.shape[1] in (1, 3, 4):
        return np.moveaxis(images, 1, -1).astype(np.float64)
    return images.astype(np.float64) if images.shape[-1] in (1, 3, 4) else None


def describe(picture: NDArray[Any]) -> NDArray[np.float32]:
    """Return the small grey picture of an image, [H, W] or [H, W, C], as a vector of length 1 and mean 0."""
    grey = picture.mean(axis=2) if picture.ndim == 3 else picture
    grey = np.nan_to_num(grey.astype(np.float32), posinf=0, neginf=0)
    small = cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA).ravel()
    small -= small.mean()
    length = float(np.linalg.norm(small))
    return np.asarray(small / length if length > 0 else small, dtype=np.float32)


def views(picture: NDArray[Any]) -> NDArray[np.float32]:
    """Return the descriptions of a file's usual crops, plain and mirrored; [6, 256]."""
    height, width = picture.shape[:2]
    side = min(height, width)
    square = _centre(picture, side)
    crops = [picture, square, _centre(square, max(1, round(side * _CROP_SHARE)))]
    return np.stack([describe(view) for crop in crops for view in (crop, crop[:, ::-1])])


def _centre(picture: NDArray[Any], side: int) -> NDArray[Any]:
    top, left = (picture.shape[0] - side) // 2, (picture.shape[1] - side) // 2
    return picture[top : top + side, left : left + side]


@dataclass(frozen=True)
class AuditedFiles:
    """The audited files as they are compared with; F files.

    Attributes
    ----------
    pictures
        Each file as [h, w, 3] red-green-blue or [h, w], in 0 to 255.
    rows
        Row of the manifest of each; [F].
    described
        Their `views`; [F, 6, 256].
    """

    pictures: list[NDArray[Any]]
    rows: Indices
    described: NDArray[np.float32]


def read_files(manifest: Manifest, rows: Indices, deadline: float) -> AuditedFiles | str:
    """Read some audited files to compare with, or return why that cannot be done."""
    if manifest.reader is None or "uri" not in manifest:
        return "the files of the audit cannot be read"
    files, known = _read(manifest, rows, deadline)
    if not files:
        return "no file of the audit could be read within the budget"
    return AuditedFiles(files, known, np.stack([views(file) for file in files]))


def find_files(
    batches: Sequence[Batch], manifest: Manifest, row_of_item: Indices | None, files: AuditedFiles
) -> FoundFiles | str:
    """Return which files the images of batches show, or why that cannot be said.

    Where the dataset names the file of an item, the image shows another one only if it is hardly like its own. Where
    copies of one photo have several labels, the image is not matched, since it could be each of them.

    Parameters
    ----------
    batches
        What was drawn.
    manifest
        The audited dataset.
    row_of_item
        Row of the manifest of each item of the dataset, -1 where unknown; None where the dataset names no files.
    files
        The files to compare with.
    """
    pictures, expected = _pictures(batches, row_of_item)
    if pictures is None:
        return "the batches hold no images of 1, 3 or 4 channels"
    drawn = np.stack([describe(picture) for picture in pictures])
    similar = np.einsum("nd,fvd->nfv", drawn, files.described).max(axis=2)
    labels = manifest.label_codes[files.rows] if manifest.task is Task.CLASSIFICATION else files.rows
    row = _best(similar, files, expected, labels)
    plain = np.einsum("nd,fd->nf", drawn, files.described[:, 0])
    std, mean, fit, swapped = _values(pictures, files.pictures, files.rows, row, plain)
    return FoundFiles(row, expected, std, mean, fit, swapped)


def _pictures(
    batches: Sequence[Batch], row_of_item: Indices | None
) -> tuple[list[NDArray[np.float64]] | None, Indices]:
    found: list[NDArray[np.float64]] = []
    expected = []
    for batch in batches:
        images = channels_last(batch.images)
        if images is None:
            return None, np.empty(0, dtype=np.int64)
        found += list(images)
        named = row_of_item is not None and batch.items is not None
        expected.append(row_of_item[batch.items] if named else np.full(len(images), -1))  # type: ignore[index]
    return found, np.concatenate(expected).astype(np.int64)


def _read(manifest: Manifest, rows: Indices, deadline: float) -> tuple[list[NDArray[Any]], Indices]:
    """Return the files of some rows as [h, w, 3] red-green-blue in 0 to 255, and the rows that could be read."""
    assert manifest.reader is not None
    uris = manifest.table["uri"]
    files, known = [], []
    for row in rows.tolist():
        if time.perf_counter() > deadline:
            break
        try:
            content = manifest.reader.read(uris[row].as_py())
            small = decode_bytes(content, short_side=_SHORT_SIDE).small if isinstance(content, bytes) else content
        except SampleReadError:
            continue
        small = np.asarray(small)
        files.append(small[..., ::-1] if isinstance(content, bytes) and small.ndim == 3 else small)
        known.append(row)
    return files, np.array(known, dtype=np.int64)


def _best(similar: NDArray[Any], files: AuditedFiles, expected: Indices, labels: NDArray[np.integer[Any]]) -> Indices:
    """Return the row of the file that each image shows, -1 where that is not clear."""
    best = similar.argmax(axis=1)
    top = similar[np.arange(len(similar)), best]
    whole = files.described[:, 0]
    copies = whole[np.unique(best)] @ whole.T > COPIES
    copies_of = dict(zip(np.unique(best).tolist(), copies, strict=True))
    place = {int(row): k for k, row in enumerate(files.rows)}
    found = np.full(len(similar), -1, dtype=np.int64)
    for n, k in enumerate(best.tolist()):
        same = copies_of[k]
        own = place.get(int(expected[n]))
        if own is not None and (own == k or same[own] or similar[n, own] >= UNLIKE):
            found[n] = files.rows[own] if similar[n, own] >= ALIKE or own == k or same[own] else -1
            continue
        ahead = top[n] - np.where(same, -1.0, similar[n]).max(initial=-1.0) >= CLEAR_BY
        if top[n] >= ALIKE and ahead and len(np.unique(labels[same])) == 1:
            found[n] = files.rows[k]
    return np.where(top >= ALIKE, found, -1)


def _values(
    pictures: Sequence[NDArray[np.float64]],
    files: Sequence[NDArray[Any]],
    known: Indices,
    row: Indices,
    plain: NDArray[Any],
) -> tuple[Floats, Floats, float, float]:
    """Return standard deviation and mean of the normalisation, how well it explains the values, and swapped channels.

    Only images that fit their whole file count: a crop has other quantiles.
    """
    nothing = np.full(3, np.nan)
    place = {int(each): k for k, each in enumerate(known)}
    pairs = [(n, place[int(each)]) for n, each in enumerate(row) if each >= 0]
    pairs = [(n, k) for n, k in pairs if plain[n, k] >= WHOLE and pictures[n].shape[2] == 3 and files[k].ndim == 3]
    if len(pairs) < _FEWEST:
        return nothing, nothing, float("nan"), float("nan")
    arrived = np.stack([np.quantile(pictures[n].reshape(-1, 3), _QUANTILES, axis=0) for n, _ in pairs])
    stored = np.stack([np.quantile(files[k].reshape(-1, 3) / 255.0, _QUANTILES, axis=0) for _, k in pairs])
    slope, offset, fit = _line(stored, arrived)
    _, _, reversed_fit = _line(stored[..., ::-1], arrived)
    coloured = float(np.abs(stored[..., 0] - stored[..., 2]).mean()) > _COLOURED
    swapped = (1 - fit) / max(1 - reversed_fit, 1e-12) if coloured else float("nan")
    with np.errstate(divide="ignore", invalid="ignore"):
        std = 1 / slope
        mean = -offset * std
    if swapped > 1:
        fit = reversed_fit
    return std, mean, float(fit), float(swapped)


WHOLE = 0.97
"""Correlation with the whole file from which on an image is taken as resized and not cropped."""

_COLOURED = 0.02
"""Mean difference of red and blue, in [0, 1], above which files count as coloured."""


def _line(x: Floats, y: Floats) -> tuple[Floats, Floats, float]:
    """Return slope and offset for each channel, and the share of the variance that the lines explain."""
    flat_x, flat_y = x.reshape(-1, 3), y.reshape(-1, 3)
    centred = flat_x - flat_x.mean(axis=0)
    spread = (centred**2).sum(axis=0)
    slope = (centred * (flat_y - flat_y.mean(axis=0))).sum(axis=0) / np.where(spread > 0, spread, np.nan)
    offset = flat_y.mean(axis=0) - slope * flat_x.mean(axis=0)
    rest = ((flat_y - slope * flat_x - offset) ** 2).sum(axis=0)
    total = ((flat_y - flat_y.mean(axis=0)) ** 2).sum(axis=0)
    return slope, offset, float(1 - (rest / np.where(total > 0, total, np.nan)).mean())
