"""Which terms of a contract on boxes a fresh part of the same dataset breaks: none of them should.

Run by hand: ``python tests/benchmarks/bench_contract_boxes.py FOLDER... [--seeds 3]``. Each folder is a dataset with
boxes. The contract of a random half is checked on the other half. Then the boxes of every second image are taken out
of the other half, which the contract should notice.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

import datacheck
from datacheck.fingerprints import fingerprint
from datacheck.manifest import Manifest
from datacheck.report import Report
from datacheck.scanning import scan
from datacheck.scanning.measurements import Measurements
from datacheck_expectations import ContractResult, check_tables, propose_expectations, write_contract


def taken(manifest: Manifest, measurements: Measurements, rows: NDArray[np.bool_]) -> tuple[Manifest, Measurements]:
    """Return some rows of both."""
    return manifest.take(rows), Measurements(measurements.table.take(pa.array(np.flatnonzero(rows))))


def without_boxes(manifest: Manifest) -> Manifest:
    """Return the dataset with the boxes of every second image taken out."""
    lists = manifest.table["annotated_objects"].to_pylist()
    emptied = [[] if row % 2 else objects for row, objects in enumerate(lists)]
    return manifest.with_column("annotated_objects", pa.array(emptied, manifest.table["annotated_objects"].type))


def titles(result: ContractResult) -> list[str]:
    """Return what is broken."""
    return [outcome.term.title for outcome in result.broken]


def main() -> None:
    """Print which terms each half breaks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    for folder in given.folders:
        manifest = datacheck.open(folder)
        measurements = scan(manifest, thumbnails=False).measurements
        for seed in range(given.seeds):
            half = np.random.default_rng(seed).permutation(len(manifest)) < len(manifest) // 2
            accepted, measured = taken(manifest, measurements, half)
            fresh, fresh_measured = taken(manifest, measurements, ~half)
            reference = fingerprint(accepted, measured)
            terms = propose_expectations(Report(accepted, measured, reference))
            with tempfile.TemporaryDirectory() as place:
                contract = write_contract(Path(place) / "contract", terms, reference=reference)
                clean = check_tables(contract, fresh, fresh_measured)
                broken = check_tables(contract, without_boxes(fresh), fresh_measured)
            print(
                f"{folder.name}, seed {seed}: {len(terms)} terms; broken by fresh images {titles(clean)}; "
                f"without every second image's boxes {titles(broken)}",
                flush=True,
            )


if __name__ == "__main__":
    main()
