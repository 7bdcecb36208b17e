"""Corrected values in every kind of mask file, and Label Studio's brush format."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from datacheck.annotations.masks import mask_values
from datacheck.errors import RelabelError
from datacheck.manifest import MaskFormat
from datacheck.relabel.masks.formats.brush import pack_brush, unpack_brush
from datacheck.relabel.masks.written import with_values

BEFORE = np.tile(np.array([[0, 0, 1, 1, 0]], dtype=np.uint8), (4, 1))
AFTER = np.where(np.arange(4)[:, None] == 2, 0, BEFORE)


def saved(image: Image.Image, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", **options)
    return file.getvalue()


def read(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def corrected(data: bytes, after: NDArray[Any], form: MaskFormat | None = None) -> bytes:
    form = form or MaskFormat()
    before = mask_values(data, form)
    assert before is not None
    return with_values(data, before.astype(np.int64), after.astype(np.int64), form)


def test_an_index_mask_keeps_its_text() -> None:
    words = PngImagePlugin.PngInfo()
    words.add_text("Author", "ann")
    new = corrected(saved(Image.fromarray(BEFORE), pnginfo=words, dpi=(72, 72)), AFTER)
    assert np.array_equal(np.asarray(read(new)), AFTER)
    assert read(new).info["Author"] == "ann"
    assert read(new).info["dpi"] == read(saved(Image.fromarray(BEFORE), dpi=(72, 72))).info["dpi"]


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_a_palette_mask_keeps_its_palette_and_bits(bits: int) -> None:
    image = Image.fromarray(BEFORE).convert("P")
    image.putdata(BEFORE.ravel().tolist())
    image.putpalette([(7 * k + 10) % 256 for k in range(3 << bits)])
    data = saved(image, bits=bits, transparency=0)
    new = corrected(data, AFTER)
    assert new[24] == data[24] == bits
    found = read(new)
    assert (found.mode, found.getpalette(), found.info) == ("P", read(data).getpalette(), read(data).info)
    assert np.array_equal(np.asarray(found), AFTER)


def test_a_mask_by_colours_gets_the_colour_of_the_class() -> None:
    red, green = 255 * 256 * 256, 255 * 256
    form = MaskFormat(colours=((red, 0), (green, 1)), names=("sky", "tree"))
    colours = np.array([[255, 0, 0], [0, 255, 0]], dtype=np.uint8)
    new = corrected(saved(Image.fromarray(colours[BEFORE])), AFTER, form)
    assert np.array_equal(np.asarray(read(new)), colours[AFTER])


@pytest.mark.parametrize("mode", ["L", "1"])
def test_a_binary_mask_stays_binary(mode: str) -> None:
    white = 255 if mode == "L" else 1
    image = Image.fromarray(BEFORE * 255).convert(mode)
    new = corrected(saved(image), AFTER * white)
    assert read(new).mode == mode
    assert np.array_equal(np.asarray(read(new).convert("L")), AFTER * 255)


def test_a_mask_of_sixteen_bits_and_a_grey_one_in_three_channels() -> None:
    deep = (BEFORE.astype(np.uint16) * 1000).astype(np.uint16)
    new = corrected(saved(Image.fromarray(deep)), AFTER.astype(np.int64) * 1000)
    assert np.array_equal(np.asarray(read(new)), AFTER.astype(np.int64) * 1000)
    grey = np.repeat(BEFORE[..., None] * 7, 3, axis=2)
    new = corrected(saved(Image.fromarray(grey)), AFTER * 7)
    assert np.array_equal(np.asarray(read(new)), np.repeat(AFTER[..., None] * 7, 3, axis=2))


TIFF_OPTIONS = {"compression": "tiff_lzw", "tiffinfo": {270: "ann", 33550: (1.0, 1.0, 0.0)}}


@pytest.mark.parametrize(
    ("form", "mode"),
    [*(("BMP", mode) for mode in ("1", "L", "P", "RGB")), *(("TIFF", mode) for mode in ("1", "L", "P", "I;16", "RGB"))],
)
def test_tiff_and_bmp_masks_keep_their_mode_and_tags(form: str, mode: str) -> None:
    high = 255 if mode == "RGB" else 1
    image = Image.fromarray(BEFORE.astype(np.uint16)) if mode == "I;16" else Image.fromarray(BEFORE * high)
    if mode == "P":
        image.putpalette([9, 9, 9, 200, 0, 0, 0, 200, 0])
    elif mode == "1":
        image = Image.fromarray(BEFORE > 0)
    elif mode == "RGB":
        image = image.convert("RGB")
    file = io.BytesIO()
    image.save(file, form, **(TIFF_OPTIONS if form == "TIFF" else {"dpi": (72, 72)}))
    new = corrected(file.getvalue(), AFTER * high)
    found, given = read(new), read(file.getvalue())
    assert (found.mode, found.format, found.getpalette()) == (mode, form, given.getpalette())
    assert found.info == given.info
    assert np.array_equal(mask_values(new), AFTER * high)
    if form == "TIFF":
        assert (found.tag_v2[270], found.tag_v2[33550]) == ("ann", (1.0, 1.0, 0.0))


def test_a_tiff_of_several_pages_is_not_written() -> None:
    file = io.BytesIO()
    pages = [Image.fromarray(BEFORE), Image.fromarray(BEFORE).resize((2, 2))]
    pages[0].save(file, "TIFF", save_all=True, append_images=pages[1:])
    with pytest.raises(RelabelError, match="a TIFF of 2 pages"):
        corrected(file.getvalue(), AFTER)


def test_what_a_file_cannot_hold_is_refused() -> None:
    image = Image.fromarray(BEFORE * 255).convert("1")
    with pytest.raises(RelabelError, match="a pixel of 1 bits cannot hold"):
        corrected(saved(image), AFTER * 2)
    file = io.BytesIO()
    Image.fromarray(BEFORE).save(file, "GIF")
    with pytest.raises(RelabelError, match="expected a PNG, TIFF or BMP file"):
        corrected(file.getvalue(), AFTER)
    cut = saved(Image.fromarray(BEFORE))[:-20]
    with pytest.raises(RelabelError, match="cannot be read"):
        with_values(cut, BEFORE.astype(np.int64), AFTER.astype(np.int64), MaskFormat())


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.floats(0, 1), st.integers(0, 10**6))
def test_a_brush_comes_back(height: int, width: int, share: float, seed: int) -> None:
    inside = np.random.default_rng(seed).random((height, width)) < share
    assert np.array_equal(unpack_brush(pack_brush(inside), height, width), inside)


def test_a_brush_of_label_studios_own_encoder() -> None:
    """What ``label_studio_sdk.converter.brush.encode_rle`` makes of one empty and one painted pixel."""
    assert unpack_brush([0, 0, 0, 8, 57, 27, 252, 96, 17, 255, 128], 1, 2).tolist() == [[False, True]]


def test_soft_borders_and_pieces_that_are_written_out() -> None:
    bytes_of = [1, 2, 3, 127, 9, 9, 9, 128]
    bits = f"{8:032b}{7:05b}{2:04b}{3:04b}{7:04b}{15:04b}" + "0" + "01" + f"{7:04b}"
    bits += "".join(f"{each:08b}" for each in bytes_of)
    bits += "0" * (-len(bits) % 8)
    packed = [int(bits[k : k + 8], 2) for k in range(0, len(bits), 8)]
    assert unpack_brush(packed, 1, 2).tolist() == [[False, True]]


@pytest.mark.parametrize(
    ("packed", "why"),
    [
        ([0, 0, 0, 9, 57, 27, 252], "expected 2 x 1 pixels of 4 bytes, found 9 bytes"),
        ([0, 0, 0, 8, 57, 27, 252, 96], "cut off"),
        ([300], "expected a list of bytes"),
        ([], "cut off"),
    ],
)
def test_a_damaged_brush_is_an_error(packed: list[int], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        unpack_brush(packed, 1, 2)
