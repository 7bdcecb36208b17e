"""What is measured equals a straightforward reference, on images whose values are known."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from datacheck.manifest import Manifest
from datacheck.scanning import scan
from datacheck.scanning.decode import decode_array, decode_bytes
from datacheck.scanning.measure import perceptual_hashes, raw_measures
from datacheck.scanning.resizing import upright
from datacheck.scanning.shard import ShardSettings, shard
from tests.scanning.corpus import encode, photo


class Fixed:
    """A reader of contents by number."""

    workers = "thread"

    def __init__(self, *contents: bytes | NDArray[Any]) -> None:
        self.contents = contents

    def stamp(self, uri: str) -> None:
        return None

    def read(self, uri: str) -> bytes | NDArray[Any]:
        return self.contents[int(uri)]


def measure(content: bytes | NDArray[Any], **settings: Any) -> dict[str, Any]:
    result = shard(["0"], [None], ShardSettings(Fixed(content), **settings))  # type: ignore[arg-type]
    return {name: values[0] for name, values in result.columns.items()}


def reference(rgb: NDArray[np.uint8]) -> dict[str, float]:
    """The properties by their textbook formulas, on Pillow's luma."""
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float64)
    red, green, blue = np.moveaxis(rgb.astype(np.float64), -1, 0)
    shares = np.bincount(grey.astype(int).ravel(), minlength=256) / grey.size
    shares = shares[shares > 0]
    rg, yb = red - green, (red + green) / 2 - blue
    values = {
        "brightness": grey.mean() / 255,
        "contrast": grey.std() / 255,
        "brightness_p01": float(np.percentile(grey, 1, method="inverted_cdf")) / 255,
        "brightness_p99": float(np.percentile(grey, 99, method="inverted_cdf")) / 255,
        "entropy": float(-(shares * np.log2(shares)).sum()),
        "colourfulness": float(np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean())),
    }
    for name, plane in (("red", red), ("green", green), ("blue", blue)):
        values[f"mean_{name}"], values[f"std_{name}"] = plane.mean() / 255, plane.std() / 255
    return values


def assert_equals_reference(measured: dict[str, Any], rgb: NDArray[np.uint8], tolerance: float = 1e-6) -> None:
    for name, value in reference(rgb).items():
        assert measured[name] == pytest.approx(value, abs=tolerance), name


CHECKERBOARD = (np.indices((64, 64)).sum(axis=0) % 2 * 255).astype(np.uint8)
GRADIENT = np.tile(np.arange(256, dtype=np.uint8), (64, 1))


@pytest.mark.parametrize(
    "rgb",
    [
        np.full((40, 30, 3), 77, np.uint8),
        np.full((40, 30, 3), (250, 10, 60), np.uint8),
        np.repeat(CHECKERBOARD[..., None], 3, axis=2),
        np.repeat(GRADIENT[..., None], 3, axis=2),
        photo(np.random.default_rng(0)),
        np.random.default_rng(1).integers(0, 256, (200, 150, 3), dtype=np.uint8),
    ],
    ids=["constant", "colour", "checkerboard", "gradient", "photo", "noise"],
)
def test_properties_equal_their_formulas(rgb: NDArray[np.uint8]) -> None:
    for content in (encode(Image.fromarray(rgb), "PNG"), encode(Image.fromarray(rgb), "BMP"), rgb):
        assert_equals_reference(measure(content), rgb)


def test_known_numbers() -> None:
    checker = measure(CHECKERBOARD)
    assert (checker["brightness"], checker["contrast"], checker["entropy"]) == pytest.approx((0.5, 0.5, 1.0))
    gradient = measure(GRADIENT)
    assert (gradient["entropy"], gradient["brightness_p01"]) == pytest.approx((8.0, 2 / 255))
    constant = measure(np.full((9, 9), 51, np.uint8))
    assert (constant["brightness"], constant["contrast"], constant["entropy"], constant["sharpness"]) == pytest.approx(
        (0.2, 0, 0, 0)
    )


def test_large_images_are_measured_on_their_area_average() -> None:
    rgb = photo(np.random.default_rng(3), 768, 1024)
    small = cv2.resize(rgb, (256, 192), interpolation=cv2.INTER_AREA)
    assert_equals_reference(measure(encode(Image.fromarray(rgb), "PNG")), small, 2e-2)
    lossy = measure(encode(Image.fromarray(rgb), "JPEG", quality=95))
    assert lossy["brightness"] == pytest.approx(reference(small)["brightness"], abs=0.004)
    assert lossy["contrast"] == pytest.approx(reference(small)["contrast"], abs=0.01)
    assert (lossy["width"], lossy["height"]) == (1024, 768)


def test_sixteen_bits_are_scaled_not_cut_off() -> None:
    deep = np.linspace(0, 65535, 64 * 64).reshape(64, 64).astype(np.uint16)
    for content in (deep, encode(Image.fromarray(deep), "PNG"), encode(Image.fromarray(deep), "TIFF")):
        row = measure(content, pixels=64)
        assert row["brightness"] == pytest.approx(0.5, abs=0.003)
        assert row["mean_red"] == pytest.approx(deep.mean() / 65535, abs=1e-5)
        assert (row["brightness_p01"], row["brightness_p99"]) == pytest.approx((0.01, 0.99), abs=0.005)


@pytest.mark.parametrize(("bits", "white"), [(8, 255), (9, 511), (12, 4095), (14, 16_383), (16, 65_535)])
def test_fewer_bits_in_a_sixteen_bit_file_are_measured_relative_to_their_range(bits: int, white: int) -> None:
    deep = np.linspace(0, white, 64 * 64).reshape(64, 64).astype(np.uint16)
    row = measure(encode(Image.fromarray(deep), "TIFF"), pixels=64)
    assert row["max_value"] == 2**bits - 1
    assert row["brightness"] == pytest.approx(0.5, abs=0.003)
    assert row["entropy"] > 7.9


def test_a_dark_image_among_sixteen_bits_stays_dark(tmp_path: Path) -> None:
    full = np.linspace(0, 65_535, 4096).reshape(64, 64).astype(np.uint16)
    dark = np.linspace(0, 4000, 4096).reshape(64, 64).astype(np.uint16)
    eight = np.full((64, 64), 90, np.uint8)
    files = {"full.png": full, "dark.png": dark, "eight.png": eight}
    for name, pixels in files.items():
        Image.fromarray(pixels).save(tmp_path / name)
    table = scan(Manifest.from_columns({"uri": list(files)}, root=tmp_path)).measurements.table.to_pylist()
    assert [row["max_value"] for row in table] == [65_535, 4000, None]
    assert table[0]["brightness"] == pytest.approx(0.5, abs=0.003)
    assert table[1]["brightness"] == pytest.approx(2000 / 65_535, abs=0.001)
    assert table[1]["mean_red"] == pytest.approx(2000 / 65_535, abs=0.001)
    assert table[2]["brightness"] == pytest.approx(90 / 255)


def test_a_float_file_of_any_range_is_data() -> None:
    heights = np.linspace(-30, 2900, 4096, dtype=np.float32).reshape(64, 64)
    heights[0, :4] = np.nan
    heights[1, :4] = -9999
    row = measure(encode(Image.fromarray(heights), "TIFF"), pixels=64)
    assert row["readable"]
    assert row["max_value"] == 2900
    assert row["brightness"] == pytest.approx(0.5, abs=0.01)
    assert row["contrast"] == pytest.approx(np.sqrt(1 / 12), abs=0.02)
    assert measure(encode(Image.fromarray(np.full((8, 8), np.nan, np.float32)), "TIFF"))["error"] == "unsupported-mode"


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
def test_float_arrays_are_read_by_their_range(dtype: type) -> None:
    rgb = photo(np.random.default_rng(4), 40, 40)
    assert measure((rgb / 255).astype(dtype))["brightness"] == pytest.approx(reference(rgb)["brightness"], abs=2e-3)
    assert measure(rgb.astype(dtype))["brightness"] == pytest.approx(reference(rgb)["brightness"], abs=2e-3)
    assert measure(np.full((4, 4), np.nan, dtype))["error"] == "unsupported-mode"
    assert measure(np.full((4, 4), -1, dtype))["error"] == "unsupported-mode"


def test_array_shapes() -> None:
    assert measure(np.zeros((5, 4, 1), np.uint8))["mode"] == "L"
    assert measure(np.zeros((5, 4, 4), np.uint8))["mode"] == "RGBA"
    assert measure(np.ones((5, 4), bool))["brightness"] == 1.0
    assert measure(np.zeros((5, 4, 7), np.uint8))["error"] == "unsupported-mode"
    assert measure(np.zeros((5,), np.uint8))["error"] == "unsupported-mode"
    assert measure(np.zeros((0, 4), np.uint8))["error"] == "zero-bytes"
    row = measure(np.zeros((5, 4, 3), np.uint8))
    assert (row["width"], row["height"], row["format"], row["byte_size"]) == (4, 5, "array", 60)


def test_equal_bytes_in_other_shapes_have_other_hashes() -> None:
    flat = np.arange(16, dtype=np.uint8)
    hashes = {measure(flat.reshape(shape))["content_hash"] for shape in ((4, 4), (2, 8), (4, 4, 1))}
    assert len(hashes) == 3


def test_modes_are_measured_as_a_loader_sees_them() -> None:
    rgb = photo(np.random.default_rng(5))
    image = Image.fromarray(rgb)
    palette = image.quantize(64)
    assert_equals_reference(measure(encode(palette, "PNG")), np.asarray(palette.convert("RGB")))
    alpha = image.convert("RGBA")
    alpha.putalpha(Image.fromarray((np.arange(90 * 120).reshape(90, 120) % 256).astype(np.uint8)))
    assert_equals_reference(measure(encode(alpha, "PNG")), rgb)
    ink = encode(image.convert("CMYK"), "TIFF")
    assert_equals_reference(measure(ink), np.asarray(Image.open(io.BytesIO(ink)).convert("RGB")))
    lossy_ink = encode(image.convert("CMYK"), "JPEG")
    assert_equals_reference(measure(lossy_ink), np.asarray(Image.open(io.BytesIO(lossy_ink)).convert("RGB")))
    bits = image.convert("1")
    assert_equals_reference(measure(encode(bits, "PNG")), np.asarray(bits.convert("RGB")))
    modes = [measure(encode(one, "PNG"))["mode"] for one in (palette, alpha, bits, image.convert("LA"))]
    assert modes == ["P", "RGBA", "1", "LA"]
    assert measure(lossy_ink)["mode"] == "CMYK"


def test_greyscale_is_about_colours_not_about_the_mode() -> None:
    rgb = photo(np.random.default_rng(6))
    grey = np.repeat(rgb[..., :1], 3, axis=2)
    assert measure(encode(Image.fromarray(grey), "JPEG"))["greyscale"] == 1.0
    assert measure(rgb[..., 0])["greyscale"] == 1.0
    assert measure(rgb)["greyscale"] == 0.0
    spot = grey.copy()
    spot[:6, :6] = (255, 0, 0)
    assert measure(spot)["greyscale"] == 0.0


ASYMMETRIC = np.zeros((40, 60, 3), np.uint8)
ASYMMETRIC[:20, :20] = (250, 0, 0)
ASYMMETRIC[20:, 40:] = (0, 250, 0)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_exif_orientation_is_undone(orientation: int, image_format: str) -> None:
    stored = upright(ASYMMETRIC, {6: 8, 8: 6}.get(orientation, orientation))
    exif = Image.Exif()
    exif[0x0112] = orientation
    options: dict[str, Any] = {"JPEG": {"quality": 95, "subsampling": 0}, "WEBP": {"lossless": True}}.get(
        image_format, {}
    )
    decoded = decode_bytes(encode(Image.fromarray(stored), image_format, exif=exif.tobytes(), **options))
    assert decoded.exif_orientation == orientation
    assert (decoded.width, decoded.height) == (stored.shape[1], stored.shape[0])
    assert decoded.small.shape == ASYMMETRIC.shape
    assert np.abs(decoded.small[..., ::-1].astype(int) - ASYMMETRIC).mean() < 3


def test_animations_give_their_first_frame_and_their_length() -> None:
    frames = [Image.new("RGB", (20, 10), (value, value, value)) for value in (51, 102, 255)]
    for image_format in ("GIF", "WEBP", "PNG", "TIFF"):
        options = {"lossless": True} if image_format == "WEBP" else {}
        row = measure(encode(frames[0], image_format, save_all=True, append_images=frames[1:], **options))
        assert (row["n_frames"], row["brightness"]) == (3, pytest.approx(0.2, abs=0.005)), image_format


def test_one_pixel_and_extreme_shapes() -> None:
    for size in ((1, 1), (1, 3000), (3000, 1), (2, 2)):
        row = measure(encode(Image.new("RGB", size, (51, 51, 51)), "PNG"), pixels=8)
        assert row["readable"], size
        assert (row["width"], row["height"], row["brightness"]) == (*size, pytest.approx(0.2))


def test_long_strips_are_decoded_small() -> None:
    for image_format in ("JPEG", "PNG", "BMP"):
        row = measure(encode(Image.new("L", (20_000, 120), 51), image_format), pixels=8)
        assert (row["width"], row["height"], row["brightness"]) == (20_000, 120, pytest.approx(0.2)), image_format


@pytest.mark.slow
@pytest.mark.parametrize("image_format", ["JPEG", "PNG"])
def test_twenty_thousand_pixels_on_a_side(image_format: str) -> None:
    row = measure(encode(Image.new("L", (20_000, 20_000), 51), image_format))
    assert (row["readable"], row["width"], row["brightness"]) == (True, 20_000, pytest.approx(0.2))


def test_sharpness_falls_with_blur_and_depends_neither_on_contrast_nor_much_on_size(shared_data: Path) -> None:
    import tarfile

    with tarfile.open(shared_data / "trashnet-subset.tar") as archive:
        members = [member for member in archive.getmembers() if member.name.endswith(".jpg")][::32]
        images = [Image.open(io.BytesIO(archive.extractfile(one).read())).convert("RGB") for one in members]  # type: ignore[union-attr]

    def sharpness(changed: list[Image.Image]) -> NDArray[np.float64]:
        return np.array([measure(encode(image, "JPEG", quality=92))["sharpness"] for image in changed])

    sharp = sharpness(images)
    half = sharpness([image.resize((image.width // 2, image.height // 2), Image.Resampling.BOX) for image in images])
    dull = sharpness([image.point(lambda value: 64 + value // 2) for image in images])
    blurred = sharpness([image.filter(ImageFilter.GaussianBlur(4)) for image in images])
    assert blurred.max() < sharp.min()
    assert np.median(np.abs(half / sharp - 1)) < 0.1
    assert np.median(np.abs(dull / sharp - 1)) < 0.1
    slightly = sharpness([image.filter(ImageFilter.GaussianBlur(1.5)) for image in images])
    assert (slightly < sharp).all()


def scenery(rng: np.random.Generator) -> Image.Image:
    """Detail at every scale, as in photos."""
    layers = [cv2.resize(rng.normal(0, 60 / 2**k, (2**k + 1,) * 2), (400, 300)) for k in range(1, 7)]
    return Image.fromarray(np.clip(128 + sum(layers), 0, 255).astype(np.uint8)).convert("RGB")


def hash_of(content: bytes | NDArray[Any]) -> tuple[int, bool]:
    small = decode_array(content).small if isinstance(content, np.ndarray) else decode_bytes(content).small
    hashes, _, informative = perceptual_hashes(raw_measures(small)[3][None])
    return int(hashes[0]), bool(informative[0])


def test_re_encoding_and_resizing_keep_the_perceptual_hash_near() -> None:
    rng = np.random.default_rng(7)
    originals = [scenery(rng) for _ in range(20)]
    hashes = [hash_of(encode(image, "PNG"))[0] for image in originals]
    for image, original in zip(originals, hashes, strict=True):
        copies = [
            encode(image, "JPEG", quality=30),
            encode(image.resize((200, 150)), "JPEG"),
            encode(image.resize((100, 75)), "PNG"),
            encode(image, "WEBP", quality=40),
        ]
        assert max((hash_of(copy)[0] ^ original).bit_count() for copy in copies) <= 6
    between = [(a ^ b).bit_count() for n, a in enumerate(hashes) for b in hashes[:n]]
    assert min(between) > 6


def test_images_without_information_have_no_perceptual_hash() -> None:
    rng = np.random.default_rng(8)
    noisy = np.clip(200 + rng.normal(0, 2, (300, 300)), 0, 255).astype(np.uint8)
    for blank in (np.zeros((50, 50), np.uint8), np.full((9, 9), 255, np.uint8), GRADIENT, GRADIENT.T.copy(), noisy):
        assert not hash_of(blank)[1]
    assert hash_of(np.asarray(scenery(rng)))[1]
    stripes = np.repeat((np.sin(np.arange(256) / 9) * 90 + 128).astype(np.uint8)[None], 256, axis=0)
    assert not hash_of(stripes)[1]


def test_pixels_are_upright_rgb_stretched_to_the_square() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = upright(ASYMMETRIC, 8)
    data = encode(Image.fromarray(stored), "PNG", exif=exif.tobytes())
    result = shard(["0"], [None], ShardSettings(Fixed(data), pixels=20))  # type: ignore[arg-type]
    assert result.pixels is not None
    wanted = cv2.resize(ASYMMETRIC, (20, 20), interpolation=cv2.INTER_AREA)
    assert np.abs(result.pixels[0].astype(int) - wanted).max() <= 1
