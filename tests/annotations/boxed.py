"""Drawn images with boxes whose classes are exchanged here and there, and what a probe says of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from datacheck.probing.budget import Clock
from datacheck.probing.objects import run_box_probe
from datacheck.probing.options import Options
from datacheck.rules import RuleContext
from datacheck.sources.annotations.label_files import LABEL_FILE_FORMATS
from tests.annotations.drawn import CLASSES, Drawn, Objects, drawn_objects, write_coco, write_label_files

WITHOUT_TORCH = Options(backend="descriptors", packaged=False)
"""A probe that takes a second, with or without torch."""


@dataclass(frozen=True)
class Exchanged:
    """A dataset with exchanged classes: its context with the probe, and which (image, line) were exchanged."""

    context: RuleContext
    wrong: frozenset[tuple[str, int]]


def exchange(objects: Objects, share: float, seed: int = 1) -> tuple[Objects, frozenset[tuple[str, int]]]:
    """Give some objects another class."""
    rng = np.random.default_rng(seed)
    changed: Objects = {}
    wrong = set()
    for name, found in objects.items():
        changed[name] = []
        for each in found:
            if rng.random() < share:
                wrong.add((name, each.line))
                other = (CLASSES.index(each.name) + int(rng.integers(1, 3))) % 3
                each = replace(each, name=CLASSES[other])
            changed[name].append(each)
    return changed, frozenset(wrong)


@cache
def probed(share: float = 0.1, n_images: int = 150, form: str = "Pascal VOC") -> Exchanged:
    """Return a dataset of two boxes an image with exchanged classes, and its probe."""
    objects = drawn_objects(n_images)
    with TemporaryDirectory() as folder:
        context, wrong = write_exchanged(Path(folder), objects, share, form)
        return Exchanged(with_probe(context), wrong)


def write_exchanged(
    root: Path, objects: Objects, share: float, form: str = "Pascal VOC"
) -> tuple[RuleContext, frozenset[tuple[str, int]]]:
    """Draw the objects, and write them down with some classes exchanged."""
    changed, wrong = exchange(objects, share)

    def rewrite(root: Path) -> None:
        if form == "COCO":
            write_coco(root / "instances.json", changed, {})
        else:
            kind = next(kind for kind in LABEL_FILE_FORMATS if kind.name == form)
            write_label_files(root, kind, changed, {})

    return Drawn(root, form, objects).write(rewrite), wrong


def with_probe(context: RuleContext, seconds: float = 60.0) -> RuleContext:
    """Probe the boxes of a dataset."""
    assert context.boxes is not None
    linked = None if context.duplicates is None else context.duplicates.linked
    found = run_box_probe(
        context.manifest, context.boxes, context.image_sizes, WITHOUT_TORCH, Clock(seconds), linked=linked
    )
    return replace(context, box_probe=found)
