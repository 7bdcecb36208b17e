"""``datacheck slices``: where the probe of an audit fails, and challenge sets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from datacheck.cli.completing import one_of
from datacheck.cli.output import Verbose, columns, say, standard_output
from datacheck.cli.stored_runs import takes_stored_run
from datacheck.errors import ConfigError, check_choice
from datacheck.text import clean, percent, plural

if TYPE_CHECKING:
    from datacheck.report import Report

FORMATS = ("text", "json", "csv")
"""What slices can be written as."""

KINDS = ("worst", "hardest", "rarest", "drifted", "ambiguous")
"""The challenge sets of `datacheck.slices.CHALLENGES`, which is not imported for the help alone."""


@takes_stored_run
def slices_command(
    run: Annotated[Path, typer.Argument(help="The run folder of an audit with --probe.")],
    by: Annotated[
        list[str] | None,
        typer.Option(help="A column, or an image property such as brightness; again for more. All by default."),
    ] = None,
    format: Annotated[
        str, typer.Option(help=f"Standard output: {', '.join(FORMATS)}.", autocompletion=one_of(*FORMATS))
    ] = "text",
    min_size: Annotated[int, typer.Option(min=2, help="Smaller slices are left out.")] = 30,
    export: Annotated[
        str | None, typer.Option(help=f"Write a challenge set: {', '.join(KINDS)}.", autocompletion=one_of(*KINDS))
    ] = None,
    to: Annotated[Path | None, typer.Option(help="The new folder of the challenge set.")] = None,
    count: Annotated[int, typer.Option(min=1, help="How many samples the challenge set has at most.")] = 200,
    verbose: Verbose = False,
) -> int:
    """Report how the probe does out of sample on each part of the dataset: by column, group, property and cluster."""
    from datacheck.report import Report
    from datacheck.slices.text import slices_text

    check_choice("--format", format, FORMATS)
    if (export is None) != (to is None):
        raise ConfigError("a challenge set needs both: --export KIND and --to FOLDER")
    if export is not None:
        check_choice("--export", export, KINDS)
    report = Report.load(run)
    if export is not None and to is not None:
        return _export(report, export, to, count)
    found = report.slice(tuple(by or ()), min_size=min_size)
    with standard_output() as out:
        if format == "json":
            out.write(json.dumps(found.to_json(), indent=2, ensure_ascii=False) + "\n")
        elif format == "csv":
            out.write(found.to_frame().to_csv(index=False))
        else:
            say(slices_text(found, every=verbose or bool(by), width=columns() if out.isatty() else None))
    return 0


def _export(report: Report, kind: str, folder: Path, count: int) -> int:
    from datacheck.slices import challenge_set, export_challenge

    seed = int(report.settings.get("seed", 0))
    chosen = challenge_set(report.manifest, report.probe, kind, count=count, seed=seed)
    written, n_files = export_challenge(report.manifest, chosen, folder)
    say(f"{folder / 'manifest.parquet'}: {plural(len(written), 'sample')}, ordered by {chosen.meaning}")
    say(f"{folder / 'images'}: {plural(n_files, 'file')}" if n_files else "the samples are no files: none copied")
    if "train" in written.splits:
        share = float((written.split_codes == written.splits.index("train")).mean())
        say(f"{percent(share)} of them are in the split 'train': a model that is trained on it has seen them")
    say(f"next: datacheck audit {clean(folder / 'manifest.parquet')}")
    return 0
