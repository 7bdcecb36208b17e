"""Measuring the mask files of a dataset, and reading the mask of one image: one file an image, or one an object."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from datacheck.annotations.masks import MASK_COLUMNS, Masks, decode_mask, mask_values, measure_values
from datacheck.annotations.regions import border_grid, measure_regions
from datacheck.cpus import available_cpus
from datacheck.manifest import Manifest, MaskFormat
from datacheck.manifest.readers import SampleReader, SampleReadError

MARGIN = 10
"""Pixels around an object in which its mask is measured: JPEG changes up to 8."""


def measure_masks(manifest: Manifest, progress: Callable[[int, int], None] | None = None) -> Masks:
    """Measure the masks of each sample; images are taken in threads, with the masks of one in memory for each."""
    reader, form = manifest.reader, manifest.mask_format
    files = mask_files_of(manifest)
    measure = partial(_measure_objects if manifest.has_instances else _measure_file, reader, form)
    rows: list[dict[str, Any]] = []
    with ThreadPoolExecutor(available_cpus()) as pool:
        for number, found in enumerate(pool.map(measure, files)):
            rows += [{**each, "row": number, "file": uri} for uri, each in zip(files[number], found, strict=True)]
            if not (found or manifest.has_instances):
                rows.append({"row": number})
            if progress is not None:
                progress(number + 1, len(files))
    return Masks(pa.Table.from_pylist(rows, MASK_COLUMNS), form, manifest.has_instances)


def mask_files_of(manifest: Manifest) -> list[list[str]]:
    """Return the mask files of each sample; [N]."""
    if manifest.has_instances:
        return [each or [] for each in manifest.table["mask_files"].to_pylist()]
    return [[] if uri is None else [uri] for uri in manifest.table["label_uri"].to_pylist()]


def read_mask(manifest: Manifest, row: int) -> NDArray[Any] | None:
    """Return the value of each pixel of the mask of a sample, [h, w]; None where it cannot be read.

    Where each file holds one object, it is 1 where there is one and 0 elsewhere; files of another size are left out.
    """
    assert manifest.reader is not None
    files = mask_files_of(manifest.take([row]))[0]
    read = [_values_of(manifest.reader, uri, manifest.mask_format) for uri in files]
    masks = [each for each in read if each is not None]
    if not manifest.has_instances or not masks:
        return masks[0] if masks else None
    size = _usual_size(each.shape for each in masks)
    merged: NDArray[Any] = np.any([each != 0 for each in masks if each.shape == size], axis=0).astype(np.uint8)
    return merged


def _values_of(reader: SampleReader, uri: str, form: MaskFormat) -> NDArray[Any] | None:
    try:
        content = reader.read(uri)
    except SampleReadError:
        return None
    return mask_values(content, form) if isinstance(content, bytes) else None


def _usual_size(sizes: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
    return Counter(sizes).most_common(1)[0][0]


def _measure_file(reader: SampleReader | None, form: MaskFormat, uris: list[str]) -> list[dict[str, Any]]:
    """Measure the mask of an image, if it has one."""
    rows = []
    for uri in uris:
        row, values = _decoded(reader, form, uri)
        rows.append(row if values is None else {**row, **measure_values(values), "borders": border_grid(values)})
    return rows


@dataclass(frozen=True)
class _Object:
    """The mask of one object: what was measured, its file, the size of the mask, and its pixels in a frame around it.

    ``top`` and ``left`` are where the frame begins.
    """

    row: dict[str, Any]
    uri: str
    size: tuple[int, ...]
    top: int
    left: int
    inside: NDArray[np.bool_]

    @property
    def frame(self) -> tuple[slice, slice]:
        height, width = self.inside.shape
        return slice(self.top, self.top + height), slice(self.left, self.left + width)


def _measure_objects(reader: SampleReader | None, form: MaskFormat, uris: list[str]) -> list[dict[str, Any]]:
    """Measure the masks of one image that hold an object each: each alone, and how they overlap.

    The borders of all objects are those of the first file that could be read; the others have none.
    """
    rows, objects = [], []
    for uri in uris:
        row, values = _decoded(reader, form, uri)
        if values is not None:
            objects.append(_object(row, uri, values))
        rows.append(row)
    if not objects:
        return rows
    size = _usual_size(each.size for each in objects)
    same = [each for each in objects if each.size == size]
    owner = np.zeros(size, dtype=np.int32)
    areas = [int(each.inside.sum()) for each in same]
    for number, each in enumerate(same, start=1):
        within = owner[each.frame]
        below = np.bincount(within[each.inside], minlength=1)
        below[0] = 0
        if below.any():
            other = int(below.argmax())
            each.row["overlap"] = float(below[other] / min(areas[other - 1], areas[number - 1]))
            each.row["overlaps"] = same[other - 1].uri
        within[each.inside & (within == 0)] = number
    objects[0].row["borders"] = border_grid(owner)
    return rows


def _object(row: dict[str, Any], uri: str, values: NDArray[Any]) -> _Object:
    """Measure the mask of one object in a frame around it, so that small objects are judged by their own size."""
    left, top, wide, high = cv2.boundingRect((values != 0).astype(np.uint8))
    height, width = values.shape
    if not wide:
        top, bottom, left, right = 0, height, 0, width
    else:
        top, bottom = max(top - MARGIN, 0), min(top + high + MARGIN, height)
        left, right = max(left - MARGIN, 0), min(left + wide + MARGIN, width)
    part = np.ascontiguousarray(values[top:bottom, left:right])
    measured = measure_values(part)
    # With a pixel of ground around it, what the border of the image cuts off the ground is no hole.
    measured |= measure_regions(np.pad(part, 1), np.unique(np.append(part, 0)))
    places = measured["region_places"]
    if places is not None:
        down, along = np.divmod(np.asarray(places, dtype=np.int64), right - left + 2)
        measured["region_places"] = ((down + top - 1) * width + along + left - 1).tolist()
    measured["content_hash"] += f" at {left}, {top} of {width} x {height}"
    row.update(measured)
    return _Object(row, uri, values.shape, top, left, part != 0)


def _decoded(reader: SampleReader | None, form: MaskFormat, uri: str) -> tuple[dict[str, Any], NDArray[Any] | None]:
    if reader is None or reader.stamp(uri) is None:
        return {}, None
    try:
        content = reader.read(uri)
    except SampleReadError as error:
        return {"error": error.detail}, None
    if not isinstance(content, bytes):
        return {"error": "expected a file, found an array"}, None
    return decode_mask(content, form)
