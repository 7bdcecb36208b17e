"""Drawn images with known masks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from datacheck.rules import RuleContext
from datacheck.scanning import scan
from datacheck.sources import open_source

SIZE = (96, 72)
N_MASKS = 36


def mask(number: int, high: int = 2) -> Image.Image:
    """Return a mask with a disc of 1 and a box of ``high``."""
    rng = np.random.default_rng([4, number])
    picture = Image.new("L", SIZE)
    pen = ImageDraw.Draw(picture)
    x, y, r = int(rng.integers(16, 36)), int(rng.integers(18, 54)), int(rng.integers(6, 13))
    pen.ellipse((x - r, y - r, x + r, y + r), fill=1 if high == 2 else high)
    x, y, r = int(rng.integers(60, 80)), int(rng.integers(18, 54)), int(rng.integers(6, 13))
    pen.rectangle((x - r, y - r, x + r, y + r), fill=high)
    return picture


def write_masks(
    root: Path, extra: Callable[[Path], None] | None = None, n_masks: int = N_MASKS, high: int = 2
) -> RuleContext:
    """Write images and masks, change files by ``extra``, and return the scanned dataset."""
    for kind in ("images", "masks"):
        (root / kind).mkdir(parents=True)
    for number in range(n_masks):
        drawn = mask(number, high)
        pixels: NDArray[np.int64] = np.random.default_rng([5, number]).integers(90, 140, (SIZE[1], SIZE[0], 3))
        pixels[..., 0] += 50 * (np.asarray(drawn) > 0)
        Image.fromarray(pixels.astype(np.uint8)).save(root / f"images/{number:02d}.png")
        drawn.save(root / f"masks/{number:02d}.png")
    if extra is not None:
        extra(root)
    manifest = open_source(root)
    return RuleContext(manifest, scan(manifest, jobs=1).measurements)
