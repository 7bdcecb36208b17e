"""``datacheck demo``: audit the embedded dataset, and compare the findings with the defects planted in it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from datacheck.cli.audit import RUNS, run_audit
from datacheck.cli.output import Quiet, Verbose, emit, say
from datacheck.findings import Severity

if TYPE_CHECKING:
    from datacheck.demo import DemoTruth
    from datacheck.report import Report


def demo_command(
    folder: Annotated[Path, typer.Argument(help="A new or empty folder for the dataset.")] = RUNS / "demo" / "data",
    clean: Annotated[bool, typer.Option("--clean", help="Plant no defects: nothing should be found.")] = False,
    probe: Annotated[
        bool, typer.Option("--probe/--no-probe", help="Train the probe, to find the wrong labels.")
    ] = False,
    budget: Annotated[str, typer.Option(help="Time of the probe.")] = "60s",
    seed: Annotated[int, typer.Option(help="Seed of the dataset.")] = 0,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> int:
    """Write a dataset with known defects, audit it, and compare the findings with the defects.

    Exit code 0: every planted defect was found, and nothing else above info. Else 1.
    """
    from datacheck.config import Settings
    from datacheck.demo import write_demo

    if folder == RUNS / "demo" / "data":
        _clear(folder)
    truth = write_demo(folder, clean=clean, seed=seed)
    settings = Settings(out=folder.parent / f"{folder.name}-audit", probe=probe, budget=budget, seed=seed)
    report = run_audit(str(folder), settings, quiet=quiet)
    emit(report, "terminal", fail_on=settings.fail_on, folder=settings.out, verbose=verbose)
    missed, unplanted = compare(report, truth, probe=probe)
    say(summary(truth, missed, unplanted, probe=probe))
    return 1 if missed or unplanted else 0


def compare(report: Report, truth: DemoTruth, *, probe: bool) -> tuple[list[str], list[str]]:
    """Return the planted codes that were missed (in whole or in part), and the codes that were not planted."""
    rows = report.issues.select(["code", "sample_id"]).to_pylist()
    named: dict[str, set[str]] = {}
    for row in rows:
        named.setdefault(row["code"], set()).add(row["sample_id"])
    found = {finding.code for finding in report.findings}
    loud = {finding.code for finding in report.findings if finding.severity > Severity.INFO}
    expected = {code: ids for code, ids in truth.planted.items() if probe or not code.startswith(("DC5", "DC6"))}
    missed = [
        code
        for code, ids in sorted(expected.items())
        if code not in found or (code != "DC501" and not named.get(code, set()).issuperset(ids))
    ]
    return missed, sorted(loud - set(truth.planted) - truth.consequences)


def summary(truth: DemoTruth, missed: list[str], unplanted: list[str], *, probe: bool) -> str:
    """Return one paragraph: which defects were planted, and which of them were found."""
    codes = sorted(code for code in truth.planted if probe or not code.startswith(("DC5", "DC6")))
    if not codes:
        return "The clean demo: no defect was planted" + (
            f", but these rules found something above info: {', '.join(unplanted)}"
            if unplanted
            else ", and no rule found anything above info."
        )
    lines = [f"Planted {len(codes)} kinds of defect, found {len(codes) - len(missed)}."]
    if missed:
        lines.append(f"Not found, or not all of their samples: {', '.join(missed)}.")
    if unplanted:
        lines.append(f"Found above info, but not planted: {', '.join(unplanted)}.")
    if "DC501" in truth.planted and not probe:
        lines.append(f"{len(truth.planted['DC501'])} labels are wrong too: add --probe to find them.")
    return " ".join(lines)


def _clear(folder: Path) -> None:
    """Remove what an earlier demo left in its own default folder."""
    if folder.is_dir():
        shutil.rmtree(folder)
