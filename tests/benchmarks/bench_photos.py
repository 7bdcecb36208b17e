"""How well the default probe finds wrong labels among photos, and what it says of photos whose labels are right.

Run by hand: ``python tests/benchmarks/bench_photos.py PHOTOS [--seeds 5] [--noise 0 0.05]``. ``PHOTOS``
is a folder of photos in class folders. A share of the labels is changed at random to another class; the probe judges
them as it does by default in 60 s on two idle cores (packaged weights, frozen, at 224 pixels), and with its descriptors
alone (``weights="none"``). The network's embeddings do not depend on the labels, so they are made once for all draws.
cleanlab ranks the same photos by a logistic regression on the same embeddings, predicted out of sample.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import datacheck
from datacheck.manifest import Manifest
from datacheck.probing import ProbeOutputs
from datacheck.probing.networks import pretrained
from datacheck.scanning import ScanResult, scan


@dataclass(frozen=True)
class Draw:
    """One draw of wrong labels: codes before and after, and how the wrong ones were found."""

    clean: NDArray[np.int64]
    given: NDArray[np.int64]

    @property
    def wrong(self) -> NDArray[np.bool_]:
        """Which labels were changed."""
        return self.clean != self.given

    def precision(self, quality: NDArray[Any]) -> float:
        """Average precision of a ranking, low quality first."""
        return float(average_precision_score(self.wrong, -quality)) if self.wrong.any() else float("nan")


def draws(clean: NDArray[np.int64], n_classes: int, rate: float, seeds: int) -> Iterator[Draw]:
    """Change a share of the labels to one of the other classes, each equally likely."""
    for seed in range(seeds):
        rng = np.random.default_rng([seed, round(1000 * rate)])
        rows = rng.permutation(len(clean))[: round(rate * len(clean))]
        given = clean.copy()
        given[rows] = (clean[rows] + rng.integers(1, n_classes, len(rows))) % n_classes
        yield Draw(clean, given)


def keep_embeddings() -> None:
    """Make the network's embeddings once for each side and view."""
    plain, kept = pretrained.embed_all, {}

    def embed_all(network: Any, plan: Any, rows: Any, clock: Any, *, flip: bool, keep: bool, hurried: bool) -> Any:
        key = (plan.side, flip, len(rows))
        if key not in kept:
            start = time.process_time()
            kept[key] = plain(network, plan, rows, clock, flip=flip, keep=keep, hurried=hurried)
            print(f"embedded {len(rows)} photos at {plan.side} pixels: {time.process_time() - start:.0f} s (processor)")
        return kept[key]

    pretrained.embed_all = embed_all  # type: ignore[assignment]


def judged(opened: Manifest, photos: ScanResult, draw: Draw, side: int, **options: Any) -> ProbeOutputs:
    """Probe the photos with the labels of a draw."""
    labels = np.array(opened.classes)[draw.given]
    manifest = Manifest.from_columns({"sample_id": opened.sample_ids.to_pylist(), "label": labels})
    return datacheck.probe(
        manifest,
        pixels=photos.pixels,
        measurements=photos.measurements,
        budget="60s",
        side=side,
        epochs=0,
        **options,
    )


def cleanlab_of(embeddings: NDArray[np.float32], given: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
    """Out-of-sample probabilities of a logistic regression on the embeddings, [N, K]."""
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300, C=0.01))
    folds = StratifiedKFold(5, shuffle=True, random_state=seed)
    return np.asarray(cross_val_predict(model, embeddings, given, cv=folds, method="predict_proba"))


def main() -> None:
    """Print a line for each draw and the means of each share of wrong labels."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--noise", type=float, nargs="+", default=[0.0, 0.05, 0.1])
    parser.add_argument("--side", type=int, default=224)
    parser.add_argument("--weights", help="other packaged weights, such as lite2")
    given = parser.parse_args()
    opened = datacheck.open(given.photos)
    photos = scan(opened, pixels=given.side, thumbnails=False)
    keep_embeddings()
    for rate in given.noise:
        lines = [
            line(opened, photos, draw, given.side, seed, given.weights)
            for seed, draw in enumerate(
                draws(opened.label_codes.astype(np.int64), len(opened.classes), rate, given.seeds)
            )
        ]
        print(f"{rate:.0%} wrong, mean of {len(lines)}: {np.array(lines, dtype=float).mean(axis=0).round(3).tolist()}")


def line(opened: Manifest, photos: ScanResult, draw: Draw, side: int, seed: int, weights: str | None) -> list[float]:
    """Judge one draw; print and return average precisions, whether the interval covers, its width, and accusations."""
    start = time.process_time()
    chosen = {"backend": "images"} if weights is None else {"weights": weights}
    ours = judged(opened, photos, draw, side, seed=seed, **chosen)
    seconds = time.process_time() - start
    plain = judged(opened, photos, draw, side, seed=seed, backend="images", weights="none")
    probs = cleanlab_of(ours.embeddings, draw.given, seed)
    named = find_label_issues(draw.given, probs)
    found = ours.label_yield
    if found is None:
        raise SystemExit(f"no count: {ours.choices[-1]}")
    errors, n_wrong = found.estimated_errors, int(draw.wrong.sum())
    numbers = [
        draw.precision(ours.label_quality),
        draw.precision(plain.label_quality),
        draw.precision(get_label_quality_scores(draw.given, probs)),
        float(errors.low <= n_wrong <= errors.high),
        (errors.high - errors.low) / len(draw.given),
        found.recommended_depth,
        int(
            (np.argsort(ours.label_quality)[: found.recommended_depth][:, None] == np.flatnonzero(draw.wrong))
            .any(1)
            .sum()
        ),
        float(found.noise_is_evident),
        int(named.sum()),
        int((named & draw.wrong).sum()),
        ours.metrics["accuracy"].value,
        plain.metrics["accuracy"].value,
    ]
    print(
        f"{n_wrong} wrong: AP {numbers[0]:.3f}, descriptors {numbers[1]:.3f}, cleanlab {numbers[2]:.3f}; count "
        f"{errors.value:.0f} [{errors.low:.0f}, {errors.high:.0f}] {'conclusive' if found.conclusive else 'open'}, "
        f"evident {found.noise_is_evident}; depth {numbers[5]} of which wrong {numbers[6]}; cleanlab names "
        f"{numbers[8]} of which wrong {numbers[9]}; accuracy {numbers[10]:.3f}, descriptors {numbers[11]:.3f}; "
        f"{seconds:.0f} s; {ours.backend}",
        flush=True,
    )
    return numbers


if __name__ == "__main__":
    main()
