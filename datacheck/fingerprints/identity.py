"""One number for a dataset, whatever the order of its rows."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash
from numpy.typing import NDArray

from datacheck.manifest import Manifest, MaskFormat, Task
from datacheck.scanning.measurements import Measurements

Lanes = NDArray[np.uint64]
_CHUNK = 1 << 17
"""Texts that are Python objects at a time: about 10 MB."""
_ROWS = 1 << 20
"""Rows whose hashes, of 16 bytes a column, are in memory at a time."""
_MODULUS = 1 << 128
"""The identity has 128 bits: two datasets share one by accident with probability 10⁻³⁸."""


def identity(manifest: Manifest, measurements: Measurements | None = None) -> int:
    """Return the sum, mod 2**128, of a 128-bit hash of each row: content (or uri, or id), label, split and group.

    A row of a plain table has its other columns as content; one with boxes or masks has its objects, in any order. What
    was declared of the pixels of masks counts too.

    Being a sum it does not depend on the order of the rows, and the identity of a whole is the sum of its parts'.
    Each row's parts are mixed before they are added, so that two rows cannot swap their labels unnoticed. It guards
    against accidents, not against someone who searches for a collision.
    """
    kind = identity_of(manifest, measurements)
    hashes = measurements.table["content_hash"] if kind == "content" and measurements is not None else None
    if len(manifest) <= _ROWS:
        return _identity(manifest, hashes)
    total = 0
    for start in range(0, len(manifest), _ROWS):
        part = replace(manifest, table=manifest.table.slice(start, _ROWS), listings=None)
        total += _identity(part, None if hashes is None else hashes.slice(start, _ROWS))
    return total % _MODULUS


def _identity(manifest: Manifest, hashes: pa.ChunkedArray | None) -> int:
    row = _mixed(_content(manifest, hashes), _label(manifest))
    if "annotated_objects" in manifest:
        row = _mixed(row, _objects(manifest))
    if manifest.mask_format != MaskFormat():
        row = _mixed(row, _digests(pa.array([_meaning(manifest.mask_format)] * len(manifest), pa.string())))
    if "uri" not in manifest:
        for name in sorted(manifest.extra_columns):
            row = _mixed(row, _digests(_as_text(manifest.table[name])))
    for name in ("split", "group"):
        if name in manifest:
            row = _mixed(row, _digests(manifest.table[name]))
    return _sum(row)


def _meaning(form: MaskFormat) -> str:
    """Return what was declared of the pixels of masks; the name of the file that says it does not count."""
    return json.dumps(replace(form, table="").to_json())


def identity_of(manifest: Manifest, measurements: Measurements | None = None) -> str:
    """Return what the rows' identity rests on: ``content``, ``uri`` or ``sample_id``."""
    if measurements is not None and measurements.table["content_hash"].null_count < len(measurements):
        return "content"
    return "uri" if "uri" in manifest else "sample_id"


def _content(manifest: Manifest, hashes: pa.ChunkedArray | None) -> Lanes:
    column = manifest.table["uri" if "uri" in manifest else "sample_id"]
    return _digests(column if hashes is None else pc.coalesce(hashes, column))


def _label(manifest: Manifest) -> Lanes:
    if manifest.task is Task.REGRESSION:
        lanes = np.zeros((len(manifest), 2), np.uint64)
        lanes[:, 0] = (manifest.target + 0.0).view(np.uint64)
        return lanes
    if manifest.task.lists_classes:
        names = _digests(pa.array(manifest.classes, pa.string()))
        lanes = np.zeros((len(manifest), 2), np.uint64)
        matrix = manifest.label_matrix
        for number in range(len(manifest.classes)):
            lanes[matrix[:, number]] += names[number]
        lanes[~manifest.labelled] = 1
        return lanes
    if manifest.has_instances:
        return _digests(pc.binary_join(manifest.table["mask_files"], "\n"))
    name = "label_uri" if manifest.task.label_is_file else {Task.CLASSIFICATION: "label"}.get(manifest.task)
    return np.zeros((len(manifest), 2), np.uint64) if name is None else _digests(manifest.table[name])


def _objects(manifest: Manifest) -> Lanes:
    """Return the sum of a hash of each object of an image: class, box, points and flags; shape [N, 2]."""
    objects = manifest.objects
    assert objects is not None, "the column is there"
    flat = manifest.table["annotated_objects"].combine_chunks().flatten()
    names = np.concatenate((_digests(pa.array(manifest.classes, pa.string())), np.zeros((1, 2), np.uint64)))
    lanes = _mixed(names[objects.class_id], _digests(pc.struct_field(flat, "written")))
    numbers = np.ascontiguousarray(objects.boxes + 0.0).view(np.uint64)
    flags = objects.shape.astype(np.uint64) * 4 + objects.crowd * np.uint64(2) + objects.difficult
    for first, second in ((numbers[:, 0], numbers[:, 1]), (numbers[:, 2], numbers[:, 3]), (flags, _points(flat))):
        lanes = _mixed(lanes, np.column_stack((first, second)))
    found = np.zeros((len(manifest), 2), np.uint64)
    np.add.at(found, objects.row, lanes)
    return found


def _points(flat: pa.StructArray) -> NDArray[np.uint64]:
    """Return a hash of the points of each object, 0 where there are none; shape [M]."""
    points = pc.struct_field(flat, "points")
    lengths = pc.fill_null(pc.list_value_length(points), 0).to_numpy(zero_copy_only=False).astype(np.int64)
    bits = np.ascontiguousarray(points.flatten().to_numpy(zero_copy_only=False), np.float32).view(np.uint32)
    starts = np.cumsum(lengths) - lengths
    place = np.arange(len(bits)) - np.repeat(starts, lengths)
    hashed = _avalanche(bits.astype(np.uint64) + (place.astype(np.uint64) << np.uint64(32)))
    found = np.zeros(len(lengths), np.uint64)
    np.add.at(found, np.repeat(np.arange(len(lengths)), lengths), hashed)
    return found


def _as_text(column: pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Return a column of any type as one that `_digests` takes."""
    if pa.types.is_dictionary(column.type):
        return column
    try:
        return column.cast(pa.string())
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        return pa.array([None if value is None else repr(value) for value in column.to_pylist()], pa.string())


def _digests(column: pa.Array | pa.ChunkedArray) -> Lanes:
    """Return xxh3-128 of each text (of nothing for null) as two lanes, shape [N, 2]; each category is hashed once."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if pa.types.is_dictionary(column.type):
        words = np.concatenate((_digests(column.dictionary), np.zeros((1, 2), np.uint64)))
        codes = pc.fill_null(column.indices, len(column.dictionary)).to_numpy(zero_copy_only=False)
        return np.asarray(words[codes])
    lanes = np.empty((len(column), 2), np.uint64)
    for start in range(0, len(column), _CHUNK):
        texts = pc.fill_null(column.slice(start, _CHUNK).cast(pa.binary()), b"").to_pylist()
        joined = b"".join(map(xxhash.xxh3_128_digest, texts))
        lanes[start : start + len(texts)] = np.frombuffer(joined, dtype="<u8").reshape(-1, 2)
    return lanes


def _mixed(row: Lanes, part: Lanes) -> Lanes:
    """Combine two hashes per row so that every bit of the result depends on all bits of both (MurmurHash3's mixer)."""
    low = row[:, 0] + part[:, 0] * np.uint64(0x9E3779B97F4A7C15)
    high = row[:, 1] ^ (part[:, 1] + np.uint64(0xD1B54A32D192ED03))
    for _ in range(2):
        low = low + _avalanche(high)
        high = high ^ _avalanche(low)
    return np.column_stack((low, high))


def _avalanche(value: Lanes) -> Lanes:
    value = (value ^ (value >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    value = (value ^ (value >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return np.asarray(value ^ (value >> np.uint64(33)))


def _sum(row: Lanes) -> int:
    total = 0
    for lane, weight in ((row[:, 0], 1), (row[:, 1], 1 << 64)):
        low = int((lane & np.uint64(0xFFFFFFFF)).sum(dtype=np.uint64))
        total += (low + (int((lane >> np.uint64(32)).sum(dtype=np.uint64)) << 32)) * weight
    return total % _MODULUS
