"""Seconds and memory of each stage of an audit, by the number of samples, with the exponents of growth.

    python -m tests.benchmarks.bench_scale [--rows 1000 10000 100000 1000000] [--images 1000 10000] [--json FILE]
    python -m tests.benchmarks.bench_scale --from FILE --plot FILE.png

``--rows`` are audited from a Parquet listing whose files a scan has read that was killed before its end: drawn photos
of 100 classes in three splits, with 1 % exact and 1 % near copies, and no pixels. ``--cap`` limits the address space of
such an audit. ``--images`` are real files of 32 x 32 pixels, opened and scanned. Each
size runs in a process of its own. Peaks are those of the process within the stage, with what earlier stages left, and
need Linux. The plot needs matplotlib, which datacheck does not.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from datacheck.manifest.readers import FileStamp
from datacheck.memory import give_back
from datacheck.scanning.stamps import STAMPS
from tests.benchmarks.drawn_rows import drawn_manifest, drawn_measurements

pytestmark = pytest.mark.benchmark

Stage = dict[str, Any]
"""``stage``, ``seconds`` (wall), ``processor`` (seconds of all threads and workers), ``peak`` (MB, of this process)."""

_PICTURES = 500
"""Different pictures among the tiny files: each has a name of its own, and a few bytes of its own behind the image."""

_PART_ROWS = 4096
"""Rows that a quick scan saves at a time."""


def peak() -> float:
    """Return the largest memory of this process since the last `reset_peak`, in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1000


def reset_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def processor_seconds() -> float:
    return sum(os.times()[:4])


@contextmanager
def stage(name: str, found: list[Stage]) -> Iterator[None]:
    reset_peak()
    began, busy = time.perf_counter(), processor_seconds()
    yield
    give_back()
    seconds, processor = time.perf_counter() - began, processor_seconds() - busy
    found.append({"stage": name, "seconds": seconds, "processor": processor, "peak": peak()})
    print(f"  {name}: {seconds:.1f} s, {processor:.1f} s of processors, {peak():,.0f} MB", file=sys.stderr)


@dataclass(frozen=True)
class Unread:
    """Files that have been read, and do not change."""

    workers: Literal["process"] = "process"

    def stamp(self, uri: str) -> FileStamp:
        return FileStamp(1, 1, 1)

    def read(self, uri: str) -> bytes:
        raise AssertionError(f"{uri} is to be read again")


def draw(n: int, folder: Path) -> None:
    """Write the listing, and what a scan saves until it is killed."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from datacheck.scanning.cached_rows import ROW_SCHEMA, library_versions
    from datacheck.scanning.row_files import row_writer

    manifest = drawn_manifest(n)
    pq.write_table(manifest.table.drop_columns(["sample_id"]), folder / "listing.parquet")
    rows = drawn_measurements(manifest).whole().append_column("uri", manifest.table["uri"])
    (folder / "run" / "scan").mkdir(parents=True)
    for start in range(0, n, _PART_ROWS):
        part = rows.slice(start, _PART_ROWS)
        stamps = {name: pa.repeat(1, len(part)) for name in STAMPS}
        columns = [
            stamps[name] if name in stamps else part[name] if name in part.column_names else pa.nulls(len(part))
            for name in ROW_SCHEMA.names
        ]
        path = folder / "run" / "scan" / f"part-drawn-{start:09d}.arrow"
        with row_writer(path, ROW_SCHEMA, library_versions()) as writer:
            table = pa.table(columns, names=ROW_SCHEMA.names).cast(ROW_SCHEMA).combine_chunks()
            writer.write_table(table)


def audit_rows(n: int, folder: Path) -> list[Stage]:
    """Audit a listing stage by stage, as `datacheck.audit` does."""
    import datacheck
    from datacheck.auditing import run_rules
    from datacheck.duplicates import DuplicateSearch
    from datacheck.duplicates.search import search_duplicates
    from datacheck.fingerprints import fingerprint
    from datacheck.report import Report, write_html
    from datacheck.rules import RULES, RuleContext

    found: list[Stage] = []
    with stage("open the listing", found):
        manifest = replace(datacheck.open(folder / "listing.parquet"), reader=Unread())
    with stage("end the scan", found):
        measurements = datacheck.scan(manifest, run_dir=folder / "run", thumbnails=False).measurements
    with stage("fingerprint", found):
        taken = fingerprint(manifest, measurements)
    with stage("duplicates", found):
        copies = search_duplicates(manifest, measurements, search=DuplicateSearch.HASH, max_distance=6)
    context = RuleContext(manifest, measurements, taken, find_copies=lambda: copies)
    with stage("rules", found):
        outcomes = run_rules([rule() for rule in RULES], context)
    assert not [one.code for one in outcomes if type(one.outcome).__name__ == "Failed"]
    report = Report(manifest, measurements, taken, outcomes=outcomes)
    with stage("save", found):
        report.save(folder / "run")
    with stage("HTML page", found):
        write_html(report, folder / "run" / "report.html", run_dir=folder / "run")
    slow = sorted(outcomes, key=lambda one: -one.seconds)[:5]
    print(f"  {n:,}: " + ", ".join(f"{one.code} {one.seconds:.1f} s" for one in slow), file=sys.stderr)
    return found


def draw_images(n: int, folder: Path) -> None:
    """Write n tiny files in ten class folders."""
    import io

    from PIL import Image

    rng = np.random.default_rng(0)
    pictures = []
    for _ in range(min(n, _PICTURES)):
        buffer = io.BytesIO()
        Image.fromarray(rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(buffer, "JPEG")
        pictures.append(buffer.getvalue())
    for label in range(10):
        (folder / "data" / f"class {label}").mkdir(parents=True)
    for number in range(n):
        content = pictures[number % len(pictures)] + number.to_bytes(8, "little")
        (folder / "data" / f"class {number % 10}" / f"{number:08d}.jpg").write_bytes(content)


def audit_images(n: int, folder: Path) -> list[Stage]:
    """Open and scan a folder, twice."""
    import datacheck

    found: list[Stage] = []
    with stage("open the folder", found):
        manifest = datacheck.open(folder / "data")
    with stage("scan", found):
        result = datacheck.scan(manifest, run_dir=folder / "run")
    assert result.measurements.readable.all()
    with stage("scan again", found):
        datacheck.scan(manifest, run_dir=folder / "run")
    return found


TASKS: dict[str, tuple[Callable[[int, Path], None], Callable[[int, Path], list[Stage]]]] = {
    "rows": (draw, audit_rows),
    "images": (draw_images, audit_images),
}


def limit_memory(gigabytes: float) -> None:
    """Limit the address space of this process, as ``ulimit -v`` does."""
    most = int(gigabytes * 2**30)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def measure(kind: str, n: int, cap: float = 0.0) -> list[Stage]:
    """Draw in one process and audit in another one, so that drawing does not count."""
    with tempfile.TemporaryDirectory() as name:
        for part in ("draw", "audit"):
            command = [sys.executable, "-m", "tests.benchmarks.bench_scale", "--child", kind, part, str(n), name]
            command += ["--cap", str(cap)] if part == "audit" else []
            printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    stages: list[Stage] = json.loads(printed.splitlines()[-1])
    return [{"kind": kind, "n": n, **one} for one in stages]


def exponent(sizes: list[int], values: list[float]) -> float:
    """Return the slope of the logarithms between the two largest sizes."""
    if len(sizes) < 2:
        return math.nan
    return math.log(max(values[-1], 1e-3) / max(values[-2], 1e-3)) / math.log(sizes[-1] / sizes[-2])


def as_table(stages: list[Stage]) -> str:
    """Return a Markdown table a kind: processor seconds and peak of each stage and size, and the last exponents."""
    parts = []
    for kind in dict.fromkeys(one["kind"] for one in stages):
        of_kind = [one for one in stages if one["kind"] == kind]
        sizes = sorted({one["n"] for one in of_kind})
        parts.append(f"| {kind} | " + " | ".join(f"{n:,}" for n in sizes) + " | exponent of the last two |")
        parts.append("| --- |" + " --- |" * (len(sizes) + 1))
        for name in dict.fromkeys(one["stage"] for one in of_kind):
            rows = {one["n"]: one for one in of_kind if one["stage"] == name}
            cells = [f"{rows[n]['processor']:.1f} s, {rows[n]['peak']:,.0f} MB" for n in sizes]
            grown = exponent(sizes, [rows[n]["processor"] for n in sizes])
            parts.append(f"| {name} | " + " | ".join(cells) + f" | {grown:.2f} |")
        totals = [sum(one["processor"] for one in of_kind if one["n"] == n) for n in sizes]
        peaks = [max(one["peak"] for one in of_kind if one["n"] == n) for n in sizes]
        cells = [f"{total:.1f} s, {top:,.0f} MB" for total, top in zip(totals, peaks, strict=True)]
        parts.append("| all | " + " | ".join(cells) + f" | {exponent(sizes, totals):.2f} |")
        parts.append("")
    return "\n".join(parts)


def on_paper(stages: list[Stage], images: int = 10**9, gigabytes: int = 16) -> str:
    """Return what an audit of so many images takes in partitions of the largest measured size, as a Markdown table."""
    rows = [one for one in stages if one["kind"] == "rows"]
    *_, fewer, n = sorted({one["n"] for one in rows})
    seconds = {one["stage"]: one["processor"] for one in rows if one["n"] == n}
    before, top = (max(one["peak"] for one in rows if one["n"] == size) for size in (fewer, n))
    a_row = 1e6 * (top - before) / (n - fewer)
    most = (1e9 * gigabytes - 1e6 * top) / a_row + n
    hours = images / n * sum(seconds.values()) / 3600
    search = images / n * seconds["duplicates"] / 3600
    cells = [
        ("partitions", f"of {n:,} rows", f"{images / n:,.0f}"),
        ("memory a node", f"measured at {n:,} rows", f"{top / 1000:.1f} GB"),
        ("from the listing to the page", f"{sum(seconds.values()):,.0f} s for {n:,} rows", f"{hours:,.0f} core-hours"),
        ("of it the search for copies by hash", f"{seconds['duplicates']:,.0f} s", f"{search:,.0f} core-hours"),
        (f"rows of one process in {gigabytes} GB", f"{a_row:,.0f} bytes a row", f"{most:,.0f}"),
    ]
    return "\n".join(
        [
            f"| what | from | for {images:,} images |",
            "| --- | --- | --- |",
            *map("| {} | {} | {} |".format, *zip(*cells, strict=True)),
        ]
    )


def plot(stages: list[Stage], path: Path) -> None:
    """Draw seconds and memory by size, both axes logarithmic."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
    for kind, name in dict.fromkeys((one["kind"], one["stage"]) for one in stages):
        chosen = sorted((one["n"], one) for one in stages if (one["kind"], one["stage"]) == (kind, name))
        sizes = [n for n, _ in chosen]
        style = "o-" if kind == "rows" else "s--"
        left.plot(sizes, [max(one["processor"], 1e-3) for _, one in chosen], style, label=f"{name} ({kind})")
        right.plot(sizes, [one["peak"] for _, one in chosen], style)
    left.set(xscale="log", yscale="log", xlabel="samples", ylabel="processor seconds")
    right.set(xscale="log", yscale="log", xlabel="samples", ylabel="peak memory of the process, MB")
    for axes in (left, right):
        axes.grid(alpha=0.3)
    figure.legend(loc="outside right center", fontsize=8)
    figure.savefig(path, dpi=110)


def test_bench_scale() -> None:
    stages = [*measure("rows", 1_000), *measure("rows", 2_000), *measure("images", 200)]
    assert "core-hours" in on_paper(stages)
    assert {one["stage"] for one in stages} >= {"fingerprint", "duplicates", "rules", "scan"}
    assert all(one["peak"] > 0 for one in stages)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="*", default=[1_000, 10_000, 100_000, 1_000_000])
    parser.add_argument("--images", type=int, nargs="*", default=[1_000, 10_000])
    parser.add_argument("--cap", type=float, default=0.0, help="GB of address space for an audit of rows")
    parser.add_argument("--json", type=Path, help="also write what was measured to this file")
    parser.add_argument("--from", dest="source", type=Path, help="take what was measured from this file")
    parser.add_argument("--plot", type=Path, help="draw it into this file")
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        kind, part, n, folder = options.child
        work = TASKS[kind][part == "audit"]
        if options.cap:
            limit_memory(options.cap)
        print(json.dumps(work(int(n), Path(folder))))
        return
    if options.source:
        stages = json.loads(options.source.read_text())
    else:
        caps = {"rows": options.cap}
        stages = [one for kind in TASKS for n in getattr(options, kind) for one in measure(kind, n, caps.get(kind, 0))]
    if options.json:
        options.json.write_text(json.dumps(stages, indent=1))
    print(as_table(stages))
    if len({one["n"] for one in stages if one["kind"] == "rows"}) > 1:
        print(on_paper(stages))
    if options.plot:
        plot(stages, options.plot)


if __name__ == "__main__":
    main()
