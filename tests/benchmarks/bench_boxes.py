"""Opening annotations of the size of COCO train2017, and every rule on them.

Run by hand: ``python tests/benchmarks/bench_boxes.py FOLDER [--images 118287] [--boxes 860001]``. The first run writes
the annotations (458 MB, a polygon of 23 points with each box) and the images (one small JPEG under all names) into the
folder. Figures go to ``docs/benchmarks.md``.
"""

from __future__ import annotations

import argparse
import io
import json
import resource
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

import datacheck
from datacheck.rules import RULES, RuleContext

N_CLASSES, WIDTH, HEIGHT, N_POINTS = 80, 640, 480, 23


def write(folder: Path, n_images: int, n_boxes: int) -> None:
    """Write images and a COCO file."""
    rng = np.random.default_rng(0)
    file = io.BytesIO()
    Image.new("RGB", (64, 48)).save(file, "JPEG")
    (folder / "train2017").mkdir(parents=True)
    (folder / "annotations").mkdir()
    names = [f"{number:012d}.jpg" for number in range(n_images)]
    for name in names:
        (folder / "train2017" / name).write_bytes(file.getvalue())
    sizes = rng.uniform(8, 200, (n_boxes, 2))
    corners = rng.uniform(0, 1, (n_boxes, 2)) * ([WIDTH, HEIGHT] - sizes)
    angle = np.linspace(0, 2 * np.pi, N_POINTS, endpoint=False)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1) / 2 + 0.5
    image, category = rng.integers(0, n_images, n_boxes), rng.integers(1, N_CLASSES + 1, n_boxes)
    with (folder / "annotations" / "instances_train2017.json").open("w") as out:
        images = [{"id": k, "file_name": name, "width": WIDTH, "height": HEIGHT} for k, name in enumerate(names)]
        out.write(f'{{"images": {json.dumps(images)}, "annotations": [')
        for k in range(n_boxes):
            points = (circle * sizes[k] + corners[k]).round(2).ravel().tolist()
            box = [*corners[k].round(2).tolist(), *sizes[k].round(2).tolist()]
            entry = {"id": k, "image_id": int(image[k]), "category_id": int(category[k]), "iscrowd": 0, "bbox": box}
            out.write(("," if k else "") + json.dumps({**entry, "segmentation": [points]}))
        categories = [{"id": k, "name": f"class{k:02d}"} for k in range(1, N_CLASSES + 1)]
        out.write(f'], "categories": {json.dumps(categories)}}}')


def main() -> None:
    """Print what each part takes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=int, default=118_287)
    parser.add_argument("--boxes", type=int, default=860_001)
    options = parser.parse_args()
    if not (options.folder / "annotations").is_dir():
        write(options.folder, options.images, options.boxes)
    began, before = time.perf_counter(), time.process_time()
    manifest = datacheck.open(options.folder)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(manifest.took_for)
    print(
        f"open: {time.perf_counter() - began:.1f} s, {time.process_time() - before:.1f} s of processor, {memory:.2f} GB"
    )
    context = RuleContext(manifest)
    sizes = context.image_sizes
    context.__dict__["image_sizes"] = replace(sizes, stored=sizes.annotated, upright=sizes.annotated)
    before = time.process_time()
    for rule in RULES:
        if rule.code.startswith("DC8"):
            began = time.process_time()
            outcome = rule().check(context)
            print(f"{rule.code} {type(outcome).__name__}: {time.process_time() - began:.1f} s of processor")
    print(f"all rules DC8xx: {time.process_time() - before:.1f} s of processor")


if __name__ == "__main__":
    main()
