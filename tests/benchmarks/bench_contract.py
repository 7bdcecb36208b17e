"""A million rows held to a contract: seconds and peak memory.

Run by hand: ``python tests/benchmarks/bench_contract.py``. It makes a contract from one draw of
a dataset with twenty classes, three splits and groups, and holds a fresh draw to it in a process of its own:

* ``table``: ``datacheck contract check`` on a Parquet manifest, no pixels;
* ``measured``: the same with a million rows of image measurements at hand (duplicate search included);
* ``core``: for comparison, as many of Great Expectations' own expectations on the same rows.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from datacheck.fingerprints import fingerprint
from datacheck.manifest import Manifest
from datacheck.report import Report
from datacheck.scanning import MEASUREMENTS_SCHEMA, Measurements

CLASSES = [f"class {number:02d}" for number in range(20)]


def draw(n: int, seed: int) -> dict[str, Any]:
    """Return columns of a labelled table; a group is whole in one split."""
    rng = np.random.default_rng(seed)
    group = rng.integers(0, n // 10, n)
    return {
        "sample_id": pa.array([f"{seed}-{row:08d}" for row in range(n)]),
        "label": pa.array(rng.integers(0, len(CLASSES), n)).cast(pa.int32()),
        "split": pa.DictionaryArray.from_arrays(pa.array(np.minimum(group % 10, 2)), ["val", "test", "train"]),
        "group": pa.array(group).cast(pa.string()),
    }


def manifest_of(n: int, seed: int) -> Manifest:
    """Return a drawn table as a manifest."""
    columns = draw(n, seed)
    columns["label"] = pa.DictionaryArray.from_arrays(columns["label"], CLASSES)
    return Manifest.from_columns(pa.table(columns), classes=CLASSES)


def measurements_of(manifest: Manifest, seed: int) -> Measurements:
    """Return measurements of distinct images, a little different in each class."""
    n, rng = len(manifest), np.random.default_rng(seed)
    shade = 0.02 * manifest.label_codes
    words = {"mode": "RGB", "format": "JPEG"}
    found: dict[str, Any] = {"sample_id": manifest.sample_ids, "readable": np.ones(n, bool)}
    found["content_hash"] = pa.array([f"{seed}{row:030x}" for row in range(n)])
    found["perceptual_hash"] = rng.integers(0, 2**64, n, dtype=np.uint64)
    for field in MEASUREMENTS_SCHEMA:
        if field.name in found:
            continue
        if field.name in words:
            found[field.name] = pa.DictionaryArray.from_arrays(np.zeros(n, np.int8), [words[field.name]]).cast(
                pa.string()
            )
        elif field.name in {"width", "height"}:
            found[field.name] = rng.integers(200, 640, n)
        elif pa.types.is_floating(field.type):
            found[field.name] = (rng.normal(0.4, 0.08, n) + shade).astype(np.float32)
        else:
            found[field.name] = pa.nulls(n, field.type)
    table = pa.table({name: found[name] for name in MEASUREMENTS_SCHEMA.names})
    return Measurements(table.cast(MEASUREMENTS_SCHEMA))


def prepare(n: int, folder: Path) -> None:
    """Write a contract from one draw, and another draw to hold to it."""
    from datacheck_expectations import propose_expectations, write_contract

    for name, measured in (("table", False), ("measured", True)):
        accepted = manifest_of(n, 1)
        measurements = measurements_of(accepted, 1) if measured else None
        taken = fingerprint(accepted, measurements)
        write_contract(folder / name, propose_expectations(Report(accepted, measurements, taken)), reference=taken)
    fresh = manifest_of(n, 2)
    pq.write_table(fresh.table, folder / "fresh.parquet")
    fresh.save(folder / "manifest.parquet")
    measurements_of(fresh, 2).save(folder / "measurements.parquet")


_MEASURED = """
import sys, pathlib; from datacheck.manifest import Manifest; from datacheck.scanning import Measurements
from datacheck_expectations import check_tables
folder = pathlib.Path(sys.argv[1])
result = check_tables(folder / "measured", Manifest.load(folder / "manifest.parquet"),
                      Measurements.load(folder / "measurements.parquet"))
print(result.render())
"""

_CORE = """
import sys, pathlib, warnings; warnings.simplefilter("ignore")
import pandas as pd, great_expectations as gx, great_expectations.expectations as gxe
folder = pathlib.Path(sys.argv[1]); frame = pd.read_parquet(folder / "fresh.parquet")
context = gx.get_context(mode="ephemeral"); context.variables.progress_bars = {"globally": False}
batch = context.data_sources.add_pandas("p").add_dataframe_asset("a").add_batch_definition_whole_dataframe("b")
labels = sorted(frame["label"].unique())
suite = context.suites.add(gx.ExpectationSuite(name="s", expectations=[
    gxe.ExpectColumnValuesToBeUnique(column="sample_id"), gxe.ExpectColumnValuesToNotBeNull(column="label"),
    gxe.ExpectColumnValuesToBeInSet(column="label", value_set=labels),
    gxe.ExpectColumnDistinctValuesToEqualSet(column="split", value_set=["train", "val", "test"]),
    gxe.ExpectTableRowCountToBeBetween(min_value=1)]))
definition = context.validation_definitions.add(gx.ValidationDefinition(name="v", data=batch, suite=suite))
result = definition.run(batch_parameters={"dataframe": frame}, result_format="SUMMARY")
print(result.success, "for", len(suite.expectations), "expectations")
"""


def measured_run(name: str, command: list[str]) -> tuple[float, float]:
    """Run a command alone; print and return its seconds and its own peak memory in GB."""
    wrapped = (
        "import resource, subprocess, sys; code = subprocess.run(sys.argv[1:]).returncode;"
        "print('peak', resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(code)"
    )
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", wrapped, *command], capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(f"{name} failed ({done.returncode}):\n{done.stdout}\n{done.stderr}")
    *lines, last = done.stdout.strip().splitlines()
    gigabytes = int(last.split()[1]) / 1024**2
    print(f"{name:>9}: {seconds:6.1f} s, {gigabytes:5.2f} GB   {lines[-1] if lines else ''}", flush=True)
    return seconds, gigabytes


def main(n: int, folder: Path) -> None:
    """Prepare and measure."""
    prepare(n, folder)
    print(f"{n:,} rows", flush=True)
    check = [sys.executable, "-m", "datacheck", "contract", "check", str(folder / "fresh.parquet"), "--no-pixels"]
    check += ["--contract", str(folder / "table"), "--out", str(folder / "run")]
    seconds, gigabytes = measured_run("table", check)
    measured_run("measured", [sys.executable, "-c", _MEASURED, str(folder)])
    core, _ = measured_run("core", [sys.executable, "-c", _CORE, str(folder)])
    print(f"a contract takes {seconds / core:.1f} times as long as five of Great Expectations' own expectations")
    if n >= 1_000_000 and (seconds > 60 or gigabytes > 4):
        raise SystemExit("over 60 s or 4 GB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        main(given.rows, Path(temporary))
