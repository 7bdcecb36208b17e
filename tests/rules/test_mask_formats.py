"""Each defect of masks is found, and its file named, in each format that masks come in; the clean twin is silent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from datacheck.findings import Found
from datacheck.rules import RULES, RuleContext
from tests.annotations.drawn_masks import mask, write_masks

COLOURS = np.array([[0, 0, 0], [200, 10, 10], [10, 200, 10], [90, 90, 200]], dtype=np.uint8)


def grey(values: NDArray[np.uint8]) -> Image.Image:
    return Image.fromarray(values)


def sixteen_bits(values: NDArray[np.uint8]) -> Image.Image:
    return Image.fromarray(values.astype(np.uint16))


def palette(values: NDArray[np.uint8]) -> Image.Image:
    image = Image.fromarray(values)
    image.putpalette(np.tile(COLOURS, (8, 1)).ravel().tolist())
    return image


def three_channels(values: NDArray[np.uint8]) -> Image.Image:
    return Image.fromarray(np.repeat(values[..., None], 3, axis=2))


FORMS: dict[str, tuple[str, Callable[[NDArray[np.uint8]], Image.Image]]] = {
    "palette PNG": ("png", palette),
    "grey PNG in three channels": ("png", three_channels),
    "grey TIFF": ("tif", grey),
    "TIFF of 16 bits": ("tiff", sixteen_bits),
    "grey BMP": ("bmp", grey),
    "palette BMP": ("bmp", palette),
}


def write(root: Path, form: str, planted: bool) -> RuleContext:
    extension, image_of = FORMS[form]

    def save(values: NDArray[np.uint8], root: Path, number: int) -> None:
        image_of(values).save(root / f"masks/{number:02d}.{extension}")

    def convert(root: Path) -> None:
        for number in range(24):
            (root / f"masks/{number:02d}.png").unlink()
            save(np.array(mask(number)), root, number)
        if not planted:
            return
        (root / f"masks/03.{extension}").write_bytes(b"version https://example.org")
        save(np.array(mask(5))[:-4], root, 5)
        stray = np.array(mask(7))
        stray[10:13, 50:53] = 17
        save(stray, root, 7)
        save(np.zeros_like(stray), root, 9)
        save(np.array(mask(11)), root, 12)
        speck = np.array(mask(14))
        speck[2, 3] = 2
        save(speck, root, 14)
        (root / f"masks/16.{extension}").unlink()
        Image.fromarray(np.array(mask(16)) * 120).save(root / "masks/16.jpg", quality=60)

    return write_masks(root, convert, n_masks=24)


def found(context: RuleContext) -> dict[str, str]:
    outcomes = {rule.code: rule.check(context) for rule in (kind() for kind in RULES) if rule.code.startswith("DC82")}
    return {code: each.findings[0].message for code, each in outcomes.items() if isinstance(each, Found)}


@pytest.mark.parametrize("form", FORMS)
def test_each_defect_is_found_and_its_file_named(tmp_path: Path, form: str) -> None:
    assert found(write(tmp_path / "clean", form, planted=False)) == {}
    messages = found(write(tmp_path / "planted", form, planted=True))
    extension = FORMS[form][0]
    numbers = {"DC820": 3, "DC821": 5, "DC822": 7, "DC823": 9, "DC825": 12, "DC826": 14}
    assert set(messages) == {*numbers, "DC824"}
    for code, number in numbers.items():
        assert f"'masks/{number:02d}.{extension}'" in messages[code]
    assert "'masks/16.jpg'" in messages["DC824"]
