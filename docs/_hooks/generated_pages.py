"""Pages of the site that are generated from the code: one a rule, their index, and the tables' schemas."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from datacheck.findings import SAMPLE_ISSUES_SCHEMA
from datacheck.manifest import COLUMN_TYPES
from datacheck.rules import CODE_RULES, LOADER_RULES, RULES, BaseRule, explanation
from datacheck.rules.base import SECTIONS
from datacheck.scanning.measurements import MEASUREMENTS_SCHEMA

ROOT = Path(__file__).resolve().parents[2]

CATALOGUE: tuple[type[BaseRule[Any]], ...] = (*RULES, *CODE_RULES, *LOADER_RULES)
"""The rules of every family that come with datacheck."""

FAMILIES = {
    "DC1": "Files and pairing",
    "DC2": "Coverage and balance",
    "DC3": "Splits and duplicates",
    "DC4": "Samples",
    "DC5": "Labels",
    "DC6": "Readiness",
    "DC7": "Code",
    "DC8": "Boxes and masks",
    "DC9": "Loader and model",
}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages to the site."""
    for path, text in pages():
        files.append(File.generated(config, path, content=text))
    return files


def pages() -> Iterator[tuple[str, str]]:
    """Yield the path and the Markdown of every generated page."""
    yield "rules/index.md", rules_index()
    for rule in CATALOGUE:
        yield f"rules/{rule.code.lower()}.md", rule_page(rule)
    yield "tables.md", tables_page()
    yield "changelog.md", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def rules_index() -> str:
    """Return the page that lists every rule by family."""
    lines = [
        "# Rules",
        "",
        "Select them by code, by the start of a code, or by name: `--select DC1,exact-duplicate`.",
        "",
    ]
    for prefix, title in FAMILIES.items():
        members = [rule for rule in CATALOGUE if rule.code.startswith(prefix)]
        if members:
            lines += [f"## {prefix}xx · {title}", "", "| rule | severity | says |", "| --- | --- | --- |"]
            lines += [
                f"| [{rule.code}]({rule.code.lower()}.md) {rule.name} | {rule.severity.label} | "
                f"{explanation(rule).splitlines()[0].replace('|', chr(92) + '|')} |"
                for rule in members
            ]
            lines.append("")
    return "\n".join(lines)


def rule_page(rule: type[BaseRule[Any]]) -> str:
    """Return a rule's docstring as Markdown, with its thresholds."""
    text = explanation(rule)
    needs = ", ".join(requirement.name for requirement in rule.requires) or f"nothing but {rule.reads}"
    facts = f"Severity: **{rule.severity.label}** by default. Judged by `{rule.judged_by}`. Needs: {needs}."
    lines = [f"# {rule.code} · {rule.name}", "", facts, ""]
    body = text.splitlines()
    for position, line in enumerate(body):
        underline = body[position + 1] if position + 1 < len(body) else ""
        if line in SECTIONS and set(underline) == {"-"}:
            lines += ["", f"## {line}", ""]
        elif not (set(line) == {"-"} and position and body[position - 1] in SECTIONS):
            lines.append(line.replace("``", "`").removesuffix("::") + ":" * line.endswith("::"))
    return "\n".join([*lines, "", *thresholds(rule)])


def thresholds(rule: type[BaseRule[Any]]) -> list[str]:
    """Return a table of a rule's fields and their defaults."""
    fields = [
        (name, parameter.default)
        for name, parameter in inspect.signature(rule).parameters.items()
        if parameter.default is not inspect.Parameter.empty
    ]
    if not fields:
        return []
    rows = [f"| `{name}` | `{default!r}` |" for name, default in fields]
    return [
        "## Thresholds",
        "",
        f"Set them under `[tool.datacheck.rules.{rule.code}]`.",
        "",
        "| field | default |",
        "| --- | --- |",
        *rows,
    ]


def tables_page() -> str:
    """Return the page of the columns of every table on disk."""
    lines = [
        "# The tables on disk",
        "",
        "A run folder holds plain Parquet and JSON, readable with pandas, DuckDB or Polars alone.",
        "",
        "## `manifest.parquet`",
        "",
        "One row a sample. These columns have a meaning; every other column is kept as it came.",
        "",
        *schema_rows([(name, type_, name != "sample_id") for name, type_ in COLUMN_TYPES.items()]),
        "",
        "## `measurements.parquet`",
        "",
        "One row a sample, in the order of the manifest.",
        "",
        *arrow_rows(MEASUREMENTS_SCHEMA),
        "",
        "## `issues.parquet`",
        "",
        "One row for each sample that a rule names, without a cap.",
        "",
        *arrow_rows(SAMPLE_ISSUES_SCHEMA),
        "",
    ]
    return "\n".join(lines)


def arrow_rows(schema: pa.Schema) -> list[str]:
    """Return the rows of a Markdown table for an Arrow schema."""
    return schema_rows([(field.name, field.type, field.nullable) for field in schema])


def schema_rows(columns: list[tuple[str, pa.DataType, bool]]) -> list[str]:
    """Return the rows of a Markdown table for columns given as (name, type, nullable)."""
    head = ["| column | type | may be null |", "| --- | --- | --- |"]
    return head + [f"| `{name}` | `{type_}` | {'yes' if nullable else 'no'} |" for name, type_, nullable in columns]
