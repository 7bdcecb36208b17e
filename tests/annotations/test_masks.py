from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from datacheck.annotations.masks import measure_mask
from datacheck.manifest import COLOUR_BASE, colour_name


def png(pixels: NDArray[Any]) -> bytes:
    """Return pixels as a PNG file."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def test_the_kinds_of_masks() -> None:
    values = np.array([[0, 0, 1], [7, 7, 255]], dtype=np.uint8)
    grey = measure_mask(png(values))
    assert (grey["width"], grey["height"], grey["values"], grey["counts"]) == (3, 2, [0, 1, 7, 255], [2, 1, 2, 1])
    palette = Image.fromarray(values).convert("P")
    palette.putdata(values.ravel().tolist())
    palette.putpalette(list(range(256)) * 3)
    file = io.BytesIO()
    palette.save(file, "PNG")
    assert measure_mask(file.getvalue())["values"] == [0, 1, 7, 255]
    assert measure_mask(png(np.array([[0, 900]], dtype=np.uint16)))["values"] == [0, 900]
    same = measure_mask(png(np.repeat(values[..., None], 3, axis=2)))
    assert same["values"] == grey["values"]
    assert same["colour"] is False
    colour = measure_mask(png(np.array([[[255, 0, 0], [0, 0, 128]]], dtype=np.uint8)))
    assert colour["colour"] is True
    assert [colour_name(each) for each in colour["values"]] == ["(0, 0, 128)", "(255, 0, 0)"]
    assert colour["values"][1] == 255 * COLOUR_BASE**2
    assert measure_mask(png(np.array([[True, False]])))["values"] == [0, 1]


@pytest.mark.parametrize("data", [b"", b"text", png(np.zeros((9, 9), np.uint8))[:40]])
def test_what_is_no_mask_is_an_error(data: bytes) -> None:
    assert measure_mask(data)["error"]


def test_equal_pixels_have_one_hash_whatever_the_file() -> None:
    pixels = np.zeros((8, 8), np.uint8)
    pixels[2:4] = 1
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "BMP")
    assert measure_mask(png(pixels))["content_hash"] == measure_mask(file.getvalue())["content_hash"]
    assert measure_mask(png(pixels))["content_hash"] != measure_mask(png(pixels.reshape(4, 16)))["content_hash"]
    deep = measure_mask(png(pixels.astype(np.uint16)))
    assert deep["content_hash"] == measure_mask(png(pixels))["content_hash"]
    file = io.BytesIO()
    Image.fromarray(pixels.astype(np.float32)).save(file, "TIFF")
    assert measure_mask(file.getvalue())["content_hash"] == deep["content_hash"]


def test_a_tiff_of_several_masks_is_not_taken_for_its_first_and_an_overview_is_no_page() -> None:
    first = Image.fromarray(np.eye(8, dtype=np.uint8))
    for second, error in (
        (first, "2 pages of one size, of which loaders read the first"),
        (first.resize((4, 4)), None),
    ):
        file = io.BytesIO()
        first.save(file, "TIFF", save_all=True, append_images=[second])
        assert measure_mask(file.getvalue()).get("error") == error
