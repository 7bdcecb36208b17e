"""Small, clean, realistic datasets on which every rule stays silent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from PIL import Image

from datacheck.manifest import Listings, Manifest, Modality, Task
from datacheck.scanning.measurements import MEASUREMENTS_SCHEMA, Measurements

Pixels = NDArray[np.uint8]

TOY_CLASSES = ("bar", "disc", "star")
"""The default classes of `toy_images`."""

TOY_SPLITS: Mapping[str, float] = {"train": 0.6, "val": 0.2, "test": 0.2}
"""The default splits of `toy_images`, with their shares of every class."""


def toy_images(
    folder: Path,
    *,
    n_per_class: int = 40,
    classes: Sequence[str] = TOY_CLASSES,
    splits: Mapping[str, float] | Sequence[str] | None = TOY_SPLITS,
    size: int = 64,
    seed: int = 0,
) -> Manifest:
    """Write a clean image folder, ``folder/split/class/class_0001.jpg``, and return its manifest.

    Each class is a shape (petals and a filling of its own) of random colour, place and size on a random cloudy
    ground. Brightness, contrast and grain are drawn independently of the class and the split, so that no image
    property predicts them; nothing is dark, blurry or a near-duplicate of anything else.

    Parameters
    ----------
    folder
        Where to write; made when it is missing.
    n_per_class
        Images of each class over all splits together.
    classes
        Class names; also folder names.
    splits
        Shares by split (summing to 1), names for equal shares, or None for ``folder/class/…`` without splits.
    size
        Width and height in pixels, at least 16.
    seed
        The same arguments write the same pixels.

    Examples
    --------
    >>> import tempfile
    >>> manifest = toy_images(Path(tempfile.mkdtemp()), n_per_class=5)
    >>> len(manifest), manifest.classes, manifest.splits
    (15, ('bar', 'disc', 'star'), ('train', 'val', 'test'))
    """
    if size < 16:
        raise ValueError(f"expected a size of at least 16 pixels, found {size}")
    names, ends = _split_ends(splits, n_per_class)
    rows: dict[str, list[str]] = {"uri": [], "label": [], "split": []}
    for kind, label in enumerate(classes):
        for number in range(n_per_class):
            split = names[int(np.searchsorted(ends, number, side="right"))]
            uri = "/".join(part for part in (split, label, f"{label}_{number + 1:04d}.jpg") if part)
            path = Path(folder, uri)
            path.parent.mkdir(parents=True, exist_ok=True)
            pixels, _ = toy_image(kind, size=size, rng=np.random.default_rng([seed, kind, number]))
            save_image(pixels, path)
            for column, value in (("uri", uri), ("label", label), ("split", split)):
                rows[column].append(value)
    if splits is None:
        del rows["split"]
    return Manifest.from_columns(
        rows, task=Task.CLASSIFICATION, root=Path(folder), classes=sorted(classes), took_for="toy images"
    )


def toy_pairs(folder: Path, *, n: int = 40, size: int = 64, seed: int = 0) -> Manifest:
    """Write ``folder/images/img_0001.jpg …`` with ``folder/masks/mask_0001.png …`` and return their paired manifest.

    A mask is 255 where the shape is. `Manifest.listings` holds the two listings, rightly paired.

    Examples
    --------
    >>> import tempfile
    >>> toy_pairs(Path(tempfile.mkdtemp()), n=2).table["label_uri"].to_pylist()
    ['masks/mask_0001.png', 'masks/mask_0002.png']
    """
    images = [f"images/img_{number + 1:04d}.jpg" for number in range(n)]
    masks = [f"masks/mask_{number + 1:04d}.png" for number in range(n)]
    for number, (image, mask) in enumerate(zip(images, masks, strict=True)):
        pixels, inside = toy_image(number % 3, size=size, rng=np.random.default_rng([seed, number]))
        for uri, values in ((image, pixels), (mask, np.where(inside, 255, 0).astype(np.uint8))):
            Path(folder, uri).parent.mkdir(parents=True, exist_ok=True)
            save_image(values, Path(folder, uri))
    return Manifest.from_columns(
        {"uri": images, "label_uri": masks},
        root=Path(folder),
        listings=Listings(tuple(images), tuple(masks)),
        took_for="toy pairs",
    )


def toy_image(kind: int, *, size: int, rng: np.random.Generator) -> tuple[Pixels, NDArray[np.bool_]]:
    """Draw one image of class number ``kind``: pixels [size, size, 3] and where its shape is, [size, size]."""
    axis = np.linspace(-1.0, 1.0, size)
    x, y = axis[None, :] - rng.uniform(-0.2, 0.2), axis[:, None] - rng.uniform(-0.2, 0.2)
    angle, radius = np.arctan2(y, x) + rng.uniform(-0.3, 0.3), np.hypot(x, y)
    petals, filling = (2, 0, 5, 3, 4, 7)[kind % 6], kind // 6
    inside = radius < rng.uniform(0.45, 0.6) * (1 + (0.5 if petals else 0.0) * np.cos(petals * angle))
    if filling:
        inside &= np.cos(6.0 * filling * radius * np.pi) > -0.2
    coarse = rng.normal(0.0, 1.0, (7, 7, 3)).astype(np.float32)
    planes = [
        np.asarray(Image.fromarray(coarse[..., c]).resize((size, size), Image.Resampling.BICUBIC)) for c in range(3)
    ]
    image = np.stack(planes, axis=-1).astype(np.float64)
    image += inside[..., None] * (1.2 + rng.normal(0.0, 0.6, 3))
    image = (image - image.mean()) / image.std() * rng.uniform(0.13, 0.17) + rng.uniform(0.45, 0.55)
    image += rng.normal(0.0, rng.uniform(0.05, 0.07), image.shape)
    return np.clip(np.rint(image * 255), 0, 255).astype(np.uint8), inside


def save_image(pixels: Pixels, path: Path) -> None:
    """Write pixels in the format of the path's extension, at high quality where the format is lossy."""
    Image.fromarray(pixels).save(path, quality=92)


def toy_labels(
    n: int = 1000,
    *,
    classes: Sequence[str] = TOY_CLASSES,
    splits: Mapping[str, float] | Sequence[str] | None = TOY_SPLITS,
    seed: int = 0,
) -> Manifest:
    """Return a balanced classification manifest without pixels, stratified over the splits, in random order.

    Examples
    --------
    >>> manifest = toy_labels(300)
    >>> [int((manifest.label_codes == k).sum()) for k in range(3)]
    [100, 100, 100]
    """
    label = np.arange(n) % len(classes)
    per_class = -(-n // len(classes))
    names, ends = _split_ends(splits, per_class)
    split = np.searchsorted(ends, np.arange(n) // len(classes), side="right")
    order = np.random.default_rng(seed).permutation(n)
    columns = {"label": np.array(classes)[label[order]].tolist()}
    if splits is not None:
        columns["split"] = np.array(names)[split[order]].tolist()
    return Manifest.from_columns(columns, modality=Modality.TABULAR, classes=sorted(classes), took_for="toy labels")


def measurements_for(manifest: Manifest, **columns: Any) -> Measurements:
    """Return measurements of a manifest, plausible and clean but for the columns given.

    A column is an array or list with a value a row, or one value for all rows. What is not given is what a scan of
    distinct 64 × 64 RGB JPEGs without any defect finds. A row with an ``error`` is unreadable and measures nothing.

    Examples
    --------
    >>> manifest = Manifest.from_columns({"uri": ["a.jpg", "b.jpg"]})
    >>> measurements_for(manifest, error=[None, "truncated"], width=32).table["width"].to_pylist()
    [32, None]
    """
    n = len(manifest)
    unknown = sorted(set(columns) - set(MEASUREMENTS_SCHEMA.names))
    if unknown:
        raise ValueError(f"expected columns of the measurements {MEASUREMENTS_SCHEMA.names}, found {unknown}")
    values = _clean_columns(n) | {"sample_id": manifest.sample_ids.to_pylist()}
    for name, given in columns.items():
        values[name] = [given] * n if given is None or isinstance(given, str | bool | int | float) else list(given)
    if "error" in columns and "readable" not in columns:
        values["readable"] = [error is None for error in values["error"]]
    measured = set(MEASUREMENTS_SCHEMA.names[6:]) - set(columns) | {"width", "height", "mode", "format"}
    for name in measured:
        values[name] = [v if ok else None for v, ok in zip(values[name], values["readable"], strict=True)]
    arrays = [pa.array(values[field.name], field.type, from_pandas=True) for field in MEASUREMENTS_SCHEMA]
    return Measurements(pa.table(arrays, schema=MEASUREMENTS_SCHEMA))


def _clean_columns(n: int) -> dict[str, list[object]]:
    rng = np.random.default_rng(n)
    constant: dict[str, object] = {
        "readable": True, "error": None, "error_detail": None, "mtime_ns": 1, "width": 64, "height": 64, "mode": "RGB",
        "format": "JPEG", "n_frames": 1, "exif_orientation": 1, "max_value": None, "greyscale": False,
    }  # fmt: skip
    centred = {
        "brightness": 0.5, "brightness_p01": 0.1, "brightness_p99": 0.9, "contrast": 0.2, "sharpness": 2.0,
        "entropy": 7.2, "colourfulness": 60.0, "mean_red": 0.5, "mean_green": 0.5, "mean_blue": 0.5,
        "std_red": 0.2, "std_green": 0.2, "std_blue": 0.2,
    }  # fmt: skip
    columns: dict[str, list[object]] = {name: [value] * n for name, value in constant.items()}
    for name, centre in centred.items():
        columns[name] = (centre * (1 + 0.05 * np.clip(rng.normal(size=n), -2, 2))).tolist()
    columns["byte_size"] = rng.integers(4000, 5000, n).tolist()
    columns["perceptual_hash"] = rng.integers(0, 2**64, n, dtype=np.uint64).tolist()
    columns["perceptual_signature"] = [None] * n
    columns["content_hash"] = [f"{row:032x}" for row in range(n)]
    return columns


def _split_ends(
    splits: Mapping[str, float] | Sequence[str] | None, n_per_class: int
) -> tuple[list[str], NDArray[np.int64]]:
    """Names of the splits, and after how many images of a class each but the last one ends."""
    if splits is None:
        return [""], np.empty(0, np.int64)
    shares = dict(splits) if isinstance(splits, Mapping) else dict.fromkeys(splits, 1 / len(splits))
    if not shares or abs(sum(shares.values()) - 1) > 1e-9:
        raise ValueError(f"expected split shares that sum to 1, found {shares}")
    return list(shares), np.rint(np.cumsum(list(shares.values()))[:-1] * n_per_class).astype(np.int64)
