"""Counts of wrong labels by the probes that datacheck trains itself, on real sets under noise of three kinds."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from sklearn import datasets

import datacheck
from datacheck.findings import Found, Severity
from datacheck.labels.label_yield import LabelYield
from datacheck.manifest import Manifest
from datacheck.probing import ProbeOutputs
from datacheck.probing.networks import activations, pretrained
from datacheck.rules.base import RuleContext
from datacheck.rules.labels.dc501_mislabel import Mislabel
from datacheck.scanning import scan

NOISE = (
    ("none", 0.0),
    *((kind, rate) for kind in ("uniform", "class-wise") for rate in (0.02, 0.05, 0.1, 0.4)),
)
"""Uniform: to any other class. Class-wise: to the next class, in half of the classes twice as often as in the mean, in
the others never; at 40 % in all classes alike, where it would otherwise be most of a class."""

HUMAN = ("aggre", "worse")
SUBSET = 2_000

Probe = Callable[[NDArray[np.int64], int], ProbeOutputs]
"""Probes a set with these labels, from a seed."""


@dataclass(frozen=True)
class Counted:
    """One count by a probe: how many labels are wrong, what was found, and how many labels a warning accuses."""

    name: str
    noise: str
    n: int
    n_wrong: int
    found: LabelYield | None
    accused: int
    seconds: float

    @property
    def covered(self) -> bool:
        """Whether the interval holds the number of wrong labels."""
        errors = self._errors
        return bool(errors.low <= self.n_wrong <= errors.high)

    @property
    def width(self) -> float:
        """Of the interval, as a share of the labels."""
        return float(self._errors.high - self._errors.low) / self.n

    @property
    def known(self) -> bool:
        """Whether an estimate is stated, instead of "cannot tell"."""
        return self.found is not None and self.found.conclusive

    @property
    def _errors(self) -> Any:
        assert self.found is not None, "nothing was counted"
        return self.found.estimated_errors


@dataclass(frozen=True)
class Sources:
    """CIFAR-10N in ``data``, CSV files in ``tables``, photos in class folders; and the budget of each table."""

    data: Path
    tables: Path | None = None
    photos: tuple[Path, ...] = ()
    budget: str = "10s"


def counts(seeds: int, given: Sources) -> Iterator[Counted]:
    """Every set under every noise."""
    keep_embeddings()
    for name, clean, probe in sets(given):
        for seed in range(seeds):
            for kind, rate in NOISE:
                labels = noisy(clean, kind, rate, np.random.default_rng([seed, round(1000 * rate)]))
                yield counted(name, f"{kind} {rate:.0%}", clean, labels, probe, seed)
    for name, clean, human, probe in people(given.data):
        for kind, labels in human.items():
            yield counted(name, f"human {kind}", clean, labels, probe, 0)


def counted(
    name: str, noise: str, clean: NDArray[np.int64], given: NDArray[np.int64], probe: Probe, seed: int
) -> Counted:
    """Probe, and let the rule on wrong labels say whom it accuses."""
    began = time.process_time()
    outputs = probe(given, seed)
    manifest = labelled(given)
    outcome = Mislabel().check(RuleContext(manifest, probe=outputs))
    accused = 0
    if isinstance(outcome, Found):
        for finding in outcome.findings:
            accused += len(outcome.issues) if finding.severity is not Severity.INFO else 0
    seconds = time.process_time() - began
    return Counted(name, noise, len(given), int((given != clean).sum()), outputs.label_yield, accused, seconds)


def noisy(clean: NDArray[np.int64], kind: str, rate: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """Change a share of the labels."""
    n_classes = int(clean.max()) + 1
    if kind == "class-wise":
        often = np.where(np.arange(n_classes) % 2 == 0, 2 * rate, 0.0) if rate < 0.2 else np.full(n_classes, rate)
        return np.where(rng.random(len(clean)) < often[clean], (clean + 1) % n_classes, clean)
    step = rng.integers(1, n_classes, len(clean))
    return np.where(rng.random(len(clean)) < rate, (clean + step) % n_classes, clean)


def labelled(codes: NDArray[np.int64], columns: dict[str, Any] | None = None) -> Manifest:
    """A manifest of these labels."""
    names = [f"{code:03d}" for code in range(int(codes.max()) + 1)]
    return Manifest.from_columns({"label": np.array(names)[codes], **(columns or {})}, classes=names)


def sets(given: Sources) -> Iterator[tuple[str, NDArray[np.int64], Probe]]:
    """Name, clean labels and probe of each set: tables of scikit-learn and of a folder, photos."""
    for name in ("digits", "wine", "breast_cancer", "iris"):
        x, y = (np.asarray(part) for part in getattr(datasets, f"load_{name}")(return_X_y=True))
        yield (
            name,
            y.astype(np.int64),
            of_table({f"c{number}": column for number, column in enumerate(x.T)}, given.budget),
        )
    for path in sorted(given.tables.glob("*.csv")) if given.tables else ():
        columns, clean = read_table(path)
        yield path.stem, clean, of_table(columns, given.budget)
    for path in given.photos:
        opened = datacheck.open(path)
        scanned = scan(opened, pixels=224, thumbnails=False)
        clean = opened.label_codes.astype(np.int64)
        yield path.name, clean, of_photos(scanned.pixels, "60s", side=224)
    for pixels, columns in cifar(given.data, 1):
        yield "CIFAR-10", columns["clean"], of_photos(pixels, "30s", side=64)


def people(data: Path) -> Iterator[tuple[str, NDArray[np.int64], dict[str, NDArray[np.int64]], Probe]]:
    """Subsets with labels of people."""
    for number, (pixels, columns) in enumerate(cifar(data)):
        probe = of_photos(pixels, "30s", side=64)
        yield f"CIFAR-10N {number}", columns["clean"], {name: columns[name] for name in HUMAN}, probe


def cifar(data: Path, n_subsets: int = 5) -> Iterator[tuple[NDArray[np.uint8], dict[str, NDArray[np.int64]]]]:
    """Subsets of CIFAR-10N: pixels, and clean and human labels."""
    path = data / "cifar10n-train.parquet"
    if not path.exists():
        return
    whole = pq.read_table(path)
    codes = {
        name: np.unique(whole[name].to_pylist(), return_inverse=True)[1].astype(np.int64) for name in ("clean", *HUMAN)
    }
    for number in range(n_subsets):
        part = slice(number * SUBSET, (number + 1) * SUBSET)
        jpegs = whole["jpeg"].slice(part.start, SUBSET).to_pylist()
        decoded = [cv2.imdecode(np.frombuffer(one, np.uint8), cv2.IMREAD_COLOR)[..., ::-1] for one in jpegs]
        yield np.stack(decoded), {name: values[part] for name, values in codes.items()}


def read_table(path: Path) -> tuple[dict[str, Any], NDArray[np.int64]]:
    """Columns and class codes of a CSV without a header, whose last column is the class."""
    with path.open(newline="") as stream:
        rows = [row for row in csv.reader(stream) if row]
    *columns, label = zip(*rows, strict=True)
    found: dict[str, Any] = {}
    for number, column in enumerate(columns):
        try:
            found[f"c{number}"] = np.array(column, dtype=np.float64)
        except ValueError:
            found[f"c{number}"] = list(column)
    return found, np.unique(label, return_inverse=True)[1].astype(np.int64)


def of_table(columns: dict[str, Any], budget: str) -> Probe:
    """The default probe of a table."""
    return lambda given, seed: datacheck.probe(labelled(given, columns), budget=budget, seed=seed)


def of_photos(pixels: Any, budget: str, *, side: int) -> Probe:
    """The default probe of photos, at a side that does not depend on the load of the machine."""

    def probe(given: NDArray[np.int64], seed: int) -> ProbeOutputs:
        return datacheck.probe(
            labelled(given),
            pixels=pixels,
            budget=budget,
            side=side,
            epochs=0,
            backend="images",
            seed=seed,
        )

    return probe


def keep_embeddings() -> None:
    """Make the network's embeddings once for each set, side and view: they do not depend on the labels."""
    plain, kept = activations.embed_all, {}

    def embed_all(network: Any, plan: Any, rows: Any, clock: Any, *, flip: bool, keep: bool, hurried: bool) -> Any:
        key = (network.name, plan.side, flip, network.pixels.shape, int(network.pixels[::7].sum()))
        if key not in kept:
            kept[key] = plain(network, plan, rows, clock, flip=flip, keep=keep, hurried=hurried)
        return kept[key]

    pretrained.embed_all = embed_all  # type: ignore[assignment]


def report(found: list[Counted]) -> None:
    """Print a row for each kind of noise."""
    print("| noise | counts | too weak | cannot tell | interval covers | width | estimate covers | width | accused |")
    for noise in dict.fromkeys(one.noise for one in found):
        print(f"| {noise} | {row([one for one in found if one.noise == noise])} |")
    print(f"| all | {row(found)} |")


def row(found: list[Counted]) -> str:
    """Counts, probes that judge nothing, intervals without an estimate; coverage and width of all and of the others."""
    stated = [one for one in found if one.found is not None]
    known = [one for one in found if one.known]
    accused = sum(one.accused > 0.01 * one.n for one in found)

    def of(some: list[Counted]) -> str:
        if not some:
            return "– | –"
        covered, width = sum(one.covered for one in some), np.median([one.width for one in some])
        return f"{covered} of {len(some)} ({covered / len(some):.1%}) | {width:.1%}"

    weak, open_ = len(found) - len(stated), len(stated) - len(known)
    return f"{len(found)} | {weak} | {open_} | {of(stated)} | {of(known)} | {accused}"
