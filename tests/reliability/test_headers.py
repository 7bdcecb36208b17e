"""Images with flipped bytes in their headers, and cut anywhere: each is a row, and none that lost pixels is read."""

from __future__ import annotations

import io
import warnings
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from datacheck.manifest.readers import ReadFailure
from datacheck.scanning.shard import ShardSettings, shard
from tests.mutations import fuzz
from tests.scanning.corpus import encode, photo

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP")
HEADER_BYTES = 256
MAX_PIXELS = 1 << 22
"""Small, so that a size that a flipped byte made large costs neither time nor memory."""

REASONS = {reason.value for reason in ReadFailure}


class One:
    """A reader of one image."""

    workers = "thread"

    def __init__(self, content: bytes) -> None:
        self.content = content

    def stamp(self, uri: str) -> None:
        return None

    def read(self, uri: str) -> bytes:
        return self.content


def scanned(content: bytes) -> tuple[bool, str | None]:
    """Return whether an image counts as read, and why not."""
    columns = shard(["one"], [None], ShardSettings(One(content), max_pixels=MAX_PIXELS)).columns  # type: ignore[arg-type]
    readable, error = columns["readable"][0], columns["error"][0]
    assert (error is None) == readable
    assert error is None or error in REASONS
    assert np.isfinite(columns["brightness"][0]) == readable
    return readable, error


def strictly_decoded(content: bytes) -> bytes | None:
    """The oracle: what Pillow alone decodes, or None where it does not decode all."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content)) as image:
                if image.width * image.height > MAX_PIXELS:
                    return None
                return image.convert("RGB").tobytes()
    except Exception:
        return None


def whole(image_format: str) -> bytes:
    return encode(Image.fromarray(photo(np.random.default_rng(0), 60, 80)), image_format)


@pytest.mark.parametrize("image_format", FORMATS)
def test_flipped_bytes_in_the_header(image_format: str) -> None:
    content = whole(image_format)
    assert scanned(content) == (True, None)
    counted: Counter[str] = Counter()
    place = st.integers(0, min(HEADER_BYTES, len(content)) - 1)

    @fuzz
    @given(st.lists(st.tuples(place, st.integers(1, 255)), min_size=1, max_size=4))
    def flipped(flips: list[tuple[int, int]]) -> None:
        damaged = bytearray(content)
        for at, mask in flips:
            damaged[at] ^= mask
        readable, error = scanned(bytes(damaged))
        counted[error or "readable"] += 1
        assert not readable or strictly_decoded(bytes(damaged)) is not None

    flipped()
    print(f"{image_format}, flipped header bytes: {dict(counted)}")


@pytest.mark.parametrize("image_format", FORMATS)
def test_cut_anywhere(image_format: str) -> None:
    content = whole(image_format)
    pixels = strictly_decoded(content)
    counted: Counter[str] = Counter()

    @fuzz
    @given(st.integers(0, len(content) - 1))
    def cut(at: int) -> None:
        readable, error = scanned(content[:at])
        counted[error or "readable"] += 1
        # A format may end in bytes without meaning; a picture that lost a pixel must not count as read.
        assert not readable or strictly_decoded(content[:at]) == pixels

    cut()
    print(f"{image_format}, cut: {dict(counted)}")
