"""The report of an audit, and the ways to render it.

`Report` holds everything; `render` gives it as text in one of `FORMATS`, `write_html` as one self-contained file,
and `print_report` shows it on a terminal. The renderers are imported when they are first used.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from datacheck.errors import ConfigError, did_you_mean
from datacheck.findings import Severity
from datacheck.report.gaps import Caller, Gap
from datacheck.report.outcomes import RuleOutcome
from datacheck.report.report import Report

if TYPE_CHECKING:
    from datacheck.report.pictures import Thumbnails

FORMATS = ("terminal", "concise", "html", "json", "junit", "sarif", "github")
"""What `render` can make of a report; each is a module of this room with a pure function ``render``."""

__all__ = ["FORMATS", "Caller", "Gap", "Report", "RuleOutcome", "print_report", "render", "write_html"]


def render(report: Report, format: str, *, fail_on: Severity = Severity.ERROR) -> str:
    """Return a report as text.

    Parameters
    ----------
    report
        What to render.
    format
        One of `FORMATS`.
    fail_on
        The severity from which a finding is a failure, for the formats that know failures.

    Raises
    ------
    ConfigError
        When the format is unknown.
    """
    if format not in FORMATS:
        raise ConfigError(
            f"expected a format ({', '.join(FORMATS)}), found {format!r}{did_you_mean(format, list(FORMATS))}"
        )
    module = importlib.import_module(f"datacheck.report.{format}")
    text: str = module.render(report, fail_on=fail_on)
    return text


def write_html(
    report: Report, path: Path, *, run_dir: Path | None = None, thumbnails: Thumbnails | None = None
) -> None:
    """Write a report as one self-contained HTML file.

    Parameters
    ----------
    report
        What to write.
    path
        The file to write; it is whole or as it was before.
    run_dir
        The run folder, for links to the files beside the report.
    thumbnails
        Where the pictures come from; by default the ones that the scan kept in the run folder.
    """
    from datacheck.report.html import write

    write(report, path, run_dir=run_dir, thumbnails=thumbnails)


def print_report(
    report: Report,
    *,
    html: Path | str | None = None,
    verbose: bool = False,
    file: TextIO | None = None,
    caller: Caller = "python",
) -> None:
    """Show a report on a terminal: what was not judged first, then the findings, worst first.

    Parameters
    ----------
    report
        What to show.
    html
        Where the HTML report lies, to be named at the end.
    verbose
        Every finding in full, and why rules were not judged.
    file
        Where to; standard output by default. What is no terminal gets every finding in full.
    caller
        Whether remedies name options of the command line (``"shell"``) or arguments (``"python"``).
    """
    from datacheck.report.terminal import show

    show(report, html=html, verbose=verbose, file=file, caller=caller)
