"""How often the interval of a look covers the number of wrong labels, and how wide it is: simulated datasets.

``python -m tests.benchmarks.bench_look [--draws 1000]`` prints the table in ``docs/benchmarks.md``. Each draw makes 942
or 20,000 labels of which a share is wrong, a probe that ranks them well or not at all, and looks at 30, 60 or 100.
"""

from __future__ import annotations

import argparse

import numpy as np
import pytest
from scipy.special import expit

from datacheck.labels.look import Look
from datacheck.relabel.look import draw_look
from datacheck.stats import Stratum

RATES = (0.0, 0.02, 0.05, 0.1, 0.4)
LOOKS = (30, 60, 100)
SIZES = (942, 20_000)
EDGE = {"good": 3.0, "blind": 0.0}


def covered_and_width(n_rows: int, rate: float, n_looks: int, probe: str, seed: int) -> tuple[bool, float]:
    """Draw one dataset, look, and count."""
    rng = np.random.default_rng(seed)
    wrong = rng.random(n_rows) < rate
    evidence = rng.normal(0, 1.2, n_rows) + EDGE[probe] * (wrong - 0.5)
    chance = expit(2 * evidence - 2)
    drawn = draw_look(1 - chance, chance, n_looks, rng)
    ends = np.cumsum(drawn.sizes)
    part = np.searchsorted(ends, drawn.rank[drawn.rows], side="right")
    strata = [
        Stratum(size, int((part == k).sum()), int(wrong[drawn.rows[part == k]].sum()))
        for k, size in enumerate(drawn.sizes)
    ]
    count = Look(tuple(strata)).count
    return bool(count.low <= wrong.sum() <= count.high), (count.high - count.low) / n_rows


def run(draws: int = 1000) -> dict[tuple[str, int, int, float], tuple[float, float]]:
    """Print covered and median width for each probe, size, number of looks and rate."""
    found = {}
    print("| probe, labels, looked at | " + " | ".join(f"{rate:.0%} wrong" for rate in RATES) + " |")
    for probe in EDGE:
        for n_rows in SIZES:
            for n_looks in LOOKS:
                cells = []
                for rate in RATES:
                    results = [covered_and_width(n_rows, rate, n_looks, probe, seed) for seed in range(draws)]
                    covered, width = np.mean([one[0] for one in results]), np.median([one[1] for one in results])
                    found[probe, n_rows, n_looks, rate] = float(covered), float(width)
                    cells.append(f"{covered:.1%}, {100 * width:.1f}")
                print(f"| {probe}, {n_rows:,}, {n_looks} | " + " | ".join(cells) + " |", flush=True)
    return found


@pytest.mark.benchmark
@pytest.mark.timeout(3600)
def test_every_interval_covers() -> None:
    assert min(covered for covered, _ in run(400).values()) >= 0.95 - 0.03  # three standard errors of 400 draws


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=1000)
    run(parser.parse_args().draws)
