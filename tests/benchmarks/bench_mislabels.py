"""How well the probe ranks real human label errors, and in how many seconds, beside cleanlab on the same predictions.

Run by hand, from the checkout::

    python tests/benchmarks/bench_mislabels.py --labels worse aggre --budget 120 600 1800

The data are CIFAR-10N (``cifar10n-train.parquet`` in the folder of real data); the true labels are looked at only by
`score`. With ``--clock cpu`` the budget counts processor seconds over the number of cores, which is what a busy machine
would take if it were idle.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import resource
import time
import warnings
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from datacheck.manifest import Manifest
from datacheck.probing import PretrainedWeights
from datacheck.probing.budget import Clock
from datacheck.probing.engine import run_probe
from datacheck.probing.options import AtHand, Options
from datacheck.probing.outputs import ProbeOutputs
from datacheck.probing.weights import DEFAULT_WEIGHTS

DATA = Path(os.environ.get("DATACHECK_SHARED_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))

PEERS = """
| model behind cleanlab (data/README.md)   | worse: AP / filter / argmax | aggre: AP / filter / argmax |
| ResNet-18, fine-tuned, original images   | .951 / .849 / .884      | .875 / .674 / .747      |
| ResNet-50d, fine-tuned, original images  | .967 / .884 / .917      | .892 / .701 / .766      |
| MobileNetV2 frozen at 96 px, linear      | .852 / .755 / .774      | .518 / .430 / .384      |
| the same features, small MLP, two seeds  | .862 / –    / .786      | .525 / –    / .404      |
"""


def load(n: int | None) -> tuple[NDArray[np.uint8], dict[str, list[str]]]:
    """Return the pixels and the three columns of labels."""
    table = pq.read_table(DATA / "cifar10n-train.parquet")
    table = table if n is None else table.slice(0, n)
    images = [
        cv2.cvtColor(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
        for jpeg in table["jpeg"].to_pylist()
    ]
    return np.stack(images), {name: table[name].to_pylist() for name in ("clean", "worse", "aggre")}


def score(given: list[str], clean: list[str], outputs: ProbeOutputs) -> dict[str, float]:
    """Return the figures of one run; the only place that sees the truth. Images without a prediction rank last."""
    names = np.array(outputs.classes)
    wrong = np.array(given) != np.array(clean)
    labels = np.searchsorted(names, given)
    quality = np.nan_to_num(outputs.label_quality, nan=1.0)
    order = np.argsort(quality, kind="stable")
    probs = outputs.pred_probs
    assert probs is not None
    judged = np.isfinite(probs).all(axis=1)
    figures = {
        "judged": float(judged.sum()),
        "accuracy against the truth": float((names[probs.argmax(1)] == np.array(clean))[judged].mean()),
        "AUROC": float(roc_auc_score(wrong, -quality)),
        "AP": float(average_precision_score(wrong, -quality)),
        "P@E": float(wrong[order[: wrong.sum()]].mean()),
        "F1 argmax": _f1((probs.argmax(1) != labels) & judged, wrong),
        "errors": float(wrong.sum()),
    }
    if outputs.label_yield is not None:
        cut = np.zeros(len(wrong), dtype=bool)
        cut[order[: outputs.label_yield.recommended_depth]] = True
        count = outputs.label_yield.estimated_errors
        figures |= {"F1 cut": _f1(cut, wrong), "cut": float(cut.sum())}
        figures |= {"estimated errors": count.value, "low": count.low, "high": count.high}
    return figures | _cleanlab(labels, probs, wrong, judged)


def _cleanlab(
    labels: NDArray[np.integer], probs: NDArray[np.float32], wrong: NDArray[np.bool_], judged: NDArray[np.bool_]
) -> dict[str, float]:
    flagged, quality = np.zeros(len(labels), dtype=bool), np.ones(len(labels))
    with warnings.catch_warnings():
        from cleanlab.filter import find_label_issues
        from cleanlab.rank import get_label_quality_scores

        flagged[judged] = find_label_issues(labels[judged], probs[judged].astype(np.float64), n_jobs=1)
        quality[judged] = get_label_quality_scores(labels[judged], probs[judged].astype(np.float64))
    return {
        "cleanlab AP": float(average_precision_score(wrong, -quality)),
        "cleanlab F1 filter": _f1(flagged, wrong),
    }


def _f1(flagged: NDArray[np.bool_], wrong: NDArray[np.bool_]) -> float:
    return float(2 * (flagged & wrong).sum() / max(1, flagged.sum() + wrong.sum()))


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return (usage.ru_utime + usage.ru_stime) / (os.cpu_count() or 1)


def _weights(name: str, backend: str) -> PretrainedWeights | None:
    if name == "mobilenet":
        path, half = DATA / "mobilenet_v2_imagenet_fp16.pt", (0.5, 0.5, 0.5)
        return PretrainedWeights(path, architecture="mobilenet_v2", mean=half, deviation=half)
    return PretrainedWeights(DEFAULT_WEIGHTS) if backend == "pretrained" else None


def main() -> None:
    """Run every combination that is asked for, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--labels", nargs="+", default=["worse", "aggre"], choices=["worse", "aggre"])
    parser.add_argument("--budget", nargs="+", type=float, default=[120.0, 600.0, 1800.0])
    parser.add_argument("--backend", default="auto", choices=["auto", "scratch", "pretrained"])
    parser.add_argument(
        "--weights", default="packaged", choices=["packaged", "mobilenet"], help="those of the extra, or MobileNetV2's"
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--device", default="auto")
    parser.add_argument("--clock", default="wall", choices=["wall", "cpu"])
    parser.add_argument("--rows", type=int)
    parser.add_argument("--side", type=int)
    parser.add_argument("--folds", type=int)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--save", type=Path, help="folder for the predictions")
    given = parser.parse_args()
    timer = _cpu_seconds if given.clock == "cpu" else time.perf_counter
    for budget, seed in itertools.product(given.budget, given.seeds):
        for name in given.labels:
            started, wall = timer(), time.perf_counter()
            pixels, columns = load(given.rows)
            manifest = Manifest.from_columns({"label": columns[name]})
            outputs = run_probe(
                manifest,
                Options(
                    backend=given.backend,
                    device=given.device,
                    seed=seed,
                    weights=_weights(given.weights, given.backend),
                    folds=given.folds,
                    epochs=given.epochs,
                    side=given.side,
                ),
                AtHand(pixels=pixels),
                Clock(budget - (timer() - started), now=timer),
            )
            seconds = timer() - started
            if given.save is not None:
                given.save.mkdir(parents=True, exist_ok=True)
                np.savez(
                    given.save / f"{name}-{budget:.0f}-{seed}.npz",
                    pred_probs=outputs.pred_probs,
                    fold=outputs.fold,
                    **outputs.dynamics,
                )
            figures = score(columns[name], columns["clean"], outputs)
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
            print(
                f"\n{name}, budget {budget:.0f} s, seed {seed}: {seconds:.0f} s ({given.clock}), wall "
                f"{time.perf_counter() - wall:.0f} s, peak {memory:.1f} GiB, {outputs.backend} on {outputs.device}"
            )
            print(json.dumps({key: round(value, 4) for key, value in figures.items()}))
            print("\n".join(f"  {choice}" for choice in outputs.choices), flush=True)
    print(PEERS)


if __name__ == "__main__":
    main()
