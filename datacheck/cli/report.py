"""``datacheck report``: an earlier audit again, in any format, without reading the dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from datacheck.cli.completing import SEVERITIES, one_of
from datacheck.cli.output import FORMATS, Verbose, emit, say
from datacheck.cli.stored_runs import takes_stored_run
from datacheck.errors import check_choice
from datacheck.findings import Severity


@takes_stored_run
def report_command(
    run: Annotated[Path, typer.Argument(help="The run folder of an audit.")],
    format: Annotated[
        str | None,
        typer.Option(
            help=f"html (a file), or to standard output: {', '.join(FORMATS)}.", autocompletion=one_of(*FORMATS, "html")
        ),
    ] = None,
    output: Annotated[Path | None, typer.Option("--out", "-o", "--output", help="Where --format html goes.")] = None,
    fail_on: Annotated[
        str, typer.Option(help="Exit with 1 at this severity.", autocompletion=one_of(*SEVERITIES))
    ] = "error",
    verbose: Verbose = False,
) -> int:
    """Show the report of a run folder again."""
    from datacheck.report import Report, write_html

    if format is not None:
        check_choice("--format", format, (*FORMATS, "html"))
    severity = Severity.parse(fail_on)
    report = Report.load(run)
    if format == "html":
        target = output or run / "report.html"
        write_html(report, target, run_dir=run)
        say(target)
    else:
        emit(report, format, fail_on=severity, folder=run, verbose=verbose)
    return report.exit_code(severity)
