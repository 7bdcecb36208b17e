"""Divide a folder of photos into splits and plant defects in it: the dataset of the tutorial.

Run it: python examples/spoil_photos.py SOURCE DEST

SOURCE holds a folder for each class. DEST becomes train/, val/ and test/ with a folder for each class. DEST-truth.csv
beside it has the true label of every file and stands in for the people who would look at the photos. Nothing is planted
in the test split. In the others, as in many folders that grew over years: classes of very different size, wrong labels,
photos that are in two splits, photos taken in the dark, files that were cut off on the way.
"""

from __future__ import annotations

import argparse
import csv
import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance

SHARES = (("test", 0.25), ("val", 0.2), ("train", 1.0))  # each of what the former left
TAIL = 6.0  # the last class keeps one training photo in so many
WRONG = 0.12  # share of wrong labels in train and val
IN_TWO_SPLITS, DARK, CUT_OFF = 24, 6, 5


def spoil(source: Path, dest: Path, *, seed: int = 0) -> dict[str, int]:
    """Write the dataset, and return how many files have which defect."""
    rng = np.random.default_rng(seed)
    classes = sorted(folder.name for folder in source.iterdir() if folder.is_dir())
    photos = [(path, split, label) for label in classes for path, split in divided(source / label, rng)]
    photos = [photos[place] for place in rng.permutation(len(photos))]
    seen = [number for number, (_, split, _) in enumerate(photos) if split != "test"]
    train = [number for number in seen if photos[number][1] == "train"]
    wrong = set(rng.choice(seen, round(WRONG * len(seen)), replace=False).tolist())
    free = [number for number in train if number not in wrong]
    doubled, dark, cut = np.split(rng.permutation(free)[: IN_TWO_SPLITS + DARK + CUT_OFF], [IN_TWO_SPLITS, -CUT_OFF])
    truth = []
    for number, (path, split, label) in enumerate(photos):
        others = [name for name in classes if name != label]
        given = str(rng.choice(others)) if number in wrong else label
        data = path.read_bytes()
        if number in dark:
            data = altered(data, brightness=0.05)
        if number in cut:
            data = data[: len(data) // 3]
        truth.append((write(dest, f"{split}/{given}/{number:04d}{path.suffix}", data), label))
        if number in doubled:
            truth.append((write(dest, f"val/{given}/{number:04d}b.jpg", altered(data, brightness=1.1)), label))
    with truth_of(dest).open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("sample_id", "label"), *sorted(truth)])
    planted = {"wrong labels": len(wrong), "in two splits": len(doubled), "dark": len(dark), "cut off": len(cut)}
    return {"photos": len(truth), **planted}


def truth_of(dest: Path) -> Path:
    """Return where the true labels are: beside the dataset, so that no audit reads them."""
    return dest.with_name(f"{dest.name}-truth.csv")


def divided(folder: Path, rng: np.random.Generator) -> list[tuple[Path, str]]:
    """Return the photos of a class with their split; of the later classes fewer are in the training split."""
    names = sorted(other.name for other in folder.parent.iterdir() if other.is_dir())
    kept = TAIL ** (-names.index(folder.name) / max(1, len(names) - 1))
    files = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in {".jpg", ".jpeg", ".png"}]
    files = [files[place] for place in rng.permutation(len(files))]
    found: list[tuple[Path, str]] = []
    for split, share in SHARES:
        part, files = files[: round(share * len(files))], files[round(share * len(files)) :]
        keep = max(1, round(kept * len(part))) if split == "train" else len(part)
        found += [(path, split) for path in part[:keep]]
    return found


def altered(data: bytes, *, brightness: float) -> bytes:
    """Return a photo that was made darker or brighter and saved again."""
    with Image.open(io.BytesIO(data)) as image:
        changed = ImageEnhance.Brightness(image.convert("RGB")).enhance(brightness)
    buffer = io.BytesIO()
    changed.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def write(dest: Path, name: str, data: bytes) -> str:
    """Write a file, and return its name in the dataset."""
    path = dest / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return name


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path, help="a folder with a folder of photos for each class")
    parser.add_argument("dest", type=Path, help="a new folder")
    options = parser.parse_args()
    if options.dest.exists():
        raise SystemExit(f"expected a new folder, {options.dest} exists: name another one")
    print(", ".join(f"{name}: {number}" for name, number in spoil(options.source, options.dest).items()))


if __name__ == "__main__":
    main()
