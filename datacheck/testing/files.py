"""Defects in image files on disk. They change the files under the manifest's root: work on a copy."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from datacheck.manifest import Manifest
from datacheck.storage import atomic_path
from datacheck.testing.toy import save_image
from datacheck.testing.truth import Truth

Pixels = NDArray[np.uint8]
Corruption = Literal["truncate", "zero", "not-an-image", "wrong-extension"]
NearKind = Literal["re-encode", "resize", "crop"]


def duplicate_files(
    manifest: Manifest, n: int = 5, *, split: str | None = None, label: str | None = None, seed: int = 0
) -> tuple[Manifest, Truth]:
    """Write byte-identical copies of ``n`` images and list them, in another split or class where given.

    The truth names the copies, with ``copied_from``.
    """
    given = {"split": split, "label": label}
    return _copied(manifest, n, "duplicate_files", given, seed, lambda data, suffix: (data, suffix))


def near_duplicate_files(
    manifest: Manifest,
    n: int = 5,
    *,
    kind: NearKind = "re-encode",
    split: str | None = None,
    label: str | None = None,
    seed: int = 0,
) -> tuple[Manifest, Truth]:
    """Write copies that look the same and differ in their bytes: re-encoded, resized to 3/4, or 2 % cropped."""

    def alter(data: bytes, suffix: str) -> tuple[bytes, str]:
        image = Image.open(io.BytesIO(data)).convert("RGB")
        width, height = image.size
        if kind == "resize":
            image = image.resize((max(1, width * 3 // 4), max(1, height * 3 // 4)), Image.Resampling.LANCZOS)
        elif kind == "crop":
            edge = max(1, round(min(width, height) * 0.01))
            image = image.crop((edge, edge, width - edge, height - edge))
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=80)
        return buffer.getvalue(), ".jpg"

    given = {"split": split, "label": label}
    copied, truth = _copied(manifest, n, "near_duplicate_files", given, seed, alter)
    return copied, replace(truth, details={**truth.details, "kind": kind})


def _copied(
    manifest: Manifest,
    n: int,
    what: str,
    given: Mapping[str, str | None],
    seed: int,
    alter: Callable[[bytes, str], tuple[bytes, str]],
) -> tuple[Manifest, Truth]:
    """List altered copies of ``n`` images, with the columns that are given."""
    root = _root(manifest)
    rows = np.sort(np.random.default_rng(seed).choice(len(manifest), n, replace=False))
    copies = manifest.take(rows)
    uris = []
    for uri in copies.table["uri"].to_pylist():
        path = PurePosixPath(uri)
        data, suffix = alter((root / uri).read_bytes(), path.suffix)
        copy = str(path.with_name(f"{path.stem}_copy{suffix}"))
        _write(root / copy, data)
        uris.append(copy)
    originals = tuple(copies.sample_ids.to_pylist())
    copies = copies.with_column("sample_id", uris).with_column("uri", uris)
    for column, value in given.items():
        if value is not None:
            copies = copies.with_column(column, [value] * n)
    parts = [part.table.unify_dictionaries() for part in (manifest, copies)]
    table = pa.concat_tables(parts).unify_dictionaries().combine_chunks()
    truth = Truth(what, tuple(uris), {"copied_from": originals})
    return replace(manifest, table=table, listings=None), truth


def corrupt_files(
    manifest: Manifest, n: int = 5, *, kind: Corruption = "truncate", seed: int = 0
) -> tuple[Manifest, Truth]:
    """Damage ``n`` files: cut at half, emptied, overwritten with text, or of another format than their extension."""

    def damage(path: Path, _: np.random.Generator) -> None:
        data = path.read_bytes()
        if kind == "wrong-extension":
            buffer = io.BytesIO()
            other = "JPEG" if Image.open(io.BytesIO(data)).format != "JPEG" else "PNG"
            Image.open(io.BytesIO(data)).convert("RGB").save(buffer, other)
            data = buffer.getvalue()
        else:
            page = b"<!DOCTYPE html><title>404 Not Found</title>\n"
            data = {"truncate": data[: len(data) // 2], "zero": b"", "not-an-image": page}[kind]
        _write(path, data)

    altered, truth = _altered(manifest, n, None, "corrupt_files", damage, seed)
    return altered, replace(truth, details={"kind": kind})


def darken(manifest: Manifest, n: int = 5, *, factor: float = 0.04, seed: int = 0) -> tuple[Manifest, Truth]:
    """Multiply the pixels of ``n`` images by a small factor."""
    return _repainted(manifest, n, "darken", lambda pixels, rng: pixels * factor, seed)


def brighten(manifest: Manifest, n: int = 5, *, factor: float = 0.04, seed: int = 0) -> tuple[Manifest, Truth]:
    """Brighten ``n`` images until most pixels are white."""
    return _repainted(manifest, n, "brighten", lambda pixels, rng: 255 - (255 - pixels) * factor, seed)


def blur(manifest: Manifest, n: int = 5, *, radius: float = 4.0, seed: int = 0) -> tuple[Manifest, Truth]:
    """Blur ``n`` images with a Gaussian of a radius in pixels."""

    def paint(pixels: NDArray[np.float64], _: np.random.Generator) -> NDArray[np.float64]:
        image = Image.fromarray(pixels.astype(np.uint8)).filter(ImageFilter.GaussianBlur(radius))
        return np.asarray(image, dtype=np.float64)

    return _repainted(manifest, n, "blur", paint, seed)


def blank(manifest: Manifest, n: int = 5, *, seed: int = 0) -> tuple[Manifest, Truth]:
    """Fill each of ``n`` images with one colour of its own."""
    return _repainted(manifest, n, "blank", lambda p, rng: np.zeros_like(p) + rng.integers(80, 176, 3), seed)


def greyscale(manifest: Manifest, n: int = 5, *, seed: int = 0) -> tuple[Manifest, Truth]:
    """Remove the colour of ``n`` images; their mode stays RGB."""
    return _repainted(manifest, n, "greyscale", lambda p, rng: np.repeat(p.mean(-1, keepdims=True), 3, -1), seed)


def rotate_exif(manifest: Manifest, n: int = 5, *, orientation: int = 6, seed: int = 0) -> tuple[Manifest, Truth]:
    """Mark ``n`` images as rotated, in EXIF, without turning the pixels."""

    def mark(path: Path, _: np.random.Generator) -> None:
        with Image.open(path) as image:
            image.load()
            exif = image.getexif()
            exif[0x0112] = orientation
            buffer = io.BytesIO()
            image.save(buffer, image.format, exif=exif, quality=92)
        _write(path, buffer.getvalue())

    altered, truth = _altered(manifest, n, None, "rotate_exif", mark, seed)
    return altered, replace(truth, details={"orientation": orientation})


def drift_brightness(manifest: Manifest, split: str, *, by: float = 0.15, seed: int = 0) -> tuple[Manifest, Truth]:
    """Make every image of one split brighter by a share of the full range."""
    rows = np.flatnonzero(manifest.split_codes == manifest.splits.index(split))
    return _repainted(manifest, len(rows), "drift_brightness", lambda pixels, rng: pixels + 255 * by, seed, rows)


def _repainted(
    manifest: Manifest,
    n: int,
    what: str,
    paint: Callable[[NDArray[np.float64], np.random.Generator], NDArray[np.float64]],
    seed: int,
    rows: NDArray[np.int64] | None = None,
) -> tuple[Manifest, Truth]:
    def alter(path: Path, rng: np.random.Generator) -> None:
        with Image.open(path) as image:
            pixels = np.asarray(image.convert("RGB"), dtype=np.float64)
        painted = np.clip(np.rint(paint(pixels, rng)), 0, 255).astype(np.uint8)
        with atomic_path(path) as temporary:
            renamed = temporary.with_suffix(path.suffix)
            save_image(painted, renamed)
            renamed.replace(temporary)

    return _altered(manifest, n, rows, what, alter, seed)


def _altered(
    manifest: Manifest,
    n: int,
    rows: NDArray[np.int64] | Sequence[int] | None,
    what: str,
    alter: Callable[[Path, np.random.Generator], None],
    seed: int,
) -> tuple[Manifest, Truth]:
    """Alter ``n`` files drawn at random, or those of the rows given."""
    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.choice(len(manifest), n, replace=False)) if rows is None else np.asarray(rows)
    root = _root(manifest)
    for uri in manifest.table["uri"].take(pa.array(chosen)).to_pylist():
        alter(root / uri, rng)
    return manifest, Truth(what, tuple(manifest.sample_ids.take(pa.array(chosen)).to_pylist()))


def _root(manifest: Manifest) -> Path:
    if manifest.root is None or "uri" not in manifest:
        raise ValueError("expected a manifest of files below a root, found samples without files")
    return manifest.root


def _write(path: Path, data: bytes) -> None:
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)
