"""Manifests and measurements of any size, drawn at random: what an audit works on once the files have been read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from datacheck.manifest import Manifest
from datacheck.scanning.measurements import MEASUREMENTS_SCHEMA, SIGNATURE_LENGTH, Measurements

COPIES = 0.01
"""Share of the rows that are an exact copy of another one, and share that are a near copy."""

_BLOCK = 1 << 18
"""Rows that are drawn at a time."""


def drawn_manifest(n: int, *, classes: int = 100, seed: int = 0, root: Path | None = None) -> Manifest:
    """Return images of some classes, about equally many each, in train, val and test (80, 10, 10 %)."""
    rng = np.random.default_rng(seed)
    names = pa.array([f"class {code:04d}" for code in range(classes)])
    label = pa.DictionaryArray.from_arrays(pa.array(rng.integers(0, classes, n, dtype=np.int32)), names)
    split = pa.DictionaryArray.from_arrays(
        pa.array(rng.choice(3, n, p=[0.8, 0.1, 0.1]).astype(np.int32)), pa.array(["train", "val", "test"])
    )
    number = pc.utf8_lpad(pa.array(np.arange(n)).cast(pa.string()), 8, "0")
    parts = [split.cast(pa.string()), label.cast(pa.string()), pc.binary_join_element_wise(number, ".jpg", "")]
    uri = pc.binary_join_element_wise(*parts, "/")
    return Manifest.from_columns({"uri": uri, "label": label, "split": split}, root=root)


def drawn_measurements(manifest: Manifest, *, seed: int = 0) -> Measurements:
    """Return measurements of a manifest: photos of one size, with copies, and no other defect."""
    n = len(manifest)
    rng = np.random.default_rng(seed)
    same = np.arange(n)
    copies = rng.choice(n, 2 * int(COPIES * n), replace=False)
    same[copies] = rng.integers(0, n, len(copies))
    exact = np.arange(n)
    exact[copies[: len(copies) // 2]] = same[copies[: len(copies) // 2]]
    seeds = rng.integers(0, 2**64, n, dtype=np.uint64)
    hashes = seeds[same] & np.uint64(2**63 - 1)
    near = copies[len(copies) // 2 :]
    hashes[near] ^= np.uint64(1) << rng.integers(0, 63, len(near)).astype(np.uint64)
    columns = _properties(n, rng)
    signatures = _signatures(n, rng)
    signatures[copies] = signatures[same[copies]]
    for values in columns.values():
        values[copies] = values[same[copies]]
    fields = {
        "sample_id": manifest.sample_ids.combine_chunks(),
        "readable": np.ones(n, bool),
        "width": np.full(n, 512),
        "height": np.full(n, 384),
        "mode": _constant("RGB", n),
        "format": _constant("JPEG", n),
        "n_frames": np.ones(n, np.int32),
        "mtime_ns": np.full(n, 1_700_000_000_000_000_000),
        "content_hash": pc.utf8_lpad(pa.array(seeds[exact]).cast(pa.string()), 32, "0"),
        "perceptual_hash": hashes,
        "perceptual_signature": pa.FixedSizeBinaryArray.from_buffers(
            pa.binary(SIGNATURE_LENGTH), n, [None, pa.py_buffer(signatures)]
        ),
        "greyscale": np.zeros(n, bool),
        **columns,
    }
    arrays = [
        pa.array(fields[field.name]).cast(field.type, safe=False) if field.name in fields else pa.nulls(n, field.type)
        for field in MEASUREMENTS_SCHEMA
    ]
    return Measurements(pa.table(arrays, schema=MEASUREMENTS_SCHEMA))


def _properties(n: int, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
    middles = {
        "byte_size": (40_000, 9_000), "brightness": (0.45, 0.08), "brightness_p01": (0.08, 0.01),
        "brightness_p99": (0.92, 0.01), "contrast": (0.22, 0.03), "sharpness": (1.5, 0.1), "entropy": (7.3, 0.2),
        "colourfulness": (40, 9), "mean_red": (0.47, 0.05), "mean_green": (0.45, 0.05), "mean_blue": (0.42, 0.05),
        "std_red": (0.22, 0.02), "std_green": (0.22, 0.02), "std_blue": (0.22, 0.02),
    }  # fmt: skip
    return {
        name: np.clip(rng.normal(middle, spread, n).astype(np.float32), middle / 4, 2 * middle)
        for name, (middle, spread) in middles.items()
    }


def _signatures(n: int, rng: np.random.Generator) -> NDArray[np.int8]:
    """Coefficients that fall with the frequency, as those of photos do; int8, shape [n, `SIGNATURE_LENGTH`]."""
    scale = (60 / np.sqrt(1 + np.arange(SIGNATURE_LENGTH))).astype(np.float32)
    signatures = np.empty((n, SIGNATURE_LENGTH), np.int8)
    for start in range(0, n, _BLOCK):
        block = rng.standard_normal((min(_BLOCK, n - start), SIGNATURE_LENGTH), dtype=np.float32) * scale
        signatures[start : start + len(block)] = np.clip(np.rint(block), -127, 127)
    return signatures


def _constant(value: str, n: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(n, np.int32)), pa.array([value])).cast(pa.string())
