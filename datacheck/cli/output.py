"""Sends a report to standard output in one of the formats."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from datacheck.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from datacheck.findings import Severity
    from datacheck.report import Report

TEXT_OR_JSON = ("text", "json")
FORMATS = ("terminal", "json", "junit", "sarif", "github")


def check_choice(option: str, found: str, known: Sequence[str]) -> None:
    """Refuse a word that an option does not take, and suggest the near one.

    Examples
    --------
    >>> check_choice("--format", "jsn", FORMATS)
    Traceback (most recent call last):
        ...
    datacheck.errors.ConfigError: --format: expected one of ... found 'jsn' (did you mean 'json'?)
    """
    if found not in known:
        near = did_you_mean(found, list(known))
        raise ConfigError(f"{option}: expected one of {', '.join(known)}, found {found!r}{near}")


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
