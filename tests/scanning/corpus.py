"""A corpus of broken files, made from a seed: every format that Pillow writes here, broken in every way we know."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, features

FORMATS = tuple(
    name
    for name in ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "ICO", "AVIF", "TGA", "JPEG2000")
    if features.check({"WEBP": "webp", "AVIF": "avif", "JPEG2000": "jpg_2000"}.get(name, "pil")) is not False
)
CUTS = (0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97)
FLIPS = 24


def photo(rng: np.random.Generator, height: int = 90, width: int = 120) -> NDArray[np.uint8]:
    """Smooth colour with some noise: what a decoder meets in practice."""
    y, x = np.mgrid[0:height, 0:width]
    waves = [np.sin(x / rng.uniform(5, 30) + rng.uniform(0, 6)) + np.cos(y / rng.uniform(5, 30)) for _ in range(3)]
    noise = rng.normal(0, 12, (height, width, 3))
    pixels: NDArray[np.uint8] = np.clip(128 + 50 * np.stack(waves, axis=-1) + noise, 0, 255).astype(np.uint8)
    return pixels


def encode(image: Image.Image, image_format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, image_format, **options)  # type: ignore[arg-type]
    return buffer.getvalue()


def png_header(width: int, height: int, data: bytes = b"\0" * 64) -> bytes:
    """A PNG that declares a size and holds next to nothing."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def text_bomb() -> bytes:
    """A PNG whose compressed text unpacks to 200 MB."""
    whole = encode(Image.new("RGB", (8, 8)), "PNG")
    body = b"Comment\0\0" + zlib.compress(b"\0" * 200_000_000, 9)
    chunk = struct.pack(">I", len(body)) + b"zTXt" + body + struct.pack(">I", zlib.crc32(b"zTXt" + body))
    return whole[:33] + chunk + whole[33:]


def broken_files(seed: int = 0) -> dict[str, bytes]:
    """Return at least 500 files by name."""
    rng = np.random.default_rng(seed)
    files: dict[str, bytes] = {}
    for image_format in FORMATS:
        suffix = image_format.lower()
        images = {"rgb": Image.fromarray(photo(rng)), "grey": Image.fromarray(photo(rng)[..., 0])}
        wholes = {name: encode(image, image_format) for name, image in images.items()}
        if image_format == "JPEG":
            wholes["progressive"] = encode(images["rgb"], "JPEG", progressive=True)
        for name, whole in wholes.items():
            for cut in CUTS:
                files[f"{name}-cut{cut}.{suffix}"] = whole[: max(1, int(cut * len(whole)))]
            for number in range(FLIPS):
                files[f"{name}-flip{number}.{suffix}"] = flip(whole, rng)
        files[f"header-only.{suffix}"] = wholes["rgb"][:16]
        files[f"mislabelled-{suffix}.xyz"] = wholes["rgb"]
        files[f"mislabelled-{suffix}.{'png' if suffix == 'jpeg' else 'jpg'}"] = wholes["rgb"]
        files[f"zeroed-tail.{suffix}"] = wholes["rgb"][: len(wholes["rgb"]) // 2] + bytes(len(wholes["rgb"]) // 2)
    files["empty.jpg"] = b""
    files["text.jpg"] = b"this is not a picture\n" * 20
    files["html.png"] = b"<!doctype html><html><body>404</body></html>"
    files["noise.bmp"] = rng.bytes(5000)
    files["huge.png"] = png_header(60_000, 60_000)
    files["hollow.png"] = png_header(19_000, 19_000)
    files["textbomb.png"] = text_bomb()
    return files


def flip(whole: bytes, rng: np.random.Generator) -> bytes:
    """Flip one to four bits anywhere."""
    damaged = bytearray(whole)
    for position in rng.integers(0, len(whole), rng.integers(1, 5)):
        damaged[position] ^= 1 << int(rng.integers(0, 8))
    return bytes(damaged)


def fully_decodes(data: bytes) -> bool:
    """The oracle: a full, strict decode by Pillow."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data)) as image:
                if image.width * image.height > 1 << 29:
                    return False
                image.convert("RGB").load()
    except Exception:
        return False
    return True


def write(folder: Path, files: dict[str, bytes]) -> list[str]:
    """Write the files and return their names."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return list(files)
