"""What is found in masks of one file an object: faults that people corrected, and planted ones.

Run by hand: ``python tests/benchmarks/bench_instance_masks.py ORIGINAL FIXED [--images 400] [--each 20]``, two folders
of Data Science Bowl 2018's ``stage1_train``: as it was published, and as github.com/lopuhin/
kaggle-dsbowl-2018-dataset-fixes has corrected it. Figures go to ``docs/benchmarks.md``.
"""

from __future__ import annotations

import argparse
import filecmp
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from datacheck.annotations.mask_files import measure_masks
from datacheck.findings import Found
from datacheck.rules import RULES, RuleContext
from datacheck.rules.masks.dc826_mask_islands import MaskIslands, Regions, specks_of_objects
from datacheck.scanning import scan
from datacheck.sources import open_source

Pixels = NDArray[np.uint8]


def corrected_by_people(original: Path, fixed: Path) -> None:
    """Compare the masks that DC826 names with those that people changed or removed."""
    wall, processor = time.perf_counter(), time.process_time()
    masks = measure_masks(open_source(original))
    print(f"measured in {time.perf_counter() - wall:.0f} s ({time.process_time() - processor:.0f} s of processor time)")
    specks, _ = specks_of_objects(Regions.of(masks, masks.readable), MaskIslands.part)
    named = {masks.column("file")[row] for row in np.unique(Regions.of(masks, masks.readable).row[specks])}
    files = masks.column("file")
    changed = {name for name in files if not same(original / name, fixed / name)}
    print(f"{len(files):,} masks, {len(changed):,} of them changed or removed by people")
    print(f"DC826 names {len(named):,}; {len(named & changed):,} of these were changed or removed")


def same(first: Path, second: Path) -> bool:
    return second.exists() and filecmp.cmp(first, second, shallow=False)


def stray(pixels: Pixels) -> Pixels:
    rows, columns = np.nonzero(pixels)
    inside = rows < np.quantile(rows, 0.3)
    pixels[rows[inside], columns[inside]] = 90
    return pixels


def speck(pixels: Pixels) -> Pixels:
    far = np.argmax(np.abs(np.argwhere(pixels == 0) - np.argwhere(pixels).mean(axis=0)).sum(axis=1))
    pixels[tuple(np.argwhere(pixels == 0)[far])] = 255
    return pixels


def hole(pixels: Pixels) -> Pixels:
    y, x = np.argwhere(pixels).mean(axis=0).astype(int)
    pixels[y, x] = 0
    return pixels


def to_jpeg(path: Path) -> None:
    Image.open(path).convert("L").save(path.with_suffix(".jpg"), quality=75)
    path.unlink()


def edit(change: Callable[[Pixels], Pixels]) -> Callable[[Path], None]:
    return lambda path: Image.fromarray(change(np.array(Image.open(path).convert("L")))).save(path)


def nearly_again(path: Path) -> None:
    pixels = np.array(Image.open(path).convert("L"))
    pixels[np.flatnonzero(pixels.any(axis=1))[0]] = 0
    Image.fromarray(pixels).save(path.with_name(f"again_{path.name}"))


FAULTS: dict[str, tuple[str, Callable[[Path], None]]] = {
    "no image": ("DC820", lambda path: path.write_text("version https://example.org") and None),
    "other size": ("DC821", edit(lambda pixels: pixels[:-2])),
    "stray value": ("DC822", edit(stray)),
    "blank": ("DC823", edit(np.zeros_like)),
    "JPEG": ("DC824", to_jpeg),
    "file twice": ("DC825", lambda path: shutil.copy(path, path.with_name(f"copy_{path.name}")) and None),
    "speck": ("DC826", edit(speck)),
    "hole": ("DC826", edit(hole)),
    "drawn twice": ("DC829", nearly_again),
}


def planted(fixed: Path, n_images: int, each: int) -> None:
    """Plant faults of each kind in masks of 100 pixels and more, and count the images of them that are named."""
    rng = np.random.default_rng(0)
    folders = sorted(path.parent for path in fixed.rglob("images"))
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        for folder in rng.permutation(len(folders))[:n_images]:
            shutil.copytree(folders[folder], root / folders[folder].name)
        context = opened(root)
        clean = named_by(context)
        print(f"{len(context.manifest)} images as they are: " + ", ".join(f"{k} {len(v)}" for k, v in clean.items()))
        chosen = iter(rng.permutation(sorted(root.iterdir())))
        truth: dict[str, set[str]] = {}
        for name, (_, plant) in FAULTS.items():
            while len(truth.setdefault(name, set())) < each:
                image = next(chosen)
                masks = sorted((image / "masks").iterdir())
                path = masks[int(rng.integers(len(masks)))]
                if (np.array(Image.open(path)) > 0).sum() >= 100:
                    plant(path)
                    truth[name].add(image.name)
        found = named_by(opened(root))
        for name, (code, _) in FAULTS.items():
            print(f"{name}: {code} names {len(truth[name] & found.get(code, set()))} of {each}")
        for code, images in found.items():
            own = set().union(
                *(truth[name] for name, (other, _) in FAULTS.items() if other == code), clean.get(code, ())
            )
            print(f"{code}: {len(images - own)} further images")


def opened(root: Path) -> RuleContext:
    manifest = open_source(root)
    return RuleContext(manifest, scan(manifest).measurements)


def named_by(context: RuleContext) -> dict[str, set[str]]:
    outcomes = {rule.code: rule.check(context) for rule in (kind() for kind in RULES) if rule.code.startswith("DC82")}
    return {
        code: {name.split("/")[0] for name in each.issues["sample_id"].to_pylist()}
        for code, each in outcomes.items()
        if isinstance(each, Found)
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("original", type=Path)
    parser.add_argument("fixed", type=Path)
    parser.add_argument("--images", type=int, default=400)
    parser.add_argument("--each", type=int, default=20)
    given = parser.parse_args()
    corrected_by_people(given.original, given.fixed)
    planted(given.fixed, given.images, given.each)


if __name__ == "__main__":
    main()
