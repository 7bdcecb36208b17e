from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datacheck.findings import Found, Passed
from datacheck.manifest import Manifest
from datacheck.rules import RULES
from datacheck.rules.base import RuleContext
from datacheck.rules.samples.dc404_low_information import LowInformation
from datacheck.rules.samples.dc410_high_bit_depth import HighBitDepth
from datacheck.scanning import scan
from tests.scanning.corpus import photo

from .examples import shown
from .quality_tables import check, found_ids, photos

PIXEL_RULES = [rule for rule in RULES if rule.code.startswith("DC4")]


def test_values_of_twelve_bits_are_named() -> None:
    peaks = np.linspace(3000, 4082, 48)
    outcome = check(HighBitDepth(), photos(48) | {"mode": ["I;16"] * 48, "max_value": peaks})
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(HighBitDepth)
    assert outcome.findings[0].remedy.endswith("np.asarray(image, dtype=np.float32) / 4095")
    assert outcome.findings[0].evidence == {"max_value": 4082.0, "n_images": 48, "white_value": 4095}
    assert found_ids(outcome) == [f"s{row}" for row in range(48)]


def test_one_float_image_of_heights() -> None:
    outcome = check(HighBitDepth(), photos(3) | {"mode": ["RGB", "F", "RGB"], "max_value": [None, 2900.5, None]})
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message.startswith("1 image has more than 8 bits per channel, with values up to 2,900:")
    assert outcome.findings[0].evidence["white_value"] is None


@pytest.mark.parametrize("peak", [None, 1.0, 255.0])
def test_images_whose_values_fit_into_eight_bits_are_silent(peak: float | None) -> None:
    assert check(HighBitDepth(), photos(4) | {"max_value": [peak] * 4}) == Passed("no value exceeds 255")
    assert isinstance(check(HighBitDepth(), photos(1) | {"mode": ["I;16"], "max_value": [256.0]}), Found)


def test_twelve_bit_files_are_not_called_blank_or_dark(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    names = [f"{row:02d}.tif" for row in range(12)]
    for name in names:
        grey = photo(rng, 48, 64)[..., 1]
        Image.fromarray((grey.astype(np.uint32) * 4095 // 255).astype(np.uint16)).save(tmp_path / name)
    manifest = Manifest.from_columns({"uri": names}, root=tmp_path)
    context = RuleContext(manifest, scan(manifest).measurements)
    found = [rule.code for rule in PIXEL_RULES if isinstance(rule().check(context), Found)]
    assert found == ["DC410"]
    assert isinstance(LowInformation().check(context), Passed)
