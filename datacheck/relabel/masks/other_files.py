"""Writes other samples into a TIFF or BMP file and keeps the rest of it: palette, depth, compression, tags."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin

from datacheck.errors import RelabelError
from datacheck.relabel.masks.png import PngKind

KINDS: Mapping[str, tuple[int, int]] = {
    "1": (1, 0),
    "L": (8, 0),
    "I;16": (16, 0),
    "P": (8, 3),
    "RGB": (8, 2),
    "RGBA": (8, 6),
}
"""Bits a sample, and the colour type as PNG numbers it, of the modes that are written."""

_PLACEMENT = frozenset({258, 273, 277, 278, 279, 284, 320, 322, 323, 324, 325})
"""Tags of a TIFF that say how and where its samples are stored; the writer gives its own."""


def kind_of_image(data: bytes) -> PngKind:
    """Return how the samples of a TIFF or BMP file are kept.

    Raises
    ------
    RelabelError
        When it is no such file, or one that would lose something.
    """
    try:
        image = Image.open(io.BytesIO(data))
        n_pages = getattr(image, "n_frames", 1)
    except (OSError, SyntaxError, ValueError) as error:
        raise RelabelError(f"its pixels cannot be read: {error}") from error
    if image.format not in ("TIFF", "BMP"):
        raise RelabelError("expected a PNG, TIFF or BMP file: other formats of masks are not written back")
    if n_pages > 1:
        raise RelabelError(f"a TIFF of {n_pages} pages is not written back")
    if image.mode not in KINDS or image.info.get("compression") == "jpeg":
        raise RelabelError(f"a {image.format} of {image.mode} is not written back")
    return PngKind(image.width, image.height, *KINDS[image.mode])


def with_samples_of(data: bytes, samples: NDArray[np.integer]) -> bytes:
    """Return a TIFF or BMP file with other samples.

    Raises
    ------
    RelabelError
        When something else of the file would change.

    Examples
    --------
    >>> file = io.BytesIO()
    >>> Image.fromarray(np.zeros((2, 2), np.uint8)).save(file, "BMP")
    >>> other = with_samples_of(file.getvalue(), np.array([[0, 3], [3, 0]]))
    >>> np.asarray(Image.open(io.BytesIO(other))).tolist()
    [[0, 3], [3, 0]]
    """
    image = Image.open(io.BytesIO(data))
    depth = KINDS[image.mode][0]
    if samples.min() < 0 or samples.max() >= 1 << depth:
        raise RelabelError(f"a pixel of {depth} bits cannot hold {samples.max()}")
    changed = Image.fromarray(samples.astype({1: np.bool_, 8: np.uint8, 16: np.uint16}[depth]))
    if image.mode == "P":
        changed = changed.convert("L")
        changed.putpalette(image.getpalette() or [])
    options: dict[str, Any] = {"dpi": image.info["dpi"]} if "dpi" in image.info else {}
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        options = {"tiffinfo": _tags(image), "compression": image.info.get("compression", "raw")}
    file = io.BytesIO()
    changed.save(file, image.format, **options)
    written = Image.open(io.BytesIO(file.getvalue()))
    if _kept(image) != _kept(written):
        raise RelabelError(f"this {image.format} cannot be written back without other changes")
    return file.getvalue()


def _tags(image: TiffImagePlugin.TiffImageFile) -> TiffImagePlugin.ImageFileDirectory_v2:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    for number, value in image.tag_v2.items():
        if number not in _PLACEMENT:
            tags.tagtype[number] = image.tag_v2.tagtype[number]
            tags[number] = value
    return tags


def _kept(image: Image.Image) -> tuple[Any, ...]:
    """Return what must be the same before and after."""
    tags = image.tag_v2 if isinstance(image, TiffImagePlugin.TiffImageFile) else {}
    own = {number: value for number, value in tags.items() if number not in _PLACEMENT}
    return image.mode, image.size, image.getpalette(), image.info.get("dpi"), image.info.get("compression"), own
