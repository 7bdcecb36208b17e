"""Options that say which rules run, and what becomes of their findings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from datacheck.cli.completing import SEVERITIES, one_of, rule_list
from datacheck.cli.output import FORMATS

Select = Annotated[
    str | None, typer.Option(help="Rules to run: codes, prefixes, names; comma-separated.", autocompletion=rule_list)
]
Ignore = Annotated[str | None, typer.Option(help="Rules to leave out.", autocompletion=rule_list)]
FailOn = Annotated[
    str | None,
    typer.Option(help="Exit with 1 at this severity: info, warning, error.", autocompletion=one_of(*SEVERITIES)),
]
Format = Annotated[
    str | None,
    typer.Option(
        help="Standard output: terminal, concise (a line each), json, junit, sarif, github.",
        autocompletion=one_of(*FORMATS),
    ),
]
Config = Annotated[Path | None, typer.Option(help="Configuration file (datacheck.toml or pyproject.toml).")]


def separated(text: str) -> tuple[str, ...]:
    """Return the words of a comma-separated option.

    Examples
    --------
    >>> separated("DC1, DC304")
    ('DC1', 'DC304')
    """
    return tuple(word.strip() for word in text.split(","))


def selection(select: str | None, ignore: str | None, fail_on: str | None) -> dict[str, Any]:
    """Return what `datacheck.config.Settings.override` takes of these options."""
    from datacheck.findings import Severity

    return {
        "select": None if select is None else separated(select),
        "ignore": None if ignore is None else separated(ignore),
        "fail_on": None if fail_on is None else Severity.parse(fail_on),
    }
