"""``datacheck rules`` and ``datacheck explain``."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from datacheck.cli.completing import one_of, rule_list, rules
from datacheck.cli.output import TEXT_OR_JSON
from datacheck.cli.rule_options import separated
from datacheck.errors import ConfigError, check_choice


def rules_command(
    select: Annotated[
        str, typer.Option(help="Which rules: codes, prefixes, names; comma-separated.", autocompletion=rule_list)
    ] = "ALL",
    format: Annotated[str, typer.Option(help="text or json.", autocompletion=one_of(*TEXT_OR_JSON))] = "text",
) -> int:
    """List the rules."""
    from datacheck.rules import explanation
    from datacheck.rules.plugins import rules_of_every_family
    from datacheck.rules.select import select_rules

    check_choice("--format", format, TEXT_OR_JSON)
    chosen = select_rules(rules_of_every_family(), select=separated(select))
    rows = [
        {
            "code": rule.code,
            "name": rule.name,
            "severity": rule.severity.label,
            "summary": explanation(rule).splitlines()[0],
        }
        for rule in chosen
    ]
    if format == "json":
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    else:
        width = max(len(row["name"]) for row in rows)
        for row in rows:
            typer.echo(f"{row['code']}  {row['name']:<{width}}  {row['severity']:<7}  {row['summary']}")
    return 0


def explain_command(
    rule: Annotated[
        str, typer.Argument(help="A rule's code or name, such as DC301 or exact-duplicate.", autocompletion=rules)
    ],
) -> int:
    """Explain a rule: what it finds, why it hurts training, how it is measured, and how to fix it."""
    from datacheck.rules import explanation
    from datacheck.rules.plugins import rules_of_every_family
    from datacheck.rules.select import select_rules

    chosen = select_rules(rules_of_every_family(), select=(rule,))
    if len(chosen) != 1:
        raise ConfigError(
            f"expected one rule, but {rule!r} names {len(chosen)}: {', '.join(found.code for found in chosen)}"
        )
    (found,) = chosen
    needs = ", ".join(requirement.name for requirement in found.requires) or f"nothing but {found.reads}"
    facts = f"{found.severity.label} · needs {needs} · judged by {found.judged_by}"
    typer.echo(f"{found.code} · {found.name} · {facts}\n\n{explanation(found)}")
    return 0
