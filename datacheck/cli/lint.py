"""``datacheck lint``: training code, read and never executed."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from datacheck.cli.output import FORMATS, default_format
from datacheck.errors import check_choice
from datacheck.findings import Severity

FORMAT_HELP = "Standard output: terminal, concise (a line each), json, junit, sarif, github."


def lint_command(
    paths: Annotated[list[Path], typer.Argument(help="Python files, notebooks, and folders of them.")],
    select: Annotated[str | None, typer.Option(help="Rules to run: codes, prefixes, names; comma-separated.")] = None,
    ignore: Annotated[str | None, typer.Option(help="Rules to leave out.")] = None,
    fail_on: Annotated[str | None, typer.Option(help="Exit with 1 at this severity: info, warning, error.")] = None,
    format: Annotated[str | None, typer.Option(help=FORMAT_HELP)] = None,
    config: Annotated[Path | None, typer.Option(help="Configuration file (datacheck.toml or pyproject.toml).")] = None,
    fix: Annotated[bool, typer.Option("--fix", help="Write sorted(…) around listings that need it.")] = False,
) -> int:
    """Read training code, and report where it treats its data wrongly; nothing is executed."""
    from datacheck.auditing.lint import lint
    from datacheck.config import load_settings
    from datacheck.report.code import render_code

    if format is not None:
        check_choice("--format", format, FORMATS)
    settings = load_settings(config).override(
        select=_words(select), ignore=_words(ignore), fail_on=None if fail_on is None else Severity.parse(fail_on)
    )
    report = lint(paths, settings=settings, fix=fix)
    text = render_code(report, format or settings.format or default_format(), fail_on=settings.fail_on)
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return report.exit_code(settings.fail_on)


def _words(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(word.strip() for word in text.split(","))
