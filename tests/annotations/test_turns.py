from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from datacheck.annotations.pixels import ImageSizes
from datacheck.annotations.turns import UNKNOWN, mask_turns, turned, turned_back


@pytest.mark.parametrize("orientation", range(1, 9))
def test_masks_are_turned_as_pillow_turns_images(orientation: int) -> None:
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", exif=exif)
    upright = np.array(ImageOps.exif_transpose(Image.open(file)))
    assert np.array_equal(turned(pixels, orientation), upright)
    assert np.array_equal(turned_back(upright, orientation), pixels)


def test_the_size_of_a_mask_tells_how_it_is_stored() -> None:
    stored = np.array([[40.0, 30], [40, 30], [40, 30], [40, 30], [30, 30]])
    orientation = np.array([6, 6, 3, 1, 6])
    upright = np.where((orientation >= 5)[:, None], stored[:, ::-1], stored)
    masks = np.array([[40.0, 30], [30, 40], [40, 30], [40, 30], [30, 30]])
    sizes = ImageSizes(stored, upright, np.full_like(stored, np.nan))
    assert mask_turns(masks, sizes, orientation).tolist() == [6, 1, UNKNOWN, 1, UNKNOWN]
