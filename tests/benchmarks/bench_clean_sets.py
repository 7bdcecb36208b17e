"""Which pairs are named as copies, or as one thing photographed again, in sets that should hold none.

Run by hand: ``python tests/benchmarks/bench_clean_sets.py FOLDER... [--sheets OUT]``. Each folder of images is one set,
whatever folders are in it. With ``--sheets`` the pairs are drawn side by side, to be judged by eye.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageDraw

from datacheck.duplicates import DEFAULT_NEAR_DUPLICATE_DISTANCE, DuplicateSearch
from datacheck.duplicates.clusters import DuplicateClusters
from datacheck.duplicates.search import search_duplicates
from datacheck.scanning import scan
from datacheck.sources import open_source

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp"}
SIDE, COLUMNS, ROWS = 160, 4, 6


class Pair(NamedTuple):
    """Two files, as what they were named, and the figures behind it."""

    one: str
    other: str
    kind: str
    figures: str


def named(found: DuplicateClusters, names: list[str]) -> list[Pair]:
    """Return all pairs but those of equal pixels."""
    registered = found.registered
    laid = {} if registered is None else {(a, b): row for row, (a, b) in enumerate(registered.pairs.tolist())}
    pairs = []
    for pair, bits in zip(map(tuple, found.near_pairs.tolist()), found.near_distance.tolist(), strict=True):
        by = "details" if pair in laid else "hash" if bits >= 0 else "signature"
        pairs.append((pair, f"copy by {by}"))
    if registered is not None:
        pairs += [(pair, "again") for pair, row in laid.items() if not registered.copies[row]]
    listed = []
    for (one, other), kind in pairs:
        figures = ""
        if registered is not None and (one, other) in laid:
            row = laid[one, other]
            figures = f"x{registered.scale[row]:.2f}, turned by {registered.angle[row]:.0f}"
        listed.append(Pair(names[one], names[other], kind, figures))
    return listed


def draw(pairs: list[Pair], folder: Path, out: Path) -> None:
    """Draw the pairs side by side, a few dozen a sheet."""
    each = COLUMNS * ROWS
    for start in range(0, len(pairs), each):
        sheet = Image.new("RGB", (COLUMNS * (2 * SIDE + 12), ROWS * (SIDE + 26)), "white")
        for place, pair in enumerate(pairs[start : start + each]):
            left, top = place % COLUMNS * (2 * SIDE + 12), place // COLUMNS * (SIDE + 26)
            for number, name in enumerate((pair.one, pair.other)):
                picture = Image.open(folder / name).convert("RGB")
                picture.thumbnail((SIDE, SIDE))
                sheet.paste(picture, (left + number * (SIDE + 2), top))
            ImageDraw.Draw(sheet).text((left, top + SIDE), f"{start + place} {pair.kind}\n{pair.figures}", fill="black")
        out.mkdir(parents=True, exist_ok=True)
        sheet.save(out / f"{start // each:03d}.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--sheets", type=Path)
    arguments = parser.parse_args()
    for folder in arguments.folders:
        with tempfile.TemporaryDirectory(dir=folder.parent) as place:
            flat = Path(place)
            for source in sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES):
                os.link(source, flat / "__".join(source.relative_to(folder).parts))
            manifest = open_source(flat)
            measurements = scan(manifest, thumbnails=False).measurements
            start = time.process_time()
            found = search_duplicates(
                manifest, measurements, search=DuplicateSearch.FEATURES, max_distance=DEFAULT_NEAR_DUPLICATE_DISTANCE
            )
            seconds = time.process_time() - start
            pairs = named(found, manifest.sample_ids.to_pylist())
            kinds = [pair.kind for pair in pairs]
            counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in sorted(set(kinds)))
            equal = int((found.exact >= 0).sum())
            print(f"{folder.name}: {len(manifest)} images, {equal} with equal pixels; {counts or 'no pairs'}; ", end="")
            print(f"{seconds:.0f} CPU s", flush=True)
            for pair in pairs:
                print("   ", *pair, sep="\t")
            if arguments.sheets:
                draw(pairs, flat, arguments.sheets / folder.name)


if __name__ == "__main__":
    main()
