"""``datacheck lint``: training code, read and never executed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from datacheck.cli.output import FORMATS, Verbose, default_format, standard_output
from datacheck.cli.rule_options import Config, FailOn, Format, Ignore, Select, selection
from datacheck.errors import check_choice


def lint_command(
    paths: Annotated[list[Path], typer.Argument(help="Python files, notebooks, and folders of them.")],
    select: Select = None,
    ignore: Ignore = None,
    fail_on: FailOn = None,
    format: Format = None,
    config: Config = None,
    fix: Annotated[bool, typer.Option("--fix", help="Write sorted(…) around listings that need it.")] = False,
    verbose: Verbose = False,
) -> int:
    """Read training code, and report where it treats its data wrongly; nothing is executed."""
    from datacheck.auditing.lint import lint
    from datacheck.config import load_settings
    from datacheck.report.code import render_code

    if format is not None:
        check_choice("--format", format, FORMATS)
    settings = load_settings(config).override(**selection(select, ignore, fail_on))
    report = lint(paths, settings=settings, fix=fix)
    text = render_code(report, format or settings.format or default_format(), fail_on=settings.fail_on, verbose=verbose)
    with standard_output() as out:
        out.write(text)
    return report.exit_code(settings.fail_on)
