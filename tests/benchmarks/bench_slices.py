"""Whether weak parts that were planted in real photos are found, and whether none is named on the clean twin.

Run by hand: ``python tests/benchmarks/bench_slices.py PHOTOS [--seeds 20]``. ``PHOTOS`` is a folder of photos in class
folders. Each photo is embedded once as it is and once in each spoiled way; a draw spoils the photos of one camera, of
one group, on one background or in the dark, predicts each photo out of sample from the embeddings, and judges rule
DC606. Columns of cameras and months that mean nothing are in every draw, the clean ones too.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import datacheck
from datacheck.findings import Found, NotApplicable
from datacheck.manifest import Manifest
from datacheck.models.components import Components
from datacheck.rules.base import RuleContext
from datacheck.rules.readiness.dc606_weak_slice import WeakSlice
from datacheck.scanning import scan
from datacheck.scanning.measurements import MEASUREMENTS_SCHEMA, Measurements

Spoil = Callable[[Image.Image, np.random.Generator], Image.Image]

SIDE = 128
"""Of the network's input: half of what it was trained at, and four times as fast."""

SHARE = 0.12
"""Of the photos that are spoiled: about 115 of 962."""


def close(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A part of a fortieth of the photo, from anywhere, at the size of the whole: a camera held too close."""
    width, height = image.size
    left, top = rng.uniform(0, 0.84, 2)
    box = (left * width, top * height, (left + 0.16) * width, (top + 0.16) * height)
    return image.crop(tuple(round(v) for v in box)).resize(image.size)


def on_green(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """The photo at a third of its size on a green ground."""
    width, height = image.size
    ground = Image.new("RGB", image.size, (30, 120, 40))
    ground.paste(
        image.resize((width // 3, height // 3)), (int(rng.integers(width // 2)), int(rng.integers(height // 2)))
    )
    return ground


def in_the_dark(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A twelfth of the light, with the noise of a sensor."""
    pixels = np.asarray(image.filter(ImageFilter.GaussianBlur(2)), dtype=np.float64) / 12
    return Image.fromarray(np.clip(pixels + rng.normal(0, 8, pixels.shape), 0, 255).astype(np.uint8))


SPOILS: dict[str, Spoil] = {"close": close, "on green": on_green, "in the dark": in_the_dark}
PLANTED = {"camera": "close", "group": "close", "background": "on green", "darkness": "in the dark"}


@dataclass(frozen=True)
class Photos:
    """The photos as they are and spoiled: embeddings [N, D] and measurements of each."""

    manifest: Manifest
    embeddings: dict[str, NDArray[np.float32]]
    measurements: dict[str, Measurements]

    @classmethod
    def of(cls, folder: Path) -> Photos:
        """Embed and measure everything once; row n is the same photo in each."""
        clean = datacheck.open(folder)
        embeddings, measurements = {}, {}
        with tempfile.TemporaryDirectory() as place:
            for name in ("", *SPOILS):
                start = time.time()
                manifest = clean if not name else _spoiled(clean, Path(place, name), SPOILS[name])
                outputs = datacheck.probe(manifest, weights="lite0", epochs=0, side=SIDE, budget="10m")
                assert outputs.embeddings is not None
                embeddings[name] = outputs.embeddings
                measurements[name] = scan(manifest, thumbnails=False).measurements
                print(
                    f"{name or 'as they are'}: {time.time() - start:.0f} s, {outputs.metrics['accuracy']}", flush=True
                )
        return cls(clean, embeddings, measurements)

    def mixed(self, spoiled: NDArray[np.bool_], name: str) -> tuple[NDArray[np.float32], Measurements]:
        """Return embeddings and measurements with some photos spoiled."""
        embeddings = np.where(spoiled[:, None], self.embeddings[name], self.embeddings[""])
        rows = np.arange(len(spoiled)) + len(spoiled) * spoiled
        both = pa.concat_tables([self.measurements[one].table for one in ("", name)]).take(pa.array(rows))
        mixed = both.set_column(0, "sample_id", self.manifest.sample_ids).cast(MEASUREMENTS_SCHEMA)
        return embeddings, Measurements(mixed)


def _spoiled(manifest: Manifest, folder: Path, spoil: Spoil) -> Manifest:
    for number, uri in enumerate(manifest.table["uri"].to_pylist()):
        assert manifest.root is not None
        target = folder / uri
        target.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(manifest.root / uri) as image:
            spoil(image.convert("RGB"), np.random.default_rng(number)).save(target, quality=92)
    return datacheck.open(folder)


def draw(photos: Photos, planted: str | None, seed: int) -> tuple[int, float, list[str]]:
    """Return at which place (0: none) the planted slice was named, the accuracy, and what was named."""
    rng = np.random.default_rng(seed)
    n = len(photos.manifest)
    camera = rng.choice(["A", "B", "C"], n, p=[1 - SHARE - 0.3, SHARE, 0.3])
    group = (rng.permutation(n) // 40).astype(str)
    manifest = photos.manifest.with_column("camera", camera).with_column("month", rng.integers(1, 13, n))
    spoiled = {"camera": camera == "B", "group": group == "7"}.get(planted or "", rng.random(n) < SHARE)
    if planted == "group":
        manifest = manifest.with_column("group", group)
    embeddings, measured = photos.mixed(spoiled & (planted is not None), PLANTED.get(planted or "", "close"))
    outputs = datacheck.probe(manifest, pred_probs=_out_of_sample(embeddings, manifest.label_codes, group, seed))
    outcome = WeakSlice().check(RuleContext(manifest, measured, probe=outputs, seed=seed))
    assert not isinstance(outcome, NotApplicable), outcome
    named = [one.evidence["slice"] for one in outcome.findings] if isinstance(outcome, Found) else []
    place = 0
    for position, one in enumerate(outcome.findings if isinstance(outcome, Found) else ()):
        ids = {issue for issue, note in _issues(outcome) if note == one.evidence["slice"]}
        truth = set(np.array(manifest.sample_ids.to_pylist())[spoiled])
        if planted is not None and not place and ids and len(ids & truth) / len(ids) > 0.5:
            place = position + 1
    return place, outputs.metrics["accuracy"].value, named


def _out_of_sample(
    embeddings: NDArray[np.float32], labels: NDArray[np.int32], group: NDArray[np.str_], seed: int
) -> NDArray[np.float64]:
    """Predict with a logistic regression on 64 principal components, in five folds that keep groups whole."""
    x = Components.fit(embeddings, 64).project(embeddings)
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=seed)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.05, max_iter=300))
    return cross_val_predict(model, x, labels, groups=group, cv=folds, method="predict_proba")


def _issues(outcome: Found) -> list[tuple[str, str]]:
    return list(zip(outcome.issues["sample_id"].to_pylist(), outcome.issues["note"].to_pylist(), strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--planted-seeds", type=int, default=10)
    options = parser.parse_args()
    photos = Photos.of(options.photos)
    print(f"{len(photos.manifest)} photos")
    print("| planted | found first | in the first three | draws | accuracy | named first |")
    for planted in (*PLANTED, None):
        n_seeds = options.seeds if planted is None else options.planted_seeds
        draws = [draw(photos, planted, seed) for seed in range(n_seeds)]
        places = np.array([place for place, _, _ in draws])
        words = sorted({named[0] for _, _, named in draws if named})
        n_first, n_three = int((places == 1).sum()), int((places > 0).sum())
        if planted is None:
            n_first = n_three = sum(bool(named) for _, _, named in draws)
        accuracy = float(np.mean([one for _, one, _ in draws]))
        print(
            f"| {planted or 'nothing'} | {n_first} | {n_three} | {n_seeds} | {accuracy:.3f} | {'; '.join(words[:4])} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
