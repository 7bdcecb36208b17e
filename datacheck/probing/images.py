"""The pixels that a probe trains on: given by the caller, or made by the scan."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.errors import ProbeError
from datacheck.manifest import Manifest
from datacheck.manifest.readers import SampleReadError
from datacheck.probing.options import AtHand
from datacheck.probing.weights import default_weights_installed
from datacheck.scanning.measurements import Measurements

LARGEST_SIDE = 96
"""Side in pixels that the scan brings larger images to: 100,000 of them then take 2.8 GB of memory."""

PHOTO_SIDES, MAX_PIXEL_BYTES = (224, 160, 128), 1 << 30
"""Sides in pixels that the default weights gain from, and the memory that the pixels of all images may take then."""

PEEKS = 32
"""Images whose size is looked up to choose the side: enough for a median, fast on slow storage."""

LEAST_SIDE = 4
"""Smaller images are enlarged to this side: fewer pixels hold no shape."""

COLOUR_SPREAD = 0.01
"""Mean difference between the channels, in [0, 1], above which images count as coloured: 2.5 of 255 grey levels,
so that rounding and compression do not count."""


def in_colour(pixels: NDArray[np.floating[Any]]) -> bool:
    """Return whether images [N, S, S, 3] in [0, 1] differ between their channels.

    Examples
    --------
    >>> grey = np.full((2, 4, 4, 3), 0.5)
    >>> in_colour(grey), in_colour(grey * [1.0, 0.5, 0.2])
    (False, True)
    """
    return bool((pixels.max(axis=-1) - pixels.min(axis=-1)).mean() > COLOUR_SPREAD)


def bring_pixels(
    manifest: Manifest, at_hand: AtHand, run_dir: Path | None, *, packaged: bool
) -> tuple[NDArray[np.uint8], Measurements | None]:
    """Return uint8 pixels [N, S, S, 3] and the measurements, scanning where they are not at hand.

    ``packaged`` asks for the side that packaged weights are worth; see `probe_side`.

    Raises
    ------
    ProbeError
        When given pixels have another shape or type, or the files cannot be read.
    """
    pixels = at_hand.pixels
    if isinstance(pixels, np.ndarray):
        if pixels.dtype != np.uint8 or pixels.ndim != 4 or pixels.shape[1] != pixels.shape[2] or pixels.shape[3] != 3:
            raise ProbeError(f"pixels: expected uint8 [N, S, S, 3], found {pixels.dtype} {list(pixels.shape)}")
        if len(pixels) != len(manifest):
            raise ProbeError(f"pixels: expected {len(manifest)} rows as in the manifest, found {len(pixels)}")
        return pixels, at_hand.measurements
    if manifest.reader is None:
        raise ProbeError(
            "the files cannot be read, because the manifest has no reader: give pixels=, features= or pred_probs="
        )
    from datacheck.scanning import scan

    side = probe_side(manifest, packaged=packaged) if pixels is None else int(pixels)
    scanned = scan(manifest, run_dir=run_dir, pixels=side, thumbnails=False)
    if scanned.pixels is None:
        raise ProbeError("the scan made no pixels; give pixels=, features= or pred_probs=")
    return scanned.pixels, scanned.measurements


def probe_side(manifest: Manifest, *, packaged: bool = True) -> int:
    """Return the side in pixels to scan images at for a probe: larger where the default weights can make use of it."""
    largest = LARGEST_SIDE
    if packaged and default_weights_installed():
        sides = [side for side in PHOTO_SIDES if len(manifest) * 3 * side**2 <= MAX_PIXEL_BYTES]
        largest = max([LARGEST_SIDE, *sides])
    return usual_side(manifest, largest)


def usual_side(manifest: Manifest, largest: int = LARGEST_SIDE) -> int:
    """Return the median shorter side of some samples, no more than ``largest``: small images keep their own size."""
    from PIL import Image

    assert manifest.reader is not None
    sides = []
    uris = manifest.table["uri"] if "uri" in manifest else None
    for row in np.unique(np.linspace(0, len(manifest) - 1, PEEKS).astype(int)):
        try:
            content: Any = manifest.reader.read(str(row) if uris is None else uris[int(row)].as_py())
            if isinstance(content, np.ndarray):
                sides.append(min(content.shape[:2]))
            else:
                with Image.open(io.BytesIO(content)) as image:
                    sides.append(min(image.size))
        except (SampleReadError, OSError, ValueError, SyntaxError, Image.DecompressionBombError, TypeError):
            continue
    return int(np.clip(np.median(sides), LEAST_SIDE, largest)) if sides else largest
