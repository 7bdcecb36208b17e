"""Sends a report to standard output in one of the formats."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from datacheck.cli.stored_runs import report_page

if TYPE_CHECKING:
    from datacheck.findings import Severity
    from datacheck.report import Report

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress bars.")]
"""The option of every command that draws progress bars."""

Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Everything in full, nothing folded or only counted.")]
"""The option of every command that shortens what it prints."""

TEXT_OR_JSON = ("text", "json")

FORMATS = ("terminal", "concise", "json", "junit", "sarif", "github")
"""What can go to standard output: the formats of `datacheck.report` but HTML, which is a file."""


@contextmanager
def standard_output() -> Iterator[TextIO]:
    """Yield standard output, and flush it; nobody has to read it to the end."""
    try:
        yield sys.stdout
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


WIDEST = 100
"""Columns of sentences at most: longer lines are hard to read. A report with its tables may be wider."""


def columns() -> int:
    """Return how wide sentences may be: the terminal's width up to `WIDEST`, and that in a pipe or a file."""
    return min(shutil.get_terminal_size().columns, WIDEST) if sys.stdout.isatty() else WIDEST


def say(text: object, *, err: bool = False, under: int | None = None) -> None:
    """Print sentences; on a terminal, lines that are too long for it go on below, broken between words.

    Lines that begin with "next:" or "or:" hold a command to be copied, and are left as they are.

    Parameters
    ----------
    text
        Lines to print.
    err
        Print on standard error.
    under
        Column at which a line goes on; by default two more than where it begins.
    """
    stream = sys.stderr if err else sys.stdout
    words = str(text)
    if stream.isatty():
        words = "\n".join(_folded(line, columns(), under) for line in words.split("\n"))
    typer.echo(words, err=err)


def _folded(line: str, width: int, under: int | None) -> str:
    if len(line) <= width or line.startswith(("next:", "or:")):
        return line
    indent = " " * (len(line) - len(line.lstrip()) + 2 if under is None else under)
    return textwrap.fill(line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def emit(report: Report, format: str | None, *, fail_on: Severity, folder: Path | None, verbose: bool = False) -> None:
    """Write a report to standard output.

    Without a format that is ``terminal`` on a terminal, and ``concise`` in a pipe or a file.
    """
    with standard_output():
        _write(report, format or default_format(), fail_on=fail_on, folder=folder, verbose=verbose)


def default_format() -> str:
    """Return the format for people where a person reads, else the one for programs that read lines."""
    return "terminal" if sys.stdout.isatty() else "concise"


def _write(report: Report, format: str, *, fail_on: Severity, folder: Path | None, verbose: bool) -> None:
    from datacheck.report import concise, print_report, render

    html = None if folder is None else report_page(folder)
    if format == "terminal":
        print_report(report, html=html, verbose=verbose, caller="shell")
    elif format == "concise":
        sys.stdout.write(concise.render(report, html=html))
    else:
        text = render(report, format, fail_on=fail_on)
        sys.stdout.write(text if text.endswith("\n") else text + "\n")
