"""How much of the best possible the relabel queue corrects on real human label noise, and what that buys.

    python tests/benchmarks/bench_relabel.py [--pred-probs worse.npz] [--budget 5000]

CIFAR-10N `worse`: 50,000 images, 40.2 % of their labels wrong. The simulated annotator answers with the clean label.

- *share of the best possible*: labels corrected within the budget, over the budget itself (there are 20,104 wrong ones,
  so the best possible queue of 5,000 corrects 5,000); a random queue beside it
- *stated yield*: whether the interval that the queue states for its precision holds what it was
- *what it bought*: the same cheap head (logistic regression on the given features, folds fixed) trained on the labels
  as they were and as corrected, judged on the clean labels of held-out samples

The probabilities must be out of sample. By default `datacheck.probe` makes them; ``--pred-probs`` takes an .npz with
``pred_probs`` [50000, 10] and, for the last part, ``embeddings`` [50000, D].
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from sklearn.linear_model import SGDClassifier
from sklearn.preprocessing import StandardScaler

from datacheck.manifest import Manifest
from datacheck.probing import probe
from datacheck.probing.outputs import ProbeOutputs
from datacheck.relabel import Answers, RelabelQueue, Relabels, accept, consensus, relabel_queue

DATA = Path(os.environ.get("DATACHECK_SHARED_DATA", Path(__file__).parents[3] / "shared/data"))


def main() -> None:
    """Run the benchmark and print its figures."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--pred-probs", type=Path)
    options.add_argument("--budget", type=int, default=5000)
    options.add_argument("--noise", choices=["worse", "aggre"], default="worse")
    chosen = options.parse_args()
    table = pq.read_table(DATA / "cifar10n-train.parquet")
    clean = np.array(table["clean"].to_pylist())
    started = time.perf_counter()
    manifest, outputs = probed(table, chosen.noise, chosen.pred_probs)
    print(f"probe: {outputs.backend}, {time.perf_counter() - started:.0f} s")
    started = time.perf_counter()
    queue = relabel_queue(manifest, outputs, budget=chosen.budget, identity="cifar10n")
    print(f"queue: {len(queue):,} questions in {time.perf_counter() - started:.1f} s")
    corrected = answered(queue, manifest, clean)
    report_queue(queue, manifest, clean)
    if outputs.embeddings is not None:
        report_gain(outputs, manifest, corrected, clean)


def probed(table: object, noise: str, file: Path | None) -> tuple[Manifest, ProbeOutputs]:
    """Return the noisy manifest and its out-of-sample probabilities."""
    given = table[noise].to_pylist()  # type: ignore[index]
    if file is not None:
        kept = np.load(file)
        manifest = Manifest.from_columns({"sample_id": [f"{row:05d}" for row in range(len(given))], "label": given})
        outputs = probe(manifest, pred_probs=kept["pred_probs"])
        return manifest, replace(outputs, embeddings=kept["embeddings"].astype(np.float32))
    folder = Path(tempfile.mkdtemp(prefix="datacheck-bench-"))
    for row, data in enumerate(table["jpeg"].to_pylist()):  # type: ignore[index]
        (folder / f"{row:05d}.jpg").write_bytes(data)
    manifest = Manifest.from_columns(
        {"uri": [f"{row:05d}.jpg" for row in range(len(given))], "label": given}, root=folder
    )
    return manifest, probe(manifest, budget="10m")


def answered(queue: RelabelQueue, manifest: Manifest, clean: NDArray[np.str_]) -> Manifest:
    """Return the manifest after an annotator answered every question with the clean label."""
    truth = dict(zip(manifest.sample_ids.to_pylist(), clean.tolist(), strict=True))
    rows = [
        {
            "answer_id": sample_id,
            "sample_id": sample_id,
            "annotator": "simulated",
            "answer": "label",
            "label": truth[sample_id],
            "tool": "csv",
        }
        for sample_id in queue.sample_ids
    ]
    answers, refusals = accept(rows, queue)
    assert isinstance(answers, Answers)
    assert refusals == []
    decided = consensus(answers, queue)
    relabels = Relabels.from_consensus(decided, queue)
    return relabels.apply(manifest)


def report_queue(queue: RelabelQueue, manifest: Manifest, clean: NDArray[np.str_]) -> None:
    """Print how many labels the queue corrects, and whether its stated precision holds that."""
    wrong = np.array(manifest.table["label"].to_pylist()) != clean
    position = {sample_id: row for row, sample_id in enumerate(manifest.sample_ids.to_pylist())}
    asked = np.array([position[sample_id] for sample_id in queue.sample_ids])
    corrected, best = int(wrong[asked].sum()), min(len(queue), int(wrong.sum()))
    print(f"corrected: {corrected:,} of the best possible {best:,} = {corrected / best:.1%} (target 95 %)")
    print(
        f"a random queue: {len(queue) * wrong.mean() / best:.1%}; ratio {corrected / (len(queue) * wrong.mean()):.2f}"
    )
    stated = queue.expected_precision
    if stated is not None:
        found = corrected / len(queue)
        verdict = "covers" if stated.low <= found <= stated.high else "MISSES"
        print(
            f"stated precision: {stated.value:.1%} [{stated.low:.1%}, {stated.high:.1%}] {verdict} the true {found:.1%}"
            f"; worth asking to {queue.worth_depth:,}"
        )


def report_gain(outputs: ProbeOutputs, manifest: Manifest, corrected: Manifest, clean: NDArray[np.str_]) -> None:
    """Print the accuracy of the same head, trained on the labels before and after."""
    assert outputs.embeddings is not None
    features = StandardScaler().fit_transform(outputs.embeddings)
    fold = np.random.default_rng(0).integers(0, 3, len(features))
    right = {}
    for name, labels in (("before", manifest.label_codes), ("after", corrected.label_codes)):
        held_out = np.zeros(len(features), dtype=bool)
        for part in range(3):
            head = SGDClassifier(loss="log_loss", alpha=1e-3, max_iter=8, tol=None, random_state=0, n_jobs=2)
            head.fit(features[fold != part], labels[fold != part])
            told = np.array(manifest.classes)[head.predict(features[fold == part])]
            held_out[fold == part] = told == clean[fold == part]
        right[name] = held_out
    gain = right["after"].astype(float) - right["before"]
    half = 1.96 * gain.std() / np.sqrt(len(gain))
    print(
        f"the same head, out of sample, against the clean labels: {right['before'].mean():.2%} before, "
        f"{right['after'].mean():.2%} after; gain {gain.mean():.2%} "
        f"[{gain.mean() - half:.2%}, {gain.mean() + half:.2%}]"
    )


if __name__ == "__main__":
    main()
