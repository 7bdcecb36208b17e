"""Sends a report to standard output in one of the formats."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datacheck.findings import Severity
    from datacheck.report import Report

TEXT_OR_JSON = ("text", "json")
FORMATS = ("terminal", "json", "junit", "sarif", "github")


def emit(report: Report, format: str, *, fail_on: Severity, folder: Path | None, verbose: bool = False) -> None:
    """Write a report to standard output; nobody has to read it to the end."""
    try:
        _write(report, format, fail_on=fail_on, folder=folder, verbose=verbose)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _write(report: Report, format: str, *, fail_on: Severity, folder: Path | None, verbose: bool) -> None:
    if format == "terminal":
        from datacheck.report import print_report

        print_report(report, html=None if folder is None else folder / "report.html", verbose=verbose)
        return
    from datacheck.report import render

    text = render(report, format, fail_on=fail_on)
    sys.stdout.write(text if text.endswith("\n") else text + "\n")
