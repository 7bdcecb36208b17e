"""Drawn images with one mask file an object."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from datacheck.rules import RuleContext
from datacheck.scanning import scan
from datacheck.sources import open_source

SIZE = (80, 60)
N_IMAGES, N_OBJECTS = 6, 3

BESIDE, OWN, NUMBERED = "{i:02d}/masks/{k}.png", "masks/{i:02d}/{k}.png", "masks/{i:02d}_{k}.png"
"""Where the masks of an image lie: in a folder beside its own, in a folder of its name, or behind its name."""


def object_mask(image: int, number: int) -> Image.Image:
    """Return a mask with one disc of 255; the discs of an image do not touch."""
    rng = np.random.default_rng([6, image, number])
    picture = Image.new("L", SIZE)
    x, y, r = 14 + 25 * number, int(rng.integers(18, 42)), int(rng.integers(6, 11))
    ImageDraw.Draw(picture).ellipse((x - r, y - r, x + r, y + r), fill=255)
    return picture


def write_instances(
    root: Path, extra: Callable[[Path], None] | None = None, masks: str = BESIDE, n_images: int = N_IMAGES
) -> RuleContext:
    """Write images and the masks of their objects, change files by ``extra``, and return the scanned dataset."""
    for image in range(n_images):
        drawn = [object_mask(image, number) for number in range(N_OBJECTS - image % 2)]
        pixels = np.random.default_rng([7, image]).integers(90, 140, (SIZE[1], SIZE[0], 3))
        pixels[..., 0] += 60 * np.any([np.asarray(each) > 0 for each in drawn], axis=0)
        own = root / (f"{image:02d}/images/{image:02d}.png" if masks == BESIDE else f"images/{image:02d}.png")
        for path, picture in [
            (own, Image.fromarray(pixels.astype(np.uint8))),
            *((root / masks.format(i=image, k=number), each) for number, each in enumerate(drawn)),
        ]:
            path.parent.mkdir(parents=True, exist_ok=True)
            picture.save(path)
    if extra is not None:
        extra(root)
    manifest = open_source(root)
    return RuleContext(manifest, scan(manifest, jobs=1).measurements)
