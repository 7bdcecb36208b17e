"""Whether screenshots, pages and charts that lie among photos are listed, and what is listed without them.

Run by hand: ``python tests/benchmarks/bench_off_topic.py PHOTOS``. ``PHOTOS`` is a folder of photos in class folders;
``--radiographs 300`` draws that many grey pictures like radiographs of a chest instead, for want of real ones.
Ten images of each kind are drawn, measured and embedded once, like the photos; then 1, 3 and 10 of one kind at a time
lie among the photos, and rules DC411 and DC503 judge them. About half a minute of processor time for 400 photos.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from datacheck.findings import Found
from datacheck.manifest import Manifest
from datacheck.probing.networks.stages import Stages
from datacheck.probing.outputs import ProbeOutputs
from datacheck.probing.weights import PretrainedWeights
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.labels.dc503_outlier import Outlier
from datacheck.rules.samples.dc411_off_topic import OffTopic
from datacheck.scanning import scan
from datacheck.scanning.measurements import Measurements

SIDE = 160
"""Of the network's input."""

N_DRAWN = 10
"""Images of each kind."""

WORDS = ("the", "model", "of", "a", "batch", "with", "label", "value", "in", "each", "report", "week", "share", "table")
"""What the drawn texts are made of."""


def text(rng: np.random.Generator, n: int) -> str:
    """Words in random order."""
    return " ".join(rng.choice(WORDS, n))


def screenshot(rng: np.random.Generator) -> Image.Image:
    """A window with a bar, a column of names, lines of text and coloured tiles; a third are dark."""
    width, height = ((1280, 800), (1024, 768), (750, 1334))[rng.integers(3)]
    ground, ink = ((30, 30, 34), (220, 220, 220)) if rng.random() < 1 / 3 else ((245, 246, 248), (30, 30, 30))
    image = Image.new("RGB", (width, height), ground)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, width, 48), fill=tuple(rng.integers(40, 220, 3).tolist()))
    for y in range(64, height - 20, 34):
        draw.text((16, y), text(rng, 2), fill=ink, font_size=15)
    y = 80
    while y < height - 100:
        tiles = rng.random() < 0.4
        for x in range(width // 5 + 30, width - 160, 150) if tiles else ():
            draw.rectangle((x, y, x + 130, y + 80), fill=tuple(rng.integers(60, 240, 3).tolist()), outline=ink)
        if not tiles:
            draw.text((width // 5 + 30, y), text(rng, width // 110), fill=ink, font_size=15)
        y += 100 if tiles else 22
    return image


def page(rng: np.random.Generator) -> Image.Image:
    """Paragraphs of black text on white or cream."""
    image = Image.new("RGB", (850, 1100), ((255, 255, 255), (250, 248, 240))[rng.integers(2)])
    draw = ImageDraw.Draw(image)
    draw.text((90, 70), text(rng, 5), fill=(0, 0, 0), font_size=28)
    for y in range(130, 1000, 20):
        if rng.random() < 0.85:
            draw.text((90, y), text(rng, 14), fill=(20, 20, 20), font_size=14)
    return image


def chart(rng: np.random.Generator) -> Image.Image:
    """Bars or lines over axes and a grid."""
    image = Image.new("RGB", (640, 480), (255, 255, 255))
    draw = ImageDraw.Draw(image)
    draw.text((220, 15), text(rng, 3), fill=(0, 0, 0), font_size=18)
    for mark in range(6):
        draw.line((70, 420 - 67 * mark, 610, 420 - 67 * mark), fill=(220, 220, 220))
        draw.text((30, 412 - 67 * mark), str(20 * mark), fill=(0, 0, 0), font_size=13)
    colours = [(31, 119, 180), (255, 127, 14), (44, 160, 44)]
    if rng.random() < 0.5:
        for place, y in enumerate(rng.uniform(80, 380, 9)):
            draw.rectangle((80 + 58 * place, y, 120 + 58 * place, 420), fill=colours[0])
    else:
        for colour in colours:
            draw.line([(80 + 58 * place, y) for place, y in enumerate(rng.uniform(80, 400, 9))], fill=colour, width=3)
    draw.line((70, 50, 70, 420, 610, 420), fill=(0, 0, 0), width=2)
    return image


def radiograph(rng: np.random.Generator) -> Image.Image:
    """A grey picture like a radiograph of a chest: two dark lungs, a spine, ribs, a heart, noise and a letter."""
    side = int(rng.integers(380, 520))
    y, x = (np.mgrid[:side, :side] / side - 0.5) - rng.normal(0, 0.02, 2)[:, None, None]
    wide, high = rng.uniform(0.13, 0.18), rng.uniform(0.28, 0.36)
    lungs = sum(np.exp(-((((x - at) / wide) ** 2 + (y / high) ** 2) ** 2)) for at in (-0.2, 0.2))
    ribs = np.maximum(0, np.sin(2 * np.pi * (y + rng.uniform(0.4, 0.9) * x**2) * rng.uniform(9, 12))) ** 3
    heart = np.exp(-(((x - 0.06) / rng.uniform(0.09, 0.13)) ** 2 + ((y - 0.1) / 0.14) ** 2))
    body = 0.75 * np.exp(-((x / 0.45) ** 6)) + 0.2 * np.exp(-((x / 0.04) ** 2)) + 0.25 * heart
    level = body - rng.uniform(0.4, 0.55) * lungs + rng.uniform(0.06, 0.12) * ribs * lungs
    level = rng.uniform(0.8, 1.1) * level + rng.normal(0, 0.02, level.shape)
    image = Image.fromarray((255 * np.clip(level, 0, 1)).astype(np.uint8))
    ImageDraw.Draw(image).text((20, 15), "LR"[rng.integers(2)], fill=255, font_size=24)
    return image


KINDS: dict[str, Callable[[np.random.Generator], Image.Image]] = {
    "screenshots": screenshot,
    "pages": page,
    "charts": chart,
}
"""What is planted."""


@dataclass(frozen=True)
class Seen:
    """Measurements and embeddings of images."""

    table: pa.Table
    embeddings: NDArray[np.float32]

    @classmethod
    def of(cls, files: Sequence[Path]) -> Seen:
        """Scan and embed files."""
        scanned = scan(Manifest.from_columns({"uri": [str(path) for path in files]}, root=Path("/")), pixels=SIDE)
        assert scanned.pixels is not None
        network = Stages.load(PretrainedWeights("lite0"), scanned.pixels, torch.device("cpu"))
        pixels, (early, late) = network.inputs(SIDE, network.dtype), network.passes
        with torch.inference_mode():
            parts = [
                late(early(pixels.views(rows, flip=False)[0])).float().flatten(1).numpy()
                for rows in np.array_split(np.arange(len(files)), -(-len(files) // 32))
            ]
        return cls(scanned.measurements.table, np.concatenate(parts))

    def with_rows(self, other: Seen, rows: Sequence[int]) -> Seen:
        """Return these and some rows of another one after them."""
        table = pa.concat_tables([self.table, other.table.take(list(rows))])
        return Seen(table, np.concatenate((self.embeddings, other.embeddings[list(rows)])))

    def context(self) -> RuleContext:
        """Return the context of an unlabelled dataset of these images."""
        names = [f"s{row}" for row in range(len(self.embeddings))]
        manifest = Manifest.from_columns({"sample_id": names, "uri": names})
        n = len(names)
        probe = ProbeOutputs(
            sample_ids=np.array(names), task=manifest.task, classes=(), pred_probs=None, predictions=None,
            embeddings=self.embeddings, fold=np.zeros(n, np.int16), label_quality=np.full(n, np.nan, np.float32),
            suggested=np.full(n, -1, np.int32), embeddings_label_free=True,
        )  # fmt: skip
        return RuleContext(manifest, Measurements(self.table.set_column(0, self.table.schema[0], [names])), probe=probe)


def listed(rule: Rule, seen: Seen) -> tuple[list[int], str]:
    """Return the rows that a rule lists, and its severity."""
    outcome = rule.check(seen.context())
    if not isinstance(outcome, Found):
        return [], "passed" if "Passed" in type(outcome).__name__ else str(outcome)
    return [int(name[1:]) for name in outcome.issues["sample_id"].to_pylist()], outcome.findings[0].severity.label


def main() -> None:
    """Print what is listed of the photos alone, and of each kind that lies among them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path, nargs="?")
    parser.add_argument("--radiographs", type=int, default=0)
    arguments = parser.parse_args()
    if (arguments.photos is None) == (arguments.radiographs == 0):
        parser.error("give either a folder of photos or --radiographs N")
    with tempfile.TemporaryDirectory() as folder:
        files = sorted(path.resolve() for path in arguments.photos.glob("*/*.*")) if arguments.photos else []
        for seed in range(arguments.radiographs):
            files.append(Path(folder).resolve() / f"radiograph_{seed}.jpg")
            radiograph(np.random.default_rng([len(KINDS), seed])).save(files[-1], quality=90)
        photos = Seen.of(files)
        drawn = []
        for number, (kind, draw) in enumerate(KINDS.items()):
            for seed in range(N_DRAWN):
                drawn.append(Path(folder).resolve() / f"{kind}_{seed}.png")
                draw(np.random.default_rng([number, seed])).save(drawn[-1])
        planted = Seen.of(drawn)
    for rule in (OffTopic(), Outlier()):
        rows, severity = listed(rule, photos)
        print(f"{rule.code}: {len(rows)} of {len(files)} photos ({severity})", [files[row].name for row in rows])
        for number, kind in enumerate(KINDS):
            for size in (1, 3, 10):
                found = others = tried = 0
                for start in range(N_DRAWN * number, N_DRAWN * (number + 1) - size + 1, size):
                    rows, _ = listed(rule, photos.with_rows(planted, range(start, start + size)))
                    tried += size
                    found += sum(row >= len(files) for row in rows)
                    others += sum(row < len(files) for row in rows)
                print(f"  {kind:12} {size:2} at a time: {found} of {tried} listed, {others * size / tried:.1f} photos")


if __name__ == "__main__":
    main()
