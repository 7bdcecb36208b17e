"""Which changed copies of real photos are found, beside imagededup and fastdup on the same files.

Run by hand: ``python tests/benchmarks/bench_twins.py PHOTOS [--photos 200] [--of 400] [--peers PYTHON]``. ``PHOTOS`` is
a folder of photos, of which ``--of`` are taken; each transform is applied to some of them, and the copies lie beside
all of these. A pair that is not planted and not found without copies is counted as another. ``PYTHON`` is one that has
imagededup, fastdup and torch, ``--weights`` a MobileNetV2 (torchvision's names, 1,001 classes). What a peer
finds counts from its own default similarity, and, in brackets, from where it names no pair that shows two things.
``--transforms`` takes the names of rows to run, ``--methods`` those of columns; without them all are run.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from datacheck.duplicates import DEFAULT_NEAR_DUPLICATE_DISTANCE, DuplicateSearch
from datacheck.duplicates.search import search_duplicates
from datacheck.scanning import scan
from datacheck.sources import open_source

Change = Callable[[Image.Image], Image.Image]
Pairs = set[tuple[str, str]]
Scored = dict[tuple[str, str], float]
SUFFIXES = {".jpg", ".jpeg", ".png"}


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

PEERS = {
    "imagededup PHash": """
from imagededup.methods import PHash
found = PHash(verbose=False).find_duplicates(image_dir=folder, max_distance_threshold=10)
pairs = [(a, b, 1.0) for a, others in found.items() for b in others]
""",
    "imagededup CNN": """
import torch, torchvision
from imagededup.methods import CNN
from imagededup.utils.models import CustomModel
network = torchvision.models.mobilenet_v2(num_classes=1001)
network.load_state_dict(torch.load(weights, weights_only=True))
network = network.float().eval()
tf = torchvision.transforms
ready = tf.Compose([tf.Resize((224, 224)), tf.ToTensor(), tf.Normalize([0.5] * 3, [0.5] * 3)])
class Features(torch.nn.Module):
    def forward(self, images):
        return network.features(images).mean(dim=(2, 3))
method = CNN(verbose=False, model_config=CustomModel("mobilenet_v2", Features(), ready))
found = method.find_duplicates(image_dir=folder, min_similarity_threshold=0.8, scores=True, num_sim_workers=1)
pairs = [(a, b, float(score)) for a, others in found.items() for b, score in others]
""",
    "fastdup": """
import os, tempfile
os.environ["SENTRY_OPT_OUT"] = "1"
import fastdup
with tempfile.TemporaryDirectory() as work:
    run = fastdup.create(work_dir=work, input_dir=folder)
    run.run(overwrite=True, verbose=False, num_threads=1, threshold=0.8)
    table = run.similarity()
names = [[os.path.basename(one) for one in table[column]] for column in ("filename_from", "filename_to")]
pairs = list(zip(*names, map(float, table["distance"])))
""",
}
"""Code that sets ``pairs``, (name, name, similarity), of the images in ``folder``."""

DEFAULTS = {"hash": 1.0, "features": 1.0, "imagededup PHash": 1.0, "imagededup CNN": 0.9, "fastdup": 0.9}
"""Similarity from which each calls two images duplicates."""


def scored(folder: Path, search: DuplicateSearch) -> Scored:
    """Return the pairs found, copies with a similarity of 1, what was photographed again with 0.5."""
    manifest = open_source(folder)
    measurements = scan(manifest, thumbnails=False).measurements
    found = search_duplicates(manifest, measurements, search=search, max_distance=DEFAULT_NEAR_DUPLICATE_DISTANCE)
    names = manifest.sample_ids.to_pylist()
    exact = {}
    pairs: Pairs = set()
    for row, cluster in enumerate(found.exact.tolist()):
        if cluster >= 0:
            pairs.add(key(names[exact.setdefault(cluster, row)], names[row]))
    pairs |= {key(names[one], names[two]) for one, two in found.near_pairs.tolist()}
    again = [] if found.registered is None else found.registered.pairs[~found.registered.copies].tolist()
    return dict.fromkeys((key(names[one], names[two]) for one, two in again), 0.5) | dict.fromkeys(pairs, 1.0)


def theirs(folder: Path, python: str, name: str, weights: Path | None) -> dict[tuple[str, str], float]:
    """Return the pairs that a peer finds, with their similarity."""
    code = f"import json\nfolder, weights = {str(folder)!r}, {str(weights)!r}\n{PEERS[name]}\nprint(json.dumps(pairs))"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    return {key(one, other): score for one, other, score in json.loads(done.stdout.splitlines()[-1])}


def processor_seconds() -> float:
    """Return the seconds of this process and of its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def key(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one < other else (other, one)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos_folder", type=Path)
    parser.add_argument("--photos", type=int, default=200)
    parser.add_argument("--of", type=int)
    parser.add_argument("--peers", default="")
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--transforms", nargs="+", choices=list(CHANGES), default=list(CHANGES), metavar="NAME")
    parser.add_argument(
        "--methods", nargs="+", choices=["hash", "features", *PEERS], default=["hash", "features", *PEERS]
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "photos"
        folder.mkdir()
        sources = sorted(path for path in arguments.photos_folder.rglob("*") if path.suffix.lower() in SUFFIXES)
        sources = sources[:: max(1, len(sources) // (arguments.of or len(sources)))]
        for number, source in enumerate(sources):
            Image.open(source).convert("RGB").save(folder / f"{number:05d}.jpg", quality=95)
        methods: dict[str, Callable[[], Scored]] = {
            name: partial(scored, folder, DuplicateSearch(name)) for name in ("hash", "features")
        }
        if arguments.peers:
            methods |= {name: partial(theirs, folder, arguments.peers, name, arguments.weights) for name in PEERS}
        methods = {name: find for name, find in methods.items() if name in arguments.methods}
        before = {}
        for name, find in methods.items():
            start = processor_seconds()
            before[name] = find()
            seconds = processor_seconds() - start
            named = sum(score >= DEFAULTS[name] for score in before[name].values())
            print(f"{name}: {named} pairs among {len(sources)} photos without copies, {seconds:.0f} CPU s", flush=True)
        step = max(1, len(sources) // arguments.photos)
        chosen = list(range(0, len(sources), step))[: arguments.photos]
        print(f"\n{len(chosen)} copies{'':15}" + "".join(f"{name:>26}" for name in methods))
        for name in arguments.transforms:
            planted = {key(f"{row:05d}.jpg", f"{row:05d}_copy.jpg") for row in chosen}
            for row in chosen:
                changed = CHANGES[name](Image.open(folder / f"{row:05d}.jpg").convert("RGB"))
                changed.save(folder / f"{row:05d}_copy.jpg", quality=40 if "JPEG" in name else 90)
            line = f"{name:26}"
            for method, find in methods.items():
                line += f"{told(find(), planted, before, method):>26}"
            print(line, flush=True)
            for row in chosen:
                (folder / f"{row:05d}_copy.jpg").unlink()
    print(f"\npeak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")


def told(found: Scored, planted: Pairs, before: dict[str, Scored], method: str) -> str:
    """Return the share of the planted pairs that are found, and the other pairs, at two limits of the similarity."""
    at_default = {pair for pair, score in found.items() if score >= DEFAULTS[method]}
    known = {pair for pair, score in before[method].items() if score >= DEFAULTS[method]}
    others = {pair for pair in at_default - planted - known if not _derived(pair, known)}
    line = f"{len(at_default & planted) / len(planted):.3f}, {len(others)} other"
    if method not in ("imagededup CNN", "fastdup"):
        return line
    alike = set(before.get("features", {}))
    wrong = (score for pair, score in found.items() if pair not in planted | alike and not _derived(pair, alike))
    highest = max(wrong, default=0.0)
    return f"{line} [{sum(found.get(pair, 0) > highest for pair in planted) / len(planted):.3f}]"


def _derived(pair: tuple[str, str], before: Pairs) -> bool:
    """Whether a pair follows from the photos that are alike without copies: a copy of one beside the other."""
    one, other = (name.replace("_copy", "") for name in pair)
    return one == other or key(one, other) in before


if __name__ == "__main__":
    main()
