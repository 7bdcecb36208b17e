"""``datacheck rules`` and ``datacheck explain``."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from datacheck.cli.completing import one_of, rule_list, rules
from datacheck.cli.output import TEXT_OR_JSON, say
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
            head = f"{row['code']}  {row['name']:<{width}}  {row['severity']:<7}  "
            say(head + row["summary"], under=len(head))
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
    text = explanation(found).replace("``", "`").replace("::\n", ":\n")
    say(f"{found.code} · {found.name} · {facts}\n\n{flowing(text) if sys.stdout.isatty() else text}", under=0)
    return 0


def flowing(text: str) -> str:
    r"""Return a text with each paragraph on one line, so that it can be folded at any width.

    Headings, and paragraphs with indented lines, stay as they are.

    Examples
    --------
    >>> flowing("What\n----\nTwo\nlines.\n\n    code\n    more")
    'What\n----\nTwo lines.\n\n    code\n    more'
    """
    lines: list[str] = []
    for line in text.split("\n"):
        goes_on = lines and lines[-1] and not lines[-1].startswith((" ", "---")) and not line.startswith((" ", "---"))
        if goes_on and line:
            lines[-1] += f" {line}"
        else:
            lines.append(line)
    return "\n".join(lines)
