"""Which changed copies of real photos are found, beside imagededup's hashes on the same files.

Run by hand: ``python tests/benchmarks/bench_twins.py PHOTOS [--photos 200] [--imagededup PYTHON]``. ``PHOTOS`` is a
folder of photos; each transform is applied to some of them, and the copies lie beside all photos. A pair that is not
planted and not found without copies is counted as another. ``PYTHON`` is an interpreter that has imagededup.
``--transforms`` takes the names of rows to run, ``--methods`` those of datacheck's columns; without them all are run.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from datacheck.duplicates import DEFAULT_NEAR_DUPLICATE_DISTANCE, DuplicateSearch
from datacheck.duplicates.search import search_duplicates
from datacheck.scanning import scan
from datacheck.sources import open_source

Change = Callable[[Image.Image], Image.Image]
Pairs = set[tuple[str, str]]


def cropped(image: Image.Image, share: float) -> Image.Image:
    width, height = image.size
    left, top = round(width * (1 - share) / 2), round(height * (1 - share) / 2)
    return image.crop((left, top, width - left, height - top)).resize(image.size)


def corner(image: Image.Image) -> Image.Image:
    return image.crop((0, 0, round(0.7 * image.width), round(0.7 * image.height)))


def marked(image: Image.Image) -> Image.Image:
    image = image.copy()
    width, height = image.size
    box = (0.3 * width, 0.45 * height, 0.7 * width, 0.55 * height)
    ImageDraw.Draw(image, "RGBA").rectangle(box, fill=(255, 255, 255, 120))
    return image


CHANGES: dict[str, Change] = {
    "mirrored": ImageOps.mirror,
    "turned by 90 degrees": lambda image: image.transpose(Image.Transpose.ROTATE_90),
    "turned by 8 degrees": lambda image: image.rotate(8, fillcolor=(128, 128, 128)),
    "cropped to 90 % a side": lambda image: cropped(image, 0.9),
    "cropped to 80 % a side": lambda image: cropped(image, 0.8),
    "cropped to 70 % a side": lambda image: cropped(image, 0.7),
    "one corner, 70 % a side": corner,
    "brighter by 25 %": lambda image: ImageEnhance.Brightness(image).enhance(1.25),
    "grey": lambda image: ImageOps.grayscale(image).convert("RGB"),
    "squashed to a square": lambda image: image.resize((300, 300)),
    "watermark": marked,
    "blurred": lambda image: image.filter(ImageFilter.GaussianBlur(3)),
    "half the size, JPEG 40": lambda image: image.resize((image.width // 2, image.height // 2)),
    "mirrored and cropped": lambda image: cropped(ImageOps.mirror(image), 0.8),
}

IMAGEDEDUP = """
import json, sys
from imagededup.methods import PHash
found = PHash(verbose=False).find_duplicates(image_dir=sys.argv[1], max_distance_threshold=10)
print(json.dumps(sorted({tuple(sorted((a, b))) for a, others in found.items() for b in others})))
"""


def ours(folder: Path, search: DuplicateSearch) -> tuple[Pairs, float, int]:
    """Return the pairs found, processor seconds without the scan, and how many show one thing again."""
    manifest = open_source(folder)
    measurements = scan(manifest, thumbnails=False).measurements
    start = time.process_time()
    found = search_duplicates(manifest, measurements, search=search, max_distance=DEFAULT_NEAR_DUPLICATE_DISTANCE)
    seconds = time.process_time() - start
    names = manifest.sample_ids.to_pylist()
    again = 0 if found.registered is None else int((~found.registered.copies).sum())
    exact = {}
    pairs: Pairs = set()
    for row, cluster in enumerate(found.exact.tolist()):
        if cluster >= 0:
            pairs.add(key(names[exact.setdefault(cluster, row)], names[row]))
    return pairs | {key(names[one], names[two]) for one, two in found.near_pairs.tolist()}, seconds, again


def theirs(folder: Path, python: str) -> tuple[Pairs, float]:
    start = time.perf_counter()
    done = subprocess.run([python, "-c", IMAGEDEDUP, str(folder)], capture_output=True, text=True, check=True)
    return {key(*pair) for pair in json.loads(done.stdout.splitlines()[-1])}, time.perf_counter() - start


def key(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one < other else (other, one)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos_folder", type=Path)
    parser.add_argument("--photos", type=int, default=200)
    parser.add_argument("--imagededup", default="")
    parser.add_argument("--transforms", nargs="+", choices=list(CHANGES), default=list(CHANGES), metavar="NAME")
    parser.add_argument("--methods", nargs="+", choices=["hash", "features"], default=["hash", "features"])
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "photos"
        folder.mkdir()
        sources = sorted(arguments.photos_folder.rglob("*.jpg"))
        for number, source in enumerate(sources):
            (folder / f"{number:05d}.jpg").write_bytes(source.read_bytes())
        ways: dict[str, Callable[[], Pairs]] = {
            "hash": lambda: ours(folder, DuplicateSearch.HASH)[0],
            "features": lambda: ours(folder, DuplicateSearch.FEATURES)[0],
        }
        methods = {name: find for name, find in ways.items() if name in arguments.methods}
        if arguments.imagededup:
            methods["imagededup PHash"] = lambda: theirs(folder, arguments.imagededup)[0]
        before = {name: find() for name, find in methods.items()}
        print(
            f"{len(sources)} photos; without copies: " + ", ".join(f"{name} {len(one)}" for name, one in before.items())
        )
        if "features" in methods:
            _, seconds, again = ours(folder, DuplicateSearch.FEATURES)
            print(f"features: {seconds:.1f} CPU s beyond the scan, {again} pairs of one thing photographed again")
        step = max(1, len(sources) // arguments.photos)
        chosen = list(range(0, len(sources), step))[: arguments.photos]
        print(f"\n{'transform':26}" + "".join(f"{name:>22}" for name in methods))
        for name in arguments.transforms:
            change = CHANGES[name]
            planted = {key(f"{row:05d}.jpg", f"{row:05d}_copy.jpg") for row in chosen}
            for row in chosen:
                changed = change(Image.open(folder / f"{row:05d}.jpg").convert("RGB"))
                changed.save(folder / f"{row:05d}_copy.jpg", quality=40 if "JPEG" in name else 90)
            line = f"{name:26}"
            for method, find in methods.items():
                found = find()
                others = {pair for pair in found - planted - before[method] if not _derived(pair, before[method])}
                line += f"{len(found & planted) / len(planted):>12.3f} ({len(others)} other)"
            print(line, flush=True)
            for row in chosen:
                (folder / f"{row:05d}_copy.jpg").unlink()
    print(f"\npeak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")


def _derived(pair: tuple[str, str], before: Pairs) -> bool:
    """Whether a pair follows from the photos that are alike without copies: a copy of one beside the other."""
    one, other = (name.replace("_copy", "") for name in pair)
    return one == other or key(one, other) in before


if __name__ == "__main__":
    main()
