"""The embedded dataset: scikit-learn's handwritten digits as photos of ink on paper, with known defects planted."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from datacheck.errors import DatacheckError

SIDE = 64
"""Side of a photo in pixels."""

SPLIT_SHARES = {"train": 0.7, "val": 0.15, "test": 0.15}
"""Shares of the splits, the most usual ones."""

Photo = NDArray[np.uint8]


@dataclass(frozen=True)
class DemoTruth:
    """What was planted.

    Attributes
    ----------
    folder
        The dataset's root.
    planted
        For each rule that must find something, the samples that it must name; empty where none is concerned.
    consequences
        Rule codes that find something as well, and are right, because of what was planted for another rule.
    """

    folder: Path
    planted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    consequences: frozenset[str] = frozenset()


def write_demo(folder: Path, *, clean: bool = False, seed: int = 0) -> DemoTruth:
    """Write the digits as ``folder/split/class/number.png`` and plant the defects.

    Parameters
    ----------
    folder
        A new or empty folder.
    clean
        Plant nothing: a dataset on which every rule must find nothing.
    seed
        Seed of papers, inks, split and defects.

    Raises
    ------
    DatacheckError
        When the folder holds something already.

    Examples
    --------
    >>> import tempfile
    >>> truth = write_demo(Path(tempfile.mkdtemp()), clean=True)
    >>> len(list(truth.folder.glob("train/*/*.png"))) > 1200
    True
    """
    if folder.exists() and any(folder.iterdir()):
        raise DatacheckError(f"expected a new or empty folder for the demo, {folder} holds files: name another one")
    rng = np.random.default_rng(seed)
    for name, photo in _photos(rng).items():
        _write(folder / name, photo)
    if clean:
        return DemoTruth(folder)
    return _Planter(folder, rng).plant()


def _photos(rng: np.random.Generator) -> dict[str, Photo]:
    """Return the clean photos by relative path."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    images, labels = digits.images / 16.0, digits.target
    splits = _stratified_splits(labels, rng)
    names = [f"{split}/{label}/{row:04d}.png" for row, (split, label) in enumerate(zip(splits, labels, strict=True))]
    return {name: ink_on_paper(image, rng) for name, image in zip(names, images, strict=True)}


def _stratified_splits(labels: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.str_]:
    splits = np.full(len(labels), "train", dtype="<U5")
    for label in np.unique(labels):
        rows = rng.permutation(np.flatnonzero(labels == label))
        n_val = round(len(rows) * SPLIT_SHARES["val"])
        splits[rows[:n_val]] = "val"
        splits[rows[n_val : 2 * n_val]] = "test"
    return splits


def ink_on_paper(digit: NDArray[np.float64], rng: np.random.Generator) -> Photo:
    """Draw a digit, values in [0, 1], shape [8, 8], as a photo of blue ink on tinted paper, shape [64, 64, 3]."""
    small = Image.fromarray((digit * 255).astype(np.uint8))
    ink = np.asarray(small.resize((SIDE, SIDE), Image.Resampling.BICUBIC), dtype=np.float64) / 255.0
    ink = np.clip((ink - 0.35) / 0.3, 0.0, 1.0)[..., None]
    paper_colour = np.array([0.80, 0.77, 0.66]) + rng.normal(0, 0.03, 3)
    ink_colour = np.array([0.12, 0.16, 0.42]) + rng.normal(0, 0.04, 3)
    rows, columns = np.mgrid[0:SIDE, 0:SIDE] / SIDE - 0.5
    light = 1.0 + rng.normal(0, 0.06) * rows + rng.normal(0, 0.06) * columns
    photo = (paper_colour * (1 - ink) + ink_colour * ink) * light[..., None]
    photo += rng.normal(0, 0.02, photo.shape)
    return np.asarray(np.clip(photo, 0, 1) * 255, dtype=np.uint8)


def _write(path: Path, photo: Photo) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(photo).save(path)


class _Planter:
    """Plants one kind of defect after another, never two in one photo."""

    def __init__(self, folder: Path, rng: np.random.Generator) -> None:
        self.folder = folder
        self.rng = rng
        self.used: set[str] = set()
        self.planted: dict[str, tuple[str, ...]] = {}

    def plant(self) -> DemoTruth:
        self.miss_class(split="val", label="9")
        self.thin_class(split="train", label="8", keep=10)
        self.change_camera("test")
        self.copy_photos()
        self.spoil_photos()
        self.break_files()
        self.planted["DC501"] = self.mislabel(40)
        # The tint planted for DC307 and DC409 sets the whole test split apart by content as well.
        return DemoTruth(self.folder, self.planted, frozenset({"DC306", "DC308"}))

    def pick(self, n: int, split: str = "train") -> list[str]:
        """Choose untouched photos of a split, none of the class that was thinned."""
        free = sorted(
            name
            for path in (self.folder / split).glob("*/*.png")
            if (name := path.relative_to(self.folder).as_posix()) not in self.used and path.parent.name != "8"
        )
        chosen = [free[position] for position in self.rng.choice(len(free), n, replace=False)]
        self.used.update(chosen)
        return chosen

    def read(self, name: str) -> Photo:
        with Image.open(self.folder / name) as image:
            return np.asarray(image.convert("RGB"))

    def miss_class(self, *, split: str, label: str) -> None:
        for path in (self.folder / split / label).iterdir():
            path.unlink()
        (self.folder / split / label).rmdir()
        self.planted["DC201"] = ()

    def thin_class(self, *, split: str, label: str, keep: int) -> None:
        for path in sorted((self.folder / split / label).iterdir())[keep:]:
            path.unlink()
        self.planted |= {"DC202": (), "DC203": ()}

    def change_camera(self, split: str) -> None:
        """Give a split the yellow cast of another camera."""
        for path in (self.folder / split).glob("*/*.png"):
            name = path.relative_to(self.folder).as_posix()
            _write(path, (self.read(name) * np.array([1.0, 0.95, 0.7])).astype(np.uint8))
        self.planted |= {"DC307": (), "DC409": ()}

    def copy_photos(self) -> None:
        self.planted["DC301"] = self.copy(self.pick(5), suffix="copy")
        self.planted["DC302"] = self.copy(self.pick(5), suffix="resaved", change=_resave)
        leaked = self.pick(12, "test")
        self.copy(leaked, suffix="leaked", split="train")
        self.planted["DC303"] = tuple(sorted(leaked))
        self.planted["DC304"] = self.copy(self.pick(3), suffix="twin", relabel=True)

    def copy(
        self,
        names: list[str],
        *,
        suffix: str,
        split: str | None = None,
        relabel: bool = False,
        change: Callable[[bytes], bytes] = bytes,
    ) -> tuple[str, ...]:
        """Copy photos, and return originals and copies."""
        made = []
        for name in names:
            own_split, label, file = name.split("/")
            label = str((int(label) + 1) % 8) if relabel else label
            copy = f"{split or own_split}/{label}/{Path(file).stem}-{suffix}.png"
            (self.folder / copy).write_bytes(change((self.folder / name).read_bytes()))
            made.append(copy)
        self.used.update(made)
        return tuple(sorted([*names, *made]))

    def spoil_photos(self) -> None:
        """Spoil photos one by one, each in its own way."""
        spoil: dict[str, tuple[int, Callable[[Photo], Photo]]] = {
            "DC401": (6, lambda photo: (photo * 0.06).astype(np.uint8)),
            "DC402": (6, lambda photo: (255 - (255 - photo) * 0.05).astype(np.uint8)),
            "DC403": (6, _blur),
            "DC404": (4, lambda photo: np.full_like(photo, photo.mean(axis=(0, 1)))),
            "DC405": (3, lambda photo: np.asarray(Image.fromarray(photo).resize((640, 640)))),
            "DC406": (3, lambda photo: np.tile(photo, (1, 9, 1))),
            "DC408": (6, lambda photo: np.asarray(Image.fromarray(photo).convert("L").convert("RGB"))),
        }
        for code, (n, change) in spoil.items():
            names = self.pick(n)
            for name in names:
                _write(self.folder / name, change(self.read(name)))
            self.planted[code] = tuple(sorted(names))
        self.planted["DC407"] = tuple(sorted(self.pick(4)))
        for name in self.planted["DC407"]:
            exif = Image.Exif()
            exif[0x0112] = 6
            Image.fromarray(np.rot90(self.read(name)).copy()).save(self.folder / name, exif=exif)

    def break_files(self) -> None:
        truncated, empty, text = broken = self.pick(3)
        content = (self.folder / truncated).read_bytes()
        (self.folder / truncated).write_bytes(content[: len(content) // 2])
        (self.folder / empty).write_bytes(b"")
        (self.folder / text).write_text("404 Not Found\n", encoding="utf-8")
        self.planted["DC101"] = tuple(sorted(broken))
        renamed = self.pick(4)
        for name in renamed:
            Image.fromarray(self.read(name)).save(self.folder / name, format="JPEG", quality=95)
        self.planted["DC105"] = tuple(sorted(renamed))

    def mislabel(self, n: int) -> tuple[str, ...]:
        """Move photos into the folder of another digit."""
        moved = []
        for name in self.pick(n):
            split, label, file = name.split("/")
            wrong = (
                str((int(label) + int(self.rng.integers(1, 8))) % 8) if int(label) < 8 else str(self.rng.integers(8))
            )
            target = f"{split}/{wrong}/{Path(file).stem}-m.png"
            (self.folder / name).rename(self.folder / target)
            moved.append(target)
        self.used.update(moved)
        return tuple(sorted(moved))


def _resave(content: bytes) -> bytes:
    """Return a PNG of what is left of a photo after a JPEG of low quality and a smaller size."""
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(content)) as image:
        image.convert("RGB").save(buffer, "JPEG", quality=70)
    result = io.BytesIO()
    with Image.open(buffer) as image:
        image.resize((60, 60)).save(result, "PNG")
    return result.getvalue()


def _blur(photo: Photo) -> Photo:
    return np.asarray(Image.fromarray(photo).filter(ImageFilter.GaussianBlur(6)))
